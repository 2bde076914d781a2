//! `vault_pki_secret_backend_config_issuers`

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::client::Client;
use crate::fields::{Field, plain, settle};
use crate::stored::{self, Stored};

/// Which issuer of a PKI mount is the default one. There is one per mount; deleting it changes nothing, as a mount with issuers has to have a default.
///
/// ```hcl
/// resource "vault_pki_secret_backend_config_issuers" "pki" {
///   backend                       = vault_mount.pki.path
///   default                       = vault_pki_secret_backend_issuer.intermediate.issuer_id
///   default_follows_latest_issuer = false
/// }
/// ```
///
/// Import id: `BACKEND/config/issuers`.
#[derive(Clone, Default, Deserialize, Serialize, Schema)]
#[serde(default)]
#[schema(name = "vault_pki_secret_backend_config_issuers")]
pub(crate) struct PkiSecretBackendConfigIssuers {
    /// `BACKEND/config/issuers`
    #[schema(optional, computed)]
    id: Option<String>,
    /// Namespace, relative to the provider's.
    #[schema(optional, force_new)]
    namespace: Option<String>,
    /// Path of the mount.
    #[schema(required, force_new)]
    backend: String,
    /// Id of the default issuer. A name would be answered as an id.
    #[schema(optional)]
    default: Option<String>,
    /// A new issuer becomes the default.
    #[schema(optional, computed)]
    default_follows_latest_issuer: Option<bool>,
}

impl Stored for PkiSecretBackendConfigIssuers {
    const FIELDS: &'static [Field] = &[plain("default"), plain("default_follows_latest_issuer")];

    fn namespace(&self) -> &Option<String> {
        &self.namespace
    }
    fn path(&self) -> String {
        format!("{}/config/issuers", self.backend.trim_matches('/'))
    }
    fn identify(&mut self) {
        self.id = Some(self.path());
    }
}

impl Resource for PkiSecretBackendConfigIssuers {
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
    async fn delete(_: &Client, _: Self, _: &Operation<'_>) -> Result<(), Fault> {
        Ok(())
    }
    async fn import(_: &Client, id: &str) -> Result<Self, Fault> {
        let (backend, _) = stored::split_id(id, "/config/issuers")?;
        Ok(Self { backend: backend.to_owned(), ..Self::default() })
    }
}
