//! `data "aws_route_tables"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::data::availability_zones::Filter;
use crate::tags::Tags;
use crate::timeouts::timeouts;
use crate::{Client, query};

/// Ids of route tables.
///
/// ```hcl
/// data "aws_route_tables" "found" {
///   tags = { Tier = "private" }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_route_tables")]
pub(crate) struct RouteTables {
    /// Region.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Ids.
    #[schema(computed)]
    ids: Option<Vec<String>>,
    /// Tags that they must have.
    #[schema(optional, computed)]
    tags: Tags,
    /// VPC that they are in.
    #[schema(optional)]
    vpc_id: Option<String>,
    /// Filters of the API.
    #[schema(block, set)]
    filter: Vec<Filter>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

impl DataSource for RouteTables {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let filters = query::filters([("vpc-id", config.vpc_id.as_ref())], &config.tags, &config.filter);
        let pages = client.ec2().describe_route_tables().set_filters(filters).into_paginator().items().send();
        let found = pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeRouteTables")?;
        let ids = found.into_iter().filter_map(|found| found.route_table_id).collect();
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
        let vpc = lab.make("aws_vpc", json!({"cidr_block": "10.32.0.0/16"})).await;
        let made = lab.make("aws_route_table", json!({"vpc_id": text(&vpc, "id"), "tags": {"Data": "route_tables"}})).await;
        let found = lab.data("aws_route_tables", json!({"tags": {"Data": "route_tables"}, "vpc_id": text(&vpc, "id")})).await.expect("found");
        assert_eq!(format!("{:?}", found.get("ids").expect("ids")), format!("[\"{}\"]", text(&made, "id")));
    }
}
