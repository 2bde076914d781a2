//! What a person has agreed to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::encode::{encode, fills_in};
use crate::plan::{Action, Blocked, Change, Plan};

/// An approved plan: what was to become of each object, as far as it was known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// Who approved.
    pub who: String,
    /// When, RFC 3339 in UTC.
    pub when: String,
    /// Keeps digests of different approvals apart.
    pub salt: String,
    /// What was approved, by address.
    pub changes: BTreeMap<String, Approved>,
}

/// What was approved for one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approved {
    /// What is done: the names of plan format 1.2.
    pub actions: Vec<String>,
    /// The object as it was to be.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub after: Json,
}

/// Why a change is not covered by an approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which object.
    pub address: String,
    /// What is different, in words.
    pub what: String,
}

impl Approval {
    /// Approves everything that a plan would do, now and behind its gates.
    pub fn of(plan: &Plan, who: impl Into<String>, salt: impl Into<String>) -> Self {
        let salt = salt.into();
        let changes = plan
            .pending()
            .filter(|change| change.action != Action::Read)
            .map(|change| {
                let after = change.after.as_ref().map_or(Json::Null, |after| encode(after, &salt));
                (key(change), Approved { actions: names(change.action), after })
            })
            .collect();
        Self { who: who.into(), when: plan.timestamp.to_string(), salt, changes }
    }

    /// What a plan does that was not approved; empty when it only fills in what was unknown.
    pub fn differences(&self, plan: &Plan) -> Vec<Difference> {
        plan.pending().filter(|change| change.action != Action::Read).filter_map(|change| self.difference(change)).collect()
    }

    fn difference(&self, change: &Change) -> Option<Difference> {
        let difference = |what: String| Some(Difference { address: change.addr.to_string(), what });
        let approved = self.changes.get(&key(change)).or_else(|| self.changes.get(&every(change)));
        // Whoever approved that an object is replaced approved that the old one goes, also when that comes in a later run.
        let replaced = || self.changes.get(&change.addr.to_string()).is_some_and(|approved| approved.actions == names(Action::CreateThenDelete));
        if approved.is_none() && change.deposed.is_some() && replaced() {
            return None;
        }
        let Some(approved) = approved else {
            return difference(format!("{} was not in the approved plan", verb(change.action)));
        };
        let actions = names(change.action);
        if approved.actions != actions {
            return difference(format!("approved was {}, now it is {}", approved.actions.join(" and "), actions.join(" and ")));
        }
        let now = change.after.as_ref().map_or(Json::Null, |after| encode(after, &self.salt));
        if fills_in(&approved.after, &now) {
            return None;
        }
        let changed: Vec<String> = match (&approved.after, &now) {
            (Json::Object(a), Json::Object(b)) => {
                b.iter().filter(|(name, value)| !a.get(*name).is_some_and(|old| fills_in(old, value))).map(|(name, _)| name.clone()).collect()
            }
            _ => Vec::new(),
        };
        difference(format!("other values than approved: {}", changed.join(", ")))
    }

    /// The digest by which records name this approval.
    pub fn digest(&self) -> String {
        let text = serde_json::to_vec(&self.changes).unwrap_or_default();
        hex::encode(Sha256::digest(text))
    }
}

fn names(action: Action) -> Vec<String> {
    action.names().iter().map(ToString::to_string).collect()
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::Create => "its creation",
        Action::Update => "its update",
        Action::Delete => "its destruction",
        Action::DeleteThenCreate | Action::CreateThenDelete => "its replacement",
        Action::Forget => "that it is not managed any more",
        Action::Read | Action::NoOp => "it",
    }
}

fn key(change: &Change) -> String {
    if matches!(change.blocked, Some(Blocked::Instances(_))) {
        return every(change);
    }
    match &change.deposed {
        Some(deposed) => format!("{} (deposed {deposed})", change.addr),
        None => change.addr.to_string(),
    }
}

/// Stands for all instances of a resource while it is not known how many there are.
fn every(change: &Change) -> String {
    format!("{}[*]", change.addr.resource.config())
}
