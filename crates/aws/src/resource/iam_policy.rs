//! `aws_iam_policy`

use std::collections::{BTreeMap, HashMap};

use aws_sdk_iam::types::Policy;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use super::iam_role::{check_policy, decode, iam_tags, pairs};
use crate::api::Explain;
use crate::tags::{self, Tags};
use crate::{Client, json, name, plan, wait};

/// Versions that the API keeps of one policy.
const VERSIONS: usize = 5;

/// A policy that roles, users and groups can share.
///
/// ```hcl
/// resource "aws_iam_policy" "snapshots" {
///   name   = "snapshots"
///   policy = data.aws_iam_policy_document.snapshots.json
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_iam_policy")]
pub(crate) struct IamPolicy {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// How many identities have it.
    #[schema(computed)]
    attachment_count: Option<i64>,
    /// Description.
    #[schema(optional, force_new)]
    description: Option<String>,
    /// The ARN again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Name; made when unset.
    #[schema(optional, computed, force_new)]
    name: Option<String>,
    /// What a made name begins with.
    #[schema(optional, computed, force_new)]
    name_prefix: Option<String>,
    /// Path.
    #[schema(optional, force_new, default = "/")]
    path: Option<String>,
    /// Policy in JSON.
    #[schema(required)]
    policy: Option<String>,
    /// Unique id.
    #[schema(computed)]
    policy_id: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
}

async fn describe(client: &Client, arn: &str) -> Result<Option<Policy>, Fault> {
    client
        .batch("iam policy", 1, arn.to_owned(), |client, arns: Vec<String>| async move {
            let mut found = HashMap::new();
            for arn in arns {
                let answer = client.iam().get_policy().policy_arn(&arn).send().await.api("iam:GetPolicy")?;
                found.extend(answer.policy.map(|policy| (arn, policy)));
            }
            Ok(found)
        })
        .await
}

impl IamPolicy {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// Deletes versions that are not the default one: all of them, or only the oldest where there is no room for another.
    async fn clear_versions(client: &Client, arn: &str, all: bool) -> Result<(), Fault> {
        let pages = client.iam().list_policy_versions().policy_arn(arn).into_paginator().items().send();
        let versions = pages.collect::<Result<Vec<_>, _>>().await.api("iam:ListPolicyVersions")?;
        let full = versions.len() >= VERSIONS;
        let mut spare: Vec<_> = versions.into_iter().filter(|version| !version.is_default_version).collect();
        spare.sort_by_key(|version| version.create_date.map(|date| (date.secs(), date.subsec_nanos())));
        let count = if all { spare.len() } else { usize::from(full) };
        for version in spare.into_iter().take(count) {
            let call = client.iam().delete_policy_version().policy_arn(arn).set_version_id(version.version_id);
            match call.send().await.api("iam:DeletePolicyVersion") {
                Err(error) if !error.not_found() => return Err(error.into()),
                _ => (),
            }
        }
        Ok(())
    }

    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        let tags = client.tag_rules().all(&planned.tags);
        wait::appear("policy", || async {
            let found = Self::read(client, planned.clone()).await?;
            Ok(found.filter(|found| found.policy == planned.policy && found.tags_all.as_ref() == Some(&tags)))
        })
        .await
    }
}

