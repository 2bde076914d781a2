//! What became of the conditions of a configuration.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use weir_addr::{InstanceKey, ModulePath, ResourceAddr};

/// A block that has conditions, in a module path without keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Checked {
    /// A top-level `check`.
    Check(ModulePath, Arc<str>),
    /// An output with preconditions.
    Output(ModulePath, Arc<str>),
    /// A resource, data source or ephemeral resource with preconditions or postconditions.
    Resource(ResourceAddr),
    /// A variable with validations.
    Variable(ModulePath, Arc<str>),
}

/// One instance of such a block: its module with keys, and its own key.
pub type CheckedInstance = (ModulePath, Option<InstanceKey>);

/// Whether all conditions of something hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckStatus {
    /// They do.
    #[default]
    Pass,
    /// Some cannot be told yet.
    Unknown,
    /// Some does not.
    Fail,
    /// Some is not valid.
    Error,
}

impl CheckStatus {
    /// The word in state files and plans.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Unknown => "unknown",
            Self::Fail => "fail",
            Self::Error => "error",
        }
    }
}

/// What became of the conditions of one instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckOutcome {
    /// All together.
    pub status: CheckStatus,
    /// What does not hold, in words.
    pub messages: Vec<String>,
}

/// What became of all conditions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions(pub BTreeMap<Checked, BTreeMap<CheckedInstance, CheckOutcome>>);

impl Checked {
    fn module(&self) -> &ModulePath {
        match self {
            Self::Check(module, _) | Self::Output(module, _) | Self::Variable(module, _) => module,
            Self::Resource(resource) => &resource.module,
        }
    }

    /// The name within the module: `check.health`, `output.url`, `aws_lb.this`, `var.size`.
    fn local(&self) -> String {
        match self {
            Self::Check(_, name) => format!("check.{name}"),
            Self::Output(_, name) => format!("output.{name}"),
            Self::Variable(_, name) => format!("var.{name}"),
            Self::Resource(resource) => format!("{}{}.{}", resource.mode.prefix(), resource.type_, resource.name),
        }
    }

    fn of_instance(&self, (module, key): &CheckedInstance, path: fn(&ModulePath) -> String) -> String {
        let prefix = if module.is_root() { String::new() } else { format!("{}.", path(module)) };
        match (self, key) {
            (Self::Resource(resource), Some(_)) => {
                let instance = ResourceAddr { module: ModulePath::root(), ..resource.clone() }.instance(key.clone());
                format!("{prefix}{instance}")
            }
            _ => format!("{prefix}{}", self.local()),
        }
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.of_instance(&(self.module().clone(), None), ModulePath::to_string))
    }
}

impl Conditions {
    /// Makes a block known, also one that has no instance.
    pub(crate) fn declare(&mut self, checked: &Checked) {
        if !self.0.contains_key(checked) {
            self.0.insert(checked.clone(), BTreeMap::new());
        }
    }

    /// Adds what became of one condition.
    pub(crate) fn note(&mut self, checked: &Checked, instance: CheckedInstance, status: CheckStatus, message: Option<String>) {
        self.declare(checked);
        if let Some(instances) = self.0.get_mut(checked) {
            let outcome = instances.entry(instance).or_default();
            outcome.status = outcome.status.max(status);
            outcome.messages.extend(message.filter(|_| status == CheckStatus::Fail));
        }
    }

    /// The list `check_results` of a state file; null when there is no condition.
    pub fn state(&self) -> Json {
        if self.0.is_empty() {
            return Json::Null;
        }
        let path = ModulePath::to_state_string;
        self.0
            .iter()
            .map(|(checked, instances)| {
                let kind = match checked {
                    Checked::Check(..) => "check",
                    Checked::Output(..) => "output",
                    Checked::Resource(_) => "resource",
                    Checked::Variable(..) => "var",
                };
                let objects: Vec<Json> = instances
                    .iter()
                    .map(|(instance, outcome)| {
                        let mut object = json!({ "object_addr": checked.of_instance(instance, path), "status": outcome.status.name() });
                        if !outcome.messages.is_empty() {
                            object["failure_messages"] = json!(outcome.messages);
                        }
                        object
                    })
                    .collect();
                json!({
                    "object_kind": kind, "config_addr": checked.of_instance(&(checked.module().clone(), None), path), "status": status(instances).name(),
                    "objects": if objects.is_empty() { Json::Null } else { Json::Array(objects) },
                })
            })
            .collect()
    }

    /// What a list `check_results` of a state file says; what is not understood in it is left out.
    pub fn recorded(results: &Json) -> Self {
        let mut all = Self::default();
        for result in results.as_array().into_iter().flatten() {
            let text = |entry: &Json, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
            let kind = text(result, "object_kind");
            let Some((checked, _)) = read(&kind, &text(result, "config_addr")) else { continue };
            all.declare(&checked);
            for object in result["objects"].as_array().into_iter().flatten() {
                let Some((_, instance)) = read(&kind, &text(object, "object_addr")) else { continue };
                let status = match &*text(object, "status") {
                    "pass" => CheckStatus::Pass,
                    "fail" => CheckStatus::Fail,
                    "error" => CheckStatus::Error,
                    _ => CheckStatus::Unknown,
                };
                let messages = object["failure_messages"].as_array().into_iter().flatten();
                let messages = messages.filter_map(|message| message.as_str().map(ToOwned::to_owned)).collect();
                if let Some(instances) = all.0.get_mut(&checked) {
                    instances.insert(instance, CheckOutcome { status, messages });
                }
            }
        }
        all
    }

