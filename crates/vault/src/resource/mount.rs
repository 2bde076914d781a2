//! `vault_mount`

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::client::Client;
use crate::fields::{Field, body, overlay, plain, settle};

/// A secrets engine at a path. A change of the path moves it.
///
/// ```hcl
/// resource "vault_mount" "pki" {
///   path                  = "pki"
///   type                  = "pki"
///   max_lease_ttl_seconds = 31536000
/// }
/// ```
///
/// Import id: the path.
#[derive(Clone, Default, Deserialize, Serialize, Schema)]
#[serde(default)]
#[schema(name = "vault_mount")]
pub(crate) struct Mount {
    /// The path.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Namespace, relative to the provider's.
    #[schema(optional, force_new)]
    namespace: Option<String>,
    /// Where it is.
    #[schema(required)]
    path: String,
    /// Type of the engine, such as `pki` or `kv`.
    #[schema(required, force_new)]
    r#type: String,
    /// Text for people.
    #[schema(optional)]
    description: Option<String>,
    /// Lease of what it gives out unless asked for otherwise, seconds; 0 for the server's default.
    #[schema(optional, computed)]
    default_lease_ttl_seconds: Option<i64>,
    /// Longest lease, seconds; 0 for the server's longest.
    #[schema(optional, computed)]
    max_lease_ttl_seconds: Option<i64>,
    /// Keys of requests that audit devices write as they are.
    #[schema(optional, computed)]
    audit_non_hmac_request_keys: Option<Vec<String>>,
    /// Keys of answers that audit devices write as they are.
    #[schema(optional, computed)]
    audit_non_hmac_response_keys: Option<Vec<String>>,
    /// The engine's identifier.
    #[schema(computed)]
    accessor: Option<String>,
    /// Is not replicated.
    #[schema(optional, force_new)]
    local: Option<bool>,
    /// The engine's own options, such as `version` of kv.
    #[schema(optional)]
    options: Option<BTreeMap<String, String>>,
    /// Wraps what it stores with the seal.
    #[schema(optional, computed, force_new)]
    seal_wrap: Option<bool>,
    /// May use the server's external source of entropy.
    #[schema(optional, force_new, default = false)]
    external_entropy_access: Option<bool>,
    /// Managed keys that it may use.
    #[schema(optional)]
    allowed_managed_keys: Option<BTreeSet<String>>,
    /// Headers that an answer may have.
    #[schema(optional)]
    allowed_response_headers: Option<Vec<String>>,
    /// Auth methods that it may delegate to.
    #[schema(optional)]
    delegated_auth_accessors: Option<Vec<String>>,
    /// Key that signs its identity tokens.
    #[schema(optional)]
    identity_token_key: Option<String>,
    /// Whether listings for unauthenticated users show it: `unauth` or `hidden`.
    #[schema(optional)]
    listing_visibility: Option<String>,
    /// Headers of requests that reach it.
    #[schema(optional)]
    passthrough_request_headers: Option<Vec<String>>,
    /// Version of its plugin.
    #[schema(optional)]
    plugin_version: Option<String>,
}

/// What is set when it is mounted and stays.
const FIXED: &[Field] = &[plain("type"), plain("local"), plain("seal_wrap"), plain("external_entropy_access")];
/// What can change, beside the settings.
const TUNED: &[Field] = &[plain("description"), plain("options")];
/// What stands in `config` of requests and answers.
const SETTINGS: &[Field] = &[
    plain("default_lease_ttl_seconds").called("default_lease_ttl"),
    plain("max_lease_ttl_seconds").called("max_lease_ttl"),
    plain("audit_non_hmac_request_keys"),
    plain("audit_non_hmac_response_keys"),
    plain("allowed_managed_keys"),
    plain("allowed_response_headers"),
    plain("delegated_auth_accessors"),
    plain("identity_token_key"),
    plain("listing_visibility"),
    plain("passthrough_request_headers"),
    plain("plugin_version"),
];

impl Mount {
    fn path(&self) -> String {
        self.path.trim_matches('/').to_owned()
    }

