//! Files of variable values and answers: only arguments, no blocks.

use std::sync::Arc;

use weir_diag::{Diagnostics, SourceId, Sources, Span};

use crate::json;
use crate::syntax::{self, Expr};

/// `name = value`
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The variable.
    pub name: Arc<str>,
    /// Its value: an expression without references.
    pub expr: Arc<Expr>,
    /// The name's place.
    pub span: Span,
}

/// The assignments of a `.tfvars` file, or of a `.tfvars.json` one, as its name says.
pub fn parse_assignments(sources: &Sources, id: SourceId) -> (Vec<Assignment>, Diagnostics) {
    if sources.get(id).is_some_and(|file| file.name.ends_with(".json")) {
        return json::parse_assignments(sources, id);
    }
    let (body, mut diags) = syntax::parse(sources, id);
    for block in &body.blocks {
        diags.error(block.span, "Unexpected block", "A file of values holds only arguments: name = value. Blocks are not allowed here.");
    }
    let assignments = body.attributes.into_iter().map(|attribute| Assignment { name: attribute.name.name, expr: attribute.expr, span: attribute.name.span }).collect();
    (assignments, diags)
}
