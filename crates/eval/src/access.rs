//! Attributes, elements and iteration.

use std::sync::Arc;

use weir_config::syntax::{Ident, Step, Traversal};
use weir_diag::{Diagnostic, Span, did_you_mean};
use weir_value::{Marks, Refinement, Type, Unknown, Value, convert, json_string};

fn like(unknown: &Unknown, ty: Type) -> Value {
    Value::Unknown(Arc::new(Unknown { ty, refinement: Refinement::default(), cause: unknown.cause.clone() }))
}

/// `value.name`
pub(crate) fn get_attr(value: &Value, name: &Ident) -> Result<Value, Diagnostic> {
    let marks = value.marks();
    let key = &*name.name;
    let unsupported = |detail: String| Diagnostic::error("Unsupported attribute", detail).at(name.span);
    let no_attribute = |known: &mut dyn Iterator<Item = &str>| {
        let hint = did_you_mean(key, known);
        unsupported(format!("This object does not have an attribute named \"{key}\".{hint}"))
    };
    let found = match value.unmarked() {
        Value::Null(_) => {
            return Err(Diagnostic::error("Attempt to get attribute from null value", "This value is null, so it does not have any attributes.").at(name.span));
        }
        Value::Unknown(unknown) => match &unknown.ty {
            Type::Dynamic => like(unknown, Type::Dynamic),
            Type::Map(element) => like(unknown, (**element).clone()),
            Type::Object(object) => match object.attributes.get(key) {
                Some(ty) => like(unknown, ty.clone()),
                None => return Err(no_attribute(&mut object.attributes.keys().map(|name| &**name))),
            },
            _ => return Err(unsupported(no_attributes(value))),
        },
        Value::Object(entries) => match entries.get(key) {
            Some(found) => found.clone(),
            None => return Err(no_attribute(&mut entries.keys().map(|name| &**name))),
        },
        Value::Map(_, entries) => match entries.get(key) {
            Some(found) => found.clone(),
            None => {
                let hint = did_you_mean(key, entries.keys().map(|name| &**name));
                return Err(Diagnostic::error("Missing map element", format!("This map does not have an element with the key \"{key}\".{hint}")).at(name.span));
            }
        },
        _ => return Err(unsupported(no_attributes(value))),
    };
    Ok(found.with_marks(marks))
}

fn no_attributes(value: &Value) -> String {
    match value.ty() {
        Type::List(_) | Type::Tuple(_) | Type::Set(_) => {
            "Can't access attributes on a list of objects. Did you mean to access an attribute for a specific element of the list, or across all elements of the list?"
                .to_owned()
        }
        _ => "Can't access attributes on a primitive-typed value.".to_owned(),
    }
}

