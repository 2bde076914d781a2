//! `aws_vpc_dhcp_options`

use std::collections::HashMap;

use aws_sdk_ec2::types::{DhcpOptions as Remote, NewDhcpConfiguration, ResourceType};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use crate::api::{ApiError, Explain};
use crate::marker::{self, filter};
use crate::tags::{self, Tags};
use crate::{Client, plan, unset, wait};

/// What DHCP tells the instances of a VPC.
///
/// ```hcl
/// resource "aws_vpc_dhcp_options" "main" {
///   domain_name         = "example.internal"
///   domain_name_servers = ["AmazonProvidedDNS"]
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_vpc_dhcp_options")]
pub(crate) struct VpcDhcpOptions {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Domain of names without one.
    #[schema(optional, force_new)]
    domain_name: Option<String>,
    /// Name servers; `AmazonProvidedDNS` for that of the VPC.
    #[schema(optional, force_new)]
    domain_name_servers: Option<Vec<String>>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Seconds after which an instance asks again for its IPv6 address.
    #[schema(optional, force_new)]
    ipv6_address_preferred_lease_time: Option<String>,
    /// NetBIOS name servers.
    #[schema(optional, force_new)]
    netbios_name_servers: Option<Vec<String>>,
    /// NetBIOS node type: 1, 2, 4 or 8.
    #[schema(optional, force_new)]
    netbios_node_type: Option<String>,
    /// Time servers.
    #[schema(optional, force_new)]
    ntp_servers: Option<Vec<String>>,
    /// Account that owns it.
    #[schema(computed)]
    owner_id: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
}

/// The options, asked for together with others.
pub(crate) async fn describe(client: &Client, id: &str) -> Result<Option<Remote>, Fault> {
    client
        .batch("ec2 dhcp options", 150, id.to_owned(), |client, ids: Vec<String>| async move {
            let pages = client.ec2().describe_dhcp_options().set_dhcp_options_ids(Some(ids)).into_paginator().items().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeDhcpOptions")?;
            Ok(found.into_iter().filter_map(|options| Some((options.dhcp_options_id.clone()?, options))).collect())
        })
        .await
}

/// The values by key, as the API shows them.
pub(crate) fn values(options: &Remote) -> HashMap<String, Vec<String>> {
    let one = |one: &aws_sdk_ec2::types::DhcpConfiguration| {
        let values = one.values().iter().filter_map(|value| value.value.clone());
        (one.key().unwrap_or_default().to_owned(), values.collect())
    };
    options.dhcp_configurations().iter().map(one).collect()
}

impl VpcDhcpOptions {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn request(&self) -> Vec<NewDhcpConfiguration> {
        let text = |text: &Option<String>| text.iter().filter(|text| !text.is_empty()).cloned().collect::<Vec<_>>();
        let list = |list: &Option<Vec<String>>| list.clone().unwrap_or_default();
        let all = [
            ("domain-name", text(&self.domain_name)),
            ("domain-name-servers", list(&self.domain_name_servers)),
            ("ipv6-address-preferred-lease-time", text(&self.ipv6_address_preferred_lease_time)),
            ("netbios-name-servers", list(&self.netbios_name_servers)),
            ("netbios-node-type", text(&self.netbios_node_type)),
            ("ntp-servers", list(&self.ntp_servers)),
        ];
        let set = all.into_iter().filter(|(_, values)| !values.is_empty());
        set.map(|(key, values)| NewDhcpConfiguration::builder().key(key).set_values(Some(values)).build()).collect()
    }
}

impl Resource for VpcDhcpOptions {
    type Client = Client;
    const MARKED: bool = true;

