//! `vault_pki_secret_backend_intermediate_cert_request`

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::client::Client;
use crate::fields::{Field, body, overlay, plain, settle};

/// A signing request for a CA certificate, by a key that the mount has or makes. Deleting it leaves the key in the mount.
///
/// ```hcl
/// resource "vault_pki_secret_backend_intermediate_cert_request" "issuer" {
///   backend     = vault_mount.pki.path
///   type        = "existing"
///   key_ref     = vault_pki_secret_backend_key.issuer.key_id
///   common_name = "Example Issuer"
/// }
/// ```
///
/// It cannot be imported: Vault does not keep requests.
#[derive(Clone, Default, Deserialize, Serialize, Schema)]
#[serde(default)]
#[schema(name = "vault_pki_secret_backend_intermediate_cert_request")]
pub(crate) struct PkiSecretBackendIntermediateCertRequest {
    /// `BACKEND/intermediate/generate/TYPE`
    #[schema(optional, computed)]
    id: Option<String>,
    /// Namespace, relative to the provider's.
    #[schema(optional, force_new)]
    namespace: Option<String>,
    /// Path of the mount.
    #[schema(required, force_new)]
    backend: String,
    /// `existing`, `internal`, `exported` or `kms`. The key of an exported one is in the state.
    #[schema(required, force_new)]
    r#type: String,
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
    /// `pem`, `der` or `pem_bundle`.
    #[schema(optional, force_new, default = "pem")]
    format: Option<String>,
    /// `der` or `pkcs8`.
    #[schema(optional, force_new, default = "der")]
    private_key_format: Option<String>,
    /// `rsa`, `ec` or `ed25519`; of no meaning for an existing key.
    #[schema(optional, force_new, default = "rsa")]
    key_type: Option<String>,
    /// Size of the key, bits; of no meaning for an existing key.
    #[schema(optional, force_new, default = 2048)]
    key_bits: Option<i64>,
    /// Name of a key that is made.
    #[schema(optional, computed, force_new)]
    key_name: Option<String>,
    /// The existing key: id, name or `default`.
    #[schema(optional, computed, force_new)]
    key_ref: Option<String>,
    /// Leaves the common name out of the alternative names.
    #[schema(optional, force_new, default = false)]
    exclude_cn_from_sans: Option<bool>,
    /// Asks for basic constraints in the request, which some CAs need.
    #[schema(optional, force_new)]
    add_basic_constraints: Option<bool>,
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
    /// Name of a managed key.
    #[schema(optional, force_new)]
    managed_key_name: Option<String>,
    /// UUID of a managed key.
    #[schema(optional, force_new)]
    managed_key_id: Option<String>,
    /// The request.
    #[schema(computed)]
    csr: Option<String>,
    /// Id of the key.
    #[schema(computed)]
    key_id: Option<String>,
    /// The key, when it is exported.
    #[schema(computed, sensitive)]
    private_key: Option<String>,
    /// Type of the key, when it is exported.
    #[schema(computed)]
    private_key_type: Option<String>,
}

const ASKED: &[Field] = &[
    plain("common_name"),
    plain("ip_sans"),
    plain("uri_sans"),
    plain("other_sans"),
    plain("format"),
    plain("private_key_format"),
    plain("exclude_cn_from_sans"),
    plain("add_basic_constraints"),
    plain("ou"),
    plain("organization"),
    plain("country"),
    plain("locality"),
    plain("province"),
    plain("street_address"),
    plain("postal_code"),
];
const OLD_KEY: &[Field] = &[plain("key_ref")];
const NEW_KEY: &[Field] = &[plain("key_type"), plain("key_bits"), plain("key_name"), plain("managed_key_name"), plain("managed_key_id")];
const MADE: &[Field] = &[plain("csr"), plain("key_id"), plain("private_key"), plain("private_key_type")];

impl Resource for PkiSecretBackendIntermediateCertRequest {
    type Client = Client;

    fn plan(_: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        settle::<Self>(plan, &[]);
        Ok(())
    }

    async fn create(client: &Client, mut planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let path = format!("{}/intermediate/generate/{}", planned.backend.trim_matches('/'), planned.r#type);
        let mut request = body(&planned, None, ASKED)?;
        let existing = planned.r#type == "existing";
        request.extend(body(&planned, None, if existing { OLD_KEY } else { NEW_KEY })?);
        if let Some(names) = &planned.alt_names {
            request.insert("alt_names".into(), Json::from(names.join(",")));
        }
        let scope = client.scope(&planned.namespace);
        // With an existing key nothing is stored, so it may be asked for twice.
        let data = if existing { scope.write(&path, request).await? } else { scope.write_once(&path, request).await? };
        planned = overlay(&planned, &data, MADE)?;
        planned.id = Some(path);
        operation.created(&planned)?;
        Ok(planned)
    }

    /// A request is worth something as long as its key is there.
    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(key) = &prior.key_id else { return Ok(Some(prior)) };
        let path = format!("{}/key/{key}", prior.backend.trim_matches('/'));
        let found = client.scope(&prior.namespace).read(&path).await?;
        Ok(found.is_some().then_some(prior))
    }

    async fn update(_: &Client, prior: Self, planned: Self, _: &Operation<'_>) -> Result<Self, Fault> {
        // Nothing of it can change in place.
        Ok(Self { id: prior.id, ..planned })
    }

    async fn delete(_: &Client, _: Self, _: &Operation<'_>) -> Result<(), Fault> {
        Ok(())
    }

    async fn import(_: &Client, _: &str) -> Result<Self, Fault> {
        Err(Fault::error("Not importable", "Vault does not keep signing requests; make a new one."))
    }
}
