//! `tls_cert_request`: a certificate request.
//!
//! ```hcl
//! resource "tls_cert_request" "server" {
//!   private_key_pem = tls_private_key.server.private_key_pem
//!   dns_names       = ["vault.internal.example"]
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
#[schema(name = "tls_cert_request", version = 1)]
pub(crate) struct TlsCertRequest {
    /// The private key in PEM.
    #[schema(required, force_new, sensitive)]
    private_key_pem: String,
    /// DNS names to be certified.
    #[schema(optional, force_new)]
    dns_names: Option<Vec<String>>,
    /// IP addresses to be certified.
    #[schema(optional, force_new)]
    ip_addresses: Option<Vec<String>>,
    /// URIs to be certified.
    #[schema(optional, force_new)]
    uris: Option<Vec<String>>,
    /// The subject.
    #[schema(block, max = 1, force_new)]
    subject: Vec<Subject>,
    /// The algorithm of the key.
    #[schema(computed)]
    key_algorithm: String,
    /// The request.
    #[schema(computed)]
    cert_request_pem: String,
    /// The SHA-1 of the request.
    #[schema(computed)]
    id: String,
}

impl Resource for TlsCertRequest {
    type Client = NoClient;
    const LOCAL: bool = true;

    async fn create(_: &NoClient, planned: Self, _: &Operation<'_>) -> Result<Self, Fault> {
        let fault = |error: X509Error| Fault::error("Cannot make the certificate request", error.to_string());
        let key = PrivateKey::from_pem(&planned.private_key_pem).map_err(fault)?;
        let names = AltNames {
            dns_names: planned.dns_names.clone().unwrap_or_default(),
            ip_addresses: planned.ip_addresses.clone().unwrap_or_default(),
            uris: planned.uris.clone().unwrap_or_default(),
        };
        let subject = planned.subject.first().cloned().unwrap_or_default();
        let pem = request::make(&key, &subject, &names, false).map_err(fault)?;
        Ok(Self { id: hash_id(pem.as_bytes()), cert_request_pem: pem, key_algorithm: key.algorithm().to_owned(), ..planned })
    }

    remembered!();

    async fn import(_: &NoClient, _: &str) -> Result<Self, Fault> {
        Err(Fault::error("Import not supported", "A tls_cert_request cannot be imported."))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::harness::{World, text};
    use crate::tls::Tls;
    use crate::x509::request::Request;

    const TYPE: &str = "tls_cert_request";

    #[tokio::test]
    async fn lifecycle() {
        let world = World::new::<Tls>().await;
        let key = PrivateKey::ec(crate::x509::key::Curve::P256).unwrap();
        let pem = key.to_pem().unwrap();
        let config =
            json!({"private_key_pem": pem, "uris": ["spiffe://a/b"], "ip_addresses": ["127.0.0.1"], "subject": [{"common_name": "x", "street_address": ["a", "b"]}]});
        let state = world.create(TYPE, config).await;
        let request = Request::from_pem(&text(&state, "cert_request_pem")).unwrap();
        assert_eq!((request.public_key, text(&state, "key_algorithm")), (key.public_key(), "ECDSA".into()));
        assert_eq!(world.replaces(TYPE, &state, json!({"private_key_pem": pem, "dns_names": ["a"]})).await, ["dns_names", "ip_addresses", "uris", "subject"]);
        let fault = world.try_create(TYPE, json!({"private_key_pem": pem, "ip_addresses": ["x"]})).await.unwrap_err();
        assert_eq!(fault.detail, "\"x\" is no IP address");
        world.delete(TYPE, &state).await;
    }
}
