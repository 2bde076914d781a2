//! `module` and `stage`

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_addr::{AddrError, Constraint, ModuleSource};
use weir_diag::{Diagnostics, Span};
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
    let source_span = block.body.attribute("source").map_or(block.span, |attribute| attribute.expr.span);
    let address = source.as_ref().and_then(|source| address(source, source_span, reader.diags));
    let version = version(&mut reader, address.as_ref(), source_span);
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
    Some(Call { name: label.name.clone(), kind, source: source?, address, source_span, version, repeat, providers, depends_on, confirm, args, span: block.span })
}

fn address(source: &str, span: Span, diags: &mut Diagnostics) -> Option<ModuleSource> {
    match source.parse() {
        Ok(address) => Some(address),
        Err(error) => {
            let error: AddrError = error;
            diags.error(span, "Invalid module source address", format!("\"{source}\" is not a module source: {}.", error.message));
            None
        }
    }
}

fn version(reader: &mut Reader<'_>, address: Option<&ModuleSource>, source: Span) -> Option<Constraint> {
    let text = reader.string("version")?;
    let span = reader.attribute("version").map_or(source, |attribute| attribute.expr.span);
    if let Some(address) = address.filter(|address| !matches!(address, ModuleSource::Registry { .. })) {
        reader.diags.error(
            source,
            "Invalid registry module source address",
            format!("\"version\" chooses among the versions of a module in a registry, and \"{address}\" is no address there: remove \"version\", or write the source as NAMESPACE/NAME/PROVIDER."),
        );
        return None;
    }
    match text.parse::<Constraint>() {
        Ok(constraint) => Some(constraint),
        Err(error) => {
            reader.diags.error(span, "Invalid version constraint", format!("{error}."));
            None
        }
    }
}

fn providers(expr: &Expr, diags: &mut Diagnostics) -> BTreeMap<ProviderRef, ProviderRef> {
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
