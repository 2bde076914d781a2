//! `data "aws_kms_key"`

use aws_sdk_kms::types::MultiRegionKey;
use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::Client;
use crate::api::Explain;
use crate::resource::iam_role::time;

/// A key, by its id, ARN or alias.
///
/// ```hcl
/// data "aws_kms_key" "unseal" {
///   key_id = "alias/unseal"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_kms_key")]
pub(crate) struct KmsKey {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Account that owns it.
    #[schema(computed)]
    aws_account_id: Option<String>,
    /// CloudHSM cluster of its key store.
    #[schema(computed)]
    cloud_hsm_cluster_id: Option<String>,
    /// When it was created.
    #[schema(computed)]
    creation_date: Option<String>,
    /// Key store that it is in.
    #[schema(computed)]
    custom_key_store_id: Option<String>,
    /// Algorithm and size, by its old name.
    #[schema(computed)]
    customer_master_key_spec: Option<String>,
    /// When it will be deleted.
    #[schema(computed)]
    deletion_date: Option<String>,
    /// What it is for.
    #[schema(computed)]
    description: Option<String>,
    /// It can be used.
    #[schema(computed)]
    enabled: Option<bool>,
    /// Whether imported material expires.
    #[schema(computed)]
    expiration_model: Option<String>,
    /// Grant tokens to ask with.
    #[schema(optional)]
    grant_tokens: Option<Vec<String>>,
    /// The key's id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Id, ARN or alias.
    #[schema(required)]
    key_id: Option<String>,
    /// `AWS` or `CUSTOMER`.
    #[schema(computed)]
    key_manager: Option<String>,
    /// Algorithm and size.
    #[schema(computed)]
    key_spec: Option<String>,
    /// State.
    #[schema(computed)]
    key_state: Option<String>,
    /// What it can do.
    #[schema(computed)]
    key_usage: Option<String>,
    /// It can be copied to other regions.
    #[schema(computed)]
    multi_region: Option<bool>,
    /// Its copies.
    #[schema(computed)]
    multi_region_configuration: Option<Vec<Copies>>,
    /// Where its material comes from.
    #[schema(computed)]
    origin: Option<String>,
    /// Days until a primary key is deleted after its copies.
    #[schema(computed)]
    pending_deletion_window_in_days: Option<i64>,
    /// When imported material expires.
    #[schema(computed)]
    valid_to: Option<String>,
    /// The key in an external key store.
    #[schema(computed)]
    xks_key_configuration: Option<Vec<External>>,
}

/// The key in an external key store.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct External {
    /// Its id there.
    #[schema(optional)]
    id: Option<String>,
}

/// The copies of a key.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Copies {
    /// `PRIMARY` or `REPLICA`.
    #[schema(optional)]
    multi_region_key_type: Option<String>,
    /// The primary key.
    #[schema(optional)]
    primary_key: Option<Vec<RegionKey>>,
    /// The others.
    #[schema(optional)]
    replica_keys: Option<Vec<RegionKey>>,
}

/// A copy of a key.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct RegionKey {
    /// ARN.
    #[schema(optional)]
    arn: Option<String>,
    /// Region.
    #[schema(optional)]
    region: Option<String>,
}

impl From<MultiRegionKey> for RegionKey {
    fn from(key: MultiRegionKey) -> Self {
        Self { arn: key.arn, region: key.region }
    }
}

impl DataSource for KmsKey {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let call = client.kms().describe_key().set_key_id(config.key_id.clone()).set_grant_tokens(config.grant_tokens.clone());
        let answer = call.send().await.api("kms:DescribeKey")?;
        let key = answer.key_metadata.ok_or_else(|| Fault::error("kms:DescribeKey failed", "The answer holds no key."))?;
        let copies = key.multi_region_configuration.map(|copies| Copies {
            multi_region_key_type: copies.multi_region_key_type.map(|kind| kind.as_str().to_owned()),
            primary_key: Some(copies.primary_key.into_iter().map(RegionKey::from).collect()),
            replica_keys: Some(copies.replica_keys.unwrap_or_default().into_iter().map(RegionKey::from).collect()),
        });
        let spec = key.key_spec.map(|spec| spec.as_str().to_owned());
        Ok(Self {
            arn: key.arn,
            aws_account_id: key.aws_account_id,
            cloud_hsm_cluster_id: key.cloud_hsm_cluster_id,
            creation_date: key.creation_date.as_ref().and_then(time),
            custom_key_store_id: key.custom_key_store_id,
            customer_master_key_spec: spec.clone(),
            deletion_date: key.deletion_date.as_ref().and_then(time),
            description: key.description,
            enabled: Some(key.enabled),
            expiration_model: key.expiration_model.map(|model| model.as_str().to_owned()),
            grant_tokens: config.grant_tokens,
            id: Some(key.key_id),
            key_id: config.key_id,
            key_manager: key.key_manager.map(|manager| manager.as_str().to_owned()),
            key_spec: spec,
            key_state: key.key_state.map(|state| state.as_str().to_owned()),
            key_usage: key.key_usage.map(|usage| usage.as_str().to_owned()),
            multi_region: Some(key.multi_region.unwrap_or(false)),
            multi_region_configuration: Some(copies.into_iter().collect()),
            origin: key.origin.map(|origin| origin.as_str().to_owned()),
            pending_deletion_window_in_days: key.pending_deletion_window_in_days.map(i64::from),
            valid_to: key.valid_to.as_ref().and_then(time),
            xks_key_configuration: Some(key.xks_key_configuration.into_iter().map(|key| External { id: key.id }).collect()),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn by_id_and_by_arn() {
        let lab = lab().await;
        let key = lab.make("aws_kms_key", json!({"description": "data"})).await;
        for name in ["id", "arn"] {
            let found = lab.data("aws_kms_key", json!({"key_id": text(&key, name)})).await.expect("key");
            assert_eq!((text(&found, "id"), text(&found, "description"), text(&found, "key_state")), (text(&key, "id"), "data".into(), "Enabled".into()));
        }
    }
}
