//! `vault_pki_secret_backend_crl_config`

use serde::{Deserialize, Serialize};
use serde_json::json;
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::client::Client;
use crate::fields::{Field, plain, settle, span};
use crate::stored::{self, Stored};

/// How a PKI mount builds its CRLs. There is one per mount; deleting it puts the defaults back.
///
/// ```hcl
/// resource "vault_pki_secret_backend_crl_config" "pki" {
///   backend                   = vault_mount.pki.path
///   expiry                    = "72h"
///   auto_rebuild              = true
///   auto_rebuild_grace_period = "12h"
/// }
/// ```
///
/// Import id: `BACKEND/config/crl`.
#[derive(Clone, Default, Deserialize, Serialize, Schema)]
#[serde(default)]
#[schema(name = "vault_pki_secret_backend_crl_config")]
pub(crate) struct PkiSecretBackendCrlConfig {
    /// `BACKEND/config/crl`
    #[schema(optional, computed)]
    id: Option<String>,
    /// Namespace, relative to the provider's.
    #[schema(optional, force_new)]
    namespace: Option<String>,
    /// Path of the mount.
    #[schema(required, force_new)]
    backend: String,
    /// How long a CRL is valid.
    #[schema(optional, default = "72h")]
    expiry: Option<String>,
    /// Builds no CRL.
    #[schema(optional, default = false)]
    disable: Option<bool>,
    /// Answers no OCSP.
    #[schema(optional, default = false)]
    ocsp_disable: Option<bool>,
    /// How long an OCSP answer may be kept.
    #[schema(optional, computed)]
    ocsp_expiry: Option<String>,
    /// Builds a new CRL before the old one ends.
    #[schema(optional, default = false)]
    auto_rebuild: Option<bool>,
    /// How long before.
    #[schema(optional, computed)]
    auto_rebuild_grace_period: Option<String>,
    /// Builds delta CRLs; needs `auto_rebuild`.
    #[schema(optional, default = false)]
    enable_delta: Option<bool>,
    /// How often a delta CRL is built.
    #[schema(optional, computed)]
    delta_rebuild_interval: Option<String>,
    /// Queues revocations for other clusters. Vault Enterprise only.
    #[schema(optional, computed)]
    cross_cluster_revocation: Option<bool>,
    /// One CRL of all clusters. Vault Enterprise only.
    #[schema(optional, computed)]
    unified_crl: Option<bool>,
    /// The same at the paths of the cluster's own CRL. Vault Enterprise only.
    #[schema(optional, computed)]
    unified_crl_on_existing_paths: Option<bool>,
}

impl Stored for PkiSecretBackendCrlConfig {
    const FIELDS: &'static [Field] = &[
        span("expiry"),
        plain("disable"),
        plain("ocsp_disable"),
        span("ocsp_expiry"),
        plain("auto_rebuild"),
        span("auto_rebuild_grace_period"),
        plain("enable_delta"),
        span("delta_rebuild_interval"),
        plain("cross_cluster_revocation"),
        plain("unified_crl"),
        plain("unified_crl_on_existing_paths"),
    ];

    fn namespace(&self) -> &Option<String> {
        &self.namespace
    }
    fn path(&self) -> String {
        format!("{}/config/crl", self.backend.trim_matches('/'))
    }
    fn identify(&mut self) {
        self.id = Some(self.path());
    }
}

impl Resource for PkiSecretBackendCrlConfig {
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
        let defaults = json!({
            "expiry": "72h", "disable": false, "ocsp_disable": false, "ocsp_expiry": "12h", "auto_rebuild": false,
            "auto_rebuild_grace_period": "12h", "enable_delta": false, "delta_rebuild_interval": "15m",
        });
        stored::reset(client, &prior, defaults.as_object().cloned().unwrap_or_default()).await
    }
    async fn import(_: &Client, id: &str) -> Result<Self, Fault> {
        let (backend, _) = stored::split_id(id, "/config/crl")?;
        Ok(Self { backend: backend.to_owned(), ..Self::default() })
    }
}
