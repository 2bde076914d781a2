//! `data "aws_default_tags"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::Client;
use crate::tags::Tags;

/// The `default_tags` of the provider block.
///
/// ```hcl
/// data "aws_default_tags" "current" {}
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_default_tags")]
pub(crate) struct DefaultTags {
    /// Partition.
    #[schema(optional, computed)]
    id: Option<String>,
    /// The tags.
    #[schema(computed)]
    tags: Tags,
}

impl DataSource for DefaultTags {
    type Client = Client;
    const OFFLINE: bool = true;

    async fn read(client: &Client, _config: Self) -> Result<Self, Fault> {
        Ok(Self { id: Some(client.partition().to_owned()), tags: Some(client.tag_rules().defaults().clone()) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::lab_with;

    #[tokio::test]
    async fn of_the_block() {
        let lab = lab_with(json!({"default_tags": [{"tags": {"team": "core"}}]})).await;
        let found = lab.data("aws_default_tags", json!({})).await.expect("tags");
        assert_eq!(format!("{:?}", found.get("tags").expect("tags")), r#"{"team": "core"}"#);
    }
}
