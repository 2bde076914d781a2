//! `vault_approle_auth_backend_role`

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Map;
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::client::Client;
use crate::fields::{Field, networks, overlay, plain, settle};
use crate::stored::{self, Stored};

/// A role that machines log in as with its role id and a secret id.
///
/// ```hcl
/// resource "vault_approle_auth_backend_role" "ci" {
///   role_name         = "ci"
///   token_policies    = ["ci"]
///   token_bound_cidrs = ["10.0.0.0/8"]
///   token_ttl         = 600
/// }
/// ```
///
/// Import id: `auth/BACKEND/role/NAME`.
#[derive(Clone, Default, Deserialize, Serialize, Schema)]
#[serde(default)]
#[schema(name = "vault_approle_auth_backend_role")]
pub(crate) struct ApproleAuthBackendRole {
    /// `auth/BACKEND/role/NAME`
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
    /// Role id; made by Vault when unset.
    #[schema(optional, computed)]
    role_id: Option<String>,
    /// A login needs a secret id.
    #[schema(optional, default = true)]
    bind_secret_id: Option<bool>,
    /// Networks from which a secret id can be used.
    #[schema(optional)]
    secret_id_bound_cidrs: Option<BTreeSet<String>>,
    /// How often a secret id can be used; 0 for any number.
    #[schema(optional)]
    secret_id_num_uses: Option<i64>,
    /// Seconds that a secret id is valid; 0 for ever.
    #[schema(optional)]
    secret_id_ttl: Option<i64>,
    /// Networks from which the token can be used.
    #[schema(optional)]
    token_bound_cidrs: Option<BTreeSet<String>>,
    /// Seconds after which the token ends whatever happens.
    #[schema(optional)]
    token_explicit_max_ttl: Option<i64>,
    /// Seconds after which the token cannot be renewed any more.
    #[schema(optional)]
    token_max_ttl: Option<i64>,
    /// Leaves the policy `default` out.
    #[schema(optional)]
    token_no_default_policy: Option<bool>,
    /// How often the token can be used; 0 for any number.
    #[schema(optional)]
    token_num_uses: Option<i64>,
    /// Seconds within which the token has to be renewed, without end.
    #[schema(optional)]
    token_period: Option<i64>,
    /// Policies of the token.
    #[schema(optional)]
    token_policies: Option<BTreeSet<String>>,
    /// Seconds that the token is valid at first.
    #[schema(optional)]
    token_ttl: Option<i64>,
    /// `service`, `batch` or `default`.
    #[schema(optional, default = "default")]
    token_type: Option<String>,
}

const ROLE_ID: &[Field] = &[plain("role_id")];

impl ApproleAuthBackendRole {
    /// The role id is not part of the role's own answer.
    async fn with_role_id(self, client: &Client) -> Result<Self, Fault> {
        let data = client.scope(&self.namespace).read_back(&format!("{}/role-id", self.path())).await?;
        overlay(&self, &data, ROLE_ID)
    }
}

impl Stored for ApproleAuthBackendRole {
    const FIELDS: &'static [Field] = &[
        plain("bind_secret_id"),
        networks("secret_id_bound_cidrs"),
        plain("secret_id_num_uses"),
        plain("secret_id_ttl"),
        networks("token_bound_cidrs"),
        plain("token_explicit_max_ttl"),
        plain("token_max_ttl"),
        plain("token_no_default_policy"),
        plain("token_num_uses"),
        plain("token_period"),
        plain("token_policies"),
        plain("token_ttl"),
        plain("token_type"),
    ];

    fn namespace(&self) -> &Option<String> {
        &self.namespace
    }
    fn path(&self) -> String {
        format!("auth/{}/role/{}", self.backend.as_deref().unwrap_or("approle").trim_matches('/'), self.role_name)
    }
    fn identify(&mut self) {
        self.id = Some(self.path());
    }
}

impl Resource for ApproleAuthBackendRole {
    type Client = Client;

    fn plan(_: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        settle::<Self>(plan, Self::FIELDS);
        Ok(())
    }
    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let role_id = planned.role_id.clone().map(|role_id| ("role_id".to_owned(), role_id.into()));
        let done = stored::write_with(client, planned, None, operation, role_id.into_iter().collect()).await?;
        done.with_role_id(client).await
    }
    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        match stored::read(client, prior).await? {
            Some(found) => found.with_role_id(client).await.map(Some),
            None => Ok(None),
        }
    }
    async fn update(client: &Client, prior: Self, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        if planned.role_id.is_some() && planned.role_id != prior.role_id {
            let body: Map<_, _> = [("role_id".to_owned(), planned.role_id.clone().into())].into_iter().collect();
            client.scope(&planned.namespace).write(&format!("{}/role-id", planned.path()), body).await?;
        }
        stored::write(client, planned, Some(&prior), operation).await?.with_role_id(client).await
    }
    async fn delete(client: &Client, prior: Self, _: &Operation<'_>) -> Result<(), Fault> {
        stored::delete(client, &prior).await
    }
    async fn import(_: &Client, id: &str) -> Result<Self, Fault> {
        let (mount, name) = stored::split_id(id, "/role/")?;
        let backend = mount.strip_prefix("auth/").unwrap_or(mount);
        Ok(Self { backend: Some(backend.to_owned()), role_name: name.to_owned(), ..Self::default() })
    }
    async fn recover(client: &Client, planned: Self, _: &str) -> Result<Option<Self>, Fault> {
        Self::read(client, planned).await
    }
}
