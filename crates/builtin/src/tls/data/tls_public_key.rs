//! `data "tls_public_key"`: the public key of a private key.
//!
//! ```hcl
//! data "tls_public_key" "ssh" {
//!   private_key_openssh = file("id_ed25519")
//! }
//! ```

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::tls::outputs::Outputs;
use crate::unconfigured::NoClient;
use crate::x509::X509Error;
use crate::x509::certificate::hash_id;
use crate::x509::key::PrivateKey;

/// The public key of a private key.
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "tls_public_key")]
pub(crate) struct TlsPublicKey {
    /// The private key in PEM; this or `private_key_openssh`.
    #[schema(optional, sensitive)]
    private_key_pem: Option<String>,
    /// The private key in the format of OpenSSH, not encrypted.
    #[schema(optional, sensitive)]
    private_key_openssh: Option<String>,
    /// `RSA`, `ECDSA` or `ED25519`.
    #[schema(computed)]
    algorithm: String,
    /// The public key in PEM.
    #[schema(computed)]
    public_key_pem: String,
    /// The public key as a line of an authorized_keys file.
    #[schema(computed)]
    public_key_openssh: String,
    /// The MD5 of the public key as SSH shows it.
    #[schema(computed)]
    public_key_fingerprint_md5: String,
    /// The SHA-256 of the public key as SSH shows it.
    #[schema(computed)]
    public_key_fingerprint_sha256: String,
    /// The SHA-1 of the public key.
    #[schema(computed)]
    id: String,
}

impl DataSource for TlsPublicKey {
    type Client = NoClient;
    const OFFLINE: bool = true;

    async fn read(_: &NoClient, config: Self) -> Result<Self, Fault> {
        let fault = |error: X509Error| Fault::error("Cannot read the private key", error.to_string());
        let text = match (&config.private_key_pem, &config.private_key_openssh) {
            (Some(text), None) | (None, Some(text)) => text,
            _ => return Err(Fault::error("One key is needed", "Set exactly one of private_key_pem and private_key_openssh.")),
        };
        let key = PrivateKey::from_pem(text).map_err(fault)?;
        let outputs = Outputs::of(&key).map_err(fault)?;
        Ok(Self {
            algorithm: key.algorithm().to_owned(),
            public_key_pem: outputs.public_key_pem,
            public_key_openssh: outputs.public_key_openssh,
            public_key_fingerprint_md5: outputs.public_key_fingerprint_md5,
            public_key_fingerprint_sha256: outputs.public_key_fingerprint_sha256,
            id: hash_id(&key.public_key()),
            ..config
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{World, text};
    use crate::tls::Tls;

    #[tokio::test]
    async fn both_formats() {
        let world = World::new::<Tls>().await;
        let key = world.create("tls_private_key", json!({"algorithm": "ECDSA", "ecdsa_curve": "P521"})).await;
        for format in ["private_key_pem", "private_key_openssh"] {
            let read = world.data("tls_public_key", json!({format: text(&key, format)})).await.unwrap();
            for name in ["public_key_pem", "public_key_openssh", "public_key_fingerprint_md5", "public_key_fingerprint_sha256", "id"] {
                assert_eq!(text(&read, name), text(&key, name));
            }
        }
        assert_eq!(world.data("tls_public_key", json!({})).await.unwrap_err().summary, "One key is needed");
    }
}
