//! `ephemeral "tls_private_key"`: a private key that is kept nowhere; each run makes another one.
//!
//! ```hcl
//! ephemeral "tls_private_key" "server" {
//!   algorithm   = "ECDSA"
//!   ecdsa_curve = "P256"
//! }
//! ```

use serde::{Deserialize, Serialize};
use weir_provider::native::EphemeralResource;
use weir_provider::{Fault, Schema};

use crate::tls::outputs::{self, Outputs};
use crate::unconfigured::NoClient;

/// A private key that is kept nowhere.
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "tls_private_key")]
pub(crate) struct TlsPrivateKey {
    /// `RSA`, `ECDSA` or `ED25519`.
    #[schema(required)]
    algorithm: String,
    /// The size of an RSA key in bits; 2048 when it is not set.
    #[schema(optional, computed)]
    rsa_bits: Option<u64>,
    /// The curve of an ECDSA key: `P224` (when it is not set), `P256`, `P384`, `P521`.
    #[schema(optional, computed)]
    ecdsa_curve: Option<String>,
    /// The key in PEM: PKCS #1 for RSA, SEC 1 for ECDSA, PKCS #8 for ED25519.
    #[schema(computed, sensitive)]
    private_key_pem: String,
    /// The key in the format of OpenSSH; empty for P224.
    #[schema(computed, sensitive)]
    private_key_openssh: String,
    /// The key in PEM, in PKCS #8.
    #[schema(computed, sensitive)]
    private_key_pem_pkcs8: String,
    /// The public key in PEM.
    #[schema(computed)]
    public_key_pem: String,
    /// The public key as a line of an authorized_keys file; empty for P224.
    #[schema(computed)]
    public_key_openssh: String,
    /// The MD5 of the public key as SSH shows it.
    #[schema(computed)]
    public_key_fingerprint_md5: String,
    /// The SHA-256 of the public key as SSH shows it.
    #[schema(computed)]
    public_key_fingerprint_sha256: String,
}

impl EphemeralResource for TlsPrivateKey {
    type Client = NoClient;

    async fn open(_: &NoClient, config: Self) -> Result<Self, Fault> {
        let bits = config.rsa_bits.unwrap_or(2048);
        let curve = config.ecdsa_curve.unwrap_or_else(|| "P224".to_owned());
        let key = outputs::generate(&config.algorithm, bits, &curve).await?;
        let outputs = Outputs::of(&key).map_err(|error| Fault::error("Cannot write the key", error.to_string()))?;
        Ok(Self {
            algorithm: config.algorithm,
            rsa_bits: Some(bits),
            ecdsa_curve: Some(curve),
            private_key_pem: outputs.private_key_pem,
            private_key_openssh: outputs.private_key_openssh,
            private_key_pem_pkcs8: outputs.private_key_pem_pkcs8,
            public_key_pem: outputs.public_key_pem,
            public_key_openssh: outputs.public_key_openssh,
            public_key_fingerprint_md5: outputs.public_key_fingerprint_md5,
            public_key_fingerprint_sha256: outputs.public_key_fingerprint_sha256,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{World, text};
    use crate::tls::Tls;

    #[tokio::test]
    async fn every_opening_makes_another() {
        let world = World::new::<Tls>().await;
        let config = json!({"algorithm": "ECDSA", "ecdsa_curve": "P384"});
        let (one, two) = (world.open("tls_private_key", config.clone()).await, world.open("tls_private_key", config).await);
        assert_ne!(text(&one, "private_key_pem"), text(&two, "private_key_pem"));
        assert!(text(&one, "public_key_openssh").starts_with("ecdsa-sha2-nistp384 "));
    }
}
