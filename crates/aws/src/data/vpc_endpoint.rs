//! `data "aws_vpc_endpoint"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::data::availability_zones::Filter;
use crate::resource::vpc_endpoint::VpcEndpoint as Resource;
use crate::tags::Tags;
use crate::timeouts::timeouts;
use crate::{Client, json, query, view};

/// A VPC endpoint.
///
/// ```hcl
/// data "aws_vpc_endpoint" "s3" {
///   vpc_id       = data.aws_vpc.main.id
///   service_name = "com.amazonaws.eu-central-1.s3"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_vpc_endpoint")]
pub(crate) struct VpcEndpoint {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// CIDR blocks.
    #[schema(computed)]
    cidr_blocks: Option<Vec<String>>,
    /// A name of it.
    #[schema(computed)]
    dns_entry: Option<Vec<ShownEntry>>,
    /// How names are answered.
    #[schema(computed)]
    dns_options: Option<Vec<ShownOptions>>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// IP address type.
    #[schema(computed)]
    ip_address_type: Option<String>,
    /// Network interface ids.
    #[schema(computed, set)]
    network_interface_ids: Option<Vec<String>>,
    /// Account that owns it.
    #[schema(computed)]
    owner_id: Option<String>,
    /// Policy.
    #[schema(computed)]
    policy: Option<String>,
    /// Prefix list id.
    #[schema(computed)]
    prefix_list_id: Option<String>,
    /// Private DNS enabled.
    #[schema(computed)]
    private_dns_enabled: Option<bool>,
    /// Requester managed.
    #[schema(computed)]
    requester_managed: Option<bool>,
    /// Route table ids.
    #[schema(computed, set)]
    route_table_ids: Option<Vec<String>>,
    /// Security group ids.
    #[schema(computed, set)]
    security_group_ids: Option<Vec<String>>,
    /// Service.
    #[schema(optional, computed)]
    service_name: Option<String>,
    /// State.
    #[schema(optional, computed)]
    state: Option<String>,
    /// Subnet ids.
    #[schema(computed, set)]
    subnet_ids: Option<Vec<String>>,
    /// Tags.
    #[schema(optional, computed)]
    tags: Tags,
    /// VPC endpoint type.
    #[schema(computed)]
    vpc_endpoint_type: Option<String>,
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

/// How names are answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ShownOptions {
    /// DNS record IP type.
    #[schema(optional)]
    dns_record_ip_type: String,
    /// Private DNS only for inbound resolver endpoint.
    #[schema(optional)]
    private_dns_only_for_inbound_resolver_endpoint: bool,
}

/// A name of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ShownEntry {
    /// DNS name.
    #[schema(optional)]
    dns_name: String,
    /// Hosted zone id.
    #[schema(optional)]
    hosted_zone_id: String,
}

impl DataSource for VpcEndpoint {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let arguments = [("service-name", config.service_name.as_ref()), ("vpc-endpoint-state", config.state.as_ref()), ("vpc-id", config.vpc_id.as_ref())];
        let filters = query::filters(arguments, &config.tags, &config.filter);
        let ids = config.id.clone().filter(|id| !id.is_empty()).map(|id| vec![id]);
        let pages = client.ec2().describe_vpc_endpoints().set_vpc_endpoint_ids(ids).set_filters(filters).into_paginator().items().send();
        let found = query::only("VPC endpoint", pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeVpcEndpoints")?)?;
        let id = found.vpc_endpoint_id.unwrap_or_default();
        let shown = view::of::<Resource, Self>(client, &id, &config).await?.ok_or_else(|| view::none("VPC endpoint"))?;
        Ok(Self { policy: shown.policy.map(|policy| json::compact(&policy).unwrap_or(policy)), ..shown })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn by_service() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.113.0.0/16"})).await, "id");
        let service = "com.amazonaws.eu-central-1.s3";
        let made = lab.make("aws_vpc_endpoint", json!({"vpc_id": vpc, "service_name": service})).await;
        let found = lab.data("aws_vpc_endpoint", json!({"id": text(&made, "id")})).await.expect("endpoint");
        for name in ["arn", "prefix_list_id", "vpc_id", "service_name", "state"] {
            assert_eq!(text(&found, name), text(&made, name), "{name}");
        }
    }
}
