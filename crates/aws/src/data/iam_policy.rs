//! `data "aws_iam_policy"`

use aws_sdk_iam::types::Policy;
use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::Explain;
use crate::resource::iam_role::{decode, pairs};
use crate::tags::Tags;
use crate::{Client, query};

/// A policy that roles, users and groups can share, by its ARN or its name; also one of Amazon's.
///
/// ```hcl
/// data "aws_iam_policy" "ssm" {
///   name = "AmazonSSMManagedInstanceCore"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_iam_policy")]
pub(crate) struct IamPolicy {
    /// ARN.
    #[schema(optional, computed)]
    arn: Option<String>,
    /// How many identities have it.
    #[schema(computed)]
    attachment_count: Option<i64>,
    /// What it is for.
    #[schema(computed)]
    description: Option<String>,
    /// The ARN again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Name.
    #[schema(optional, computed)]
    name: Option<String>,
    /// Path.
    #[schema(computed)]
    path: Option<String>,
    /// What the path begins with, in a search by name.
    #[schema(optional)]
    path_prefix: Option<String>,
    /// Policy in JSON.
    #[schema(computed)]
    policy: Option<String>,
    /// Unique id.
    #[schema(computed)]
    policy_id: Option<String>,
    /// Tags.
    #[schema(optional, computed)]
    tags: Tags,
}

/// The ARN of the policy with that name.
async fn named(client: &Client, name: &str, prefix: Option<String>) -> Result<String, Fault> {
    let pages = client.iam().list_policies().set_path_prefix(prefix.filter(|prefix| !prefix.is_empty())).into_paginator().items().send();
    let found: Vec<Policy> = pages.collect::<Result<Vec<_>, _>>().await.api("iam:ListPolicies")?;
    let found = query::only("policy", found.into_iter().filter(|policy| policy.policy_name.as_deref() == Some(name)).collect())?;
    Ok(found.arn.unwrap_or_default())
}

impl DataSource for IamPolicy {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let set = |name: &str| config.get(name).is_some_and(|value| !value.is_null());
        if set("arn") {
            let others = ["name", "path_prefix"].into_iter().filter(|name| set(name));
            return others.map(|name| Fault::attribute(Path::attr(name), "Conflicting arguments", "Set either `arn`, or `name` and `path_prefix`.")).collect();
        }
        if !set("name") && !set("path_prefix") {
            return vec![Fault::error("Missing argument", "Set one of arn, name.")];
        }
        Vec::new()
    }

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let arn = match config.arn {
            Some(arn) => arn,
            None => named(client, config.name.as_deref().unwrap_or_default(), config.path_prefix.clone()).await?,
        };
        let policy = client.iam().get_policy().policy_arn(&arn).send().await.api("iam:GetPolicy")?.policy;
        let policy = policy.ok_or_else(|| Fault::error("iam:GetPolicy failed", "The answer holds no policy."))?;
        let call = client.iam().get_policy_version().policy_arn(&arn).set_version_id(policy.default_version_id.clone());
        let version = call.send().await.api("iam:GetPolicyVersion")?.policy_version;
        let (_, tags) = client.tag_rules().read(pairs(policy.tags()), &None);
        Ok(Self {
            attachment_count: Some(policy.attachment_count.map_or(0, i64::from)),
            description: Some(policy.description.unwrap_or_default()),
            id: Some(arn.clone()),
            arn: Some(arn),
            path_prefix: config.path_prefix,
            policy: Some(decode(&version.and_then(|version| version.document).unwrap_or_default())),
            tags,
            name: policy.policy_name,
            path: policy.path,
            policy_id: policy.policy_id,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn by_arn_and_by_name() {
        let lab = lab().await;
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}).to_string();
        let made = lab.make("aws_iam_policy", json!({"name": "data-one", "path": "/data/", "policy": policy, "tags": {"a": "b"}})).await;
        for query in [json!({"arn": text(&made, "arn")}), json!({"name": "data-one"}), json!({"name": "data-one", "path_prefix": "/data/"})] {
            let found = lab.data("aws_iam_policy", query).await.expect("policy");
            assert_eq!((text(&found, "id"), text(&found, "policy"), text(&found, "path")), (text(&made, "arn"), policy.clone(), "/data/".into()));
            assert_eq!(found.get("tags"), made.get("tags"));
        }
        let faults = lab.data("aws_iam_policy", json!({"name": "data-none"})).await.expect_err("missing");
        assert_eq!(faults[0].summary, "No such policy");
    }
}
