//! `ephemeral "aws_secretsmanager_secret_version"`

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use weir_provider::native::EphemeralResource;
use weir_provider::{Fault, Schema};

use crate::Client;
use crate::api::Explain;
use crate::resource::iam_role::time;

/// The value of a secret, kept nowhere.
///
/// ```hcl
/// ephemeral "aws_secretsmanager_secret_version" "key" {
///   secret_id = aws_secretsmanager_secret_version.key.arn
/// }
/// ```
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_secretsmanager_secret_version")]
pub(crate) struct SecretsmanagerSecretVersion {
    /// ARN of the secret.
    #[schema(computed)]
    arn: Option<String>,
    /// When the version was made.
    #[schema(computed)]
    created_date: Option<String>,
    /// Value, bytes in base64.
    #[schema(computed, sensitive)]
    secret_binary: Option<String>,
    /// ARN or name of the secret.
    #[schema(required)]
    secret_id: Option<String>,
    /// Value, text.
    #[schema(computed, sensitive)]
    secret_string: Option<String>,
    /// Id of the version.
    #[schema(optional, computed)]
    version_id: Option<String>,
    /// Stage of the version; `AWSCURRENT` when neither is set.
    #[schema(optional, computed)]
    version_stage: Option<String>,
    /// Stages of the version.
    #[schema(computed)]
    version_stages: Option<Vec<String>>,
}

impl EphemeralResource for SecretsmanagerSecretVersion {
    type Client = Client;

    async fn open(client: &Client, config: Self) -> Result<Self, Fault> {
        let call = client.secrets().get_secret_value().set_secret_id(config.secret_id.clone());
        let call = call.set_version_id(config.version_id.clone()).set_version_stage(config.version_stage.clone());
        let answer = call.send().await.api("secretsmanager:GetSecretValue")?;
        Ok(Self {
            created_date: answer.created_date.as_ref().and_then(time),
            secret_binary: answer.secret_binary.map(|bytes| STANDARD.encode(bytes)),
            version_id: answer.version_id,
            version_stages: answer.version_stages,
            secret_string: answer.secret_string,
            arn: answer.arn,
            secret_id: config.secret_id,
            version_stage: config.version_stage,
        })
    }
}
