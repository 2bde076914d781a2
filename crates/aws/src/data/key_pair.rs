//! `data "aws_key_pair"`

use aws_smithy_types::date_time::Format;
use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::data::availability_zones::{Filter, filters};
use crate::tags::Tags;
use crate::timeouts::timeouts;
use crate::{Client, query};

/// A public key that instances let in.
///
/// ```hcl
/// data "aws_key_pair" "deployer" {
///   key_name           = "deployer"
///   include_public_key = true
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_key_pair")]
pub(crate) struct KeyPair {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// When it was made (RFC 3339).
    #[schema(computed)]
    create_time: Option<String>,
    /// Fingerprint.
    #[schema(computed)]
    fingerprint: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Ask for the key itself.
    #[schema(optional)]
    include_public_key: Option<bool>,
    /// Name.
    #[schema(optional)]
    key_name: Option<String>,
    /// Id.
    #[schema(optional)]
    key_pair_id: Option<String>,
    /// `rsa` or `ed25519`.
    #[schema(computed)]
    key_type: Option<String>,
    /// Public key.
    #[schema(computed)]
    public_key: Option<String>,
    /// Tags.
    #[schema(optional, computed)]
    tags: Tags,
    /// Filters of the API.
    #[schema(block, set)]
    filter: Vec<Filter>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

impl DataSource for KeyPair {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty()).map(|text| vec![text]);
        let wanted = filters(&config.filter);
        let call = client
            .ec2()
            .describe_key_pairs()
            .set_key_names(given(&config.key_name))
            .set_key_pair_ids(given(&config.key_pair_id))
            .set_include_public_key(config.include_public_key)
            .set_filters((!wanted.is_empty()).then_some(wanted));
        let found = query::only("key pair", call.send().await.api("ec2:DescribeKeyPairs")?.key_pairs.unwrap_or_default())?;
        let (account, name) = (client.account().await?, found.key_name.clone().unwrap_or_default());
        Ok(Self {
            arn: Some(client.arn("ec2", account, &format!("key-pair/{name}"))),
            create_time: found.create_time.and_then(|time| time.fmt(Format::DateTime).ok()),
            fingerprint: found.key_fingerprint.clone(),
            id: found.key_pair_id.clone(),
            key_name: Some(name),
            key_pair_id: found.key_pair_id.clone(),
            key_type: found.key_type().map(|kind| kind.as_str().to_owned()),
            public_key: Some(found.public_key.clone().filter(|_| config.include_public_key == Some(true)).unwrap_or_default()),
            tags: query::tags(client, found.tags()),
            ..config
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn by_name() {
        let lab = lab().await;
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me@here";
        let made = lab.make("aws_key_pair", json!({"key_name": "found", "public_key": key, "tags": {"Name": "key"}})).await;
        let found = lab.data("aws_key_pair", json!({"key_name": "found"})).await.expect("key");
        assert_eq!(["arn", "fingerprint", "key_pair_id"].map(|name| text(&found, name)), ["arn", "fingerprint", "key_pair_id"].map(|name| text(&made, name)));
        assert_eq!(found.get("tags"), made.get("tags_all"));
        assert!(lab.data("aws_key_pair", json!({"key_name": "no such key"})).await.is_err());
    }
}