/// `value[key]`
pub(crate) fn index(value: &Value, key: &Value, span: Span) -> Result<Value, Diagnostic> {
    let marks: Marks = value.marks().union(key.marks());
    let (value, key) = (value.unmarked(), key.unmarked());
    let invalid = |detail: String| Diagnostic::error("Invalid index", detail).at(span);
    if value.is_null() {
        return Err(Diagnostic::error("Attempt to index null value", "This value is null, so it does not have any indices.").at(span));
    }
    if key.is_null() {
        return Err(invalid("Can't use a null value as an indexing key.".to_owned()));
    }
    let unsuitable = |error: weir_value::ConvertError| invalid(format!("The given key does not identify an element in this collection value: {error}."));
    // The type of a long tuple is as long, so the elements of one must not each ask for it.
    let direct = match (value, key) {
        (Value::List(..) | Value::Tuple(_), Value::Number(at)) => Some(item(value, at, &invalid)?),
        (Value::Object(entries) | Value::Map(_, entries), Value::String(key)) => entries.get(key).cloned(),
        _ => None,
    };
    if let Some(found) = direct {
        return Ok(found.with_marks(marks));
    }
    let found = match (value, value.ty()) {
        (_, Type::Dynamic) => Value::unknown(Type::Dynamic),
        (_, Type::List(element)) => match (convert(key, &Type::Number).map_err(unsuitable)?, value) {
            (Value::Unknown(at), _) => like(&at, (*element).clone()),
            (_, Value::Unknown(unknown)) => like(unknown, (*element).clone()),
            (Value::Number(at), _) => item(value, &at, &invalid)?,
            _ => Value::unknown((*element).clone()),
        },
        (_, Type::Tuple(types)) => match (convert(key, &Type::Number).map_err(unsuitable)?, value) {
            (Value::Number(at), Value::Unknown(unknown)) => match at.to_i64().and_then(|at| types.get(usize::try_from(at).ok()?)) {
                Some(ty) => like(unknown, ty.clone()),
                None => return Err(invalid(outside(types.len(), &at))),
            },
            (Value::Number(at), _) => item(value, &at, &invalid)?,
            (Value::Unknown(at), _) => like(&at, Type::Dynamic),
            _ => Value::unknown(Type::Dynamic),
        },
        (_, Type::Map(element)) => match (convert(key, &Type::String).map_err(unsuitable)?, value) {
            (Value::Unknown(at), _) => like(&at, (*element).clone()),
            (_, Value::Unknown(unknown)) => like(unknown, (*element).clone()),
            (Value::String(key), Value::Map(_, entries)) => match entries.get(&key) {
                Some(found) => found.clone(),
                None if entries.is_empty() => {
                    return Err(invalid("The given key does not identify an element in this collection value: the collection has no elements.".to_owned()));
                }
                None => {
                    let hint = did_you_mean(&key, entries.keys().map(|name| &**name));
                    return Err(invalid(format!("The given key does not identify an element in this collection value.{hint}")));
                }
            },
            _ => Value::unknown((*element).clone()),
        },
        (_, Type::Object(object)) => match (convert(key, &Type::String).map_err(unsuitable)?, value) {
            (Value::Unknown(at), _) => like(&at, Type::Dynamic),
            (Value::String(key), _) => {
                let found = match value {
                    Value::Object(entries) => entries.get(&key).cloned(),
                    Value::Unknown(unknown) => object.attributes.get(&key).map(|ty| like(unknown, ty.clone())),
                    _ => None,
                };
                match found {
                    Some(found) => found,
                    None => {
                        let hint = did_you_mean(&key, object.attributes.keys().map(|name| &**name));
                        return Err(invalid(format!(
                            "The given key does not identify an element in this collection value: this object has no attribute {}.{hint}",
                            json_string(&key)
                        )));
                    }
                }
            }
            _ => Value::unknown(Type::Dynamic),
        },
        (_, Type::Set(_)) => {
            return Err(invalid("Elements of a set are identified only by their value and don't have any separate index or key to select with, so it's only possible to perform operations across all elements of the set.".to_owned()));
        }
        _ => return Err(invalid("This value does not have any indices.".to_owned())),
    };
    Ok(found.with_marks(marks))
}

fn item(value: &Value, at: &weir_value::Number, invalid: &dyn Fn(String) -> Diagnostic) -> Result<Value, Diagnostic> {
    let length = value.length().unwrap_or(0);
    if !at.is_whole() {
        return Err(invalid(format!(
            "The given key does not identify an element in this collection value: indexing a sequence requires a whole number, but the given index ({at}) has a fractional part."
        )));
    }
    let items = match value {
        Value::List(_, items) | Value::Tuple(items) => items,
        _ => return Err(invalid("This value does not have any indices.".to_owned())),
    };
    at.to_i64().and_then(|at| items.get(usize::try_from(at).ok()?)).cloned().ok_or_else(|| invalid(outside(length, at)))
}

