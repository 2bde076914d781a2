//! The native syntax of the language: text to a tree, with every syntax error of a file and not only the first.
//!
//! The parser reads bytes directly, without a list of tokens between. What it may be given is anything: it never panics, and a nesting that
//! would exhaust the stack is refused with a diagnostic.
//!
//! After an error it looks for the next place where something new begins (a comma, a newline, a closing bracket) and goes on there. An
//! argument whose value holds an error is kept with the value [`ExprKind::Invalid`], so that later passes say nothing more about it.

mod ast;
mod body;
mod collection;
mod directive;
mod embedded;
mod error;
mod expression;
mod heredoc;
mod recover;
mod scan;
mod spine;
mod template;
mod term;
mod walk;

#[cfg(test)]
mod broken;
#[cfg(test)]
mod check;

pub use ast::{Attribute, BinaryOp, Block, Body, Expr, ExprKind, ForExpr, Ident, ObjectItem, TemplatePart, UnaryOp};
pub use walk::{Step, Traversal, for_each_call, for_each_variable};

pub(crate) use embedded::{Embedded, parse_embedded};
pub(crate) use scan::ident_end;

use scan::Parser;
use weir_diag::{Diagnostics, SourceId, Sources};

/// Reads a file of arguments and blocks.
///
/// The body is usable also when there are errors: it holds all that could be read.
pub fn parse(sources: &Sources, id: SourceId) -> (Body, Diagnostics) {
    let mut parser = Parser::new(text(sources, id), id);
    let body = parser.file();
    (body, parser.finish())
}

/// Reads a text that is one expression: a line of the console, the value of a `-var` option. Newlines count as spaces.
pub fn parse_expression(sources: &Sources, id: SourceId) -> (Expr, Diagnostics) {
    let mut parser = Parser::new(text(sources, id), id);
    let expr = parser.lone_expression();
    (expr, parser.finish())
}

/// Reads a text that is one template, as `templatefile` takes it: no quotes around it, and backslashes stand for themselves.
pub fn parse_template(sources: &Sources, id: SourceId) -> (Expr, Diagnostics) {
    let mut parser = Parser::new(text(sources, id), id);
    let expr = parser.lone_template();
    (expr, parser.finish())
}

/// True for a name that the language accepts as an identifier.
pub fn is_identifier(name: &str) -> bool {
    !name.is_empty() && scan::ident_end(name, 0) == name.len()
}

fn text(sources: &Sources, id: SourceId) -> &str {
    sources.get(id).map_or("", |file| &*file.text)
}
