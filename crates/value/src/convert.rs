//! Conversion of a value to a type, by the rules of the language.

use std::collections::BTreeMap;
use std::sync::Arc;

use thiserror::Error;

use crate::{Number, ObjectType, Path, PathStep, Refinement, Type, Unknown, Value, unify};

/// Why a value does not fit a type.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}{message}", prefix(path))]
pub struct ConvertError {
    /// The element that does not fit.
    pub path: Path,
    /// What is wrong with it: `string required, but have object`.
    pub message: String,
}

fn prefix(path: &Path) -> String {
    path.0
        .iter()
        .map(|step| match step {
            PathStep::Attr(name) => format!("attribute \"{name}\": "),
            PathStep::Index(key) => match key.unmarked() {
                Value::Number(at) => format!("element {at}: "),
                Value::String(key) => format!("element {}: ", crate::json_string(key)),
                _ => "element: ".to_owned(),
            },
        })
        .collect()
}

/// The value as one of type `ty`; marks stay where they are.
pub fn convert(value: &Value, ty: &Type) -> Result<Value, ConvertError> {
    let mut path = Path::root();
    at(value, ty, &mut path)
}

fn at(value: &Value, ty: &Type, path: &mut Path) -> Result<Value, ConvertError> {
    if *ty == Type::Dynamic {
        return Ok(value.clone());
    }
    match value {
        Value::Marked(marked) => Ok(at(&marked.value, ty, path)?.with_marks(marked.marks)),
        Value::Null(from) => {
            if possible(from, ty) {
                Ok(Value::Null(plain(ty)))
            } else {
                Err(mismatch(from, ty, path))
            }
        }
        Value::Unknown(unknown) => from_unknown(unknown, ty, path),
        _ => from_known(value, ty, path),
    }
}

/// The type without its optional marks: what a value of it has.
fn plain(ty: &Type) -> Type {
    match ty {
        Type::List(element) => Type::list(plain(element)),
        Type::Set(element) => Type::set(plain(element)),
        Type::Map(element) => Type::map(plain(element)),
        Type::Tuple(elements) => Type::tuple(elements.iter().map(plain)),
        Type::Object(object) => Type::object(object.attributes.iter().map(|(name, ty)| (name.clone(), plain(ty)))),
        other => other.clone(),
    }
}

fn from_unknown(unknown: &Unknown, ty: &Type, path: &Path) -> Result<Value, ConvertError> {
    if !possible(&unknown.ty, ty) {
        return Err(mismatch(&unknown.ty, ty, path));
    }
    let mut refinement = unknown.refinement.clone();
    if !matches!((&unknown.ty, ty), (Type::String, Type::String)) {
        refinement.prefix = "".into();
    }
    if matches!(ty, Type::Set(_)) {
        refinement.min_length = refinement.min_length.min(1);
    }
    Ok(Value::Unknown(Arc::new(Unknown { ty: plain(ty), refinement, cause: unknown.cause.clone() })))
}

/// True when some value of `from` could become one of `to`.
pub(crate) fn possible(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (Type::Dynamic, _) | (_, Type::Dynamic) => true,
        (a, b) if a == b => true,
        (Type::Bool | Type::Number, Type::String) | (Type::String, Type::Bool | Type::Number) => true,
        (Type::List(a) | Type::Set(a), Type::List(b) | Type::Set(b)) | (Type::Map(a), Type::Map(b)) => possible(a, b),
        (Type::Tuple(items), Type::List(b) | Type::Set(b)) => items.iter().all(|a| possible(a, b)),
        (Type::Tuple(a), Type::Tuple(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| possible(a, b)),
        (Type::Object(object), Type::Map(b)) => object.attributes.values().all(|a| possible(a, b)),
        (Type::Map(a), Type::Object(object)) => object.attributes.values().all(|b| possible(a, b)),
        (Type::Object(a), Type::Object(b)) => b.attributes.iter().all(|(name, ty)| match a.attributes.get(name) {
            Some(from) => possible(from, ty),
            None => b.optional.contains(name),
        }),
        _ => false,
    }
}

fn mismatch(from: &Type, to: &Type, path: &Path) -> ConvertError {
    if let (Type::Object(a), Type::Object(b)) = (from, to)
        && let Some(error) = missing(|name| a.attributes.contains_key(name), b, path)
    {
        return error;
    }
    let want = match to {
        Type::List(_) | Type::Set(_) | Type::Map(_) => to.friendly_name(),
        other => other.friendly_name(),
    };
    ConvertError { path: path.clone(), message: format!("{want} required, but have {}", from.friendly_name()) }
}

