//! `aws_route53_zone_association`

use std::collections::HashMap;

use aws_sdk_route53::types::{HostedZoneSummary, VpcRegion};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use super::route53_zone::{ZoneVpc, associate, bare, busy, describe, in_sync, remote};
use crate::api::Explain;
use crate::timeouts::timeouts;
use crate::{Client, plan, wait};

/// A further VPC that a private zone answers in.
///
/// The zone then shows a VPC that its own blocks do not have: let it ignore changes of `vpc`.
///
/// ```hcl
/// resource "aws_route53_zone_association" "peer" {
///   zone_id = aws_route53_zone.private.zone_id
///   vpc_id  = aws_vpc.peer.id
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_route53_zone_association")]
pub(crate) struct Route53ZoneAssociation {
    /// Zone and VPC, and the region when it is another one than the provider's.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Account that the zone belongs to.
    #[schema(computed)]
    owning_account: Option<String>,
    /// VPC.
    #[schema(required, force_new)]
    vpc_id: Option<String>,
    /// Its region; the provider's when unset.
    #[schema(optional, computed, force_new)]
    vpc_region: Option<String>,
    /// Zone.
    #[schema(required, force_new)]
    zone_id: Option<String>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(create, delete);

/// The zones that answer in a VPC: one listing for all that ask for the same one. None when the credentials may not ask that of it.
async fn zones(client: &Client, vpc: &ZoneVpc) -> Result<Option<Vec<HostedZoneSummary>>, Fault> {
    let key = (vpc.vpc_id.clone().unwrap_or_default(), vpc.vpc_region.clone().unwrap_or_default());
    client
        .batch("route53 zones of a VPC", 1, key, |client, vpcs: Vec<(String, String)>| async move {
            let mut found = HashMap::new();
            for (vpc, region) in vpcs {
                let (mut all, mut next) = (Vec::new(), None);
                loop {
                    let call = client.route53().list_hosted_zones_by_vpc().vpc_id(&vpc).vpc_region(VpcRegion::from(region.as_str())).set_next_token(next);
                    match wait::retry(wait::limit(None, 2)?, busy, || async { call.clone().send().await.api("route53:ListHostedZonesByVPC") }).await {
                        Ok(page) => {
                            all.extend(page.hosted_zone_summaries);
                            next = page.next_token;
                        }
                        // The VPC of another account.
                        Err(error) if error.code.starts_with("AccessDenied") => break,
                        Err(error) => return Err(error.into()),
                    }
                    if next.is_none() {
                        found.insert((vpc, region), all);
                        break;
                    }
                }
            }
            Ok(found)
        })
        .await
}

impl Route53ZoneAssociation {
    fn zone(&self) -> &str {
        self.zone_id.as_deref().map(bare).unwrap_or_default()
    }

    fn vpc(&self, client: &Client) -> ZoneVpc {
        let region = self.vpc_region.clone().filter(|region| !region.is_empty());
        ZoneVpc { vpc_id: self.vpc_id.clone(), vpc_region: region.or_else(|| Some(client.region().to_owned())) }
    }

