//! `tls_self_signed_cert`: a certificate that signs itself.
//!
//! ```hcl
//! resource "tls_self_signed_cert" "root" {
//!   private_key_pem       = tls_private_key.root.private_key_pem
//!   validity_period_hours = 87600
//!   is_ca_certificate     = true
//!   allowed_uses          = ["cert_signing", "crl_signing"]
//!
//!   subject {
//!     common_name = "Root"
//!   }
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
use crate::x509::certificate::{self, NameConstraints, Template, now, rfc3339};
use crate::x509::key::PrivateKey;
use crate::x509::name::Subject;
use crate::x509::request::AltNames;

/// A certificate that signs itself.
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "tls_self_signed_cert", version = 1)]
pub(crate) struct TlsSelfSignedCert {
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
    /// With an authority key identifier.
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
    /// The algorithm of the key.
    #[schema(computed)]
    key_algorithm: String,
    /// The serial number in decimal digits.
    #[schema(computed)]
    id: String,
}

impl Resource for TlsSelfSignedCert {
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
        let fault = |error: X509Error| Fault::error("Cannot make the certificate", error.to_string());
        let key = PrivateKey::from_pem(&planned.private_key_pem).map_err(fault)?;
        let names = AltNames {
            dns_names: planned.dns_names.clone().unwrap_or_default(),
            ip_addresses: planned.ip_addresses.clone().unwrap_or_default(),
            uris: planned.uris.clone().unwrap_or_default(),
        };
        let subject = planned.subject.first().cloned().unwrap_or_default();
        let not_before = now();
        let template = Template {
            subject: subject.to_der(),
            public_key: key.public_key(),
            alt_names: names.to_der().map_err(fault)?,
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
        let made = certificate::sign_self(&template, &key).map_err(fault)?;
        Ok(Self {
            cert_pem: made.pem,
            validity_start_time: rfc3339(template.not_before),
            validity_end_time: rfc3339(template.not_after),
            ready_for_renewal: false,
            key_algorithm: key.algorithm().to_owned(),
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
        Err(Fault::error("Import not supported", "A tls_self_signed_cert cannot be imported."))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::harness::{World, text};
    use crate::pki;
    use crate::tls::Tls;

    const TYPE: &str = "tls_self_signed_cert";

    #[tokio::test]
    async fn lifecycle() {
        let world = World::new::<Tls>().await;
        let key = PrivateKey::ec(crate::x509::key::Curve::P384).unwrap().to_pem().unwrap();
        let config = json!({
            "private_key_pem": key, "validity_period_hours": 12, "is_ca_certificate": true, "max_path_length": 1, "set_authority_key_id": true,
            "allowed_uses": ["cert_signing", "crl_signing"], "subject": [{"common_name": "Root", "organization": "Example"}],
        });
        let state = world.create(TYPE, config.clone()).await;
        let root = text(&state, "cert_pem");
        assert_eq!(pki::verify(&root, &root).unwrap(), ["O=Example, CN=Root"]);
        let summary = pki::certificates(&root).unwrap().remove(0);
        assert_eq!((summary.is_ca, summary.path_length, summary.self_signed), (true, Some(1), true));
        assert_eq!(summary.key_usage, ["cert_signing", "crl_signing"]);
        assert!(pki::key_matches(&root, &key).unwrap());
        let mut due = config;
        due["early_renewal_hours"] = json!(13);
        let short = world
            .update(TYPE, &state, {
                let mut soon = due.clone();
                soon["early_renewal_hours"] = json!(11);
                soon
            })
            .await;
        assert_eq!(world.replaces(TYPE, &short, due).await, ["ready_for_renewal"]);
        world.delete(TYPE, &state).await;
    }
}
