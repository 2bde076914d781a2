//! A plan as text that a reviewer can read.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use anstyle::AnsiColor;
use weir_addr::{InstanceAddr, StageName};
use weir_plan::{Action, Against, Blocked, Change, Difference, Drift, GatePlan, GateStatus, Mode, Plan, Reason};
use weir_value::{Path, PathStep, Value};

use super::report::{Gate, Item, Report, Section};
use super::{Paint, expression};

/// The whole plan.
pub(crate) fn text(plan: &Plan, paint: Paint) -> String {
    report(plan, paint).text()
}

/// The whole plan in parts. The order of the stages is the caller's to add.
pub(crate) fn report(plan: &Plan, paint: Paint) -> Report {
    let mut stages: BTreeMap<usize, (Option<StageName>, Vec<&Change>)> = BTreeMap::new();
    for change in plan.pending() {
        let stage = change.stage();
        let at = stage.as_ref().and_then(|name| plan.stages.iter().position(|stage| stage.name == *name)).map_or(0, |at| at + 1);
        stages.entry(at).or_insert_with(|| (stage, Vec::new())).1.push(change);
    }
    let mut report = Report { drift: drift(plan, paint), outputs: outputs(plan, paint), gates: gates(plan, paint), summary: summary(plan, paint), ..Report::default() };
    if stages.is_empty() && plan.outputs.values().all(|output| output.before == output.after) {
        report.opening = format!("{} {}\n", paint.good("No changes."), paint.bold("The infrastructure matches the configuration."));
    } else if !stages.is_empty() {
        report.opening = "Weir will perform the following actions:\n\n".to_owned();
    }
    for (name, changes) in stages.values() {
        report.sections.push(section(plan, name.as_ref(), changes, paint));
    }
    report
}

fn section(plan: &Plan, name: Option<&StageName>, changes: &[&Change], paint: Paint) -> Section {
    let stage = name.and_then(|name| plan.stages.iter().find(|stage| stage.name == *name));
    let closed: Vec<String> = stage
        .iter()
        .flat_map(|stage| &stage.behind)
        .filter(|gate| plan.gates.iter().any(|plan| plan.name == **gate && !plan.lets_pass()))
        .map(|gate| gate.to_string())
        .collect();
    let behind = (!closed.is_empty()).then(|| format!("behind {}", closed.join(", ")));
    let asks = stage.is_some_and(|stage| stage.confirm && stage.counts(plan) != (0, 0, 0)).then(|| "asks for confirmation".to_owned());
    let notes: Vec<String> = behind.into_iter().chain(asks).collect();
    let note = notes.join("; ");
    let title = name.map_or_else(|| "outside of stages".to_owned(), |name| format!("stage {}", name.as_str()));
    let heading = if plan.stages.is_empty() {
        String::new()
    } else {
        let note = if note.is_empty() { String::new() } else { format!(" ({note})") };
        format!("{}\n\n", paint.underline(paint.bold(format!("{title}{note}"))))
    };
    let items = changes.iter().map(|change| Item {
        address: address(change),
        verb: verb(change),
        actions: change.action.names().iter().map(ToString::to_string).collect(),
        text: one(change, paint),
    });
    let counts = changes.iter().fold((0, 0, 0), |(added, changed, destroyed), change| {
        let (a, c, d) = change.action.counts();
        (added + a, changed + c, destroyed + d)
    });
    Section { stage: name.map(|name| name.as_str().to_owned()), title, note, heading, counts, items: items.collect() }
}

/// What becomes of an object, without the reason.
fn done(action: Action) -> &'static str {
    match action {
        Action::NoOp => "is moved or imported",
        Action::Forget => "is no longer managed",
        Action::Create => "is created",
        Action::Read => "is read during apply",
        Action::Update => "is updated in-place",
        Action::Delete => "is destroyed",
        Action::DeleteThenCreate | Action::CreateThenDelete => "is replaced",
    }
}

