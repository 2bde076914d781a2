//! `aws_nat_gateway`

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{ConnectivityType, NatGateway as Remote, NatGatewayAddress, NatGatewayState, ResourceType};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::marker::{self, filter};
use crate::tags::{self, Tags};
use crate::timeouts::timeouts;
use crate::{Client, plan, unset, wait};

/// The way out for subnets without public addresses.
///
/// ```hcl
/// resource "aws_nat_gateway" "a" {
///   allocation_id = aws_eip.nat.id
///   subnet_id     = aws_subnet.public.id
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_nat_gateway")]
pub(crate) struct NatGateway {
    /// Elastic address of a public gateway.
    #[schema(optional, force_new)]
    allocation_id: Option<String>,
    /// Association of the address.
    #[schema(computed)]
    association_id: Option<String>,
    /// `public` or `private`.
    #[schema(optional, force_new, default = "public")]
    connectivity_type: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Interface.
    #[schema(computed)]
    network_interface_id: Option<String>,
    /// Private address.
    #[schema(optional, computed, force_new)]
    private_ip: Option<String>,
    /// Public address.
    #[schema(computed)]
    public_ip: Option<String>,
    /// Further elastic addresses.
    #[schema(optional, set)]
    secondary_allocation_ids: Option<Vec<String>>,
    /// Number of further private addresses.
    #[schema(optional, computed)]
    secondary_private_ip_address_count: Option<i64>,
    /// Further private addresses.
    #[schema(optional, computed, set)]
    secondary_private_ip_addresses: Option<Vec<String>>,
    /// Subnet.
    #[schema(required, force_new)]
    subnet_id: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(create, delete, update);

pub(crate) async fn describe(client: &Client, id: &str) -> Result<Option<Remote>, Fault> {
    client
        .batch("ec2 nat gateway", 150, id.to_owned(), |client, ids: Vec<String>| async move {
            let pages = client.ec2().describe_nat_gateways().filter(filter("nat-gateway-id", ids)).into_paginator().items().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeNatGateways")?;
            Ok(found.into_iter().filter_map(|gateway| Some((gateway.nat_gateway_id.clone()?, gateway))).collect())
        })
        .await
}

fn set(items: Option<&Vec<String>>) -> BTreeSet<String> {
    items.into_iter().flatten().cloned().collect()
}

impl NatGateway {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    async fn wait_available(client: &Client, id: &str, limit: std::time::Duration) -> Result<(), Fault> {
        wait::until("the NAT gateway", limit, || async {
            let Some(gateway) = describe(client, id).await? else { return Ok(None) };
            match gateway.state {
                Some(NatGatewayState::Available) => Ok(Some(())),
                Some(NatGatewayState::Failed) => {
                    let why = format!("{}: {}", gateway.failure_code().unwrap_or_default(), gateway.failure_message().unwrap_or_default());
                    Err(Fault::error("The NAT gateway failed", why))
                }
                _ => Ok(None),
            }
        })
        .await
    }
}

impl Resource for NatGateway {
    type Client = Client;
    const MARKED: bool = true;

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        if !plan.creating() && plan.changed("secondary_allocation_ids") {
            for name in ["secondary_private_ip_addresses", "secondary_private_ip_address_count"] {
                if plan.config(name).is_null() {
                    plan.unknown(name);
                }
            }
        }
        // Private gateways can only be given more addresses when they are made.
        if !plan.creating() && plan.changed("secondary_private_ip_address_count") && !plan.config("secondary_private_ip_address_count").is_null() {
            plan.force_new("secondary_private_ip_address_count");
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_ref()), 10)?;
        let answer = client
            .ec2()
            .create_nat_gateway()
            .client_token(operation.token)
            .set_allocation_id(planned.allocation_id.clone().filter(|id| !id.is_empty()))
            .set_connectivity_type(planned.connectivity_type.as_deref().map(ConnectivityType::from))
            .set_private_ip_address(planned.private_ip.clone())
            .set_secondary_allocation_ids(planned.secondary_allocation_ids.clone().filter(|ids| !ids.is_empty()))
            .set_secondary_private_ip_address_count(planned.secondary_private_ip_address_count.map(|count| count as i32))
            .set_secondary_private_ip_addresses(planned.secondary_private_ip_addresses.clone().filter(|ips| !ips.is_empty()))
            .set_subnet_id(planned.subnet_id.clone())
            .tag_specifications(client.new_tags(ResourceType::Natgateway, &planned.tags, operation.token))
            .send()
            .await
            .api("ec2:CreateNatGateway")?;
        let id = answer.nat_gateway.and_then(|gateway| gateway.nat_gateway_id);
        let id = id.ok_or_else(|| Fault::uncertain("ec2:CreateNatGateway failed", "The answer holds no gateway."))?;
        let created = Self { id: Some(id.clone()), ..planned };
        operation.created(&created)?;
        Self::wait_available(client, &id, limit).await?;
        wait::appear("NAT gateway", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(gateway) = describe(client, prior.id()).await? else { return Ok(None) };
        if matches!(gateway.state, Some(NatGatewayState::Deleted | NatGatewayState::Deleting | NatGatewayState::Failed)) {
            return Ok(None);
        }
        let (tags, tags_all) = client.tag_rules().read(tags::of_ec2(gateway.tags()), &prior.tags);
        let all = gateway.nat_gateway_addresses();
        // A single address is the primary one even where the answer does not say so.
        let is_primary = |address: &&NatGatewayAddress| address.is_primary.unwrap_or(all.len() == 1);
        let primary = all.iter().find(is_primary);
        let others: Vec<&NatGatewayAddress> = all.iter().filter(|address| !is_primary(address)).collect();
        let text = |found: Option<&str>| Some(found.unwrap_or_default().to_owned());
        let allocations: Vec<String> = others.iter().filter_map(|address| address.allocation_id.clone()).collect();
        let addresses: Vec<String> = others.iter().filter_map(|address| address.private_ip.clone()).collect();
        Ok(Some(Self {
            allocation_id: unset::text(prior.allocation_id.as_ref(), primary.and_then(|address| address.allocation_id())),
            association_id: text(primary.and_then(|address| address.association_id())),
            connectivity_type: gateway.connectivity_type.as_ref().map(|kind| kind.as_str().to_owned()),
            id: gateway.nat_gateway_id.clone(),
            network_interface_id: text(primary.and_then(|address| address.network_interface_id())),
            private_ip: text(primary.and_then(|address| address.private_ip())),
            public_ip: text(primary.and_then(|address| address.public_ip())),
            secondary_allocation_ids: unset::list(prior.secondary_allocation_ids.as_ref(), allocations),
            secondary_private_ip_address_count: Some(addresses.len() as i64),
            secondary_private_ip_addresses: Some(addresses),
            subnet_id: gateway.subnet_id.clone(),
            tags,
            tags_all,
            timeouts: prior.timeouts,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.update.as_ref()), 10)?;
        let id = prior.id().to_owned();
        let (before, after) = (set(prior.secondary_allocation_ids.as_ref()), set(planned.secondary_allocation_ids.as_ref()));
        let added: Vec<String> = after.difference(&before).cloned().collect();
        if !added.is_empty() {
            let call = client.ec2().associate_nat_gateway_address().nat_gateway_id(&id).set_allocation_ids(Some(added));
            call.send().await.api("ec2:AssociateNatGatewayAddress")?;
            Self::wait_available(client, &id, limit).await?;
        }
        let removed: Vec<&String> = before.difference(&after).collect();
        if !removed.is_empty() {
            let gateway = describe(client, &id).await?.ok_or_else(|| Fault::not_found("The NAT gateway is gone."))?;
            let addresses = gateway.nat_gateway_addresses().iter().filter(|address| address.allocation_id.as_ref().is_some_and(|id| removed.contains(&id)));
            let associations = addresses.filter_map(|address| address.association_id.clone()).collect();
            let call = client.ec2().disassociate_nat_gateway_address().nat_gateway_id(&id).set_association_ids(Some(associations));
            call.send().await.api("ec2:DisassociateNatGatewayAddress")?;
            Self::wait_available(client, &id, limit).await?;
        }
        let (before, after) = (set(prior.secondary_private_ip_addresses.as_ref()), set(planned.secondary_private_ip_addresses.as_ref()));
        if before != after && planned.connectivity_type.as_deref() == Some("private") {
            let added: Vec<String> = after.difference(&before).cloned().collect();
            if !added.is_empty() {
                let call = client.ec2().assign_private_nat_gateway_address().nat_gateway_id(&id).set_private_ip_addresses(Some(added));
                call.send().await.api("ec2:AssignPrivateNatGatewayAddress")?;
            }
            let removed: Vec<String> = before.difference(&after).cloned().collect();
            if !removed.is_empty() {
                let call = client.ec2().unassign_private_nat_gateway_address().nat_gateway_id(&id).set_private_ip_addresses(Some(removed));
                call.send().await.api("ec2:UnassignPrivateNatGatewayAddress")?;
            }
            Self::wait_available(client, &id, limit).await?;
        }
        client.retag(&id, &prior.tags_all, &planned.tags).await?;
        Self::read(client, Self { id: Some(id), ..planned }).await?.ok_or_else(|| Fault::not_found("The NAT gateway is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let limit = wait::limit(prior.timeouts.as_ref().and_then(|timeouts| timeouts.delete.as_ref()), 30)?;
        client.ec2().delete_nat_gateway().nat_gateway_id(prior.id()).send().await.api("ec2:DeleteNatGateway")?;
        wait::until("the NAT gateway to go", limit, || async {
            let gateway = describe(client, prior.id()).await?;
            Ok(gateway.is_none_or(|gateway| gateway.state == Some(NatGatewayState::Deleted)).then_some(()))
        })
        .await
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        let Some(id) = marker::find(client, "nat", token).await? else { return Ok(None) };
        Self::wait_available(client, &id, wait::limit(None, 10)?).await?;
        Self::read(client, Self { id: Some(id), ..planned }).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.7.0.0/16"})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.7.1.0/24"})).await, "id");
        let eip = lab.make("aws_eip", json!({"domain": "vpc"})).await;
        let config = json!({"subnet_id": subnet, "allocation_id": text(&eip, "id")});
        let mut tagged = config.clone();
        tagged["tags"] = json!({"Name": "a"});
        let state = Lifecycle::new(&lab, "aws_nat_gateway", config).update(tagged).run().await;
        assert_eq!(text(&state, "public_ip"), text(&eip, "public_ip"));
    }
}
