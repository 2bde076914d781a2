//! `data "aws_network_interface"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::data::availability_zones::Filter;
use crate::tags::Tags;
use crate::timeouts::timeouts;
use crate::{Client, query};

/// A network interface.
///
/// ```hcl
/// data "aws_network_interface" "db" {
///   filter {
///     name   = "private-ip-address"
///     values = ["10.0.1.20"]
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_network_interface")]
pub(crate) struct NetworkInterface {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// A public address that it has.
    #[schema(computed)]
    association: Option<Vec<ShownAddress>>,
    /// The instance that it is at.
    #[schema(computed)]
    attachment: Option<Vec<ShownPlace>>,
    /// Availability zone.
    #[schema(computed)]
    availability_zone: Option<String>,
    /// Description.
    #[schema(computed)]
    description: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Interface type.
    #[schema(computed)]
    interface_type: Option<String>,
    /// IPv6 addresses.
    #[schema(computed, set)]
    ipv6_addresses: Option<Vec<String>>,
    /// MAC address.
    #[schema(computed)]
    mac_address: Option<String>,
    /// Outpost ARN.
    #[schema(computed)]
    outpost_arn: Option<String>,
    /// Account that owns it.
    #[schema(computed)]
    owner_id: Option<String>,
    /// Private DNS name.
    #[schema(computed)]
    private_dns_name: Option<String>,
    /// Private IP.
    #[schema(computed)]
    private_ip: Option<String>,
    /// Private addresses, the first one first.
    #[schema(computed)]
    private_ips: Option<Vec<String>>,
    /// Who made it for the account.
    #[schema(computed)]
    requester_id: Option<String>,
    /// Security groups.
    #[schema(computed, set)]
    security_groups: Option<Vec<String>>,
    /// Subnet.
    #[schema(computed)]
    subnet_id: Option<String>,
    /// Tags.
    #[schema(optional, computed)]
    tags: Tags,
    /// VPC.
    #[schema(computed)]
    vpc_id: Option<String>,
    /// Filters of the API.
    #[schema(block, set)]
    filter: Vec<Filter>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

/// The instance that it is at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ShownPlace {
    /// Attachment id.
    #[schema(optional)]
    attachment_id: String,
    /// Device index.
    #[schema(optional)]
    device_index: i64,
    /// Instance id.
    #[schema(optional)]
    instance_id: String,
    /// Instance owner id.
    #[schema(optional)]
    instance_owner_id: String,
}

/// A public address that it has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ShownAddress {
    /// Allocation id.
    #[schema(optional)]
    allocation_id: String,
    /// Association id.
    #[schema(optional)]
    association_id: String,
    /// Carrier IP.
    #[schema(optional)]
    carrier_ip: String,
    /// Customer owned IP.
    #[schema(optional)]
    customer_owned_ip: String,
    /// IP owner id.
    #[schema(optional)]
    ip_owner_id: String,
    /// Public DNS name.
    #[schema(optional)]
    public_dns_name: String,
    /// Public IP.
    #[schema(optional)]
    public_ip: String,
}

impl DataSource for NetworkInterface {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let filters = query::filters([("network-interface-id", config.id.as_ref())], &config.tags, &config.filter);
        let pages = client.ec2().describe_network_interfaces().set_filters(filters).into_paginator().items().send();
        let found = query::only("network interface", pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeNetworkInterfaces")?)?;
        let own = |text: &Option<String>| text.clone().unwrap_or_default();
        let text = |text: &Option<String>| Some(own(text));
        let (owner, id) = (own(&found.owner_id), own(&found.network_interface_id));
        let mut ips: Vec<_> = found.private_ip_addresses().iter().collect();
        ips.sort_by_key(|ip| ip.primary != Some(true));
        let association = found.association().map(|one| ShownAddress {
            allocation_id: own(&one.allocation_id),
            association_id: own(&one.association_id),
            carrier_ip: own(&one.carrier_ip),
            customer_owned_ip: own(&one.customer_owned_ip),
            ip_owner_id: own(&one.ip_owner_id),
            public_dns_name: own(&one.public_dns_name),
            public_ip: own(&one.public_ip),
        });
        let attachment = found.attachment().map(|one| ShownPlace {
            attachment_id: own(&one.attachment_id),
            device_index: one.device_index.map_or(0, i64::from),
            instance_id: own(&one.instance_id),
            instance_owner_id: own(&one.instance_owner_id),
        });
        Ok(Self {
            arn: Some(client.arn("ec2", &owner, &format!("network-interface/{id}"))),
            association: Some(association.into_iter().collect()),
            attachment: Some(attachment.into_iter().collect()),
            availability_zone: text(&found.availability_zone),
            description: text(&found.description),
            id: Some(id),
            interface_type: Some(found.interface_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default()),
            ipv6_addresses: Some(found.ipv6_addresses().iter().filter_map(|ip| ip.ipv6_address.clone()).collect()),
            mac_address: text(&found.mac_address),
            outpost_arn: text(&found.outpost_arn),
            owner_id: Some(owner),
            private_dns_name: text(&found.private_dns_name),
            private_ip: text(&found.private_ip_address),
            private_ips: Some(ips.into_iter().filter_map(|ip| ip.private_ip_address.clone()).collect()),
            requester_id: text(&found.requester_id),
            security_groups: Some(found.groups().iter().filter_map(|group| group.group_id.clone()).collect()),
            subnet_id: text(&found.subnet_id),
            tags: query::tags(client, found.tag_set()),
            vpc_id: text(&found.vpc_id),
            ..config
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn by_id() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.114.0.0/16"})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.114.1.0/24"})).await, "id");
        let made = lab.make("aws_network_interface", json!({"subnet_id": subnet, "private_ips": ["10.114.1.20", "10.114.1.10"], "description": "db"})).await;
        let found = lab.data("aws_network_interface", json!({"id": text(&made, "id")})).await.expect("interface");
        for name in ["arn", "description", "mac_address", "private_ip", "subnet_id"] {
            assert_eq!(text(&found, name), text(&made, name), "{name}");
        }
        assert_eq!((text(&found, "vpc_id"), found.get("private_ips").expect("addresses").length()), (vpc, Some(2)));
    }
}