/// What a working tree changes, compared with a revision of that name. `drifted` counts what has changed outside.
pub(crate) fn against(found: &Against, revision: &str, drifted: &[InstanceAddr], paint: Paint) -> Report {
    let mut report = report(&found.plan, paint);
    let none = found.plan.is_empty() && found.undone.is_empty();
    report.opening = if none {
        format!("{} {}\n", paint.good("No changes."), paint.bold(format!("The working tree plans the same as {revision}.")))
    } else {
        format!("What the working tree changes, compared with {revision}:\n\n")
    };
    let list = |title: String, lines: Vec<String>| if lines.is_empty() { String::new() } else { format!("{}\n{}\n", paint.bold(title), lines.concat()) };
    let at = |objects: &[(InstanceAddr, Action)]| objects.iter().map(|(addr, action)| format!("  - {addr} {} there\n", done(*action))).collect();
    report.apart = [
        list(format!("Changed by {revision} in another way, and shown above from there on:"), at(&found.both)),
        list(format!("Only changed by {revision}, and left as it is here:"), at(&found.undone)),
        list(format!("Set apart, as {revision} plans it as well:"), at(&found.shared)),
        list("Set apart, as it changed outside of Weir:".to_owned(), drifted.iter().map(|addr| format!("  - {addr}\n")).collect()),
    ]
    .concat();
    report
}

/// `Plan: 3 to add, …`
pub(crate) fn summary(plan: &Plan, paint: Paint) -> String {
    let (add, change, destroy) = plan.counts(false);
    let (import, later_import) = (plan.imports(false), plan.imports(true));
    let imports = |count: usize| if count > 0 { format!("{count} to import, ") } else { String::new() };
    let (later_add, later_change, later_destroy) = plan.counts(true);
    if plan.pending().next().is_none() {
        return String::new();
    }
    let mut out = format!("{} {}{}", paint.bold("Plan:"), imports(import), actions((add, change, destroy)));
    if later_add + later_change + later_destroy + later_import > 0 {
        let waits: Vec<String> = plan.gates.iter().filter(|gate| !gate.lets_pass()).map(|gate| gate.name.to_string()).collect();
        let what = if waits.is_empty() { "once what they need is known".to_owned() } else { format!("behind {}", waits.join(", ")) };
        let _ = write!(out, " Later, {what}: {}{}", imports(later_import), actions((later_add, later_change, later_destroy)));
    }
    out.push('\n');
    out
}

/// `3 to add, …`
pub(crate) fn actions((add, change, destroy): (usize, usize, usize)) -> String {
    format!("{add} to add, {change} to change, {destroy} to destroy.")
}

/// What a plan does beyond what was approved.
pub(crate) fn differences(differences: &[Difference], paint: Paint) -> String {
    let mut out = format!("{}\n", paint.bold("This differs from the plan that was approved:"));
    for difference in differences {
        let _ = writeln!(out, "  - {}: {}", difference.address, difference.what);
    }
    out
}

fn drift(plan: &Plan, paint: Paint) -> String {
    let mut out = String::new();
    let shown: Vec<&Drift> = plan.drift.iter().filter(|drift| drift.relevant || plan.mode == Mode::RefreshOnly).collect();
    if shown.is_empty() {
        return out;
    }
    let _ = writeln!(out, "{}\n", paint.bold("Note: Objects have changed outside of Weir"));
    for drift in shown {
        match &drift.after {
            None => {
                let _ = writeln!(out, "  # {} has been deleted\n", drift.addr);
            }
            Some(after) => {
                let _ = writeln!(out, "  # {} has changed", drift.addr);
                body(&mut out, Some(&drift.before), Some(after), &[], 2, paint);
                out.push('\n');
            }
        }
    }
    out
}

fn verb(change: &Change) -> String {
    match change.action {
        Action::NoOp if change.importing.is_some() => "will be imported".to_owned(),
        Action::NoOp => "is unchanged".to_owned(),
        Action::Forget => "will no longer be managed by Weir, but will not be destroyed".to_owned(),
        Action::Create => "will be created".to_owned(),
        Action::Read => "will be read during apply".to_owned(),
        Action::Update => "will be updated in-place".to_owned(),
        Action::Delete => "will be destroyed".to_owned(),
        Action::DeleteThenCreate | Action::CreateThenDelete => match change.reason {
            Some(Reason::Tainted) => "is tainted, so must be replaced".to_owned(),
            Some(Reason::Requested) => "will be replaced, as requested".to_owned(),
            Some(Reason::Triggered) => "will be replaced due to changes in replace_triggered_by".to_owned(),
            _ => "must be replaced".to_owned(),
        },
    }
}

