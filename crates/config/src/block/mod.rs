//! Top-level blocks, one file per kind.

mod call;
mod check;
mod gate;
mod import;
mod moved;
mod output;
mod provider;
mod provisioner;
mod resource;
mod terraform;
mod variable;

use weir_addr::{GateName, Mode};
use weir_diag::{Diagnostics, Span, did_you_mean};

use crate::module::{Local, Module};
use crate::reader::labels;
use crate::syntax::Block;
use std::collections::BTreeMap;
use std::sync::Arc;

const KINDS: [&str; 16] =
    ["variable", "locals", "output", "resource", "data", "ephemeral", "module", "provider", "terraform", "stage", "gate", "check", "moved", "removed", "import", "tofu"];

/// Adds a top-level block to its module. `stages` is true in files where `stage` and `gate` are allowed.
pub(crate) fn add(module: &mut Module, block: &Block, stages: bool, diags: &mut Diagnostics) {
    match &*block.kind.name {
        "variable" => {
            if let Some(variable) = variable::read(block, diags) {
                insert(&mut module.variables, variable.name.clone(), Arc::new(variable), block.span, |v| v.span, "variable", diags);
            }
        }
        "locals" => {
            labels(block, 0, diags);
            for nested in &block.body.blocks {
                diags.error(nested.span, "Unexpected block", "Blocks are not allowed in locals: give the value with \"=\".");
            }
            for attribute in &block.body.attributes {
                let local = Local { name: attribute.name.name.clone(), expr: attribute.expr.clone(), span: attribute.name.span };
                insert(&mut module.locals, local.name.clone(), Arc::new(local), attribute.name.span, |l| l.span, "local value", diags);
            }
        }
        "output" => {
            if let Some(output) = output::read(block, diags) {
                insert(&mut module.outputs, output.name.clone(), Arc::new(output), block.span, |o| o.span, "output", diags);
            }
        }
        kind @ ("resource" | "data" | "ephemeral") => {
            let mode = match kind {
                "resource" => Mode::Managed,
                "data" => Mode::Data,
                _ => Mode::Ephemeral,
            };
            if let Some(resource) = resource::read(block, mode, diags) {
                let key = (mode, resource.type_.clone(), resource.name.clone());
                insert(&mut module.resources, key, Arc::new(resource), block.span, |r| r.span, kind, diags);
            }
        }
        "module" => {
            if let Some(call) = call::read(block, crate::CallKind::Module, diags) {
                insert(&mut module.calls, call.name.clone(), Arc::new(call), block.span, |c| c.span, "module call", diags);
            }
        }
        kind @ ("stage" | "gate") if !stages => {
            diags.error(
                block.kind.span,
                "Unsupported block type",
                format!("A {kind} block stands in a file whose name ends in .stack.hcl, so that Terraform and OpenTofu can still read the .tf files: move it there."),
            );
        }
        "stage" => {
            if let Some(call) = call::read(block, crate::CallKind::Stage, diags) {
                insert(&mut module.calls, call.name.clone(), Arc::new(call), block.span, |c| c.span, "stage", diags);
            }
        }
        "gate" => {
            if let Some(gate) = gate::read(block, diags) {
                insert(&mut module.gates, GateName::clone(&gate.name), Arc::new(gate), block.span, |g| g.span, "gate", diags);
            }
        }
        "provider" => {
            if let Some(provider) = provider::read(block, diags) {
                insert(&mut module.providers, provider.of.clone(), Arc::new(provider), block.span, |p| p.span, "provider configuration", diags);
            }
        }
        "terraform" | "tofu" => terraform::read(module, block, diags),
        "check" => {
            if let Some(check) = check::read(block, diags) {
                insert(&mut module.checks, check.name.clone(), Arc::new(check), block.span, |c| c.span, "check", diags);
            }
        }
        "moved" => module.moved.extend(moved::read(block, diags)),
        "removed" => module.removed.extend(moved::read_removed(block, diags)),
        "import" if !module.path.is_root() => {
            diags.error(
                block.kind.span,
                "Invalid import configuration",
                format!("An import block was detected in \"{}\". Import blocks are only allowed in the root module: move it there, with the path of the module before the address.", module.path),
            );
        }
        "import" => module.imports.extend(import::read(block, diags).map(Arc::new)),
        kind => {
            let hint = did_you_mean(kind, KINDS);
            diags.error(block.kind.span, "Unsupported block type", format!("Blocks of type \"{kind}\" are not expected here.{hint}"));
        }
    }
}

fn insert<K: Ord + Clone, V>(map: &mut BTreeMap<K, Arc<V>>, key: K, value: Arc<V>, span: Span, place: fn(&V) -> Span, what: &str, diags: &mut Diagnostics) {
    if let Some(first) = map.get(&key) {
        let mut title = what.to_owned();
        if let Some(letter) = title.get_mut(..1) {
            letter.make_ascii_lowercase();
        }
        diags.push(
            weir_diag::Diagnostic::error(
                format!("Duplicate {title}"),
                format!("A {what} with this name was already declared. Names must be unique within a module: rename or remove one of the two."),
            )
            .at(span)
            .label(place(first), "declared here first"),
        );
        return;
    }
    map.insert(key, value);
}
