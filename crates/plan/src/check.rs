//! Top-level `check` blocks: looked at after everything else, and never in the way of anything.

use std::collections::HashMap;
use std::sync::Arc;

use weir_addr::ModulePath;
use weir_config::{Check, Module, Resource};
use weir_diag::{Diagnostic, Diagnostics, Severity};
use weir_eval::Evaluator;
use weir_value::{Type, Value, convert};

use crate::condition::{CheckStatus, Checked, CheckedInstance};
use crate::decode::{self, decode_instance};
use crate::nodes::{Node, NodeId};
use crate::plan::Mode;
use crate::scope::ModuleScope;
use crate::walk::Walk;

type Probes = HashMap<(Arc<str>, Arc<str>), Value>;

/// What a check block that does not hold is reported as.
pub const ASSERTION_FAILED: &str = "Check block assertion failed";

impl Walk<'_> {
    /// Looks at every `check` block, when all else is done. What does not hold is a warning.
    pub(crate) async fn checks(&self) {
        if self.options.mode == Mode::Destroy || self.validating || self.candidate.is_some() || self.options.is_partial() {
            return;
        }
        for (id, node) in self.nodes.nodes.iter().enumerate() {
            if let Node::Check { module, name } = node
                && let Some(check) = self.nodes.modules[*module].checks.get(name)
            {
                self.check(id, *module, check).await;
            }
        }
    }

    async fn check(&self, id: NodeId, at: usize, check: &Check) {
        let module = &self.nodes.modules[at];
        let checked = Checked::Check(module.path.clone(), check.name.clone());
        self.found().conditions.declare(&checked);
        let failed = self.found().failed[id];
        for instance in self.instances(at) {
            let object: CheckedInstance = (instance.path.clone(), None);
            // What could not be done was told already; what it should have become is not known.
            if failed || instance.partial.is_some() {
                self.found().conditions.note(&checked, object, CheckStatus::Unknown, None);
                continue;
            }
            let mut probes = Probes::new();
            if let Some(data) = &check.data {
                let value = match self.nested(id, at, module, data, &instance.path).await {
                    Ok(value) => value,
                    Err(faults) => {
                        for fault in faults.iter() {
                            let message = format!("{}: {}", fault.summary, fault.detail);
                            self.found().conditions.note(&checked, object.clone(), CheckStatus::Fail, Some(message));
                        }
                        self.report(faults.map(|fault| Diagnostic { severity: Severity::Warning, ..fault }));
                        Value::unknown(Type::Dynamic)
                    }
                };
                probes.insert((data.type_.clone(), data.name.clone()), value);
            }
            for rule in &check.rules {
                let mut scope = ModuleScope::new(self, module, &instance.path);
                scope.probes = Some(&probes);
                let (status, message) = self.assert(&scope, rule);
                self.found().conditions.note(&checked, object.clone(), status, message);
            }
        }
    }

    /// One assertion: reports a warning when it does not hold, an error when it is not valid.
    fn assert(&self, scope: &ModuleScope<'_>, rule: &weir_config::CheckRule) -> (CheckStatus, Option<String>) {
        let mut evaluator = Evaluator::new(scope, self.host);
        let value = evaluator.eval(&rule.condition);
        if evaluator.diags.has_errors() {
            self.report(evaluator.diags);
            return (CheckStatus::Error, None);
        }
        match convert(&value, &Type::Bool).map(|value| value.unmark().0) {
            Ok(Value::Bool(true)) => (CheckStatus::Pass, None),
            Ok(Value::Unknown(_)) => (CheckStatus::Unknown, None),
            Ok(Value::Bool(false)) => {
                let (_, message) = self.condition(scope, rule);
                let warning = Diagnostic::warning(ASSERTION_FAILED, message.clone()).at(rule.condition.span);
                self.report([evaluator.describe(warning, &rule.condition)]);
                (CheckStatus::Fail, Some(message))
            }
            Ok(_) | Err(_) => {
                self.report([Diagnostic::error("Invalid condition result", "The condition must be true or false.").at(rule.condition.span)]);
                (CheckStatus::Error, None)
            }
        }
    }

    /// Reads the data source that is nested in a check; unknown while its arguments are not known, or what its `depends_on` names is yet to change.
    async fn nested(&self, id: NodeId, at: usize, module: &Module, data: &Resource, path: &ModulePath) -> Result<Value, Diagnostics> {
        let unknown = || Ok(Value::unknown(Type::Dynamic));
        let Some((owner, of)) = self.nodes.provider(at, &data.provider) else { return unknown() };
        let addr = self.provider_addr(owner, &of);
        let Some(schemas) = self.catalog.schema(&addr.provider) else { return unknown() };
        let Some(schema) = schemas.data_sources.get(&data.type_) else {
            let hint = weir_diag::did_you_mean(&data.type_, schemas.data_sources.keys().map(|name| &**name));
            let detail = format!("The provider {} does not support data source \"{}\".{hint}", addr.provider.for_display(), data.type_);
            self.report([Diagnostic::error("Invalid data source", detail).at(data.span)]);
            return unknown();
        };
        let scope = ModuleScope::new(self, module, path);
        let decoded = self.eval(&scope, |evaluator| decode_instance(evaluator, &data.body, schema, false));
        let waits = !data.depends_on.is_empty() && self.found().pending[id];
        let state = self.found().providers.get(&addr).cloned();
        let session = state.as_ref().and_then(|state| state.session()).filter(|_| decoded.config.is_wholly_known() && !waits && !self.options.offline);
        let Some(session) = session else { return unknown() };
        let address = format!("data.{}.{}", data.type_, data.name);
        match session.read_data(&data.type_, &decoded.config).await {
            Ok(value) => Ok(decode::mark_schema(&decode::mark(&value, &decoded.marks), schema)),
            Err(faults) => Err(decode::report(faults, Some(&data.body), Some(data.span), &address)),
        }
    }
}
