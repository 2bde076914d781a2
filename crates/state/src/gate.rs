//! What Weir adds to a state file: stages, gates, the approval in force, what data sources answered.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use weir_addr::{GateName, InstanceAddr, StageName};
use weir_value::{JsonError, Type, Value};

use crate::RawJson;

/// The top-level member `weir` of a state file. Other programs ignore it; it is left out when there is nothing in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WeirSection {
    /// The stages that were applied, in the order of the configuration.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageName>,
    /// The gates that were ever acted upon.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub gates: BTreeMap<GateName, GateRecord>,
    /// The plan that was approved and is not done yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<RawJson>,
    /// What data sources answered last, for `plan -offline`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<InstanceAddr, RawJson>,
}

impl WeirSection {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What is recorded about one gate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GateRecord {
    /// Open or closed; whether an open gate is stale is found anew at each plan.
    pub state: GateState,
    /// The inputs that were accepted.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<Arc<str>, InputRecord>,
    /// Who approved since it was last closed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Approval>,
    /// SHA-256 of the instructions as they were when it was opened, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions_digest: Option<String>,
    /// Everything that was done, oldest first; never shortened.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<GateEvent>,
}

/// Whether what lies behind a gate may be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GateState {
    /// Inputs were accepted and checks held.
    Open,
    /// Not opened yet, or closed again.
    #[default]
    Closed,
}

/// One input as it was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputRecord {
    /// The value with its type; none for an ephemeral input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<RawJson>,
    /// SHA-256 of salt and value, hexadecimal.
    pub digest: String,
    /// Random, so that a short secret cannot be guessed from equal digests.
    pub salt: String,
    /// Whether it is hidden.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
    /// Whether its value is stored nowhere.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ephemeral: bool,
}

impl InputRecord {
    /// The record of `value`, which must be known. What is marked ephemeral, anywhere in it, leaves only its digest.
    pub fn new(value: &Value) -> Result<Self, JsonError> {
        let marks = value.marks_deep();
        let salt = uuid::Uuid::new_v4().simple().to_string();
        let text = text_of(value)?;
        Ok(Self {
            digest: digest(&salt, text.as_str()),
            value: (!marks.is_ephemeral()).then_some(text),
            salt,
            sensitive: marks.is_sensitive(),
            ephemeral: marks.is_ephemeral(),
        })
    }

    /// Whether `value` is what was recorded.
    pub fn matches(&self, value: &Value) -> bool {
        text_of(value).is_ok_and(|text| digest(&self.salt, text.as_str()) == self.digest)
    }

    /// The recorded value, marked as it was; none for an ephemeral input.
    pub fn value(&self) -> Result<Option<Value>, JsonError> {
        let Some(raw) = &self.value else { return Ok(None) };
        let value = raw.decode(&Type::Dynamic)?;
        Ok(Some(if self.sensitive { value.with_marks(weir_value::Marks::SENSITIVE) } else { value }))
    }
}

fn text_of(value: &Value) -> Result<RawJson, JsonError> {
    RawJson::encode(&value.expose("a gate's input is digested, and stored in the state unless it is ephemeral"), &Type::Dynamic)
}

fn digest(salt: &str, text: &str) -> String {
    hexadecimal(Sha256::new().chain_update(salt).chain_update(text).finalize().as_slice())
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// One person's consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The approver.
    pub who: String,
    /// RFC 3339, UTC.
    pub when: String,
}

/// Something that was done to a gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateEvent {
    /// What was done.
    pub action: GateAction,
    /// By whom.
    pub who: String,
    /// RFC 3339, UTC.
    pub when: String,
    /// Why, in the words of whoever did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Digest of the plan that was in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_digest: Option<String>,
    /// Digest of each input that was offered.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<Arc<str>, String>,
    /// The result of each check.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckRecord>,
}

/// What can be done to a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GateAction {
    /// Inputs accepted.
    Open,
    /// Consent given.
    Approve,
    /// Closed again.
    Close,
    /// Inputs not accepted.
    Refuse,
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRecord {
    /// Label of the check.
    pub name: String,
    /// Whether it held.
    pub ok: bool,
    /// What it said if not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_value::Marks;

    #[test]
    fn an_ephemeral_input_leaves_only_a_digest() {
        let secret = Value::string("hunter2").with_marks(Marks::EPHEMERAL);
        let record = InputRecord::new(&secret).unwrap();
        let text = serde_json::to_string(&record).unwrap();
        assert!(!text.contains("hunter2") && record.value().unwrap().is_none() && record.ephemeral);
        assert!(record.matches(&secret) && !record.matches(&Value::string("hunter3")));
        assert_ne!(record.digest, InputRecord::new(&secret).unwrap().digest);
    }

    #[test]
    fn a_sensitive_input_comes_back_marked() {
        let record = InputRecord::new(&Value::object([("a", Value::string("x").with_marks(Marks::SENSITIVE))])).unwrap();
        let back: InputRecord = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
        assert_eq!(back, record);
        assert!(back.value().unwrap().unwrap().marks().is_sensitive());
        assert!(InputRecord::new(&Value::unknown(Type::String)).is_err());
    }
}
