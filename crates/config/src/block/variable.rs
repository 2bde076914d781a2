//! `variable`, and `input` of a gate.

use weir_diag::Diagnostics;
use weir_value::Value;

use crate::constraint::parse_type;
use crate::module::Variable;
use crate::reader::{Reader, labels};
use crate::syntax::{Block, ExprKind, Step, for_each_variable};

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
        validations: reader.rules("validation"),
        span: block.span,
    };
    if let Some(default) = &variable.default
        && !variable.nullable
        && matches!(&default.kind, ExprKind::Literal(Value::Null(_)))
    {
        let detail = "A null default value is not valid when nullable=false: leave the default out to make the variable required.";
        reader.diags.error(default.span, "Invalid default value for variable", detail);
    }
    if &*block.kind.name == "variable" {
        refers_to_itself(&variable, reader.diags);
    }
    reader.attribute("deprecated");
    reader.finish();
    Some(variable)
}

/// A condition that does not look at the value cannot say anything about it.
fn refers_to_itself(variable: &Variable, diags: &mut Diagnostics) {
    for rule in &variable.validations {
        let mut found = false;
        for_each_variable(&rule.condition, &mut |traversal| {
            found |= &*traversal.root.name == "var" && matches!(traversal.steps.first(), Some(Step::Attr(name, _)) if *name == variable.name);
        });
        if !found && !matches!(rule.condition.kind, ExprKind::Invalid) {
            let detail = format!("The condition for variable \"{0}\" must refer to var.{0} in order to test incoming values.", variable.name);
            diags.error(rule.condition.span, "Invalid variable validation condition", detail);
        }
    }
}
