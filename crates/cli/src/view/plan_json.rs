//! A plan as JSON: OpenTofu's plan format 1.2, with stages and gates as further keys.

use serde_json::{Map, Value as Json, json};
use weir_addr::{InstanceKey, Mode};
use weir_plan::{Blocked, Change, Drift, GatePlan, GateStatus, Plan};
use weir_value::Value;

use super::plan::steps;

/// The document.
pub(crate) fn document(plan: &Plan) -> Json {
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
                entry["value"] = known(after);
            }
            Some((name.to_string(), entry))
        })
        .collect();
    json!({
        "format_version": "1.2",
        "weir_version": env!("CARGO_PKG_VERSION"),
        "timestamp": &*plan.timestamp,
        "variables": variables,
        "planned_values": { "outputs": planned_outputs, "root_module": { "resources": plan.changes.iter().filter(|change| change.after.is_some()).map(planned).collect::<Vec<_>>() } },
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

fn head(addr: &weir_addr::InstanceAddr, provider: Option<&weir_addr::ProviderConfigAddr>) -> Json {
    let mut entry = json!({
        "address": addr.to_string(),
        "mode": if addr.resource.mode == Mode::Data { "data" } else { "managed" },
        "type": &*addr.resource.type_,
        "name": &*addr.resource.name,
    });
    if !addr.module().is_root() {
        entry["module_address"] = json!(addr.module().to_string());
    }
    match &addr.key {
        Some(InstanceKey::Int(at)) => entry["index"] = json!(at),
        Some(InstanceKey::Str(key)) => entry["index"] = json!(&**key),
        None => {}
    }
    if let Some(provider) = provider {
        entry["provider_name"] = json!(provider.provider.to_string());
    }
    entry
}

fn planned(change: &Change) -> Json {
    let mut entry = head(&change.addr, Some(&change.provider));
    if let Some(after) = &change.after {
        entry["values"] = known(after);
        entry["sensitive_values"] = sensitive(after);
    }
    entry
}

fn change(change: &Change) -> Json {
    let mut entry = head(&change.addr, Some(&change.provider));
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
    let mut entry = head(&drift.addr, None);
    let actions: &[&str] = if drift.after.is_some() { &["update"] } else { &["delete"] };
    entry["change"] = json!({ "actions": actions, "before": known(&drift.before), "after": drift.after.as_ref().map_or(Json::Null, known) });
    entry
}

/// The known parts that may be shown; sensitive ones are null here, so that no secret gets into a plan.
fn known(value: &Value) -> Json {
    match value {
        Value::Marked(_) | Value::Unknown(_) | Value::Null(_) => Json::Null,
        Value::Bool(truth) => json!(truth),
        Value::Number(number) => number.to_i64().map_or_else(|| json!(number.to_f64()), |whole| json!(whole)),
        Value::String(text) => json!(&**text),
        Value::List(..) | Value::Tuple(_) | Value::Set(_) => value.elements().map(known).collect(),
        Value::Map(_, entries) | Value::Object(entries) => {
            Json::Object(entries.iter().filter(|(_, item)| item.is_known()).map(|(name, item)| (name.to_string(), known(item))).collect())
        }
    }
}

/// Where a value is unknown.
fn unknown(value: &Value) -> Json {
    match value.unmarked() {
        Value::Unknown(_) => Json::Bool(true),
        Value::List(..) | Value::Tuple(_) | Value::Set(_) => value.elements().map(unknown).collect(),
        Value::Map(_, entries) | Value::Object(entries) => Json::Object(
            entries.iter().filter(|(_, item)| item.length().is_some() || !item.is_wholly_known()).map(|(name, item)| (name.to_string(), unknown(item))).collect(),
        ),
        _ => Json::Bool(false),
    }
}

/// Where a value is sensitive.
fn sensitive(value: &Value) -> Json {
    if value.marks().is_sensitive() {
        return Json::Bool(true);
    }
    match value.unmarked() {
        Value::List(..) | Value::Tuple(_) | Value::Set(_) => value.elements().map(sensitive).collect(),
        Value::Map(_, entries) | Value::Object(entries) => Json::Object(
            entries.iter().filter(|(_, item)| item.length().is_some() || !item.marks_deep().is_empty()).map(|(name, item)| (name.to_string(), sensitive(item))).collect(),
        ),
        _ => Json::Bool(false),
    }
}
