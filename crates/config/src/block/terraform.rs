//! `terraform`: what a module requires.

use std::sync::Arc;

use weir_addr::ProviderAddr;
use weir_diag::{Diagnostics, Span};
use weir_value::Value;

use crate::module::{Module, RequiredProvider};
use crate::reader::{Reader, labels};
use crate::syntax::{Block, Expr, ExprKind};

pub(super) fn read(module: &mut Module, block: &Block, diags: &mut Diagnostics) {
    labels(block, 0, diags);
    let mut reader = Reader::new(&block.body, diags);
    // A constraint on the version of Terraform or OpenTofu says nothing about Weir, which reads the language of both.
    reader.string("required_version");
    reader.attribute("experiments");
    drop(reader.blocks("provider_meta"));
    for required in reader.blocks("required_providers") {
        for attribute in &required.body.attributes {
            let entry = requirement(&attribute.expr, attribute.name.span, reader.diags);
            match module.required_providers.get_mut(&attribute.name.name) {
                // A file of Weir's own can say how to run what a file for all says the source of.
                Some(known) => {
                    known.native &= entry.native;
                    known.source = entry.source.or(known.source.take());
                    known.version = entry.version.or(known.version.take());
                }
                None => drop(module.required_providers.insert(attribute.name.name.clone(), entry)),
            }
        }
    }
    for kind in ["backend", "cloud", "encryption"] {
        for nested in reader.blocks(kind) {
            let local = kind == "backend" && nested.labels.first().is_some_and(|label| &*label.name == "local") && nested.body.attributes.is_empty();
            if !local {
                reader.diags.error(
                    nested.span,
                    "Unsupported block type",
                    format!("\"{kind}\" is not supported yet: the state is kept in terraform.tfstate in this folder. Remove the block to go on with the local state."),
                );
            }
        }
    }
    reader.finish();
}

fn requirement(expr: &Expr, span: Span, diags: &mut Diagnostics) -> RequiredProvider {
    let mut entry = RequiredProvider { source: None, version: None, native: true, span };
    match &expr.kind {
        // The form of Terraform 0.12: only a version.
        ExprKind::Literal(Value::String(version)) => entry.version = Some(Arc::clone(version)),
        ExprKind::Object(items) => {
            for item in items {
                let (ExprKind::Literal(Value::String(key)), value) = (&item.key.kind, &item.value) else { continue };
                match (&**key, &value.kind) {
                    ("source", ExprKind::Literal(Value::String(text))) => match text.parse::<ProviderAddr>() {
                        Ok(_) => entry.source = Some(Arc::clone(text)),
                        Err(error) => diags.error(
                            value.span,
                            "Invalid provider source string",
                            format!("{error}. A source is written as NAMESPACE/NAME, or HOST/NAMESPACE/NAME for another registry."),
                        ),
                    },
                    ("version", ExprKind::Literal(Value::String(text))) => entry.version = Some(Arc::clone(text)),
                    ("native", ExprKind::Literal(Value::Bool(native))) => entry.native = *native,
                    ("configuration_aliases", _) => {}
                    ("source" | "version", _) => diags.error(value.span, "Invalid provider requirement", format!("\"{key}\" must be a literal string.")),
                    ("native", _) => diags.error(value.span, "Invalid provider requirement", "\"native\" must be true or false."),
                    _ => diags.error(
                        item.key.span,
                        "Invalid required_providers object",
                        format!("\"{key}\" is not expected here: source, version, native and configuration_aliases are."),
                    ),
                }
            }
        }
        _ => diags.error(
            expr.span,
            "Invalid required_providers object",
            "An object with source and version is needed: { source = \"hashicorp/aws\", version = \"~> 5.0\" }.",
        ),
    }
    entry
}
