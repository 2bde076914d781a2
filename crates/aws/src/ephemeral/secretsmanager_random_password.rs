//! `ephemeral "aws_secretsmanager_random_password"`

use serde::{Deserialize, Serialize};
use weir_provider::native::EphemeralResource;
use weir_provider::{Fault, Schema};

use crate::Client;
use crate::api::Explain;

/// A password that the Secrets Manager makes up, another one each time, kept nowhere.
///
/// ```hcl
/// ephemeral "aws_secretsmanager_random_password" "database" {
///   password_length     = 40
///   exclude_punctuation = true
/// }
/// ```
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_secretsmanager_random_password")]
pub(crate) struct SecretsmanagerRandomPassword {
    /// Characters that it does not have.
    #[schema(optional)]
    exclude_characters: Option<String>,
    /// No small letters.
    #[schema(optional)]
    exclude_lowercase: Option<bool>,
    /// No digits.
    #[schema(optional)]
    exclude_numbers: Option<bool>,
    /// No punctuation.
    #[schema(optional)]
    exclude_punctuation: Option<bool>,
    /// No capital letters.
    #[schema(optional)]
    exclude_uppercase: Option<bool>,
    /// It may have spaces.
    #[schema(optional)]
    include_space: Option<bool>,
    /// Characters; 32 when unset.
    #[schema(optional)]
    password_length: Option<i64>,
    /// The password.
    #[schema(computed, sensitive)]
    random_password: Option<String>,
    /// At least one character of each kind.
    #[schema(optional)]
    require_each_included_type: Option<bool>,
}

impl EphemeralResource for SecretsmanagerRandomPassword {
    type Client = Client;

    async fn open(client: &Client, config: Self) -> Result<Self, Fault> {
        let call = client
            .secrets()
            .get_random_password()
            .set_exclude_characters(config.exclude_characters.clone().filter(|text| !text.is_empty()))
            .set_exclude_lowercase(config.exclude_lowercase)
            .set_exclude_numbers(config.exclude_numbers)
            .set_exclude_punctuation(config.exclude_punctuation)
            .set_exclude_uppercase(config.exclude_uppercase)
            .set_include_space(config.include_space)
            .set_password_length(config.password_length)
            .set_require_each_included_type(config.require_each_included_type);
        let answer = call.send().await.api("secretsmanager:GetRandomPassword")?;
        let password = answer.random_password.ok_or_else(|| Fault::error("secretsmanager:GetRandomPassword failed", "The answer holds no password."))?;
        Ok(Self { random_password: Some(password), ..config })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn as_asked_for() {
        let lab = lab().await;
        let config = json!({"password_length": 40, "exclude_punctuation": true, "exclude_uppercase": true, "exclude_characters": "abc"});
        let one = text(&lab.open("aws_secretsmanager_random_password", config.clone()).await.expect("password"), "random_password");
        let other = text(&lab.open("aws_secretsmanager_random_password", config).await.expect("password"), "random_password");
        assert!(one.len() == 40 && one.chars().all(|letter| letter.is_ascii_digit() || ('d'..='z').contains(&letter)), "{one}");
        assert_ne!(one, other);
    }
}
