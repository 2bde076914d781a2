//! Credentials of assumed roles.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_sts::types::{PolicyDescriptorType, Tag};
use weir_provider::Fault;

use crate::api::causes;
use crate::config::{AssumeRole, AssumeRoleWithWebIdentity};
use crate::duration;

/// The incumbents' name of a session that has none.
const SESSION: &str = "weir";

/// How a role is assumed; asked again whenever the session has expired.
#[derive(Debug)]
enum Assume {
    Role(AssumeRole),
    WebIdentity(AssumeRoleWithWebIdentity),
}

#[derive(Debug)]
struct Role {
    sts: aws_sdk_sts::Client,
    assume: Assume,
    lifetime: Option<i32>,
}

/// Credentials of `role`, asked for with the credentials that `sdk` has.
pub(crate) fn role(sdk: &SdkConfig, role: AssumeRole) -> Result<SharedCredentialsProvider, Fault> {
    let lifetime = seconds(role.duration.as_deref())?;
    Ok(SharedCredentialsProvider::new(Role { sts: aws_sdk_sts::Client::new(sdk), assume: Assume::Role(role), lifetime }))
}

/// Credentials of a role, asked for with a token.
pub(crate) fn web_identity(sdk: &SdkConfig, role: AssumeRoleWithWebIdentity) -> Result<SharedCredentialsProvider, Fault> {
    let lifetime = seconds(role.duration.as_deref())?;
    Ok(SharedCredentialsProvider::new(Role { sts: aws_sdk_sts::Client::new(sdk), assume: Assume::WebIdentity(role), lifetime }))
}

fn seconds(text: Option<&str>) -> Result<Option<i32>, Fault> {
    let duration = text.map(duration::parse).transpose()?;
    Ok(duration.map(|duration: Duration| i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)))
}

fn policies(arns: &[String]) -> Option<Vec<PolicyDescriptorType>> {
    (!arns.is_empty()).then(|| arns.iter().map(|arn| PolicyDescriptorType::builder().arn(arn).build()).collect())
}

impl Role {
    async fn credentials(&self) -> Result<Credentials, CredentialsError> {
        let answer = match &self.assume {
            Assume::Role(role) => {
                let mut tags = Vec::new();
                for (key, value) in &role.tags {
                    tags.push(Tag::builder().key(key).value(value).build().map_err(CredentialsError::invalid_configuration)?);
                }
                let answer = self
                    .sts
                    .assume_role()
                    .set_role_arn(role.role_arn.clone())
                    .role_session_name(role.session_name.as_deref().unwrap_or(SESSION))
                    .set_duration_seconds(self.lifetime)
                    .set_external_id(role.external_id.clone())
                    .set_policy(role.policy.clone())
                    .set_policy_arns(policies(&role.policy_arns))
                    .set_source_identity(role.source_identity.clone())
                    .set_tags((!tags.is_empty()).then_some(tags))
                    .set_transitive_tag_keys((!role.transitive_tag_keys.is_empty()).then(|| role.transitive_tag_keys.clone()))
                    .send()
                    .await;
                answer.map(|answer| answer.credentials).map_err(|error| causes(&error))
            }
            Assume::WebIdentity(role) => {
                let token = match (&role.web_identity_token, &role.web_identity_token_file) {
                    (Some(token), _) => token.clone(),
                    (None, Some(file)) => tokio::fs::read_to_string(file).await.map_err(CredentialsError::provider_error)?.trim().to_owned(),
                    (None, None) => {
                        return Err(CredentialsError::invalid_configuration("neither web_identity_token nor web_identity_token_file is set"));
                    }
                };
                let answer = self
                    .sts
                    .assume_role_with_web_identity()
                    .set_role_arn(role.role_arn.clone())
                    .role_session_name(role.session_name.as_deref().unwrap_or(SESSION))
                    .set_duration_seconds(self.lifetime)
                    .set_policy(role.policy.clone())
                    .set_policy_arns(policies(&role.policy_arns))
                    .web_identity_token(token)
                    .send()
                    .await;
                answer.map(|answer| answer.credentials).map_err(|error| causes(&error))
            }
        };
        let found = answer.map_err(CredentialsError::provider_error)?;
        let found = found.ok_or_else(|| CredentialsError::unhandled("the answer holds no credentials"))?;
        let expiration = std::time::SystemTime::try_from(found.expiration).map_err(CredentialsError::unhandled)?;
        Ok(Credentials::new(found.access_key_id, found.secret_access_key, Some(found.session_token), Some(expiration), "AssumeRole"))
    }
}

impl ProvideCredentials for Role {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}
