//! What a command tells, as a stream for programs: one JSON object a line, with the types of the incumbents' machine-readable UI 1.2.
//!
//! Source: "Machine-Readable UI" in the documentation of OpenTofu. Besides its types there is `paused`, for a gate or a stage that waits for a person. Objects that are only read leave no messages: their
//! reads are gathered into few requests.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use weir_addr::{InstanceAddr, InstanceKey};
use weir_apply::Event;
use weir_diag::{Diagnostics, Severity, Sources};
use weir_plan::{Action, Drift, Mode, OutputChange, Plan, Reason};
use weir_state::{OutputValue, State};
use weir_value::encode_json;

use super::diagnostic_json::DiagnosticJson;
use super::progress;
use crate::output::Output;

/// The version of the messages' form.
const FORM: &str = "1.2";

/// A stream of messages.
pub(crate) struct Stream(Output);

#[derive(Serialize)]
struct Message<'a, B> {
    #[serde(rename = "@level")]
    level: &'a str,
    #[serde(rename = "@message")]
    message: &'a str,
    #[serde(rename = "@module")]
    module: &'static str,
    #[serde(rename = "@timestamp")]
    timestamp: String,
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(flatten)]
    body: B,
}

#[derive(Serialize)]
struct Outputs<'a, T> {
    outputs: &'a BTreeMap<&'a str, T>,
}

/// An output of a state.
#[derive(Serialize)]
struct Result {
    sensitive: bool,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    ty: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Box<RawValue>>,
}

impl Stream {
    /// A stream that begins with who speaks.
    pub(crate) fn new(out: Output) -> Self {
        let stream = Self(out);
        let version = env!("CARGO_PKG_VERSION");
        stream.emit("info", &format!("Weir {version}"), "version", json!({ "weir": version, "ui": FORM }));
        stream
    }

    /// Why something could not be written, if so.
    pub(crate) fn failure(&self) -> Option<std::io::Error> {
        self.0.failure()
    }

    fn emit(&self, level: &str, message: &str, kind: &str, body: impl Serialize) {
        let message = Message { level, message, module: "weir.ui", timestamp: format!("{:.6}", jiff::Timestamp::now()), kind, body };
        // Nothing in a message can fail to be written as JSON: its keys are strings.
        if let Ok(text) = serde_json::to_string(&message) {
            self.0.line(text);
        }
    }

    /// Diagnostics, each as a message.
    pub(crate) fn diagnostics(&self, diagnostics: &Diagnostics, sources: &Sources) {
        for item in diagnostics.iter() {
            let (level, title) = match item.severity {
                Severity::Error => ("error", "Error"),
                Severity::Warning => ("warn", "Warning"),
            };
            self.emit(level, &format!("{title}: {}", item.summary), "diagnostic", json!({ "diagnostic": DiagnosticJson::new(item, sources) }));
        }
    }

    /// What was found and what is planned.
    pub(crate) fn plan(&self, plan: &Plan) {
        for drift in plan.drift.iter().filter(|drift| drift.relevant || plan.mode == Mode::RefreshOnly) {
            let action = drift_action(drift);
            self.emit(
                "info",
                &format!("{}: Drift detected ({action})", drift.addr),
                "resource_drift",
                json!({ "change": { "resource": resource(&drift.addr), "action": action } }),
            );
        }
        for change in plan.pending() {
            let action = match change.action {
                Action::NoOp if change.importing.is_some() => "import",
                Action::NoOp => "move",
                action => name(action),
            };
            let mut body = json!({ "resource": resource(&change.addr), "action": action });
            if let Some(previous) = &change.previous {
                body["previous_resource"] = resource(previous);
            }
            if let Some(reason) = change.reason.and_then(reason) {
                body["reason"] = json!(reason);
            }
            if let Some(id) = &change.importing {
                body["importing"] = json!({ "id": &**id });
            }
            if change.waits() {
                body["deferred"] = json!(true);
            }
            self.emit("info", &format!("{}: Plan to {action}", change.addr), "planned_change", json!({ "change": body }));
        }
        let (add, change, remove) = plan.counts(false);
        let imports = plan.imports(false);
        let imported = if imports > 0 { format!("{imports} to import, ") } else { String::new() };
        self.summary(&format!("Plan: {imported}{add} to add, {change} to change, {remove} to destroy."), "plan", imports, (add, change, remove));
        if !plan.outputs.is_empty() {
            let entry = |output: &OutputChange| json!({ "sensitive": output.sensitive, "action": output_action(output) });
            self.outputs(&plan.outputs.iter().map(|(name, output)| (&**name, entry(output))).collect());
        }
    }

