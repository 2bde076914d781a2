//! `aws_kms_grant`

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_kms::types::{GrantConstraints, GrantListEntry, GrantOperation};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::{ApiError, Explain};
use crate::{Client, plan, unset, wait};

/// Leave for a user, role or service to use a key, beside the key's policy.
///
/// A grant has no tags and its API no token: after a crash, one of the key's grants that is as planned in everything is taken for it.
///
/// ```hcl
/// resource "aws_kms_grant" "autoscaling" {
///   name              = "autoscaling"
///   key_id            = aws_kms_key.volumes.key_id
///   grantee_principal = aws_iam_role.node.arn
///   operations        = ["Encrypt", "Decrypt", "GenerateDataKey"]
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_kms_grant")]
pub(crate) struct KmsGrant {
    /// Tokens of grants that are too new to be known everywhere, which allow this one.
    #[schema(optional, set, force_new)]
    grant_creation_tokens: Option<Vec<String>>,
    /// Id of the grant.
    #[schema(computed)]
    grant_id: Option<String>,
    /// Token that lets the grant be used at once.
    #[schema(computed, sensitive)]
    grant_token: Option<String>,
    /// ARN of who may use the key.
    #[schema(required, force_new)]
    grantee_principal: Option<String>,
    /// Key and grant.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Id or ARN of the key.
    #[schema(required, force_new)]
    key_id: Option<String>,
    /// Name.
    #[schema(optional, force_new)]
    name: Option<String>,
    /// What is allowed.
    #[schema(required, set, force_new)]
    operations: Option<Vec<String>>,
    /// Retires the grant instead of revoking it.
    #[schema(optional, force_new, default = false)]
    retire_on_delete: Option<bool>,
    /// ARN of who may retire it.
    #[schema(optional, force_new)]
    retiring_principal: Option<String>,
    /// Encryption contexts that it is for.
    #[schema(block, set, force_new)]
    constraints: Vec<Constraints>,
}

/// Encryption contexts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Constraints {
    /// The context is this.
    #[schema(optional)]
    encryption_context_equals: Option<BTreeMap<String, String>>,
    /// The context holds this.
    #[schema(optional)]
    encryption_context_subset: Option<BTreeMap<String, String>>,
}

/// All grants of a key: one listing for all that ask for the same key.
async fn grants(client: &Client, key: &str) -> Result<Option<Vec<GrantListEntry>>, Fault> {
    client
        .batch("kms grants", 1, key.to_owned(), |client, keys: Vec<String>| async move {
            let mut found = HashMap::new();
            for key in keys {
                let pages = client.kms().list_grants().key_id(&key).limit(100).into_paginator().items().send();
                let all = pages.collect::<Result<Vec<_>, _>>().await.api("kms:ListGrants")?;
                found.insert(key, all);
            }
            Ok(found)
        })
        .await
}

/// Key and grant of an id. Keys may be ARNs, which hold colons themselves.
fn parts(id: &str) -> Option<(&str, &str)> {
    id.rsplit_once(':').filter(|(key, grant)| !key.is_empty() && !grant.is_empty())
}

fn some(map: &Option<BTreeMap<String, String>>) -> Option<HashMap<String, String>> {
    map.clone().filter(|map| !map.is_empty()).map(|map| map.into_iter().collect())
}

fn sorted(map: Option<HashMap<String, String>>) -> Option<BTreeMap<String, String>> {
    map.filter(|map| !map.is_empty()).map(|map| map.into_iter().collect())
}

impl KmsGrant {
    fn constraints(&self) -> Option<GrantConstraints> {
        let first = self.constraints.first()?;
        let builder = GrantConstraints::builder().set_encryption_context_equals(some(&first.encryption_context_equals));
        Some(builder.set_encryption_context_subset(some(&first.encryption_context_subset)).build())
    }

    /// What the API shows of a grant, in the form of what is there.
    fn shown(self, grant: GrantListEntry) -> Self {
        let constraints = grant.constraints.map(|constraints| Constraints {
            encryption_context_equals: sorted(constraints.encryption_context_equals),
            encryption_context_subset: sorted(constraints.encryption_context_subset),
        });
        Self {
            grant_id: grant.grant_id,
            // The ARN of somebody who is gone is shown as a unique id.
            grantee_principal: grant.grantee_principal.filter(|who| who.contains(':')).or(self.grantee_principal),
            key_id: self.key_id.or(grant.key_id),
            name: unset::text(self.name.as_ref(), grant.name.as_deref()),
            operations: Some(grant.operations.unwrap_or_default().iter().map(|operation| operation.as_str().to_owned()).collect()),
            retire_on_delete: self.retire_on_delete.or(Some(false)),
            retiring_principal: unset::text(self.retiring_principal.as_ref(), grant.retiring_principal.as_deref()),
            constraints: constraints.filter(|constraints| *constraints != Constraints::default()).into_iter().collect(),
            ..self
        }
    }

    /// What makes two grants the same.
    fn meaning(&self) -> (Option<String>, String, String, BTreeSet<String>, Vec<Constraints>) {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let operations = self.operations.iter().flatten().cloned().collect();
        (self.grantee_principal.clone(), text(&self.name), text(&self.retiring_principal), operations, self.constraints.clone())
    }
}

