//! The Raft cluster.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use super::{Operator, typed};
use crate::Error;

/// `sys/storage/raft/autopilot/state`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RaftState {
    /// All servers are healthy.
    pub healthy: bool,
    /// How many servers may fail.
    pub failure_tolerance: u32,
    /// Id of the leader.
    pub leader: String,
    /// Ids of those who may vote.
    pub voters: Vec<String>,
    /// All servers by id.
    pub servers: BTreeMap<String, RaftServer>,
}

/// One server of the cluster.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RaftServer {
    /// Its id.
    pub id: String,
    /// Its address within the cluster.
    pub address: String,
    /// `alive` or `left`
    pub node_status: String,
    /// `leader`, `voter` or `non-voter`
    pub status: String,
    /// It follows the leader closely.
    pub healthy: bool,
    /// Version of the server.
    pub version: String,
    /// How long ago it had contact with the leader: a duration.
    pub last_contact: String,
}

impl Operator {
    /// The state of the cluster. Needs a token; asked once.
    ///
    /// # Errors
    /// The server refuses, has another store than Raft, or cannot be reached.
    pub async fn raft_state(&self) -> Result<RaftState, Error> {
        const PATH: &str = "sys/storage/raft/autopilot/state";
        let data = self.http.get(PATH).impatient().data().await?;
        typed(PATH, Json::Object(data.into_iter().filter(|(_, value)| !value.is_null()).collect()))
    }
}
