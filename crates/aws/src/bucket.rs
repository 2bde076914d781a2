//! A bucket in which states are kept: objects by their keys, and nothing more. What a state is, nobody knows here.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ObjectCannedAcl, ServerSideEncryption};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use weir_provider::{Fault, SessionRequest};
use weir_value::Value;

use crate::Client;
use crate::api::Explain;

use crate::config::{AssumeRole, Config};
use crate::endpoint::Endpoints;

/// Where a bucket is, who asks, and how objects are put there.
#[derive(Clone, Debug, Default)]
pub struct BucketSettings {
    /// Its name.
    pub bucket: String,
    /// Its region; from the environment or the profile when it is not said.
    pub region: Option<String>,
    /// Profile in the shared configuration files.
    pub profile: Option<String>,
    /// Access key id.
    pub access_key: Option<String>,
    /// Secret access key.
    pub secret_key: Option<String>,
    /// Session token.
    pub token: Option<String>,
    /// Shared configuration files instead of the usual one.
    pub shared_config_files: Vec<String>,
    /// Shared credentials files instead of the usual one.
    pub shared_credentials_files: Vec<String>,
    /// Another address of S3.
    pub endpoint: Option<String>,
    /// Another address of the security token service.
    pub sts_endpoint: Option<String>,
    /// The name of the bucket in the path instead of the host name.
    pub path_style: Option<bool>,
    /// A role to assume.
    pub role_arn: Option<String>,
    /// Its external id.
    pub external_id: Option<String>,
    /// The name of its session.
    pub session_name: Option<String>,
    /// Encrypt objects: with the bucket's default when no key is named.
    pub encrypt: bool,
    /// The KMS key for that.
    pub kms_key_id: Option<String>,
    /// A canned ACL for objects.
    pub acl: Option<String>,
    /// How often a request is retried.
    pub max_retries: Option<i64>,
}

/// A bucket that can be read and written.
pub struct StateBucket {
    client: Client,
    settings: BucketSettings,
}

impl StateBucket {
    /// Finds the credentials.
    ///
    /// # Errors
    /// There are none, or no region.
    pub async fn connect(settings: BucketSettings) -> Result<Self, Vec<Fault>> {
        let role = settings.role_arn.clone().map(|role_arn| AssumeRole {
            role_arn: Some(role_arn),
            external_id: settings.external_id.clone(),
            session_name: settings.session_name.clone(),
            ..AssumeRole::default()
        });
        let addresses = [("s3", &settings.endpoint), ("sts", &settings.sts_endpoint)];
        let endpoints = Endpoints(addresses.into_iter().filter_map(|(name, url)| Some((name.to_owned(), url.clone()?))).collect());
        let config = Config {
            access_key: settings.access_key.clone(),
            secret_key: settings.secret_key.clone(),
            token: settings.token.clone(),
            region: settings.region.clone(),
            profile: settings.profile.clone(),
            shared_config_files: settings.shared_config_files.clone(),
            shared_credentials_files: settings.shared_credentials_files.clone(),
            s3_use_path_style: settings.path_style,
            max_retries: settings.max_retries,
            assume_role: role.into_iter().collect(),
            endpoints: vec![endpoints],
            ..Config::default()
        };
        let request = SessionRequest { config: Value::null(), parallelism: 1, root: ".".into(), offline: false };
        Ok(Self { client: Client::connect(config, &request).await?, settings })
    }

    /// The content of an object; `None` when there is none.
    ///
    /// # Errors
    /// The API refuses or cannot be reached, or there is no such bucket.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        let answer = match self.client.s3().get_object().bucket(&self.settings.bucket).key(key).send().await {
            Err(error) if error.code() == Some("NoSuchKey") => return Ok(None),
            answer => answer.api("s3:GetObject")?,
        };
        let bytes = answer.body.collect().await.map_err(|error| Fault::error("The object cannot be read", format!("{key} in {}: {error}.", self.settings.bucket)))?;
        Ok(Some(bytes.to_vec()))
    }

    /// Puts an object; with `new` only if there is none: false then says that there is.
    ///
    /// # Errors
    /// The API refuses or cannot be reached.
    pub async fn put(&self, key: &str, content: Vec<u8>, new: bool) -> Result<bool, Fault> {
        let settings = &self.settings;
        let mut call = self.client.s3().put_object().bucket(&settings.bucket).key(key).content_type("application/json").body(ByteStream::from(content));
        if new {
            call = call.if_none_match("*");
        }
        if settings.encrypt {
            call = match &settings.kms_key_id {
                Some(id) => call.server_side_encryption(ServerSideEncryption::AwsKms).ssekms_key_id(id),
                None => call.server_side_encryption(ServerSideEncryption::Aes256),
            };
        }
        if let Some(acl) = &settings.acl {
            call = call.acl(ObjectCannedAcl::from(acl.as_str()));
        }
        match call.send().await {
            Err(error) if new && matches!(error.code(), Some("PreconditionFailed" | "ConditionalRequestConflict")) => Ok(false),
            answer => answer.api("s3:PutObject").map(|_| true).map_err(Fault::from),
        }
    }

    /// Removes an object; one that is not there is no matter.
    ///
    /// # Errors
    /// The API refuses or cannot be reached.
    pub async fn delete(&self, key: &str) -> Result<(), Fault> {
        self.client.s3().delete_object().bucket(&self.settings.bucket).key(key).send().await.api("s3:DeleteObject")?;
        Ok(())
    }

    /// The keys that begin with a prefix.
    ///
    /// # Errors
    /// The API refuses or cannot be reached.
    pub async fn list(&self, prefix: &str) -> Result<Vec<String>, Fault> {
        let (mut keys, mut next) = (Vec::new(), None);
        loop {
            let call = self.client.s3().list_objects_v2().bucket(&self.settings.bucket).prefix(prefix).set_continuation_token(next.take());
            let answer = call.send().await.api("s3:ListObjectsV2")?;
            keys.extend(answer.contents().iter().filter_map(|object| object.key().map(str::to_owned)));
            match answer.next_continuation_token {
                Some(token) if answer.is_truncated == Some(true) => next = Some(token),
                _ => return Ok(keys),
            }
        }
    }
}
