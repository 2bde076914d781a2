//! `data "aws_subnets"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::data::availability_zones::Filter;
use crate::tags::Tags;
use crate::timeouts::timeouts;
use crate::{Client, query};

/// Ids of subnets.
///
/// ```hcl
/// data "aws_subnets" "found" {
///   tags = { Tier = "private" }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_subnets")]
pub(crate) struct Subnets {
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

impl DataSource for Subnets {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let filters = query::filters([], &config.tags, &config.filter);
        let pages = client.ec2().describe_subnets().set_filters(filters).into_paginator().items().send();
        let found = pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeSubnets")?;
        let ids = found.into_iter().filter_map(|found| found.subnet_id).collect();
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
        let vpc = lab.make("aws_vpc", json!({"cidr_block": "10.31.0.0/16"})).await;
        let made = lab.make("aws_subnet", json!({"vpc_id": text(&vpc, "id"), "cidr_block": "10.31.1.0/24", "tags": {"Data": "subnets"}})).await;
        let found = lab.data("aws_subnets", json!({"tags": {"Data": "subnets"}})).await.expect("found");
        assert_eq!(format!("{:?}", found.get("ids").expect("ids")), format!("[\"{}\"]", text(&made, "id")));
    }
}
