//! `aws_s3_bucket_logging`

use aws_sdk_s3::types::{self, BucketLoggingStatus, BucketLogsPermission, LoggingEnabled, PartitionDateSource};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use super::s3_bucket::{import_parts, owned_id, passing};
use crate::api::Explain;
use crate::s3_grantee::Grantee;
use crate::{Client, keep, plan, wait};

/// Where the log of accesses to a bucket goes.
///
/// ```hcl
/// resource "aws_s3_bucket_logging" "site" {
///   bucket        = aws_s3_bucket.site.id
///   target_bucket = aws_s3_bucket.logs.id
///   target_prefix = "site/"
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_s3_bucket_logging")]
pub(crate) struct S3BucketLogging {
    /// Bucket.
    #[schema(required, force_new)]
    bucket: Option<String>,
    /// Account that must own the bucket.
    #[schema(optional, force_new)]
    expected_bucket_owner: Option<String>,
    /// Bucket, and `,ACCOUNT` with an expected owner.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Bucket that the logs are put into.
    #[schema(required)]
    target_bucket: Option<String>,
    /// What the keys of the logs begin with.
    #[schema(required)]
    target_prefix: Option<String>,
    /// Who else may read the logs.
    #[schema(block, set)]
    target_grant: Vec<Grant>,
    /// How the keys of the logs go on.
    #[schema(block, max = 1)]
    target_object_key_format: Vec<Format>,
}

/// What somebody may do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Grant {
    /// `READ`, `WRITE` or `FULL_CONTROL`.
    #[schema(required)]
    permission: Option<String>,
    /// Who.
    #[schema(block, min = 1, max = 1)]
    grantee: Vec<Grantee>,
}

/// One of the two forms of keys.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Format {
    /// Account, region, bucket and date as folders.
    #[schema(block, max = 1)]
    partitioned_prefix: Vec<Partitioned>,
    /// No folders.
    #[schema(block, max = 1)]
    simple_prefix: Vec<Simple>,
}

/// Folders by date.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Partitioned {
    /// `EventTime` or `DeliveryTime`.
    #[schema(required)]
    partition_date_source: Option<String>,
}

/// Nothing to choose.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Simple {}

fn given(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}

impl Format {
    fn request(&self) -> types::TargetObjectKeyFormat {
        let partitioned = self.partitioned_prefix.first().map(|prefix| {
            let source = prefix.partition_date_source.as_deref().map(PartitionDateSource::from);
            types::PartitionedPrefix::builder().set_partition_date_source(source).build()
        });
        let simple = self.simple_prefix.first().map(|_| types::SimplePrefix::builder().build());
        types::TargetObjectKeyFormat::builder().set_partitioned_prefix(partitioned).set_simple_prefix(simple).build()
    }

    fn shown(format: types::TargetObjectKeyFormat) -> Self {
        let source = |prefix: types::PartitionedPrefix| prefix.partition_date_source.map(|source| source.as_str().to_owned());
        Self {
            partitioned_prefix: format.partitioned_prefix.into_iter().map(|prefix| Partitioned { partition_date_source: source(prefix) }).collect(),
            simple_prefix: format.simple_prefix.into_iter().map(|_| Simple {}).collect(),
        }
    }
}

impl S3BucketLogging {
    async fn put(client: &Client, planned: &Self) -> Result<(), Fault> {
        let mut grants = Vec::new();
        for grant in &planned.target_grant {
            let who = grant.grantee.first().map(Grantee::asked).transpose()?;
            grants.push(types::TargetGrant::builder().set_grantee(who).set_permission(grant.permission.as_deref().map(BucketLogsPermission::from)).build());
        }
        let enabled = LoggingEnabled::builder()
            .target_bucket(planned.target_bucket.clone().unwrap_or_default())
            .target_prefix(planned.target_prefix.clone().unwrap_or_default())
            .set_target_grants(Some(grants).filter(|grants| !grants.is_empty()))
            .set_target_object_key_format(planned.target_object_key_format.first().map(Format::request))
            .build()
            .map_err(|error| Fault::error("Invalid logging", error.to_string()))?;
        let status = BucketLoggingStatus::builder().logging_enabled(enabled).build();
        wait::retry(wait::limit(None, 2)?, passing, || async {
            let call = client.s3().put_bucket_logging().set_bucket(planned.bucket.clone()).bucket_logging_status(status.clone());
            call.set_expected_bucket_owner(given(&planned.expected_bucket_owner)).send().await.api("s3:PutBucketLogging")
        })
        .await?;
        Ok(())
    }

    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        wait::appear("logging of the bucket", || async {
            let found = Self::read(client, planned.clone()).await?;
            Ok(found.filter(|found| found.target_bucket == planned.target_bucket && found.target_prefix == planned.target_prefix))
        })
        .await
    }
}

