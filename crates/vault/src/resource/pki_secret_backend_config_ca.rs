//! `vault_pki_secret_backend_config_ca`

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::client::Client;
use crate::fields::settle;

/// Imports a CA, key and certificates, into a PKI mount. Deleting it leaves the CA in the mount.
///
/// The bundle comes by `pem_bundle`, which is kept in the state, or by Weir's own `pem_bundle_wo`, which is kept nowhere.
///
/// ```hcl
/// resource "vault_pki_secret_backend_config_ca" "intermediate" {
///   backend               = vault_mount.pki.path
///   pem_bundle_wo         = "${var.private_key_pem}\n${var.certificate_pem}"
///   pem_bundle_wo_version = 1
/// }
/// ```
///
/// Import id: `BACKEND/config/ca`.
#[derive(Clone, Default, Deserialize, Serialize, Schema)]
#[serde(default)]
#[schema(name = "vault_pki_secret_backend_config_ca")]
pub(crate) struct PkiSecretBackendConfigCa {
    /// `BACKEND/config/ca`
    #[schema(optional, computed)]
    id: Option<String>,
    /// Namespace, relative to the provider's.
    #[schema(optional, force_new)]
    namespace: Option<String>,
    /// Path of the mount.
    #[schema(required, force_new)]
    backend: String,
    /// Key and certificates, PEM. Kept in the state.
    #[schema(optional, sensitive, force_new)]
    pem_bundle: Option<String>,
    /// Key and certificates, PEM. Kept nowhere. Weir's own.
    #[schema(optional, sensitive, write_only)]
    pem_bundle_wo: Option<String>,
    /// Number of the bundle in `pem_bundle_wo`: another one imports it anew. Weir's own.
    #[schema(optional)]
    pem_bundle_wo_version: Option<i64>,
}

impl PkiSecretBackendConfigCa {
    fn backend(&self) -> &str {
        self.backend.trim_matches('/')
    }

    /// The server takes the same bundle twice without making a second issuer of it.
    async fn import_bundle(&self, client: &Client) -> Result<(), Fault> {
        let bundle = self.pem_bundle_wo.as_ref().or(self.pem_bundle.as_ref());
        let bundle = bundle.ok_or_else(|| Fault::error("No bundle", "Set pem_bundle_wo (or pem_bundle)."))?;
        let body: Map<String, Json> = [("pem_bundle".to_owned(), Json::from(bundle.as_str()))].into_iter().collect();
        client.scope(&self.namespace).write(&format!("{}/config/ca", self.backend()), body).await.map(drop)
    }
}

impl Resource for PkiSecretBackendConfigCa {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let set = |name: &str| config.get(name).is_some_and(|value| !value.is_null());
        match (set("pem_bundle"), set("pem_bundle_wo"), set("pem_bundle_wo_version")) {
            (true, true, _) => vec![Fault::attribute(Path::attr("pem_bundle"), "Conflicting arguments", "Set pem_bundle or pem_bundle_wo, not both.")],
            (false, false, _) => vec![Fault::attribute(Path::attr("pem_bundle_wo"), "Missing argument", "Set pem_bundle_wo (or pem_bundle).")],
            (_, true, false) => vec![Fault::attribute(
                Path::attr("pem_bundle_wo_version"),
                "Missing argument",
                "pem_bundle_wo is kept nowhere, so only its version says when there is another one: set pem_bundle_wo_version.",
            )],
            _ => Vec::new(),
        }
    }

    fn plan(_: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        settle::<Self>(plan, &[]);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        planned.import_bundle(client).await?;
        let made = Self { id: Some(format!("{}/config/ca", planned.backend())), pem_bundle_wo: None, ..planned };
        operation.created(&made)?;
        Ok(made)
    }

    /// It is there as long as the mount has an issuer.
    async fn read(client: &Client, mut prior: Self) -> Result<Option<Self>, Fault> {
        let issuers = client.scope(&prior.namespace).read(&format!("{}/config/issuers", prior.backend())).await?;
        let default = issuers.and_then(|mut issuers| issuers.remove("default"));
        prior.id = Some(format!("{}/config/ca", prior.backend()));
        Ok(default.is_some_and(|default| default.as_str().is_some_and(|id| !id.is_empty())).then_some(prior))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _: &Operation<'_>) -> Result<Self, Fault> {
        if planned.pem_bundle_wo_version != prior.pem_bundle_wo_version {
            planned.import_bundle(client).await?;
        }
        Ok(Self { id: prior.id, pem_bundle_wo: None, ..planned })
    }

    async fn delete(_: &Client, _: Self, _: &Operation<'_>) -> Result<(), Fault> {
        Ok(())
    }

    async fn import(_: &Client, id: &str) -> Result<Self, Fault> {
        let (backend, _) = crate::stored::split_id(id, "/config/ca")?;
        Ok(Self { backend: backend.to_owned(), ..Self::default() })
    }
}
