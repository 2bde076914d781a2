//! `moved` and `removed`

use weir_addr::{InstanceAddr, InstanceKey, Mode, ModulePath, Target};
use weir_diag::{Diagnostics, Span};
use weir_value::Value;

use crate::module::{Moved, Removed};
use crate::reader::{Reader, labels, required};
use crate::syntax::{Block, Expr, ExprKind, Step, Traversal};

/// Reads a `moved` block.
pub(super) fn read(block: &Block, diags: &mut Diagnostics) -> Option<Moved> {
    labels(block, 0, diags)?;
    let mut reader = Reader::new(&block.body, diags);
    let ends = (required(&mut reader, "from", block.span), required(&mut reader, "to", block.span));
    let from = ends.0.and_then(|expr| target(&expr, reader.diags));
    let to = ends.1.and_then(|expr| target(&expr, reader.diags));
    reader.finish();
    let (from, to) = (from?, to?);
    let module = |target: &Target| matches!(target, Target::Module(_) | Target::Stage(_));
    if module(&from) != module(&to) {
        diags.error(block.span, "Invalid \"moved\" addresses", "The \"from\" and \"to\" addresses must either both refer to resources or both refer to modules.");
        return None;
    }
    for (end, name) in [(&from, "from"), (&to, "to")] {
        if let Target::Resource(resource) | Target::Instance(InstanceAddr { resource, .. }) = end
            && resource.mode != Mode::Managed
        {
            let span = block.body.attribute(name).map_or(block.span, |attribute| attribute.expr.span);
            diags.error(
                span,
                "Invalid \"moved\" addresses",
                "Only managed resources have objects that can move. Data sources are read anew wherever they stand: remove the block.",
            );
            return None;
        }
    }
    Some(Moved { from, to, span: block.span })
}

/// Reads a `removed` block.
pub(super) fn read_removed(block: &Block, diags: &mut Diagnostics) -> Option<Removed> {
    labels(block, 0, diags)?;
    let mut reader = Reader::new(&block.body, diags);
    let from = required(&mut reader, "from", block.span);
    let span = from.as_ref().map_or(block.span, |expr| expr.span);
    let from = from.and_then(|expr| target(&expr, reader.diags));
    let mut destroy = true;
    if let Some(lifecycle) = reader.block("lifecycle") {
        let mut inner = Reader::new(&lifecycle.body, reader.diags);
        destroy = inner.bool("destroy").unwrap_or(true);
        inner.finish();
    }
    for kind in ["provisioner", "connection"] {
        for nested in reader.blocks(kind) {
            reader.diags.error(nested.span, "Unsupported block type", format!("{kind} blocks are not supported yet: run the step outside, or behind a gate."));
        }
    }
    reader.finish();
    let from = from?;
    if let Some((summary, detail)) = unsuitable(&from) {
        diags.error(span, summary, detail);
        return None;
    }
    Some(Removed { from, destroy, span: block.span })
}

fn unsuitable(from: &Target) -> Option<(&'static str, &'static str)> {
    let keyed = |module: &ModulePath| module.steps().iter().any(|step| step.key.is_some());
    match from {
        Target::Module(module) if keyed(module) => Some((
            "Module instance keys not allowed",
            "Module address must be a module (e.g. \"module.foo\"), not a module instance (e.g. \"module.foo[1]\"): the block is about the whole module.",
        )),
        Target::Instance(_) => Some((
            "Resource instance keys not allowed",
            "Resource address must be a resource (e.g. \"test_instance.foo\"), not a resource instance (e.g. \"test_instance.foo[1]\").",
        )),
        Target::Resource(resource) if keyed(&resource.module) => Some((
            "Module instance keys not allowed",
            "Module address must be a module (e.g. \"module.foo\"), not a module instance (e.g. \"module.foo[1]\"): the block is about the whole resource.",
        )),
        Target::Resource(resource) if resource.mode != Mode::Managed => Some((
            "Data source address not allowed",
            "Data sources are never destroyed, so they are not valid targets of removed blocks. To remove the data source from state, remove the data source block from configuration.",
        )),
        _ => None,
    }
}

/// An address that is written as an expression, relative to the module that it stands in.
fn target(expr: &Expr, diags: &mut Diagnostics) -> Option<Target> {
    let Some(traversal) = Traversal::of(expr) else {
        if !matches!(expr.kind, ExprKind::Invalid) {
            diags.error(
                expr.span,
                "Invalid expression",
                "A single static variable reference is required: only attribute access and indexing with constant keys. No calculations, function calls, template expressions, etc are allowed here.",
            );
        }
        return None;
    };
    let mut text = traversal.root.name.to_string();
    for step in &traversal.steps {
        match step {
            Step::Attr(name, _) => text.push_str(&format!(".{name}")),
            Step::Index(key, span) => text.push_str(&instance_key(key, *span, diags)?.to_string()),
        }
    }
    match text.parse() {
        Ok(target) => Some(target),
        Err(error) => {
            diags.error(expr.span, "Invalid address", format!("{text} is not the address of a resource or module: {error}."));
            None
        }
    }
}

fn instance_key(key: &Value, span: Span, diags: &mut Diagnostics) -> Option<InstanceKey> {
    let found = match key {
        Value::String(text) => Some(InstanceKey::Str(text.clone())),
        other => other.as_u64().map(InstanceKey::Int),
    };
    if found.is_none() {
        diags.error(span, "Invalid address", "An instance key is a string or a whole number.");
    }
    found
}
