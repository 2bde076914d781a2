//! The arguments of provisioners.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use weir_addr::{InstanceAddr, InstanceKey};
use weir_config::syntax::{Body, Ident};
use weir_config::{Module, Provisioner};
use weir_diag::{Diagnostic, Diagnostics, Span};
use weir_eval::{Evaluator, Found, Scope};
use weir_value::{Type, Value, convert};

use crate::host::DiskHost;
use crate::scope::ModuleScope;
use crate::walk::{Job, Walk};

/// The values of a provisioner's arguments and of its connection's, by name; without those that are null.
#[derive(Clone, Debug, Default)]
pub struct ProvisionerArguments {
    /// Its own.
    pub own: BTreeMap<Arc<str>, Value>,
    /// Of its connection.
    pub connection: BTreeMap<Arc<str>, Value>,
}

impl ProvisionerArguments {
    /// True when something in it may not be shown.
    pub fn is_sensitive(&self) -> bool {
        self.own.values().chain(self.connection.values()).any(|value| value.marks_deep().is_sensitive() || value.marks_deep().is_ephemeral())
    }
}

fn type_of(name: &str) -> Type {
    match name {
        "interpreter" | "inline" | "scripts" => Type::list(Type::String),
        "environment" => Type::map(Type::String),
        "quiet" | "agent" | "https" | "insecure" => Type::Bool,
        "port" | "bastion_port" | "proxy_port" => Type::Number,
        _ => Type::String,
    }
}

fn arguments(scope: &dyn Scope, host: &DiskHost, provisioner: &Provisioner, address: &str) -> (ProvisionerArguments, Diagnostics) {
    let mut evaluator = Evaluator::new(scope, host);
    let mut read = |body: &Body| {
        let mut found = BTreeMap::new();
        for attribute in &body.attributes {
            let name = &attribute.name.name;
            let value = evaluator.eval(&attribute.expr);
            match convert(&value, &type_of(name)) {
                Ok(value) if value.is_null() => {}
                Ok(value) => drop(found.insert(name.clone(), value)),
                Err(error) => {
                    let detail = format!("Inappropriate value for attribute \"{name}\": {error}.");
                    evaluator.diags.push(Diagnostic::error("Incorrect attribute value type", detail).at(attribute.expr.span));
                }
            }
        }
        found
    };
    let own = read(&provisioner.body);
    let connection = provisioner.connection.as_ref().map(|connection| read(&connection.body)).unwrap_or_default();
    (ProvisionerArguments { own, connection }, evaluator.diags.map(|diagnostic| diagnostic.of(address.to_owned())))
}

impl Walk<'_> {
    /// The arguments of a provisioner of an instance; `this` is the object as it is now.
    pub fn provisioner_arguments(&self, job: &Job<'_>, provisioner: &Provisioner, this: Value) -> (ProvisionerArguments, Diagnostics) {
        let mut scope = ModuleScope::new(self, job.module, &job.addr.resource.module);
        scope.each = job.each.clone();
        scope.count = job.count;
        scope.this = Some(this);
        arguments(&scope, self.host, provisioner, &job.addr.to_string())
    }
}

/// What a destroy-time provisioner may refer to.
struct Destroyed<'a> {
    addr: &'a InstanceAddr,
    module: &'a Module,
    workspace: &'a str,
    this: Value,
}

impl Scope for Destroyed<'_> {
    fn lookup(&self, root: &Ident, names: &[(&Arc<str>, Span)]) -> Result<Found, Diagnostic> {
        let name = names.first().map(|(name, _)| &***name);
        let folder = |path: &Path| Value::from(if path.as_os_str().is_empty() { ".".to_owned() } else { path.display().to_string() });
        let (value, used) = match (&*root.name, name, &self.addr.key) {
            ("self", _, _) => (self.this.clone(), 0),
            ("count", Some("index"), Some(InstanceKey::Int(index))) => (Value::from(*index), 1),
            ("each", Some("key"), Some(InstanceKey::Str(key))) => (Value::String(key.clone()), 1),
            ("path", Some("module"), _) => (folder(&self.module.dir), 1),
            ("path", Some("root" | "cwd"), _) => (folder(Path::new(".")), 1),
            ("terraform" | "tofu", Some("workspace"), _) => (Value::from(self.workspace), 1),
            _ => {
                let detail = format!("\"{}\" cannot be referred to when an object is destroyed: only self, count.index and each.key can.", root.name);
                return Err(Diagnostic::error("Invalid reference from destroy provisioner", detail).at(root.span));
            }
        };
        Ok(Found { value, used })
    }
}

/// The arguments of a provisioner of an object that is about to be destroyed.
pub fn destroyer_arguments(
    host: &DiskHost,
    module: &Module,
    workspace: &str,
    addr: &InstanceAddr,
    provisioner: &Provisioner,
    this: Value,
) -> (ProvisionerArguments, Diagnostics) {
    arguments(&Destroyed { addr, module, workspace, this }, host, provisioner, &addr.to_string())
}
