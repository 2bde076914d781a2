//! The blocks of `aws_s3_bucket` that have become resource types of their own.
//!
//! They are what older configurations and the incumbent's states hold: they are kept as they are, and a configuration that sets them is told which type to use instead.

use serde::{Deserialize, Serialize};
use weir_provider::Schema;

use crate::tags::Tags;

/// Website.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Website {
    /// Error document.
    #[schema(optional)]
    error_document: Option<String>,
    /// Index document.
    #[schema(optional)]
    index_document: Option<String>,
    /// Redirect all requests to.
    #[schema(optional)]
    redirect_all_requests_to: Option<String>,
    /// Routing rules.
    #[schema(optional)]
    routing_rules: Option<String>,
}

/// Versioning.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Versioning {
    /// Enabled.
    #[schema(optional)]
    enabled: Option<bool>,
    /// MFA delete.
    #[schema(optional)]
    mfa_delete: Option<bool>,
}

/// Encryption.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Encryption {
    /// Rule.
    #[schema(block, min = 1, max = 1)]
    rule: Vec<EncryptionRule>,
}

/// Encryption rule.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct EncryptionRule {
    /// Bucket key enabled.
    #[schema(optional)]
    bucket_key_enabled: Option<bool>,
    /// Apply server side encryption by default.
    #[schema(block, min = 1, max = 1)]
    apply_server_side_encryption_by_default: Vec<EncryptionByDefault>,
}

/// Encryption by default.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct EncryptionByDefault {
    /// KMS master key id.
    #[schema(optional)]
    kms_master_key_id: Option<String>,
    /// SSE algorithm.
    #[schema(required)]
    sse_algorithm: Option<String>,
}

/// Replication.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Replication {
    /// Role.
    #[schema(required)]
    role: Option<String>,
    /// Rules.
    #[schema(block, set, min = 1)]
    rules: Vec<ReplicationRule>,
}

/// Replication rule.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ReplicationRule {
    /// Delete marker replication status.
    #[schema(optional)]
    delete_marker_replication_status: Option<String>,
    /// Id.
    #[schema(optional)]
    id: Option<String>,
    /// Prefix.
    #[schema(optional)]
    prefix: Option<String>,
    /// Priority.
    #[schema(optional)]
    priority: Option<i64>,
    /// Status.
    #[schema(required)]
    status: Option<String>,
    /// Destination.
    #[schema(block, min = 1, max = 1)]
    destination: Vec<ReplicationDestination>,
    /// Filter.
    #[schema(block, max = 1)]
    filter: Vec<ReplicationFilter>,
    /// Source selection criteria.
    #[schema(block, max = 1)]
    source_selection_criteria: Vec<ReplicationSource>,
}

/// Replication source.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ReplicationSource {
    /// SSE KMS encrypted objects.
    #[schema(block, max = 1)]
    sse_kms_encrypted_objects: Vec<ReplicationEncrypted>,
}

/// Replication encrypted.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ReplicationEncrypted {
    /// Enabled.
    #[schema(required)]
    enabled: Option<bool>,
}

/// Replication filter.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ReplicationFilter {
    /// Prefix.
    #[schema(optional)]
    prefix: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
}

/// Replication destination.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ReplicationDestination {
    /// Account id.
    #[schema(optional)]
    account_id: Option<String>,
    /// Bucket.
    #[schema(required)]
    bucket: Option<String>,
    /// Replica KMS key id.
    #[schema(optional)]
    replica_kms_key_id: Option<String>,
    /// Storage class.
    #[schema(optional)]
    storage_class: Option<String>,
    /// Access control translation.
    #[schema(block, max = 1)]
    access_control_translation: Vec<ReplicationDestinationAccessControlTranslation>,
    /// Metrics.
    #[schema(block, max = 1)]
    metrics: Vec<ReplicationDestinationMetrics>,
    /// Replication time.
    #[schema(block, max = 1)]
    replication_time: Vec<ReplicationDestinationReplicationTime>,
}

/// Replication destination replication time.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ReplicationDestinationReplicationTime {
    /// Minutes.
    #[schema(optional)]
    minutes: Option<i64>,
    /// Status.
    #[schema(optional)]
    status: Option<String>,
}

