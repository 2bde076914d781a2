//! `data "aws_nat_gateway"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::data::availability_zones::Filter;
use crate::tags::Tags;
use crate::timeouts::timeouts;
use crate::{Client, query};

/// A NAT gateway.
///
/// ```hcl
/// data "aws_nat_gateway" "a" {
///   subnet_id = data.aws_subnet.public.id
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_nat_gateway")]
pub(crate) struct NatGateway {
    /// Allocation id.
    #[schema(computed)]
    allocation_id: Option<String>,
    /// Association id.
    #[schema(computed)]
    association_id: Option<String>,
    /// `public` or `private`.
    #[schema(computed)]
    connectivity_type: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Network interface id.
    #[schema(computed)]
    network_interface_id: Option<String>,
    /// Private IP.
    #[schema(computed)]
    private_ip: Option<String>,
    /// Public IP.
    #[schema(computed)]
    public_ip: Option<String>,
    /// Secondary allocation ids.
    #[schema(computed)]
    secondary_allocation_ids: Option<Vec<String>>,
    /// Secondary private IP address count.
    #[schema(computed)]
    secondary_private_ip_address_count: Option<i64>,
    /// Secondary private IP addresses.
    #[schema(computed)]
    secondary_private_ip_addresses: Option<Vec<String>>,
    /// State.
    #[schema(optional, computed)]
    state: Option<String>,
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

impl DataSource for NatGateway {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let arguments =
            [("nat-gateway-id", config.id.as_ref()), ("state", config.state.as_ref()), ("subnet-id", config.subnet_id.as_ref()), ("vpc-id", config.vpc_id.as_ref())];
        let filters = query::filters(arguments, &config.tags, &config.filter);
        let pages = client.ec2().describe_nat_gateways().set_filter(filters).into_paginator().items().send();
        let found = query::only("NAT gateway", pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeNatGateways")?)?;
        let all = found.nat_gateway_addresses();
        let private = found.connectivity_type().is_some_and(|kind| kind.as_str() == "private");
        let first = all.iter().find(|one| one.is_primary == Some(true)).or(all.first());
        let others: Vec<_> = all.iter().filter(|one| one.is_primary == Some(false)).collect();
        let ips: Vec<String> = others.iter().filter_map(|one| one.private_ip.clone()).collect();
        Ok(Self {
            allocation_id: first.and_then(|one| one.allocation_id.clone()),
            association_id: first.and_then(|one| one.association_id.clone()),
            connectivity_type: Some(if private { "private" } else { "public" }.to_owned()),
            id: found.nat_gateway_id.clone(),
            network_interface_id: first.and_then(|one| one.network_interface_id.clone()),
            private_ip: first.and_then(|one| one.private_ip.clone()),
            public_ip: first.and_then(|one| one.public_ip.clone()),
            secondary_allocation_ids: Some(others.iter().filter_map(|one| one.allocation_id.clone()).collect()),
            secondary_private_ip_address_count: Some(ips.len() as i64),
            secondary_private_ip_addresses: Some(ips),
            state: found.state().map(|state| state.as_str().to_owned()),
            subnet_id: found.subnet_id.clone(),
            tags: query::tags(client, found.tags()),
            vpc_id: found.vpc_id.clone(),
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
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.112.0.0/16"})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.112.1.0/24"})).await, "id");
        let eip = text(&lab.make("aws_eip", json!({"domain": "vpc"})).await, "id");
        let made = lab.make("aws_nat_gateway", json!({"subnet_id": subnet, "allocation_id": eip, "tags": {"Name": "nat"}})).await;
        let found = lab.data("aws_nat_gateway", json!({"subnet_id": subnet})).await.expect("gateway");
        assert_eq!((text(&found, "id"), text(&found, "allocation_id"), text(&found, "public_ip")), (text(&made, "id"), eip, text(&made, "public_ip")));
    }
}
