//! `data "aws_ssm_parameter"`

use aws_sdk_ssm::types::ParameterType;
use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::Client;
use crate::api::Explain;

/// A value in the Parameter Store; also one of Amazon's, such as the newest image of a system.
///
/// ```hcl
/// data "aws_ssm_parameter" "image" {
///   name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
/// }
/// ```
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_ssm_parameter")]
pub(crate) struct SsmParameter {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// The name again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Value that plans may show; not of a `SecureString`.
    #[schema(computed)]
    insecure_value: Option<String>,
    /// Name, a path.
    #[schema(required)]
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
    #[schema(optional)]
    with_decryption: Option<bool>,
}

impl DataSource for SsmParameter {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let call = client.ssm().get_parameter().set_name(config.name.clone()).with_decryption(config.with_decryption.unwrap_or(true));
        let answer = call.send().await.api("ssm:GetParameter")?;
        let parameter = answer.parameter.ok_or_else(|| Fault::error("ssm:GetParameter failed", "The answer holds no parameter."))?;
        let open = parameter.r#type != Some(ParameterType::SecureString);
        Ok(Self {
            arn: parameter.arn,
            id: config.name.clone(),
            insecure_value: parameter.value.clone().filter(|_| open),
            name: config.name,
            r#type: parameter.r#type.map(|kind| kind.as_str().to_owned()),
            value: parameter.value,
            version: Some(parameter.version),
            with_decryption: config.with_decryption,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn open_and_secure() {
        let lab = lab().await;
        for (name, kind, insecure) in [("/data/open", "String", "one"), ("/data/secure", "SecureString", "")] {
            lab.make("aws_ssm_parameter", json!({"name": name, "type": kind, "value": "one"})).await;
            let found = lab.data("aws_ssm_parameter", json!({"name": name})).await.expect("parameter");
            assert_eq!((text(&found, "value"), text(&found, "insecure_value")), ("one".into(), insecure.into()));
        }
    }
}
