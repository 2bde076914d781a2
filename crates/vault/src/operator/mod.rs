//! What those who run a server do: see how it is, initialise and unseal it, watch its Raft cluster, save it, and plain reads and writes.
//!
//! Nothing here prints or keeps anything. Keys and tokens come and go as [`Secret`]s.

mod init;
mod pki;
mod raft;
mod status;

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::{Connection, Error, Http, Secret};

pub use init::{InitKeys, InitRequest};
pub use pki::{IssueRequest, Issued};
pub use raft::{RaftServer, RaftState};
pub use status::{Health, SealStatus};

/// A snapshot may take as long as a large store takes to send.
const SNAPSHOT_PATIENCE: Duration = Duration::from_secs(3600);

/// A server, as its operator sees it.
pub struct Operator {
    http: Http,
}

impl Operator {
    /// Prepares the connection; nothing is sent yet.
    ///
    /// # Errors
    /// The address, a file or a header of the connection is wrong.
    pub fn new(connection: &Connection) -> Result<Self, Error> {
        Http::new(connection).map(|http| Self { http })
    }

    /// The same server as another token.
    #[must_use]
    pub fn with_token(self, token: Secret) -> Self {
        Self { http: self.http.with_token(token) }
    }

    /// What there is at the path (its `data`), or `None`.
    ///
    /// # Errors
    /// The server refuses, or cannot be reached.
    pub async fn read(&self, path: &str) -> Result<Option<Map<String, Json>>, Error> {
        self.http.get(path).found().await
    }

    /// The names under the path.
    ///
    /// # Errors
    /// The server refuses, or cannot be reached.
    pub async fn list(&self, path: &str) -> Result<Vec<String>, Error> {
        let data = self.http.list(path).found().await?.unwrap_or_default();
        let keys = data.get("keys").and_then(Json::as_array).into_iter().flatten();
        Ok(keys.filter_map(|key| key.as_str().map(str::to_owned)).collect())
    }

    /// Writes, and gives the answer's `data`. It is not sent again when it may have arrived.
    ///
    /// # Errors
    /// The server refuses, or cannot be reached.
    pub async fn write(&self, path: &str, body: Json) -> Result<Map<String, Json>, Error> {
        self.http.put_once(path, body).data().await
    }

    /// Deletes; what is gone already is no error.
    ///
    /// # Errors
    /// The server refuses, or cannot be reached.
    pub async fn delete(&self, path: &str) -> Result<(), Error> {
        match self.http.delete(path).send().await {
            Err(error) if !error.is_missing() => Err(error),
            _ => Ok(()),
        }
    }

    /// Writes a snapshot of the Raft store to `into`, and says how many bytes it has.
    ///
    /// # Errors
    /// The server refuses or breaks off, or `into` does not take it. What was written until then is no snapshot.
    pub async fn snapshot(&self, into: &mut (impl AsyncWrite + Unpin)) -> Result<u64, Error> {
        const PATH: &str = "sys/storage/raft/snapshot";
        let wrong = |message: String| Error::Answer { path: PATH.into(), message };
        let mut response = self.http.get(PATH).patience(SNAPSHOT_PATIENCE).response().await?;
        let mut length = 0;
        while let Some(part) = response.chunk().await.map_err(|error| wrong(error.to_string()))? {
            into.write_all(&part).await.map_err(|error| wrong(format!("the snapshot cannot be written: {error}")))?;
            length += part.len() as u64;
        }
        into.flush().await.map_err(|error| wrong(format!("the snapshot cannot be written: {error}")))?;
        if length == 0 { Err(wrong("an empty snapshot".into())) } else { Ok(length) }
    }

    /// Makes the own token invalid.
    ///
    /// # Errors
    /// The server refuses, or cannot be reached.
    pub async fn revoke_self(&self) -> Result<(), Error> {
        self.http.put("auth/token/revoke-self", Json::Object(Map::new())).send().await.map(drop)
    }
}

/// The answer as a typed struct.
fn typed<T: DeserializeOwned>(path: &str, answer: Json) -> Result<T, Error> {
    serde_json::from_value(answer).map_err(|error| Error::Answer { path: path.into(), message: error.to_string() })
}
