//! `terraform`: what a module requires.

use std::sync::Arc;

use weir_addr::{Constraint, ProviderAddr};
use weir_diag::{Diagnostics, Span};
use weir_value::Value;

use crate::module::{Backend, Module, RequiredProvider};
use crate::reader::{Reader, labels};
use crate::syntax::{Block, Expr, ExprKind};

pub(super) fn read(module: &mut Module, block: &Block, diags: &mut Diagnostics) {
    labels(block, 0, diags);
    let mut reader = Reader::new(&block.body, diags);
    if let Some(text) = reader.string("required_version")
        && let Some(attribute) = block.body.attribute("required_version")
    {
        language(&text, attribute.expr.span, reader.diags);
    }
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
    for nested in reader.blocks("backend") {
        backend(module, nested, reader.diags);
    }
    for nested in reader.blocks("cloud") {
        let detail = format!(
            "Weir does not work with {CLOUD}. Remove the cloud block, and keep the state with a backend \"local\" block; `terraform state pull` in the old setup gives the state to begin with, and `weir state push` takes it."
        );
        reader.diags.error(nested.span, "HCP Terraform is not supported", detail);
    }
    for nested in reader.blocks("encryption") {
        let detail = "Weir reads and writes states as they are, readable by their owner only. Decrypt the state with the tool that has encrypted it (a fallback of method \"unencrypted\"), and remove the block.";
        reader.diags.error(nested.span, "Encrypted states are not supported", detail);
    }
    reader.finish();
}

const CLOUD: &str = "HCP Terraform or Terraform Enterprise, which keep the state and run plans on their own machines";

/// The backends of the incumbents; one of these is a name, and not a mistake.
const BACKENDS: [&str; 12] = ["local", "remote", "azurerm", "consul", "cos", "gcs", "http", "kubernetes", "oci", "oss", "pg", "s3"];

fn backend(module: &mut Module, block: &Block, diags: &mut Diagnostics) {
    let [label] = block.labels.as_slice() else {
        labels(block, 1, diags);
        return;
    };
    let name = &*label.name;
    match name {
        "local" | "s3" if !module.path.is_root() => {
            diags.warning(block.span, "Backend configuration ignored", "Only the root module says where the state is kept: remove the block from this module.");
        }
        "local" | "s3" if module.backend.is_some() => {
            diags.error(block.span, "Duplicate backend configuration", "A module may have only one backend block: remove one of the two.");
        }
        "local" | "s3" => module.backend = Some(Backend { kind: label.name.clone(), body: block.body.clone(), span: block.span }),
        "remote" => {
            let detail = format!("Weir does not work with {CLOUD}. Remove the block, and keep the state with a backend \"local\" block.");
            diags.error(block.span, "HCP Terraform is not supported", detail);
        }
        name => {
            let hint = if BACKENDS.contains(&name) { String::new() } else { weir_diag::did_you_mean(name, BACKENDS) };
            let detail = format!(
                "Weir has no backend \"{name}\": it keeps the state in a file, where backend \"local\" {{ path = … }} says, or in a bucket with backend \"s3\".{hint}"
            );
            diags.error(block.span, "Unsupported backend type", detail);
        }
    }
}

/// A constraint on the version of Terraform or OpenTofu asks for a language. Ours is that of 1.11, in which what was written for older versions still holds: only a newer one cannot be had.
fn language(text: &str, span: Span, diags: &mut Diagnostics) {
    let constraint: Constraint = match text.parse() {
        Ok(constraint) => constraint,
        Err(error) => {
            diags.error(span, "Invalid version constraint", format!("{error}."));
            return;
        }
    };
    // Every release up to now has had fewer patches.
    const PATCHES: u64 = 50;
    let minors = (12..=15).map(|minor| (0, minor)).chain((0..=11).map(|minor| (1, minor)));
    let known = minors.flat_map(|(major, minor)| (0..PATCHES).map(move |patch| format!("{major}.{minor}.{patch}")));
    if !known.into_iter().any(|version| constraint.allows_text(&version)) {
        let detail = format!(
            "This configuration is written for version {constraint} of the language, and Weir reads that of Terraform and OpenTofu 1.11. A constraint on an older version counts as met; a newer one may need what Weir does not have."
        );
        diags.error(span, "Unsupported language version", detail);
    }
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
