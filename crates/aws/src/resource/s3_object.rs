//! `aws_s3_object`

use std::collections::{BTreeMap, HashMap};

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, ObjectCannedAcl, ObjectLockLegalHold, ObjectLockLegalHoldStatus, ObjectLockMode, ObjectLockRetention, ObjectLockRetentionMode,
    ServerSideEncryption, StorageClass, Tag, Tagging,
};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use super::iam_role::time;
use super::s3_bucket::passing;
use crate::api::{Explain, ignore_gone};
use crate::tags::{TagRules, Tags};
use crate::{Client, keep, name, plan, query, wait};

/// An object in a bucket.
///
/// ```hcl
/// resource "aws_s3_object" "index" {
///   bucket       = aws_s3_bucket.site.id
///   key          = "index.html"
///   content      = "<h1>Weir</h1>"
///   content_type = "text/html"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_s3_object")]
pub(crate) struct S3Object {
    /// One of Amazon's ACLs, such as `private`.
    #[schema(optional, computed)]
    acl: Option<String>,
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Bucket.
    #[schema(required, force_new)]
    bucket: Option<String>,
    /// One key of the bucket is used for many objects.
    #[schema(optional, computed)]
    bucket_key_enabled: Option<bool>,
    /// The header of that name.
    #[schema(optional)]
    cache_control: Option<String>,
    /// Checksum that S3 keeps: `CRC32`, `CRC32C`, `CRC64NVME`, `SHA1` or `SHA256`.
    #[schema(optional)]
    checksum_algorithm: Option<String>,
    /// Checksum in base64.
    #[schema(computed)]
    checksum_crc32: Option<String>,
    /// Checksum in base64.
    #[schema(computed)]
    checksum_crc32c: Option<String>,
    /// Checksum in base64.
    #[schema(computed)]
    checksum_crc64nvme: Option<String>,
    /// Checksum in base64.
    #[schema(computed)]
    checksum_sha1: Option<String>,
    /// Checksum in base64.
    #[schema(computed)]
    checksum_sha256: Option<String>,
    /// Text of the object.
    #[schema(optional)]
    content: Option<String>,
    /// Bytes of the object, in base64.
    #[schema(optional)]
    content_base64: Option<String>,
    /// The header of that name.
    #[schema(optional)]
    content_disposition: Option<String>,
    /// The header of that name.
    #[schema(optional)]
    content_encoding: Option<String>,
    /// The header of that name.
    #[schema(optional)]
    content_language: Option<String>,
    /// The header of that name.
    #[schema(optional, computed)]
    content_type: Option<String>,
    /// Another one puts the object again; not with `kms_key_id`.
    #[schema(optional, computed)]
    etag: Option<String>,
    /// Deletes the object though it is locked.
    #[schema(optional, default = false)]
    force_destroy: Option<bool>,
    /// The key again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Key.
    #[schema(required, force_new)]
    key: Option<String>,
    /// ARN of the KMS key that encrypts it.
    #[schema(optional, computed)]
    kms_key_id: Option<String>,
    /// Metadata, keys in lower case.
    #[schema(optional)]
    metadata: Option<BTreeMap<String, String>>,
    /// `ON` or `OFF`.
    #[schema(optional)]
    object_lock_legal_hold_status: Option<String>,
    /// `GOVERNANCE` or `COMPLIANCE`.
    #[schema(optional)]
    object_lock_mode: Option<String>,
    /// When the lock ends (RFC 3339).
    #[schema(optional)]
    object_lock_retain_until_date: Option<String>,
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    #[schema(optional, computed)]
    server_side_encryption: Option<String>,
    /// File of this machine that holds the object.
    #[schema(optional)]
    source: Option<String>,
    /// Another one puts the object again.
    #[schema(optional)]
    source_hash: Option<String>,
    /// Such as `STANDARD`.
    #[schema(optional, computed)]
    storage_class: Option<String>,
    /// Tags, ten at most.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// Version of the object, in a bucket with versions.
    #[schema(computed)]
    version_id: Option<String>,
    /// Where a website sends those who ask for the object.
    #[schema(optional)]
    website_redirect: Option<String>,
    /// What replaces arguments of the provider block for this object.
    #[schema(block, max = 1)]
    override_provider: Vec<Override>,
}

/// What replaces arguments of the provider block.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Override {
    /// Instead of the provider's default tags.
    #[schema(block, max = 1)]
    default_tags: Vec<OverrideTags>,
}