fn symbol(action: Action, paint: Paint) -> String {
    match action {
        Action::Create => paint.color(AnsiColor::Green, "+"),
        Action::Read => paint.color(AnsiColor::Cyan, "<="),
        Action::Update => paint.color(AnsiColor::Yellow, "~"),
        Action::Delete => paint.color(AnsiColor::Red, "-"),
        Action::DeleteThenCreate => format!("{}/{}", paint.color(AnsiColor::Red, "-"), paint.color(AnsiColor::Green, "+")),
        Action::CreateThenDelete => format!("{}/{}", paint.color(AnsiColor::Green, "+"), paint.color(AnsiColor::Red, "-")),
        Action::Forget => ".".to_owned(),
        Action::NoOp => " ".to_owned(),
    }
}

/// What a change is about.
fn address(change: &Change) -> String {
    match (&change.deposed, &change.blocked) {
        (Some(key), _) => format!("{} (deposed object {key})", change.addr),
        (None, Some(Blocked::Instances(_))) => format!("{}[*]", change.addr),
        _ => change.addr.to_string(),
    }
}

/// One change.
pub(crate) fn one(change: &Change, paint: Paint) -> String {
    let mut out = String::new();
    let address = address(change);
    match &change.previous {
        Some(previous) if change.action == Action::NoOp && change.importing.is_none() => {
            let _ = writeln!(out, "  # {} has moved to {}", paint.bold(previous.to_string()), paint.bold(address));
        }
        _ => {
            let indent = if change.action == Action::Forget { " " } else { "  " };
            let _ = writeln!(out, "{indent}# {} {}", paint.bold(address), verb(change));
        }
    }
    if let Some(previous) = change.previous.as_ref().filter(|_| change.action != Action::NoOp) {
        let _ = writeln!(out, "  # (moved from {previous})");
    }
    if let Some(id) = change.importing.as_ref().filter(|_| change.action != Action::NoOp) {
        let _ = writeln!(out, "  # (imported from \"{id}\")");
    }
    if change.action == Action::Forget {
        let _ = writeln!(out, " # (destroy = false is set in the configuration)");
    }
    // That a stage asks stands at its head.
    let why = match (change.blocked.as_ref().filter(|_| change.waits()), change.reason.filter(|_| change.action != Action::Forget)) {
        (Some(Blocked::Gate(gate)), _) => Some(format!("after {gate}")),
        (Some(Blocked::Provider(cause)), _) => Some(format!("its provider is known after {cause}")),
        (Some(Blocked::Deferred(cause)), _) => Some(cause.to_string()),
        (Some(Blocked::Instances(cause)), _) => Some(format!("how many there are is known after {cause}")),
        (None, Some(Reason::NoResource)) => Some(format!("because {} is not in configuration", change.addr.resource)),
        (None, Some(Reason::NoModule)) => Some(format!("because {} is not in configuration", change.addr.module())),
        (None, Some(Reason::Count)) => Some("because its index is out of range for count".to_owned()),
        (None, Some(Reason::Each)) => Some("because its key is not in for_each map".to_owned()),
        (None, Some(Reason::Repetition)) => Some("because the block is repeated in another way".to_owned()),
        (None, Some(Reason::Deposed)) => Some("left over from a partially-failed replacement".to_owned()),
        _ => None,
    };
    if let Some(why) = why {
        let _ = writeln!(out, "  # ({why})");
    }
    let resource = &change.addr.resource;
    let kind = if resource.mode == weir_addr::Mode::Data { "data" } else { "resource" };
    let sign = symbol(change.action, paint);
    let state_only = change.action == Action::Forget;
    let pad = if state_only || change.action.is_replace() || change.action == Action::Read { "" } else { " " };
    let _ = writeln!(out, "{pad} {sign} {kind} \"{}\" \"{}\" {{", resource.type_, resource.name);
    // What is only forgotten stays as it is.
    let after = if state_only { &change.before } else { &change.after };
    body(&mut out, change.before.as_ref(), after.as_ref(), &change.replace_paths, 6, paint);
    out.push_str("    }\n");
    out
}

type Entries<'a> = &'a BTreeMap<Arc<str>, Value>;

