//! `aws_eip_association`

use aws_sdk_ec2::types::Address;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use crate::api::{ApiError, Explain, ignore_gone};
use crate::marker::filter;
use crate::resource::eip;
use crate::{Client, plan, wait};

/// A public address at an instance or network interface.
///
/// ```hcl
/// resource "aws_eip_association" "web" {
///   allocation_id = aws_eip.web.id
///   instance_id   = aws_instance.web.id
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_eip_association")]
pub(crate) struct EipAssociation {
    /// The address.
    #[schema(optional, computed, force_new)]
    allocation_id: Option<String>,
    /// Take the address from where it is now.
    #[schema(optional, force_new)]
    allow_reassociation: Option<bool>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Instance that gets it.
    #[schema(optional, computed, force_new)]
    instance_id: Option<String>,
    /// Network interface that gets it.
    #[schema(optional, computed, force_new)]
    network_interface_id: Option<String>,
    /// Private address that it stands for.
    #[schema(optional, computed, force_new)]
    private_ip_address: Option<String>,
    /// The address itself.
    #[schema(optional, computed, force_new)]
    public_ip: Option<String>,
}

async fn describe(client: &Client, id: &str) -> Result<Option<Address>, Fault> {
    client
        .batch("ec2 address association", 150, id.to_owned(), |client, ids: Vec<String>| async move {
            let answer = client.ec2().describe_addresses().filters(filter("association-id", ids)).send().await.api("ec2:DescribeAddresses")?;
            Ok(answer.addresses.unwrap_or_default().into_iter().filter_map(|address| Some((address.association_id.clone()?, address))).collect())
        })
        .await
}

fn given(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}

impl Resource for EipAssociation {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let unset = |name: &&str| config.get(name).is_none_or(|value| value.is_null());
        let mut faults = Vec::new();
        if ["allocation_id", "public_ip"].iter().all(unset) {
            faults.push(Fault::error("No address", "Set allocation_id (or public_ip): the address that is associated."));
        }
        if ["instance_id", "network_interface_id"].iter().all(unset) {
            faults.push(Fault::error("No target", "Set instance_id or network_interface_id: what gets the address."));
        }
        faults
    }

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let call = client
            .ec2()
            .associate_address()
            .set_allocation_id(given(&planned.allocation_id))
            .set_public_ip(given(&planned.public_ip).filter(|_| given(&planned.allocation_id).is_none()))
            .set_instance_id(given(&planned.instance_id))
            .set_network_interface_id(given(&planned.network_interface_id))
            .set_private_ip_address(given(&planned.private_ip_address))
            .set_allow_reassociation(planned.allow_reassociation);
        // An instance takes an address only once it has left `pending`.
        let passing = |error: &ApiError| error.is(&["InvalidAllocationID.NotFound", "InvalidInstanceID", "IncorrectInstanceState"]);
        let answer = wait::retry(wait::limit(None, 5)?, passing, || async { call.clone().send().await.api("ec2:AssociateAddress") }).await?;
        let id = answer.association_id.ok_or_else(|| Fault::uncertain("ec2:AssociateAddress failed", "The answer holds no association."))?;
        let created = Self { id: Some(id), ..planned };
        operation.created(&created)?;
        wait::appear("association", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let found = describe(client, prior.id.as_deref().unwrap_or_default()).await?;
        let text = |text: Option<&str>| Some(text.unwrap_or_default().to_owned());
        Ok(found.map(|address| Self {
            allocation_id: text(address.allocation_id()),
            id: address.association_id.clone(),
            instance_id: text(address.instance_id()),
            network_interface_id: text(address.network_interface_id()),
            private_ip_address: text(address.private_ip_address()),
            public_ip: text(address.public_ip()),
            ..prior
        }))
    }

    async fn update(_client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        // Every argument makes another association.
        Ok(Self { id: prior.id, ..planned })
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        Ok(ignore_gone(client.ec2().disassociate_address().set_association_id(prior.id).send().await.api("ec2:DisassociateAddress"))?)
    }

    /// An address has at most one association, so one with the wanted target is the one that was made.
    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        let Some(address) = eip::describe(client, planned.allocation_id.as_deref().unwrap_or_default()).await? else { return Ok(None) };
        let fits = |wanted: &Option<String>, found: Option<&str>| given(wanted).is_none_or(|wanted| found == Some(wanted.as_str()));
        let same = fits(&planned.instance_id, address.instance_id()) && fits(&planned.network_interface_id, address.network_interface_id());
        match address.association_id.filter(|id| same && !id.is_empty()) {
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
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.81.0.0/16"})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.81.1.0/24"})).await, "id");
        let one = crate::harness::client().await.ec2().create_network_interface().subnet_id(&subnet).send().await.expect("interface");
        let one = one.network_interface.and_then(|one| one.network_interface_id).expect("id");
        let eip = text(&lab.make("aws_eip", json!({"domain": "vpc"})).await, "id");
        let state = Lifecycle::new(&lab, "aws_eip_association", json!({"allocation_id": eip, "network_interface_id": one})).run().await;
        assert!(text(&state, "id").starts_with("eipassoc-") && !text(&state, "public_ip").is_empty());
        let planned = lab.plan("aws_eip_association", Some(&state), &json!({"allocation_id": eip, "instance_id": "i-1"})).await.expect("plan");
        assert!(!planned.requires_replace.is_empty());
        let faults = lab.refused("aws_eip_association", json!({"allocation_id": eip})).await;
        assert_eq!(faults[0].summary, "No target");
    }
}
