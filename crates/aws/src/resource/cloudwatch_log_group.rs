//! `aws_cloudwatch_log_group`

use std::collections::BTreeMap;

use aws_sdk_cloudwatchlogs::types::{LogGroup, LogGroupClass};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use crate::api::{ApiError, Explain};
use crate::tags::{self, Tags};
use crate::{Client, name, plan, unset, wait};

/// A group of log streams that are kept equally long.
///
/// ```hcl
/// resource "aws_cloudwatch_log_group" "flow" {
///   name              = "/main/vpc-flow"
///   retention_in_days = 30
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_cloudwatch_log_group")]
pub(crate) struct CloudwatchLogGroup {
    /// ARN, without `:*` at its end.
    #[schema(computed)]
    arn: Option<String>,
    /// The name again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// ARN of the KMS key that encrypts it.
    #[schema(optional)]
    kms_key_id: Option<String>,
    /// `STANDARD`, `INFREQUENT_ACCESS` or `DELIVERY`.
    #[schema(optional, computed, force_new)]
    log_group_class: Option<String>,
    /// Name; made when unset.
    #[schema(optional, computed, force_new)]
    name: Option<String>,
    /// What a made name begins with.
    #[schema(optional, computed, force_new)]
    name_prefix: Option<String>,
    /// Days for which events are kept; 0 keeps them for ever.
    #[schema(optional, default = 0)]
    retention_in_days: Option<i64>,
    /// Leaves the group there when it is deleted here.
    #[schema(optional, default = false)]
    skip_destroy: Option<bool>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
}

/// What all names begin with.
fn common_prefix(names: &[String]) -> String {
    let Some((first, others)) = names.split_first() else { return String::new() };
    let mut prefix: Vec<char> = first.chars().collect();
    for name in others {
        let same = prefix.iter().zip(name.chars()).take_while(|(a, b)| **a == *b).count();
        prefix.truncate(same);
    }
    prefix.into_iter().collect()
}

/// One group. The API finds groups by the beginning of their names, so several are listed by what their names have in common.
pub(crate) async fn describe(client: &Client, name: &str) -> Result<Option<LogGroup>, Fault> {
    client
        .batch("logs group", 50, name.to_owned(), |client, names: Vec<String>| async move {
            let prefix = Some(common_prefix(&names)).filter(|prefix| !prefix.is_empty());
            let pages = client.logs().describe_log_groups().set_log_group_name_prefix(prefix).into_paginator().items().send();
            let groups = pages.collect::<Result<Vec<_>, _>>().await.api("logs:DescribeLogGroups")?;
            Ok(groups.into_iter().filter_map(|group| Some((group.log_group_name.clone()?, group))).filter(|(name, _)| names.contains(name)).collect())
        })
        .await
}

impl CloudwatchLogGroup {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    async fn set_retention(client: &Client, name: &str, days: Option<i64>) -> Result<(), Fault> {
        // The group may be too new, or another call about it under way.
        let passing = |error: &ApiError| error.is(&["OperationAbortedException", "ResourceNotFoundException"]);
        match days.filter(|days| *days > 0) {
            Some(days) => {
                wait::retry(wait::limit(None, 1)?, passing, || async {
                    client.logs().put_retention_policy().log_group_name(name).retention_in_days(days as i32).send().await.api("logs:PutRetentionPolicy")
                })
                .await?;
            }
            None => {
                client.logs().delete_retention_policy().log_group_name(name).send().await.api("logs:DeleteRetentionPolicy")?;
            }
        }
        Ok(())
    }
}

