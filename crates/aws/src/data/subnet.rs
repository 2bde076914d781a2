//! `data "aws_subnet"`

use aws_sdk_ec2::types::SubnetCidrBlockStateCode;
use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::data::availability_zones::Filter;
use crate::tags::Tags;
use crate::timeouts::timeouts;
use crate::{Client, query};

/// A subnet.
///
/// ```hcl
/// data "aws_subnet" "a" {
///   vpc_id            = data.aws_vpc.main.id
///   availability_zone = "eu-central-1a"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_subnet")]
pub(crate) struct Subnet {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// New interfaces get an IPv6 address.
    #[schema(computed)]
    assign_ipv6_address_on_creation: Option<bool>,
    /// Availability zone.
    #[schema(optional, computed)]
    availability_zone: Option<String>,
    /// Id of the availability zone.
    #[schema(optional, computed)]
    availability_zone_id: Option<String>,
    /// Addresses that are free.
    #[schema(computed)]
    available_ip_address_count: Option<i64>,
    /// IPv4 range.
    #[schema(optional, computed)]
    cidr_block: Option<String>,
    /// Pool of addresses on an Outpost.
    #[schema(computed)]
    customer_owned_ipv4_pool: Option<String>,
    /// The default subnet of its zone.
    #[schema(optional, computed)]
    default_for_az: Option<bool>,
    /// DNS answers hold IPv6 addresses for names that have IPv4 ones only.
    #[schema(computed)]
    enable_dns64: Option<bool>,
    /// Position of local network interfaces.
    #[schema(computed)]
    enable_lni_at_device_index: Option<i64>,
    /// Names of instances have A records.
    #[schema(computed)]
    enable_resource_name_dns_a_record_on_launch: Option<bool>,
    /// Names of instances have AAAA records.
    #[schema(computed)]
    enable_resource_name_dns_aaaa_record_on_launch: Option<bool>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// IPv6 range.
    #[schema(optional, computed)]
    ipv6_cidr_block: Option<String>,
    /// Association of the IPv6 range.
    #[schema(computed)]
    ipv6_cidr_block_association_id: Option<String>,
    /// IPv6 only.
    #[schema(computed)]
    ipv6_native: Option<bool>,
    /// New interfaces get an address of the Outpost's pool.
    #[schema(computed)]
    map_customer_owned_ip_on_launch: Option<bool>,
    /// New interfaces get a public IPv4 address.
    #[schema(computed)]
    map_public_ip_on_launch: Option<bool>,
    /// Outpost.
    #[schema(computed)]
    outpost_arn: Option<String>,
    /// Owner.
    #[schema(computed)]
    owner_id: Option<String>,
    /// `ip-name` or `resource-name`.
    #[schema(computed)]
    private_dns_hostname_type_on_launch: Option<String>,
    /// State.
    #[schema(optional, computed)]
    state: Option<String>,
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

impl DataSource for Subnet {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let default = config.default_for_az.map(|default| default.to_string());
        let arguments = [
            ("subnet-id", config.id.as_ref()),
            ("availability-zone", config.availability_zone.as_ref()),
            ("availability-zone-id", config.availability_zone_id.as_ref()),
            ("cidr-block", config.cidr_block.as_ref()),
            ("default-for-az", default.as_ref()),
            ("ipv6-cidr-block-association.ipv6-cidr-block", config.ipv6_cidr_block.as_ref()),
            ("state", config.state.as_ref()),
            ("vpc-id", config.vpc_id.as_ref()),
        ];
        let filters = query::filters(arguments, &config.tags, &config.filter);
        let pages = client.ec2().describe_subnets().set_filters(filters).into_paginator().items().send();
        let found = query::only("subnet", pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeSubnets")?)?;
        let ipv6 = found
            .ipv6_cidr_block_association_set()
            .iter()
            .find(|set| set.ipv6_cidr_block_state().and_then(|state| state.state()) == Some(&SubnetCidrBlockStateCode::Associated));
        let names = found.private_dns_name_options_on_launch();
        Ok(Self {
            arn: found.subnet_arn.clone(),
            assign_ipv6_address_on_creation: Some(found.assign_ipv6_address_on_creation.unwrap_or(false)),
            availability_zone: found.availability_zone.clone(),
            availability_zone_id: found.availability_zone_id.clone(),
            available_ip_address_count: found.available_ip_address_count.map(i64::from),
            cidr_block: found.cidr_block.clone(),
            customer_owned_ipv4_pool: found.customer_owned_ipv4_pool.clone(),
            default_for_az: Some(found.default_for_az.unwrap_or(false)),
            enable_dns64: Some(found.enable_dns64.unwrap_or(false)),
            enable_lni_at_device_index: found.enable_lni_at_device_index.map(i64::from),
            enable_resource_name_dns_a_record_on_launch: Some(names.and_then(|names| names.enable_resource_name_dns_a_record).unwrap_or(false)),
            enable_resource_name_dns_aaaa_record_on_launch: Some(names.and_then(|names| names.enable_resource_name_dns_aaaa_record).unwrap_or(false)),
            ipv6_cidr_block: ipv6.and_then(|set| set.ipv6_cidr_block.clone()),
            ipv6_cidr_block_association_id: ipv6.and_then(|set| set.association_id.clone()),
            ipv6_native: Some(found.ipv6_native.unwrap_or(false)),
            map_customer_owned_ip_on_launch: Some(found.map_customer_owned_ip_on_launch.unwrap_or(false)),
            map_public_ip_on_launch: Some(found.map_public_ip_on_launch.unwrap_or(false)),
            outpost_arn: found.outpost_arn.clone(),
            owner_id: found.owner_id.clone(),
            private_dns_hostname_type_on_launch: names.and_then(|names| names.hostname_type.as_ref()).map(|kind| kind.as_str().to_owned()),
            state: found.state().map(|state| state.as_str().to_owned()),
            tags: query::tags(client, found.tags()),
            id: found.subnet_id.clone(),
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
    async fn by_range() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.35.0.0/16"})).await, "id");
        let made = lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.35.1.0/24"})).await;
        let found = lab.data("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.35.1.0/24"})).await.expect("subnet");
        assert_eq!((text(&found, "id"), text(&found, "arn")), (text(&made, "id"), text(&made, "arn")));
    }
}
