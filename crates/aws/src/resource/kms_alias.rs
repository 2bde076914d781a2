//! `aws_kms_alias`

use aws_sdk_kms::types::AliasListEntry;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::{ApiError, Explain};
use crate::{Client, name, plan, wait};

/// A name for a key.
///
/// ```hcl
/// resource "aws_kms_alias" "unseal" {
///   name          = "alias/unseal"
///   target_key_id = aws_kms_key.unseal.key_id
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_kms_alias")]
pub(crate) struct KmsAlias {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// The name again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Name, which begins with `alias/`; made when unset.
    #[schema(optional, computed, force_new)]
    name: Option<String>,
    /// What a made name begins with, `alias/` included.
    #[schema(optional, computed, force_new)]
    name_prefix: Option<String>,
    /// ARN of the key.
    #[schema(computed)]
    target_key_arn: Option<String>,
    /// Id or ARN of the key.
    #[schema(required)]
    target_key_id: Option<String>,
}

/// All aliases, in one listing for all that ask.
pub(crate) async fn find(client: &Client, name: &str) -> Result<Option<AliasListEntry>, Fault> {
    client
        .batch("kms alias", 1000, name.to_owned(), |client, _names: Vec<String>| async move {
            let pages = client.kms().list_aliases().limit(100).into_paginator().items().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await.api("kms:ListAliases")?;
            Ok(found.into_iter().filter_map(|alias| Some((alias.alias_name.clone()?, alias))).collect())
        })
        .await
}

/// The id of a key that is given by id or ARN.
fn key_id(key: &str) -> &str {
    key.rsplit_once(":key/").map_or(key, |(_, id)| id)
}

impl KmsAlias {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn made(planned: &Self, token: &str) -> String {
        let prefix = planned.name_prefix.clone().filter(|prefix| !prefix.is_empty()).unwrap_or_else(|| "alias/".to_owned());
        name::choose(planned.name.as_ref(), Some(&prefix), token)
    }

    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        wait::appear("alias", || async { Ok(Self::read(client, planned.clone()).await?.filter(|found| found.target_key_id == planned.target_key_id)) }).await
    }
}

impl Resource for KmsAlias {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let mut faults = name::check(config, 256, "/_-");
        for attribute in ["name", "name_prefix"] {
            let written = config.get(attribute);
            let Some(text) = written.as_ref().and_then(Value::as_str) else { continue };
            if !text.starts_with("alias/") || text.starts_with("alias/aws/") {
                let detail = format!("\"{text}\" should begin with \"alias/\", and not with \"alias/aws/\", which is Amazon's.");
                faults.push(Fault::attribute(Path::attr(attribute), "Invalid name", detail));
            }
        }
        faults
    }

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        plan.suppress("target_key_id", |a, b| a.as_str().map(key_id) == b.as_str().map(key_id));
        if !plan.creating() && plan.changed("target_key_id") {
            plan.unknown("target_key_arn");
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let name = Self::made(&planned, operation.token);
        // The key may be too new to be seen.
        let passing = |error: &ApiError| error.is(&["NotFoundException"]);
        wait::retry(wait::limit(None, 1)?, passing, || async {
            client.kms().create_alias().alias_name(&name).set_target_key_id(planned.target_key_id.clone()).send().await.api("kms:CreateAlias")
        })
        .await?;
        let created = Self { id: Some(name), ..planned };
        operation.created(&created)?;
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(alias) = find(client, prior.id()).await? else { return Ok(None) };
        let target = alias.target_key_id.unwrap_or_default();
        let arn = alias.alias_arn.unwrap_or_default();
        let key_arn = arn.rsplit_once(":alias/").map(|(account, _)| format!("{account}:key/{target}"));
        let name = alias.alias_name.unwrap_or_default();
        let kept = prior.target_key_id.filter(|written| key_id(written) == target);
        Ok(Some(Self {
            arn: Some(arn),
            id: Some(name.clone()),
            name_prefix: Some(name::prefix(&name).to_owned()),
            name: Some(name),
            target_key_arn: key_arn,
            target_key_id: Some(kept.unwrap_or(target)),
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id, ..planned };
        let call = client.kms().update_alias().alias_name(planned.id()).set_target_key_id(planned.target_key_id.clone());
        call.send().await.api("kms:UpdateAlias")?;
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        client.kms().delete_alias().alias_name(prior.id()).send().await.api("kms:DeleteAlias")?;
        Ok(())
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        let name = Self::made(&planned, token);
        Self::read(client, Self { id: Some(name), ..planned }).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let (one, two) = (lab.make("aws_kms_key", json!({})).await, lab.make("aws_kms_key", json!({})).await);
        let state = Lifecycle::new(&lab, "aws_kms_alias", json!({"name": "alias/life", "target_key_id": text(&one, "id")}))
            .update(json!({"name": "alias/life", "target_key_id": text(&two, "id")}))
            .run()
            .await;
        assert_eq!(text(&state, "target_key_arn"), text(&two, "arn"));
        Lifecycle::new(&lab, "aws_kms_alias", json!({"name_prefix": "alias/made-", "target_key_id": text(&one, "arn")})).import_ignores(&["target_key_id"]).run().await;
        let faults = lab.refused("aws_kms_alias", json!({"name": "life", "target_key_id": "x"})).await;
        assert!(faults[0].detail.contains("should begin with"), "{faults:?}");
    }
}
