//! Typed structs from values and back.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use weir_value::{Number, Type, Value, convert};

use crate::Fault;

/// The struct of a known value: null attributes are absent (so `#[serde(default)]` applies), marks are ignored.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, Fault> {
    let json = to_json(value)?;
    serde_json::from_value(json).map_err(|error| Fault::error("Value does not fit the provider's type", error.to_string()))
}

/// The value, of type `ty`, of a struct: absent and `None` fields are null.
pub fn to_value<T: Serialize>(data: &T, ty: &Type) -> Result<Value, Fault> {
    let json = serde_json::to_value(data).map_err(|error| Fault::error("Invalid provider result", error.to_string()))?;
    typed(&of_json(&json), ty).map_err(|error| Fault::error("Invalid provider result", error.to_string()))
}

/// Converts to an object type whose absent attributes become null.
fn typed(value: &Value, ty: &Type) -> Result<Value, weir_value::ConvertError> {
    match (value, ty) {
        (Value::Object(entries), Type::Object(object)) => object
            .attributes
            .iter()
            .map(|(name, ty)| {
                let value = entries.get(name).map_or_else(|| Ok(Value::Null(ty.clone())), |value| typed(value, ty));
                value.map(|value| (name.clone(), value))
            })
            .collect::<Result<Vec<_>, _>>()
            .map(Value::object),
        (Value::Tuple(items), Type::List(element)) => Ok(Value::list((**element).clone(), items.iter().map(|item| typed(item, element)).collect::<Result<Vec<_>, _>>()?)),
        (Value::Tuple(items), Type::Set(element)) => Ok(Value::set((**element).clone(), items.iter().map(|item| typed(item, element)).collect::<Result<Vec<_>, _>>()?)),
        (Value::Object(entries), Type::Map(element)) => Ok(Value::map(
            (**element).clone(),
            entries.iter().map(|(key, value)| typed(value, element).map(|value| (key.clone(), value))).collect::<Result<Vec<_>, _>>()?,
        )),
        _ => convert(value, ty),
    }
}

fn to_json(value: &Value) -> Result<Json, Fault> {
    Ok(match value {
        Value::Null(_) => Json::Null,
        Value::Unknown(_) => return Err(Fault::error("Value is not known yet", "An operation was started with an unknown value.")),
        Value::Bool(truth) => Json::Bool(*truth),
        Value::Number(number) => match number.to_i64() {
            Some(whole) => Json::from(whole),
            None => Json::from(number.to_f64()),
        },
        Value::String(text) => Json::String(text.to_string()),
        Value::Marked(marked) => to_json(&marked.value)?,
        Value::Map(_, entries) | Value::Object(entries) => {
            let mut object = serde_json::Map::new();
            for (name, item) in entries.iter() {
                if !item.is_null() {
                    object.insert(name.to_string(), to_json(item)?);
                }
            }
            Json::Object(object)
        }
        Value::List(_, items) | Value::Tuple(items) => Json::Array(items.iter().map(to_json).collect::<Result<_, _>>()?),
        Value::Set(set) => Json::Array(set.items.iter().map(to_json).collect::<Result<_, _>>()?),
    })
}

fn of_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::null(),
        Json::Bool(truth) => Value::from(*truth),
        Json::Number(number) => Number::parse(&number.to_string()).map_or_else(Value::null, Value::Number),
        Json::String(text) => Value::string(text),
        Json::Array(items) => Value::tuple(items.iter().map(of_json)),
        Json::Object(entries) => Value::object(entries.iter().map(|(name, item)| (name.as_str(), of_json(item)))),
    }
}
