//! `variable`, and `input` of a gate.

use weir_diag::Diagnostics;

use crate::constraint::parse_type;
use crate::module::Variable;
use crate::reader::{Reader, labels};
use crate::syntax::Block;

pub(super) fn read(block: &Block, diags: &mut Diagnostics) -> Option<Variable> {
    let [label] = labels(block, 1, diags)? else { return None };
    if &*block.kind.name == "variable" && matches!(&*label.name, "source" | "version" | "providers" | "count" | "for_each" | "lifecycle" | "depends_on" | "locals") {
        diags.error(label.span, "Invalid variable name", format!("The variable name \"{}\" is reserved due to its special meaning inside module blocks.", label.name));
    }
    let mut reader = Reader::new(&block.body, diags);
    let constraint = reader.expr("type").map(|expr| parse_type(&expr, reader.diags)).unwrap_or_default();
    let variable = Variable {
        name: label.name.clone(),
        constraint,
        default: reader.expr("default"),
        description: reader.string("description").unwrap_or_default(),
        sensitive: reader.bool("sensitive").unwrap_or(false),
        ephemeral: reader.bool("ephemeral").unwrap_or(false),
        nullable: reader.bool("nullable").unwrap_or(true),
        validations: reader.rules_about_something("validation"),
        span: block.span,
    };
    reader.attribute("deprecated");
    reader.finish();
    Some(variable)
}
