//! `data "aws_kms_alias"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::Client;
use crate::api::Explain;
use crate::resource::kms_alias::find;

/// A name for a key; also one of Amazon's own (`alias/aws/…`).
///
/// ```hcl
/// data "aws_kms_alias" "s3" {
///   name = "alias/aws/s3"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_kms_alias")]
pub(crate) struct KmsAlias {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// The ARN again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Name, which begins with `alias/`.
    #[schema(required)]
    name: Option<String>,
    /// ARN of the key.
    #[schema(computed)]
    target_key_arn: Option<String>,
    /// Id of the key.
    #[schema(computed)]
    target_key_id: Option<String>,
}

impl DataSource for KmsAlias {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let name = config.name.unwrap_or_default();
        let missing = || Fault::error("No such alias", format!("There is no alias \"{name}\" in {}.", client.region()));
        let alias = find(client, &name).await?.ok_or_else(missing)?;
        // Aliases of Amazon get their key with its first use; asking for the key makes it.
        let answer = client.kms().describe_key().key_id(&name).send().await.api("kms:DescribeKey")?;
        let key = answer.key_metadata.ok_or_else(missing)?;
        Ok(Self { id: alias.alias_arn.clone(), arn: alias.alias_arn, target_key_arn: key.arn, target_key_id: Some(key.key_id), name: Some(name) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn found_and_missing() {
        let lab = lab().await;
        let key = lab.make("aws_kms_key", json!({})).await;
        lab.make("aws_kms_alias", json!({"name": "alias/data", "target_key_id": text(&key, "id")})).await;
        let found = lab.data("aws_kms_alias", json!({"name": "alias/data"})).await.expect("alias");
        assert_eq!((text(&found, "target_key_id"), text(&found, "target_key_arn")), (text(&key, "id"), text(&key, "arn")));
        let faults = lab.data("aws_kms_alias", json!({"name": "alias/missing"})).await.expect_err("missing");
        assert_eq!(faults[0].summary, "No such alias");
    }
}