fn entries(value: Option<&Value>) -> Option<Entries<'_>> {
    match value.map(Value::unmarked) {
        Some(Value::Object(entries) | Value::Map(_, entries)) => Some(entries),
        _ => None,
    }
}

/// The attributes of an object, those that change in full.
fn body(out: &mut String, before: Option<&Value>, after: Option<&Value>, replace: &[Path], indent: usize, paint: Paint) {
    let empty = BTreeMap::new();
    let (old, new) = (entries(before).unwrap_or(&empty), entries(after).unwrap_or(&empty));
    let mut names: Vec<&Arc<str>> = old.keys().chain(new.keys()).collect();
    names.sort();
    names.dedup();
    let (created, deleted) = (before.is_none(), after.is_none());
    let mut hidden = 0;
    let mut shown = Vec::new();
    for name in names {
        let (a, b) = (old.get(name), new.get(name));
        let nothing = |value: Option<&Value>| value.is_none_or(|value| value.is_null() || value.is_known() && value.length() == Some(0));
        if nothing(a) && nothing(b) {
            continue;
        }
        let same = a == b;
        // What names an object is always of use.
        if same && !matches!(&**name, "id" | "name") {
            hidden += 1;
            continue;
        }
        shown.push((name, a, b, same));
    }
    let width = shown.iter().map(|(name, ..)| name.chars().count()).max().unwrap_or(0);
    for (name, a, b, same) in shown {
        let path = Path::attr(name.clone());
        let forces = replace.iter().any(|replace| replace.starts_with(&path));
        let note = if forces && !same { format!(" {}", paint.color(AnsiColor::Red, "# forces replacement")) } else { String::new() };
        let sign = match (same, created, deleted, a.is_none_or(Value::is_null), b.is_none_or(Value::is_null)) {
            (true, ..) => " ".to_owned(),
            (_, true, ..) | (_, _, _, true, _) => paint.color(AnsiColor::Green, "+"),
            (_, _, true, ..) | (_, _, _, _, true) => paint.color(AnsiColor::Red, "-"),
            _ => paint.color(AnsiColor::Yellow, "~"),
        };
        let label = format!("{:indent$}{sign} {name:<width$} = ", "");
        match (a, b) {
            _ if same => {
                let _ = writeln!(out, "{label}{}", flat(b, indent));
            }
            (Some(a), Some(b)) if !created && !deleted && nested(a, b) && note.is_empty() => {
                let (open, close) = if entries(Some(b)).is_some() { ('{', '}') } else { ('[', ']') };
                let _ = writeln!(out, "{label}{open}");
                inner(out, a, b, indent + 4, paint);
                let _ = writeln!(out, "{:width$}{close}", "", width = indent + 2);
            }
            (Some(a), Some(b)) if !a.is_null() && !created => {
                let _ = writeln!(out, "{label}{} {} {}{note}", flat(Some(a), indent), paint.color(AnsiColor::Yellow, "->"), flat(Some(b), indent));
            }
            (Some(a), None) => {
                let _ = writeln!(out, "{label}{} -> null{note}", flat(Some(a), indent));
            }
            (_, b) => {
                let _ = writeln!(out, "{label}{}{note}", flat(b, indent));
            }
        }
    }
    if hidden > 0 {
        let _ = writeln!(out, "{:indent$}  {}", "", paint.faint(format!("# ({hidden} unchanged attribute{} hidden)", if hidden == 1 { "" } else { "s" })));
    }
}

/// True for two unmarked containers of the same kind, whose elements are worth comparing.
fn nested(a: &Value, b: &Value) -> bool {
    a.marks().is_empty()
        && b.marks().is_empty()
        && matches!(
            (a, b),
            (Value::Object(_) | Value::Map(..), Value::Object(_) | Value::Map(..))
                | (Value::List(..) | Value::Tuple(_), Value::List(..) | Value::Tuple(_))
                | (Value::Set(_), Value::Set(_))
        )
        && !a.is_null()
}

