//! `aws_s3_bucket_versioning`

use aws_sdk_s3::types::{BucketVersioningStatus, MfaDelete, VersioningConfiguration};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use super::s3_bucket::{import_parts, owned_id, passing};
use crate::api::Explain;
use crate::{Client, plan, unset, wait};

/// Whether a bucket keeps old versions of objects.
///
/// ```hcl
/// resource "aws_s3_bucket_versioning" "snapshots" {
///   bucket = aws_s3_bucket.snapshots.id
///   versioning_configuration {
///     status = "Enabled"
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_s3_bucket_versioning")]
pub(crate) struct S3BucketVersioning {
    /// Bucket.
    #[schema(required, force_new)]
    bucket: Option<String>,
    /// Account that must own the bucket.
    #[schema(optional, force_new)]
    expected_bucket_owner: Option<String>,
    /// Bucket, and `,ACCOUNT` with an expected owner.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Serial number and value of the device, when `mfa_delete` is on.
    #[schema(optional)]
    mfa: Option<String>,
    /// What is kept.
    #[schema(block, min = 1, max = 1)]
    versioning_configuration: Vec<Configuration>,
}

/// What is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Configuration {
    /// Deleting a version takes a device: `Enabled` or `Disabled`.
    #[schema(optional, computed)]
    mfa_delete: Option<String>,
    /// `Enabled`, `Suspended`, or `Disabled` (never enabled).
    #[schema(required)]
    status: Option<String>,
}

/// A bucket that never had versions.
const NEVER: &str = "Disabled";

impl S3BucketVersioning {
    fn status(&self) -> &str {
        self.versioning_configuration.first().and_then(|configuration| configuration.status.as_deref()).unwrap_or(NEVER)
    }

    async fn put(client: &Client, planned: &Self, status: &str) -> Result<(), Fault> {
        let mfa = planned.versioning_configuration.first().and_then(|configuration| configuration.mfa_delete.as_deref()).filter(|text| !text.is_empty());
        let configuration = VersioningConfiguration::builder().status(BucketVersioningStatus::from(status)).set_mfa_delete(mfa.map(MfaDelete::from)).build();
        wait::retry(wait::limit(None, 2)?, passing, || async {
            let call = client.s3().put_bucket_versioning().set_bucket(planned.bucket.clone()).versioning_configuration(configuration.clone());
            call.set_mfa(planned.mfa.clone())
                .set_expected_bucket_owner(planned.expected_bucket_owner.clone().filter(|owner| !owner.is_empty()))
                .send()
                .await
                .api("s3:PutBucketVersioning")
        })
        .await?;
        Ok(())
    }

    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        wait::appear("versioning of the bucket", || async { Ok(Self::read(client, planned.clone()).await?.filter(|found| found.status() == planned.status())) }).await
    }
}

impl Resource for S3BucketVersioning {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let status = config.get("versioning_configuration").and_then(|block| block.elements().next().and_then(|block| block.get("status")));
        let status = status.as_ref().and_then(Value::as_str);
        if status.is_some_and(|status| !["Enabled", "Suspended", NEVER].contains(&status)) {
            return vec![Fault::error("Invalid status", "`status` is Enabled, Suspended or Disabled.")];
        }
        Vec::new()
    }

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        let status = |value: Value| value.elements().next().and_then(|block| block.get("status")).and_then(|status| status.as_str().map(str::to_owned));
        // What once had versions cannot have had none.
        if !plan.creating() && plan.changed("versioning_configuration") && status(plan.planned("versioning_configuration")).as_deref() == Some(NEVER) {
            plan.force_new("versioning_configuration");
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let created = Self { id: owned_id(&planned.bucket, &planned.expected_bucket_owner), ..planned };
        if created.status() != NEVER {
            Self::put(client, &created, created.status()).await?;
        }
        operation.created(&created)?;
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let call = client.s3().get_bucket_versioning().set_bucket(prior.bucket.clone());
        let answer = call.set_expected_bucket_owner(prior.expected_bucket_owner.clone().filter(|owner| !owner.is_empty())).send().await.api("s3:GetBucketVersioning")?;
        let status = answer.status.map(|status| status.as_str().to_owned());
        // After `Suspended` by a deletion, or when versioning never was on, nothing is left of the object.
        if status.is_none() && prior.id.is_some() && prior.status() != NEVER {
            return Ok(None);
        }
        let before = prior.versioning_configuration.first().and_then(|configuration| configuration.mfa_delete.clone());
        let configuration = Configuration {
            mfa_delete: Some(unset::text(before.as_ref(), answer.mfa_delete.as_ref().map(|mfa| mfa.as_str())).unwrap_or_default()),
            status: Some(status.unwrap_or_else(|| NEVER.to_owned())),
        };
        Ok(Some(Self { versioning_configuration: vec![configuration], ..prior }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id, ..planned };
        Self::put(client, &planned, planned.status()).await?;
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        if prior.status() == NEVER {
            return Ok(());
        }
        // Versioning cannot be undone, only suspended.
        let suspended = VersioningConfiguration::builder().status(BucketVersioningStatus::Suspended).build();
        let call = client.s3().put_bucket_versioning().set_bucket(prior.bucket).versioning_configuration(suspended);
        call.set_expected_bucket_owner(prior.expected_bucket_owner.filter(|owner| !owner.is_empty())).send().await.api("s3:PutBucketVersioning")?;
        Ok(())
    }

    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let (bucket, expected_bucket_owner) = import_parts(id);
        Ok(Self { id: Some(id.to_owned()), bucket, expected_bucket_owner, versioning_configuration: vec![Configuration::default()], ..Self::default() })
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        // Putting it again is safe, so only what is as planned counts as done.
        let id = owned_id(&planned.bucket, &planned.expected_bucket_owner);
        let wanted = planned.status().to_owned();
        let found = Self::read(client, Self { id, ..planned }).await;
        match found {
            Err(fault) if fault.not_found => Ok(None),
            found => Ok(found?.filter(|found| found.status() == wanted)),
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
        lab.make("aws_s3_bucket", json!({"bucket": "versioned"})).await;
        let config = |status: &str| json!({"bucket": "versioned", "versioning_configuration": [{"status": status}]});
        let state = Lifecycle::new(&lab, "aws_s3_bucket_versioning", config("Enabled")).update(config("Suspended")).stays().run().await;
        assert_eq!(text(&state, "id"), "versioned");
        let planned = lab.plan("aws_s3_bucket_versioning", Some(&state), &config("Disabled")).await.expect("plan");
        assert_eq!(planned.requires_replace.len(), 1);
        lab.make("aws_s3_bucket", json!({"bucket": "unversioned"})).await;
        Lifecycle::new(&lab, "aws_s3_bucket_versioning", json!({"bucket": "unversioned", "versioning_configuration": [{"status": "Disabled"}]})).stays().run().await;
        let faults = lab.refused("aws_s3_bucket_versioning", config("On")).await;
        assert_eq!(faults[0].summary, "Invalid status");
    }
}
