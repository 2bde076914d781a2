//! `data "aws_cloudwatch_log_group"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::resource::cloudwatch_log_group::describe;
use crate::tags::Tags;
use crate::{Client, view};

/// A group of log streams.
///
/// ```hcl
/// data "aws_cloudwatch_log_group" "flow" {
///   name = "/main/vpc-flow"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_cloudwatch_log_group")]
pub(crate) struct CloudwatchLogGroup {
    /// ARN, without `:*` at its end.
    #[schema(computed)]
    arn: Option<String>,
    /// When it was created, in milliseconds since 1970.
    #[schema(computed)]
    creation_time: Option<i64>,
    /// The name again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// ARN of the KMS key that encrypts it.
    #[schema(computed)]
    kms_key_id: Option<String>,
    /// `STANDARD`, `INFREQUENT_ACCESS` or `DELIVERY`.
    #[schema(computed)]
    log_group_class: Option<String>,
    /// Name.
    #[schema(required)]
    name: Option<String>,
    /// Days for which events are kept; 0 keeps them for ever.
    #[schema(computed)]
    retention_in_days: Option<i64>,
    /// Tags.
    #[schema(optional, computed)]
    tags: Tags,
}

impl DataSource for CloudwatchLogGroup {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let name = config.name.unwrap_or_default();
        let group = describe(client, &name).await?.ok_or_else(|| view::none("log group"))?;
        let arn = group.arn().map(|arn| arn.trim_end_matches(":*").to_owned());
        let answer = client.logs().list_tags_for_resource().set_resource_arn(arn.clone()).send().await.api("logs:ListTagsForResource")?;
        let (_, tags) = client.tag_rules().read(answer.tags.unwrap_or_default(), &None);
        Ok(Self {
            arn,
            creation_time: Some(group.creation_time.unwrap_or(0)),
            kms_key_id: Some(group.kms_key_id.unwrap_or_default()),
            log_group_class: Some(group.log_group_class.map(|class| class.as_str().to_owned()).unwrap_or_default()),
            id: Some(name.clone()),
            name: Some(name),
            retention_in_days: Some(group.retention_in_days.map_or(0, i64::from)),
            tags,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::lab;

    #[tokio::test]
    async fn found_and_missing() {
        let lab = lab().await;
        let made = lab.make("aws_cloudwatch_log_group", json!({"name": "/data/group", "retention_in_days": 30, "tags": {"a": "b"}})).await;
        let found = lab.data("aws_cloudwatch_log_group", json!({"name": "/data/group"})).await.expect("group");
        for same in ["arn", "id", "name", "retention_in_days", "tags"] {
            assert_eq!(found.get(same), made.get(same), "{same}");
        }
        assert!(found.get("creation_time").and_then(|time| time.as_i64()).is_some_and(|time| time > 1_000_000_000_000), "{found:?}");
        let faults = lab.data("aws_cloudwatch_log_group", json!({"name": "/data/gro"})).await.expect_err("missing");
        assert_eq!(faults[0].summary, "No such log group");
    }
}
