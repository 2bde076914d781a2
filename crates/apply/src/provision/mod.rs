//! Provisioners: what is done on this machine or on another when an object was made, or is about to be destroyed.

mod local;
mod process;
mod remote;
mod ssh;

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_addr::InstanceAddr;
use weir_config::{Provisioner, ProvisionerKind};
use weir_diag::{Diagnostic, Diagnostics};
use weir_plan::{Change, DiskHost, Nodes, ProvisionerArguments, destroyer_arguments};
use weir_state::Status;
use weir_value::Value;

use crate::Event;
use crate::operation::Effects;

/// What is computed when it is the turn of a provisioner, of the object as it is then.
pub(crate) type Arguments<'a> = dyn Fn(&Provisioner, Value) -> (ProvisionerArguments, Diagnostics) + 'a;

/// The provisioners of one operation on one object.
pub(crate) struct Provisioning<'a> {
    pub(crate) provisioners: Vec<&'a Arc<Provisioner>>,
    pub(crate) arguments: Box<Arguments<'a>>,
    /// The object with its marks.
    pub(crate) this: Box<dyn Fn(&Value) -> Value + 'a>,
}

/// Where the lines of a provisioner go.
pub(crate) struct Lines<'a> {
    effects: &'a Effects<'a>,
    addr: &'a InstanceAddr,
    kind: ProvisionerKind,
    suppressed: bool,
}

impl Lines<'_> {
    /// Tells a line that the provisioner has printed.
    pub(crate) fn tell(&self, line: &str) {
        let line = if self.suppressed { "(output suppressed due to sensitive value in config)" } else { line };
        (self.effects.events)(Event::Output { addr: self.addr.clone(), kind: self.kind.as_str(), line: line.to_owned() });
    }
}

/// The arguments that a block gives, all known.
pub(crate) struct Given<'a>(&'a BTreeMap<Arc<str>, Value>);

const REASON: &str = "handed to what the provisioner runs";

impl<'a> Given<'a> {
    fn new(values: &'a BTreeMap<Arc<str>, Value>) -> Result<Self, Failed> {
        match values.iter().find(|(_, value)| !value.is_wholly_known()) {
            Some((name, _)) => Err(Failed::new("Unknown value in a provisioner", format!("The value of \"{name}\" is not known although everything before it is done."))),
            None => Ok(Self(values)),
        }
    }

    /// Those of the provisioner itself.
    pub(crate) fn own(arguments: &'a ProvisionerArguments) -> Result<Self, Failed> {
        Self::new(&arguments.own)
    }

    /// Those of its connection.
    pub(crate) fn connection(arguments: &'a ProvisionerArguments) -> Result<Self, Failed> {
        Self::new(&arguments.connection)
    }

    fn value(&self, name: &str) -> Option<Value> {
        self.0.get(name).map(|value| value.expose(REASON))
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.value(name)?.as_str().map(str::to_owned)
    }

    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        self.value(name).map(|value| value.elements().filter_map(|item| item.as_str().map(str::to_owned)).collect()).unwrap_or_default()
    }

    pub(crate) fn truth(&self, name: &str) -> Option<bool> {
        self.value(name)?.as_bool()
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.value(name)?.as_u64()
    }

    pub(crate) fn entries(&self, name: &str) -> Vec<(String, String)> {
        match self.value(name) {
            Some(Value::Map(_, map)) => map.iter().filter_map(|(name, value)| Some((name.to_string(), value.as_str()?.to_owned()))).collect(),
            _ => Vec::new(),
        }
    }
}

/// Why a provisioner failed.
pub(crate) struct Failed {
    summary: String,
    detail: String,
    /// What of the detail may hold a secret.
    output: Option<String>,
}

impl Failed {
    pub(crate) fn new(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { summary: summary.into(), detail: detail.into(), output: None }
    }

    fn with_output(self, output: String) -> Self {
        Self { output: Some(output), ..self }
    }
}

/// Where destroy-time provisioners are found.
pub(crate) struct Destroyers<'a> {
    pub(crate) nodes: &'a Nodes,
    pub(crate) host: &'a DiskHost,
    pub(crate) workspace: &'a str,
}

impl Effects<'_> {
    /// The provisioners that run before the object of a change is destroyed. One that is tainted, or was set aside, has none.
    pub(crate) fn destroyer(&self, change: &Change, deposed: bool) -> Option<Provisioning<'_>> {
        let addr = &change.addr;
        if deposed || self.state().record(addr).is_none_or(|record| record.status == Status::Tainted) {
            return None;
        }
        let Destroyers { nodes, host, workspace } = self.destroyers;
        let module = &nodes.modules[nodes.module_at(&addr.resource.module.without_keys())?];
        let resource = module.resources.get(&(addr.resource.mode, addr.resource.type_.clone(), addr.resource.name.clone()))?;
        let provisioners: Vec<_> = resource.provisioners.iter().filter(|provisioner| provisioner.on_destroy).collect();
        if provisioners.is_empty() {
            return None;
        }
        let (own, before) = (addr.clone(), change.before.clone());
        Some(Provisioning {
            provisioners,
            arguments: Box::new(move |provisioner, this| destroyer_arguments(host, module, workspace, &own, provisioner, this)),
            // What it was has its marks.
            this: Box::new(move |prior| before.clone().unwrap_or_else(|| prior.clone())),
        })
    }

    /// Runs provisioners one after the other; false when one failed whose failure counts. All is reported.
    pub(crate) async fn provision(&self, addr: &InstanceAddr, provisioning: &Provisioning<'_>, object: &Value) -> bool {
        for provisioner in &provisioning.provisioners {
            if self.stop.requested() {
                self.report([Diagnostic::error("Interrupted", "The provisioner was not begun.").at(provisioner.span).of(addr.to_string())]);
                return false;
            }
            (self.events)(Event::Provisioning { addr: addr.clone(), kind: provisioner.kind.as_str() });
            let (arguments, diags) = (provisioning.arguments)(provisioner, (provisioning.this)(object));
            let wrong = diags.has_errors();
            self.report(diags);
            if wrong {
                return false;
            }
            let hidden = arguments.is_sensitive();
            let lines = Lines { effects: self, addr, kind: provisioner.kind, suppressed: hidden };
            let done = match provisioner.kind {
                ProvisionerKind::LocalExec => local::run(&arguments, &lines, self.stop).await,
                ProvisionerKind::RemoteExec => remote::execute(&arguments, &lines, self.stop).await,
                ProvisionerKind::File => remote::copy(&arguments, &lines, self.stop).await,
            };
            let Err(Failed { summary, detail, output }) = done else { continue };
            let more = match (&output, hidden) {
                (Some(_), true) => " What it was and what it printed is not shown, as something sensitive is in its configuration.".to_owned(),
                (Some(output), false) => format!(" {output}"),
                (None, _) => String::new(),
            };
            let detail = format!("{detail}{more}");
            // As with the incumbents a failure that does not count is not told either; a log has it.
            if provisioner.goes_on && !self.stop.requested() {
                tracing::warn!(object = %addr, "a provisioner failed, and goes on: {detail}");
                continue;
            }
            self.report([Diagnostic::error(summary, detail).at(provisioner.span).of(addr.to_string())]);
            return false;
        }
        true
    }
}
