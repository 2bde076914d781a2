//! `data "aws_availability_zones"`

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::Client;
use crate::api::Explain;
use crate::marker::filter;
use crate::timeouts::timeouts;

/// The availability zones of the region.
///
/// ```hcl
/// data "aws_availability_zones" "available" {
///   state = "available"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_availability_zones")]
pub(crate) struct AvailabilityZones {
    /// Also those that the account has not opted into.
    #[schema(optional)]
    all_availability_zones: Option<bool>,
    /// Names to leave out.
    #[schema(optional, set)]
    exclude_names: Option<Vec<String>>,
    /// Ids to leave out.
    #[schema(optional, set)]
    exclude_zone_ids: Option<Vec<String>>,
    /// Names of the groups.
    #[schema(computed, set)]
    group_names: Option<Vec<String>>,
    /// Region.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Names, in order.
    #[schema(computed)]
    names: Option<Vec<String>>,
    /// Only zones in that state.
    #[schema(optional)]
    state: Option<String>,
    /// Ids, in the order of the names.
    #[schema(computed)]
    zone_ids: Option<Vec<String>>,
    /// Filters of the API.
    #[schema(block, set)]
    filter: Vec<Filter>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

/// A filter of the API.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Filter {
    /// Name of the filter.
    #[schema(required)]
    pub(crate) name: String,
    /// Values, any of which fits.
    #[schema(required, set)]
    pub(crate) values: Vec<String>,
}

/// The blocks as the API takes them.
pub(crate) fn filters(blocks: &[Filter]) -> Vec<aws_sdk_ec2::types::Filter> {
    blocks.iter().map(|block| filter(&block.name, block.values.clone())).collect()
}

impl DataSource for AvailabilityZones {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let mut wanted = filters(&config.filter);
        if let Some(state) = &config.state {
            wanted.push(filter("state", [state]));
        }
        let answer = client
            .ec2()
            .describe_availability_zones()
            .set_all_availability_zones(config.all_availability_zones)
            .set_filters((!wanted.is_empty()).then_some(wanted))
            .send()
            .await
            .api("ec2:DescribeAvailabilityZones")?;
        let excluded = |list: &Option<Vec<String>>, item: Option<&str>| list.iter().flatten().any(|excluded| Some(excluded.as_str()) == item);
        let mut zones = answer.availability_zones.unwrap_or_default();
        zones.retain(|zone| !excluded(&config.exclude_names, zone.zone_name()) && !excluded(&config.exclude_zone_ids, zone.zone_id()));
        zones.sort_by(|a, b| a.zone_name().cmp(&b.zone_name()));
        let groups: BTreeSet<String> = zones.iter().filter_map(|zone| zone.group_name.clone()).collect();
        Ok(Self {
            group_names: Some(groups.into_iter().collect()),
            id: Some(client.region().to_owned()),
            names: Some(zones.iter().map(|zone| zone.zone_name().unwrap_or_default().to_owned()).collect()),
            zone_ids: Some(zones.iter().map(|zone| zone.zone_id().unwrap_or_default().to_owned()).collect()),
            ..config
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::lab;

    #[tokio::test]
    async fn zones() {
        let lab = lab().await;
        let all = lab.data("aws_availability_zones", json!({"state": "available"})).await.expect("zones");
        assert_eq!(format!("{:?}", all.get("names").expect("names")), r#"["eu-central-1a", "eu-central-1b", "eu-central-1c"]"#);
        let some = lab.data("aws_availability_zones", json!({"exclude_names": ["eu-central-1b"]})).await.expect("zones");
        assert_eq!(some.get("zone_ids").expect("ids").length(), Some(2));
        let one = lab.data("aws_availability_zones", json!({"filter": [{"name": "zone-name", "values": ["eu-central-1c"]}]})).await.expect("zones");
        assert_eq!(format!("{:?}", one.get("names").expect("names")), r#"["eu-central-1c"]"#);
    }
}
