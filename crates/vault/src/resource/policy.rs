//! `vault_policy`

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::client::Client;
use crate::fields::{Field, plain, settle};
use crate::stored::{self, Stored};

/// A policy: what tokens that carry it may do.
///
/// ```hcl
/// resource "vault_policy" "reader" {
///   name   = "reader"
///   policy = <<-EOT
///     path "secret/data/app/*" {
///       capabilities = ["read"]
///     }
///   EOT
/// }
/// ```
///
/// Import id: the name.
#[derive(Clone, Default, Deserialize, Serialize, Schema)]
#[serde(default)]
#[schema(name = "vault_policy")]
pub(crate) struct Policy {
    /// The name.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Namespace, relative to the provider's.
    #[schema(optional, force_new)]
    namespace: Option<String>,
    /// Its name.
    #[schema(required, force_new)]
    name: String,
    /// The rules, in Vault's policy language.
    #[schema(required)]
    policy: String,
}

impl Stored for Policy {
    const FIELDS: &'static [Field] = &[plain("policy")];

    fn namespace(&self) -> &Option<String> {
        &self.namespace
    }
    fn path(&self) -> String {
        format!("sys/policies/acl/{}", self.name)
    }
    fn identify(&mut self) {
        self.id = Some(self.name.clone());
    }
}

impl Resource for Policy {
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
        stored::delete(client, &prior).await
    }
    async fn import(_: &Client, id: &str) -> Result<Self, Fault> {
        Ok(Self { name: id.to_owned(), ..Self::default() })
    }
    async fn recover(client: &Client, planned: Self, _: &str) -> Result<Option<Self>, Fault> {
        stored::read(client, planned).await
    }
}