/// Replication destination metrics.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ReplicationDestinationMetrics {
    /// Minutes.
    #[schema(optional)]
    minutes: Option<i64>,
    /// Status.
    #[schema(optional)]
    status: Option<String>,
}

/// Replication destination access control translation.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ReplicationDestinationAccessControlTranslation {
    /// Owner.
    #[schema(required)]
    owner: Option<String>,
}

/// Lock.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Lock {
    /// Object lock enabled.
    #[schema(optional, deprecated = "Use the top-level parameter object_lock_enabled instead")]
    object_lock_enabled: Option<String>,
    /// Rule.
    #[schema(block, max = 1)]
    rule: Vec<LockRule>,
}

/// Lock rule.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct LockRule {
    /// Default retention.
    #[schema(block, min = 1, max = 1)]
    default_retention: Vec<LockRetention>,
}

/// Lock retention.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct LockRetention {
    /// Days.
    #[schema(optional)]
    days: Option<i64>,
    /// Mode.
    #[schema(required)]
    mode: Option<String>,
    /// Years.
    #[schema(optional)]
    years: Option<i64>,
}

/// Logging.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Logging {
    /// Target bucket.
    #[schema(required)]
    target_bucket: Option<String>,
    /// Target prefix.
    #[schema(optional)]
    target_prefix: Option<String>,
}

/// Lifecycle rule.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct LifecycleRule {
    /// Abort incomplete multipart upload days.
    #[schema(optional)]
    abort_incomplete_multipart_upload_days: Option<i64>,
    /// Enabled.
    #[schema(required)]
    enabled: Option<bool>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Prefix.
    #[schema(optional)]
    prefix: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Expiration.
    #[schema(block, max = 1)]
    expiration: Vec<LifecycleRuleExpiration>,
    /// Noncurrent version expiration.
    #[schema(block, max = 1)]
    noncurrent_version_expiration: Vec<LifecycleRuleNoncurrentVersionExpiration>,
    /// Noncurrent version transition.
    #[schema(block, set)]
    noncurrent_version_transition: Vec<LifecycleRuleNoncurrentVersionTransition>,
    /// Transition.
    #[schema(block, set)]
    transition: Vec<LifecycleRuleTransition>,
}

/// Lifecycle rule transition.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct LifecycleRuleTransition {
    /// Date.
    #[schema(optional)]
    date: Option<String>,
    /// Days.
    #[schema(optional)]
    days: Option<i64>,
    /// Storage class.
    #[schema(required)]
    storage_class: Option<String>,
}

/// Lifecycle rule noncurrent version transition.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct LifecycleRuleNoncurrentVersionTransition {
    /// Days.
    #[schema(optional)]
    days: Option<i64>,
    /// Storage class.
    #[schema(required)]
    storage_class: Option<String>,
}

/// Lifecycle rule noncurrent version expiration.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct LifecycleRuleNoncurrentVersionExpiration {
    /// Days.
    #[schema(optional)]
    days: Option<i64>,
}

/// Lifecycle rule expiration.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct LifecycleRuleExpiration {
    /// Date.
    #[schema(optional)]
    date: Option<String>,
    /// Days.
    #[schema(optional)]
    days: Option<i64>,
    /// Expired object delete marker.
    #[schema(optional)]
    expired_object_delete_marker: Option<bool>,
}

/// Grant.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Grant {
    /// Id.
    #[schema(optional)]
    id: Option<String>,
    /// Permissions.
    #[schema(required, set)]
    permissions: Option<Vec<String>>,
    /// Type.
    #[schema(required)]
    r#type: Option<String>,
    /// Uri.
    #[schema(optional)]
    uri: Option<String>,
}

/// Cors rule.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct CorsRule {
    /// Allowed headers.
    #[schema(optional)]
    allowed_headers: Option<Vec<String>>,
    /// Allowed methods.
    #[schema(required)]
    allowed_methods: Option<Vec<String>>,
    /// Allowed origins.
    #[schema(required)]
    allowed_origins: Option<Vec<String>>,
    /// Expose headers.
    #[schema(optional)]
    expose_headers: Option<Vec<String>>,
    /// Max age seconds.
    #[schema(optional)]
    max_age_seconds: Option<i64>,
}
