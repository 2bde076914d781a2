//! `vault_approle_auth_backend_role_secret_id`

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::client::Client;
use crate::fields::{body, plain, settle};

/// A secret id of an AppRole. It is in the state unless it is wrapped (`wrapping_ttl`).
///
/// ```hcl
/// resource "vault_approle_auth_backend_role_secret_id" "ci" {
///   role_name    = vault_approle_auth_backend_role.ci.role_name
///   wrapping_ttl = "1h"
/// }
/// ```
///
/// It cannot be imported: Vault does not tell a secret id twice.
#[derive(Clone, Default, Deserialize, Serialize, Schema)]
#[serde(default)]
#[schema(name = "vault_approle_auth_backend_role_secret_id")]
pub(crate) struct ApproleAuthBackendRoleSecretId {
    /// `backend=BACKEND::role=ROLE::accessor=ACCESSOR`
    #[schema(optional, computed)]
    id: Option<String>,
    /// Namespace, relative to the provider's.
    #[schema(optional, force_new)]
    namespace: Option<String>,
    /// Path of the auth method.
    #[schema(optional, force_new, default = "approle")]
    backend: Option<String>,
    /// Name of the role.
    #[schema(required, force_new)]
    role_name: String,
    /// Networks from which it can be used.
    #[schema(optional, force_new)]
    cidr_list: Option<BTreeSet<String>>,
    /// Metadata of its tokens: a JSON object of texts.
    #[schema(optional, force_new)]
    metadata: Option<String>,
    /// The secret id; made by Vault when unset.
    #[schema(optional, computed, sensitive, force_new)]
    secret_id: Option<String>,
    /// Its accessor.
    #[schema(computed)]
    accessor: Option<String>,
    /// Has the secret id wrapped for so long in place of putting it into the state.
    #[schema(optional, force_new)]
    wrapping_ttl: Option<String>,
    /// Keeps the accessor of the wrapping in the state.
    #[schema(optional, force_new)]
    with_wrapped_accessor: Option<bool>,
    /// Accessor of the wrapping.
    #[schema(computed)]
    wrapping_accessor: Option<String>,
    /// Token that unwraps the secret id, once.
    #[schema(computed, sensitive)]
    wrapping_token: Option<String>,
}

impl ApproleAuthBackendRoleSecretId {
    fn role(&self) -> String {
        format!("auth/{}/role/{}", self.backend.as_deref().unwrap_or("approle").trim_matches('/'), self.role_name)
    }

    fn accessor(&self) -> Map<String, Json> {
        [("secret_id_accessor".to_owned(), json!(self.accessor))].into_iter().collect()
    }
}

impl Resource for ApproleAuthBackendRoleSecretId {
    type Client = Client;

    fn plan(_: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        settle::<Self>(plan, &[]);
        Ok(())
    }

    async fn create(client: &Client, mut planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let request = body(&planned, None, &[plain("cidr_list"), plain("metadata"), plain("secret_id")])?;
        let path = format!("{}/{}", planned.role(), if planned.secret_id.is_some() { "custom-secret-id" } else { "secret-id" });
        let text = |json: Option<&Json>| json.and_then(Json::as_str).map(str::to_owned);
        match planned.wrapping_ttl.clone().filter(|ttl| !ttl.is_empty()) {
            Some(ttl) => {
                let wrapped = client.scope(&planned.namespace).write_wrapped(&path, request, &ttl).await?;
                planned.accessor = text(wrapped.get("wrapped_accessor"));
                planned.wrapping_accessor = text(wrapped.get("accessor"));
                planned.wrapping_token = text(wrapped.get("token"));
            }
            None => {
                let made = client.scope(&planned.namespace).write_once(&path, request).await?;
                planned.accessor = text(made.get("secret_id_accessor"));
                planned.secret_id = text(made.get("secret_id"));
            }
        }
        if planned.accessor.is_none() {
            return Err(Fault::error("Unexpected answer from Vault", format!("{path} gave no accessor.")));
        }
        let backend = planned.backend.as_deref().unwrap_or("approle");
        planned.id = Some(format!("backend={backend}::role={}::accessor={}", planned.role_name, planned.accessor.as_deref().unwrap_or_default()));
        operation.created(&planned)?;
        Ok(planned)
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let path = format!("{}/secret-id-accessor/lookup", prior.role());
        match client.scope(&prior.namespace).write(&path, prior.accessor()).await {
            Ok(_) => Ok(Some(prior)),
            Err(fault) if fault.not_found || fault.detail.contains("failed to find accessor") => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    async fn update(_: &Client, prior: Self, planned: Self, _: &Operation<'_>) -> Result<Self, Fault> {
        // Nothing of it can change in place.
        Ok(Self { id: prior.id, ..planned })
    }

    async fn delete(client: &Client, prior: Self, _: &Operation<'_>) -> Result<(), Fault> {
        let path = format!("{}/secret-id-accessor/destroy", prior.role());
        match client.scope(&prior.namespace).write(&path, prior.accessor()).await {
            Err(fault) if !fault.not_found && !fault.detail.contains("failed to find accessor") => Err(fault),
            _ => Ok(()),
        }
    }

    async fn import(_: &Client, _: &str) -> Result<Self, Fault> {
        Err(Fault::error("Not importable", "Vault does not tell a secret id twice; make a new one."))
    }
}
