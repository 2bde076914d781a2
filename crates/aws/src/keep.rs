//! What "nothing" looks like: the API shows zero values where an argument was never set, the state keeps the form that it had.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};
use weir_provider::native::Shape;
use weir_provider::{Attribute, Block, Fault};

/// What was read, in the form of what was there before. Where both mean nothing (unset, `false`, `0`, an empty text or collection):
///
/// - what is set in the state stays as it is there;
/// - what the plan of an object never leaves unset (an argument that is required, computed or has a default) is what was read;
/// - an import, which has nothing but the id to go by, takes `false` and `0` as the API says them;
/// - everything else was never set.
///
/// # Errors
/// The type cannot be written as JSON, or read from it.
pub(crate) fn form<T: Serialize + DeserializeOwned + Shape>(prior: &T, read: &T) -> Result<T, Fault> {
    let failed = |error: serde_json::Error| Fault::error("State is not of the type's form", error.to_string());
    let (prior, read) = (serde_json::to_value(prior).map_err(failed)?, serde_json::to_value(read).map_err(failed)?);
    let imported = prior.as_object().is_some_and(|entries| entries.iter().all(|(name, value)| name == "id" || is_zero(value)));
    serde_json::from_value(Form { imported }.object(&T::block(), Some(&prior), read)).map_err(failed)
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

struct Form {
    /// There is no state whose form could be kept.
    imported: bool,
}

impl Form {
    fn object(&self, block: &Block, prior: Option<&Json>, read: Json) -> Json {
        let Json::Object(entries) = read else { return read };
        let mut kept = Map::new();
        for (name, value) in entries {
            let before = prior.and_then(|prior| prior.get(&name));
            let value = match (block.blocks.get(name.as_str()), block.attributes.get(name.as_str())) {
                (Some(nested), _) => self.blocks(&nested.block, before, value),
                (None, Some(attribute)) => self.attribute(attribute, before.unwrap_or(&Json::Null), value),
                (None, None) => value,
            };
            kept.insert(name, value);
        }
        Json::Object(kept)
    }

    /// Nested blocks: a list or set of them, or a single one.
    fn blocks(&self, block: &Block, prior: Option<&Json>, read: Json) -> Json {
        let Json::Array(items) = read else { return self.object(block, prior, read) };
        let before = prior.and_then(Json::as_array).map_or(&[] as &[Json], Vec::as_slice);
        let keep = |(at, item): (usize, Json)| {
            // Sets have no order: an element that only differs in form is the same one.
            let same = before.iter().find(|before| self.object(block, Some(before), item.clone()) == **before);
            self.object(block, same.or(before.get(at)), item)
        };
        items.into_iter().enumerate().map(keep).collect()
    }

    fn attribute(&self, attribute: &Attribute, prior: &Json, read: Json) -> Json {
        if !is_zero(prior) || !is_zero(&read) {
            return read;
        }
        let always_set = attribute.required || attribute.computed || attribute.default.is_some();
        let said = self.imported && (read.is_boolean() || read.is_number());
        if prior.is_null() && !read.is_null() && (always_set || said) { read } else { prior.clone() }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;
    use weir_provider::Schema;

    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
    #[serde(default)]
    struct Thing {
        /// Id.
        #[schema(optional, computed)]
        id: Option<String>,
        /// A text.
        #[schema(optional)]
        text: Option<String>,
        /// A switch.
        #[schema(optional)]
        switch: Option<bool>,
        /// A switch that is off.
        #[schema(optional, default = false)]
        off: Option<bool>,
        /// A number that the provider knows.
        #[schema(optional, computed)]
        number: Option<i64>,
        /// A list.
        #[schema(optional)]
        list: Option<Vec<String>>,
        /// Tags.
        #[schema(optional)]
        tags: crate::tags::Tags,
        /// Parts.
        #[schema(block, set)]
        part: Vec<Part>,
    }

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
    #[serde(default)]
    struct Part {
        /// Key.
        #[schema(required)]
        key: Option<i64>,
        /// Value.
        #[schema(optional)]
        value: Option<String>,
        /// A switch.
        #[schema(optional)]
        switch: Option<bool>,
    }

    fn thing(value: Json) -> Thing {
        serde_json::from_value(value).expect("thing")
    }

    #[track_caller]
    fn check(prior: Json, read: Json, expected: Json) {
        assert_eq!(form(&thing(prior), &thing(read)).expect("form"), thing(expected));
    }

    #[test]
    fn nothing_keeps_its_form() {
        check(json!({"id": "a", "text": null, "switch": false}), json!({"id": "a", "text": "", "switch": null}), json!({"id": "a", "text": null, "switch": false}));
        check(json!({"text": "", "list": []}), json!({"text": null, "list": null}), json!({"text": "", "list": []}));
        check(json!({"text": "x", "list": null}), json!({"text": null, "list": []}), json!({"text": null, "list": null}));
        check(json!({"text": "x", "switch": true}), json!({"text": "x", "switch": false}), json!({"text": "x", "switch": false}));
        check(json!({"text": "x", "switch": null}), json!({"text": "x", "switch": false}), json!({"text": "x", "switch": null}));
    }

    #[test]
    fn what_is_never_unset_is_what_was_read() {
        check(json!({"text": "x", "off": null, "number": null}), json!({"text": "x", "off": false, "number": 0}), json!({"text": "x", "off": false, "number": 0}));
        check(json!({"text": "x", "number": 0}), json!({"text": "x", "number": null}), json!({"text": "x", "number": 0}));
        check(json!({"text": "x"}), json!({"text": "x", "part": [{"key": 0}]}), json!({"text": "x", "part": [{"key": 0}]}));
    }

    #[test]
    fn an_import_is_as_the_api_says() {
        let read = json!({"id": "a", "text": "", "switch": false, "off": false, "number": 0, "list": [], "part": [{"key": 1, "value": "", "switch": false}]});
        let expected = json!({"id": "a", "text": null, "switch": false, "off": false, "number": 0, "list": null, "part": [{"key": 1, "value": null, "switch": false}]});
        check(json!({"id": "a"}), read, expected);
    }

    #[test]
    fn elements_of_a_set_are_found_again() {
        let prior = json!({"text": "x", "part": [{"key": 1, "value": null}, {"key": 2, "value": ""}]});
        let read = json!({"text": "x", "part": [{"key": 2, "value": null}, {"key": 1, "value": ""}]});
        check(prior, read, json!({"text": "x", "part": [{"key": 2, "value": ""}, {"key": 1, "value": null}]}));
    }

    #[test]
    fn an_empty_tag_is_a_tag() {
        check(json!({"id": "a"}), json!({"id": "a", "tags": {"k": ""}}), json!({"id": "a", "tags": {"k": ""}}));
    }
}