    /// The list `checks` of a plan in JSON.
    pub fn plan(&self) -> Json {
        self.0
            .iter()
            .map(|(checked, instances)| {
                let mut address = match checked {
                    Checked::Check(_, name) => json!({ "kind": "check", "name": &**name }),
                    Checked::Output(_, name) => json!({ "kind": "output_value", "name": &**name }),
                    Checked::Variable(_, name) => json!({ "kind": "var", "name": &**name }),
                    Checked::Resource(resource) => json!({
                        "kind": "resource", "mode": resource.mode.as_str(),
                        "type": &*resource.type_, "name": &*resource.name,
                    }),
                };
                address["to_display"] = json!(checked.to_string());
                if !checked.module().is_root() {
                    address["module"] = json!(checked.module().to_string());
                }
                let found: Vec<Json> = instances.iter().map(|(instance, outcome)| of_plan(checked, instance, outcome)).collect();
                let mut entry = json!({ "address": address, "status": status(instances).name() });
                if !found.is_empty() {
                    entry["instances"] = Json::Array(found);
                }
                entry
            })
            .collect()
    }
}

/// An address of the list `check_results`: of what, and which one of it.
fn read(kind: &str, addr: &str) -> Option<(Checked, CheckedInstance)> {
    if kind == "resource" {
        let addr: weir_addr::InstanceAddr = addr.parse().ok()?;
        let instance = (addr.resource.module.clone(), addr.key.clone());
        return Some((Checked::Resource(addr.resource), instance));
    }
    let word = match kind {
        "check" => "check",
        "output" => "output",
        "var" => "var",
        _ => return None,
    };
    let (path, name) = match addr.strip_prefix(&format!("{word}.")) {
        Some(name) => (ModulePath::root(), name),
        None => {
            let (path, name) = addr.rsplit_once(&format!(".{word}."))?;
            (path.parse().ok()?, name)
        }
    };
    let (module, name) = (path.without_keys(), name.into());
    let checked = match kind {
        "check" => Checked::Check(module, name),
        "output" => Checked::Output(module, name),
        _ => Checked::Variable(module, name),
    };
    Some((checked, (path, None)))
}

fn of_plan(checked: &Checked, instance: &CheckedInstance, outcome: &CheckOutcome) -> Json {
    let mut address = json!({ "to_display": checked.of_instance(instance, ModulePath::to_string) });
    if !instance.0.is_root() {
        address["module"] = json!(instance.0.to_string());
    }
    match &instance.1 {
        Some(InstanceKey::Int(at)) => address["instance_key"] = json!(at),
        Some(InstanceKey::Str(key)) => address["instance_key"] = json!(&**key),
        None => {}
    }
    let mut entry = json!({ "address": address, "status": outcome.status.name() });
    if !outcome.messages.is_empty() {
        entry["problems"] = outcome.messages.iter().map(|message| json!({ "message": message })).collect();
    }
    entry
}

fn status(instances: &BTreeMap<CheckedInstance, CheckOutcome>) -> CheckStatus {
    instances.values().map(|outcome| outcome.status).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_counts_and_a_stage_is_a_module_in_the_state() {
        let (key, stage) = (|name: &str| Some(InstanceKey::Str(name.into())), ModulePath::stage("s", None));
        let checked = Checked::Resource(ResourceAddr::managed(stage.clone(), "null_resource", "a"));
        let mut all = Conditions::default();
        all.declare(&Checked::Variable(ModulePath::root(), "v".into()));
        all.note(&checked, (stage.clone(), key("x")), CheckStatus::Fail, Some("no".to_owned()));
        all.note(&checked, (stage.clone(), key("x")), CheckStatus::Unknown, None);
        all.note(&checked, (stage.clone(), key("y")), CheckStatus::Pass, Some("not said".to_owned()));
        let expected = json!([
            { "object_kind": "resource", "config_addr": "module.s.null_resource.a", "status": "fail", "objects": [
                { "object_addr": "module.s.null_resource.a[\"x\"]", "status": "fail", "failure_messages": ["no"] },
                { "object_addr": "module.s.null_resource.a[\"y\"]", "status": "pass" },
            ] },
            { "object_kind": "var", "config_addr": "var.v", "status": "pass", "objects": null },
        ]);
        assert_eq!(all.state(), expected);
        assert_eq!(Conditions::recorded(&expected).state(), expected);
        let plan = all.plan();
        assert_eq!(plan[0]["address"]["to_display"], "stage.s.null_resource.a");
        assert_eq!(
            plan[0]["instances"][0],
            json!({ "address": { "to_display": "stage.s.null_resource.a[\"x\"]", "module": "stage.s", "instance_key": "x" },
            "status": "fail", "problems": [{ "message": "no" }] })
        );
        assert_eq!(Conditions::default().state(), Json::Null);
    }
}
