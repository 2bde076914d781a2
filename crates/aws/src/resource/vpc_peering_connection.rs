//! `aws_vpc_peering_connection`

use std::time::Duration;

use aws_sdk_ec2::types::{
    PeeringConnectionOptionsRequest, ResourceType, VpcPeeringConnection as Remote, VpcPeeringConnectionOptionsDescription, VpcPeeringConnectionStateReasonCode as Code,
};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::{ApiError, Explain, ignore_gone};
use crate::marker;
use crate::tags::{self, Tags};
use crate::timeouts::timeouts;
use crate::{Client, plan, wait};

/// A private way between two VPCs.
///
/// ```hcl
/// resource "aws_vpc_peering_connection" "shared" {
///   vpc_id      = aws_vpc.main.id
///   peer_vpc_id = aws_vpc.shared.id
///   auto_accept = true
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_vpc_peering_connection")]
pub(crate) struct VpcPeeringConnection {
    /// State of the connection.
    #[schema(computed)]
    accept_status: Option<String>,
    /// Accept it too: both VPCs belong to this account and region.
    #[schema(optional)]
    auto_accept: Option<bool>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Account of the other VPC.
    #[schema(optional, computed, force_new)]
    peer_owner_id: Option<String>,
    /// Region of the other VPC.
    #[schema(optional, computed, force_new)]
    peer_region: Option<String>,
    /// The other VPC.
    #[schema(required, force_new)]
    peer_vpc_id: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// VPC.
    #[schema(required, force_new)]
    vpc_id: Option<String>,
    /// What the accepting VPC allows.
    #[schema(block, max = 1, computed)]
    accepter: Vec<PeeringOptions>,
    /// What the requesting VPC allows.
    #[schema(block, max = 1, computed)]
    requester: Vec<PeeringOptions>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(create, delete, update);

/// What the accepting VPC allows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct PeeringOptions {
    /// Public names of the other VPC's instances resolve to private addresses.
    #[schema(optional)]
    allow_remote_vpc_dns_resolution: Option<bool>,
}

async fn describe(client: &Client, id: &str) -> Result<Option<Remote>, Fault> {
    client
        .batch("ec2 peering", 150, id.to_owned(), |client, ids: Vec<String>| async move {
            let pages = client.ec2().describe_vpc_peering_connections().set_vpc_peering_connection_ids(Some(ids)).into_paginator().items().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeVpcPeeringConnections")?;
            Ok(found.into_iter().filter_map(|peering| Some((peering.vpc_peering_connection_id.clone()?, peering))).collect())
        })
        .await
}

fn code(remote: &Remote) -> Option<&Code> {
    remote.status().and_then(|status| status.code())
}

/// True when it is there, or could come to be.
fn alive(remote: &Remote) -> bool {
    !matches!(code(remote), Some(Code::Deleted | Code::Deleting | Code::Expired | Code::Failed | Code::Rejected))
}

fn options(remote: Option<&VpcPeeringConnectionOptionsDescription>) -> Vec<PeeringOptions> {
    remote.map(|options| PeeringOptions { allow_remote_vpc_dns_resolution: Some(options.allow_dns_resolution_from_remote_vpc.unwrap_or(false)) }).into_iter().collect()
}

impl VpcPeeringConnection {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    async fn wait(client: &Client, id: &str, limit: Duration) -> Result<Remote, Fault> {
        wait::until("the peering connection", limit, || async {
            let Some(found) = describe(client, id).await? else { return Ok(None) };
            match code(&found) {
                Some(Code::Active | Code::PendingAcceptance) => Ok(Some(found)),
                _ if !alive(&found) => {
                    let why = found.status().and_then(|status| status.message()).unwrap_or_default();
                    Err(Fault::error(
                        "The peering connection failed",
                        format!("{why} Check that the ranges of the VPCs do not overlap, and account and region of the other VPC."),
                    ))
                }
                _ => Ok(None),
            }
        })
        .await
    }

