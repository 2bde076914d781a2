//! JSON values as expressions.

use weir_diag::Diagnostics;
use weir_value::{Number, Type, Value};

use super::form::Reading;
use super::value::{Json, Kind, Text};
use crate::syntax::{Embedded, Expr, ExprKind, ObjectItem, parse_embedded};

/// A JSON value as an expression; `reading` says what its strings are.
pub(super) fn expression(json: &Json, reading: Reading, diags: &mut Diagnostics) -> Expr {
    let kind = match &json.kind {
        Kind::Null => ExprKind::Literal(Value::Null(Type::Dynamic)),
        Kind::Bool(truth) => ExprKind::Literal(Value::Bool(*truth)),
        Kind::Number(digits) => match Number::parse(digits) {
            Some(number) => ExprKind::Literal(Value::Number(number)),
            None => {
                diags.error(json.span, "Invalid JSON number", format!("{digits} is too large or too small."));
                ExprKind::Invalid
            }
        },
        Kind::String(text) => return string(text, reading, diags),
        Kind::Array(items) => ExprKind::Tuple(items.iter().map(|item| expression(item, reading, diags)).collect()),
        Kind::Object(properties) => {
            let items = properties.iter().map(|property| {
                // Names of provider configurations are references where they have an alias.
                let key = match reading {
                    Reading::Expression if property.name.text.contains('.') => string(&property.name, Reading::Expression, diags),
                    Reading::Expression => string(&property.name, Reading::Literal, diags),
                    _ => string(&property.name, reading, diags),
                };
                ObjectItem { key, value: expression(&property.value, reading, diags) }
            });
            ExprKind::Object(items.collect())
        }
    };
    Expr { kind, span: json.span }
}

fn string(text: &Text, reading: Reading, diags: &mut Diagnostics) -> Expr {
    let what = match reading {
        Reading::Expression => Embedded::Expression,
        Reading::Template if text.text.contains("${") || text.text.contains("%{") => Embedded::Template,
        _ => return Expr { kind: ExprKind::Literal(Value::string(&*text.text)), span: text.span },
    };
    let (mut expr, found) = parse_embedded(&text.text, what, text.span.source, &|offset| text.place(offset));
    diags.extend(found);
    expr.span = text.span;
    expr
}
