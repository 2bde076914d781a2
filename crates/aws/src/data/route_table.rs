//! `data "aws_route_table"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::data::availability_zones::Filter;
use crate::resource::route::Spec;
use crate::tags::Tags;
use crate::timeouts::timeouts;
use crate::{Client, query};

/// A route table.
///
/// ```hcl
/// data "aws_route_table" "of_subnet" {
///   subnet_id = aws_subnet.a.id
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_route_table")]
pub(crate) struct RouteTable {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// An association.
    #[schema(computed)]
    associations: Option<Vec<ShownAssociation>>,
    /// Gateway.
    #[schema(optional, computed)]
    gateway_id: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Account that owns it.
    #[schema(computed)]
    owner_id: Option<String>,
    /// Route table id.
    #[schema(optional, computed)]
    route_table_id: Option<String>,
    /// A route.
    #[schema(computed)]
    routes: Option<Vec<ShownRoute>>,
    /// Subnet.
    #[schema(optional, computed)]
    subnet_id: Option<String>,
    /// Tags.
    #[schema(optional, computed)]
    tags: Tags,
    /// VPC.
    #[schema(optional, computed)]
    vpc_id: Option<String>,
    /// Filters of the API.
    #[schema(block, set)]
    filter: Vec<Filter>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

/// A route.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ShownRoute {
    /// Carrier gateway id.
    #[schema(optional)]
    carrier_gateway_id: String,
    /// CIDR block.
    #[schema(optional)]
    cidr_block: String,
    /// Core network ARN.
    #[schema(optional)]
    core_network_arn: String,
    /// Destination prefix list id.
    #[schema(optional)]
    destination_prefix_list_id: String,
    /// Egress only gateway id.
    #[schema(optional)]
    egress_only_gateway_id: String,
    /// Gateway.
    #[schema(optional)]
    gateway_id: String,
    /// Instance id.
    #[schema(optional)]
    instance_id: String,
    /// IPv6 CIDR block.
    #[schema(optional)]
    ipv6_cidr_block: String,
    /// Local gateway id.
    #[schema(optional)]
    local_gateway_id: String,
    /// Nat gateway id.
    #[schema(optional)]
    nat_gateway_id: String,
    /// Network interface id.
    #[schema(optional)]
    network_interface_id: String,
    /// Transit gateway id.
    #[schema(optional)]
    transit_gateway_id: String,
    /// VPC endpoint id.
    #[schema(optional)]
    vpc_endpoint_id: String,
    /// VPC peering connection id.
    #[schema(optional)]
    vpc_peering_connection_id: String,
}

/// An association.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ShownAssociation {
    /// Gateway.
    #[schema(optional)]
    gateway_id: String,
    /// It is the VPC's main one.
    #[schema(optional)]
    main: bool,
    /// Route table association id.
    #[schema(optional)]
    route_table_association_id: String,
    /// Route table id.
    #[schema(optional)]
    route_table_id: String,
    /// Subnet.
    #[schema(optional)]
    subnet_id: String,
}

impl DataSource for RouteTable {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let arguments = [
            ("route-table-id", config.route_table_id.as_ref()),
            ("vpc-id", config.vpc_id.as_ref()),
            ("association.subnet-id", config.subnet_id.as_ref()),
            ("association.gateway-id", config.gateway_id.as_ref()),
        ];
        let filters = query::filters(arguments, &config.tags, &config.filter);
        let pages = client.ec2().describe_route_tables().set_filters(filters).into_paginator().items().send();
        let found = query::only("route table", pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeRouteTables")?)?;
        let owner = found.owner_id.clone().unwrap_or_default();
        let id = found.route_table_id.clone().unwrap_or_default();
        // Routes of the VPC itself and of gateway endpoints are not shown, as nobody writes them.
        let written = found.routes().iter().filter(|route| {
            let own = route.gateway_id() == Some("local") || route.origin.as_ref().is_some_and(|origin| origin.as_str() == "EnableVgwRoutePropagation");
            !(own || route.destination_prefix_list_id().is_some() && route.gateway_id().is_some_and(|id| id.starts_with("vpce-")))
        });
        let routes = written.map(|route| {
            let spec = Spec::of(route);
            ShownRoute {
                carrier_gateway_id: spec.carrier_gateway.unwrap_or_default(),
                cidr_block: spec.cidr.unwrap_or_default(),
                core_network_arn: spec.core_network.unwrap_or_default(),
                destination_prefix_list_id: spec.prefix_list.unwrap_or_default(),
                egress_only_gateway_id: spec.egress_only_gateway.unwrap_or_default(),
                gateway_id: spec.gateway.unwrap_or_default(),
                instance_id: route.instance_id.clone().unwrap_or_default(),
                ipv6_cidr_block: spec.ipv6.unwrap_or_default(),
                local_gateway_id: spec.local_gateway.unwrap_or_default(),
                nat_gateway_id: spec.nat_gateway.unwrap_or_default(),
                network_interface_id: spec.interface.unwrap_or_default(),
                transit_gateway_id: spec.transit_gateway.unwrap_or_default(),
                vpc_endpoint_id: spec.endpoint.unwrap_or_default(),
                vpc_peering_connection_id: spec.peering.unwrap_or_default(),
            }
        });
        let associations = found.associations().iter().map(|one| ShownAssociation {
            gateway_id: one.gateway_id.clone().unwrap_or_default(),
            main: one.main.unwrap_or(false),
            route_table_association_id: one.route_table_association_id.clone().unwrap_or_default(),
            route_table_id: one.route_table_id.clone().unwrap_or_default(),
            subnet_id: one.subnet_id.clone().unwrap_or_default(),
        });
        Ok(Self {
            arn: Some(client.arn("ec2", &owner, &format!("route-table/{id}"))),
            associations: Some(associations.collect()),
            id: Some(id.clone()),
            owner_id: Some(owner),
            route_table_id: Some(id),
            routes: Some(routes.collect()),
            tags: query::tags(client, found.tags()),
            vpc_id: found.vpc_id,
            ..config
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn by_subnet() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.110.0.0/16"})).await, "id");
        let gateway = text(&lab.make("aws_internet_gateway", json!({"vpc_id": vpc})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.110.1.0/24"})).await, "id");
        let table = lab.make("aws_route_table", json!({"vpc_id": vpc, "tags": {"Name": "t"}, "route": [{"cidr_block": "0.0.0.0/0", "gateway_id": gateway}]})).await;
        lab.make("aws_route_table_association", json!({"subnet_id": subnet, "route_table_id": text(&table, "id")})).await;
        let found = lab.data("aws_route_table", json!({"subnet_id": subnet})).await.expect("table");
        assert_eq!((text(&found, "id"), text(&found, "arn")), (text(&table, "id"), text(&table, "arn")));
        let lengths = ["routes", "associations"].map(|name| found.get(name).expect("list").length());
        assert_eq!(lengths, [Some(1), Some(1)]);
        let faults = lab.data("aws_route_table", json!({"vpc_id": vpc})).await.expect_err("two");
        assert_eq!(faults[0].summary, "More than one route table");
    }
}
