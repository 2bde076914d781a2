//! `data "aws_s3_object"`

use std::collections::BTreeMap;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::{Explain, causes};
use crate::resource::iam_role::time;
use crate::resource::s3_object::{clean, head, tags_of};
use crate::tags::Tags;
use crate::{Client, view};

/// An object in a bucket, and its content where that is a text.
///
/// ```hcl
/// data "aws_s3_object" "settings" {
///   bucket = "example-settings"
///   key    = "settings.json"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_s3_object")]
pub(crate) struct S3Object {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// The content, when `content_type` is one of texts.
    #[schema(computed)]
    body: Option<String>,
    /// Bucket.
    #[schema(required)]
    bucket: Option<String>,
    /// One key of the bucket is used for many objects.
    #[schema(computed)]
    bucket_key_enabled: Option<bool>,
    /// The header of that name.
    #[schema(computed)]
    cache_control: Option<String>,
    /// Checksum in base64.
    #[schema(computed)]
    checksum_crc32: Option<String>,
    /// Checksum in base64.
    #[schema(computed)]
    checksum_crc32c: Option<String>,
    /// Checksum in base64.
    #[schema(computed)]
    checksum_crc64nvme: Option<String>,
    /// `ENABLED` shows the checksums.
    #[schema(optional)]
    checksum_mode: Option<String>,
    /// Checksum in base64.
    #[schema(computed)]
    checksum_sha1: Option<String>,
    /// Checksum in base64.
    #[schema(computed)]
    checksum_sha256: Option<String>,
    /// The header of that name.
    #[schema(computed)]
    content_disposition: Option<String>,
    /// The header of that name.
    #[schema(computed)]
    content_encoding: Option<String>,
    /// The header of that name.
    #[schema(computed)]
    content_language: Option<String>,
    /// Size in bytes.
    #[schema(computed)]
    content_length: Option<i64>,
    /// The header of that name.
    #[schema(computed)]
    content_type: Option<String>,
    /// The entity tag.
    #[schema(computed)]
    etag: Option<String>,
    /// When a rule of the bucket deletes it.
    #[schema(computed)]
    expiration: Option<String>,
    /// Until when caches may keep it.
    #[schema(computed)]
    expires: Option<String>,
    /// Bucket and key.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Key.
    #[schema(required)]
    key: Option<String>,
    /// When it was last put (RFC 1123).
    #[schema(computed)]
    last_modified: Option<String>,
    /// Metadata.
    #[schema(computed)]
    metadata: Option<BTreeMap<String, String>>,
    /// `ON` or `OFF`.
    #[schema(computed)]
    object_lock_legal_hold_status: Option<String>,
    /// `GOVERNANCE` or `COMPLIANCE`.
    #[schema(computed)]
    object_lock_mode: Option<String>,
    /// When the lock ends.
    #[schema(computed)]
    object_lock_retain_until_date: Option<String>,
    /// Part of the object to read, as `bytes=0-99`.
    #[schema(optional)]
    range: Option<String>,
    /// How it is encrypted.
    #[schema(computed)]
    server_side_encryption: Option<String>,
    /// ARN of the KMS key that encrypts it.
    #[schema(computed)]
    sse_kms_key_id: Option<String>,
    /// Such as `STANDARD`.
    #[schema(computed)]
    storage_class: Option<String>,
    /// Tags.
    #[schema(optional, computed)]
    tags: Tags,
    /// Version; the newest when unset.
    #[schema(optional, computed)]
    version_id: Option<String>,
    /// Where a website sends those who ask for the object.
    #[schema(computed)]
    website_redirect_location: Option<String>,
}

/// Content types of texts beside `text/…`.
const TEXTS: [&str; 11] = [
    "application/atom+xml",
    "application/json",
    "application/ld+json",
    "application/x-csh",
    "application/x-httpd-php",
    "application/x-sh",
    "application/x-sql",
    "application/x-yaml",
    "application/xhtml+xml",
    "application/xml",
    "application/yaml",
];

fn is_text(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim().to_lowercase();
    kind.starts_with("text/") || TEXTS.contains(&kind.as_str())
}

/// `Tue, 24 Nov 2026 12:00:00 UTC`
fn rfc1123(time: &DateTime) -> Option<String> {
    DateTime::from_secs(time.secs()).fmt(Format::HttpDate).ok().map(|text| text.replace("GMT", "UTC"))
}

