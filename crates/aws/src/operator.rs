//! What an operator does by hand, outside of any plan: a secret is put into Secrets Manager, and read from there.
//!
//! Account and region come from the SDK's own chain; the region of an ARN goes before it.

use weir_provider::{Fault, SessionRequest};
use weir_value::Value;

use crate::Client;
use crate::api::Explain;
use crate::config::Config;

/// A secret's place in Secrets Manager.
pub struct SecretPlace {
    client: Client,
    id: String,
}

impl SecretPlace {
    /// Connects; `id` is the name or ARN of a secret.
    ///
    /// # Errors
    /// There are no credentials.
    pub async fn connect(id: &str) -> Result<Self, Vec<Fault>> {
        let config = Config { region: region_of(id).map(str::to_owned), ..Config::default() };
        let request = SessionRequest { config: Value::null(), parallelism: 1, root: ".".into(), offline: false };
        Ok(Self { client: Client::connect(config, &request).await?, id: id.to_owned() })
    }

    /// Makes sure that the secret exists and can be seen.
    ///
    /// # Errors
    /// There is none, or the caller may not see it.
    pub async fn check(&self) -> Result<(), Fault> {
        self.client.secrets().describe_secret().secret_id(&self.id).send().await.api("secretsmanager:DescribeSecret")?;
        Ok(())
    }

    /// Makes `text` the secret's current version.
    ///
    /// # Errors
    /// The API refuses or cannot be reached.
    pub async fn put(&self, text: &str) -> Result<(), Fault> {
        self.client.secrets().put_secret_value().secret_id(&self.id).secret_string(text).send().await.api("secretsmanager:PutSecretValue")?;
        Ok(())
    }

    /// The current version.
    ///
    /// # Errors
    /// The API refuses or cannot be reached, or there is no text in it.
    pub async fn get(&self) -> Result<String, Fault> {
        let answer = self.client.secrets().get_secret_value().secret_id(&self.id).send().await.api("secretsmanager:GetSecretValue")?;
        answer.secret_string.ok_or_else(|| Fault::error("No text in the secret", format!("{} holds bytes, or nothing.", self.id)))
    }
}

/// `arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME`
fn region_of(id: &str) -> Option<&str> {
    id.strip_prefix("arn:")?.split(':').nth(2).filter(|region| !region.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_names_its_region() {
        assert_eq!(region_of("arn:aws:secretsmanager:eu-west-1:123456789012:secret:x-AbCdEf"), Some("eu-west-1"));
        assert_eq!(region_of("vault/root-token"), None);
    }
}
