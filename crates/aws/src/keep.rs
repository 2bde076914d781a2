//! What "nothing" looks like: the API shows zero values where an argument was never set, the state keeps the form that it had.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use weir_provider::Fault;

/// What was read, in the form of what was there before: where both mean nothing (unset, `false`, `0`, an empty text or collection), what was there before stays.
pub(crate) fn form<T: Serialize + DeserializeOwned>(prior: &T, read: &T) -> Result<T, Fault> {
    let failed = |error: serde_json::Error| Fault::error("State is not of the type's form", error.to_string());
    let (prior, read) = (serde_json::to_value(prior).map_err(failed)?, serde_json::to_value(read).map_err(failed)?);
    serde_json::from_value(kept(Some(&prior), read)).map_err(failed)
}

fn is_zero(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Bool(truth) => !truth,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(entries) => entries.is_empty(),
    }
}

fn kept(prior: Option<&Json>, read: Json) -> Json {
    match (prior, read) {
        (Some(prior), read) if is_zero(prior) && is_zero(&read) => prior.clone(),
        (prior, Json::Object(entries)) => entries
            .into_iter()
            .map(|(name, value)| {
                let value = kept(prior.and_then(|prior| prior.get(&name)), value);
                (name, value)
            })
            .collect(),
        (prior, Json::Array(items)) => {
            let before = prior.and_then(Json::as_array);
            items
                .into_iter()
                .enumerate()
                .map(|(at, item)| {
                    // Sets have no order: an element that only differs in form is the same one.
                    let same = before.and_then(|before| before.iter().find(|before| kept(Some(before), item.clone()) == **before));
                    kept(same.or_else(|| before?.get(at).filter(|before| before.is_object())), item)
                })
                .collect()
        }
        (None, read) if is_zero(&read) => Json::Null,
        (_, read) => read,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(prior: Json, read: Json, expected: Json) {
        assert_eq!(form(&prior, &read).expect("form"), expected);
    }

    #[test]
    fn nothing_keeps_its_form() {
        check(json!({"a": null, "b": "", "c": false, "d": null}), json!({"a": "", "b": null, "c": null, "d": 1}), json!({"a": null, "b": "", "c": false, "d": 1}));
        check(json!({"a": [], "b": null, "c": []}), json!({"a": [], "b": [], "c": [{"x": 0, "y": []}]}), json!({"a": [], "b": null, "c": [{"x": null, "y": []}]}));
        check(json!([{"k": 1, "v": null}, {"k": 2, "v": ""}]), json!([{"k": 2, "v": null}, {"k": 1, "v": ""}]), json!([{"k": 2, "v": ""}, {"k": 1, "v": null}]));
        check(json!({"a": true}), json!({"a": false}), json!({"a": false}));
    }
}
