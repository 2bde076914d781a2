//! `aws_vpc_ipv4_cidr_block_association`

use aws_sdk_ec2::types::{VpcCidrBlockAssociation, VpcCidrBlockStateCode};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::{ApiError, Explain};
use crate::marker::filter;
use crate::resource::vpc;
use crate::timeouts::timeouts;
use crate::{Client, cidr, plan, wait};

/// A further IPv4 range of a VPC.
///
/// ```hcl
/// resource "aws_vpc_ipv4_cidr_block_association" "pods" {
///   vpc_id     = aws_vpc.main.id
///   cidr_block = "100.64.0.0/16"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_vpc_ipv4_cidr_block_association")]
pub(crate) struct VpcIpv4CidrBlockAssociation {
    /// The range.
    #[schema(optional, computed, force_new)]
    cidr_block: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Pool of IPAM that the range is taken from.
    #[schema(optional, force_new)]
    ipv4_ipam_pool_id: Option<String>,
    /// Length of the prefix of a range from a pool.
    #[schema(optional, force_new)]
    ipv4_netmask_length: Option<i64>,
    /// VPC.
    #[schema(required, force_new)]
    vpc_id: Option<String>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(create, delete);

impl VpcIpv4CidrBlockAssociation {
    /// The association of that id, in the listing of its VPC.
    async fn find(&self, client: &Client) -> Result<Option<VpcCidrBlockAssociation>, Fault> {
        let Some(vpc) = vpc::describe(client, self.vpc_id.as_deref().unwrap_or_default()).await? else { return Ok(None) };
        Ok(vpc.cidr_block_association_set().iter().find(|one| one.association_id() == self.id.as_deref()).cloned())
    }
}

impl Resource for VpcIpv4CidrBlockAssociation {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let mut faults: Vec<Fault> = cidr::check_v4(config, "cidr_block", 16..=28).into_iter().collect();
        let set = |name: &str| config.get(name).is_some_and(|value| !value.is_null());
        if !set("cidr_block") && !set("ipv4_ipam_pool_id") {
            faults.push(Fault::attribute(Path::attr("cidr_block"), "No range", "Set cidr_block, or ipv4_ipam_pool_id to take one from a pool."));
        }
        if set("cidr_block") && set("ipv4_netmask_length") {
            faults.push(Fault::attribute(Path::attr("ipv4_netmask_length"), "Conflicting arguments", "Set either cidr_block or ipv4_netmask_length."));
        }
        faults
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        if let Some(vpc) = plan.planned("vpc_id").as_str() {
            client.ranges().planned(vpc, plan.planned("cidr_block").as_str());
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_ref()), 10)?;
        let call = client
            .ec2()
            .associate_vpc_cidr_block()
            .set_vpc_id(planned.vpc_id.clone())
            .set_cidr_block(planned.cidr_block.clone().filter(|range| !range.is_empty()))
            .set_ipv4_ipam_pool_id(planned.ipv4_ipam_pool_id.clone().filter(|pool| !pool.is_empty()))
            .set_ipv4_netmask_length(planned.ipv4_netmask_length.filter(|length| *length != 0).map(|length| length as i32));
        let answer = call.send().await.api("ec2:AssociateVpcCidrBlock")?;
        let id = answer.cidr_block_association.and_then(|association| association.association_id);
        let id = id.ok_or_else(|| Fault::uncertain("ec2:AssociateVpcCidrBlock failed", "The answer holds no association."))?;
        let created = Self { id: Some(id), ..planned };
        operation.created(&created)?;
        wait::until("the address range", limit, || async {
            let Some(found) = created.find(client).await? else { return Ok(None) };
            let state = found.cidr_block_state();
            match state.and_then(|state| state.state()) {
                Some(VpcCidrBlockStateCode::Associated) => Ok(Some(())),
                Some(VpcCidrBlockStateCode::Failed | VpcCidrBlockStateCode::Failing) => {
                    Err(Fault::error("The range could not be associated", state.and_then(|state| state.status_message()).unwrap_or_default()))
                }
                _ => Ok(None),
            }
        })
        .await?;
        wait::appear("address range", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let found = prior.find(client).await?.filter(|found| {
            let state = found.cidr_block_state().and_then(|state| state.state());
            !matches!(state, Some(VpcCidrBlockStateCode::Disassociated | VpcCidrBlockStateCode::Disassociating | VpcCidrBlockStateCode::Failed))
        });
        Ok(found.map(|found| Self { cidr_block: found.cidr_block, ..prior }))
    }

