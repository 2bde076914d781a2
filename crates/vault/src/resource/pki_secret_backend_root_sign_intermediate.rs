//! `vault_pki_secret_backend_root_sign_intermediate`

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::client::Client;
use crate::fields::{Field, body, overlay, plain, settle};
use crate::signed::{self, Wanted};

/// A CA certificate that an issuer of the mount signs. Deleting it revokes it only when `revoke` is set.
///
/// ```hcl
/// resource "vault_pki_secret_backend_root_sign_intermediate" "issuer" {
///   backend         = vault_mount.pki.path
///   csr             = vault_pki_secret_backend_intermediate_cert_request.issuer.csr
///   common_name     = "Example Issuer"
///   max_path_length = 0
///   ttl             = "26280h"
/// }
/// ```
///
/// It cannot be imported: Vault does not keep what was asked for.
#[derive(Clone, Default, Deserialize, Serialize, Schema)]
#[serde(default)]
#[schema(name = "vault_pki_secret_backend_root_sign_intermediate", version = 2)]
pub(crate) struct PkiSecretBackendRootSignIntermediate {
    /// `BACKEND/COMMON_NAME`
    #[schema(optional, computed)]
    id: Option<String>,
    /// Namespace, relative to the provider's.
    #[schema(optional, force_new)]
    namespace: Option<String>,
    /// Path of the mount.
    #[schema(required, force_new)]
    backend: String,
    /// The signing request, PEM.
    #[schema(required, force_new)]
    csr: String,
    /// Common name of the subject.
    #[schema(required, force_new)]
    common_name: String,
    /// DNS names and e-mail addresses.
    #[schema(optional, force_new)]
    alt_names: Option<Vec<String>>,
    /// IP addresses.
    #[schema(optional, force_new)]
    ip_sans: Option<Vec<String>>,
    /// URIs.
    #[schema(optional, force_new)]
    uri_sans: Option<Vec<String>>,
    /// Other names.
    #[schema(optional, force_new)]
    other_sans: Option<Vec<String>>,
    /// How long it is valid: seconds or a duration.
    #[schema(optional, force_new)]
    ttl: Option<String>,
    /// `pem`, `der` or `pem_bundle`.
    #[schema(optional, force_new, default = "pem")]
    format: Option<String>,
    /// How many CAs may follow in a chain; -1 for any number.
    #[schema(optional, force_new, default = -1)]
    max_path_length: Option<i64>,
    /// Leaves the common name out of the alternative names.
    #[schema(optional, force_new, default = false)]
    exclude_cn_from_sans: Option<bool>,
    /// Takes subject and names from the request.
    #[schema(optional, force_new, default = false)]
    use_csr_values: Option<bool>,
    /// Domains below which the CA may issue.
    #[schema(optional, force_new)]
    permitted_dns_domains: Option<Vec<String>>,
    /// Organizational unit of the subject.
    #[schema(optional, force_new)]
    ou: Option<String>,
    /// Organization of the subject.
    #[schema(optional, force_new)]
    organization: Option<String>,
    /// Country of the subject.
    #[schema(optional, force_new)]
    country: Option<String>,
    /// Locality of the subject.
    #[schema(optional, force_new)]
    locality: Option<String>,
    /// Province of the subject.
    #[schema(optional, force_new)]
    province: Option<String>,
    /// Street address of the subject.
    #[schema(optional, force_new)]
    street_address: Option<String>,
    /// Postal code of the subject.
    #[schema(optional, force_new)]
    postal_code: Option<String>,
    /// Issuer that signs: id, name or `default`.
    #[schema(optional, force_new)]
    issuer_ref: Option<String>,
    /// Revokes the certificate when it is deleted.
    #[schema(optional, default = false)]
    revoke: Option<bool>,
    /// The certificate.
    #[schema(computed)]
    certificate: Option<String>,
    /// Certificate of the issuer.
    #[schema(computed)]
    issuing_ca: Option<String>,
    /// The certificate, that of the issuer, and those above it.
    #[schema(computed)]
    ca_chain: Option<Vec<String>>,
    /// The certificate, and that of the issuer.
    #[schema(computed)]
    certificate_bundle: Option<String>,
    /// Serial number, hexadecimal with colons.
    #[schema(computed)]
    serial_number: Option<String>,
}

