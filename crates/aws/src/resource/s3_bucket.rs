//! `aws_s3_bucket`

use std::collections::BTreeMap;

use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration, Delete, ObjectIdentifier, Tag, Tagging};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::{ApiError, Explain};
use crate::s3_inline::{CorsRule, Encryption, Grant, LifecycleRule, Lock, Logging, Replication, Versioning, Website};
use crate::tags::Tags;
use crate::timeouts::timeouts;
use crate::{Client, name, plan, wait};

/// A bucket.
///
/// Its versioning, encryption, policy and so on are resource types of their own.
///
/// ```hcl
/// resource "aws_s3_bucket" "snapshots" {
///   bucket = "example-snapshots"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_s3_bucket")]
pub(crate) struct S3Bucket {
    /// See `aws_s3_bucket_accelerate_configuration`.
    #[schema(optional, computed, deprecated = "Use the aws_s3_bucket_accelerate_configuration resource instead")]
    acceleration_status: Option<String>,
    /// See `aws_s3_bucket_acl`.
    #[schema(optional, computed, deprecated = "Use the aws_s3_bucket_acl resource instead")]
    acl: Option<String>,
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Name; made when unset.
    #[schema(optional, computed, force_new)]
    bucket: Option<String>,
    /// Domain name.
    #[schema(computed)]
    bucket_domain_name: Option<String>,
    /// What a made name begins with.
    #[schema(optional, computed, force_new)]
    bucket_prefix: Option<String>,
    /// Domain name with the region.
    #[schema(computed)]
    bucket_regional_domain_name: Option<String>,
    /// Deletes all objects with the bucket.
    #[schema(optional, default = false)]
    force_destroy: Option<bool>,
    /// Route 53 zone of the region's website endpoint.
    #[schema(computed)]
    hosted_zone_id: Option<String>,
    /// The name again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Objects can be locked against deletion.
    #[schema(optional, computed, force_new)]
    object_lock_enabled: Option<bool>,
    /// See `aws_s3_bucket_policy`.
    #[schema(optional, computed, deprecated = "Use the aws_s3_bucket_policy resource instead")]
    policy: Option<String>,
    /// Region.
    #[schema(computed)]
    region: Option<String>,
    /// See `aws_s3_bucket_request_payment_configuration`.
    #[schema(optional, computed, deprecated = "Use the aws_s3_bucket_request_payment_configuration resource instead")]
    request_payer: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// Domain of the website.
    #[schema(computed, deprecated = "Use the aws_s3_bucket_website_configuration resource")]
    website_domain: Option<String>,
    /// Endpoint of the website.
    #[schema(computed, deprecated = "Use the aws_s3_bucket_website_configuration resource")]
    website_endpoint: Option<String>,
    /// See `aws_s3_bucket_cors_configuration`.
    #[schema(block, computed)]
    cors_rule: Vec<CorsRule>,
    /// See `aws_s3_bucket_acl`.
    #[schema(block, set, computed)]
    grant: Vec<Grant>,
    /// See `aws_s3_bucket_lifecycle_configuration`.
    #[schema(block, computed)]
    lifecycle_rule: Vec<LifecycleRule>,
    /// See `aws_s3_bucket_logging`.
    #[schema(block, max = 1, computed)]
    logging: Vec<Logging>,
    /// See `aws_s3_bucket_object_lock_configuration`.
    #[schema(block, max = 1, computed)]
    object_lock_configuration: Vec<Lock>,
    /// See `aws_s3_bucket_replication_configuration`.
    #[schema(block, max = 1, computed)]
    replication_configuration: Vec<Replication>,
    /// See `aws_s3_bucket_server_side_encryption_configuration`.
    #[schema(block, max = 1, computed)]
    server_side_encryption_configuration: Vec<Encryption>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
    /// See `aws_s3_bucket_versioning`.
    #[schema(block, max = 1, computed)]
    versioning: Vec<Versioning>,
    /// See `aws_s3_bucket_website_configuration`.
    #[schema(block, max = 1, computed)]
    website: Vec<Website>,
}

