//! `check`

use std::sync::Arc;

use weir_addr::Mode;
use weir_diag::Diagnostics;

use super::resource;
use crate::module::{Check, Repeat};
use crate::reader::{Reader, labels};
use crate::syntax::Block;

pub(super) fn read(block: &Block, diags: &mut Diagnostics) -> Option<Check> {
    let [label] = labels(block, 1, diags)? else { return None };
    if !weir_addr::is_identifier(&label.name) {
        diags.error(label.span, "Invalid name", "A name must start with a letter or underscore and may contain only letters, digits, underscores, and dashes.");
        return None;
    }
    let mut reader = Reader::new(&block.body, diags);
    let rules = reader.rules_about_something("assert");
    let data = reader.block("data").and_then(|nested| resource::read(nested, Mode::Data, reader.diags));
    reader.finish();
    if block.body.blocks_of("assert").next().is_none() {
        diags.error(block.span, "Zero assert blocks", "Check blocks must have at least one assert block.");
    }
    if let Some(data) = data.as_ref().filter(|data| !matches!(data.repeat, Repeat::Once)) {
        diags.error(data.span, "Invalid data block in a check", "A data block nested in a check is read once: remove \"count\" or \"for_each\".");
    }
    if let Some(data) = data.as_ref().filter(|data| !data.lifecycle.preconditions.is_empty() || !data.lifecycle.postconditions.is_empty()) {
        diags.error(data.span, "Invalid data block in a check", "What has to hold of a data block nested in a check stands in the assert blocks: remove \"lifecycle\".");
    }
    Some(Check { name: label.name.clone(), rules, data: data.map(Arc::new), span: block.span })
}