fn missing(has: impl Fn(&str) -> bool, object: &ObjectType, path: &Path) -> Option<ConvertError> {
    let names: Vec<&str> = object.attributes.keys().filter(|name| !object.optional.contains(*name) && !has(name)).map(|name| &**name).collect();
    let message = match names.as_slice() {
        [] => return None,
        [one] => format!("attribute \"{one}\" is required"),
        [init @ .., last] => {
            let list: Vec<String> = init.iter().map(|name| format!("\"{name}\"")).collect();
            format!("attributes {} and \"{last}\" are required", list.join(", "))
        }
    };
    Some(ConvertError { path: path.clone(), message })
}

fn from_known(value: &Value, ty: &Type, path: &mut Path) -> Result<Value, ConvertError> {
    match (value, ty) {
        (Value::Bool(_), Type::Bool) | (Value::Number(_), Type::Number) | (Value::String(_), Type::String) => Ok(value.clone()),
        (Value::Bool(truth), Type::String) => Ok(Value::from(if *truth { "true" } else { "false" })),
        (Value::Number(number), Type::String) => Ok(Value::from(number.to_string())),
        (Value::String(text), Type::Number) => {
            Number::parse(text).map(Value::Number).ok_or_else(|| ConvertError { path: path.clone(), message: "a number is required".to_owned() })
        }
        (Value::String(text), Type::Bool) => match &**text {
            "true" | "1" => Ok(Value::Bool(true)),
            "false" | "0" => Ok(Value::Bool(false)),
            _ => Err(ConvertError { path: path.clone(), message: bool_message(text) }),
        },
        (Value::List(from, items), Type::List(to)) if from == &**to => Ok(Value::List(from.clone(), items.clone())),
        (Value::Map(from, entries), Type::Map(to)) if from == &**to => Ok(Value::Map(from.clone(), entries.clone())),
        (Value::Set(set), Type::Set(to)) if set.element == **to => Ok(value.clone()),
        (Value::Set(set), Type::List(to)) if !value.is_wholly_known() => {
            // Where an element will stand, and whether it is one of its own, is not known before all of them are.
            let (element, _) = collection(value, to, path)?;
            let refinement = Refinement { not_null: true, min_length: 1, max_length: Some(set.items.len() as u64), ..Refinement::default() };
            Ok(Value::Unknown(Arc::new(Unknown { ty: Type::list(element), refinement, cause: value.cause() })))
        }
        (Value::List(..) | Value::Tuple(_) | Value::Set(_), Type::List(to)) => {
            let (element, items) = collection(value, to, path)?;
            Ok(Value::list(element, items))
        }
        (Value::List(..) | Value::Tuple(_) | Value::Set(_), Type::Set(to)) => {
            let (element, items) = collection(value, to, path)?;
            Ok(Value::set(element, items))
        }
        (Value::Tuple(items), Type::Tuple(types)) if items.len() == types.len() => {
            let mut converted = Vec::with_capacity(items.len());
            for (index, (item, ty)) in items.iter().zip(types.iter()).enumerate() {
                converted.push(step(item, ty, path, PathStep::Index(Value::from(index as u64)))?);
            }
            Ok(Value::tuple(converted))
        }
        (Value::Map(_, entries) | Value::Object(entries), Type::Map(to)) => {
            let element = if **to == Type::Dynamic {
                let types: Vec<Type> = entries.values().map(Value::ty).collect();
                unify(&types).ok_or_else(|| ConvertError { path: path.clone(), message: "all map elements must have the same type".to_owned() })?
            } else {
                (**to).clone()
            };
            let mut converted = BTreeMap::new();
            for (key, item) in entries.iter() {
                let key_step = PathStep::Index(Value::String(key.clone()));
                converted.insert(key.clone(), step(item, &element, path, key_step)?);
            }
            let element = settle(&element, converted.values());
            Ok(Value::Map(element, Arc::new(converted)))
        }
        (Value::Map(_, entries) | Value::Object(entries), Type::Object(object)) => {
            if let Some(error) = missing(|name| entries.contains_key(name), object, path) {
                return Err(error);
            }
            let mut converted = BTreeMap::new();
            for (name, ty) in &object.attributes {
                let item = match entries.get(name) {
                    Some(item) => step(item, ty, path, PathStep::Attr(name.clone()))?,
                    None => Value::Null(plain(ty)),
                };
                converted.insert(name.clone(), item);
            }
            Ok(Value::Object(Arc::new(converted)))
        }
        _ => Err(mismatch(&value.ty(), ty, path)),
    }
}

