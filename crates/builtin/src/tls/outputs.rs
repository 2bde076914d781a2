//! What is given out of a key.

use weir_provider::Fault;
use weir_value::{Path, Value};

use crate::x509::X509Error;
use crate::x509::key::{Curve, PrivateKey};
use crate::x509::openssh;

/// Everything of a private key; texts that the key does not have are empty.
pub(super) struct Outputs {
    pub(super) private_key_pem: String,
    pub(super) private_key_pem_pkcs8: String,
    pub(super) private_key_openssh: String,
    pub(super) public_key_pem: String,
    pub(super) public_key_openssh: String,
    pub(super) public_key_fingerprint_md5: String,
    pub(super) public_key_fingerprint_sha256: String,
}

impl Outputs {
    /// The outputs of a key.
    pub(super) fn of(key: &PrivateKey) -> Result<Self, X509Error> {
        let mut check = [0; 4];
        check.copy_from_slice(&uuid::Uuid::new_v4().into_bytes()[..4]);
        let (name, wire) = key.ssh_public().unwrap_or_default();
        let ssh = |text: String| if wire.is_empty() { String::new() } else { text };
        Ok(Self {
            private_key_pem: key.to_pem()?,
            private_key_pem_pkcs8: key.to_pkcs8_pem()?,
            private_key_openssh: key.to_openssh(check)?.unwrap_or_default(),
            public_key_pem: key.public_key_pem(),
            public_key_openssh: ssh(openssh::public_line(&name, &wire)),
            public_key_fingerprint_md5: ssh(openssh::fingerprint_md5(&wire)),
            public_key_fingerprint_sha256: ssh(openssh::fingerprint_sha256(&wire)),
        })
    }
}

/// A new key.
pub(super) async fn generate(algorithm: &str, rsa_bits: u64, curve: &str) -> Result<PrivateKey, Fault> {
    let fault = |error: X509Error| Fault::error("Cannot make the key", error.to_string());
    match algorithm {
        "RSA" => {
            let bits = usize::try_from(rsa_bits).unwrap_or_default();
            // The search for primes takes seconds: it must not hold up what else runs on this thread.
            let made = tokio::task::spawn_blocking(move || PrivateKey::rsa(bits)).await;
            made.map_err(|error| Fault::error("Cannot make the key", error.to_string()))?.map_err(fault)
        }
        "ECDSA" => {
            let curve = Curve::named(curve).ok_or_else(|| Fault::error("Unknown curve", format!("\"{curve}\" is none of P224, P256, P384, P521.")))?;
            PrivateKey::ec(curve).map_err(fault)
        }
        "ED25519" => Ok(PrivateKey::ed25519()),
        other => Err(Fault::error("Unknown algorithm", format!("\"{other}\" is none of RSA, ECDSA, ED25519."))),
    }
}

/// The arguments of a new key make sense.
pub(super) fn validate(config: &Value) -> Vec<Fault> {
    let text = |name| config.get(name).and_then(|value| value.as_str().map(str::to_owned));
    let mut faults = Vec::new();
    if let Some(algorithm) = text("algorithm")
        && !["RSA", "ECDSA", "ED25519"].contains(&&*algorithm)
    {
        faults.push(Fault::attribute(Path::attr("algorithm"), "Unknown algorithm", format!("\"{algorithm}\" is none of RSA, ECDSA, ED25519.")));
    }
    if let Some(curve) = text("ecdsa_curve")
        && Curve::named(&curve).is_none()
    {
        faults.push(Fault::attribute(Path::attr("ecdsa_curve"), "Unknown curve", format!("\"{curve}\" is none of P224, P256, P384, P521.")));
    }
    if config.get("rsa_bits").and_then(|bits| bits.as_i64()).is_some_and(|bits| !(512..=16384).contains(&bits)) {
        faults.push(Fault::attribute(Path::attr("rsa_bits"), "Invalid size", "An RSA key has 512 to 16384 bits; 2048 is the least that is safe."));
    }
    faults
}
