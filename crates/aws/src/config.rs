//! The provider block.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_provider::Schema;

use crate::endpoint::Endpoints;

/// The AWS provider: account, region, and how requests are made.
#[derive(Clone, Debug, Default, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws")]
pub(crate) struct Config {
    /// Access key id; the usual credential sources are better.
    #[schema(optional)]
    pub(crate) access_key: Option<String>,
    /// Accounts that may be worked on; any other is refused.
    #[schema(optional, set)]
    pub(crate) allowed_account_ids: Vec<String>,
    /// A PEM file of certificate authorities to trust instead of the system's.
    #[schema(optional)]
    pub(crate) custom_ca_bundle: Option<String>,
    /// Address of the instance metadata service.
    #[schema(optional)]
    pub(crate) ec2_metadata_service_endpoint: Option<String>,
    /// `IPv4` or `IPv6`.
    #[schema(optional)]
    pub(crate) ec2_metadata_service_endpoint_mode: Option<String>,
    /// Accounts that must not be worked on.
    #[schema(optional, set)]
    pub(crate) forbidden_account_ids: Vec<String>,
    /// Proxy for HTTP, and for HTTPS unless `https_proxy` is set; also from the environment.
    #[schema(optional)]
    pub(crate) http_proxy: Option<String>,
    /// Proxy for HTTPS.
    #[schema(optional)]
    pub(crate) https_proxy: Option<String>,
    /// Refused: certificates are always verified.
    #[schema(optional)]
    pub(crate) insecure: Option<bool>,
    /// How often a request is retried.
    #[schema(optional)]
    pub(crate) max_retries: Option<i64>,
    /// Hosts that are reached without a proxy.
    #[schema(optional)]
    pub(crate) no_proxy: Option<String>,
    /// Profile in the shared configuration files.
    #[schema(optional)]
    pub(crate) profile: Option<String>,
    /// Region.
    #[schema(optional)]
    pub(crate) region: Option<String>,
    /// `standard` or `adaptive` (the default).
    #[schema(optional)]
    pub(crate) retry_mode: Option<String>,
    /// Without effect: the regional endpoint is always used.
    #[schema(optional)]
    pub(crate) s3_us_east_1_regional_endpoint: Option<String>,
    /// Bucket names in the path instead of the host name; always so with a custom endpoint.
    #[schema(optional)]
    pub(crate) s3_use_path_style: Option<bool>,
    /// Secret access key.
    #[schema(optional)]
    pub(crate) secret_key: Option<String>,
    /// Shared configuration files instead of `~/.aws/config`.
    #[schema(optional)]
    pub(crate) shared_config_files: Vec<String>,
    /// Shared credentials files instead of `~/.aws/credentials`.
    #[schema(optional)]
    pub(crate) shared_credentials_files: Vec<String>,
    /// Do not check the credentials when connecting.
    #[schema(optional)]
    pub(crate) skip_credentials_validation: Option<bool>,
    /// `true`: do not ask the instance metadata service.
    #[schema(optional)]
    pub(crate) skip_metadata_api_check: Option<String>,
    /// Do not check the region's name.
    #[schema(optional)]
    pub(crate) skip_region_validation: Option<bool>,
    /// Do not ask for the account id.
    #[schema(optional)]
    pub(crate) skip_requesting_account_id: Option<bool>,
    /// Region of the security token service.
    #[schema(optional)]
    pub(crate) sts_region: Option<String>,
    /// Session token.
    #[schema(optional)]
    pub(crate) token: Option<String>,
    /// Without effect: the rate limiter adapts by itself.
    #[schema(optional)]
    pub(crate) token_bucket_rate_limiter_capacity: Option<i64>,
    /// Dual-stack endpoints.
    #[schema(optional)]
    pub(crate) use_dualstack_endpoint: Option<bool>,
    /// FIPS endpoints.
    #[schema(optional)]
    pub(crate) use_fips_endpoint: Option<bool>,
    /// Roles to assume, one after the other.
    #[schema(block)]
    pub(crate) assume_role: Vec<AssumeRole>,
    /// A role to assume with a token of an identity provider.
    #[schema(block)]
    pub(crate) assume_role_with_web_identity: Vec<AssumeRoleWithWebIdentity>,
    /// Tags of everything that can have tags.
    #[schema(block)]
    pub(crate) default_tags: Vec<DefaultTags>,
    /// Custom addresses of services.
    #[schema(block, set)]
    pub(crate) endpoints: Vec<Endpoints>,
    /// Tags that others set and that are left alone.
    #[schema(block)]
    pub(crate) ignore_tags: Vec<IgnoreTags>,
}

/// A role to assume.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct AssumeRole {
    /// How long the session is valid, as `1h30m`.
    #[schema(optional)]
    pub(crate) duration: Option<String>,
    /// External id that the role asks for.
    #[schema(optional)]
    pub(crate) external_id: Option<String>,
    /// A policy that restricts the session.
    #[schema(optional)]
    pub(crate) policy: Option<String>,
    /// Managed policies that restrict the session.
    #[schema(optional, set)]
    pub(crate) policy_arns: Vec<String>,
    /// The role.
    #[schema(optional)]
    pub(crate) role_arn: Option<String>,
    /// Name of the session.
    #[schema(optional)]
    pub(crate) session_name: Option<String>,
    /// Source identity of the session.
    #[schema(optional)]
    pub(crate) source_identity: Option<String>,
    /// Session tags.
    #[schema(optional)]
    pub(crate) tags: BTreeMap<String, String>,
    /// Session tags that are passed on to further roles.
    #[schema(optional, set)]
    pub(crate) transitive_tag_keys: Vec<String>,
}

/// A role to assume with a token.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct AssumeRoleWithWebIdentity {
    /// How long the session is valid, as `1h30m`.
    #[schema(optional)]
    pub(crate) duration: Option<String>,
    /// A policy that restricts the session.
    #[schema(optional)]
    pub(crate) policy: Option<String>,
    /// Managed policies that restrict the session.
    #[schema(optional, set)]
    pub(crate) policy_arns: Vec<String>,
    /// The role.
    #[schema(optional)]
    pub(crate) role_arn: Option<String>,
    /// Name of the session.
    #[schema(optional)]
    pub(crate) session_name: Option<String>,
    /// The token.
    #[schema(optional)]
    pub(crate) web_identity_token: Option<String>,
    /// A file with the token, read whenever the session is renewed.
    #[schema(optional)]
    pub(crate) web_identity_token_file: Option<String>,
}

/// See [`Config::default_tags`].
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct DefaultTags {
    /// The tags.
    #[schema(optional)]
    pub(crate) tags: BTreeMap<String, String>,
}

/// See [`Config::ignore_tags`].
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct IgnoreTags {
    /// Beginnings of keys.
    #[schema(optional, set)]
    pub(crate) key_prefixes: Vec<String>,
    /// Whole keys.
    #[schema(optional, set)]
    pub(crate) keys: Vec<String>,
}
