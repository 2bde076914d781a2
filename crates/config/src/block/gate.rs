//! `gate`

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use weir_addr::{GateName, Mode};
use weir_diag::Diagnostics;
use weir_value::Value;

use super::{insert, resource, variable};
use crate::module::{Gate, GateCheck, Retry};
use crate::reader::{Reader, labels, required};
use crate::syntax::{Block, Expr, ExprKind};

pub(super) fn read(block: &Block, diags: &mut Diagnostics) -> Option<Gate> {
    let [label] = labels(block, 1, diags)? else { return None };
    let mut reader = Reader::new(&block.body, diags);
    let guards_destroy = match reader.string("when").as_deref() {
        None | Some("apply" | "create") => false,
        Some("destroy") => true,
        Some(other) => {
            let span = block.body.attribute("when").map_or(block.span, |attribute| attribute.expr.span);
            reader.diags.error(span, "Invalid gate", format!("\"{other}\" is not a moment that a gate can guard: \"destroy\" is, or leave \"when\" out."));
            false
        }
    };
    let mut gate = Gate {
        name: GateName::new(label.name.clone()),
        description: reader.expr("description"),
        instructions: reader.expr("instructions"),
        depends_on: reader.references("depends_on"),
        inputs: BTreeMap::new(),
        checks: Vec::new(),
        probes: BTreeMap::new(),
        approvals: reader.expr("approvals"),
        valid_until: reader.expr("valid_until"),
        guards_destroy,
        span: block.span,
    };
    for nested in reader.blocks("input") {
        if let Some(input) = variable::read(nested, reader.diags) {
            insert(&mut gate.inputs, input.name.clone(), Arc::new(input), nested.span, |v| v.span, "input", reader.diags);
        }
    }
    for nested in reader.blocks("check") {
        gate.checks.extend(check(nested, reader.diags));
    }
    for nested in reader.blocks("data") {
        if let Some(probe) = resource::read(nested, Mode::Data, reader.diags) {
            let key = (probe.type_.clone(), probe.name.clone());
            insert(&mut gate.probes, key, Arc::new(probe), nested.span, |r| r.span, "data", reader.diags);
        }
    }
    reader.finish();
    Some(gate)
}

fn check(block: &Block, diags: &mut Diagnostics) -> Option<GateCheck> {
    let [label] = labels(block, 1, diags)? else { return None };
    let mut reader = Reader::new(&block.body, diags);
    let parts = (required(&mut reader, "condition", block.span), required(&mut reader, "error_message", block.span));
    let retry = reader.expr("retry").and_then(|expr| retry(&expr, reader.diags));
    reader.finish();
    let (Some(condition), Some(error_message)) = parts else { return None };
    Some(GateCheck { name: label.name.clone(), rule: crate::CheckRule { condition, error_message, span: block.span }, retry })
}

fn retry(expr: &Expr, diags: &mut Diagnostics) -> Option<Retry> {
    let mut found = Retry { every: Duration::from_secs(5), for_: Duration::from_secs(60) };
    let ExprKind::Object(items) = &expr.kind else {
        diags.error(expr.span, "Invalid retry", "An object is needed: { every = \"5s\", for = \"10m\" }.");
        return None;
    };
    for item in items {
        let (ExprKind::Literal(Value::String(key)), ExprKind::Literal(Value::String(text))) = (&item.key.kind, &item.value.kind) else {
            diags.error(item.value.span, "Invalid retry", "A duration is a literal string such as \"5s\" or \"10m\".");
            return None;
        };
        let Some(duration) = duration(text) else {
            diags.error(item.value.span, "Invalid retry", format!("\"{text}\" is not a duration: a number and ms, s, m or h, such as \"5s\" or \"10m\"."));
            return None;
        };
        match &**key {
            "every" => found.every = duration,
            "for" => found.for_ = duration,
            _ => {
                diags.error(item.key.span, "Invalid retry", format!("\"{key}\" is not expected here: every and for are."));
                return None;
            }
        }
    }
    Some(found)
}

/// `1h30m`, `5s`, `250ms`
fn duration(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let length = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let unit = match &rest[..length] {
            "ms" => Duration::from_millis(1),
            "s" => Duration::from_secs(1),
            "m" => Duration::from_secs(60),
            "h" => Duration::from_secs(3600),
            _ => return None,
        };
        total += unit.checked_mul(u32::try_from(count).ok()?)?;
        rest = &rest[length..];
    }
    Some(total)
}
