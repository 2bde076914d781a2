//! A plan as JSON: OpenTofu's plan format 1.2, with stages and gates as further keys.

mod configuration;
mod values;

use serde_json::{Map, Value as Json, json};
use weir_addr::{InstanceAddr, Mode, ProviderConfigAddr};
use weir_plan::{Blocked, Change, Drift, GatePlan, GateStatus, Plan};
use weir_state::{State, Status, TERRAFORM_VERSION};
use weir_value::Value;

pub(super) use self::values::{head, sensitive};
use self::values::{known, unknown};
use super::plan::steps;
use super::state_json::Modules;
use crate::stack::Stack;

/// The document: a plan of a stack, made on a state.
pub(crate) fn document(plan: &Plan, stack: &Stack, state: &State) -> Json {
    let mut document = changes(plan);
    let mut planned = Modules::default();
    let value = |addr: &InstanceAddr, provider: &ProviderConfigAddr, value: &Value| {
        let mut entry = head(addr, Some(provider));
        entry["schema_version"] = json!(schema_version(stack, addr, provider));
        entry["values"] = known(value);
        entry["sensitive_values"] = sensitive(value);
        entry
    };
    for change in plan.changes.iter().filter(|change| change.deposed.is_none()) {
        if let Some(after) = &change.after {
            planned.add(change.addr.module(), value(&change.addr, &change.provider, after));
        }
    }
    let mut prior = Modules::default();
    for (addr, (provider, data, _)) in &plan.data {
        prior.add(addr.module(), value(addr, provider, data));
    }
    for change in plan.changes.iter().filter(|change| change.addr.resource.mode == Mode::Managed) {
        let Some(before) = &change.before else { continue };
        let mut entry = value(&change.addr, &change.provider, before);
        if let Some(key) = &change.deposed {
            entry["deposed_key"] = json!(&**key);
        }
        let record = state.instance(change.previous.as_ref().unwrap_or(&change.addr)).and_then(|objects| match &change.deposed {
            Some(key) => objects.deposed.get(key),
            None => objects.current.as_ref(),
        });
        if let Some(record) = record {
            if record.status == Status::Tainted {
                entry["tainted"] = json!(true);
            }
            if !record.dependencies.is_empty() {
                entry["depends_on"] = record.dependencies.iter().map(ToString::to_string).collect();
            }
        }
        prior.add(change.addr.module(), entry);
    }
    document["planned_values"]["root_module"] = planned.document();
    let outputs: Map<String, Json> = state
        .outputs
        .iter()
        .map(|(name, output)| {
            let mut entry = json!({ "sensitive": output.sensitive, "value": known(&output.value) });
            entry["type"] = serde_json::from_str(&output.ty.to_json()).unwrap_or(Json::Null);
            (name.to_string(), entry)
        })
        .collect();
    let prior = prior.document();
    if !outputs.is_empty() || prior.as_object().is_some_and(|prior| !prior.is_empty()) {
        document["prior_state"] = json!({ "format_version": "1.0", "terraform_version": TERRAFORM_VERSION, "values": { "outputs": outputs, "root_module": prior } });
    }
    document["configuration"] = configuration::document(stack);
    document
}

fn schema_version(stack: &Stack, addr: &InstanceAddr, provider: &ProviderConfigAddr) -> u64 {
    let schemas = stack.catalog.schema(&provider.provider);
    let types = schemas.as_deref().map(|schemas| if addr.resource.mode == Mode::Data { &schemas.data_sources } else { &schemas.resources });
    types.and_then(|types| types.get(&addr.resource.type_)).map_or(0, |schema| schema.version)
}