impl Resource for S3BucketLogging {
    type Client = Client;

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        Self::put(client, &planned).await?;
        let created = Self { id: owned_id(&planned.bucket, &planned.expected_bucket_owner), ..planned };
        operation.created(&created)?;
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let call = client.s3().get_bucket_logging().set_bucket(prior.bucket.clone()).set_expected_bucket_owner(given(&prior.expected_bucket_owner));
        // A bucket without logging is answered without any.
        let Some(enabled) = call.send().await.api("s3:GetBucketLogging")?.logging_enabled else { return Ok(None) };
        let grants = enabled.target_grants.unwrap_or_default().into_iter().map(|grant| Grant {
            permission: grant.permission.map(|permission| permission.as_str().to_owned()),
            grantee: grant.grantee.into_iter().map(Grantee::shown).collect(),
        });
        let read = Self {
            target_bucket: Some(enabled.target_bucket),
            target_prefix: Some(enabled.target_prefix),
            target_grant: grants.collect(),
            target_object_key_format: enabled.target_object_key_format.into_iter().map(Format::shown).collect(),
            ..prior.clone()
        };
        Ok(Some(keep::form(&prior, &read)?))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id, ..planned };
        Self::put(client, &planned).await?;
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let call = client.s3().put_bucket_logging().set_bucket(prior.bucket).set_expected_bucket_owner(given(&prior.expected_bucket_owner));
        call.bucket_logging_status(BucketLoggingStatus::builder().build()).send().await.api("s3:PutBucketLogging")?;
        Ok(())
    }

    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let (bucket, expected_bucket_owner) = import_parts(id);
        Ok(Self { id: Some(id.to_owned()), bucket, expected_bucket_owner, ..Self::default() })
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        let id = owned_id(&planned.bucket, &planned.expected_bucket_owner);
        match Self::read(client, Self { id, ..planned.clone() }).await {
            Err(fault) if fault.not_found => Ok(None),
            // Logging of somebody else's is set anew.
            found => Ok(found?.filter(|found| found.target_bucket == planned.target_bucket && found.target_prefix == planned.target_prefix)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, client, lab};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        for bucket in ["logged", "logs-of-logged"] {
            lab.make("aws_s3_bucket", json!({"bucket": bucket})).await;
        }
        // The emulator wants the grants of the old way of delivery.
        lab.make("aws_s3_bucket_ownership_controls", json!({"bucket": "logs-of-logged", "rule": [{"object_ownership": "BucketOwnerPreferred"}]})).await;
        lab.make("aws_s3_bucket_acl", json!({"bucket": "logs-of-logged", "acl": "log-delivery-write"})).await;
        let owner = client().await.s3().get_bucket_acl().bucket("logged").send().await.expect("acl").owner.and_then(|owner| owner.id).expect("owner");
        let config = |prefix: &str, more: serde_json::Value| {
            let mut config = json!({"bucket": "logged", "target_bucket": "logs-of-logged", "target_prefix": prefix});
            config.as_object_mut().expect("object").extend(more.as_object().expect("object").clone());
            config
        };
        let grant = json!({"target_grant": [{"permission": "READ", "grantee": [{"type": "CanonicalUser", "id": owner}]}]});
        Lifecycle::new(&lab, "aws_s3_bucket_logging", config("one/", json!({}))).update(config("", json!({}))).update(config("two/", grant)).run().await;
    }
}