    /// A step of an apply.
    pub(crate) fn event(&self, event: &Event) {
        let text = progress::line(event);
        let hook = |addr: &InstanceAddr, action: Action, id: Option<&String>, elapsed: Option<&Duration>| {
            let mut hook = json!({ "resource": resource(addr), "action": name(action) });
            if let Some(id) = id {
                hook["id_key"] = json!("id");
                hook["id_value"] = json!(id);
            }
            if let Some(elapsed) = elapsed {
                hook["elapsed_seconds"] = json!(elapsed.as_secs());
            }
            json!({ "hook": hook })
        };
        match event {
            Event::Started { addr, action, id } => self.emit("info", &text, "apply_start", hook(addr, *action, id.as_ref(), None)),
            Event::Finished { addr, action, id, elapsed } => {
                let id = id.as_ref().filter(|_| *action != Action::Delete);
                self.emit("info", &text, "apply_complete", hook(addr, *action, id, Some(elapsed)));
            }
            Event::Failed { addr, action, elapsed } => self.emit("info", &text, "apply_errored", hook(addr, *action, None, Some(elapsed))),
            Event::Importing { addr, id } | Event::Imported { addr, id } => {
                let kind = if matches!(event, Event::Importing { .. }) { "import_start" } else { "import_complete" };
                self.emit("info", &text, kind, json!({ "hook": { "resource": resource(addr), "id_key": "id", "id_value": &**id } }));
            }
        }
    }

    /// An operation that takes its time.
    pub(crate) fn under_way(&self, addr: &InstanceAddr, action: Action, elapsed: Duration) {
        let text = progress::under_way(addr, action, elapsed);
        self.emit("info", &text, "apply_progress", json!({ "hook": { "resource": resource(addr), "action": name(action), "elapsed_seconds": elapsed.as_secs() } }));
    }

    /// How many objects were touched. `operation` is `plan`, `apply` or `destroy`.
    pub(crate) fn summary(&self, text: &str, operation: &str, imports: usize, (add, change, remove): (usize, usize, usize)) {
        self.emit("info", text, "change_summary", json!({ "changes": { "add": add, "change": change, "import": imports, "remove": remove, "operation": operation } }));
    }

    /// The outputs that a state holds. Sensitive values stay out.
    pub(crate) fn results(&self, state: &State) {
        if state.outputs.is_empty() {
            return;
        }
        let raw = |text: String| RawValue::from_string(text).ok();
        let result = |output: &OutputValue| Result {
            sensitive: output.sensitive,
            ty: raw(output.ty.to_json()),
            value: if output.sensitive { None } else { encode_json(&output.value).ok().and_then(raw) },
        };
        self.outputs(&state.outputs.iter().map(|(name, output)| (&**name, result(output))).collect::<BTreeMap<_, _>>());
    }

    fn outputs<T: Serialize>(&self, outputs: &BTreeMap<&str, T>) {
        self.emit("info", &format!("Outputs: {}", outputs.len()), "outputs", Outputs { outputs });
    }

    /// A gate or stage that the run stops at: `body` has its `gate` or its `stage`.
    pub(crate) fn paused(&self, text: &str, body: Json) {
        self.emit("info", text, "paused", body);
    }

    /// Something that happened to the run as a whole.
    pub(crate) fn log(&self, text: &str) {
        self.emit("info", text, "log", Json::Null);
    }
}

fn resource(addr: &InstanceAddr) -> Json {
    let kind = &*addr.resource.type_;
    let key = match &addr.key {
        Some(InstanceKey::Int(at)) => json!(at),
        Some(InstanceKey::Str(key)) => json!(&**key),
        None => Json::Null,
    };
    let (whole, module) = (addr.to_string(), if addr.module().is_root() { String::new() } else { addr.module().to_string() });
    let short = whole.strip_prefix(&module).map_or(&*whole, |rest| rest.trim_start_matches('.')).to_owned();
    json!({
        "addr": whole, "module": module, "resource": short, "implied_provider": kind.split('_').next(),
        "resource_type": kind, "resource_name": &*addr.resource.name, "resource_key": key,
    })
}

fn name(action: Action) -> &'static str {
    match action {
        Action::NoOp => "noop",
        Action::Create => "create",
        Action::Read => "read",
        Action::Update => "update",
        Action::DeleteThenCreate | Action::CreateThenDelete => "replace",
        Action::Delete => "delete",
        Action::Forget => "remove",
    }
}

fn drift_action(drift: &Drift) -> &'static str {
    if drift.after.is_some() { "update" } else { "delete" }
}

fn output_action(output: &OutputChange) -> &'static str {
    match (&output.before, &output.after) {
        (before, after) if before == after => "noop",
        (None, _) => "create",
        (_, None) => "delete",
        _ => "update",
    }
}

fn reason(reason: Reason) -> Option<&'static str> {
    Some(match reason {
        Reason::CannotUpdate => "cannot_update",
        Reason::Tainted => "tainted",
        Reason::Requested => "requested",
        Reason::Triggered => "replace_triggered_by",
        other => other.name()?,
    })
}
