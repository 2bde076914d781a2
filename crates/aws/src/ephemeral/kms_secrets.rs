//! `ephemeral "aws_kms_secrets"`

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_provider::native::EphemeralResource;
use weir_provider::{Fault, Schema};

use crate::Client;
use crate::data::kms_secrets::{Secret, decrypted};

/// Texts that a key of KMS decrypts, kept nowhere.
///
/// ```hcl
/// ephemeral "aws_kms_secrets" "database" {
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
    /// What was decrypted, by name.
    #[schema(computed, sensitive)]
    plaintext: Option<BTreeMap<String, String>>,
    /// What to decrypt.
    #[schema(block, set)]
    secret: Vec<Secret>,
}

impl EphemeralResource for KmsSecrets {
    type Client = Client;

    async fn open(client: &Client, config: Self) -> Result<Self, Fault> {
        Ok(Self { plaintext: Some(decrypted(client, &config.secret).await?), ..config })
    }
}
