//! Asks a node how it is, over verified TLS.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;

use crate::roster::Health;

/// A client for the health of one node.
pub(crate) struct Probe {
    http: reqwest::Client,
    url: String,
}

#[derive(Deserialize)]
struct Answer {
    initialized: bool,
    sealed: bool,
    standby: bool,
}

impl Probe {
    /// Trusts the given authorities only, and expects the node to have the given name.
    pub(crate) fn new(name: &str, port: u16, authorities: &str) -> Result<Probe, String> {
        let certificates = reqwest::Certificate::from_pem_bundle(authorities.as_bytes()).map_err(|error| format!("ca_chain of the TLS secret: {error}"))?;
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only(certificates)
            .resolve(name, SocketAddr::from(([127, 0, 0, 1], port)))
            .timeout(Duration::from_secs(2))
            .build()
            .map_err(|error| format!("TLS client: {error}"))?;
        let url = format!("https://{name}:{port}/v1/sys/health?standbyok=true&uninitcode=200&sealedcode=200");
        Ok(Probe { http, url })
    }

    /// The node's health; the error says why it could not be asked.
    pub(crate) async fn ask(&self) -> Result<Health, String> {
        let text = async { self.http.get(&self.url).send().await?.text().await };
        let text = text.await.map_err(|error| source_of(&error))?;
        let answer: Answer = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
        Ok(match answer {
            Answer { initialized: false, .. } => Health::Uninitialized,
            Answer { sealed: true, .. } => Health::Sealed,
            Answer { standby: true, .. } => Health::Standby,
            Answer { .. } => Health::Active,
        })
    }
}

/// The innermost cause: the outer ones only say that a request failed.
fn source_of(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