timeouts!(create, read, update, delete);

/// Arguments that have become resource types, and those types.
const MOVED: [(&str, &str); 13] = [
    ("acceleration_status", "aws_s3_bucket_accelerate_configuration"),
    ("acl", "aws_s3_bucket_acl"),
    ("cors_rule", "aws_s3_bucket_cors_configuration"),
    ("grant", "aws_s3_bucket_acl"),
    ("lifecycle_rule", "aws_s3_bucket_lifecycle_configuration"),
    ("logging", "aws_s3_bucket_logging"),
    ("object_lock_configuration", "aws_s3_bucket_object_lock_configuration"),
    ("policy", "aws_s3_bucket_policy"),
    ("replication_configuration", "aws_s3_bucket_replication_configuration"),
    ("request_payer", "aws_s3_bucket_request_payment_configuration"),
    ("server_side_encryption_configuration", "aws_s3_bucket_server_side_encryption_configuration"),
    ("versioning", "aws_s3_bucket_versioning"),
    ("website", "aws_s3_bucket_website_configuration"),
];

/// Route 53 zones of the website endpoints (the AWS General Reference).
const ZONES: [(&str, &str); 33] = [
    ("af-south-1", "Z83WF9RJE8B12"),
    ("ap-east-1", "ZNB98KWMFR0R6"),
    ("ap-northeast-1", "Z2M4EHUR26P7ZW"),
    ("ap-northeast-2", "Z3W03O7B5YMIYP"),
    ("ap-northeast-3", "Z2YQB5RD63NC85"),
    ("ap-south-1", "Z11RGJOFQNVJUP"),
    ("ap-south-2", "Z02976202B4EZMXIPMXF7"),
    ("ap-southeast-1", "Z3O0J2DXBE1FTB"),
    ("ap-southeast-2", "Z1WCIGYICN2BYD"),
    ("ap-southeast-3", "Z01846753K324LI26A3VV"),
    ("ap-southeast-4", "Z0312387243XT5FE14WFO"),
    ("ca-central-1", "Z1QDHH18159H29"),
    ("ca-west-1", "Z03565811Z33SLEZTHOUL"),
    ("cn-north-1", "Z5CN8UMXT92WN"),
    ("cn-northwest-1", "Z282HJ1KT0DH03"),
    ("eu-central-1", "Z21DNDUVLTQW6Q"),
    ("eu-central-2", "Z030506016YDQGETNASS"),
    ("eu-north-1", "Z3BAZG2TWCNX0D"),
    ("eu-south-1", "Z30OZKI7KPW7MI"),
    ("eu-south-2", "Z0081959F7139GRJC19J"),
    ("eu-west-1", "Z1BKCTXD74EZPE"),
    ("eu-west-2", "Z3GKZC51ZF0DB4"),
    ("eu-west-3", "Z3R1K369G5AVDG"),
    ("il-central-1", "Z09640613K4A3MN55U7GU"),
    ("me-central-1", "Z06143092I8HRXZRUZROF"),
    ("me-south-1", "Z1MPMWCPA7YB62"),
    ("sa-east-1", "Z7KQH4QJS55SO"),
    ("us-east-1", "Z3AQBSTGFYJSTF"),
    ("us-east-2", "Z2O1EMRO9K5GLX"),
    ("us-gov-east-1", "Z2NIFVYYW2VKV1"),
    ("us-gov-west-1", "Z31GFT0UA1I2HV"),
    ("us-west-1", "Z2F56UZL2M1ACD"),
    ("us-west-2", "Z3BJ6K6RIION7M"),
];

/// The Route 53 zone of a region's website endpoint.
pub(crate) fn zone(region: &str) -> Option<String> {
    ZONES.iter().find(|(name, _)| *name == region).map(|(_, zone)| (*zone).to_owned())
}

