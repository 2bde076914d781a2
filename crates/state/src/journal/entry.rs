//! The records of a journal.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use weir_addr::{InstanceAddr, ProviderConfigAddr};

use crate::{RawJson, Record};

/// What an operation does to its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// Makes it.
    Create,
    /// Changes it in place.
    Update,
    /// Destroys it.
    Delete,
    /// Sets the current object aside in the state, as deposed, before its replacement is created. No call is made.
    Depose,
    /// Takes an object that exists into the state. No call changes it.
    Import,
}

/// What is about to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Given by [`Journal::begin`](crate::Journal::begin).
    pub seq: u64,
    /// What.
    pub op: Op,
    /// To which instance.
    pub address: InstanceAddr,
    /// To which of its deposed objects; with [`Op::Depose`] the key that the current one gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposed: Option<Arc<str>>,
    /// With which configuration of which provider.
    pub provider: ProviderConfigAddr,
    /// Random UUID: the client token of the call, or the value of its marker tag.
    pub token: String,
    /// Whether the call changes the outside world, so that the intent must be on disk before. Not so for objects that exist in the state only.
    pub durable: bool,
    /// Provisioners run after the creation, so that an object which is found without more is tainted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub provisioned: bool,
    /// The planned attributes without secrets: what identifies the object when there is no token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<RawJson>,
}

impl Intent {
    /// A durable intent with a token of its own.
    pub fn new(op: Op, address: InstanceAddr, provider: ProviderConfigAddr) -> Self {
        let token = uuid::Uuid::new_v4().to_string();
        Self { seq: 0, op, address, deposed: None, provider, token, durable: true, provisioned: false, planned: None }
    }
}

/// How an operation ended that did what it was to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The object is there: created, updated or imported.
    Recorded(Arc<Record>),
    /// The object is gone.
    Deleted,
    /// The current object of the state is a deposed one now.
    Deposed,
}

/// The first line of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Version of the format: 1.
    pub journal: u32,
    /// Lineage of the state that it belongs to.
    pub lineage: Arc<str>,
    /// Serial of the state that it begins with.
    pub serial: u64,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Entry {
    /// The journal begins.
    Open(Opening),
    /// An operation begins.
    Begin(Intent),
    /// Its object exists.
    Progress {
        /// The operation.
        seq: u64,
        /// What identifies the object.
        attributes: RawJson,
    },
    /// It ended as meant.
    Done {
        /// The operation.
        seq: u64,
        /// How.
        outcome: Outcome,
    },
    /// It failed.
    Failed {
        /// The operation.
        seq: u64,
        /// Why, without secrets.
        message: String,
        /// What is left of the object.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        record: Option<Arc<Record>>,
    },
}

impl Entry {
    pub(super) fn line(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        Ok(line)
    }
}

/// What a record means for recovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing is said about objects.
    Nothing,
    /// The call may have been made or not: ask the provider for the object, by token, marker tag or name, before anything else is done to this address.
    MayHaveHappened,
    /// The call was made and the object exists: adopt it, never create it again.
    Exists(RawJson),
    /// It is over, and this is what the state must say.
    Settled(Effect),
}

/// What an ended operation does to the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The address has this object.
    Set(Arc<Record>),
    /// The address has no object.
    Remove,
    /// The current object becomes a deposed one.
    Depose,
    /// Nothing: the world is as it was.
    Keep,
}

/// What a record means for recovery: the one place that says so.
pub fn meaning(entry: &Entry) -> Meaning {
    match entry {
        Entry::Open(_) => Meaning::Nothing,
        Entry::Begin(_) => Meaning::MayHaveHappened,
        Entry::Progress { attributes, .. } => Meaning::Exists(attributes.clone()),
        Entry::Done { outcome, .. } => Meaning::Settled(match outcome {
            Outcome::Recorded(record) => Effect::Set(record.clone()),
            Outcome::Deleted => Effect::Remove,
            Outcome::Deposed => Effect::Depose,
        }),
        Entry::Failed { record, .. } => Meaning::Settled(match record {
            Some(record) => Effect::Set(record.clone()),
            None => Effect::Keep,
        }),
    }
}
