//! Certificates from a PKI mount.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Operator, typed};
use crate::{Error, Secret};

/// What certificate to issue.
#[derive(Clone, Debug, Default, Serialize)]
pub struct IssueRequest {
    /// Common name.
    pub common_name: String,
    /// Further DNS names and e-mail addresses, with commas.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub alt_names: String,
    /// IP addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ip_sans: Vec<String>,
    /// How long it is valid; the role's own by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<String>,
}

/// A certificate and its key.
#[derive(Clone, Debug, Deserialize)]
pub struct Issued {
    /// The certificate, PEM.
    pub certificate: String,
    /// Certificate of the issuer, PEM.
    pub issuing_ca: String,
    /// The issuer and those above it, PEM.
    #[serde(default)]
    pub ca_chain: Vec<String>,
    /// The key, PEM.
    pub private_key: Secret,
    /// `ec`, `rsa` or `ed25519`
    #[serde(default)]
    pub private_key_type: String,
    /// Serial number, hexadecimal with colons.
    pub serial_number: String,
    /// End of validity, seconds since 1970.
    #[serde(default)]
    pub expiration: i64,
}

impl Operator {
    /// Has a key and certificate made by a role.
    ///
    /// # Errors
    /// The role does not allow it.
    pub async fn issue(&self, mount: &str, role: &str, request: &IssueRequest) -> Result<Issued, Error> {
        let path = format!("{}/issue/{role}", mount.trim_matches('/'));
        let body = serde_json::to_value(request).map_err(|error| Error::Setup(error.to_string()))?;
        let data = self.http.put_once(&path, body).data().await?;
        typed(&path, Json::Object(data))
    }
}