    fn with_id(self, client: &Client) -> Self {
        let vpc = self.vpc(client);
        let (zone, id) = (self.zone().to_owned(), vpc.vpc_id.unwrap_or_default());
        let full = match vpc.vpc_region.as_deref() {
            Some(region) if region != client.region() => format!("{zone}:{id}:{region}"),
            _ => format!("{zone}:{id}"),
        };
        Self { id: Some(full), vpc_region: vpc.vpc_region, ..self }
    }
}

impl Resource for Route53ZoneAssociation {
    type Client = Client;

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        if plan.creating() && plan.config("vpc_region").is_null() {
            plan.set("vpc_region", Value::from(client.region()));
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_ref()), 30)?;
        let created = planned.with_id(client);
        associate(client, created.zone(), &created.vpc(client), limit).await?;
        operation.created(&created)?;
        wait::appear("VPC of the zone", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let vpc = prior.vpc(client);
        let owner = match zones(client, &vpc).await {
            Ok(Some(found)) => found.into_iter().find(|zone| zone.hosted_zone_id == prior.zone()).map(|zone| {
                let owner = zone.owner;
                owner.and_then(|owner| owner.owning_account.or(owner.owning_service)).unwrap_or_default()
            }),
            Ok(None) => {
                let vpcs = describe(client, prior.zone()).await?.and_then(|zone| zone.vpcs).unwrap_or_default();
                let here = |found: &aws_sdk_route53::types::Vpc| {
                    found.vpc_id == vpc.vpc_id && found.vpc_region.as_ref().map(|region| region.as_str()) == vpc.vpc_region.as_deref()
                };
                let owner = prior.owning_account.clone().unwrap_or_default();
                vpcs.iter().any(here).then_some(owner)
            }
            Err(fault) if fault.not_found || fault.detail.contains("InvalidVPCId") => None,
            Err(fault) => return Err(fault),
        };
        Ok(owner.map(|owner| Self { owning_account: Some(owner), ..prior.with_id(client) }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        // Only the time limits can change.
        let found = Self::read(client, Self { id: prior.id, ..planned.clone() }).await?;
        found.ok_or_else(|| Fault::not_found("The zone does not answer in the VPC any more."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let limit = wait::limit(prior.timeouts.as_ref().and_then(|timeouts| timeouts.delete.as_ref()), 30)?;
        let call = client.route53().disassociate_vpc_from_hosted_zone().hosted_zone_id(prior.zone()).vpc(remote(&prior.vpc(client)));
        let gone = |code: &crate::api::ApiError| code.not_found() || code.is(&["VPCAssociationNotFound", "InvalidVPCId"]);
        match wait::retry(limit, busy, || async { call.clone().send().await.api("route53:DisassociateVPCFromHostedZone") }).await {
            Ok(done) => in_sync(client, done.change_info.map(|info| info.id), limit).await,
            Err(error) if gone(&error) => Ok(()),
            // The last VPC of a zone stays, unless it is none of this zone.
            Err(error) if error.is(&["LastVPCAssociation"]) && Self::read(client, prior.clone()).await?.is_none() => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let parts: Vec<&str> = id.split(':').collect();
        let (zone, vpc, region) = match parts[..] {
            [zone, vpc] => (zone, vpc, None),
            [zone, vpc, region] => (zone, vpc, Some(region.to_owned())),
            _ => return Err(Fault::error("Invalid import id", format!("\"{id}\" should be ZONE:VPC, or ZONE:VPC:REGION."))),
        };
        Ok(Self { id: Some(id.to_owned()), zone_id: Some(zone.to_owned()), vpc_id: Some(vpc.to_owned()), vpc_region: region, ..Self::default() })
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        Self::read(client, planned).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let own = text(&lab.make("aws_vpc", json!({"cidr_block": "10.78.0.0/16"})).await, "id");
        let peer = text(&lab.make("aws_vpc", json!({"cidr_block": "10.79.0.0/16"})).await, "id");
        let zone = text(&lab.make("aws_route53_zone", json!({"name": "association.internal", "vpc": [{"vpc_id": own}]})).await, "zone_id");
        let state = Lifecycle::new(&lab, "aws_route53_zone_association", json!({"zone_id": zone, "vpc_id": peer})).run().await;
        assert_eq!((text(&state, "id"), text(&state, "vpc_region")), (format!("{zone}:{peer}"), "eu-central-1".into()));
        assert_eq!(text(&state, "owning_account"), "123456789012");
        let far = lab.make("aws_route53_zone_association", json!({"zone_id": zone, "vpc_id": peer, "vpc_region": "eu-west-1"})).await;
        assert_eq!(text(&far, "id"), format!("{zone}:{peer}:eu-west-1"));
    }
}
