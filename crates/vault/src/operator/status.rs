//! How a server is.

use std::time::{Duration, Instant};

use serde::Deserialize;

use super::{Operator, typed};
use crate::Error;

/// `sys/health`: the server that answers, behind a load balancer any of them.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct Health {
    /// The store has been initialised.
    pub initialized: bool,
    /// It has no key to its store.
    pub sealed: bool,
    /// Another server is the active one.
    pub standby: bool,
    /// Version of the server.
    pub version: String,
    /// Name of the cluster; empty while sealed.
    pub cluster_name: String,
    /// Id of the cluster; empty while sealed.
    pub cluster_id: String,
}

/// `sys/seal-status`
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct SealStatus {
    /// Type of the seal: `shamir`, `awskms`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// The store has been initialised.
    pub initialized: bool,
    /// It has no key to its store.
    pub sealed: bool,
    /// Key shares needed.
    #[serde(rename = "t")]
    pub threshold: u32,
    /// Key shares made.
    #[serde(rename = "n")]
    pub shares: u32,
    /// Key shares given so far.
    pub progress: u32,
    /// The server unseals itself, and its key shares are for recovery.
    pub recovery_seal: bool,
    /// Version of the server.
    pub version: String,
    /// Type of the store: `raft`, …
    pub storage_type: String,
}

impl SealStatus {
    /// True when the server unseals itself, so that its shares are recovery shares.
    pub fn unseals_itself(&self) -> bool {
        self.recovery_seal || !matches!(self.kind.as_str(), "shamir" | "")
    }
}

impl Operator {
    /// How the server is, whatever state it is in. Asked once.
    ///
    /// # Errors
    /// It cannot be reached.
    pub async fn health(&self) -> Result<Health, Error> {
        const PATH: &str = "sys/health";
        let call = self.http.get(PATH).query("standbyok", "true").query("perfstandbyok", "true").query("uninitcode", "200").query("sealedcode", "200");
        typed(PATH, call.impatient().send().await?)
    }

    /// What its seal is like. Asked once.
    ///
    /// # Errors
    /// It cannot be reached.
    pub async fn seal_status(&self) -> Result<SealStatus, Error> {
        const PATH: &str = "sys/seal-status";
        typed(PATH, self.http.get(PATH).impatient().send().await?)
    }

    /// Waits until the server answers at all.
    ///
    /// # Errors
    /// [`Error::Timeout`] with the last problem.
    pub async fn wait_reachable(&self, patience: Duration) -> Result<Health, Error> {
        until(patience, "the server did not answer", async || self.health().await.map(Some)).await
    }

    /// Waits until the server is unsealed and an active one answers.
    ///
    /// # Errors
    /// [`Error::Timeout`] with the last problem.
    pub async fn wait_unsealed(&self, patience: Duration) -> Result<Health, Error> {
        until(patience, "the server is still sealed or without a leader", async || {
            let health = self.health().await?;
            if !health.initialized || health.sealed {
                return Ok(None);
            }
            let leader = self.http.get("sys/leader").impatient().send().await?;
            let active = leader["is_self"] == true || leader["leader_address"].as_str().is_some_and(|address| !address.is_empty());
            Ok(active.then_some(health))
        })
        .await
    }

    /// Waits until the Raft cluster has a leader and at least so many healthy voters. Needs a token.
    ///
    /// # Errors
    /// [`Error::Timeout`] with what there was at last.
    pub async fn wait_voters(&self, voters: usize, patience: Duration) -> Result<super::RaftState, Error> {
        let seen = std::sync::Mutex::new(String::from("none"));
        let what = || format!("the cluster has not reached {voters} healthy voters (has: {})", seen.lock().map(|seen| seen.clone()).unwrap_or_default());
        let result = until(patience, "", async || {
            let state = self.raft_state().await?;
            let healthy = state.servers.values().filter(|server| server.healthy && state.voters.contains(&server.id)).count();
            if let Ok(mut seen) = seen.lock() {
                *seen = format!("{healthy} of {} voters, leader {:?}", state.voters.len(), state.leader);
            }
            Ok((healthy >= voters && !state.leader.is_empty()).then_some(state))
        })
        .await;
        result.map_err(|error| if let Error::Timeout(_) = error { Error::Timeout(what()) } else { error })
    }
}

/// Asks twice a second until there is an answer. Behind a load balancer a server may answer that has not joined yet; only a refusal for good (no permission) ends it at once.
async fn until<T>(patience: Duration, what: &str, mut ask: impl AsyncFnMut() -> Result<Option<T>, Error>) -> Result<T, Error> {
    let begun = Instant::now();
    loop {
        let problem = match ask().await {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => what.to_owned(),
            Err(error @ (Error::Setup(_) | Error::Answer { .. } | Error::Api { status: 403, .. })) => return Err(error),
            Err(error) => error.to_string(),
        };
        if begun.elapsed() >= patience {
            return Err(Error::Timeout(problem));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