    /// Accepts it when that is wanted and needed.
    async fn accept(&self, client: &Client, limit: Duration) -> Result<(), Fault> {
        let found = Self::wait(client, self.id(), limit).await?;
        if self.auto_accept == Some(true) && code(&found) == Some(&Code::PendingAcceptance) {
            let call = client.ec2().accept_vpc_peering_connection().vpc_peering_connection_id(self.id());
            let done = wait::retry(limit, |error: &ApiError| error.not_found(), || async { call.clone().send().await.api("ec2:AcceptVpcPeeringConnection") }).await;
            done.map_err(|error| {
                let fault = Fault::from(error);
                let detail = format!("{} Only a VPC of the same account and region can be accepted by auto_accept; else the other side accepts.", fault.detail);
                Fault { detail, ..fault }
            })?;
            wait::until("the peering connection to be active", limit, || async {
                Ok(describe(client, self.id()).await?.filter(|found| code(found) == Some(&Code::Active)).map(drop))
            })
            .await?;
        }
        Ok(())
    }

    /// Sets the options that are written and differ from what was there.
    async fn set_options(&self, client: &Client, prior: Option<&Self>) -> Result<(), Fault> {
        let wanted = |blocks: &[PeeringOptions], before: Option<&Vec<PeeringOptions>>| {
            let allowed = |blocks: &[PeeringOptions]| blocks.first().is_some_and(|options| options.allow_remote_vpc_dns_resolution == Some(true));
            let before = before.is_some_and(|before| allowed(before));
            let now = allowed(blocks);
            (now != before).then(|| PeeringConnectionOptionsRequest::builder().allow_dns_resolution_from_remote_vpc(now).build())
        };
        let accepter = wanted(&self.accepter, prior.map(|prior| &prior.accepter));
        let requester = wanted(&self.requester, prior.map(|prior| &prior.requester));
        if accepter.is_some() || requester.is_some() {
            let call = client.ec2().modify_vpc_peering_connection_options().vpc_peering_connection_id(self.id());
            let call = call.set_accepter_peering_connection_options(accepter).set_requester_peering_connection_options(requester);
            call.send().await.api("ec2:ModifyVpcPeeringConnectionOptions")?;
        }
        Ok(())
    }
}

impl Resource for VpcPeeringConnection {
    type Client = Client;
    const MARKED: bool = true;

