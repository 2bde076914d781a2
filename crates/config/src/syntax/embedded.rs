//! Expressions and templates that stand in the strings of another format, with places in that format's file.

use weir_diag::{Diagnostics, SourceId, Span};

use super::ast::{Expr, ExprKind, Ident, TemplatePart};
use super::scan::Parser;

/// What the text of a string is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Embedded {
    /// A template, as between quotes, but with its escapes already resolved.
    Template,
    /// An expression.
    Expression,
}

/// Reads a text that stands in `source`; `place` gives for an offset in the text the offset in the file.
pub(crate) fn parse_embedded(text: &str, what: Embedded, source: SourceId, place: &dyn Fn(u32) -> u32) -> (Expr, Diagnostics) {
    let mut parser = Parser::new(text, source);
    let mut expr = match what {
        Embedded::Template => parser.lone_template(),
        Embedded::Expression => parser.lone_expression(),
    };
    let moved = |span: &mut Span| {
        span.start = place(span.start);
        span.end = place(span.end).max(span.start);
    };
    shift(&mut expr, &moved);
    let mut found = Diagnostics::new();
    for mut diagnostic in parser.finish() {
        diagnostic.span.iter_mut().for_each(moved);
        diagnostic.labels.iter_mut().for_each(|label| moved(&mut label.span));
        found.push(diagnostic);
    }
    (expr, found)
}

/// Changes every place in a tree.
fn shift(expr: &mut Expr, moved: &dyn Fn(&mut Span)) {
    let name = |ident: &mut Ident| moved(&mut ident.span);
    let mut exprs = vec![expr];
    while let Some(expr) = exprs.pop() {
        moved(&mut expr.span);
        match &mut expr.kind {
            ExprKind::Literal(_) | ExprKind::SplatItem | ExprKind::Invalid => {}
            ExprKind::Variable(ident) => name(ident),
            ExprKind::GetAttr { object, name: ident } => {
                name(ident);
                exprs.push(object);
            }
            ExprKind::Index { collection: left, key: right } | ExprKind::Splat { source: left, each: right, .. } => exprs.extend([&mut **left, &mut **right]),
            ExprKind::Call { name: ident, args, .. } => {
                name(ident);
                exprs.extend(args);
            }
            ExprKind::Conditional { condition, yes, no } => exprs.extend([&mut **condition, &mut **yes, &mut **no]),
            ExprKind::Binary { op_span, left, right, .. } => {
                moved(op_span);
                exprs.extend([&mut **left, &mut **right]);
            }
            ExprKind::Unary { operand, .. } | ExprKind::Parens(operand) => exprs.push(operand),
            ExprKind::Tuple(items) => exprs.extend(items),
            ExprKind::Object(items) => exprs.extend(items.iter_mut().flat_map(|item| [&mut item.key, &mut item.value])),
            ExprKind::For(each) => {
                each.key.iter_mut().for_each(name);
                name(&mut each.value);
                exprs.extend([&mut each.collection, &mut each.result]);
                exprs.extend(each.result_key.as_mut());
                exprs.extend(each.condition.as_mut());
            }
            ExprKind::Template(parts) => {
                let mut lists = vec![parts];
                while let Some(parts) = lists.pop() {
                    for part in parts {
                        match part {
                            TemplatePart::Literal(_) => {}
                            TemplatePart::Interpolation(expr) => exprs.push(expr),
                            TemplatePart::If { condition, yes, no, span } => {
                                moved(span);
                                exprs.push(condition);
                                lists.extend([yes, no]);
                            }
                            TemplatePart::For { key, value, collection, body, span } => {
                                moved(span);
                                key.iter_mut().for_each(name);
                                name(value);
                                exprs.push(collection);
                                lists.push(body);
                            }
                        }
                    }
                }
            }
        }
    }
}