impl Resource for IamPolicy {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let mut faults = name::check(config, 128, "+=,.@_-");
        faults.extend(check_policy(config, "policy"));
        faults
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        plan.suppress("policy", json::same_policy);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let name = name::choose(planned.name.as_ref(), planned.name_prefix.as_ref(), operation.token);
        let tags = iam_tags(client.tag_rules().all(&planned.tags));
        let call = client.iam().create_policy().policy_name(name).set_path(planned.path.clone()).set_policy_document(planned.policy.clone());
        let call = call.set_description(planned.description.clone().filter(|text| !text.is_empty())).set_tags(Some(tags).filter(|tags| !tags.is_empty()));
        let answer = call.send().await.api("iam:CreatePolicy")?;
        let created = Self { id: answer.policy.and_then(|policy| policy.arn), ..planned };
        operation.created(&created)?;
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(policy) = describe(client, prior.id()).await? else { return Ok(None) };
        let call = client.iam().get_policy_version().policy_arn(prior.id()).set_version_id(policy.default_version_id.clone());
        let version = call.send().await.api("iam:GetPolicyVersion")?.policy_version;
        let document = version.and_then(|version| version.document).unwrap_or_default();
        let (tags, tags_all) = client.tag_rules().read(pairs(policy.tags()), &prior.tags);
        Ok(Some(Self {
            attachment_count: policy.attachment_count.map(i64::from),
            description: Some(policy.description.unwrap_or_default()),
            id: policy.arn.clone(),
            name_prefix: policy.policy_name.as_deref().map(|name| name::prefix(name).to_owned()),
            policy: Some(json::keep_policy(prior.policy.as_deref(), &decode(&document))),
            tags,
            tags_all,
            arn: policy.arn,
            name: policy.policy_name,
            path: policy.path,
            policy_id: policy.policy_id,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id.clone(), ..planned };
        let arn = planned.id();
        if planned.policy != prior.policy {
            Self::clear_versions(client, arn, false).await?;
            let call = client.iam().create_policy_version().policy_arn(arn).set_policy_document(planned.policy.clone()).set_as_default(true);
            call.send().await.api("iam:CreatePolicyVersion")?;
        }
        let (set, removed) = tags::difference(prior.tags_all.as_ref().unwrap_or(&BTreeMap::new()), &client.tag_rules().all(&planned.tags));
        if !removed.is_empty() {
            client.iam().untag_policy().policy_arn(arn).set_tag_keys(Some(removed)).send().await.api("iam:UntagPolicy")?;
        }
        if !set.is_empty() {
            client.iam().tag_policy().policy_arn(arn).set_tags(Some(iam_tags(set))).send().await.api("iam:TagPolicy")?;
        }
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        Self::clear_versions(client, prior.id(), true).await?;
        client.iam().delete_policy().policy_arn(prior.id()).send().await.api("iam:DeletePolicy")?;
        Ok(())
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        let name = name::choose(planned.name.as_ref(), planned.name_prefix.as_ref(), token);
        let call = client.iam().list_policies().scope(aws_sdk_iam::types::PolicyScopeType::Local).set_path_prefix(planned.path.clone());
        let policies = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.api("iam:ListPolicies")?;
        match policies.into_iter().find(|policy| policy.policy_name.as_ref() == Some(&name)) {
            Some(policy) => Self::read(client, Self { id: policy.arn, ..planned }).await,
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    fn policy(action: &str) -> String {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": [action], "Resource": "*"}]}).to_string()
    }

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let state = Lifecycle::new(&lab, "aws_iam_policy", json!({"name": "shared", "path": "/team/", "description": "Snapshots", "policy": policy("s3:GetObject")}))
            .update(json!({"name": "shared", "path": "/team/", "description": "Snapshots", "policy": policy("kms:Decrypt"), "tags": {"a": "b"}}))
            .update(json!({"name": "shared", "path": "/team/", "description": "Snapshots", "policy": policy("kms:Decrypt"), "tags": {"c": "d"}}))
            .run()
            .await;
        assert_eq!(text(&state, "arn"), "arn:aws:iam::123456789012:policy/team/shared");
    }

    #[tokio::test]
    async fn more_changes_than_versions() {
        let lab = lab().await;
        let config = |action: &str| json!({"name": "changed-often", "policy": policy(action)});
        let mut state = lab.make("aws_iam_policy", config("s3:A0")).await;
        for turn in 1..8 {
            state = lab.change("aws_iam_policy", &state, &config(&format!("s3:A{turn}"))).await;
        }
        assert!(text(&state, "policy").contains("s3:A7"));
        lab.delete("aws_iam_policy", &state).await;
    }
}