    fn validate(config: &Value) -> Vec<Fault> {
        let names = ["domain_name", "domain_name_servers", "ipv6_address_preferred_lease_time", "netbios_name_servers", "netbios_node_type", "ntp_servers"];
        if names.iter().all(|name| config.get(name).is_none_or(|value| value.is_null())) {
            return vec![Fault::error("DHCP options without an option", format!("Set at least one of {}.", names.join(", ")))];
        }
        Vec::new()
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let tags = client.new_tags(ResourceType::DhcpOptions, &planned.tags, operation.token);
        let call = client.ec2().create_dhcp_options().set_dhcp_configurations(Some(planned.request())).tag_specifications(tags.clone());
        let answer = call.send().await.api("ec2:CreateDhcpOptions")?;
        let tagged = answer.dhcp_options.as_ref().is_some_and(|options| !options.tags().is_empty());
        let id = answer.dhcp_options.and_then(|options| options.dhcp_options_id);
        let id = id.ok_or_else(|| Fault::uncertain("ec2:CreateDhcpOptions failed", "The answer holds no options."))?;
        let created = Self { id: Some(id), ..planned };
        operation.created(&created)?;
        if !tagged {
            // Not every API that calls itself EC2 takes tags with these.
            client.ec2().create_tags().resources(created.id()).set_tags(tags.tags).send().await.api("ec2:CreateTags")?;
        }
        wait::appear("DHCP options", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(options) = describe(client, prior.id()).await? else { return Ok(None) };
        let mut values = values(&options);
        let mut take = |key: &str| values.remove(key).unwrap_or_default();
        let (tags, tags_all) = client.tag_rules().read(tags::of_ec2(options.tags()), &prior.tags);
        let owner = match options.owner_id.clone().filter(|owner| !owner.is_empty()) {
            Some(owner) => owner,
            None => client.account_of(prior.arn.as_ref()).await?.to_owned(),
        };
        Ok(Some(Self {
            arn: Some(client.arn("ec2", &owner, &format!("dhcp-options/{}", prior.id()))),
            domain_name: unset::text(prior.domain_name.as_ref(), take("domain-name").first().map(String::as_str)),
            domain_name_servers: unset::list(prior.domain_name_servers.as_ref(), take("domain-name-servers")),
            ipv6_address_preferred_lease_time: unset::text(
                prior.ipv6_address_preferred_lease_time.as_ref(),
                take("ipv6-address-preferred-lease-time").first().map(String::as_str),
            ),
            netbios_name_servers: unset::list(prior.netbios_name_servers.as_ref(), take("netbios-name-servers")),
            netbios_node_type: unset::text(prior.netbios_node_type.as_ref(), take("netbios-node-type").first().map(String::as_str)),
            ntp_servers: unset::list(prior.ntp_servers.as_ref(), take("ntp-servers")),
            owner_id: Some(owner),
            tags,
            tags_all,
            id: prior.id,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        client.retag(prior.id(), &prior.tags_all, &planned.tags).await?;
        Self::read(client, Self { id: prior.id, ..planned }).await?.ok_or_else(|| Fault::not_found("The DHCP options are gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        // VPCs that use them get none, as options in use cannot be deleted.
        let call = client.ec2().describe_vpcs().filters(filter("dhcp-options-id", [prior.id()]));
        for vpc in call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeVpcs")? {
            client.ec2().associate_dhcp_options().set_vpc_id(vpc.vpc_id).dhcp_options_id("default").send().await.api("ec2:AssociateDhcpOptions")?;
        }
        let passing = |error: &ApiError| error.is(&["DependencyViolation"]);
        let call = || async { client.ec2().delete_dhcp_options().dhcp_options_id(prior.id()).send().await.api("ec2:DeleteDhcpOptions") };
        wait::retry(wait::limit(None, 3)?, passing, call).await?;
        Ok(())
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        match marker::find(client, "dhcp-options", token).await? {
            Some(id) => Self::read(client, Self { id: Some(id), ..planned }).await,
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let all = json!({
            "domain_name": "x.internal", "domain_name_servers": ["10.0.0.2", "AmazonProvidedDNS"], "ntp_servers": ["10.0.0.3"],
            "netbios_name_servers": ["10.0.0.4"], "netbios_node_type": "2",
        });
        let mut tagged = all.clone();
        tagged["tags"] = json!({"Name": "dhcp"});
        let state = Lifecycle::new(&lab, "aws_vpc_dhcp_options", all).update(tagged).run().await;
        assert!(text(&state, "arn").contains(":dhcp-options/dopt-"));
        Lifecycle::new(&lab, "aws_vpc_dhcp_options", json!({"domain_name": "y.internal"})).run().await;
        let planned = lab.plan("aws_vpc_dhcp_options", Some(&state), &json!({"domain_name": "y.internal"})).await.expect("plan");
        assert!(planned.requires_replace.len() > 1);
        let faults = lab.refused("aws_vpc_dhcp_options", json!({})).await;
        assert_eq!(faults[0].summary, "DHCP options without an option");
    }
}
