//! `aws_eip`

use aws_sdk_ec2::types::{Address, DomainType, ResourceType};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::api::{ApiError, Explain};
use crate::marker::{self, filter};
use crate::tags::{self, Tags};
use crate::timeouts::timeouts;
use crate::{Client, plan, unset, wait};

/// A public IPv4 address that stays.
///
/// ```hcl
/// resource "aws_eip" "nat" {
///   domain = "vpc"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_eip")]
pub(crate) struct Eip {
    /// The address to take from a pool.
    #[schema(optional, force_new)]
    address: Option<String>,
    /// Id of the allocation.
    #[schema(computed)]
    allocation_id: Option<String>,
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// The private address to associate with.
    #[schema(optional)]
    associate_with_private_ip: Option<String>,
    /// Id of the association.
    #[schema(computed)]
    association_id: Option<String>,
    /// Address in a carrier's network.
    #[schema(computed)]
    carrier_ip: Option<String>,
    /// Address of the customer's own.
    #[schema(computed)]
    customer_owned_ip: Option<String>,
    /// Pool of the customer's own addresses.
    #[schema(optional, force_new)]
    customer_owned_ipv4_pool: Option<String>,
    /// `vpc`.
    #[schema(optional, computed, force_new)]
    domain: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Instance to associate with.
    #[schema(optional, computed)]
    instance: Option<String>,
    /// IPAM pool.
    #[schema(optional, computed, force_new)]
    ipam_pool_id: Option<String>,
    /// Where the address is announced.
    #[schema(optional, computed, force_new)]
    network_border_group: Option<String>,
    /// Interface to associate with.
    #[schema(optional, computed)]
    network_interface: Option<String>,
    /// Private name.
    #[schema(computed)]
    private_dns: Option<String>,
    /// Private address.
    #[schema(computed)]
    private_ip: Option<String>,
    /// Name that the address resolves to.
    #[schema(computed)]
    ptr_record: Option<String>,
    /// Public name.
    #[schema(computed)]
    public_dns: Option<String>,
    /// The address.
    #[schema(computed)]
    public_ip: Option<String>,
    /// Pool of addresses.
    #[schema(optional, computed, force_new)]
    public_ipv4_pool: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// The same as `domain = "vpc"`.
    #[schema(optional, computed, force_new, deprecated = "use domain attribute instead")]
    vpc: Option<bool>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(delete, read, update);

pub(crate) async fn describe(client: &Client, id: &str) -> Result<Option<Address>, Fault> {
    client
        .batch("ec2 address", 150, id.to_owned(), |client, ids: Vec<String>| async move {
            let answer = client.ec2().describe_addresses().filters(filter("allocation-id", ids)).send().await.api("ec2:DescribeAddresses")?;
            Ok(answer.addresses.unwrap_or_default().into_iter().filter_map(|address| Some((address.allocation_id.clone()?, address))).collect())
        })
        .await
}

/// The reverse name of an allocation, which a call of its own tells.
async fn reverse_name(client: &Client, id: &str) -> Result<Option<String>, Fault> {
    client
        .batch("ec2 address name", 150, id.to_owned(), |client, ids: Vec<String>| async move {
            let call = client.ec2().describe_addresses_attribute().set_allocation_ids(Some(ids)).attribute("domain-name".into());
            let found = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeAddressesAttribute")?;
            Ok(found.into_iter().filter_map(|address| Some((address.allocation_id?, address.ptr_record?))).collect())
        })
        .await
}

impl Eip {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn wants_association(&self) -> bool {
        [&self.instance, &self.network_interface].into_iter().flatten().any(|target| !target.is_empty())
    }

    async fn associate(&self, client: &Client) -> Result<(), Fault> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let call = client
            .ec2()
            .associate_address()
            .allocation_id(self.id())
            .set_instance_id(given(&self.instance))
            .set_network_interface_id(given(&self.network_interface))
            .set_private_ip_address(given(&self.associate_with_private_ip));
        // An instance takes an address only once it has left `pending`.
        let passing = |error: &ApiError| error.is(&["InvalidAllocationID.NotFound", "InvalidInstanceID", "IncorrectInstanceState"]);
        wait::retry(wait::limit(None, 5)?, passing, || async { call.clone().send().await.api("ec2:AssociateAddress") }).await?;
        Ok(())
    }

