//! `data "aws_secretsmanager_secret_version"`

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::Client;
use crate::api::Explain;
use crate::resource::iam_role::time;

/// The value of a secret, which the state then holds; the ephemeral resource of the same name keeps it out.
///
/// ```hcl
/// data "aws_secretsmanager_secret_version" "token" {
///   secret_id = "vault/token"
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
    /// `SECRET|VERSION`.
    #[schema(optional, computed)]
    id: Option<String>,
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
    #[schema(optional)]
    version_stage: Option<String>,
    /// Stages of the version.
    #[schema(computed, set)]
    version_stages: Option<Vec<String>>,
}

impl DataSource for SecretsmanagerSecretVersion {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let stage = config.version_stage.clone().or_else(|| config.version_id.is_none().then(|| "AWSCURRENT".to_owned()));
        let call = client.secrets().get_secret_value().set_secret_id(config.secret_id.clone()).set_version_id(config.version_id).set_version_stage(stage.clone());
        let answer = call.send().await.api("secretsmanager:GetSecretValue")?;
        let version = answer.version_id.unwrap_or_default();
        Ok(Self {
            created_date: answer.created_date.as_ref().and_then(time),
            id: Some(format!("{}|{}", config.secret_id.as_deref().unwrap_or_default(), stage.as_deref().unwrap_or(&version))),
            secret_binary: Some(answer.secret_binary.map(|bytes| STANDARD.encode(bytes)).unwrap_or_default()),
            secret_string: Some(answer.secret_string.unwrap_or_default()),
            version_id: Some(version),
            version_stage: stage,
            version_stages: answer.version_stages,
            arn: answer.arn,
            secret_id: config.secret_id,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn current() {
        let lab = lab().await;
        let secret = lab.make("aws_secretsmanager_secret", json!({"name": "data/version"})).await;
        let version = lab.make("aws_secretsmanager_secret_version", json!({"secret_id": text(&secret, "id"), "secret_string": "one"})).await;
        let found = lab.data("aws_secretsmanager_secret_version", json!({"secret_id": "data/version"})).await.expect("version");
        assert_eq!((text(&found, "secret_string"), text(&found, "version_id")), ("one".into(), text(&version, "version_id")));
    }
}
