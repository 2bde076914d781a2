//! `tls_private_key`: a private key that stands in the state. The ephemeral resource of the same name keeps it nowhere.
//!
//! ```hcl
//! resource "tls_private_key" "ca" {
//!   algorithm   = "ECDSA"
//!   ecdsa_curve = "P384"
//! }
//! ```

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use crate::tls::outputs::{self, Outputs};
use crate::unconfigured::{NoClient, remembered};
use crate::x509::certificate::hash_id;

/// A private key.
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "tls_private_key", version = 1)]
pub(crate) struct TlsPrivateKey {
    /// `RSA`, `ECDSA` or `ED25519`.
    #[schema(required, force_new)]
    algorithm: String,
    /// The size of an RSA key in bits.
    #[schema(optional, computed, force_new, default = 2048)]
    rsa_bits: u64,
    /// The curve of an ECDSA key: `P224`, `P256`, `P384`, `P521`.
    #[schema(optional, computed, force_new, default = "P224")]
    ecdsa_curve: String,
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
    /// The SHA-1 of the public key.
    #[schema(computed)]
    id: String,
}

impl Resource for TlsPrivateKey {
    type Client = NoClient;
    const LOCAL: bool = true;

    fn validate(config: &Value) -> Vec<Fault> {
        outputs::validate(config)
    }

    async fn create(_: &NoClient, planned: Self, _: &Operation<'_>) -> Result<Self, Fault> {
        let key = outputs::generate(&planned.algorithm, planned.rsa_bits, &planned.ecdsa_curve).await?;
        let outputs = Outputs::of(&key).map_err(|error| Fault::error("Cannot write the key", error.to_string()))?;
        Ok(Self {
            private_key_pem: outputs.private_key_pem,
            private_key_openssh: outputs.private_key_openssh,
            private_key_pem_pkcs8: outputs.private_key_pem_pkcs8,
            public_key_pem: outputs.public_key_pem,
            public_key_openssh: outputs.public_key_openssh,
            public_key_fingerprint_md5: outputs.public_key_fingerprint_md5,
            public_key_fingerprint_sha256: outputs.public_key_fingerprint_sha256,
            id: hash_id(&key.public_key()),
            ..planned
        })
    }

    remembered!();

    async fn import(_: &NoClient, _: &str) -> Result<Self, Fault> {
        Err(Fault::error("Import not supported", "A tls_private_key cannot be imported."))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use weir_provider::Intent;

    use crate::harness::{World, text};
    use crate::tls::Tls;

    const TYPE: &str = "tls_private_key";

    #[tokio::test]
    async fn lifecycle() {
        let world = World::new::<Tls>().await;
        let rsa = world.create(TYPE, json!({"algorithm": "RSA", "rsa_bits": 1024})).await;
        assert!(text(&rsa, "private_key_pem").starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
        assert!(text(&rsa, "private_key_pem_pkcs8").starts_with("-----BEGIN PRIVATE KEY-----\n"));
        assert!(text(&rsa, "public_key_openssh").starts_with("ssh-rsa AAAA") && text(&rsa, "public_key_openssh").ends_with("\n"));
        let ec = world.create(TYPE, json!({"algorithm": "ECDSA"})).await;
        assert!(text(&ec, "private_key_pem").starts_with("-----BEGIN EC PRIVATE KEY-----\n"));
        assert_eq!((text(&ec, "public_key_openssh"), text(&ec, "public_key_fingerprint_md5"), text(&ec, "ecdsa_curve")), ("".into(), "".into(), "P224".into()));
        assert_eq!(world.replaces(TYPE, &ec, json!({"algorithm": "ECDSA", "ecdsa_curve": "P256"})).await, ["ecdsa_curve"]);
        let ed = world.create(TYPE, json!({"algorithm": "ED25519"})).await;
        assert!(text(&ed, "private_key_openssh").starts_with("-----BEGIN OPENSSH PRIVATE KEY-----\n"));
        assert!(text(&ed, "public_key_fingerprint_sha256").starts_with("SHA256:") && text(&ed, "public_key_fingerprint_md5").len() == 47);
        assert_eq!(text(&ed, "id").len(), 40);
        assert_eq!(world.validate(Intent::Resource, TYPE, json!({"algorithm": "DSA", "ecdsa_curve": "P1", "rsa_bits": 5})).len(), 3);
        world.delete(TYPE, &ed).await;
    }
}