impl DataSource for S3Object {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let (bucket, key) = (config.bucket.clone().unwrap_or_default(), config.key.clone().unwrap_or_default());
        let version = config.version_id.clone().filter(|version| !version.is_empty());
        let range = config.range.clone().filter(|range| !range.is_empty());
        let summed = config.checksum_mode.as_deref() == Some("ENABLED");
        let found = head(client, &bucket, &key, version.as_ref(), range.as_ref(), summed).await?.ok_or_else(|| view::none("object"))?;
        let body = async {
            if !found.content_type().is_some_and(is_text) {
                return Ok(String::new());
            }
            let call = client.s3().get_object().bucket(&bucket).key(clean(&key)).set_version_id(found.version_id.clone()).set_range(range.clone());
            let answer = call.send().await.api("s3:GetObject")?;
            let bytes = answer.body.collect().await.map_err(|error| Fault::error("s3:GetObject failed", causes(&error)))?;
            Ok::<_, Fault>(String::from_utf8_lossy(&bytes.into_bytes()).into_owned())
        };
        let (body, listed) = tokio::try_join!(body, tags_of(client, &bucket, &key, version.as_ref()))?;
        let (_, tags) = client.tag_rules().read(listed, &None);
        let shown = |text: Option<String>| Some(text.unwrap_or_default());
        let shown_version = found.version_id.clone().filter(|version| version != "null");
        let place = format!("{bucket}/{}", clean(&key));
        Ok(Self {
            arn: Some(format!("arn:{}:s3:::{place}", client.partition())),
            body: Some(body),
            bucket_key_enabled: Some(found.bucket_key_enabled.unwrap_or(false)),
            cache_control: shown(found.cache_control),
            checksum_crc32: shown(found.checksum_crc32),
            checksum_crc32c: shown(found.checksum_crc32_c),
            checksum_crc64nvme: shown(found.checksum_crc64_nvme),
            checksum_sha1: shown(found.checksum_sha1),
            checksum_sha256: shown(found.checksum_sha256),
            content_disposition: shown(found.content_disposition),
            content_encoding: shown(found.content_encoding),
            content_language: shown(found.content_language),
            content_length: Some(found.content_length.unwrap_or(0)),
            content_type: shown(found.content_type),
            etag: shown(found.e_tag.map(|tag| tag.trim_matches('"').to_owned())),
            expiration: shown(found.expiration),
            expires: shown(found.expires_string),
            id: Some(version.map_or_else(|| place.clone(), |version| format!("{place}@{version}"))),
            last_modified: shown(found.last_modified.as_ref().and_then(rfc1123)),
            metadata: Some(found.metadata.unwrap_or_default().into_iter().collect()),
            object_lock_legal_hold_status: shown(found.object_lock_legal_hold_status.map(|status| status.as_str().to_owned())),
            object_lock_mode: shown(found.object_lock_mode.map(|mode| mode.as_str().to_owned())),
            object_lock_retain_until_date: shown(found.object_lock_retain_until_date.as_ref().and_then(time)),
            server_side_encryption: shown(found.server_side_encryption.map(|kind| kind.as_str().to_owned())),
            sse_kms_key_id: shown(found.ssekms_key_id),
            // The API says nothing for the usual one.
            storage_class: Some(found.storage_class.map_or_else(|| "STANDARD".to_owned(), |class| class.as_str().to_owned())),
            tags,
            version_id: shown(shown_version),
            website_redirect_location: shown(found.website_redirect_location),
            ..config
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use weir_value::Value;

    use super::{is_text, rfc1123};
    use crate::harness::{lab, text};

    #[test]
    fn forms() {
        assert!(is_text("text/plain; charset=utf-8") && is_text("application/JSON") && !is_text("application/octet-stream"));
        assert_eq!(rfc1123(&aws_smithy_types::DateTime::from_secs(1_136_214_245)).as_deref(), Some("Mon, 02 Jan 2006 15:04:05 UTC"));
    }

    #[tokio::test]
    async fn texts_and_bytes() {
        let lab = lab().await;
        lab.make("aws_s3_bucket", json!({"bucket": "data-objects"})).await;
        let config = json!({"bucket": "data-objects", "key": "a/text", "content": "one", "content_type": "text/plain", "metadata": {"by": "weir"}, "tags": {"a": "b"}});
        let made = lab.make("aws_s3_object", config).await;
        let found = lab.data("aws_s3_object", json!({"bucket": "data-objects", "key": "/a//text"})).await.expect("object");
        assert_eq!((text(&found, "body"), text(&found, "id")), ("one".into(), "data-objects/a/text".into()));
        for same in ["arn", "etag", "content_type", "metadata", "storage_class", "tags"] {
            assert_eq!(found.get(same), made.get(same), "{same}");
        }
        assert_eq!(found.get("content_length"), Some(Value::from(3)));
        lab.make("aws_s3_object", json!({"bucket": "data-objects", "key": "bytes", "content": "two"})).await;
        let found = lab.data("aws_s3_object", json!({"bucket": "data-objects", "key": "bytes"})).await.expect("object");
        assert_eq!((text(&found, "body"), text(&found, "content_type")), (String::new(), "application/octet-stream".into()));
        let faults = lab.data("aws_s3_object", json!({"bucket": "data-objects", "key": "none"})).await.expect_err("missing");
        assert_eq!(faults[0].summary, "No such object");
    }
}
