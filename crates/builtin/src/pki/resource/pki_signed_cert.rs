//! `pki_signed_cert`: a certificate signed by a CA whose key is kept nowhere.
//!
//! ```hcl
//! resource "pki_signed_cert" "server" {
//!   cert_request_pem              = pki_cert_request.server.cert_request_pem
//!   ca_cert_pem                   = var.intermediate_pem
//!   ca_private_key_pem_wo         = ephemeral.aws_secretsmanager_secret_version.ca_key.secret_string
//!   ca_private_key_pem_wo_version = 1
//!   validity_period_hours         = 8760
//!   early_renewal_hours           = 720
//!   allowed_uses                  = ["digital_signature", "key_agreement", "server_auth"]
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
#[schema(name = "pki_signed_cert")]
pub(crate) struct PkiSignedCert {
    /// The request: subject, names and public key are taken from it.
    #[schema(required, force_new)]
    cert_request_pem: String,
    /// The certificate of the CA.
    #[schema(required, force_new)]
    ca_cert_pem: String,
    /// The private key of the CA; used to sign, kept nowhere.
    #[schema(required, sensitive, write_only)]
    ca_private_key_pem_wo: Option<String>,
    /// A number to raise when the key is another one.
    #[schema(optional, force_new)]
    ca_private_key_pem_wo_version: Option<i64>,
    /// Valid for so many hours, or as long as the CA's certificate if that is shorter.
    #[schema(required, force_new)]
    validity_period_hours: i64,
    /// A new certificate is planned so many hours before the end.
    #[schema(optional, computed, default = 0)]
    early_renewal_hours: i64,
    /// Key usages and extended key usages, by the names that tls_locally_signed_cert has.
    #[schema(required, force_new)]
    allowed_uses: Vec<String>,
    /// The certificate of a CA.
    #[schema(optional, computed, force_new, default = false)]
    is_ca_certificate: bool,
    /// How many CAs may stand below it; of a CA only.
    #[schema(optional, force_new)]
    max_path_length: Option<u64>,
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
    /// The serial number in decimal digits.
    #[schema(computed)]
    serial_number: String,
    /// The serial number.
    #[schema(computed)]
    id: String,
}

impl Resource for PkiSignedCert {
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
        let key = PrivateKey::from_pem(planned.ca_private_key_pem_wo.as_deref().unwrap_or_default()).map_err(fault)?;
        let authority = Authority::new(&planned.ca_cert_pem, key).map_err(fault)?;
        let not_before = now().max(authority.not_before);
        let template = Template {
            subject: request.subject,
            public_key: request.public_key,
            alt_names: request.alt_names,
            uses: planned.allowed_uses.clone(),
            ca: planned.is_ca_certificate,
            max_path_length: planned.max_path_length,
            name_constraints: NameConstraints::default(),
            not_before,
            not_after: not_before.saturating_add(Duration::hours(planned.validity_period_hours)).min(authority.not_after),
            subject_key_id: true,
            authority_key_id: true,
        };
        let made = certificate::sign(&template, &authority).map_err(fault)?;
        Ok(Self {
            cert_pem: made.pem,
            validity_start_time: rfc3339(template.not_before),
            validity_end_time: rfc3339(template.not_after),
            id: made.serial_number.clone(),
            serial_number: made.serial_number,
            ready_for_renewal: false,
            ..planned
        })
    }

    async fn read(_: &NoClient, mut prior: Self) -> Result<Option<Self>, Fault> {
        prior.ready_for_renewal |= certificate::is_due(&prior.validity_end_time, prior.early_renewal_hours);
        Ok(Some(prior))
    }

    remembered!(change);

    async fn import(_: &NoClient, _: &str) -> Result<Self, Fault> {
        Err(Fault::error("Import not supported", "A pki_signed_cert cannot be imported."))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use weir_provider::Intent;

    use super::*;
    use crate::harness::{World, text};
    use crate::pki::{self, Pki, Subject};
    use crate::x509::request::{self, AltNames};

    const TYPE: &str = "pki_signed_cert";

    #[tokio::test]
    async fn lifecycle() {
        let world = World::new::<Pki>().await;
        let (key, root) = pki::make_root(&Subject::new("Root", None), 1, Some(0)).unwrap();
        let names = AltNames { dns_names: vec!["a.b".into()], ..AltNames::default() };
        let csr = request::make(&PrivateKey::ed25519(), &Subject::new("a.b", None), &names, false).unwrap();
        let config = json!({
            "cert_request_pem": csr, "ca_cert_pem": root, "ca_private_key_pem_wo": key, "validity_period_hours": 24,
            "allowed_uses": ["digital_signature", "server_auth", "client_auth"],
        });
        let state = world.create(TYPE, config.clone()).await;
        let leaf = text(&state, "cert_pem");
        assert_eq!(pki::verify(&leaf, &root).unwrap(), ["CN=a.b", "CN=Root"]);
        let summary = pki::certificates(&leaf).unwrap().remove(0);
        assert_eq!((summary.dns_names, summary.key_usage, summary.is_ca), (vec!["a.b".to_owned()], vec!["digital_signature".to_owned()], false));
        assert_eq!(summary.ext_key_usage, ["server_auth", "client_auth"]);
        assert_eq!(summary.not_after, text(&state, "validity_end_time"));

        let mut later = config.clone();
        later["early_renewal_hours"] = json!(12);
        world.update(TYPE, &state, later).await;
        // Within 25 hours of its end: to be made anew, whether it was read before or not.
        let mut due = config.clone();
        due["early_renewal_hours"] = json!(25);
        assert_eq!(world.replaces(TYPE, &state, due.clone()).await, ["ready_for_renewal"]);
        let mut longer = config.clone();
        longer["validity_period_hours"] = json!(100_000);
        let clipped = world.create(TYPE, longer).await;
        assert_eq!(pki::verify(&text(&clipped, "cert_pem"), &root).unwrap().len(), 2);

        let mut wrong = config;
        wrong["ca_private_key_pem_wo"] = json!(PrivateKey::ed25519().to_pem().unwrap());
        let fault = world.try_create(TYPE, wrong).await.unwrap_err();
        assert_eq!(fault.detail, "the private key is not that of the CA certificate of \"CN=Root\"");
        due["allowed_uses"] = json!(["server"]);
        assert_eq!(world.validate(Intent::Resource, TYPE, due).len(), 1);
        world.delete(TYPE, &state).await;
    }
}