impl Resource for CloudwatchLogGroup {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        name::check(config, 512, "._-/#")
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let name = name::choose(planned.name.as_ref(), planned.name_prefix.as_ref(), operation.token);
        let tags = client.tag_rules().all(&planned.tags);
        let call = client
            .logs()
            .create_log_group()
            .log_group_name(&name)
            .set_kms_key_id(planned.kms_key_id.clone().filter(|key| !key.is_empty()))
            .set_log_group_class(planned.log_group_class.as_deref().filter(|class| !class.is_empty()).map(LogGroupClass::from))
            .set_tags(Some(tags.into_iter().collect()).filter(|tags: &std::collections::HashMap<_, _>| !tags.is_empty()));
        call.send().await.api("logs:CreateLogGroup")?;
        let created = Self { id: Some(name), ..planned };
        operation.created(&created)?;
        if created.retention_in_days.is_some_and(|days| days > 0) {
            Self::set_retention(client, created.id(), created.retention_in_days).await?;
        }
        wait::appear("log group", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(group) = describe(client, prior.id()).await? else { return Ok(None) };
        let arn = group.arn().map(|arn| arn.trim_end_matches(":*").to_owned());
        let answer = client.logs().list_tags_for_resource().set_resource_arn(arn.clone()).send().await.api("logs:ListTagsForResource")?;
        let (tags, tags_all) = client.tag_rules().read(answer.tags.unwrap_or_default(), &prior.tags);
        let name = group.log_group_name.unwrap_or_default();
        Ok(Some(Self {
            arn,
            id: Some(name.clone()),
            kms_key_id: unset::text(prior.kms_key_id.as_ref(), group.kms_key_id.as_deref()),
            log_group_class: Some(group.log_group_class.map(|class| class.as_str().to_owned()).or(prior.log_group_class).unwrap_or_default()),
            name_prefix: Some(name::prefix(&name).to_owned()),
            name: Some(name),
            retention_in_days: Some(group.retention_in_days.map_or(0, i64::from)),
            skip_destroy: prior.skip_destroy.or(Some(false)),
            tags,
            tags_all,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id.clone(), ..planned };
        let id = planned.id();
        if planned.retention_in_days != prior.retention_in_days {
            Self::set_retention(client, id, planned.retention_in_days).await?;
        }
        if planned.kms_key_id != prior.kms_key_id {
            match planned.kms_key_id.as_ref().filter(|key| !key.is_empty()) {
                Some(key) => {
                    client.logs().associate_kms_key().log_group_name(id).kms_key_id(key).send().await.api("logs:AssociateKmsKey")?;
                }
                None => {
                    client.logs().disassociate_kms_key().log_group_name(id).send().await.api("logs:DisassociateKmsKey")?;
                }
            }
        }
        let (set, removed) = tags::difference(prior.tags_all.as_ref().unwrap_or(&BTreeMap::new()), &client.tag_rules().all(&planned.tags));
        if !removed.is_empty() {
            let call = client.logs().untag_resource().set_resource_arn(prior.arn.clone()).set_tag_keys(Some(removed));
            call.send().await.api("logs:UntagResource")?;
        }
        if !set.is_empty() {
            let call = client.logs().tag_resource().set_resource_arn(prior.arn.clone()).set_tags(Some(set.into_iter().collect()));
            call.send().await.api("logs:TagResource")?;
        }
        wait::appear("state of the log group", || async {
            let found = Self::read(client, planned.clone()).await?;
            Ok(found.filter(|found| found.retention_in_days == planned.retention_in_days && found.kms_key_id == planned.kms_key_id))
        })
        .await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        if prior.skip_destroy == Some(true) {
            return Ok(());
        }
        let passing = |error: &ApiError| error.is(&["OperationAbortedException"]);
        wait::retry(wait::limit(None, 1)?, passing, || async { client.logs().delete_log_group().log_group_name(prior.id()).send().await.api("logs:DeleteLogGroup") })
            .await?;
        Ok(())
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        let name = name::choose(planned.name.as_ref(), planned.name_prefix.as_ref(), token);
        Self::read(client, Self { id: Some(name), ..planned }).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::common_prefix;
    use crate::harness::{Lifecycle, lab, text};

    #[test]
    fn prefixes() {
        let names = |names: &[&str]| common_prefix(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!((names(&["/a/bc", "/a/bd"]), names(&["x", "y"]), names(&["/only"])), ("/a/b".into(), String::new(), "/only".into()));
    }

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let state = Lifecycle::new(&lab, "aws_cloudwatch_log_group", json!({"name": "/life/flow", "retention_in_days": 30}))
            .update(json!({"name": "/life/flow", "retention_in_days": 7, "tags": {"a": "b"}}))
            .update(json!({"name": "/life/flow", "tags": {"c": "d"}}))
            .run()
            .await;
        assert_eq!(text(&state, "arn"), "arn:aws:logs:eu-central-1:123456789012:log-group:/life/flow");
        let state = Lifecycle::new(&lab, "aws_cloudwatch_log_group", json!({"name_prefix": "/made/"})).run().await;
        assert!(text(&state, "name").starts_with("/made/"));
    }
}
