//! `data "aws_elb_service_account"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};
use weir_value::Path;

use crate::Client;

/// The account from which load balancers of a region write their access logs.
///
/// ```hcl
/// data "aws_elb_service_account" "current" {}
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_elb_service_account")]
pub(crate) struct ElbServiceAccount {
    /// ARN of the account.
    #[schema(computed)]
    arn: Option<String>,
    /// Number of the account.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Region; the provider's when unset.
    #[schema(optional)]
    region: Option<String>,
}

/// Accounts by region (the User Guide for Application Load Balancers, on access logs). Newer regions have a service principal instead.
const ACCOUNTS: [(&str, &str); 26] = [
    ("af-south-1", "098369216593"),
    ("ap-east-1", "754344448648"),
    ("ap-northeast-1", "582318560864"),
    ("ap-northeast-2", "600734575887"),
    ("ap-northeast-3", "383597477331"),
    ("ap-south-1", "718504428378"),
    ("ap-southeast-1", "114774131450"),
    ("ap-southeast-2", "783225319266"),
    ("ap-southeast-3", "589379963580"),
    ("ca-central-1", "985666609251"),
    ("cn-north-1", "638102146993"),
    ("cn-northwest-1", "037604701340"),
    ("eu-central-1", "054676820928"),
    ("eu-north-1", "897822967062"),
    ("eu-south-1", "635631232127"),
    ("eu-west-1", "156460612806"),
    ("eu-west-2", "652711504416"),
    ("eu-west-3", "009996457667"),
    ("me-south-1", "076674570225"),
    ("sa-east-1", "507241528517"),
    ("us-east-1", "127311923021"),
    ("us-east-2", "033677994240"),
    ("us-gov-east-1", "190560391635"),
    ("us-gov-west-1", "048591011584"),
    ("us-west-1", "027434742980"),
    ("us-west-2", "797873946194"),
];

impl DataSource for ElbServiceAccount {
    type Client = Client;
    const OFFLINE: bool = true;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let region = config.region.as_deref().unwrap_or(client.region());
        let Some((_, account)) = ACCOUNTS.iter().find(|(name, _)| *name == region) else {
            let detail = format!(
                "Load balancers of {region} have no account: let the principal of the bucket's policy be the service logdelivery.elasticloadbalancing.amazonaws.com."
            );
            return Err(Fault::attribute(Path::attr("region"), "No account for the logs of load balancers", detail));
        };
        Ok(Self { arn: Some(format!("arn:{}:iam::{account}:root", client.partition())), id: Some((*account).to_owned()), region: config.region })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn own_other_and_new_region() {
        let lab = lab().await;
        let found = lab.data("aws_elb_service_account", json!({})).await.expect("account");
        assert_eq!((text(&found, "id"), text(&found, "arn")), ("054676820928".into(), "arn:aws:iam::054676820928:root".into()));
        let found = lab.data("aws_elb_service_account", json!({"region": "us-east-1"})).await.expect("account");
        assert_eq!(text(&found, "id"), "127311923021");
        let faults = lab.data("aws_elb_service_account", json!({"region": "eu-central-2"})).await.expect_err("none");
        assert!(faults[0].detail.contains("logdelivery.elasticloadbalancing"), "{faults:?}");
    }
}
