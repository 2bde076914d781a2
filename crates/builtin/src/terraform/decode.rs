//! `decode_tfvars`: the text of a .tfvars file as an object.

use hcl_edit::expr::{Expression, ObjectKey, UnaryOperator};
use hcl_edit::structure::Structure;
use hcl_edit::template::{Element, Template};
use weir_provider::FunctionFault;
use weir_value::{Number, Value};

fn fault(message: impl Into<String>) -> FunctionFault {
    FunctionFault { argument: Some(0), message: message.into() }
}

/// The variables that the text sets.
pub(super) fn decode_tfvars(arguments: &[Value]) -> Result<Value, FunctionFault> {
    let text = arguments.first().and_then(Value::as_str).unwrap_or_default();
    let body = hcl_edit::parser::parse_body(text).map_err(|error| fault(format!("invalid tfvars content: {error}")))?;
    let mut entries = Vec::new();
    for structure in body.iter() {
        match structure {
            Structure::Attribute(attribute) => {
                let value = constant(&attribute.value);
                let value = value.ok_or_else(|| fault(format!("the value of \"{}\" is not constant", attribute.key.as_str())))?;
                entries.push((attribute.key.as_str().to_owned(), value));
            }
            Structure::Block(block) => return Err(fault(format!("unexpected block \"{}\"", block.ident.as_str()))),
        }
    }
    Ok(Value::object(entries))
}

/// The value of an expression that refers to nothing.
fn constant(expression: &Expression) -> Option<Value> {
    Some(match expression {
        Expression::Null(_) => Value::null(),
        Expression::Bool(truth) => Value::from(**truth),
        Expression::Number(number) => {
            let text = number.as_repr().map_or_else(|| number.value().to_string(), |text| text[..].to_owned());
            Value::Number(Number::parse(&text)?)
        }
        Expression::String(text) => Value::string(text.as_str()),
        Expression::StringTemplate(template) => {
            let parts: Option<String> = template.iter().map(literal).collect();
            Value::string(parts?)
        }
        Expression::HeredocTemplate(heredoc) => Value::string(template(&heredoc.template)?),
        Expression::Parenthesis(inner) => constant(inner.inner())?,
        Expression::UnaryOp(operation) => match (*operation.operator, constant(&operation.expr)?) {
            (UnaryOperator::Neg, Value::Number(number)) => Value::Number(number.negate()),
            (UnaryOperator::Not, Value::Bool(truth)) => Value::from(!truth),
            _ => return None,
        },
        Expression::Array(items) => Value::tuple(items.iter().map(constant).collect::<Option<Vec<_>>>()?),
        Expression::Object(object) => {
            let entries = object.iter().map(|(key, value)| Some((name(key)?, constant(value.expr())?)));
            Value::object(entries.collect::<Option<Vec<_>>>()?)
        }
        _ => return None,
    })
}

fn name(key: &ObjectKey) -> Option<String> {
    match key {
        ObjectKey::Ident(ident) => Some(ident.as_str().to_owned()),
        ObjectKey::Expression(expression) => match constant(expression)? {
            Value::String(text) => Some(text.to_string()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        },
    }
}

fn template(template: &Template) -> Option<String> {
    template.iter().map(literal).collect()
}

fn literal(element: &Element) -> Option<String> {
    if let Element::Literal(text) = element { Some(text.as_str().to_owned()) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let found = match decode_tfvars(&[Value::from(text)]) {
            Ok(value) => format!("{value:?}"),
            Err(fault) => fault.to_string(),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn values() {
        check(
            "a = 1\nb = \"x\"\nc = [-1.5, true]\nd = { e = null, \"f g\" = \"$${h}\" }\n",
            "{\"a\": 1, \"b\": \"x\", \"c\": [-1.5, true], \"d\": {\"e\": null:any, \"f g\": \"${h}\"}}",
        );
        check("a = foo", "the value of \"a\" is not constant");
        check("a {}", "unexpected block \"a\"");
    }
}
