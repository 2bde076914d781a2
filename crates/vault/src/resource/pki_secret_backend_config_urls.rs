//! `vault_pki_secret_backend_config_urls`

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::client::Client;
use crate::fields::{Field, plain, settle};
use crate::stored::{self, Stored};

/// The addresses that a PKI mount writes into certificates. There is one per mount; deleting it empties the lists.
///
/// ```hcl
/// resource "vault_pki_secret_backend_config_urls" "pki" {
///   backend              = vault_mount.pki.path
///   issuing_certificates = ["https://vault.example.com:8200/v1/pki/ca"]
/// }
/// ```
///
/// Import id: `BACKEND/config/urls`.
#[derive(Clone, Default, Deserialize, Serialize, Schema)]
#[serde(default)]
#[schema(name = "vault_pki_secret_backend_config_urls")]
pub(crate) struct PkiSecretBackendConfigUrls {
    /// `BACKEND/config/urls`
    #[schema(optional, computed)]
    id: Option<String>,
    /// Namespace, relative to the provider's.
    #[schema(optional, force_new)]
    namespace: Option<String>,
    /// Path of the mount.
    #[schema(required, force_new)]
    backend: String,
    /// Where the issuer's certificate is.
    #[schema(optional)]
    issuing_certificates: Option<Vec<String>>,
    /// Where the CRL is.
    #[schema(optional)]
    crl_distribution_points: Option<Vec<String>>,
    /// Where OCSP is answered.
    #[schema(optional)]
    ocsp_servers: Option<Vec<String>>,
    /// The addresses may hold `{{issuer_id}}` and the like.
    #[schema(optional)]
    enable_templating: Option<bool>,
}

impl Stored for PkiSecretBackendConfigUrls {
    const FIELDS: &'static [Field] = &[plain("issuing_certificates"), plain("crl_distribution_points"), plain("ocsp_servers"), plain("enable_templating")];

    fn namespace(&self) -> &Option<String> {
        &self.namespace
    }
    fn path(&self) -> String {
        format!("{}/config/urls", self.backend.trim_matches('/'))
    }
    fn identify(&mut self) {
        self.id = Some(self.path());
    }
}

impl Resource for PkiSecretBackendConfigUrls {
    type Client = Client;

    fn plan(_: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        settle::<Self>(plan, Self::FIELDS);
        Ok(())
    }
    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        stored::write(client, planned, None, operation).await
    }
    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        stored::read(client, prior).await
    }
    async fn update(client: &Client, prior: Self, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        stored::write(client, planned, Some(&prior), operation).await
    }
    async fn delete(client: &Client, prior: Self, _: &Operation<'_>) -> Result<(), Fault> {
        let body = crate::fields::body(&Self::default(), Some(&prior), Self::FIELDS)?;
        stored::reset(client, &prior, body).await
    }
    async fn import(_: &Client, id: &str) -> Result<Self, Fault> {
        let (backend, _) = stored::split_id(id, "/config/urls")?;
        Ok(Self { backend: backend.to_owned(), ..Self::default() })
    }
}
