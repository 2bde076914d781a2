//! `data "aws_region"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::Client;

/// The region that the provider works in, or a named one.
///
/// ```hcl
/// data "aws_region" "current" {}
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_region")]
pub(crate) struct Region {
    /// What people call it.
    #[schema(computed)]
    description: Option<String>,
    /// Its EC2 endpoint.
    #[schema(optional, computed)]
    endpoint: Option<String>,
    /// Its name again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Its name, such as `eu-central-1`.
    #[schema(optional, computed)]
    name: Option<String>,
}

/// The names that people use, by region (the AWS General Reference).
const NAMES: [(&str, &str); 34] = [
    ("af-south-1", "Africa (Cape Town)"),
    ("ap-east-1", "Asia Pacific (Hong Kong)"),
    ("ap-northeast-1", "Asia Pacific (Tokyo)"),
    ("ap-northeast-2", "Asia Pacific (Seoul)"),
    ("ap-northeast-3", "Asia Pacific (Osaka)"),
    ("ap-south-1", "Asia Pacific (Mumbai)"),
    ("ap-south-2", "Asia Pacific (Hyderabad)"),
    ("ap-southeast-1", "Asia Pacific (Singapore)"),
    ("ap-southeast-2", "Asia Pacific (Sydney)"),
    ("ap-southeast-3", "Asia Pacific (Jakarta)"),
    ("ap-southeast-4", "Asia Pacific (Melbourne)"),
    ("ap-southeast-5", "Asia Pacific (Malaysia)"),
    ("ap-southeast-7", "Asia Pacific (Thailand)"),
    ("ca-central-1", "Canada (Central)"),
    ("ca-west-1", "Canada West (Calgary)"),
    ("cn-north-1", "China (Beijing)"),
    ("cn-northwest-1", "China (Ningxia)"),
    ("eu-central-1", "Europe (Frankfurt)"),
    ("eu-central-2", "Europe (Zurich)"),
    ("eu-north-1", "Europe (Stockholm)"),
    ("eu-south-1", "Europe (Milan)"),
    ("eu-south-2", "Europe (Spain)"),
    ("eu-west-1", "Europe (Ireland)"),
    ("eu-west-2", "Europe (London)"),
    ("eu-west-3", "Europe (Paris)"),
    ("il-central-1", "Israel (Tel Aviv)"),
    ("me-central-1", "Middle East (UAE)"),
    ("me-south-1", "Middle East (Bahrain)"),
    ("mx-central-1", "Mexico (Central)"),
    ("sa-east-1", "South America (Sao Paulo)"),
    ("us-east-1", "US East (N. Virginia)"),
    ("us-east-2", "US East (Ohio)"),
    ("us-west-1", "US West (N. California)"),
    ("us-west-2", "US West (Oregon)"),
];

impl DataSource for Region {
    type Client = Client;
    const OFFLINE: bool = true;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let named = config.endpoint.as_deref().and_then(|endpoint| endpoint.strip_prefix("ec2.")?.split('.').next());
        let name = config.name.as_deref().or(named).unwrap_or(client.region()).to_owned();
        let endpoint = format!("ec2.{name}.{}", crate::partition::of_region(&name).dns_suffix);
        if config.endpoint.as_ref().is_some_and(|wanted| *wanted != endpoint) {
            return Err(Fault::error("No such region", "No region has both this name and this endpoint."));
        }
        let description = NAMES.iter().find(|(region, _)| *region == name).map_or(name.as_str(), |(_, people)| people);
        Ok(Self { description: Some(description.to_owned()), endpoint: Some(endpoint), id: Some(name.clone()), name: Some(name) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn current_and_named() {
        let lab = lab().await;
        let current = lab.data("aws_region", json!({})).await.expect("region");
        assert_eq!((text(&current, "name"), text(&current, "description")), ("eu-central-1".into(), "Europe (Frankfurt)".into()));
        let china = lab.data("aws_region", json!({"endpoint": "ec2.cn-north-1.amazonaws.com.cn"})).await.expect("region");
        assert_eq!(text(&china, "id"), "cn-north-1");
    }
}
