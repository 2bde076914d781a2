//! `data "aws_ec2_instance_type_offerings"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::Client;
use crate::api::Explain;
use crate::data::availability_zones::{Filter, filters};
use crate::timeouts::timeouts;

/// Which types of instances are offered where.
///
/// ```hcl
/// data "aws_ec2_instance_type_offerings" "zones" {
///   location_type = "availability-zone"
///
///   filter {
///     name   = "instance-type"
///     values = ["t4g.small"]
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_ec2_instance_type_offerings")]
pub(crate) struct Ec2InstanceTypeOfferings {
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// The types.
    #[schema(computed)]
    instance_types: Option<Vec<String>>,
    /// `region`, `availability-zone` or `availability-zone-id`.
    #[schema(optional)]
    location_type: Option<String>,
    /// The kind of each place.
    #[schema(computed)]
    location_types: Option<Vec<String>>,
    /// The place of each type.
    #[schema(computed)]
    locations: Option<Vec<String>>,
    /// Filters of the API.
    #[schema(block, set)]
    filter: Vec<Filter>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

impl DataSource for Ec2InstanceTypeOfferings {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let kinds = ["region", "availability-zone", "availability-zone-id", "outpost"];
        match config.get("location_type").and_then(|kind| kind.as_str().map(str::to_owned)) {
            Some(kind) if !kinds.contains(&kind.as_str()) => {
                vec![Fault::attribute(Path::attr("location_type"), "Invalid kind of place", format!("It is one of {}.", kinds.join(", ")))]
            }
            _ => Vec::new(),
        }
    }

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let wanted = filters(&config.filter);
        let call = client
            .ec2()
            .describe_instance_type_offerings()
            .set_location_type(config.location_type.as_deref().filter(|kind| !kind.is_empty()).map(Into::into))
            .set_filters((!wanted.is_empty()).then_some(wanted));
        let found = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeInstanceTypeOfferings")?;
        // Three lists whose places belong together.
        Ok(Self {
            id: Some(client.region().to_owned()),
            instance_types: Some(found.iter().map(|one| one.instance_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default()).collect()),
            location_types: Some(found.iter().map(|one| one.location_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default()).collect()),
            locations: Some(found.iter().map(|one| one.location.clone().unwrap_or_default()).collect()),
            ..config
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::lab;

    #[tokio::test]
    async fn zones_of_a_type() {
        let lab = lab().await;
        let query = json!({"location_type": "availability-zone", "filter": [{"name": "instance-type", "values": ["t3.micro"]}]});
        let found = lab.data("aws_ec2_instance_type_offerings", query).await.expect("offerings");
        let lengths = ["instance_types", "location_types", "locations"].map(|name| found.get(name).expect("list").length());
        assert!(lengths[0] > Some(0) && lengths.iter().all(|length| *length == lengths[0]), "{lengths:?}");
    }
}
