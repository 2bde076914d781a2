//! The first start of a store.

use serde::{Deserialize, Serialize};

use super::{Operator, SealStatus, typed};
use crate::{Error, Secret};

/// How to initialise. Shares and threshold are those of the recovery keys where the server unseals itself, else those of the unseal keys.
#[derive(Clone, Debug, Default)]
pub struct InitRequest {
    /// Number of key shares.
    pub shares: u32,
    /// Number of shares that are needed together.
    pub threshold: u32,
    /// PGP public keys, base64, one per share in order: the server encrypts each share to its key. None to get them in the clear.
    pub pgp_keys: Vec<String>,
    /// PGP public key, base64, that the server encrypts the root token to.
    pub root_token_pgp_key: Option<String>,
}

/// What initialising gives, once. With PGP keys the shares are hexadecimal ciphertexts.
#[derive(Clone, Debug)]
pub struct InitKeys {
    /// The shares in order.
    pub shares: Vec<Secret>,
    /// True when they are for recovery, false when they unseal.
    pub recovery: bool,
    /// The root token.
    pub root_token: Secret,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_shares: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_threshold: Option<u32>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pgp_keys: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_shares: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_threshold: Option<u32>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    recovery_pgp_keys: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    root_token_pgp_key: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Answer {
    keys: Option<Vec<Secret>>,
    recovery_keys: Option<Vec<Secret>>,
    root_token: Option<Secret>,
}

impl Operator {
    /// Initialises the store; `status` is what [`Operator::seal_status`] said of it. Sent once only: when the connection breaks on the way, the keys of a store that was
    /// initialised all the same are lost, and the store has to be made anew.
    ///
    /// # Errors
    /// The server is initialised already or refuses the numbers or keys.
    pub async fn init(&self, status: &SealStatus, request: &InitRequest) -> Result<InitKeys, Error> {
        const PATH: &str = "sys/init";
        if !request.pgp_keys.is_empty() && request.pgp_keys.len() != request.shares as usize {
            return Err(Error::Setup(format!("{} shares need as many PGP keys, not {}.", request.shares, request.pgp_keys.len())));
        }
        let recovery = status.unseals_itself();
        let (none, keys): (&[String], &[String]) = (&[], &request.pgp_keys);
        let (shares, threshold) = (Some(request.shares), Some(request.threshold));
        let body = Body {
            secret_shares: shares.filter(|_| !recovery),
            secret_threshold: threshold.filter(|_| !recovery),
            pgp_keys: if recovery { none } else { keys },
            recovery_shares: shares.filter(|_| recovery),
            recovery_threshold: threshold.filter(|_| recovery),
            recovery_pgp_keys: if recovery { keys } else { none },
            root_token_pgp_key: request.root_token_pgp_key.as_deref(),
        };
        let body = typed(PATH, serde_json::to_value(body).unwrap_or_default())?;
        // With many shares and a remote key service it takes its time.
        let call = self.http.put_once(PATH, body).patience(std::time::Duration::from_secs(180));
        let answer: Answer = typed(PATH, call.send().await?)?;
        let shares = if recovery { answer.recovery_keys } else { answer.keys }.unwrap_or_default();
        match answer.root_token {
            Some(root_token) if shares.len() == request.shares as usize => Ok(InitKeys { shares, recovery, root_token }),
            _ => Err(Error::Answer { path: PATH.into(), message: "not as many shares as asked for, or no root token".into() }),
        }
    }

    /// Gives one share of the unseal key.
    ///
    /// # Errors
    /// The share is wrong.
    pub async fn unseal(&self, share: &Secret) -> Result<SealStatus, Error> {
        const PATH: &str = "sys/unseal";
        typed(PATH, self.http.put(PATH, serde_json::json!({ "key": share.expose() })).send().await?)
    }
}