const ASKED: &[Field] = &[
    plain("csr"),
    plain("common_name"),
    plain("ip_sans"),
    plain("uri_sans"),
    plain("other_sans"),
    plain("ttl"),
    plain("format"),
    plain("max_path_length"),
    plain("exclude_cn_from_sans"),
    plain("use_csr_values"),
    plain("permitted_dns_domains"),
    plain("ou"),
    plain("organization"),
    plain("country"),
    plain("locality"),
    plain("province"),
    plain("street_address"),
    plain("postal_code"),
];
const MADE: &[Field] = &[plain("certificate"), plain("issuing_ca"), plain("ca_chain"), plain("serial_number")];

impl PkiSecretBackendRootSignIntermediate {
    fn backend(&self) -> &str {
        self.backend.trim_matches('/')
    }

    /// With what follows from the certificates.
    fn complete(mut self) -> Self {
        let part = |pem: &Option<String>| pem.as_deref().unwrap_or_default().trim().to_owned();
        self.certificate_bundle = Some(format!("{}\n{}", part(&self.certificate), part(&self.issuing_ca)).trim().to_owned());
        self.id = Some(format!("{}/{}", self.backend(), self.common_name));
        self
    }
}

impl Resource for PkiSecretBackendRootSignIntermediate {
    type Client = Client;

    fn plan(_: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        settle::<Self>(plan, &[]);
        Ok(())
    }

    async fn create(client: &Client, mut planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let path = match planned.issuer_ref.as_deref().filter(|issuer| !issuer.is_empty()) {
            Some(issuer) => format!("{}/issuer/{issuer}/sign-intermediate", planned.backend()),
            None => format!("{}/root/sign-intermediate", planned.backend()),
        };
        let mut request = body(&planned, None, ASKED)?;
        if let Some(names) = &planned.alt_names {
            request.insert("alt_names".into(), Json::from(names.join(",")));
        }
        let data = client.scope(&planned.namespace).write_once(&path, request).await?;
        planned = overlay(&planned, &data, MADE)?.complete();
        operation.created(&planned)?;
        Ok(planned)
    }

    /// It is there as long as the mount that signed it knows it and has not revoked it.
    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(serial) = &prior.serial_number else { return Ok(Some(prior)) };
        let Some(found) = client.scope(&prior.namespace).read(&format!("{}/cert/{serial}", prior.backend())).await? else { return Ok(None) };
        let revoked = found.get("revocation_time").and_then(Json::as_i64).is_some_and(|time| time > 0);
        Ok((!revoked).then_some(prior))
    }

    async fn update(_: &Client, prior: Self, planned: Self, _: &Operation<'_>) -> Result<Self, Fault> {
        // Only `revoke` can change in place, and it is nothing of the server's.
        Ok(Self { id: prior.id, ..planned })
    }

    async fn delete(client: &Client, prior: Self, _: &Operation<'_>) -> Result<(), Fault> {
        if prior.revoke != Some(true) {
            return Ok(());
        }
        let body: Map<String, Json> = [("serial_number".to_owned(), Json::from(prior.serial_number.clone()))].into_iter().collect();
        match client.scope(&prior.namespace).write(&format!("{}/revoke", prior.backend()), body).await {
            Err(fault) if !fault.not_found && !fault.detail.contains("not found") => Err(fault),
            _ => Ok(()),
        }
    }

    async fn recover(client: &Client, planned: Self, _: &str) -> Result<Option<Self>, Fault> {
        let scope = client.scope(&planned.namespace);
        let issuer = planned.issuer_ref.as_deref().filter(|issuer| !issuer.is_empty()).unwrap_or("default");
        let Some(issuer) = scope.read(&format!("{}/issuer/{issuer}", planned.backend())).await? else { return Ok(None) };
        let certificate = issuer.get("certificate").and_then(Json::as_str).unwrap_or_default().trim();
        let wanted = Wanted { csr: &planned.csr, ttl: planned.ttl.as_deref(), path_length: planned.max_path_length.unwrap_or(-1), issuer: certificate };
        let Some((serial, signed)) = signed::find(scope, planned.backend(), &wanted).await? else { return Ok(None) };
        let above = issuer.get("ca_chain").and_then(Json::as_array).into_iter().flatten();
        let above = above.filter_map(|pem| pem.as_str().map(|pem| pem.trim().to_owned()));
        // A CA's own certificate is the first of its chain.
        let chain = std::iter::once(signed.clone()).chain(above).collect();
        let found = Self { serial_number: Some(serial), certificate: Some(signed), issuing_ca: Some(certificate.to_owned()), ca_chain: Some(chain), ..planned };
        Ok(Some(found.complete()))
    }

    async fn import(_: &Client, _: &str) -> Result<Self, Fault> {
        Err(Fault::error("Not importable", "Vault does not keep what a certificate was asked for; sign a new one."))
    }
}
