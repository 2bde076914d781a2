//! `module` and `stage`

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_diag::Diagnostics;
use weir_value::Value;

use super::resource::{provider_ref, repeat};
use crate::module::{Call, CallKind, ProviderRef};
use crate::reader::{Reader, labels};
use crate::syntax::{Block, Expr, ExprKind};

pub(super) fn read(block: &Block, kind: CallKind, diags: &mut Diagnostics) -> Option<Call> {
    let [label] = labels(block, 1, diags)? else { return None };
    let mut reader = Reader::new(&block.body, diags);
    let source = reader.string("source");
    if source.is_none() && block.body.attribute("source").is_none() {
        reader.diags.error(block.span, "Missing required argument", "The argument \"source\" is required, but no definition was found.");
    }
    if let Some(version) = reader.attribute("version") {
        reader.diags.error(version.span, "Module registries are not supported yet", "Only modules in local folders (./ or ../) can be called: remove \"version\".");
    }
    let repeat = repeat(&mut reader);
    let providers = reader.attribute("providers").map(|attribute| providers(&attribute.expr, reader.diags)).unwrap_or_default();
    let depends_on = reader.references("depends_on");
    let confirm = kind == CallKind::Stage && reader.bool("confirm").unwrap_or(false);
    let rest = reader.rest();
    for nested in &rest.blocks {
        diags.error(
            nested.kind.span,
            "Unsupported block type",
            format!("Blocks of type \"{}\" are not expected here. Inputs of a module are arguments: {} = …", nested.kind.name, nested.kind.name),
        );
    }
    let args = rest.attributes.iter().map(|attribute| (attribute.name.name.clone(), (attribute.expr.clone(), attribute.name.span))).collect();
    Some(Call { name: label.name.clone(), kind, source: source?, repeat, providers, depends_on, confirm, args, span: block.span })
}

pub(crate) fn providers(expr: &Expr, diags: &mut Diagnostics) -> BTreeMap<ProviderRef, ProviderRef> {
    let ExprKind::Object(items) = &expr.kind else {
        diags.error(expr.span, "Invalid providers argument", "A map from the module's provider names to ours is needed: { aws = aws.east }.");
        return BTreeMap::new();
    };
    items
        .iter()
        .filter_map(|item| {
            let key = match &item.key.kind {
                ExprKind::Literal(Value::String(name)) => ProviderRef { name: Arc::clone(name), alias: None },
                _ => provider_ref(&item.key, diags)?,
            };
            Some((key, provider_ref(&item.value, diags)?))
        })
        .collect()
}