    async fn update(_client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        // Only the time limits change in place.
        Ok(Self { id: prior.id, ..planned })
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let limit = wait::limit(prior.timeouts.as_ref().and_then(|timeouts| timeouts.delete.as_ref()), 10)?;
        let passing = |error: &ApiError| error.is(&["CannotDisassociateSubnetCidrBlock", "DependencyViolation"]);
        let call = || async { client.ec2().disassociate_vpc_cidr_block().set_association_id(prior.id.clone()).send().await.api("ec2:DisassociateVpcCidrBlock") };
        wait::retry(limit, passing, call).await?;
        wait::until("the address range to go", limit, || async { Ok(Self::read(client, prior.clone()).await?.is_none().then_some(())) }).await
    }

    /// `ASSOCIATION`, or `ASSOCIATION,POOL,LENGTH` for a range from a pool.
    async fn import(client: &Client, id: &str) -> Result<Self, Fault> {
        let mut parts = id.split(',');
        let association = parts.next().unwrap_or_default();
        let call = client.ec2().describe_vpcs().filters(filter("cidr-block-association.association-id", [association]));
        let vpcs = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeVpcs")?;
        let vpc = vpcs.into_iter().find_map(|vpc| vpc.vpc_id).ok_or_else(|| Fault::not_found(format!("There is no association {association}.")))?;
        let pool = parts.next().map(str::to_owned);
        let length = parts.next().map(|length| length.parse::<i64>()).transpose();
        let length = length.map_err(|_| Fault::error("Invalid import id", "Give ASSOCIATION, or ASSOCIATION,POOL,LENGTH with a number as length."))?;
        Ok(Self { id: Some(association.to_owned()), vpc_id: Some(vpc), ipv4_ipam_pool_id: pool, ipv4_netmask_length: length, ..Self::default() })
    }

    /// A range belongs to a VPC only once, so one with the wanted range is the one that was made. What a pool gave cannot be told from others.
    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        let Some(vpc) = vpc::describe(client, planned.vpc_id.as_deref().unwrap_or_default()).await? else { return Ok(None) };
        let wanted = planned.cidr_block.as_deref().map(cidr::canonical);
        let found = vpc.cidr_block_association_set().iter().find(|one| one.cidr_block.is_some() && one.cidr_block == wanted);
        match found {
            Some(found) => Self::read(client, Self { id: found.association_id.clone(), ..planned }).await,
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
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.78.0.0/16"})).await, "id");
        let config = json!({"vpc_id": vpc, "cidr_block": "100.64.0.0/16"});
        let state = Lifecycle::new(&lab, "aws_vpc_ipv4_cidr_block_association", config).run().await;
        assert!(text(&state, "id").starts_with("vpc-cidr-assoc-"));
        let planned = lab.plan("aws_vpc_ipv4_cidr_block_association", Some(&state), &json!({"vpc_id": vpc, "cidr_block": "100.65.0.0/16"})).await.expect("plan");
        assert_eq!(planned.requires_replace.len(), 1);
        let faults = lab.refused("aws_vpc_ipv4_cidr_block_association", json!({"vpc_id": vpc, "cidr_block": "10.0.0.0/8"})).await;
        assert_eq!(faults[0].summary, "Invalid address range");
    }
}
