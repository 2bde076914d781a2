//! `aws_default_vpc_dhcp_options`

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::marker::filter;
use crate::resource::vpc_dhcp_options::{describe, values};
use crate::tags::{self, Tags};
use crate::{Client, plan};

/// The DHCP options that AWS makes for a region: adopted, for their tags.
///
/// ```hcl
/// resource "aws_default_vpc_dhcp_options" "default" {
///   tags = { Name = "default" }
/// }
/// ```
///
/// Deleting it leaves the options as they are.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_default_vpc_dhcp_options")]
pub(crate) struct DefaultVpcDhcpOptions {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Domain of names without one.
    #[schema(computed)]
    domain_name: Option<String>,
    /// Name servers.
    #[schema(computed)]
    domain_name_servers: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Seconds after which an instance asks again for its IPv6 address.
    #[schema(computed)]
    ipv6_address_preferred_lease_time: Option<String>,
    /// NetBIOS name servers.
    #[schema(computed)]
    netbios_name_servers: Option<String>,
    /// NetBIOS node type.
    #[schema(computed)]
    netbios_node_type: Option<String>,
    /// Time servers.
    #[schema(computed)]
    ntp_servers: Option<String>,
    /// Account that owns it.
    #[schema(optional, computed)]
    owner_id: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
}

/// The domain in the default options of a region.
fn domain(region: &str) -> String {
    if region == "us-east-1" { "ec2.internal".to_owned() } else { format!("{region}.compute.internal") }
}

impl Resource for DefaultVpcDhcpOptions {
    type Client = Client;

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let mut call = client.ec2().describe_dhcp_options();
        call = call.filters(filter("key", ["domain-name"])).filters(filter("value", [domain(client.region())]));
        if let Some(owner) = planned.owner_id.as_deref().filter(|owner| !owner.is_empty()) {
            call = call.filters(filter("owner-id", [owner]));
        }
        let found = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeDhcpOptions")?;
        let default = found.into_iter().find(|options| {
            let values = values(options);
            let is = |key: &str, wanted: &str| values.get(key).is_some_and(|values| values[..] == [wanted.to_owned()]);
            is("domain-name", &domain(client.region())) && is("domain-name-servers", "AmazonProvidedDNS") && values.len() == 2
        });
        let default = default.ok_or_else(|| Fault::error("No default DHCP options", "The region has none: write aws_vpc_dhcp_options instead."))?;
        let adopted = Self { id: default.dhcp_options_id.clone(), ..planned };
        operation.created(&adopted)?;
        let (_, tags_all) = client.tag_rules().read(tags::of_ec2(default.tags()), &None);
        client.retag(adopted.id.as_deref().unwrap_or_default(), &tags_all, &adopted.tags).await?;
        Self::read(client, adopted).await?.ok_or_else(|| Fault::not_found("The default DHCP options are gone."))
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let id = prior.id.as_deref().unwrap_or_default();
        let Some(options) = describe(client, id).await? else { return Ok(None) };
        let values = values(&options);
        let text = |key: &str| Some(values.get(key).map(|values| values.join(",")).unwrap_or_default());
        let (tags, tags_all) = client.tag_rules().read(tags::of_ec2(options.tags()), &prior.tags);
        let owner = match options.owner_id.clone().filter(|owner| !owner.is_empty()) {
            Some(owner) => owner,
            None => client.account_of(prior.arn.as_ref()).await?.to_owned(),
        };
        Ok(Some(Self {
            arn: Some(client.arn("ec2", &owner, &format!("dhcp-options/{id}"))),
            domain_name: text("domain-name"),
            domain_name_servers: text("domain-name-servers"),
            ipv6_address_preferred_lease_time: text("ipv6-address-preferred-lease-time"),
            netbios_name_servers: text("netbios-name-servers"),
            netbios_node_type: text("netbios-node-type"),
            ntp_servers: text("ntp-servers"),
            owner_id: Some(owner),
            tags,
            tags_all,
            id: prior.id,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        client.retag(prior.id.as_deref().unwrap_or_default(), &prior.tags_all, &planned.tags).await?;
        Self::read(client, Self { id: prior.id, ..planned }).await?.ok_or_else(|| Fault::not_found("The default DHCP options are gone."))
    }

    async fn delete(_client: &Client, _prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    /// The emulator has no default options: those of the test are like them.
    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let options = lab.make("aws_vpc_dhcp_options", json!({"domain_name": super::domain("eu-central-1"), "domain_name_servers": ["AmazonProvidedDNS"]})).await;
        let state = Lifecycle::new(&lab, "aws_default_vpc_dhcp_options", json!({}))
            .update(json!({"tags": {"Name": "default"}}))
            .update(json!({"tags": {"Name": "regional"}}))
            .adopts()
            .stays()
            .run()
            .await;
        assert_eq!(text(&state, "id"), text(&options, "id"));
        assert_eq!((text(&state, "domain_name_servers"), text(&state, "ntp_servers")), ("AmazonProvidedDNS".to_owned(), String::new()));
        assert_eq!(super::domain("us-east-1"), "ec2.internal");
    }
}
