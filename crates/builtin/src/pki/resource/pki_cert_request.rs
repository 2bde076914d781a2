//! `pki_cert_request`: a certificate request of a key that is kept nowhere.
//!
//! ```hcl
//! resource "pki_cert_request" "server" {
//!   private_key_pem_wo         = ephemeral.aws_secretsmanager_secret_version.key.secret_string
//!   private_key_pem_wo_version = 1
//!   dns_names                  = ["vault.internal.example"]
//!
//!   subject {
//!     common_name = "vault.internal.example"
//!   }
//! }
//! ```

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource};
use weir_provider::{Fault, Schema};

use crate::unconfigured::{NoClient, remembered};
use crate::x509::X509Error;
use crate::x509::certificate::hash_id;
use crate::x509::key::PrivateKey;
use crate::x509::name::Subject;
use crate::x509::request::{self, AltNames};

/// A certificate request.
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "pki_cert_request")]
pub(crate) struct PkiCertRequest {
    /// The private key in PEM; used to sign, kept nowhere.
    #[schema(required, sensitive, write_only)]
    private_key_pem_wo: Option<String>,
    /// A number to raise when the key is another one.
    #[schema(optional, force_new)]
    private_key_pem_wo_version: Option<i64>,
    /// The subject.
    #[schema(block, max = 1, force_new)]
    subject: Vec<Subject>,
    /// DNS names to be certified.
    #[schema(optional, force_new)]
    dns_names: Option<Vec<String>>,
    /// IP addresses to be certified.
    #[schema(optional, force_new)]
    ip_addresses: Option<Vec<String>>,
    /// Asks for the certificate of a CA.
    #[schema(optional, computed, force_new, default = false)]
    is_ca: bool,
    /// The request.
    #[schema(computed)]
    cert_request_pem: String,
    /// The public key.
    #[schema(computed)]
    public_key_pem: String,
    /// The SHA-1 of the request.
    #[schema(computed)]
    id: String,
}

impl Resource for PkiCertRequest {
    type Client = NoClient;
    const LOCAL: bool = true;

    async fn create(_: &NoClient, planned: Self, _: &Operation<'_>) -> Result<Self, Fault> {
        let fault = |error: X509Error| Fault::error("Cannot make the certificate request", error.to_string());
        let key = PrivateKey::from_pem(planned.private_key_pem_wo.as_deref().unwrap_or_default()).map_err(fault)?;
        let names =
            AltNames { dns_names: planned.dns_names.clone().unwrap_or_default(), ip_addresses: planned.ip_addresses.clone().unwrap_or_default(), uris: Vec::new() };
        let subject = planned.subject.first().cloned().unwrap_or_default();
        let pem = request::make(&key, &subject, &names, planned.is_ca).map_err(fault)?;
        Ok(Self { id: hash_id(pem.as_bytes()), cert_request_pem: pem, public_key_pem: key.public_key_pem(), ..planned })
    }

    remembered!();

    async fn import(_: &NoClient, _: &str) -> Result<Self, Fault> {
        Err(Fault::error("Import not supported", "A pki_cert_request cannot be imported."))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use weir_value::{Type, Value};

    use super::*;
    use crate::harness::{World, text};
    use crate::pki::Pki;
    use crate::x509::request::Request;

    const TYPE: &str = "pki_cert_request";

    #[tokio::test]
    async fn lifecycle() {
        let world = World::new::<Pki>().await;
        let key = PrivateKey::ed25519();
        let config = json!({
            "private_key_pem_wo": key.to_pem().unwrap(), "private_key_pem_wo_version": 1, "dns_names": ["a.b"], "subject": [{"common_name": "a.b"}],
        });
        let state = world.create(TYPE, config.clone()).await;
        assert_eq!(state.get("private_key_pem_wo"), Some(Value::Null(Type::String)));
        let request = Request::from_pem(&text(&state, "cert_request_pem")).unwrap();
        assert!(request.alt_names.is_some() && text(&state, "public_key_pem") == key.public_key_pem());
        let mut other = config.clone();
        other["private_key_pem_wo_version"] = json!(2);
        assert_eq!(world.replaces(TYPE, &state, other).await, ["private_key_pem_wo_version"]);
        let mut other = config;
        other["subject"] = json!([{"common_name": "c"}]);
        assert_eq!(world.replaces(TYPE, &state, other).await, ["subject"]);
        let fault = world.try_create(TYPE, json!({"private_key_pem_wo": "secret"})).await.unwrap_err();
        assert!(!fault.to_string().contains("secret") && fault.summary == "Cannot make the certificate request");
        world.delete(TYPE, &state).await;
    }
}
