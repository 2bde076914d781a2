//! `data "aws_ebs_default_kms_key"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::Client;
use crate::api::Explain;
use crate::timeouts::timeouts;

/// The key that volumes of the region are encrypted with when none is named.
///
/// ```hcl
/// data "aws_ebs_default_kms_key" "current" {}
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_ebs_default_kms_key")]
pub(crate) struct EbsDefaultKmsKey {
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// ARN of the key, or of its alias.
    #[schema(computed)]
    key_arn: Option<String>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

impl DataSource for EbsDefaultKmsKey {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let answer = client.ec2().get_ebs_default_kms_key_id().send().await.api("ec2:GetEbsDefaultKmsKeyId")?;
        Ok(Self { id: Some(client.region().to_owned()), key_arn: answer.kms_key_id, ..config })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{endpoints, lab_with, text};
    use crate::mock;

    /// The emulator fails to answer: the answer is as the API reference describes it.
    #[tokio::test]
    async fn of_the_region() {
        let url = mock::serve(|call| {
            assert_eq!(call.get("Action"), "GetEbsDefaultKmsKeyId");
            "<GetEbsDefaultKmsKeyIdResponse><requestId>r</requestId><kmsKeyId>arn:aws:kms:eu-central-1:123456789012:alias/aws/ebs</kmsKeyId></GetEbsDefaultKmsKeyIdResponse>".to_owned()
        });
        let lab = lab_with(json!({"endpoints": [endpoints(&url.await)]})).await;
        let found = lab.data("aws_ebs_default_kms_key", json!({})).await.expect("key");
        assert_eq!((text(&found, "id"), text(&found, "key_arn")), ("eu-central-1".to_owned(), "arn:aws:kms:eu-central-1:123456789012:alias/aws/ebs".to_owned()));
    }
}
