//! `tls_locally_signed_cert`: a certificate signed by a CA whose key stands in the state.
//!
//! ```hcl
//! resource "tls_locally_signed_cert" "server" {
//!   cert_request_pem      = tls_cert_request.server.cert_request_pem
//!   ca_private_key_pem    = tls_private_key.ca.private_key_pem
//!   ca_cert_pem           = tls_self_signed_cert.ca.cert_pem
//!   validity_period_hours = 720
//!   allowed_uses          = ["digital_signature", "server_auth"]
//! }
//! ```

use serde::{Deserialize, Serialize};
use time::Duration;
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use crate::tls::renewal;
use crate::unconfigured::{NoClient, remembered};
use crate::x509::X509Error;
use crate::x509::certificate::{self, Authority, NameConstraints, Template, now, rfc3339};
use crate::x509::key::PrivateKey;
use crate::x509::request::Request;

/// A certificate that a CA signed.
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "tls_locally_signed_cert", version = 1)]
pub(crate) struct TlsLocallySignedCert {
    /// The request: subject, names and public key are taken from it.
    #[schema(required, force_new)]
    cert_request_pem: String,
    /// The private key of the CA.
    #[schema(required, force_new, sensitive)]
    ca_private_key_pem: String,
    /// The certificate of the CA.
    #[schema(required, force_new)]
    ca_cert_pem: String,
    /// Valid for so many hours from its creation on.
    #[schema(required, force_new)]
    validity_period_hours: i64,
    /// A new certificate is planned so many hours before the end.
    #[schema(optional, computed, default = 0)]
    early_renewal_hours: i64,
    /// Key usages and extended key usages: `digital_signature`, `cert_signing`, `server_auth`, …
    #[schema(required, force_new)]
    allowed_uses: Vec<String>,
    /// The certificate of a CA.
    #[schema(optional, computed, force_new, default = false)]
    is_ca_certificate: bool,
    /// How many CAs may stand below it; -1 without a limit. Of a CA only.
    #[schema(optional, computed, force_new, default = -1)]
    max_path_length: i64,
    /// DNS domains that certificates below it may have.
    #[schema(optional, force_new)]
    name_constraint_permitted_dns_names: Option<Vec<String>>,
    /// DNS domains that certificates below it must not have.
    #[schema(optional, force_new)]
    name_constraint_excluded_dns_names: Option<Vec<String>>,
    /// Whether the constraint is critical.
    #[schema(optional, force_new)]
    name_constraint_permitted_dns_names_critical: Option<bool>,
    /// With a subject key identifier.
    #[schema(optional, computed, force_new, default = false)]
    set_subject_key_id: bool,
    /// With an authority key identifier; when the CA has a key identifier there is one always.
    #[schema(optional, computed, force_new, default = false)]
    set_authority_key_id: bool,
    /// The certificate.
    #[schema(computed)]
    cert_pem: String,
    /// Valid from, in RFC 3339.
    #[schema(computed)]
    validity_start_time: String,
    /// Valid until, in RFC 3339.
    #[schema(computed)]
    validity_end_time: String,
    /// True when it is time for a new one.
    #[schema(computed, force_new)]
    ready_for_renewal: bool,
    /// The algorithm of the CA's key.
    #[schema(computed)]
    ca_key_algorithm: String,
    /// The serial number in decimal digits.
    #[schema(computed)]
    id: String,
}

impl Resource for TlsLocallySignedCert {
    type Client = NoClient;
    const LOCAL: bool = true;

    fn validate(config: &Value) -> Vec<Fault> {
        renewal::validate(config)
    }

    fn plan(_: &NoClient, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        renewal::plan(plan);
        Ok(())
    }

    async fn create(_: &NoClient, planned: Self, _: &Operation<'_>) -> Result<Self, Fault> {
        let fault = |error: X509Error| Fault::error("Cannot sign the certificate", error.to_string());
        let request = Request::from_pem(&planned.cert_request_pem).map_err(fault)?;
        let key = PrivateKey::from_pem(&planned.ca_private_key_pem).map_err(fault)?;
        let ca_key_algorithm = key.algorithm().to_owned();
        let authority = Authority::lenient(&planned.ca_cert_pem, key).map_err(fault)?;
        let not_before = now();
        let template = Template {
            subject: request.subject,
            public_key: request.public_key,
            alt_names: request.alt_names,
            uses: planned.allowed_uses.clone(),
            ca: planned.is_ca_certificate,
            max_path_length: u64::try_from(planned.max_path_length).ok(),
            name_constraints: NameConstraints {
                permitted: planned.name_constraint_permitted_dns_names.clone().unwrap_or_default(),
                excluded: planned.name_constraint_excluded_dns_names.clone().unwrap_or_default(),
                critical: planned.name_constraint_permitted_dns_names_critical.unwrap_or_default(),
            },
            not_before,
            not_after: not_before.saturating_add(Duration::hours(planned.validity_period_hours)),
            subject_key_id: planned.set_subject_key_id,
            authority_key_id: planned.set_authority_key_id,
        };
        let made = certificate::sign(&template, &authority).map_err(fault)?;
        Ok(Self {
            cert_pem: made.pem,
            validity_start_time: rfc3339(template.not_before),
            validity_end_time: rfc3339(template.not_after),
            ready_for_renewal: false,
            ca_key_algorithm,
            id: made.serial_number,
            ..planned
        })
    }

    async fn read(_: &NoClient, mut prior: Self) -> Result<Option<Self>, Fault> {
        prior.ready_for_renewal |= certificate::is_due(&prior.validity_end_time, prior.early_renewal_hours);
        Ok(Some(prior))
    }

    remembered!(change);

    async fn import(_: &NoClient, _: &str) -> Result<Self, Fault> {
        Err(Fault::error("Import not supported", "A tls_locally_signed_cert cannot be imported."))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::harness::{World, text};
    use crate::pki::{self, Subject};
    use crate::tls::Tls;
    use crate::x509::request::{self, AltNames};

    const TYPE: &str = "tls_locally_signed_cert";

    #[tokio::test]
    async fn lifecycle() {
        let world = World::new::<Tls>().await;
        let (key, root) = pki::make_root(&Subject::new("Root", None), 1, None).unwrap();
        let csr = request::make(&PrivateKey::rsa(2048).unwrap(), &Subject::new("x", None), &AltNames::default(), false).unwrap();
        let config = json!({
            "cert_request_pem": csr, "ca_cert_pem": root, "ca_private_key_pem": key, "validity_period_hours": 24,
            "allowed_uses": ["key_encipherment", "server_auth"], "set_subject_key_id": true,
        });
        let state = world.create(TYPE, config.clone()).await;
        let leaf = text(&state, "cert_pem");
        assert_eq!(pki::verify(&leaf, &root).unwrap(), ["CN=x", "CN=Root"]);
        assert_eq!((text(&state, "ca_key_algorithm"), pki::key_matches(&leaf, &csr)), ("ECDSA".into(), Ok(true)));
        let mut other = config.clone();
        other["validity_period_hours"] = json!(25);
        assert_eq!(world.replaces(TYPE, &state, other).await, ["validity_period_hours"]);
        let mut wrong = config;
        wrong["ca_cert_pem"] = json!(leaf);
        assert!(world.try_create(TYPE, wrong).await.unwrap_err().detail.starts_with("the private key is not that of"));
        world.delete(TYPE, &state).await;
    }
}
