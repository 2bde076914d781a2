//! `resource`, `data`, `ephemeral`

use std::sync::Arc;

use weir_addr::Mode;
use weir_diag::Diagnostics;
use weir_value::Value;

use crate::module::{Ignore, Lifecycle, ProviderRef, Repeat, Resource};
use crate::reader::{Reader, labels, reference};
use crate::syntax::{Block, Expr, ExprKind, Ident, Step, Traversal};

pub(super) fn read(block: &Block, mode: Mode, diags: &mut Diagnostics) -> Option<Resource> {
    let [type_, name] = labels(block, 2, diags)? else { return None };
    let mut reader = Reader::new(&block.body, diags);
    let repeat = repeat(&mut reader);
    let written = reader.expr("provider");
    let provider = written.as_ref().and_then(|expr| provider_ref(expr, reader.diags));
    let depends_on = reader.references("depends_on");
    let lifecycle = reader.block("lifecycle").map(|block| lifecycle(block, mode, reader.diags)).unwrap_or_default();
    // In data sources and ephemeral resources they are told to be unexpected, like any other block.
    let (provisioners, connection) = if mode == Mode::Managed { super::provisioner::read(&mut reader) } else { Default::default() };
    let implied = || ProviderRef { name: type_.name.split('_').next().unwrap_or_default().into(), alias: None };
    // terraform_data belongs to a provider that is always there.
    Some(Resource {
        mode,
        type_: type_.name.clone(),
        name: name.name.clone(),
        repeat,
        provider: provider.unwrap_or_else(implied),
        provider_span: written.map(|expr| expr.span),
        depends_on,
        lifecycle,
        provisioners,
        connection,
        span: block.span,
        body: reader.rest(),
    })
}

/// `count` or `for_each`.
pub(super) fn repeat(reader: &mut Reader<'_>) -> Repeat {
    match (reader.attribute("count"), reader.attribute("for_each")) {
        (Some(_), Some(for_each)) => {
            reader.diags.error(
                for_each.span,
                "Invalid combination of \"count\" and \"for_each\"",
                "The \"count\" and \"for_each\" meta-arguments are mutually-exclusive, only one should be used to be explicit about the number of resources to be created.",
            );
            Repeat::Once
        }
        (Some(count), None) => Repeat::Count(count.expr.clone()),
        (None, Some(for_each)) => Repeat::ForEach(for_each.expr.clone()),
        (None, None) => Repeat::Once,
    }
}

/// `aws`, `aws.east`; also quoted, as old configurations have it.
pub(super) fn provider_ref(expr: &Expr, diags: &mut Diagnostics) -> Option<ProviderRef> {
    if let ExprKind::Literal(Value::String(text)) = &expr.kind {
        let (name, alias) = text.split_once('.').map_or((&**text, None), |(name, alias)| (name, Some(Arc::from(alias))));
        return Some(ProviderRef { name: name.into(), alias });
    }
    let Traversal { root, steps, .. } = reference(expr, diags)?;
    match steps.as_slice() {
        [] => Some(ProviderRef { name: root.name, alias: None }),
        [Step::Attr(alias, _)] => Some(ProviderRef { name: root.name, alias: Some(alias.clone()) }),
        _ => {
            diags.error(expr.span, "Invalid provider configuration reference", "A provider configuration is written as its name, or name and alias: aws or aws.east.");
            None
        }
    }
}

fn lifecycle(block: &Block, mode: Mode, diags: &mut Diagnostics) -> Lifecycle {
    let mut reader = Reader::new(&block.body, diags);
    let mut found = Lifecycle::default();
    if mode == Mode::Managed {
        found.create_before_destroy = reader.bool("create_before_destroy");
        found.prevent_destroy = (reader.bool("prevent_destroy") == Some(true)).then_some(block.span);
        if let Some(attribute) = reader.attribute("ignore_changes") {
            found.ignore_changes = ignore(&attribute.expr, reader.diags);
        }
        if let Some(attribute) = reader.attribute("replace_triggered_by")
            && let ExprKind::Tuple(items) = &attribute.expr.kind
        {
            found.replace_triggered_by = items.iter().cloned().map(Arc::new).collect();
        }
    }
    found.preconditions = reader.rules("precondition");
    found.postconditions = reader.rules("postcondition");
    reader.finish();
    found
}

fn ignore(expr: &Expr, diags: &mut Diagnostics) -> Ignore {
    match &expr.kind {
        ExprKind::Variable(word) if &*word.name == "all" => Ignore::All,
        ExprKind::Tuple(items) => Ignore::Some(items.iter().filter_map(|item| relative(item, diags)).collect()),
        _ => {
            diags.error(expr.span, "Invalid ignore_changes", "A list of attribute names is needed, or the keyword all: ignore_changes = [tags].");
            Ignore::None
        }
    }
}

/// An attribute path relative to the resource; also quoted.
fn relative(item: &Expr, diags: &mut Diagnostics) -> Option<Traversal> {
    if let ExprKind::Literal(Value::String(text)) = &item.kind {
        return Some(Traversal { root: Ident { name: text.clone(), span: item.span }, steps: Vec::new(), span: item.span });
    }
    reference(item, diags)
}
