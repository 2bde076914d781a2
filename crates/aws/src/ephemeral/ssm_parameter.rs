//! `ephemeral "aws_ssm_parameter"`

use serde::{Deserialize, Serialize};
use weir_provider::native::EphemeralResource;
use weir_provider::{Fault, Schema};

use crate::Client;
use crate::api::Explain;

/// The value of a parameter, kept nowhere.
///
/// ```hcl
/// ephemeral "aws_ssm_parameter" "password" {
///   arn = aws_ssm_parameter.password.arn
/// }
/// ```
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_ssm_parameter")]
pub(crate) struct SsmParameter {
    /// ARN of the parameter.
    #[schema(required)]
    arn: Option<String>,
    /// Name.
    #[schema(computed)]
    name: Option<String>,
    /// `String`, `StringList` or `SecureString`.
    #[schema(computed)]
    r#type: Option<String>,
    /// Value.
    #[schema(computed, sensitive)]
    value: Option<String>,
    /// Number of the version.
    #[schema(computed)]
    version: Option<i64>,
    /// Decrypts a `SecureString`; true when unset.
    #[schema(optional, computed)]
    with_decryption: Option<bool>,
}

impl EphemeralResource for SsmParameter {
    type Client = Client;

    async fn open(client: &Client, config: Self) -> Result<Self, Fault> {
        let decrypt = config.with_decryption.unwrap_or(true);
        let call = client.ssm().get_parameter().set_name(config.arn.clone()).with_decryption(decrypt);
        let answer = call.send().await.api("ssm:GetParameter")?;
        let parameter = answer.parameter.ok_or_else(|| Fault::not_found("The answer holds no parameter."))?;
        Ok(Self {
            arn: parameter.arn.or(config.arn),
            name: parameter.name,
            r#type: parameter.r#type.map(|kind| kind.as_str().to_owned()),
            value: parameter.value,
            version: Some(parameter.version),
            with_decryption: Some(decrypt),
        })
    }
}
