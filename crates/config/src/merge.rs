//! Override files: their blocks are merged into those of the same name in the other files.
//!
//! Arguments replace arguments, nested blocks replace all nested blocks of their kind; `lifecycle` is merged argument by argument, `locals` and `required_providers` entry by
//! entry, and a backend takes the place of any other.

use std::collections::BTreeSet;
use std::sync::Arc;

use weir_diag::{Diagnostic, Diagnostics};
use weir_value::Value;

use crate::syntax::{Attribute, Block, ExprKind};

/// A top-level block, and whether its file may hold stages and gates.
pub(crate) struct Found {
    pub(crate) block: Block,
    pub(crate) stages: bool,
}

/// Merges the blocks of an override file into the others.
pub(crate) fn merge(blocks: &mut Vec<Found>, overrides: Vec<Block>, diags: &mut Diagnostics) {
    for block in overrides {
        match &*block.kind.name {
            "locals" => locals(blocks, &block, diags),
            "terraform" | "tofu" => settings(blocks, block),
            "resource" | "data" | "ephemeral" | "variable" | "output" | "module" | "stage" | "provider" => named(blocks, &block, diags),
            kind => diags.error(
                block.span,
                format!("Cannot override '{kind}' blocks"),
                format!("Blocks of type \"{kind}\" cannot stand in an override file: put it into another file."),
            ),
        }
    }
}

/// The text of a literal argument.
fn literal<'a>(block: &'a Block, name: &str) -> Option<&'a str> {
    match block.body.attribute(name).map(|attribute| &attribute.expr.kind) {
        Some(ExprKind::Literal(Value::String(text))) => Some(text),
        _ => None,
    }
}

fn same(left: &Block, right: &Block) -> bool {
    let names = |block: &Block| block.labels.iter().map(|label| label.name.clone()).collect::<Vec<_>>();
    left.kind.name == right.kind.name && names(left) == names(right) && (&*left.kind.name != "provider" || literal(left, "alias") == literal(right, "alias"))
}

fn named(blocks: &mut [Found], over: &Block, diags: &mut Diagnostics) {
    let kind = &*over.kind.name;
    let mut bases = blocks.iter_mut().filter(|found| same(&found.block, over)).peekable();
    if bases.peek().is_none() {
        // Of providers there is always an empty configuration.
        let names: Vec<String> = over.labels.iter().map(|label| format!("\"{}\"", label.name)).collect();
        diags.error(
            over.span,
            format!("Missing base {kind} to override"),
            format!("There is no {kind} {} in the other files. An override file can only change what is declared elsewhere.", names.join(" ")),
        );
        return;
    }
    if matches!(kind, "resource" | "data" | "ephemeral" | "module" | "stage")
        && let Some(attribute) = over.body.attribute("depends_on")
    {
        diags.push(Diagnostic::error("Unsupported override", "The argument \"depends_on\" may not be overridden: write it at the block itself.").at(attribute.name.span));
        return;
    }
    for base in bases {
        body(&mut base.block, over);
    }
}

/// What a nested block makes: a dynamic block those of its label.
fn makes(block: &Block) -> Arc<str> {
    match (&*block.kind.name, block.labels.as_slice()) {
        ("dynamic", [label]) => label.name.clone(),
        _ => block.kind.name.clone(),
    }
}

fn body(base: &mut Block, over: &Block) {
    let mut replaced: BTreeSet<Arc<str>> = BTreeSet::new();
    for attribute in &over.body.attributes {
        if attribute.json {
            replaced.insert(attribute.name.name.clone());
        }
        // These two exclude each other.
        let other = match &*attribute.name.name {
            "count" => "for_each",
            "for_each" => "count",
            _ => "",
        };
        base.body.attributes.retain(|attribute| &*attribute.name.name != other);
        set(&mut base.body.attributes, attribute);
    }
    for nested in &over.body.blocks {
        let merged = &*nested.kind.name == "lifecycle";
        match base.body.blocks.iter_mut().find(|block| merged && &*block.kind.name == "lifecycle") {
            Some(lifecycle) => body(lifecycle, nested),
            None => {
                replaced.insert(makes(nested));
            }
        }
    }
    base.body.blocks.retain(|block| !replaced.contains(&makes(block)));
    let added = over.body.blocks.iter().filter(|block| replaced.contains(&makes(block)));
    base.body.blocks.extend(added.cloned());
    let blocks: Vec<Arc<str>> = over.body.blocks.iter().map(makes).collect();
    base.body.attributes.retain(|attribute| !attribute.json || !blocks.contains(&attribute.name.name));
}

fn set(attributes: &mut Vec<Attribute>, new: &Attribute) {
    match attributes.iter_mut().find(|attribute| attribute.name.name == new.name.name) {
        Some(old) => *old = new.clone(),
        None => attributes.push(new.clone()),
    }
}

fn locals(blocks: &mut [Found], over: &Block, diags: &mut Diagnostics) {
    for new in &over.body.attributes {
        let old = blocks
            .iter_mut()
            .filter(|found| &*found.block.kind.name == "locals")
            .flat_map(|found| &mut found.block.body.attributes)
            .find(|attribute| attribute.name.name == new.name.name);
        match old {
            Some(old) => *old = new.clone(),
            None => diags.error(
                new.name.span,
                "Missing base local value definition to override",
                format!("There is no local value \"{}\" in the other files. An override file can only change what is declared elsewhere.", new.name.name),
            ),
        }
    }
}

fn settings(blocks: &mut Vec<Found>, mut over: Block) {
    let is_settings = |found: &Found| matches!(&*found.block.kind.name, "terraform" | "tofu");
    let is_backend = |block: &Block| matches!(&*block.kind.name, "backend" | "cloud");
    let has_backend = over.body.blocks.iter().any(is_backend);
    let names: Vec<Arc<str>> = over.body.attributes.iter().map(|attribute| attribute.name.name.clone()).collect();
    let required: Vec<Arc<str>> =
        over.body.blocks_of("required_providers").flat_map(|block| &block.body.attributes).map(|attribute| attribute.name.name.clone()).collect();
    for base in blocks.iter_mut().filter(|found| is_settings(found)) {
        let base = &mut base.block.body;
        base.attributes.retain(|attribute| !names.contains(&attribute.name.name));
        base.blocks.retain(|block| !(has_backend && is_backend(block)));
        for block in base.blocks.iter_mut().filter(|block| &*block.kind.name == "required_providers") {
            block.body.attributes.retain(|attribute| !required.contains(&attribute.name.name));
        }
    }
    // What is left of it counts beside the others.
    over.kind.name = "terraform".into();
    blocks.push(Found { block: over, stages: false });
}