fn bool_message(text: &str) -> String {
    match text.to_ascii_lowercase().as_str() {
        lower @ ("true" | "false") => format!("a bool is required; to convert from string, use lowercase \"{lower}\""),
        _ => "a bool is required".to_owned(),
    }
}

fn step(item: &Value, ty: &Type, path: &mut Path, step: PathStep) -> Result<Value, ConvertError> {
    path.0.push(step);
    let converted = at(item, ty, path);
    path.0.pop();
    converted
}

fn collection(value: &Value, to: &Type, path: &mut Path) -> Result<(Type, Vec<Value>), ConvertError> {
    let element = if *to == Type::Dynamic {
        let types: Vec<Type> = value.elements().map(Value::ty).collect();
        if types.is_empty()
            && let Some(own) = value.ty().element()
        {
            own.clone()
        } else {
            unify(&types).ok_or_else(|| ConvertError { path: path.clone(), message: "all list elements must have the same type".to_owned() })?
        }
    } else {
        to.clone()
    };
    let mut items = Vec::with_capacity(value.length().unwrap_or(0));
    for (index, item) in value.elements().enumerate() {
        items.push(step(item, &element, path, PathStep::Index(Value::from(index as u64)))?);
    }
    let element = settle(&element, items.iter());
    Ok((element, items))
}

/// The element type of a converted collection: the constraint, with `any` inside it settled by the elements.
fn settle<'a>(element: &Type, mut items: impl Iterator<Item = &'a Value>) -> Type {
    if element.has_dynamic() { items.next().map_or_else(|| plain(element), Value::ty) } else { plain(element) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: Value, ty: &Type, expected: &str) {
        let text = match convert(&value, ty) {
            Ok(value) => format!("{value:?}"),
            Err(error) => error.to_string(),
        };
        assert_eq!(text, expected);
    }

    #[test]
    fn scalars() {
        check(Value::from(1), &Type::String, "\"1\"");
        check(Value::from("1.5"), &Type::Number, "1.5");
        check(Value::from("x"), &Type::Number, "a number is required");
        check(Value::from("True"), &Type::Bool, "a bool is required; to convert from string, use lowercase \"true\"");
        check(Value::null(), &Type::String, "null:string");
        check(Value::tuple([]), &Type::String, "string required, but have tuple");
    }

    #[test]
    fn containers() {
        let tuple = Value::tuple([Value::from(1), Value::from("b")]);
        check(tuple.clone(), &Type::list(Type::String), "[\"1\", \"b\"]");
        check(tuple.clone(), &Type::list(Type::Dynamic), "[\"1\", \"b\"]");
        check(tuple, &Type::set(Type::Number), "element 1: a number is required");
        let object = Value::object([("a", Value::from(1)), ("b", Value::from(true))]);
        check(object.clone(), &Type::map(Type::String), "{\"a\": \"1\", \"b\": \"true\"}");
        check(object.clone(), &Type::object([("a", Type::String)]), "{\"a\": \"1\"}");
        check(object, &Type::object([("c", Type::String), ("d", Type::String)]), "attributes \"c\" and \"d\" are required");
        let optional = ObjectType { attributes: [("a".into(), Type::Bool)].into(), optional: ["a".into()].into() };
        check(Value::object::<&str>([]), &Type::Object(Arc::new(optional)), "{\"a\": null:bool}");
    }

    #[test]
    fn marks_and_unknowns_survive() {
        let secret = Value::from(1).with_marks(crate::Marks::SENSITIVE);
        assert_eq!(convert(&secret, &Type::String).unwrap().marks(), crate::Marks::SENSITIVE);
        check(Value::unknown(Type::Number), &Type::String, "unknown:string");
        check(Value::unknown(Type::Dynamic), &Type::list(Type::Bool), "unknown:list(bool)");
        check(Value::set(Type::String, [Value::from("a"), Value::unknown(Type::String)]), &Type::list(Type::String), "unknown:list(string)");
    }
}
