//! `output`

use weir_diag::Diagnostics;

use crate::module::Output;
use crate::reader::{Reader, labels, required};
use crate::syntax::Block;

pub(super) fn read(block: &Block, diags: &mut Diagnostics) -> Option<Output> {
    let [label] = labels(block, 1, diags)? else { return None };
    let mut reader = Reader::new(&block.body, diags);
    let expr = required(&mut reader, "value", block.span);
    let output = (
        reader.string("description").unwrap_or_default(),
        reader.bool("sensitive").unwrap_or(false),
        reader.bool("ephemeral").unwrap_or(false),
        reader.references("depends_on"),
        reader.rules_about_something("precondition"),
    );
    reader.attribute("deprecated");
    reader.finish();
    let (description, sensitive, ephemeral, depends_on, preconditions) = output;
    Some(Output { name: label.name.clone(), expr: expr?, description, sensitive, ephemeral, depends_on, preconditions, span: block.span })
}
