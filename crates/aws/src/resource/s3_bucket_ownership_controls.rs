//! `aws_s3_bucket_ownership_controls`

use aws_sdk_s3::types::{ObjectOwnership, OwnershipControls, OwnershipControlsRule};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use super::s3_bucket::passing;
use crate::api::Explain;
use crate::{Client, plan, wait};

/// Who owns the objects that others put into a bucket, and whether ACLs count.
///
/// ```hcl
/// resource "aws_s3_bucket_ownership_controls" "logs" {
///   bucket = aws_s3_bucket.logs.id
///
///   rule {
///     object_ownership = "BucketOwnerPreferred"
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_s3_bucket_ownership_controls")]
pub(crate) struct S3BucketOwnershipControls {
    /// Bucket.
    #[schema(required, force_new)]
    bucket: Option<String>,
    /// The bucket again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// The rule.
    #[schema(block, min = 1, max = 1)]
    rule: Vec<Rule>,
}

/// What applies to all objects.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Rule {
    /// `BucketOwnerEnforced` (ACLs have no effect), `BucketOwnerPreferred` or `ObjectWriter`.
    #[schema(required)]
    object_ownership: Option<String>,
}

impl S3BucketOwnershipControls {
    async fn put(client: &Client, planned: &Self) -> Result<(), Fault> {
        let ownership = planned.rule.first().and_then(|rule| rule.object_ownership.as_deref()).unwrap_or_default();
        let invalid = |error: aws_sdk_s3::error::BuildError| Fault::error("Invalid ownership controls", error.to_string());
        let rule = OwnershipControlsRule::builder().object_ownership(ObjectOwnership::from(ownership)).build().map_err(invalid)?;
        let controls = OwnershipControls::builder().rules(rule).build().map_err(invalid)?;
        wait::retry(wait::limit(None, 2)?, passing, || async {
            let call = client.s3().put_bucket_ownership_controls().set_bucket(planned.bucket.clone()).ownership_controls(controls.clone());
            call.send().await.api("s3:PutBucketOwnershipControls")
        })
        .await?;
        Ok(())
    }

    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        wait::appear("ownership controls", || async { Ok(Self::read(client, planned.clone()).await?.filter(|found| *found == planned)) }).await
    }
}

impl Resource for S3BucketOwnershipControls {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let written = config
            .get("rule")
            .and_then(|rules| rules.elements().next().and_then(|rule| rule.get("object_ownership").and_then(|value| value.as_str().map(str::to_owned))));
        let known = ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"];
        let bad = written.filter(|ownership| !known.contains(&ownership.as_str()));
        bad.map(|ownership| Fault::error("Invalid object ownership", format!("`object_ownership` is \"{ownership}\"; it should be one of {}.", known.join(", "))))
            .into_iter()
            .collect()
    }

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
        let answer = client.s3().get_bucket_ownership_controls().set_bucket(prior.id.clone()).send().await.api("s3:GetBucketOwnershipControls")?;
        let Some(controls) = answer.ownership_controls else { return Ok(None) };
        let rule = controls.rules.into_iter().map(|rule| Rule { object_ownership: Some(rule.object_ownership.as_str().to_owned()) }).collect();
        Ok(Some(Self { bucket: prior.id.clone(), id: prior.id, rule }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id, ..planned };
        Self::put(client, &planned).await?;
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        client.s3().delete_bucket_ownership_controls().set_bucket(prior.id).send().await.api("s3:PutBucketOwnershipControls")?;
        Ok(())
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        // New buckets have controls of their own, and putting them again is safe: only what is as planned counts as done.
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
        lab.make("aws_s3_bucket", json!({"bucket": "owned-objects"})).await;
        let config = |ownership: &str| json!({"bucket": "owned-objects", "rule": [{"object_ownership": ownership}]});
        Lifecycle::new(&lab, "aws_s3_bucket_ownership_controls", config("BucketOwnerPreferred")).update(config("ObjectWriter")).run().await;
    }

    #[tokio::test]
    async fn unknown_ownership() {
        let faults = lab().await.validate("aws_s3_bucket_ownership_controls", &json!({"bucket": "b", "rule": [{"object_ownership": "Mine"}]}));
        assert_eq!(faults.into_iter().map(|fault| fault.summary).collect::<Vec<_>>(), ["Invalid object ownership"]);
    }
}
