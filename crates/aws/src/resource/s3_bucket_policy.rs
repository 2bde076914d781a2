//! `aws_s3_bucket_policy`

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use super::iam_role::{check_policy, unknown_principal};
use super::s3_bucket::passing;
use crate::api::{ApiError, Explain};
use crate::{Client, json, plan, wait};

/// Who may do what in a bucket.
///
/// ```hcl
/// resource "aws_s3_bucket_policy" "snapshots" {
///   bucket = aws_s3_bucket.snapshots.id
///   policy = data.aws_iam_policy_document.tls_only.json
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_s3_bucket_policy")]
pub(crate) struct S3BucketPolicy {
    /// Bucket.
    #[schema(required, force_new)]
    bucket: Option<String>,
    /// The bucket again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Policy in JSON.
    #[schema(required)]
    policy: Option<String>,
}

impl S3BucketPolicy {
    async fn put(client: &Client, planned: &Self) -> Result<(), Fault> {
        let passing = |error: &ApiError| passing(error) || unknown_principal(error);
        wait::retry(wait::limit(None, 2)?, passing, || async {
            client.s3().put_bucket_policy().set_bucket(planned.bucket.clone()).set_policy(planned.policy.clone()).send().await.api("s3:PutBucketPolicy")
        })
        .await?;
        Ok(())
    }

    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        wait::appear("policy of the bucket", || async { Ok(Self::read(client, planned.clone()).await?.filter(|found| found.policy == planned.policy)) }).await
    }
}

impl Resource for S3BucketPolicy {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        check_policy(config, "policy").into_iter().collect()
    }

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        plan.suppress("policy", json::same_policy);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        Self::put(client, &planned).await?;
        let created = Self { id: planned.bucket.clone(), ..planned };
        operation.created(&created)?;
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let answer = client.s3().get_bucket_policy().set_bucket(prior.id.clone()).send().await.api("s3:GetBucketPolicy")?;
        let policy = answer.policy.map(|policy| json::keep_policy(prior.policy.as_deref(), &policy));
        Ok(policy.map(|policy| Self { bucket: prior.id.clone(), id: prior.id, policy: Some(policy) }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id, ..planned };
        Self::put(client, &planned).await?;
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        client.s3().delete_bucket_policy().set_bucket(prior.id).send().await.api("s3:DeleteBucketPolicy")?;
        Ok(())
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        match Self::read(client, Self { id: planned.bucket.clone(), ..planned }).await {
            Err(fault) if fault.not_found => Ok(None),
            found => found,
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
        lab.make("aws_s3_bucket", json!({"bucket": "ruled"})).await;
        let config = |effect: &str| {
            let statement = json!({"Sid": "Tls", "Effect": effect, "Action": ["s3:*"], "Resource": "arn:aws:s3:::ruled/*", "Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
            json!({"bucket": "ruled", "policy": json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()})
        };
        Lifecycle::new(&lab, "aws_s3_bucket_policy", config("Deny")).update(config("Allow")).run().await;
    }
}