    async fn find(self, client: &Client) -> Result<Option<Self>, Fault> {
        let Some(mut data) = client.scope(&self.namespace).mounted("sys/mounts", &self.path).await? else { return Ok(None) };
        let mut known = self;
        known.id = Some(known.path());
        known.audit_non_hmac_request_keys.get_or_insert_default();
        known.audit_non_hmac_response_keys.get_or_insert_default();
        if let Some(Json::Object(settings)) = data.remove("config") {
            known = overlay(&known, &settings, SETTINGS)?;
        }
        known = overlay(&known, &data, TUNED)?;
        known = overlay(&known, &data, FIXED)?;
        overlay(&known, &data, &[plain("accessor")]).map(Some)
    }

    async fn find_written(self, client: &Client) -> Result<Self, Fault> {
        let path = self.path();
        let found = self.find(client).await?;
        found.ok_or_else(|| Fault::not_found(format!("The mount {path} is not there although Vault had accepted it.")))
    }
}

impl Resource for Mount {
    type Client = Client;

    fn plan(_: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        settle::<Self>(plan, &[]);
        if !plan.creating() {
            // An engine sets options of its own.
            if plan.config("options").is_null() {
                plan.set("options", plan.prior("options"));
            }
            if plan.changed("path") {
                plan.unknown("id");
            }
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let mut request = body(&planned, None, FIXED)?;
        request.extend(body(&planned, None, TUNED)?);
        request.insert("config".into(), Json::Object(body(&planned, None, SETTINGS)?));
        let mounted = client.scope(&planned.namespace).write_once(&format!("sys/mounts/{}", planned.path()), request).await;
        if let Err(error) = mounted {
            // When the answer was lost, the path says whether it was done.
            let done = error.may_have_arrived() && planned.clone().find(client).await?.is_some_and(|found| found.r#type == planned.r#type);
            if !done {
                return Err(error.into());
            }
        }
        operation.created(&Self { id: Some(planned.path()), ..planned.clone() })?;
        planned.find_written(client).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let id = prior.id.clone().unwrap_or_else(|| prior.path());
        let path = if prior.path() == id { prior.path.clone() } else { id };
        Self { path, ..prior }.find(client).await
    }

    async fn update(client: &Client, prior: Self, planned: Self, _: &Operation<'_>) -> Result<Self, Fault> {
        if prior.path() != planned.path() {
            remount(client, &planned.namespace, &prior.path(), &planned.path()).await?;
        }
        let mut request = body(&planned, Some(&prior), TUNED)?;
        if planned.options == prior.options {
            request.remove("options");
        }
        request.extend(body(&planned, Some(&prior), SETTINGS)?);
        client.scope(&planned.namespace).write(&format!("sys/mounts/{}/tune", planned.path()), request).await?;
        planned.find_written(client).await
    }

    async fn delete(client: &Client, prior: Self, _: &Operation<'_>) -> Result<(), Fault> {
        client.scope(&prior.namespace).delete(&format!("sys/mounts/{}", prior.path())).await
    }

    async fn import(_: &Client, id: &str) -> Result<Self, Fault> {
        Ok(Self { id: Some(id.trim_matches('/').to_owned()), path: id.to_owned(), ..Self::default() })
    }

    async fn recover(client: &Client, planned: Self, _: &str) -> Result<Option<Self>, Fault> {
        let kind = planned.r#type.clone();
        // Another engine at the path is not the one that was to be made.
        Ok(planned.find(client).await?.filter(|found| found.r#type == kind))
    }
}

/// Moves an engine or auth method (`auth/PATH`), and waits until it has arrived.
pub(crate) async fn remount(client: &Client, namespace: &Option<String>, from: &str, to: &str) -> Result<(), Fault> {
    let scope = client.scope(namespace);
    let request: Map<String, Json> = [("from".to_owned(), json!(from)), ("to".to_owned(), json!(to))].into_iter().collect();
    let begun = scope.write_once("sys/remount", request).await?;
    let Some(migration) = begun.get("migration_id").and_then(Json::as_str) else { return Ok(()) };
    for _ in 0..600 {
        let status = scope.read_back(&format!("sys/remount/status/{migration}")).await?;
        match status.get("migration_info").and_then(|info| info["status"].as_str()) {
            Some("in-progress") => tokio::time::sleep(Duration::from_millis(100)).await,
            Some("failure") => return Err(Fault::error("Mount could not be moved", format!("Vault reports a failure on the way from {from} to {to}."))),
            _ => {
                // The listing may be older than the end of the move.
                scope.forget_listings().await;
                return Ok(());
            }
        }
    }
    Err(Fault::error("Mount is still being moved", format!("The way from {from} to {to} takes longer than a minute.")))
}
