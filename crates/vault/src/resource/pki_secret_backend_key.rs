//! `vault_pki_secret_backend_key`

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::client::Client;
use crate::fields::{Field, body, overlay, plain, settle};
use crate::stored;

/// A key that a PKI mount makes and keeps.
///
/// ```hcl
/// resource "vault_pki_secret_backend_key" "issuer" {
///   backend  = vault_mount.pki.path
///   type     = "internal"
///   key_name = "issuer"
///   key_type = "ec"
///   key_bits = 256
/// }
/// ```
///
/// Import id: `BACKEND/key/ID`; it is taken to be `internal`, as Vault does not say.
#[derive(Clone, Default, Deserialize, Serialize, Schema)]
#[serde(default)]
#[schema(name = "vault_pki_secret_backend_key")]
pub(crate) struct PkiSecretBackendKey {
    /// `BACKEND/key/ID`
    #[schema(optional, computed)]
    id: Option<String>,
    /// Namespace, relative to the provider's.
    #[schema(optional, force_new)]
    namespace: Option<String>,
    /// Path of the mount.
    #[schema(required, force_new)]
    backend: String,
    /// `internal`, `exported` or `kms`. The key of an exported one is not kept here either.
    #[schema(required, force_new)]
    r#type: String,
    /// Its name. The name finds it again after a crash.
    #[schema(optional)]
    key_name: Option<String>,
    /// `rsa`, `ec` or `ed25519`.
    #[schema(optional, computed, force_new)]
    key_type: Option<String>,
    /// Its size, bits.
    #[schema(optional, computed)]
    key_bits: Option<i64>,
    /// Its id.
    #[schema(computed)]
    key_id: Option<String>,
    /// Name of a managed key.
    #[schema(optional, force_new)]
    managed_key_name: Option<String>,
    /// UUID of a managed key.
    #[schema(optional, force_new)]
    managed_key_id: Option<String>,
}

const MADE: &[Field] = &[plain("key_name"), plain("key_type"), plain("key_bits"), plain("managed_key_name"), plain("managed_key_id")];
const READ: &[Field] = &[plain("key_id"), plain("key_name"), plain("key_type")];

impl PkiSecretBackendKey {
    fn path(&self) -> String {
        format!("{}/key/{}", self.backend.trim_matches('/'), self.key_id.as_deref().unwrap_or_default())
    }
}

impl Resource for PkiSecretBackendKey {
    type Client = Client;

    fn plan(_: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        settle::<Self>(plan, &[]);
        // Vault does not tell the size of a key, so an imported one has none: that is no reason for a new key.
        if plan.changed("key_bits") && !plan.prior("key_bits").is_null() {
            plan.force_new("key_bits");
        }
        Ok(())
    }

    async fn create(client: &Client, mut planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let path = format!("{}/keys/generate/{}", planned.backend.trim_matches('/'), planned.r#type);
        let made = client.scope(&planned.namespace).write_once(&path, body(&planned, None, MADE)?).await?;
        planned = overlay(&planned, &made, READ)?;
        planned.id = Some(planned.path());
        operation.created(&planned)?;
        Ok(planned)
    }

    async fn read(client: &Client, mut prior: Self) -> Result<Option<Self>, Fault> {
        if prior.key_id.is_none() {
            return Ok(None);
        }
        let Some(data) = client.scope(&prior.namespace).read(&prior.path()).await? else { return Ok(None) };
        prior.id = Some(prior.path());
        overlay(&prior, &data, READ).map(Some)
    }

    async fn update(client: &Client, prior: Self, planned: Self, _: &Operation<'_>) -> Result<Self, Fault> {
        if planned.key_name != prior.key_name {
            client.scope(&planned.namespace).write(&planned.path(), body(&planned, Some(&prior), &[plain("key_name")])?).await?;
        }
        Self::read(client, planned).await?.ok_or_else(|| Fault::not_found("The key is gone."))
    }

    async fn delete(client: &Client, prior: Self, _: &Operation<'_>) -> Result<(), Fault> {
        client.scope(&prior.namespace).delete(&prior.path()).await
    }

    async fn import(_: &Client, id: &str) -> Result<Self, Fault> {
        let (backend, key) = stored::split_id(id, "/key/")?;
        Ok(Self { backend: backend.to_owned(), key_id: Some(key.to_owned()), r#type: "internal".into(), ..Self::default() })
    }

    async fn recover(client: &Client, planned: Self, _: &str) -> Result<Option<Self>, Fault> {
        let Some(name) = planned.key_name.as_deref().filter(|name| !name.is_empty()) else { return Ok(None) };
        let keys = client.scope(&planned.namespace).list(&format!("{}/keys", planned.backend.trim_matches('/'))).await?;
        let found = keys.into_iter().find(|(_, about)| about.get("key_name").and_then(Json::as_str) == Some(name));
        match found {
            Some((key, _)) => Self::read(client, Self { key_id: Some(key), ..planned }).await,
            None => Ok(None),
        }
    }
}