    fn validate(config: &Value) -> Vec<Fault> {
        let accepts = config.get("auto_accept").is_some_and(|value| value == Value::from(true));
        if accepts && config.get("peer_region").is_some_and(|value| !value.is_null()) {
            let detail = "A VPC of another region is accepted there: leave out auto_accept, or peer_region when it is this region.";
            return vec![Fault::attribute(Path::attr("auto_accept"), "Conflicting arguments", detail)];
        }
        Vec::new()
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        if !plan.creating() && plan.changed("auto_accept") && plan.prior("accept_status").as_str() != Some("active") {
            plan.unknown("accept_status");
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_ref()), 1)?;
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let call = client
            .ec2()
            .create_vpc_peering_connection()
            .set_vpc_id(planned.vpc_id.clone())
            .set_peer_vpc_id(planned.peer_vpc_id.clone())
            .set_peer_owner_id(given(&planned.peer_owner_id))
            .set_peer_region(given(&planned.peer_region))
            .tag_specifications(client.new_tags(ResourceType::VpcPeeringConnection, &planned.tags, operation.token));
        let answer = call.send().await.api("ec2:CreateVpcPeeringConnection")?;
        let id = answer.vpc_peering_connection.and_then(|peering| peering.vpc_peering_connection_id);
        let id = id.ok_or_else(|| Fault::uncertain("ec2:CreateVpcPeeringConnection failed", "The answer holds no connection."))?;
        let created = Self { id: Some(id), ..planned };
        operation.created(&created)?;
        created.accept(client, limit).await?;
        created.set_options(client, None).await?;
        wait::appear("peering connection", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(peering) = describe(client, prior.id()).await?.filter(alive) else { return Ok(None) };
        let (tags, tags_all) = client.tag_rules().read(tags::of_ec2(peering.tags()), &prior.tags);
        let (asks, accepts) = (peering.requester_vpc_info(), peering.accepter_vpc_info());
        // Who accepts a connection that another account has asked for is the peer of this one.
        let account = client.account().await?;
        let turned = accepts.is_some_and(|accepts| accepts.owner_id() == Some(account)) && asks.is_some_and(|asks| asks.owner_id() != Some(account));
        let (own, peer) = if turned { (accepts, asks) } else { (asks, accepts) };
        Ok(Some(Self {
            accept_status: code(&peering).map(|code| code.as_str().to_owned()),
            auto_accept: prior.auto_accept,
            id: prior.id,
            peer_owner_id: peer.and_then(|peer| peer.owner_id.clone()),
            peer_region: peer.and_then(|peer| peer.region.clone()),
            peer_vpc_id: peer.and_then(|peer| peer.vpc_id.clone()),
            tags,
            tags_all,
            vpc_id: own.and_then(|own| own.vpc_id.clone()),
            accepter: options(accepts.and_then(|accepts| accepts.peering_options())),
            requester: options(asks.and_then(|asks| asks.peering_options())),
            timeouts: prior.timeouts,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.update.as_ref()), 1)?;
        let planned = Self { id: prior.id.clone(), ..planned };
        planned.accept(client, limit).await?;
        planned.set_options(client, Some(&prior)).await?;
        client.retag(prior.id(), &prior.tags_all, &planned.tags).await?;
        Self::read(client, planned).await?.ok_or_else(|| Fault::not_found("The peering connection is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let limit = wait::limit(prior.timeouts.as_ref().and_then(|timeouts| timeouts.delete.as_ref()), 1)?;
        let done = client.ec2().delete_vpc_peering_connection().vpc_peering_connection_id(prior.id()).send().await.api("ec2:DeleteVpcPeeringConnection");
        match done {
            // One that was rejected or has failed cannot be deleted, and goes by itself.
            Err(error) if error.is(&["InvalidStateTransition"]) && error.message.contains("state") => return Ok(()),
            done => ignore_gone(done)?,
        }
        wait::until("the peering connection to go", limit, || async { Ok(describe(client, prior.id()).await?.is_none_or(|peering| !alive(&peering)).then_some(())) })
            .await
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        let Some(id) = marker::find(client, "pcx", token).await? else { return Ok(None) };
        let found = Self { id: Some(id), ..planned };
        found.accept(client, wait::limit(None, 1)?).await?;
        let there = Self::read(client, found.clone()).await?;
        found.set_options(client, there.as_ref()).await?;
        Self::read(client, found).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let a = text(&lab.make("aws_vpc", json!({"cidr_block": "10.82.0.0/16"})).await, "id");
        let b = text(&lab.make("aws_vpc", json!({"cidr_block": "10.83.0.0/16"})).await, "id");
        let config = json!({"vpc_id": a, "peer_vpc_id": b, "auto_accept": true});
        let mut resolving = config.clone();
        resolving["requester"] = json!([{"allow_remote_vpc_dns_resolution": true}]);
        let mut tagged = resolving.clone();
        tagged["tags"] = json!({"Name": "ab"});
        let state = Lifecycle::new(&lab, "aws_vpc_peering_connection", config).update(resolving).update(tagged).import_ignores(&["auto_accept"]).run().await;
        assert_eq!(text(&state, "accept_status"), "active");
        let planned = lab.plan("aws_vpc_peering_connection", Some(&state), &json!({"vpc_id": b, "peer_vpc_id": a})).await.expect("plan");
        assert_eq!(planned.requires_replace.len(), 2);
        let faults = lab.refused("aws_vpc_peering_connection", json!({"vpc_id": a, "peer_vpc_id": b, "auto_accept": true, "peer_region": "eu-west-1"})).await;
        assert_eq!(faults[0].summary, "Conflicting arguments");
    }

    #[tokio::test]
    async fn accepted_later() {
        let lab = lab().await;
        let a = text(&lab.make("aws_vpc", json!({"cidr_block": "10.84.0.0/16"})).await, "id");
        let b = text(&lab.make("aws_vpc", json!({"cidr_block": "10.85.0.0/16"})).await, "id");
        let state = lab.make("aws_vpc_peering_connection", json!({"vpc_id": a, "peer_vpc_id": b})).await;
        assert_eq!(text(&state, "accept_status"), "pending-acceptance");
        let state = lab.change("aws_vpc_peering_connection", &state, &json!({"vpc_id": a, "peer_vpc_id": b, "auto_accept": true})).await;
        assert_eq!(text(&state, "accept_status"), "active");
    }
}
