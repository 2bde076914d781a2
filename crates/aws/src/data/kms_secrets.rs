//! `data "aws_kms_secrets"`

use std::collections::BTreeMap;

use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::EncryptionAlgorithmSpec;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};
use weir_value::Path;

use crate::Client;
use crate::api::Explain;

/// Texts that a key of KMS decrypts.
///
/// They stand in the state; the ephemeral resource of the same name keeps them nowhere.
///
/// ```hcl
/// data "aws_kms_secrets" "database" {
///   secret {
///     name    = "password"
///     payload = filebase64("password.encrypted")
///   }
/// }
/// ```
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_kms_secrets")]
pub(crate) struct KmsSecrets {
    /// The region.
    #[schema(optional, computed)]
    id: Option<String>,
    /// What was decrypted, by name.
    #[schema(computed, sensitive)]
    plaintext: Option<BTreeMap<String, String>>,
    /// What to decrypt.
    #[schema(block, set, min = 1)]
    secret: Vec<Secret>,
}

/// Something encrypted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Secret {
    /// The context that it was encrypted with.
    #[schema(optional)]
    context: Option<BTreeMap<String, String>>,
    /// For keys with two halves, such as `RSAES_OAEP_SHA_256`.
    #[schema(optional)]
    encryption_algorithm: Option<String>,
    /// Tokens of grants that are new.
    #[schema(optional)]
    grant_tokens: Option<Vec<String>>,
    /// The key, for those with two halves.
    #[schema(optional)]
    key_id: Option<String>,
    /// Name in `plaintext`.
    #[schema(required)]
    name: Option<String>,
    /// What was encrypted, in base64.
    #[schema(required)]
    payload: Option<String>,
}

impl Secret {
    async fn decrypt(&self, client: &Client) -> Result<(String, String), Fault> {
        let name = self.name.clone().unwrap_or_default();
        let wrong = |what: &str, detail: String| Fault::attribute(Path::attr("secret"), what.to_owned(), format!("Secret \"{name}\": {detail}"));
        let payload: String = self.payload.as_deref().unwrap_or_default().split_whitespace().collect();
        let bytes = STANDARD
            .decode(payload)
            .map_err(|error| wrong("Invalid base64", format!("the payload is no base64 ({error}). Write it with filebase64(), or as the CLI of AWS gives it.")))?;
        let call = client
            .kms()
            .decrypt()
            .ciphertext_blob(Blob::new(bytes))
            .set_encryption_context(self.context.clone().map(|context| context.into_iter().collect()))
            .set_encryption_algorithm(self.encryption_algorithm.as_deref().filter(|name| !name.is_empty()).map(EncryptionAlgorithmSpec::from))
            .set_grant_tokens(self.grant_tokens.clone().filter(|tokens| !tokens.is_empty()))
            .set_key_id(self.key_id.clone().filter(|id| !id.is_empty()));
        let plain = call.send().await.api("kms:Decrypt")?.plaintext.map(Blob::into_inner).unwrap_or_default();
        let text = String::from_utf8(plain).map_err(|_| wrong("Secret is no text", "what was decrypted is not UTF-8.".to_owned()))?;
        Ok((name, text))
    }
}

/// All of them, by name.
pub(crate) async fn decrypted(client: &Client, secrets: &[Secret]) -> Result<BTreeMap<String, String>, Fault> {
    Ok(futures::future::try_join_all(secrets.iter().map(|secret| secret.decrypt(client))).await?.into_iter().collect())
}

impl DataSource for KmsSecrets {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let plaintext = decrypted(client, &config.secret).await?;
        Ok(Self { id: Some(client.region().to_owned()), plaintext: Some(plaintext), ..config })
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_kms::primitives::Blob;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use crate::harness::{client, lab, text};

    #[tokio::test]
    async fn decrypted() {
        let (lab, client) = (lab().await, client().await);
        let key = lab.make("aws_kms_key", json!({})).await;
        let encrypt = async |plain: &[u8]| {
            let call = client.kms().encrypt().key_id(text(&key, "id")).encryption_context("for", "tests").plaintext(Blob::new(plain));
            STANDARD.encode(call.send().await.expect("encrypted").ciphertext_blob.expect("bytes").into_inner())
        };
        let secret = |name: &str, payload: &str| json!({"name": name, "payload": payload, "context": {"for": "tests"}});
        let config = json!({"secret": [secret("a", &encrypt(b"one").await), secret("b", &encrypt(b"two").await)]});
        for found in [lab.data("aws_kms_secrets", config.clone()).await.expect("data"), lab.open("aws_kms_secrets", config).await.expect("ephemeral")] {
            assert_eq!(format!("{:?}", found.get("plaintext").expect("plaintext")), r#"{"a": "one", "b": "two"}"#);
        }
        for (payload, summary) in [(encrypt(&[0xFF]).await, "Secret is no text"), ("?".to_owned(), "Invalid base64")] {
            let faults = lab.data("aws_kms_secrets", json!({"secret": [secret("c", &payload)]})).await.err().expect("no text");
            assert_eq!(faults[0].summary, summary);
        }
    }
}
