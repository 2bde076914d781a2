//! Between a resource's struct and the API's JSON: most attributes are called and typed alike, so a list of names says it all.

use serde_json::{Map, Value as Json};
use weir_provider::native::{ResourcePlan, Typed};
use weir_provider::{Attribute, Fault};
use weir_value::{Type, Value};

use crate::duration;

/// An attribute that the API has too.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    name: &'static str,
    api: &'static str,
    form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The same on both sides.
    Plain,
    /// Text of a duration; when the API answers seconds, they stay digits.
    Seconds,
    /// Text of a duration; when the API answers seconds, they become Go's text.
    Span,
    /// Networks: the API takes the `/32` off a single address.
    Networks,
    /// Words with commas between them, in any order.
    Words,
}

/// An attribute that is called alike on both sides.
pub(crate) const fn plain(name: &'static str) -> Field {
    Field { name, api: name, form: Form::Plain }
}
/// A duration that reads as digits.
pub(crate) const fn seconds(name: &'static str) -> Field {
    Field { name, api: name, form: Form::Seconds }
}
/// A duration that reads as Go's text.
pub(crate) const fn span(name: &'static str) -> Field {
    Field { name, api: name, form: Form::Span }
}
/// A set of networks.
pub(crate) const fn networks(name: &'static str) -> Field {
    Field { name, api: name, form: Form::Networks }
}
/// Words with commas, in any order.
pub(crate) const fn words(name: &'static str) -> Field {
    Field { name, api: name, form: Form::Words }
}

impl Field {
    /// The API calls it otherwise.
    pub(crate) const fn called(self, api: &'static str) -> Self {
        Self { api, ..self }
    }
}

/// The request: what `planned` sets, and the empty value for what `prior` had and `planned` has not.
pub(crate) fn body<T: Typed>(planned: &T, prior: Option<&T>, fields: &[Field]) -> Result<Map<String, Json>, Fault> {
    let planned = object(planned)?;
    let prior = prior.map(object).transpose()?.unwrap_or_default();
    let mut body = Map::new();
    for field in fields {
        let now = planned.get(field.name).unwrap_or(&Json::Null);
        match (now, prior.get(field.name).unwrap_or(&Json::Null)) {
            (Json::Null, before) if is_empty(before) => {}
            (Json::Null, before) => {
                body.insert(field.api.into(), emptied(before));
            }
            (now, _) => {
                body.insert(field.api.into(), now.clone());
            }
        }
    }
    Ok(body)
}

/// The struct with what the API says put in. What means the same stays as it was written, and nothing stays null where the API says "empty".
pub(crate) fn overlay<T: Typed>(known: &T, data: &Map<String, Json>, fields: &[Field]) -> Result<T, Fault> {
    let block = T::schema().block;
    let mut object = object(known)?;
    for field in fields {
        let (Some(attribute), Some(said)) = (block.attributes.get(field.name), data.get(field.api)) else { continue };
        let old = object.get(field.name).cloned().unwrap_or(Json::Null);
        let new = coerce(said, attribute, field.form);
        object.insert(field.name.into(), merged(&old, new, attribute, field.form));
    }
    serde_json::from_value(Json::Object(object)).map_err(|error| Fault::error("Unexpected answer from Vault", format!("{}: {error}", T::NAME)))
}

fn object<T: Typed>(data: &T) -> Result<Map<String, Json>, Fault> {
    match serde_json::to_value(data) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(_) => Ok(Map::new()),
        Err(error) => Err(Fault::error("Invalid resource", error.to_string())),
    }
}

fn coerce(said: &Json, attribute: &Attribute, form: Form) -> Json {
    match (said, &attribute.ty, form) {
        (Json::Number(number), Type::String, Form::Span) => number.as_u64().map_or_else(|| said.to_string(), duration::text).into(),
        (Json::Number(number), Type::String, _) => number.to_string().into(),
        (Json::Null, Type::List(_) | Type::Set(_), _) => Json::Array(Vec::new()),
        (said, ..) => said.clone(),
    }
}

fn merged(old: &Json, new: Json, attribute: &Attribute, form: Form) -> Json {
    // An attribute that is not set, and has no other meaning than empty, stays null.
    let plainly_optional = attribute.default.is_none() && !attribute.computed && !attribute.required;
    if old.is_null() && is_empty(&new) && plainly_optional {
        return Json::Null;
    }
    let same = match (old, &new) {
        (Json::String(a), Json::String(b)) => alike(a, b, form),
        (Json::Array(a), Json::Array(b)) if form == Form::Networks => networks_alike(a, b),
        _ => false,
    };
    if same { old.clone() } else { new }
}

fn alike(a: &str, b: &str, form: Form) -> bool {
    match form {
        Form::Seconds | Form::Span => duration::same(a, b),
        Form::Words => {
            let sorted = |text: &str| {
                let mut words: Vec<String> = text.split(',').map(|word| word.trim().to_owned()).collect();
                words.sort();
                words
            };
            sorted(a) == sorted(b)
        }
        Form::Plain | Form::Networks => a == b,
    }
}

fn networks_alike(a: &[Json], b: &[Json]) -> bool {
    let sorted = |items: &[Json]| {
        let mut networks: Vec<String> =
            items.iter().filter_map(Json::as_str).map(|text| text.strip_suffix("/32").or_else(|| text.strip_suffix("/128")).unwrap_or(text).to_owned()).collect();
        networks.sort();
        networks
    };
    sorted(a) == sorted(b)
}

pub(crate) fn is_empty(json: &Json) -> bool {
    match json {
        Json::Null | Json::Bool(false) => true,
        Json::Bool(true) => false,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(entries) => entries.is_empty(),
    }
}

fn emptied(before: &Json) -> Json {
    match before {
        Json::Null => Json::Null,
        Json::Bool(_) => Json::Bool(false),
        Json::Number(_) => Json::from(0),
        Json::String(_) => Json::from(""),
        Json::Array(_) => Json::Array(Vec::new()),
        Json::Object(_) => Json::Object(Map::new()),
    }
}

/// Takes false differences out of a plan: the same duration, network or words written otherwise, and an unset attribute whose value in the state is the empty one (other
/// tools record it so).
pub(crate) fn settle<T: Typed>(plan: &mut ResourcePlan<'_>, fields: &[Field]) {
    for (name, attribute) in &T::schema().block.attributes {
        if attribute.optional && !attribute.computed && plan.planned(name).is_null() && !plan.prior(name).is_null() {
            let prior = plan.prior(name);
            if empty_value(&prior) {
                plan.set(name, prior);
            }
        }
    }
    for field in fields.iter().filter(|field| field.form != Form::Plain) {
        plan.suppress(field.name, |prior, planned| match (prior.as_str(), planned.as_str()) {
            (Some(a), Some(b)) => alike(a, b, field.form),
            _ => {
                let texts = |value: &Value| value.elements().filter_map(|item| item.as_str().map(Json::from)).collect::<Vec<_>>();
                field.form == Form::Networks && networks_alike(&texts(prior), &texts(planned))
            }
        });
    }
}

fn empty_value(value: &Value) -> bool {
    match value {
        Value::Bool(truth) => !truth,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.to_i64() == Some(0),
        other => other.length() == Some(0),
    }
}
