//! Values of variables: type constraints with defaults.

use std::sync::Arc;

use weir_config::{Defaults, DefaultsKey, TypeConstraint, Variable};
use weir_diag::{Diagnostic, Diagnostics, Span};
use weir_value::{ConvertError, Type, Value, convert};

use crate::Evaluator;
use crate::function::Host;

/// The value as one of a type constraint: defaults put in, then converted.
pub fn convert_to(value: &Value, constraint: &TypeConstraint, host: &dyn Host) -> Result<Value, ConvertError> {
    match &constraint.defaults {
        Some(defaults) => convert(&fill(value, &constraint.ty, defaults, host), &constraint.ty),
        None => convert(value, &constraint.ty),
    }
}

/// Reports the defaults of optional attributes that are not of their attribute's type.
pub fn check_defaults(constraint: &TypeConstraint, host: &dyn Host, diags: &mut Diagnostics) {
    if let Some(defaults) = &constraint.defaults {
        check_inner(&constraint.ty, defaults, host, diags);
    }
}

fn check_inner(ty: &Type, defaults: &Defaults, host: &dyn Host, diags: &mut Diagnostics) {
    if let Type::Object(object) = ty {
        for (name, default) in &defaults.own {
            let Some(wanted) = object.attributes.get(name) else { continue };
            let mut evaluator = Evaluator::new(&(), host);
            let value = evaluator.eval(default);
            let constraint = TypeConstraint { ty: wanted.clone(), defaults: defaults.inner.get(&DefaultsKey::Attr(name.clone())).cloned() };
            if evaluator.diags.has_errors() {
                diags.extend(evaluator.diags);
            } else if let Err(error) = convert_to(&value, &constraint, host) {
                let detail = format!("This default value is not compatible with the attribute's type constraint: {error}.");
                diags.error(default.span, "Invalid default value for optional attribute", detail);
            }
        }
    }
    for (key, inner) in &defaults.inner {
        let below = match (key, ty) {
            (DefaultsKey::Attr(name), Type::Object(object)) => object.attributes.get(name),
            (DefaultsKey::Element, Type::List(element) | Type::Set(element) | Type::Map(element)) => Some(&**element),
            (DefaultsKey::At(at), Type::Tuple(types)) => types.get(*at),
            _ => None,
        };
        if let Some(below) = below {
            check_inner(below, inner, host, diags);
        }
    }
}

/// Puts the defaults of optional attributes where the value has none.
fn fill(value: &Value, ty: &Type, defaults: &Defaults, host: &dyn Host) -> Value {
    let (value, marks) = value.clone().unmark();
    let inner = |key: DefaultsKey, item: &Value, ty: &Type| match defaults.inner.get(&key) {
        Some(inner) => fill(item, ty, inner, host),
        None => item.clone(),
    };
    let filled = match (&value, ty) {
        (Value::Object(entries) | Value::Map(_, entries), Type::Object(object)) => {
            let mut filled = (**entries).clone();
            for (name, default) in &defaults.own {
                if filled.get(name).is_none_or(Value::is_null) {
                    let value = Evaluator::new(&(), host).eval(default);
                    filled.insert(name.clone(), value);
                }
            }
            for (name, ty) in &object.attributes {
                if let Some(item) = filled.get(name) {
                    let item = inner(DefaultsKey::Attr(name.clone()), item, ty);
                    filled.insert(name.clone(), item);
                }
            }
            Value::Object(Arc::new(filled))
        }
        (Value::Object(entries) | Value::Map(_, entries), Type::Map(element)) => {
            Value::object(entries.iter().map(|(key, item)| (key.clone(), inner(DefaultsKey::Element, item, element))).collect::<Vec<_>>())
        }
        (Value::List(..) | Value::Tuple(_) | Value::Set(_), Type::List(element) | Type::Set(element)) => {
            Value::tuple(value.elements().map(|item| inner(DefaultsKey::Element, item, element)).collect::<Vec<_>>())
        }
        (Value::Tuple(items), Type::Tuple(types)) => {
            Value::tuple(items.iter().zip(types.iter()).enumerate().map(|(at, (item, ty))| inner(DefaultsKey::At(at), item, ty)).collect::<Vec<_>>())
        }
        _ => value.clone(),
    };
    filled.with_marks(marks)
}

/// What a variable is when it is given `value` (`None`: not set), with its marks; `place` is where a value that is given stands, for messages.
pub fn convert_variable(variable: &Variable, value: Option<&Value>, place: Span, host: &dyn Host, diags: &mut Diagnostics) -> Value {
    let default = || {
        variable.default.as_ref().map(|expr| {
            let mut evaluator = Evaluator::new(&(), host);
            let value = evaluator.eval(expr);
            (value, evaluator.diags, expr.span)
        })
    };
    let given = value.filter(|value| variable.nullable || !value.is_null() || variable.default.is_none());
    let (value, span) = match given {
        Some(value) => (value.clone(), place),
        None => match default() {
            Some((value, found, span)) => {
                diags.extend(found);
                (value, span)
            }
            None => (Value::unknown(variable.constraint.ty.clone()), variable.span),
        },
    };
    let mut marks = weir_value::Marks::NONE;
    if variable.sensitive {
        marks = marks.union(weir_value::Marks::SENSITIVE);
    }
    if variable.ephemeral {
        marks = marks.union(weir_value::Marks::EPHEMERAL);
    }
    let converted = match convert_to(&value, &variable.constraint, host) {
        Ok(value) => value,
        Err(error) => {
            diags.push(if given.is_some() {
                Diagnostic::error("Invalid value for input variable", format!("The given value is not suitable for var.{}: {error}.", variable.name)).at(span)
            } else {
                Diagnostic::error("Invalid default value for variable", format!("This default value is not compatible with the variable's type constraint: {error}."))
                    .at(span)
            });
            Value::unknown(variable.constraint.ty.clone())
        }
    };
    if converted.is_null() && !variable.nullable && given.is_some() {
        diags.error(place, "Required variable not set", format!("The given value is not suitable for var.{}: required variable may not be set to null.", variable.name));
    }
    converted.with_marks(marks)
}