    async fn disassociate(client: &Client, association: Option<&str>) -> Result<(), Fault> {
        let Some(association) = association.filter(|association| !association.is_empty()) else { return Ok(()) };
        match client.ec2().disassociate_address().association_id(association).send().await.api("ec2:DisassociateAddress") {
            Err(error) if !error.not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

impl Resource for Eip {
    type Client = Client;
    const MARKED: bool = true;

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        if !plan.creating() && ["instance", "network_interface", "associate_with_private_ip"].iter().any(|name| plan.changed(name)) {
            for name in ["association_id", "private_ip", "private_dns"] {
                plan.unknown(name);
            }
            for name in ["instance", "network_interface"] {
                if plan.config(name).is_null() {
                    plan.unknown(name);
                }
            }
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let answer = client
            .ec2()
            .allocate_address()
            .domain(DomainType::Vpc)
            .set_address(planned.address.clone())
            .set_customer_owned_ipv4_pool(planned.customer_owned_ipv4_pool.clone())
            .set_ipam_pool_id(planned.ipam_pool_id.clone())
            .set_network_border_group(planned.network_border_group.clone())
            .set_public_ipv4_pool(planned.public_ipv4_pool.clone())
            .tag_specifications(client.new_tags(ResourceType::ElasticIp, &planned.tags, operation.token))
            .send()
            .await
            .api("ec2:AllocateAddress")?;
        let id = answer.allocation_id.ok_or_else(|| Fault::uncertain("ec2:AllocateAddress failed", "The answer holds no allocation id."))?;
        let created = Self { id: Some(id), ..planned };
        operation.created(&Self { instance: None, network_interface: None, ..created.clone() })?;
        if created.wants_association() {
            created.associate(client).await?;
        }
        wait::appear("address", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let (address, name) = tokio::try_join!(describe(client, prior.id()), reverse_name(client, prior.id()))?;
        let Some(address) = address else { return Ok(None) };
        let (tags, tags_all) = client.tag_rules().read(tags::of_ec2(address.tags()), &prior.tags);
        let text = |found: Option<&str>| Some(found.unwrap_or_default().to_owned());
        let dashed = |ip: &str| ip.replace('.', "-");
        let (region, us_east) = (client.region(), client.region() == "us-east-1");
        let public = address.public_ip().filter(|ip| !ip.is_empty()).map(|ip| match us_east {
            true => format!("ec2-{}.compute-1.amazonaws.com", dashed(ip)),
            false => format!("ec2-{}.{region}.compute.{}", dashed(ip), client.dns_suffix()),
        });
        let private = address.private_ip_address().filter(|ip| !ip.is_empty()).map(|ip| match us_east {
            true => format!("ip-{}.ec2.internal", dashed(ip)),
            false => format!("ip-{}.{region}.compute.internal", dashed(ip)),
        });
        let account = client.account_of(prior.arn.as_ref()).await?;
        Ok(Some(Self {
            address: prior.address,
            allocation_id: address.allocation_id.clone(),
            arn: Some(client.arn("ec2", account, &format!("elastic-ip/{}", address.allocation_id().unwrap_or_default()))),
            associate_with_private_ip: prior.associate_with_private_ip,
            association_id: text(address.association_id()),
            carrier_ip: text(address.carrier_ip()),
            customer_owned_ip: text(address.customer_owned_ip()),
            customer_owned_ipv4_pool: unset::text(prior.customer_owned_ipv4_pool.as_ref(), address.customer_owned_ipv4_pool()),
            domain: address.domain.as_ref().map(|domain| domain.as_str().to_owned()),
            id: address.allocation_id.clone(),
            instance: text(address.instance_id()),
            ipam_pool_id: prior.ipam_pool_id,
            network_border_group: text(address.network_border_group()),
            network_interface: text(address.network_interface_id()),
            private_dns: private,
            private_ip: text(address.private_ip_address()),
            ptr_record: text(name.as_deref()),
            public_dns: public,
            public_ip: text(address.public_ip()),
            public_ipv4_pool: text(address.public_ipv4_pool()),
            tags,
            tags_all,
            vpc: Some(address.domain == Some(DomainType::Vpc)),
            timeouts: prior.timeouts,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let target = |eip: &Self| (eip.instance.clone(), eip.network_interface.clone(), eip.associate_with_private_ip.clone());
        let planned = Self { id: prior.id.clone(), ..planned };
        if target(&prior) != target(&planned) {
            Self::disassociate(client, prior.association_id.as_deref()).await?;
            if planned.wants_association() {
                planned.associate(client).await?;
            }
        }
        client.retag(prior.id(), &prior.tags_all, &planned.tags).await?;
        Self::read(client, planned).await?.ok_or_else(|| Fault::not_found("The address is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let limit = wait::limit(prior.timeouts.as_ref().and_then(|timeouts| timeouts.delete.as_ref()), 3)?;
        if prior.wants_association() {
            Self::disassociate(client, prior.association_id.as_deref()).await?;
        }
        // A NAT gateway that is going away holds the address a little longer.
        wait::retry(
            limit,
            |error: &ApiError| error.is(&["AuthFailure", "InvalidIPAddress.InUse"]),
            || async { client.ec2().release_address().allocation_id(prior.id()).send().await.api("ec2:ReleaseAddress") },
        )
        .await?;
        Ok(())
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        let Some(id) = marker::find(client, "eipalloc", token).await? else { return Ok(None) };
        let wanted = Self { id: Some(id), ..planned };
        let found = Self::read(client, wanted.clone()).await?;
        if found.as_ref().is_some_and(|found| wanted.wants_association() && found.association_id.as_ref().is_none_or(String::is_empty)) {
            wanted.associate(client).await?;
            return Self::read(client, wanted).await;
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let state = Lifecycle::new(&lab, "aws_eip", json!({"domain": "vpc"})).update(json!({"domain": "vpc", "tags": {"Name": "nat"}})).run().await;
        let dashed = text(&state, "public_ip").replace('.', "-");
        assert_eq!(text(&state, "public_dns"), format!("ec2-{dashed}.eu-central-1.compute.amazonaws.com"));
        assert_eq!(text(&state, "id"), text(&state, "allocation_id"));
    }
}
