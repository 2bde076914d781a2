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
        (Json::Object(a), Json::Object(b)) if !a.contains_key(DIGEST) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| fills_in(a, b)))
        }
        (a, b) => a == b,
    }
}