impl Resource for KmsGrant {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let mut faults = Vec::new();
        let known: Vec<&str> = GrantOperation::values().to_vec();
        for operation in config.get("operations").iter().flat_map(Value::elements) {
            if let Some(operation) = operation.as_str()
                && !known.contains(&operation)
            {
                let detail = format!("\"{operation}\" is none of {}.", known.join(", "));
                faults.push(Fault::attribute(Path::attr("operations"), "Invalid operation", detail));
            }
        }
        if config.get("constraints").and_then(|constraints| constraints.length()).is_some_and(|count| count > 1) {
            faults.push(Fault::attribute(Path::attr("constraints"), "Too many constraints", "A grant has one block `constraints` at most."));
        }
        faults
    }

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let operations = planned.operations.iter().flatten().map(|operation| GrantOperation::from(operation.as_str())).collect();
        let call = client
            .kms()
            .create_grant()
            .set_key_id(planned.key_id.clone())
            .set_grantee_principal(planned.grantee_principal.clone())
            .set_retiring_principal(planned.retiring_principal.clone().filter(|who| !who.is_empty()))
            .set_operations(Some(operations))
            .set_constraints(planned.constraints())
            .set_grant_tokens(planned.grant_creation_tokens.clone().filter(|tokens| !tokens.is_empty()))
            .set_name(planned.name.clone().filter(|name| !name.is_empty()));
        // New users and roles take some seconds to be known here.
        let passing = |error: &ApiError| error.is(&["DependencyTimeoutException", "KMSInternalException", "InvalidArnException"]);
        let answer = wait::retry(wait::limit(None, 3)?, passing, || async { call.clone().send().await.api("kms:CreateGrant") }).await?;
        let grant = answer.grant_id.ok_or_else(|| Fault::uncertain("kms:CreateGrant failed", "The answer holds no grant."))?;
        let id = format!("{}:{grant}", planned.key_id.as_deref().unwrap_or_default());
        let created = Self { id: Some(id), grant_id: Some(grant), grant_token: answer.grant_token, ..planned };
        operation.created(&created)?;
        wait::appear("grant", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let id = prior.id.clone().unwrap_or_default();
        let (key, grant) = parts(&id).ok_or_else(|| Fault::error("Invalid id", format!("\"{id}\" should be KEY-ID:GRANT-ID.")))?;
        let found = grants(client, key).await?.unwrap_or_default().into_iter().find(|found| found.grant_id.as_deref() == Some(grant));
        Ok(found.map(|found| prior.shown(found)))
    }

    async fn update(_client: &Client, _prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        Ok(planned)
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let id = prior.id.clone().unwrap_or_default();
        let Some((key, grant)) = parts(&id) else { return Ok(()) };
        if prior.retire_on_delete == Some(true) {
            // The API wants the whole ARN of the key here.
            let arn = if key.starts_with("arn:") { key.to_owned() } else { client.arn("kms", client.account().await?, &format!("key/{key}")) };
            client.kms().retire_grant().key_id(arn).grant_id(grant).send().await.api("kms:RetireGrant")?;
        } else {
            client.kms().revoke_grant().key_id(key).grant_id(grant).send().await.api("kms:RevokeGrant")?;
        }
        wait::until("the grant to go", wait::limit(None, 5)?, || async {
            match Self::read(client, prior.clone()).await {
                Err(fault) if fault.not_found => Ok(Some(())),
                found => Ok(found?.is_none().then_some(())),
            }
        })
        .await
    }

    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let (key, grant) = parts(id).ok_or_else(|| Fault::error("Invalid import id", format!("\"{id}\" should be KEY-ID:GRANT-ID.")))?;
        Ok(Self { id: Some(id.to_owned()), key_id: Some(key.to_owned()), grant_id: Some(grant.to_owned()), ..Self::default() })
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        let key = planned.key_id.clone().unwrap_or_default();
        let mut all = grants(client, &key).await?.unwrap_or_default();
        all.sort_by_key(|grant| std::cmp::Reverse(grant.creation_date.map(|date| date.secs())));
        let same = all.into_iter().map(|grant| planned.clone().shown(grant)).find(|found| found.meaning() == planned.meaning());
        Ok(same.map(|found| Self { id: Some(format!("{key}:{}", found.grant_id.as_deref().unwrap_or_default())), grant_token: Some(String::new()), ..found }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let key = lab.make("aws_kms_key", json!({})).await;
        let config = |more: serde_json::Value| {
            let mut config = json!({"key_id": text(&key, "key_id"), "grantee_principal": "arn:aws:iam::123456789012:role/reader", "operations": ["Encrypt", "Decrypt"]});
            config.as_object_mut().expect("object").extend(more.as_object().expect("object").clone());
            config
        };
        let full = config(json!({"name": "one", "retiring_principal": "arn:aws:iam::123456789012:root", "constraints": [{"encryption_context_equals": {"a": "b"}}]}));
        let state = Lifecycle::new(&lab, "aws_kms_grant", full.clone()).import_ignores(&["grant_token", "id"]).run().await;
        assert_eq!(text(&state, "id"), format!("{}:{}", text(&key, "key_id"), text(&state, "grant_id")));
        assert!(!text(&state, "grant_token").is_empty());
        Lifecycle::new(&lab, "aws_kms_grant", config(json!({"retire_on_delete": true}))).import_ignores(&["grant_token", "retire_on_delete"]).run().await;
        let mut other = full.clone();
        other["operations"] = json!(["Verify"]);
        let planned = lab.plan("aws_kms_grant", Some(&state), &other).await.expect("plan");
        assert_eq!(planned.requires_replace.len(), 1);
        let faults = lab.refused("aws_kms_grant", config(json!({"operations": ["Read"]}))).await;
        assert_eq!(faults[0].summary, "Invalid operation");
    }
}