fn inner(out: &mut String, a: &Value, b: &Value, indent: usize, paint: Paint) {
    if entries(Some(b)).is_some() {
        body(out, Some(a), Some(b), &[], indent, paint);
        return;
    }
    let (old, new): (Vec<&Value>, Vec<&Value>) = (a.elements().collect(), b.elements().collect());
    let line = |sign: String, value: &Value| format!("{:indent$}{sign} {},\n", "", flat(Some(value), indent));
    if let (Value::Set(_), Value::Set(_)) = (a, b) {
        for gone in old.iter().filter(|item| !new.contains(item)) {
            out.push_str(&line(paint.color(AnsiColor::Red, "-"), gone));
        }
        for come in new.iter().filter(|item| !old.contains(item)) {
            out.push_str(&line(paint.color(AnsiColor::Green, "+"), come));
        }
        return;
    }
    for at in 0..old.len().max(new.len()) {
        match (old.get(at), new.get(at)) {
            (Some(a), Some(b)) if a == b => {}
            (Some(a), Some(b)) if nested(a, b) => {
                let _ = writeln!(out, "{:indent$}{} {{", "", paint.color(AnsiColor::Yellow, "~"));
                inner(out, a, b, indent + 4, paint);
                let _ = writeln!(out, "{:indent$}  }},", "");
            }
            (a, b) => {
                if let Some(a) = a {
                    out.push_str(&line(paint.color(AnsiColor::Red, "-"), a));
                }
                if let Some(b) = b {
                    out.push_str(&line(paint.color(AnsiColor::Green, "+"), b));
                }
            }
        }
    }
}

/// A value on its own, further lines moved in.
fn flat(value: Option<&Value>, indent: usize) -> String {
    let Some(value) = value else { return "null".to_owned() };
    let text = match value {
        Value::Null(_) => "null".to_owned(),
        Value::Unknown(unknown) => match &unknown.cause {
            Some(cause) => format!("(known after {cause})"),
            None => "(known after apply)".to_owned(),
        },
        other => expression::text(other),
    };
    text.replace("tolist([", "[")
        .replace("toset([", "[")
        .replace("])", "]")
        .replace("tomap({", "{")
        .replace("})", "}")
        .replace('\n', &format!("\n{:width$}", "", width = indent + 2))
}

fn outputs(plan: &Plan, paint: Paint) -> String {
    let mut out = String::new();
    let changed: Vec<_> = plan.outputs.iter().filter(|(_, output)| output.before != output.after).collect();
    if changed.is_empty() {
        return out;
    }
    let _ = writeln!(out, "Changes to Outputs:");
    let width = changed.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, output) in changed {
        let (sign, text) = match (&output.before, &output.after) {
            (None, after) => (paint.color(AnsiColor::Green, "+"), flat(after.as_ref(), 2)),
            (before, None) => (paint.color(AnsiColor::Red, "-"), format!("{} -> null", flat(before.as_ref(), 2))),
            (before, after) => (paint.color(AnsiColor::Yellow, "~"), format!("{} -> {}", flat(before.as_ref(), 2), flat(after.as_ref(), 2))),
        };
        let _ = writeln!(out, "  {sign} {name:<width$} = {text}");
    }
    out.push('\n');
    out
}

fn gates(plan: &Plan, paint: Paint) -> Vec<Gate> {
    plan.gates.iter().map(|gate| Gate { name: gate.name.as_str().to_owned(), status: status(gate, paint), description: gate.description.clone() }).collect()
}

/// `ready`, `open until …`, `stale: …`
pub(crate) fn status(gate: &GatePlan, paint: Paint) -> String {
    match &gate.status {
        GateStatus::Waiting => "waiting for what it depends on".to_owned(),
        GateStatus::Ready => paint.color(AnsiColor::Yellow, "ready: a person can act now"),
        GateStatus::Open => match &gate.valid_until {
            Some(until) => format!("{} until {until}", paint.color(AnsiColor::Green, "open")),
            None => paint.color(AnsiColor::Green, "open"),
        },
        GateStatus::Stale(why) => format!("{}: {why}", paint.color(AnsiColor::Red, "stale")),
    }
}

/// A path for JSON.
pub(crate) fn steps(path: &Path) -> serde_json::Value {
    path.0
        .iter()
        .map(|step| match step {
            PathStep::Attr(name) => serde_json::Value::from(&**name),
            PathStep::Index(key) => key.as_str().map_or_else(|| serde_json::Value::from(key.as_i64()), serde_json::Value::from),
        })
        .collect()
}