/// True when another call about the bucket is under way, or the bucket is too new.
pub(crate) fn passing(error: &ApiError) -> bool {
    error.is(&["OperationAborted", "NoSuchBucket"])
}

/// The id of what hangs on a bucket: the bucket's name, and `,ACCOUNT` when an owner is expected.
pub(crate) fn owned_id(bucket: &Option<String>, owner: &Option<String>) -> Option<String> {
    let bucket = bucket.as_deref().unwrap_or_default();
    Some(owner.as_ref().filter(|owner| !owner.is_empty()).map_or_else(|| bucket.to_owned(), |owner| format!("{bucket},{owner}")))
}

/// Bucket and expected owner of such an id.
pub(crate) fn import_parts(id: &str) -> (Option<String>, Option<String>) {
    match id.split_once(',') {
        Some((bucket, owner)) => (Some(bucket.to_owned()), Some(owner.to_owned())),
        None => (Some(id.to_owned()), None),
    }
}

/// The region of a bucket, where the answer tells it; none when there is no such bucket.
pub(crate) async fn head(client: &Client, bucket: &str) -> Result<Option<Option<String>>, Fault> {
    match client.s3().head_bucket().bucket(bucket).send().await.api("s3:ListBucket") {
        Ok(answer) => Ok(Some(answer.bucket_region)),
        Err(error) if error.not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn set_tags(client: &Client, bucket: &str, tags: BTreeMap<String, String>) -> Result<(), Fault> {
    if tags.is_empty() {
        client.s3().delete_bucket_tagging().bucket(bucket).send().await.api("s3:PutBucketTagging")?;
        return Ok(());
    }
    let set = tags.into_iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect();
    let tagging = Tagging::builder().set_tag_set(Some(set)).build().map_err(|error| Fault::error("s3:PutBucketTagging failed", error.to_string()))?;
    wait::retry(wait::limit(None, 2)?, passing, || async {
        client.s3().put_bucket_tagging().bucket(bucket).tagging(tagging.clone()).send().await.api("s3:PutBucketTagging")
    })
    .await?;
    Ok(())
}

/// Deletes all versions of all objects, a thousand at a time.
async fn empty(client: &Client, bucket: &str) -> Result<(), Fault> {
    loop {
        let page = client.s3().list_object_versions().bucket(bucket).send().await.api("s3:ListBucketVersions")?;
        let versions = page.versions().iter().map(|version| (version.key(), version.version_id()));
        let markers = page.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
        let objects: Vec<ObjectIdentifier> =
            versions.chain(markers).filter_map(|(key, version)| ObjectIdentifier::builder().key(key?).set_version_id(version.map(str::to_owned)).build().ok()).collect();
        if objects.is_empty() {
            return Ok(());
        }
        let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build().map_err(|error| Fault::error("s3:DeleteObjects failed", error.to_string()))?;
        let answer = client.s3().delete_objects().bucket(bucket).delete(delete).send().await.api("s3:DeleteObject")?;
        if let Some(refused) = answer.errors().first() {
            let detail = format!("{}: {} (object {}).", refused.code().unwrap_or_default(), refused.message().unwrap_or_default(), refused.key().unwrap_or_default());
            return Err(Fault::error("Bucket cannot be emptied", detail));
        }
    }
}

impl S3Bucket {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        let tags = client.tag_rules().all(&planned.tags);
        wait::appear("bucket", || async { Ok(Self::read(client, planned.clone()).await?.filter(|found| found.tags_all.as_ref() == Some(&tags))) }).await
    }
}

impl Resource for S3Bucket {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let set = |name: &str| config.get(name).is_some_and(|value| !value.is_null() && value.length() != Some(0));
        let moved = MOVED.iter().filter(|(name, _)| set(name)).map(|(name, instead)| {
            let detail = format!("`{name}` of aws_s3_bucket is deprecated and not supported. Write a resource of type {instead} for it.");
            Fault::attribute(Path::attr(*name), "Deprecated argument", detail)
        });
        let mut faults: Vec<Fault> = moved.collect();
        if set("bucket") && set("bucket_prefix") {
            faults.push(Fault::attribute(Path::attr("bucket_prefix"), "Conflicting arguments", "Set either `bucket` or `bucket_prefix`, not both."));
        }
        let written = config.get("bucket");
        if let Some(name) = written.as_ref().and_then(Value::as_str) {
            let letters = name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || ".-".contains(letter));
            if !(3..=63).contains(&name.len()) || !letters {
                let detail = format!("\"{name}\" should have 3 to 63 characters: small letters, digits, dots and hyphens.");
                faults.push(Fault::attribute(Path::attr("bucket"), "Invalid name", detail));
            }
        }
        faults
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_ref()), 20)?;
        let bucket = name::choose(planned.bucket.as_ref(), planned.bucket_prefix.as_ref(), operation.token);
        // The oldest region is the one that must not be named.
        let place =
            (client.region() != "us-east-1").then(|| CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::from(client.region())).build());
        let busy = |error: &ApiError| error.is(&["OperationAborted"]);
        wait::retry(limit, busy, || async {
            let call = client.s3().create_bucket().bucket(&bucket).set_create_bucket_configuration(place.clone());
            call.set_object_lock_enabled_for_bucket(planned.object_lock_enabled.filter(|on| *on)).send().await.api("s3:CreateBucket")
        })
        .await?;
        let created = Self { id: Some(bucket.clone()), bucket: Some(bucket.clone()), ..planned };
        operation.created(&created)?;
        wait::until("the bucket", limit, || head(client, &bucket)).await?;
        let tags = client.tag_rules().all(&created.tags);
        if !tags.is_empty() {
            set_tags(client, &bucket, tags).await?;
        }
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let bucket = prior.id().to_owned();
        let (region, tagging, lock) = tokio::try_join!(
            head(client, &bucket),
            async {
                match client.s3().get_bucket_tagging().bucket(&bucket).send().await.api("s3:GetBucketTagging") {
                    Ok(answer) => Ok(answer.tag_set),
                    Err(error) if error.not_found() => Ok(Vec::new()),
                    Err(error) => Err(Fault::from(error)),
                }
            },
            async {
                // It is set at creation; only an import does not know.
                if prior.object_lock_enabled.is_some() {
                    return Ok(prior.object_lock_enabled);
                }
                match client.s3().get_object_lock_configuration().bucket(&bucket).send().await.api("s3:GetBucketObjectLockConfiguration") {
                    Ok(answer) => Ok(Some(answer.object_lock_configuration.is_some_and(|lock| lock.object_lock_enabled.is_some()))),
                    Err(error) if error.not_found() => Ok(Some(false)),
                    Err(error) => Err(Fault::from(error)),
                }
            },
        )?;
        let Some(region) = region else { return Ok(None) };
        let region = region.filter(|region| !region.is_empty()).or(prior.region).unwrap_or_else(|| client.region().to_owned());
        let (tags, tags_all) = client.tag_rules().read(tagging.into_iter().map(|tag| (tag.key, tag.value)), &prior.tags);
        let suffix = client.dns_suffix();
        Ok(Some(Self {
            arn: Some(format!("arn:{}:s3:::{bucket}", client.partition())),
            bucket_domain_name: Some(format!("{bucket}.s3.{suffix}")),
            bucket_prefix: Some(name::prefix(&bucket).to_owned()),
            bucket_regional_domain_name: Some(format!("{bucket}.s3.{region}.{suffix}")),
            force_destroy: prior.force_destroy.or(Some(false)),
            hosted_zone_id: zone(&region),
            object_lock_enabled: lock,
            region: Some(region),
            tags,
            tags_all,
            bucket: Some(bucket.clone()),
            id: Some(bucket),
            ..prior
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id.clone(), ..planned };
        let tags = client.tag_rules().all(&planned.tags);
        if prior.tags_all.as_ref() != Some(&tags) {
            // The API only replaces all of them: tags that AWS services have set must stay.
            let there = client.s3().get_bucket_tagging().bucket(planned.id()).send().await.api("s3:GetBucketTagging");
            let there = match there {
                Err(error) if !error.not_found() => return Err(error.into()),
                there => there.map(|answer| answer.tag_set).unwrap_or_default(),
            };
            let known = prior.tags_all.unwrap_or_default();
            let foreign = there.into_iter().map(|tag| (tag.key, tag.value)).filter(|(key, _)| !known.contains_key(key));
            let all = foreign.chain(tags).collect();
            set_tags(client, planned.id(), all).await?;
        }
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let limit = wait::limit(prior.timeouts.as_ref().and_then(|timeouts| timeouts.delete.as_ref()), 60)?;
        let bucket = prior.id();
        if prior.force_destroy == Some(true) && head(client, bucket).await?.is_some() {
            empty(client, bucket).await?;
        }
        let busy = |error: &ApiError| error.is(&["OperationAborted"]);
        let done = wait::retry(limit, busy, || async { client.s3().delete_bucket().bucket(bucket).send().await.api("s3:DeleteBucket") }).await;
        done.map_err(|error| {
            let full = error.is(&["BucketNotEmpty"]);
            let mut fault = Fault::from(error);
            if full {
                fault.detail.push_str(" Delete the objects (all versions), or set force_destroy = true and apply that first.");
            }
            fault
        })?;
        wait::until("the bucket to go", wait::limit(None, 2)?, || async { Ok(head(client, bucket).await?.is_none().then_some(())) }).await
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        // Names are the world's: one that belongs to somebody else is refused (403), which is not ours.
        let bucket = name::choose(planned.bucket.as_ref(), planned.bucket_prefix.as_ref(), token);
        Self::read(client, Self { id: Some(bucket), ..planned }).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, client, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let state = Lifecycle::new(&lab, "aws_s3_bucket", json!({"bucket": "life-one"}))
            .update(json!({"bucket": "life-one", "tags": {"a": "b"}}))
            .update(json!({"bucket": "life-one", "tags": {"c": "d"}}))
            .update(json!({"bucket": "life-one"}))
            .run()
            .await;
        assert_eq!((text(&state, "region"), text(&state, "hosted_zone_id")), ("eu-central-1".into(), "Z21DNDUVLTQW6Q".into()));
        let state = Lifecycle::new(&lab, "aws_s3_bucket", json!({"bucket_prefix": "made-", "object_lock_enabled": true})).run().await;
        assert!(text(&state, "bucket").starts_with("made-"));
        let faults = lab.refused("aws_s3_bucket", json!({"bucket": "No", "acl": "private"})).await;
        assert_eq!(faults.iter().map(|fault| fault.summary.as_str()).collect::<Vec<_>>(), ["Deprecated argument", "Invalid name"]);
    }

    #[tokio::test]
    async fn full_bucket() {
        let lab = lab().await;
        let state = lab.make("aws_s3_bucket", json!({"bucket": "life-full", "force_destroy": true})).await;
        lab.make("aws_s3_bucket_versioning", json!({"bucket": "life-full", "versioning_configuration": [{"status": "Enabled"}]})).await;
        let client = client().await;
        for body in ["one", "two"] {
            let body = aws_sdk_s3::primitives::ByteStream::from_static(body.as_bytes());
            client.s3().put_object().bucket("life-full").key("a").body(body).send().await.expect("object");
        }
        client.s3().delete_object().bucket("life-full").key("a").send().await.expect("marker");
        lab.delete("aws_s3_bucket", &state).await;
        assert!(lab.read("aws_s3_bucket", &state).await.is_none());
    }
}
