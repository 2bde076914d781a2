//! `data "aws_vpc"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::data::availability_zones::Filter;
use crate::resource::vpc;
use crate::tags::Tags;
use crate::timeouts::timeouts;
use crate::{Client, query};

/// A VPC.
///
/// ```hcl
/// data "aws_vpc" "main" {
///   tags = { Name = "main" }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_vpc")]
pub(crate) struct Vpc {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// IPv4 range.
    #[schema(optional, computed)]
    cidr_block: Option<String>,
    /// All IPv4 ranges.
    #[schema(computed)]
    cidr_block_associations: Option<Vec<Association>>,
    /// The default VPC.
    #[schema(optional, computed)]
    default: Option<bool>,
    /// DHCP options.
    #[schema(optional, computed)]
    dhcp_options_id: Option<String>,
    /// Instances get public names.
    #[schema(computed)]
    enable_dns_hostnames: Option<bool>,
    /// Amazon's DNS server answers.
    #[schema(computed)]
    enable_dns_support: Option<bool>,
    /// Network address usage is counted.
    #[schema(computed)]
    enable_network_address_usage_metrics: Option<bool>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Tenancy.
    #[schema(computed)]
    instance_tenancy: Option<String>,
    /// Association of the IPv6 range.
    #[schema(computed)]
    ipv6_association_id: Option<String>,
    /// IPv6 range.
    #[schema(computed)]
    ipv6_cidr_block: Option<String>,
    /// Main route table.
    #[schema(computed)]
    main_route_table_id: Option<String>,
    /// Owner.
    #[schema(computed)]
    owner_id: Option<String>,
    /// State.
    #[schema(optional, computed)]
    state: Option<String>,
    /// Tags.
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

/// A range of a VPC.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Association {
    /// Id.
    #[schema(optional)]
    association_id: Option<String>,
    /// Range.
    #[schema(optional)]
    cidr_block: Option<String>,
    /// State.
    #[schema(optional)]
    state: Option<String>,
}

impl DataSource for Vpc {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let default = config.default.map(|default| default.to_string());
        let arguments = [
            ("vpc-id", config.id.as_ref()),
            ("cidr", config.cidr_block.as_ref()),
            ("is-default", default.as_ref()),
            ("dhcp-options-id", config.dhcp_options_id.as_ref()),
            ("state", config.state.as_ref()),
        ];
        let filters = query::filters(arguments, &config.tags, &config.filter);
        let pages = client.ec2().describe_vpcs().set_filters(filters).into_paginator().items().send();
        let found = query::only("VPC", pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeVpcs")?)?;
        let id = found.vpc_id.clone().unwrap_or_default();
        let (attributes, table) = tokio::try_join!(vpc::attributes(client, &id), vpc::main_route_table(client, &id))?;
        let ipv6 = found.ipv6_cidr_block_association_set().iter().find(|set| vpc::associated(set.ipv6_cidr_block_state().and_then(|state| state.state())));
        let ranges = found.cidr_block_association_set().iter().map(|set| Association {
            association_id: set.association_id.clone(),
            cidr_block: set.cidr_block.clone(),
            state: set.cidr_block_state().and_then(|state| state.state()).map(|state| state.as_str().to_owned()),
        });
        Ok(Self {
            arn: Some(client.arn("ec2", found.owner_id().unwrap_or_default(), &format!("vpc/{id}"))),
            cidr_block: found.cidr_block.clone(),
            cidr_block_associations: Some(ranges.collect()),
            default: Some(found.is_default.unwrap_or(false)),
            dhcp_options_id: found.dhcp_options_id.clone(),
            enable_dns_hostnames: Some(attributes.hostnames),
            enable_dns_support: Some(attributes.support),
            enable_network_address_usage_metrics: Some(attributes.metrics),
            id: Some(id),
            instance_tenancy: found.instance_tenancy().map(|tenancy| tenancy.as_str().to_owned()),
            ipv6_association_id: ipv6.and_then(|set| set.association_id.clone()),
            ipv6_cidr_block: ipv6.and_then(|set| set.ipv6_cidr_block.clone()),
            main_route_table_id: table,
            owner_id: found.owner_id.clone(),
            state: found.state().map(|state| state.as_str().to_owned()),
            tags: query::tags(client, found.tags()),
            ..config
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn by_tag_and_id() {
        let lab = lab().await;
        let made = lab.make("aws_vpc", json!({"cidr_block": "10.34.0.0/16", "tags": {"Name": "data"}})).await;
        let found = lab.data("aws_vpc", json!({"tags": {"Name": "data"}})).await.expect("VPC");
        for name in ["id", "arn", "cidr_block", "main_route_table_id"] {
            assert_eq!(text(&found, name), text(&made, name), "{name}");
        }
        let faults = lab.data("aws_vpc", json!({"id": "vpc-00000000000000000"})).await.expect_err("none");
        assert_eq!(faults[0].summary, "No such VPC");
    }
}
