//! `aws_s3_bucket_public_access_block`

use aws_sdk_s3::types::PublicAccessBlockConfiguration;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use super::s3_bucket::passing;
use crate::api::Explain;
use crate::{Client, plan, wait};

/// What keeps a bucket from being public.
///
/// ```hcl
/// resource "aws_s3_bucket_public_access_block" "snapshots" {
///   bucket                  = aws_s3_bucket.snapshots.id
///   block_public_acls       = true
///   block_public_policy     = true
///   ignore_public_acls      = true
///   restrict_public_buckets = true
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_s3_bucket_public_access_block")]
pub(crate) struct S3BucketPublicAccessBlock {
    /// Refuses ACLs that make something public.
    #[schema(optional, default = false)]
    block_public_acls: Option<bool>,
    /// Refuses policies that make the bucket public.
    #[schema(optional, default = false)]
    block_public_policy: Option<bool>,
    /// Bucket.
    #[schema(required, force_new)]
    bucket: Option<String>,
    /// The bucket again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Public ACLs have no effect.
    #[schema(optional, default = false)]
    ignore_public_acls: Option<bool>,
    /// A public policy lets in only the account and services of AWS.
    #[schema(optional, default = false)]
    restrict_public_buckets: Option<bool>,
}

impl S3BucketPublicAccessBlock {
    async fn put(client: &Client, planned: &Self) -> Result<(), Fault> {
        let block = PublicAccessBlockConfiguration::builder()
            .set_block_public_acls(planned.block_public_acls)
            .set_block_public_policy(planned.block_public_policy)
            .set_ignore_public_acls(planned.ignore_public_acls)
            .set_restrict_public_buckets(planned.restrict_public_buckets)
            .build();
        wait::retry(wait::limit(None, 2)?, passing, || async {
            let call = client.s3().put_public_access_block().set_bucket(planned.bucket.clone()).public_access_block_configuration(block.clone());
            call.send().await.api("s3:PutBucketPublicAccessBlock")
        })
        .await?;
        Ok(())
    }

    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        wait::appear("public access block", || async { Ok(Self::read(client, planned.clone()).await?.filter(|found| *found == planned)) }).await
    }
}

impl Resource for S3BucketPublicAccessBlock {
    type Client = Client;

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        Self::put(client, &planned).await?;
        let created = Self { id: planned.bucket.clone(), ..planned };
        operation.created(&created)?;
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let answer = client.s3().get_public_access_block().set_bucket(prior.id.clone()).send().await.api("s3:GetBucketPublicAccessBlock")?;
        let Some(block) = answer.public_access_block_configuration else { return Ok(None) };
        Ok(Some(Self {
            block_public_acls: Some(block.block_public_acls.unwrap_or(false)),
            block_public_policy: Some(block.block_public_policy.unwrap_or(false)),
            ignore_public_acls: Some(block.ignore_public_acls.unwrap_or(false)),
            restrict_public_buckets: Some(block.restrict_public_buckets.unwrap_or(false)),
            bucket: prior.id.clone(),
            id: prior.id,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id, ..planned };
        Self::put(client, &planned).await?;
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        client.s3().delete_public_access_block().set_bucket(prior.id).send().await.api("s3:PutBucketPublicAccessBlock")?;
        Ok(())
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        // New buckets have a block of their own, and putting one again is safe: only what is as planned counts as done.
        let wanted = Self { id: planned.bucket.clone(), ..planned };
        match Self::read(client, wanted.clone()).await {
            Err(fault) if fault.not_found => Ok(None),
            found => Ok(found?.filter(|found| *found == wanted)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        lab.make("aws_s3_bucket", json!({"bucket": "not-public"})).await;
        let all = json!({"bucket": "not-public", "block_public_acls": true, "block_public_policy": true, "ignore_public_acls": true, "restrict_public_buckets": true});
        Lifecycle::new(&lab, "aws_s3_bucket_public_access_block", all).update(json!({"bucket": "not-public", "block_public_acls": true})).run().await;
    }
}
