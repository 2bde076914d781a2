//! `data "aws_eip"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::data::availability_zones::Filter;
use crate::resource::eip::Eip as Resource;
use crate::tags::Tags;
use crate::timeouts::timeouts;
use crate::{Client, query, view};

/// A public address.
///
/// ```hcl
/// data "aws_eip" "nat" {
///   tags = { Name = "nat" }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_eip")]
pub(crate) struct Eip {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Association id.
    #[schema(computed)]
    association_id: Option<String>,
    /// Carrier IP.
    #[schema(computed)]
    carrier_ip: Option<String>,
    /// Customer owned IP.
    #[schema(computed)]
    customer_owned_ip: Option<String>,
    /// Customer owned IPv4 pool.
    #[schema(computed)]
    customer_owned_ipv4_pool: Option<String>,
    /// Domain.
    #[schema(computed)]
    domain: Option<String>,
    /// Allocation.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Instance id.
    #[schema(computed)]
    instance_id: Option<String>,
    /// IPAM pool id.
    #[schema(computed)]
    ipam_pool_id: Option<String>,
    /// Network interface id.
    #[schema(computed)]
    network_interface_id: Option<String>,
    /// Network interface owner id.
    #[schema(computed)]
    network_interface_owner_id: Option<String>,
    /// Private DNS.
    #[schema(computed)]
    private_dns: Option<String>,
    /// Private IP.
    #[schema(computed)]
    private_ip: Option<String>,
    /// Ptr record.
    #[schema(computed)]
    ptr_record: Option<String>,
    /// Public DNS.
    #[schema(computed)]
    public_dns: Option<String>,
    /// Public IP.
    #[schema(optional, computed)]
    public_ip: Option<String>,
    /// Public IPv4 pool.
    #[schema(computed)]
    public_ipv4_pool: Option<String>,
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

impl DataSource for Eip {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let arguments = [("allocation-id", config.id.as_ref()), ("public-ip", config.public_ip.as_ref())];
        let filters = query::filters(arguments, &config.tags, &config.filter);
        let answer = client.ec2().describe_addresses().set_filters(filters).send().await.api("ec2:DescribeAddresses")?;
        let found = query::only("address", answer.addresses.unwrap_or_default())?;
        let id = found.allocation_id.clone().unwrap_or_default();
        let shown = view::of::<Resource, Self>(client, &id, &config).await?.ok_or_else(|| view::none("address"))?;
        let text = |text: Option<&str>| Some(text.unwrap_or_default().to_owned());
        Ok(Self {
            instance_id: text(found.instance_id()),
            network_interface_id: text(found.network_interface_id()),
            network_interface_owner_id: text(found.network_interface_owner_id()),
            ..shown
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn by_address_and_tag() {
        let lab = lab().await;
        let made = lab.make("aws_eip", json!({"domain": "vpc", "tags": {"Data": "eip"}})).await;
        for query in [json!({"tags": {"Data": "eip"}}), json!({"public_ip": text(&made, "public_ip")}), json!({"id": text(&made, "id")})] {
            let found = lab.data("aws_eip", query).await.expect("address");
            assert_eq!(
                ["id", "arn", "public_ip", "public_dns", "domain"].map(|name| text(&found, name)),
                ["id", "arn", "public_ip", "public_dns", "domain"].map(|name| text(&made, name))
            );
            assert_eq!(found.get("tags"), made.get("tags_all"));
        }
    }
}
