//! `aws_s3_bucket_server_side_encryption_configuration`

use aws_sdk_s3::types::{ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule};
use aws_smithy_types::error::operation::BuildError;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use super::s3_bucket::{import_parts, owned_id, passing};
use crate::api::Explain;
use crate::{Client, plan, unset, wait};

/// How a bucket encrypts what is put into it.
///
/// ```hcl
/// resource "aws_s3_bucket_server_side_encryption_configuration" "snapshots" {
///   bucket = aws_s3_bucket.snapshots.id
///   rule {
///     bucket_key_enabled = true
///     apply_server_side_encryption_by_default {
///       sse_algorithm     = "aws:kms"
///       kms_master_key_id = aws_kms_key.snapshots.arn
///     }
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_s3_bucket_server_side_encryption_configuration")]
pub(crate) struct S3BucketServerSideEncryptionConfiguration {
    /// Bucket.
    #[schema(required, force_new)]
    bucket: Option<String>,
    /// Account that must own the bucket.
    #[schema(optional, force_new)]
    expected_bucket_owner: Option<String>,
    /// Bucket, and `,ACCOUNT` with an expected owner.
    #[schema(optional, computed)]
    id: Option<String>,
    /// What is done.
    #[schema(block, set, min = 1)]
    rule: Vec<Rule>,
}

/// What is done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Rule {
    /// A key of the bucket spares calls to KMS.
    #[schema(optional)]
    bucket_key_enabled: Option<bool>,
    /// What objects get that ask for nothing else.
    #[schema(block, max = 1)]
    apply_server_side_encryption_by_default: Vec<ByDefault>,
}

/// What objects get that ask for nothing else.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ByDefault {
    /// KMS key; Amazon's own when unset.
    #[schema(optional)]
    kms_master_key_id: Option<String>,
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    #[schema(required)]
    sse_algorithm: Option<String>,
}

fn request(rules: &[Rule]) -> Result<ServerSideEncryptionConfiguration, BuildError> {
    let rules = rules.iter().map(|rule| {
        let default = rule.apply_server_side_encryption_by_default.first().map(|default| {
            let algorithm = default.sse_algorithm.as_deref().map(ServerSideEncryption::from);
            ServerSideEncryptionByDefault::builder()
                .set_sse_algorithm(algorithm)
                .set_kms_master_key_id(default.kms_master_key_id.clone().filter(|key| !key.is_empty()))
                .build()
        });
        Ok(ServerSideEncryptionRule::builder().set_apply_server_side_encryption_by_default(default.transpose()?).set_bucket_key_enabled(rule.bucket_key_enabled).build())
    });
    ServerSideEncryptionConfiguration::builder().set_rules(Some(rules.collect::<Result<_, BuildError>>()?)).build()
}

impl S3BucketServerSideEncryptionConfiguration {
    fn owner(&self) -> Option<String> {
        self.expected_bucket_owner.clone().filter(|owner| !owner.is_empty())
    }

    async fn put(client: &Client, planned: &Self) -> Result<(), Fault> {
        let configuration = request(&planned.rule).map_err(|error| Fault::error("Incomplete rule", error.to_string()))?;
        wait::retry(wait::limit(None, 2)?, passing, || async {
            let call = client.s3().put_bucket_encryption().set_bucket(planned.bucket.clone()).set_expected_bucket_owner(planned.owner());
            call.server_side_encryption_configuration(configuration.clone()).send().await.api("s3:PutEncryptionConfiguration")
        })
        .await?;
        Ok(())
    }

    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        wait::appear("encryption of the bucket", || async { Ok(Self::read(client, planned.clone()).await?.filter(|found| found.rule == planned.rule)) }).await
    }
}

impl Resource for S3BucketServerSideEncryptionConfiguration {
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
        let call = client.s3().get_bucket_encryption().set_bucket(prior.bucket.clone()).set_expected_bucket_owner(prior.owner());
        let answer = call.send().await.api("s3:GetEncryptionConfiguration")?;
        let rules = answer.server_side_encryption_configuration.map(|configuration| configuration.rules).unwrap_or_default();
        let rule = rules.into_iter().map(|rule| {
            let default = rule.apply_server_side_encryption_by_default;
            // Rules are told apart by their algorithm; there is one in practice.
            let before = prior.rule.iter().find(|before| {
                let algorithm = before.apply_server_side_encryption_by_default.first().and_then(|default| default.sse_algorithm.as_deref());
                algorithm == default.as_ref().map(|default| default.sse_algorithm.as_str())
            });
            let before_key = before.and_then(|before| before.apply_server_side_encryption_by_default.first()).and_then(|default| default.kms_master_key_id.clone());
            Rule {
                bucket_key_enabled: unset::flag(before.and_then(|before| before.bucket_key_enabled), rule.bucket_key_enabled.unwrap_or(false)),
                apply_server_side_encryption_by_default: default
                    .into_iter()
                    .map(|default| ByDefault {
                        kms_master_key_id: unset::text(before_key.as_ref(), default.kms_master_key_id.as_deref()),
                        sse_algorithm: Some(default.sse_algorithm.as_str().to_owned()),
                    })
                    .collect(),
            }
        });
        Ok(Some(Self { rule: rule.collect(), ..prior }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id, ..planned };
        Self::put(client, &planned).await?;
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        // The bucket goes back to Amazon's own keys.
        let owner = prior.owner();
        client.s3().delete_bucket_encryption().set_bucket(prior.bucket).set_expected_bucket_owner(owner).send().await.api("s3:PutEncryptionConfiguration")?;
        Ok(())
    }

    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let (bucket, expected_bucket_owner) = import_parts(id);
        Ok(Self { id: Some(id.to_owned()), bucket, expected_bucket_owner, rule: Vec::new() })
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        // Every bucket has an encryption, and putting one again is safe: only what is as planned counts as done.
        let wanted = planned.rule.clone();
        match Self::read(client, Self { id: owned_id(&planned.bucket, &planned.expected_bucket_owner), ..planned }).await {
            Err(fault) if fault.not_found => Ok(None),
            found => Ok(found?.filter(|found| found.rule == wanted)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        lab.make("aws_s3_bucket", json!({"bucket": "encrypted"})).await;
        let key = lab.make("aws_kms_key", json!({})).await;
        let config = |rule: serde_json::Value| json!({"bucket": "encrypted", "rule": [rule]});
        let kms = json!({"bucket_key_enabled": true, "apply_server_side_encryption_by_default": [{"sse_algorithm": "aws:kms", "kms_master_key_id": text(&key, "arn")}]});
        let own = json!({"apply_server_side_encryption_by_default": [{"sse_algorithm": "AES256"}]});
        Lifecycle::new(&lab, "aws_s3_bucket_server_side_encryption_configuration", config(own)).update(config(kms)).run().await;
    }
}