/// Default tags of this object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct OverrideTags {
    /// The tags.
    #[schema(optional)]
    tags: Tags,
}

/// Arguments whose change puts the object again.
const CONTENT: [&str; 17] = [
    "bucket_key_enabled",
    "cache_control",
    "checksum_algorithm",
    "content",
    "content_base64",
    "content_disposition",
    "content_encoding",
    "content_language",
    "content_type",
    "etag",
    "kms_key_id",
    "metadata",
    "server_side_encryption",
    "source",
    "source_hash",
    "storage_class",
    "website_redirect",
];
const CHECKSUMS: [&str; 5] = ["checksum_crc32", "checksum_crc32c", "checksum_crc64nvme", "checksum_sha1", "checksum_sha256"];

fn given(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}

/// A key as S3 gets it: without `./` or `/` at its beginning, without doubled slashes.
pub(crate) fn clean(key: &str) -> String {
    let key = key.trim_start_matches("./").trim_start_matches('/');
    let mut clean = String::with_capacity(key.len());
    for letter in key.chars().filter(|letter| *letter != '\0') {
        if letter != '/' || !clean.ends_with('/') {
            clean.push(letter);
        }
    }
    clean
}

/// What the API says of an object; none when it is not there.
pub(crate) async fn head(
    client: &Client,
    bucket: &str,
    key: &str,
    version: Option<&String>,
    range: Option<&String>,
    checksums: bool,
) -> Result<Option<HeadObjectOutput>, Fault> {
    let call = client.s3().head_object().bucket(bucket).key(clean(key)).set_version_id(version.cloned()).set_range(range.cloned());
    match call.set_checksum_mode(checksums.then_some(ChecksumMode::Enabled)).send().await.api("s3:GetObject") {
        Ok(answer) if answer.delete_marker != Some(true) => Ok(Some(answer)),
        Ok(_) => Ok(None),
        Err(error) if error.not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The tags of an object.
pub(crate) async fn tags_of(client: &Client, bucket: &str, key: &str, version: Option<&String>) -> Result<Vec<(String, String)>, Fault> {
    let call = client.s3().get_object_tagging().bucket(bucket).key(clean(key)).set_version_id(version.cloned());
    match call.send().await.api("s3:GetObjectTagging") {
        Ok(answer) => Ok(answer.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect()),
        // Not every service that speaks S3 has them.
        Err(error) if error.not_found() || error.is(&["NotImplemented", "MethodNotAllowed", "XNotImplemented"]) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

fn instant(text: &str) -> Option<DateTime> {
    DateTime::from_str(text, Format::DateTimeWithOffset).ok()
}

/// The tags of `override_provider`, when it has some.
fn overriding(block: &Value) -> Option<BTreeMap<String, String>> {
    let tags = block.elements().next()?.get("default_tags")?.elements().next()?.get("tags")?;
    let (Value::Map(_, entries) | Value::Object(entries)) = &tags else { return Some(BTreeMap::new()) };
    Some(entries.iter().filter_map(|(key, value)| Some((key.to_string(), value.as_str()?.to_owned()))).collect())
}

impl S3Object {
    fn place(&self) -> (&str, &str) {
        (self.bucket.as_deref().unwrap_or_default(), self.key.as_deref().unwrap_or_default())
    }

    /// The rules for the tags of this object.
    fn rules(&self, client: &Client) -> TagRules {
        let own = self.override_provider.first().and_then(|block| block.default_tags.first());
        own.map_or_else(|| client.tag_rules().clone(), |own| client.tag_rules().with_defaults(own.tags.clone().unwrap_or_default()))
    }

    async fn body(&self, client: &Client) -> Result<ByteStream, Fault> {
        if let Some(text) = &self.content {
            return Ok(ByteStream::from(text.clone().into_bytes()));
        }
        if let Some(text) = &self.content_base64 {
            let wrong = |error: base64::DecodeError| Fault::attribute(Path::attr("content_base64"), "Invalid base64", error.to_string());
            return Ok(ByteStream::from(STANDARD.decode(text).map_err(wrong)?));
        }
        let Some(file) = &self.source else { return Ok(ByteStream::from_static(b"")) };
        let wrong = |error: String| Fault::attribute(Path::attr("source"), "Cannot read the file", format!("{file}: {error}."));
        ByteStream::from_path(client.root().join(file)).await.map_err(|error| wrong(crate::api::causes(&error)))
    }

    fn until(&self) -> Result<Option<DateTime>, Fault> {
        let Some(text) = given(&self.object_lock_retain_until_date) else { return Ok(None) };
        instant(&text).map(Some).ok_or_else(|| Fault::attribute(Path::attr("object_lock_retain_until_date"), "Invalid time", format!("\"{text}\" is no RFC 3339 time.")))
    }

    async fn put(client: &Client, planned: &Self) -> Result<(), Fault> {
        let (bucket, key) = planned.place();
        let tags: Vec<String> =
            planned.rules(client).all(&planned.tags).iter().map(|(key, value)| format!("{}={}", query::percent(key), query::percent(value))).collect();
        let until = planned.until()?;
        let metadata: Option<HashMap<String, String>> = planned.metadata.clone().map(|metadata| metadata.into_iter().collect());
        let key_id = given(&planned.kms_key_id);
        let encryption = given(&planned.server_side_encryption).filter(|_| key_id.is_none()).or_else(|| key_id.as_ref().map(|_| "aws:kms".to_owned()));
        wait::until(&format!("the bucket \"{bucket}\""), wait::limit(None, 2)?, || async {
            let done = client
                .s3()
                .put_object()
                .bucket(bucket)
                .key(clean(key))
                .body(planned.body(client).await?)
                .set_acl(given(&planned.acl).as_deref().map(ObjectCannedAcl::from))
                .set_bucket_key_enabled(planned.bucket_key_enabled)
                .set_cache_control(given(&planned.cache_control))
                .set_checksum_algorithm(given(&planned.checksum_algorithm).as_deref().map(ChecksumAlgorithm::from))
                .set_content_disposition(given(&planned.content_disposition))
                .set_content_encoding(given(&planned.content_encoding))
                .set_content_language(given(&planned.content_language))
                .set_content_type(given(&planned.content_type))
                .set_metadata(metadata.clone())
                .set_object_lock_legal_hold_status(given(&planned.object_lock_legal_hold_status).as_deref().map(ObjectLockLegalHoldStatus::from))
                .set_object_lock_mode(given(&planned.object_lock_mode).as_deref().map(ObjectLockMode::from))
                .set_object_lock_retain_until_date(until)
                .set_server_side_encryption(encryption.as_deref().map(ServerSideEncryption::from))
                .set_ssekms_key_id(key_id.clone())
                .set_storage_class(given(&planned.storage_class).as_deref().map(StorageClass::from))
                .set_tagging(Some(tags.join("&")).filter(|tags| !tags.is_empty()))
                .set_website_redirect_location(given(&planned.website_redirect))
                .send()
                .await
                .api("s3:PutObject");
            match done {
                Ok(_) => Ok(Some(())),
                Err(error) if passing(&error) => Ok(None),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// What was put, as it is read. The etag that the user gave stays until the next read tells otherwise, as for objects whose etag is not the MD5 of their bytes.
    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        let tags = planned.rules(client).all(&planned.tags);
        let found = wait::appear("object", || async {
            let found = Self::read(client, planned.clone()).await?;
            Ok(found.filter(|found| {
                found.tags_all.as_ref() == Some(&tags) && found.storage_class.as_ref() == given(&planned.storage_class).as_ref().or(found.storage_class.as_ref())
            }))
        })
        .await?;
        Ok(Self { etag: given(&planned.etag).or(found.etag.clone()), ..found })
    }

    /// True when the bytes that are there are these; in case of doubt not.
    fn has_content(&self, found: &HeadObjectOutput) -> bool {
        let sum = |bytes: &[u8]| STANDARD.encode(name::checksum_of(bytes).to_be_bytes());
        let (bytes, sent) = match (&self.content, &self.content_base64) {
            (Some(text), _) => (text.clone().into_bytes(), true),
            (None, Some(text)) => (STANDARD.decode(text).unwrap_or_default(), true),
            (None, None) => (Vec::new(), self.source.is_none()),
        };
        sent && found.checksum_crc32().is_some_and(|there| there == sum(&bytes))
    }

    async fn retag(client: &Client, prior: &Self, planned: &Self) -> Result<(), Fault> {
        let (bucket, key) = planned.place();
        let all = planned.rules(client).all(&planned.tags);
        // The API only replaces all of them: tags that AWS services have set must stay.
        let known = prior.tags_all.clone().unwrap_or_default();
        let foreign = tags_of(client, bucket, key, None).await?.into_iter().filter(|(key, _)| !known.contains_key(key));
        let all: BTreeMap<String, String> = foreign.chain(all).collect();
        if all.is_empty() {
            client.s3().delete_object_tagging().bucket(bucket).key(clean(key)).send().await.api("s3:DeleteObjectTagging")?;
            return Ok(());
        }
        let set = all.into_iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect();
        let tagging = Tagging::builder().set_tag_set(Some(set)).build().map_err(|error| Fault::error("s3:PutObjectTagging failed", error.to_string()))?;
        client.s3().put_object_tagging().bucket(bucket).key(clean(key)).tagging(tagging).send().await.api("s3:PutObjectTagging")?;
        Ok(())
    }

    /// Deletes one version; a lock that the caller may pass is passed with `force`.
    async fn delete_version(client: &Client, bucket: &str, key: &str, version: Option<String>, force: bool) -> Result<(), Fault> {
        let delete = || async {
            let call = client.s3().delete_object().bucket(bucket).key(key).set_version_id(version.clone());
            call.set_bypass_governance_retention(force.then_some(true)).send().await.api("s3:DeleteObject")
        };
        match delete().await {
            Err(error) if force && version.is_some() && error.code.starts_with("AccessDenied") => {
                let off = ObjectLockLegalHold::builder().status(ObjectLockLegalHoldStatus::Off).build();
                let call = client.s3().put_object_legal_hold().bucket(bucket).key(key).set_version_id(version.clone()).legal_hold(off);
                call.send().await.api("s3:PutObjectLegalHold")?;
                ignore_gone(delete().await)?;
            }
            done => ignore_gone(done)?,
        }
        Ok(())
    }
}

impl Resource for S3Object {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let set = |name: &str| config.get(name).is_some_and(|value| !value.is_null());
        let mut faults = Vec::new();
        let sources: Vec<&str> = ["content", "content_base64", "source"].into_iter().filter(|name| set(name)).collect();
        if let [_, second, ..] = sources[..] {
            faults.push(Fault::attribute(Path::attr(second), "Conflicting arguments", format!("Set only one of {}.", sources.join(", "))));
        }
        if set("etag") && set("kms_key_id") {
            faults.push(Fault::attribute(
                Path::attr("etag"),
                "Conflicting arguments",
                "The etag of an object with a KMS key is not the MD5 of its bytes: set source_hash instead.",
            ));
        }
        let text = |name: &str| config.get(name).and_then(|value| value.as_str().map(str::to_owned));
        if text("key").is_some_and(|key| clean(&key).is_empty() || key.len() > 1024) {
            faults.push(Fault::attribute(Path::attr("key"), "Invalid key", "A key has 1 to 1024 bytes."));
        }
        if text("object_lock_retain_until_date").is_some_and(|text| instant(&text).is_none()) {
            faults.push(Fault::attribute(Path::attr("object_lock_retain_until_date"), "Invalid time", "Write an RFC 3339 time, such as 2030-01-01T00:00:00Z."));
        }
        if text("content_base64").is_some_and(|text| STANDARD.decode(text).is_err()) {
            faults.push(Fault::attribute(Path::attr("content_base64"), "Invalid base64", "Write it with base64encode(), or filebase64()."));
        }
        if let Some(Value::Map(_, entries) | Value::Object(entries)) = config.get("metadata")
            && let Some(name) = entries.keys().find(|name| name.chars().any(char::is_uppercase))
        {
            faults.push(Fault::attribute(Path::attr("metadata"), "Invalid metadata", format!("\"{name}\" has capital letters, which S3 makes small: write it so.")));
        }
        if config.get("tags").is_some_and(|tags| tags.length().is_some_and(|count| count > 10)) {
            faults.push(Fault::attribute(Path::attr("tags"), "Too many tags", "An object has at most 10 tags."));
        }
        faults
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        let block = plan.planned("override_provider");
        if block.is_wholly_known() {
            match overriding(&block) {
                Some(defaults) => client.tag_rules().with_defaults(defaults).plan(plan),
                None => client.tag_rules().plan(plan),
            }
        } else {
            plan.unknown("tags_all");
        }
        plan.suppress("object_lock_retain_until_date", |a, b| match (a.as_str().and_then(instant), b.as_str().and_then(instant)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        });
        if plan.creating() || !CONTENT.iter().any(|name| plan.changed(name)) {
            return Ok(());
        }
        plan.unknown("version_id");
        if plan.config("etag").is_null() {
            plan.unknown("etag");
        }
        CHECKSUMS.iter().for_each(|name| plan.unknown(name));
        // Without a key of its own it is encrypted as the bucket says.
        if plan.changed("server_side_encryption") && plan.config("kms_key_id").is_null() {
            plan.unknown("kms_key_id");
        }
        if plan.changed("kms_key_id") && plan.config("server_side_encryption").is_null() {
            plan.unknown("server_side_encryption");
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        Self::put(client, &planned).await?;
        let created = Self { id: planned.key.clone(), ..planned };
        operation.created(&created)?;
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let (bucket, key) = prior.place();
        let summed = prior.checksum_algorithm.as_ref().is_some_and(|name| !name.is_empty());
        let (found, listed) = tokio::try_join!(head(client, bucket, key, None, None, summed), tags_of(client, bucket, key, None))?;
        let Some(found) = found else { return Ok(None) };
        let (tags, tags_all) = prior.rules(client).read(listed, &prior.tags);
        let shown = |text: Option<String>| Some(text.unwrap_or_default());
        let key_id = match found.ssekms_key_id {
            // The bucket's own choice is not the object's.
            Some(found) if prior.kms_key_id.as_ref() != Some(&found) && is_default_key(client, &found).await => prior.kms_key_id.clone(),
            found => found,
        };
        let until = found.object_lock_retain_until_date.as_ref().and_then(time);
        let until = match (&prior.object_lock_retain_until_date, until) {
            (Some(before), Some(now)) if instant(before) == instant(&now) => Some(before.clone()),
            (_, now) => shown(now),
        };
        let read = Self {
            arn: Some(format!("arn:{}:s3:::{bucket}/{}", client.partition(), clean(key))),
            bucket_key_enabled: Some(found.bucket_key_enabled.unwrap_or(false)),
            cache_control: shown(found.cache_control),
            checksum_crc32: shown(found.checksum_crc32),
            checksum_crc32c: shown(found.checksum_crc32_c),
            checksum_crc64nvme: shown(found.checksum_crc64_nvme),
            checksum_sha1: shown(found.checksum_sha1),
            checksum_sha256: shown(found.checksum_sha256),
            content_disposition: shown(found.content_disposition),
            content_encoding: shown(found.content_encoding.map(|coding| without_chunks(&coding))),
            content_language: shown(found.content_language),
            content_type: shown(found.content_type),
            etag: shown(found.e_tag.map(|tag| tag.trim_matches('"').to_owned())),
            force_destroy: prior.force_destroy.or(Some(false)),
            id: prior.key.clone(),
            kms_key_id: key_id,
            metadata: Some(found.metadata.unwrap_or_default().into_iter().collect()),
            object_lock_legal_hold_status: shown(found.object_lock_legal_hold_status.map(|status| status.as_str().to_owned())),
            object_lock_mode: shown(found.object_lock_mode.map(|mode| mode.as_str().to_owned())),
            object_lock_retain_until_date: until,
            server_side_encryption: shown(found.server_side_encryption.map(|kind| kind.as_str().to_owned())),
            storage_class: Some(found.storage_class.map_or_else(|| "STANDARD".to_owned(), |class| class.as_str().to_owned())),
            tags,
            tags_all,
            version_id: shown(found.version_id.filter(|version| version != "null")),
            website_redirect: shown(found.website_redirect_location),
            ..prior.clone()
        };
        Ok(Some(keep::form(&prior, &read)?))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id.clone(), ..planned };
        let what = |object: &Self| {
            let texts = [
                &object.cache_control,
                &object.checksum_algorithm,
                &object.content,
                &object.content_base64,
                &object.content_disposition,
                &object.content_encoding,
                &object.content_language,
                &object.content_type,
                &object.source,
                &object.source_hash,
                &object.storage_class,
                &object.website_redirect,
            ];
            (texts.map(Clone::clone), object.metadata.clone(), object.bucket_key_enabled)
        };
        // What the plan left open was not asked for.
        let differs = |before: &Option<String>, after: &Option<String>| after.is_some() && before != after;
        let again = what(&prior) != what(&planned)
            || differs(&prior.etag, &planned.etag)
            || prior.server_side_encryption != planned.server_side_encryption
            || prior.kms_key_id != planned.kms_key_id;
        let (bucket, key) = planned.place();
        if again {
            Self::put(client, &planned).await?;
            return Self::settled(client, planned).await;
        }
        if differs(&prior.acl, &planned.acl) {
            let call = client.s3().put_object_acl().bucket(bucket).key(clean(key)).set_acl(given(&planned.acl).as_deref().map(ObjectCannedAcl::from));
            call.send().await.api("s3:PutObjectAcl")?;
        }
        if prior.object_lock_legal_hold_status != planned.object_lock_legal_hold_status {
            let status = given(&planned.object_lock_legal_hold_status).as_deref().map_or(ObjectLockLegalHoldStatus::Off, ObjectLockLegalHoldStatus::from);
            let hold = ObjectLockLegalHold::builder().status(status).build();
            client.s3().put_object_legal_hold().bucket(bucket).key(clean(key)).legal_hold(hold).send().await.api("s3:PutObjectLegalHold")?;
        }
        if prior.object_lock_mode != planned.object_lock_mode || prior.object_lock_retain_until_date != planned.object_lock_retain_until_date {
            let mode = given(&planned.object_lock_mode).as_deref().map(ObjectLockRetentionMode::from);
            let retention = ObjectLockRetention::builder().set_mode(mode).set_retain_until_date(planned.until()?).build();
            // A governed lock can be shortened or taken away by those who may pass it.
            let shorter = prior.until()?.is_some_and(|before| planned.until().ok().flatten().is_none_or(|after| after < before));
            let call = client.s3().put_object_retention().bucket(bucket).key(clean(key)).retention(retention);
            call.set_bypass_governance_retention(shorter.then_some(true)).send().await.api("s3:PutObjectRetention")?;
        }
        if prior.tags_all.as_ref() != Some(&planned.rules(client).all(&planned.tags)) {
            Self::retag(client, &prior, &planned).await?;
        }
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let (bucket, key) = prior.place();
        let key = clean(key);
        let force = prior.force_destroy == Some(true);
        if given(&prior.version_id).is_none() {
            return Self::delete_version(client, bucket, &key, None, force).await;
        }
        let (mut key_marker, mut version_marker) = (None, None);
        loop {
            let call = client.s3().list_object_versions().bucket(bucket).prefix(&key).set_key_marker(key_marker).set_version_id_marker(version_marker);
            let page = match call.send().await.api("s3:ListBucketVersions") {
                Err(error) if error.not_found() => return Ok(()),
                page => page?,
            };
            let versions = page.versions().iter().map(|version| (version.key(), version.version_id()));
            let markers = page.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
            for (_, version) in versions.chain(markers).filter(|(found, _)| *found == Some(key.as_str())) {
                Self::delete_version(client, bucket, &key, version.map(str::to_owned), force).await?;
            }
            if page.is_truncated != Some(true) {
                return Ok(());
            }
            (key_marker, version_marker) = (page.next_key_marker, page.next_version_id_marker);
        }
    }

    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let Some((bucket, key)) = id.strip_prefix("s3://").unwrap_or(id).split_once('/').filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty()) else {
            return Err(Fault::error("Invalid import id", format!("\"{id}\" should be BUCKET/KEY, or s3://BUCKET/KEY.")));
        };
        Ok(Self { id: Some(key.to_owned()), bucket: Some(bucket.to_owned()), key: Some(key.to_owned()), ..Self::default() })
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        let (bucket, key) = planned.place();
        // Somebody else's object, and one that cannot be told from it, is put again.
        match head(client, bucket, key, None, None, true).await? {
            Some(found) if planned.has_content(&found) => Self::read(client, Self { id: planned.key.clone(), ..planned }).await,
            _ => Ok(None),
        }
    }
}

/// The content encoding as the user gave it: an upload in chunks adds `aws-chunked`, which some services keep.
fn without_chunks(coding: &str) -> String {
    coding.split(',').map(str::trim).filter(|part| *part != "aws-chunked").collect::<Vec<_>>().join(",")
}

/// True for Amazon's own key for S3. Who may not ask is taken to have a key of their own.
async fn is_default_key(client: &Client, key: &str) -> bool {
    let answer = client.kms().describe_key().key_id("alias/aws/s3").send().await.api("kms:DescribeKey");
    answer.ok().and_then(|answer| answer.key_metadata).is_some_and(|default| default.arn.as_deref() == Some(key))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{CHECKSUMS, clean};
    use crate::harness::{Lifecycle, client, lab, lab_with, text};

    #[test]
    fn keys() {
        assert_eq!((clean("/a//b"), clean("./a/"), clean("a")), ("a/b".into(), "a/".into(), "a".into()));
    }

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        lab.make("aws_s3_bucket", json!({"bucket": "objects"})).await;
        let config = |more: serde_json::Value| {
            let mut config = json!({"bucket": "objects", "key": "site/index.html"});
            config.as_object_mut().expect("object").extend(more.as_object().expect("object").clone());
            config
        };
        let state = Lifecycle::new(&lab, "aws_s3_object", config(json!({"content": "one", "content_type": "text/html", "metadata": {"by": "weir"}, "tags": {"a": "b"}})))
            .update(config(json!({"content": "two", "content_type": "text/html", "cache_control": "no-cache", "tags": {"a": "b"}})))
            .update(config(json!({"content": "two", "content_type": "text/html", "cache_control": "no-cache", "tags": {"c": "d"}})))
            .update(config(json!({"content_base64": "dGhyZWU=", "storage_class": "STANDARD_IA", "server_side_encryption": "AES256"})))
            .import_id(|state| format!("{}/{}", text(state, "bucket"), text(state, "key")))
            // An import does not know what was put: it is put again.
            .import_ignores(&[&CHECKSUMS[..], &["content", "content_base64", "acl", "etag", "version_id"]].concat())
            .run()
            .await;
        assert_eq!(text(&state, "arn"), "arn:aws:s3:::objects/site/index.html");
        // The MD5 of "three".
        assert_eq!(text(&state, "etag"), "35d6d33467aae9a2e3dccb4b6b027878");
    }

    #[tokio::test]
    async fn files_and_versions() {
        let lab = lab().await;
        lab.make("aws_s3_bucket", json!({"bucket": "objects-versioned"})).await;
        lab.make("aws_s3_bucket_versioning", json!({"bucket": "objects-versioned", "versioning_configuration": [{"status": "Enabled"}]})).await;
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "from a file").expect("written");
        let config = |hash: &str| json!({"bucket": "objects-versioned", "key": "file", "source": file, "source_hash": hash});
        let first = lab.make("aws_s3_object", config("1")).await;
        std::fs::write(&file, "another").expect("written");
        let second = lab.change("aws_s3_object", &first, &config("2")).await;
        assert_ne!(text(&first, "version_id"), text(&second, "version_id"));
        let body = client().await.s3().get_object().bucket("objects-versioned").key("file").send().await.expect("object").body.collect().await.expect("body");
        assert_eq!(&body.into_bytes()[..], b"another");
        lab.delete("aws_s3_object", &second).await;
        let left = client().await.s3().list_object_versions().bucket("objects-versioned").send().await.expect("versions");
        assert!(left.versions().is_empty() && left.delete_markers().is_empty(), "{left:?}");
        let missing = json!({"bucket": "objects-versioned", "key": "file", "source": folder.path().join("none")});
        assert_eq!(lab.refused("aws_s3_object", missing).await[0].summary, "Cannot read the file");
    }

    #[tokio::test]
    async fn other_default_tags() {
        let lab = lab_with(json!({"default_tags": [{"tags": {"team": "core"}}]})).await;
        lab.make("aws_s3_bucket", json!({"bucket": "objects-tagged"})).await;
        let plain = lab.make("aws_s3_object", json!({"bucket": "objects-tagged", "key": "plain", "content": "x"})).await;
        assert_eq!(format!("{:?}", plain.get("tags_all").expect("tags")), r#"{"team": "core"}"#);
        let own = json!({"bucket": "objects-tagged", "key": "own", "content": "x", "tags": {"a": "b"}, "override_provider": [{"default_tags": [{"tags": {}}]}]});
        let own = lab.make("aws_s3_object", own).await;
        assert_eq!(format!("{:?}", own.get("tags_all").expect("tags")), r#"{"a": "b"}"#);
    }

    #[tokio::test]
    async fn refused() {
        let lab = lab().await;
        let config = json!({"bucket": "b", "key": "k", "content": "x", "source": "y", "metadata": {"Big": "1"}, "object_lock_retain_until_date": "tomorrow"});
        let summaries: Vec<String> = lab.validate("aws_s3_object", &config).into_iter().map(|fault| fault.summary).collect();
        assert_eq!(summaries, ["Conflicting arguments", "Invalid time", "Invalid metadata"]);
    }
}