/// What is planned: the document but for what it is made from.
pub(crate) fn changes(plan: &Plan) -> Json {
    let variables: Map<String, Json> =
        plan.variables.iter().filter(|(_, value)| value.marks_deep().is_empty()).map(|(name, value)| (name.to_string(), json!({ "value": known(value) }))).collect();
    let outputs: Map<String, Json> = plan
        .outputs
        .iter()
        .map(|(name, output)| {
            let actions: &[&str] = match (&output.before, &output.after) {
                (a, b) if a == b => &["no-op"],
                (None, _) => &["create"],
                (_, None) => &["delete"],
                _ => &["update"],
            };
            let side = |value: &Option<Value>| value.as_ref().map_or(Json::Null, known);
            let after_unknown = output.after.as_ref().map_or(Json::Bool(false), unknown);
            (
                name.to_string(),
                json!({ "actions": actions, "before": side(&output.before), "after": side(&output.after), "after_unknown": after_unknown,
                    "before_sensitive": output.sensitive, "after_sensitive": output.sensitive }),
            )
        })
        .collect();
    let planned_outputs: Map<String, Json> = plan
        .outputs
        .iter()
        .filter_map(|(name, output)| {
            let after = output.after.as_ref()?;
            let mut entry = json!({ "sensitive": output.sensitive });
            if after.is_wholly_known() {
                entry["type"] = serde_json::from_str(&after.ty().to_json()).unwrap_or(Json::Null);
                entry["value"] = known(after);
            }
            Some((name.to_string(), entry))
        })
        .collect();
    json!({
        "format_version": "1.2",
        "terraform_version": TERRAFORM_VERSION,
        "weir_version": env!("CARGO_PKG_VERSION"),
        "timestamp": &*plan.timestamp,
        "variables": variables,
        "planned_values": { "outputs": planned_outputs },
        "resource_drift": plan.drift.iter().map(drift).collect::<Vec<_>>(),
        "resource_changes": plan.changes.iter().map(change).collect::<Vec<_>>(),
        "output_changes": outputs,
        "checks": plan.conditions.plan(),
        "stages": plan.stages.iter().map(|stage| json!({ "name": stage.name.as_str(), "behind": stage.behind.iter().map(|gate| gate.as_str()).collect::<Vec<_>>(), "confirm": stage.confirm })).collect::<Vec<_>>(),
        "gates": plan.gates.iter().map(gate).collect::<Vec<_>>(),
        "applyable": plan.pending().any(|change| !change.waits()),
        "complete": plan.pending().all(|change| !change.waits()),
        "errored": false,
    })
}

/// One gate.
pub(crate) fn gate(gate: &GatePlan) -> Json {
    let (status, why) = match &gate.status {
        GateStatus::Waiting => ("waiting", None),
        GateStatus::Ready => ("ready", None),
        GateStatus::Open => ("open", None),
        GateStatus::Stale(why) => ("stale", Some(why)),
    };
    json!({
        "name": gate.name.as_str(), "status": status, "reason": why, "description": gate.description, "instructions": gate.instructions,
        "approvals": gate.approvals, "valid_until": gate.valid_until, "guards_destroy": gate.guards_destroy,
        "inputs": gate.inputs.iter().map(|input| json!({ "name": &*input.name, "type": input.ty.to_string(), "description": &*input.description,
            "optional": input.optional, "sensitive": input.sensitive, "ephemeral": input.ephemeral })).collect::<Vec<_>>(),
        "checks": gate.checks.iter().map(|check| json!({ "name": &*check.name, "ok": check.ok, "message": check.message })).collect::<Vec<_>>(),
    })
}

/// What the entry of a change begins with.
fn change_head(addr: &InstanceAddr, provider: Option<&ProviderConfigAddr>) -> Json {
    let mut entry = head(addr, provider);
    if !addr.module().is_root() {
        entry["module_address"] = json!(addr.module().to_string());
    }
    entry
}

fn change(change: &Change) -> Json {
    let mut entry = change_head(&change.addr, Some(&change.provider));
    if let Some(deposed) = &change.deposed {
        entry["deposed"] = json!(&**deposed);
    }
    let side = |value: &Option<Value>| value.as_ref().map_or(Json::Null, known);
    let marks = |value: &Option<Value>| value.as_ref().map_or(Json::Bool(false), sensitive);
    let mut body = json!({
        "actions": change.action.names(),
        "before": side(&change.before), "after": side(&change.after),
        "after_unknown": change.after.as_ref().map_or(Json::Bool(false), unknown),
        "before_sensitive": marks(&change.before), "after_sensitive": marks(&change.after),
    });
    if !change.replace_paths.is_empty() {
        body["replace_paths"] = change.replace_paths.iter().map(steps).collect();
    }
    if let Some(id) = &change.importing {
        body["importing"] = json!({ "id": &**id });
    }
    entry["change"] = body;
    if let Some(previous) = &change.previous {
        entry["previous_address"] = json!(previous.to_string());
    }
    if let Some(reason) = change.reason.and_then(weir_plan::Reason::name) {
        entry["action_reason"] = json!(reason);
    }
    match &change.blocked {
        Some(Blocked::Gate(gate)) => entry["blocked_by"] = json!({ "gate": gate.as_str() }),
        Some(Blocked::Provider(cause)) => entry["blocked_by"] = json!({ "provider": &**cause }),
        Some(Blocked::Deferred(cause)) => entry["blocked_by"] = json!({ "deferred": &**cause }),
        Some(Blocked::Instances(cause)) => entry["blocked_by"] = json!({ "instances": &**cause }),
        Some(Blocked::Confirm(stage)) => entry["blocked_by"] = json!({ "confirm": stage.as_str() }),
        None => {}
    }
    entry
}

fn drift(drift: &Drift) -> Json {
    let mut entry = change_head(&drift.addr, None);
    let actions: &[&str] = if drift.after.is_some() { &["update"] } else { &["delete"] };
    entry["change"] = json!({ "actions": actions, "before": known(&drift.before), "after": drift.after.as_ref().map_or(Json::Null, known) });
    entry
}
