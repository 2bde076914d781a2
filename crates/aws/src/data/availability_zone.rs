//! `data "aws_availability_zone"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::data::availability_zones::Filter;
use crate::timeouts::timeouts;
use crate::{Client, query};

/// An availability zone.
///
/// ```hcl
/// data "aws_availability_zone" "a" {
///   name = "eu-central-1a"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_availability_zone")]
pub(crate) struct AvailabilityZone {
    /// Look among those too that the account has not opted into.
    #[schema(optional)]
    all_availability_zones: Option<bool>,
    /// Group name.
    #[schema(computed)]
    group_name: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Name.
    #[schema(optional, computed)]
    name: Option<String>,
    /// What the name ends in after the region's.
    #[schema(computed)]
    name_suffix: Option<String>,
    /// Network border group.
    #[schema(computed)]
    network_border_group: Option<String>,
    /// Opt in status.
    #[schema(computed)]
    opt_in_status: Option<String>,
    /// Parent zone id.
    #[schema(computed)]
    parent_zone_id: Option<String>,
    /// Parent zone name.
    #[schema(computed)]
    parent_zone_name: Option<String>,
    /// Region.
    #[schema(computed)]
    region: Option<String>,
    /// State.
    #[schema(optional, computed)]
    state: Option<String>,
    /// Zone id.
    #[schema(optional, computed)]
    zone_id: Option<String>,
    /// `availability-zone`, `local-zone` or `wavelength-zone`.
    #[schema(computed)]
    zone_type: Option<String>,
    /// Filters of the API.
    #[schema(block, set)]
    filter: Vec<Filter>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

impl DataSource for AvailabilityZone {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let arguments = [("zone-name", config.name.as_ref()), ("zone-id", config.zone_id.as_ref()), ("state", config.state.as_ref())];
        let filters = query::filters(arguments, &None, &config.filter);
        let call = client.ec2().describe_availability_zones().set_all_availability_zones(config.all_availability_zones).set_filters(filters);
        let answer = call.send().await.api("ec2:DescribeAvailabilityZones")?;
        let found = query::only("availability zone", answer.availability_zones.unwrap_or_default())?;
        let name = found.zone_name.clone().unwrap_or_default();
        let region = found.region_name.clone().unwrap_or_default();
        let kind = found.zone_type.clone().unwrap_or_else(|| "availability-zone".to_owned());
        // A local zone is named after its place: eu-central-1-waw-1a.
        let suffix = name.strip_prefix(&region).unwrap_or_default().trim_start_matches('-').to_owned();
        let text = |text: Option<&str>| Some(text.unwrap_or_default().to_owned());
        Ok(Self {
            group_name: text(found.group_name()),
            id: Some(name.clone()),
            name: Some(name),
            name_suffix: Some(suffix),
            network_border_group: text(found.network_border_group()),
            opt_in_status: text(found.opt_in_status().map(|status| status.as_str())),
            parent_zone_id: text(found.parent_zone_id()),
            parent_zone_name: text(found.parent_zone_name()),
            region: Some(region),
            state: text(found.state().map(|state| state.as_str())),
            zone_id: text(found.zone_id()),
            zone_type: Some(kind),
            ..config
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn by_name() {
        let lab = lab().await;
        let found = lab.data("aws_availability_zone", json!({"name": "eu-central-1b"})).await.expect("zone");
        assert_eq!(["id", "name_suffix", "region", "zone_type"].map(|name| text(&found, name)), ["eu-central-1b", "b", "eu-central-1", "availability-zone"]);
        assert_eq!(lab.data("aws_availability_zone", json!({})).await.expect_err("three")[0].summary, "More than one availability zone");
    }
}
