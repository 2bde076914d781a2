//! Values as they may be written into a plan: what is not known is marked, what must not be shown is a digest.

use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};
use weir_value::Value;

/// The key that stands for a value which is not known yet.
pub(crate) const UNKNOWN: &str = "$unknown";
/// The key that stands for a value which must not be shown.
pub(crate) const DIGEST: &str = "$digest";

/// The value for a plan file. `salt` keeps digests of different plans apart.
pub(crate) fn encode(value: &Value, salt: &str) -> Json {
    match value {
        Value::Marked(marked) => {
            if !marked.value.is_wholly_known() {
                return json!({ UNKNOWN: true });
            }
            let text = weir_value::encode_json(&marked.value.expose("only a salted digest of it is written")).unwrap_or_default();
            json!({ DIGEST: hex::encode(Sha256::new().chain_update(salt).chain_update(text).finalize()) })
        }
        Value::Unknown(_) => json!({ UNKNOWN: true }),
        Value::Null(_) => Json::Null,
        Value::Bool(truth) => Json::Bool(*truth),
        // As text: exact, whatever its size.
        Value::Number(number) => json!({ "$number": number.to_string() }),
        Value::String(text) => Json::String(text.to_string()),
        Value::List(..) | Value::Tuple(_) | Value::Set(_) => Json::Array(value.elements().map(|item| encode(item, salt)).collect()),
        Value::Map(_, entries) | Value::Object(entries) => Json::Object(entries.iter().map(|(key, item)| (key.to_string(), encode(item, salt))).collect::<Map<_, _>>()),
    }
}

/// True when `now` is `approved` with at most unknown parts filled in.
pub(crate) fn fills_in(approved: &Json, now: &Json) -> bool {
    match (approved, now) {
        (Json::Object(marker), _) if marker.contains_key(UNKNOWN) => true,
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| fills_in(a, b)),
        (Json::Object(a), Json::Object(b)) if !a.contains_key(DIGEST) => a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| fills_in(a, b))),
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_value::{Marks, Type};

    fn check(approved: Value, now: Value, wanted: bool) {
        assert_eq!(fills_in(&encode(&approved, "salt"), &encode(&now, "salt")), wanted, "{approved:?} and {now:?}");
    }

    #[test]
    fn only_what_was_unknown_may_be_filled_in() {
        let unknown = || Value::unknown(Type::String);
        let object = |id: Value, size: i64| Value::object([("id", id), ("size", Value::from(size))]);
        check(object(unknown(), 1), object("i-1".into(), 1), true);
        check(object(unknown(), 1), object("i-1".into(), 2), false);
        check(object("i-1".into(), 1), object("i-2".into(), 1), false);
        check(object("i-1".into(), 1), object(unknown(), 1), false);
        check(unknown(), Value::null(), true);
        check(Value::tuple([unknown()]), Value::tuple([Value::from("a"), Value::from("b")]), false);
        check(Value::unknown(Type::list(Type::String)), Value::tuple([Value::from("a"), Value::from("b")]), true);
        check(Value::from("1"), Value::from(1), false);
        check(Value::from("1.0"), Value::from("1"), false);
    }

    #[test]
    fn secrets_are_compared_by_a_salted_digest() {
        let secret = |text: &str| Value::from(text).with_marks(Marks::SENSITIVE);
        check(secret("a"), secret("a"), true);
        check(secret("a"), secret("b"), false);
        assert_ne!(encode(&secret("a"), "one"), encode(&secret("a"), "two"));
        assert!(!encode(&secret("sesame"), "salt").to_string().contains("sesame"));
    }
}
