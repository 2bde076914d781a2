//! `data "aws_vpcs"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::data::availability_zones::Filter;
use crate::tags::Tags;
use crate::timeouts::timeouts;
use crate::{Client, query};

/// Ids of VPCs.
///
/// ```hcl
/// data "aws_vpcs" "found" {
///   tags = { Tier = "private" }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_vpcs")]
pub(crate) struct Vpcs {
    /// Region.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Ids.
    #[schema(computed)]
    ids: Option<Vec<String>>,
    /// Tags that they must have.
    #[schema(optional, computed)]
    tags: Tags,
    /// Filters of the API.
    #[schema(block, set)]
    filter: Vec<Filter>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

impl DataSource for Vpcs {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let filters = query::filters([], &config.tags, &config.filter);
        let pages = client.ec2().describe_vpcs().set_filters(filters).into_paginator().items().send();
        let found = pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeVpcs")?;
        let ids = found.into_iter().filter_map(|found| found.vpc_id).collect();
        Ok(Self { id: Some(client.region().to_owned()), ids: Some(ids), ..config })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn by_tag() {
        let lab = lab().await;
        let made = lab.make("aws_vpc", json!({"cidr_block": "10.30.0.0/16", "tags": {"Data": "vpcs"}})).await;
        let found = lab.data("aws_vpcs", json!({"tags": {"Data": "vpcs"}})).await.expect("found");
        assert_eq!(format!("{:?}", found.get("ids").expect("ids")), format!("[\"{}\"]", text(&made, "id")));
    }
}