fn outside(length: usize, at: &weir_value::Number) -> String {
    let why = if at.is_negative() {
        "a negative number is not a valid index for a sequence.".to_owned()
    } else if length == 0 {
        "the collection has no elements.".to_owned()
    } else {
        "the given index is greater than or equal to the length of the collection.".to_owned()
    };
    format!("The given key does not identify an element in this collection value: {why}")
}

/// Why a value cannot be iterated.
pub(crate) enum NotIterable {
    Null,
    Scalar,
}

/// Keys and elements in order; `None` while they are not known.
pub(crate) fn pairs(value: &Value) -> Result<Option<Vec<(Value, Value)>>, NotIterable> {
    match value.unmarked() {
        Value::Null(_) => Err(NotIterable::Null),
        Value::Unknown(unknown) => match unknown.ty {
            Type::Bool | Type::Number | Type::String => Err(NotIterable::Scalar),
            _ => Ok(None),
        },
        Value::List(_, items) | Value::Tuple(items) => Ok(Some(items.iter().enumerate().map(|(at, item)| (Value::from(at as u64), item.clone())).collect())),
        Value::Set(set) => Ok(Some(set.items.iter().map(|item| (item.clone(), item.clone())).collect())),
        Value::Map(_, entries) | Value::Object(entries) => Ok(Some(entries.iter().map(|(key, item)| (Value::String(key.clone()), item.clone())).collect())),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Marked(_) => Err(NotIterable::Scalar),
    }
}

/// The attribute names that a traversal begins with.
pub(crate) fn leading_names(steps: &[Step]) -> Vec<(&Arc<str>, Span)> {
    steps.iter().map_while(|step| if let Step::Attr(name, span) = step { Some((name, *span)) } else { None }).collect()
}

/// The value at the end of a traversal, if there is one.
pub(crate) fn follow(value: Value, steps: &[Step]) -> Option<Value> {
    steps.iter().try_fold(value, |value, step| match step {
        Step::Attr(name, span) => get_attr(&value, &Ident { name: name.clone(), span: *span }).ok(),
        Step::Index(key, span) => index(&value, key, *span).ok(),
    })
}

/// A traversal as it is written.
pub(crate) fn written(traversal: &Traversal) -> String {
    let mut text = traversal.root.name.to_string();
    for step in &traversal.steps {
        match step {
            Step::Attr(name, _) => text.push_str(&format!(".{name}")),
            Step::Index(Value::Number(at), _) => text.push_str(&format!("[{at}]")),
            Step::Index(Value::String(key), _) => text.push_str(&format!("[{}]", json_string(key))),
            Step::Index(..) => text.push_str("[…]"),
        }
    }
    text
}

/// What a value is, in a few words, for a diagnostic; nothing of what must not be shown.
pub(crate) fn summary(value: &Value) -> String {
    let marks = value.marks_deep();
    if marks.is_ephemeral() {
        return "has an ephemeral value".to_owned();
    }
    if marks.is_sensitive() {
        return "has a sensitive value".to_owned();
    }
    match value {
        Value::Null(_) => "is null".to_owned(),
        Value::Unknown(unknown) => match &unknown.cause {
            Some(cause) => format!("is a {}, known only after {cause}", unknown.ty.friendly_name()),
            None => format!("is a {}, known only after apply", unknown.ty.friendly_name()),
        },
        Value::Bool(truth) => format!("is {truth}"),
        Value::Number(number) => format!("is {number}"),
        Value::String(text) if text.chars().count() > 80 => format!("is a string of {} characters", text.chars().count()),
        Value::String(text) => format!("is {}", json_string(text)),
        other => match (other.ty(), other.length().unwrap_or(0)) {
            (Type::Object(_), count) => format!("is object with {}", counted(count, "attribute")),
            (ty, 0) => format!("is empty {}", ty.friendly_name()),
            (ty, count) => format!("is {} with {}", ty.friendly_name(), counted(count, "element")),
        },
    }
}

fn counted(count: usize, what: &str) -> String {
    match count {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}
