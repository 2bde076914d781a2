//! `data "aws_regions"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::Client;
use crate::api::Explain;
use crate::data::availability_zones::{Filter, filters};

/// The names of regions.
///
/// ```hcl
/// data "aws_regions" "all" {
///   all_regions = true
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_regions")]
pub(crate) struct Regions {
    /// Those too that the account has not opted into.
    #[schema(optional)]
    all_regions: Option<bool>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Their names.
    #[schema(computed, set)]
    names: Option<Vec<String>>,
    /// Filters of the API.
    #[schema(block, set)]
    filter: Vec<Filter>,
}

impl DataSource for Regions {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let wanted = filters(&config.filter);
        let call = client.ec2().describe_regions().set_all_regions(config.all_regions).set_filters((!wanted.is_empty()).then_some(wanted));
        let found = call.send().await.api("ec2:DescribeRegions")?.regions.unwrap_or_default();
        let names = found.into_iter().filter_map(|region| region.region_name).collect();
        Ok(Self { id: Some(client.partition().to_owned()), names: Some(names), ..config })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn all() {
        let lab = lab().await;
        let found = lab.data("aws_regions", json!({})).await.expect("regions");
        assert_eq!(text(&found, "id"), "aws");
        assert!(format!("{:?}", found.get("names").expect("names")).contains("\"eu-central-1\""));
    }
}
