//! `aws_route53_zone`

use std::collections::{BTreeMap, HashMap, HashSet};

use aws_sdk_route53::operation::get_hosted_zone::GetHostedZoneOutput;
use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ChangeStatus, HostedZoneConfig, ResourceRecordSet, RrType, Tag, TagResourceType, Vpc, VpcRegion};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::{ApiError, Explain};
use crate::tags::{self, Tags};
use crate::timeouts::timeouts;
use crate::{Client, plan, wait};

/// A DNS zone, public or of VPCs.
///
/// ```hcl
/// resource "aws_route53_zone" "private" {
///   name = "vault.internal"
///   vpc {
///     vpc_id = aws_vpc.main.id
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_route53_zone")]
pub(crate) struct Route53Zone {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// What it is for.
    #[schema(optional, default = "Managed by Terraform")]
    comment: Option<String>,
    /// Set of name servers to use; not for a private zone.
    #[schema(optional, force_new)]
    delegation_set_id: Option<String>,
    /// Deletes the records with the zone.
    #[schema(optional, default = false)]
    force_destroy: Option<bool>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Domain.
    #[schema(required, force_new)]
    name: Option<String>,
    /// Name servers, sorted.
    #[schema(computed)]
    name_servers: Option<Vec<String>>,
    /// The name server that the zone's SOA record names.
    #[schema(computed)]
    primary_name_server: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// Id.
    #[schema(computed)]
    zone_id: Option<String>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
    /// VPCs that the zone answers in; it is private then.
    #[schema(block, set)]
    vpc: Vec<ZoneVpc>,
}

/// A VPC that the zone answers in.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ZoneVpc {
    /// VPC.
    #[schema(required)]
    pub(crate) vpc_id: Option<String>,
    /// Its region; the provider's when unset.
    #[schema(optional, computed)]
    pub(crate) vpc_region: Option<String>,
}

timeouts!(create, update, delete);

/// An id without the `/hostedzone/` that the API puts before it.
pub(crate) fn bare(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// A domain as it is compared: lower case, no dot at the end.
pub(crate) fn domain(name: &str) -> String {
    name.trim_end_matches('.').to_lowercase()
}

/// Route 53 allows one change of a zone at a time, and five requests a second.
pub(crate) fn busy(error: &ApiError) -> bool {
    error.throttled() || error.is(&["ConflictingDomainExists"]) && error.message.contains("try again")
}

/// Waits until all name servers have a change.
pub(crate) async fn in_sync(client: &Client, change: Option<String>, limit: std::time::Duration) -> Result<(), Fault> {
    let Some(change) = change else { return Ok(()) };
    wait::until("the name servers to take the change", limit, || async {
        match client.route53().get_change().id(bare(&change)).send().await.api("route53:GetChange") {
            Ok(answer) => Ok(answer.change_info.is_some_and(|info| info.status == ChangeStatus::Insync).then_some(())),
            Err(error) if busy(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    })
    .await
}

/// Sends changes of a zone, and waits until all name servers have them.
pub(crate) async fn change(client: &Client, zone: &str, changes: Vec<Change>, limit: std::time::Duration) -> Result<(), Fault> {
    let batch = ChangeBatch::builder().set_changes(Some(changes)).build().map_err(|error| Fault::error("route53:ChangeResourceRecordSets failed", error.to_string()))?;
    let answer = wait::retry(limit, busy, || async {
        client.route53().change_resource_record_sets().hosted_zone_id(zone).change_batch(batch.clone()).send().await.api("route53:ChangeResourceRecordSets")
    })
    .await?;
    in_sync(client, answer.change_info.map(|info| info.id), limit).await
}

/// All records of a zone: one listing for all that ask for the same zone.
pub(crate) async fn records(client: &Client, zone: &str) -> Result<Option<Vec<ResourceRecordSet>>, Fault> {
    client
        .batch("route53 records", 1, zone.to_owned(), |client, zones: Vec<String>| async move {
            let mut found = HashMap::new();
            for zone in zones {
                let mut all = Vec::new();
                let (mut name, mut kind, mut identifier) = (None, None, None);
                loop {
                    let call = client.route53().list_resource_record_sets().hosted_zone_id(&zone).max_items(300);
                    let call = call.set_start_record_name(name).set_start_record_type(kind).set_start_record_identifier(identifier);
                    let page = wait::retry(wait::limit(None, 2)?, busy, || async { call.clone().send().await.api("route53:ListResourceRecordSets") }).await?;
                    all.extend(page.resource_record_sets);
                    if !page.is_truncated {
                        break;
                    }
                    (name, kind, identifier) = (page.next_record_name, page.next_record_type, page.next_record_identifier);
                }
                found.insert(zone, all);
            }
            Ok(found)
        })
        .await
}

pub(crate) async fn describe(client: &Client, id: &str) -> Result<Option<GetHostedZoneOutput>, Fault> {
    client
        .batch("route53 zone", 1, id.to_owned(), |client, ids: Vec<String>| async move {
            let mut found = HashMap::new();
            for id in ids {
                let zone =
                    wait::retry(wait::limit(None, 2)?, busy, || async { client.route53().get_hosted_zone().id(&id).send().await.api("route53:GetHostedZone") }).await?;
                found.insert(id, zone);
            }
            Ok(found)
        })
        .await
}

/// Tags, ten objects per call.
pub(crate) async fn tags_of(client: &Client, kind: TagResourceType, id: &str) -> Result<Vec<(String, String)>, Fault> {
    let group = if kind == TagResourceType::Hostedzone { "route53 zone tags" } else { "route53 health check tags" };
    let found = client
        .batch(group, 10, id.to_owned(), move |client, ids: Vec<String>| {
            let call = client.route53().list_tags_for_resources().resource_type(kind.clone()).set_resource_ids(Some(ids));
            async move {
                let answer = call.send().await.api("route53:ListTagsForResources")?;
                let sets = answer.resource_tag_sets.into_iter().filter_map(|set| {
                    let tags = set.tags.unwrap_or_default().into_iter().map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()));
                    Some((set.resource_id?, tags.collect::<Vec<_>>()))
                });
                Ok(sets.collect())
            }
        })
        .await?;
    Ok(found.unwrap_or_default())
}

/// Route 53 takes twenty tags to add and remove at once.
pub(crate) async fn retag(client: &Client, kind: TagResourceType, id: &str, before: &Tags, after: &BTreeMap<String, String>) -> Result<(), Fault> {
    let (set, removed) = tags::difference(before.as_ref().unwrap_or(&BTreeMap::new()), after);
    let set: Vec<Tag> = set.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    let calls = removed.chunks(20).map(|removed| (Vec::new(), removed.to_vec())).chain(set.chunks(20).map(|set| (set.to_vec(), Vec::new())));
    for (set, removed) in calls {
        let call = client.route53().change_tags_for_resource().resource_type(kind.clone()).resource_id(id);
        let call = call.set_add_tags(Some(set).filter(|set| !set.is_empty())).set_remove_tag_keys(Some(removed).filter(|removed| !removed.is_empty()));
        wait::retry(wait::limit(None, 2)?, busy, || async { call.clone().send().await.api("route53:ChangeTagsForResource") }).await?;
    }
    Ok(())
}

impl Route53Zone {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// The VPCs with their regions.
    fn vpcs(&self, client: &Client) -> Vec<ZoneVpc> {
        let with_region = |vpc: &ZoneVpc| ZoneVpc {
            vpc_region: vpc.vpc_region.clone().filter(|region| !region.is_empty()).or_else(|| Some(client.region().to_owned())),
            ..vpc.clone()
        };
        self.vpc.iter().map(with_region).collect()
    }
}

pub(crate) fn remote(vpc: &ZoneVpc) -> Vpc {
    Vpc::builder().set_vpc_id(vpc.vpc_id.clone()).set_vpc_region(vpc.vpc_region.as_deref().map(VpcRegion::from)).build()
}

pub(crate) async fn associate(client: &Client, zone: &str, vpc: &ZoneVpc, limit: std::time::Duration) -> Result<(), Fault> {
    let call = client.route53().associate_vpc_with_hosted_zone().hosted_zone_id(zone).vpc(remote(vpc));
    let done = wait::retry(limit, busy, || async { call.clone().send().await.api("route53:AssociateVPCWithHostedZone") }).await?;
    in_sync(client, done.change_info.map(|info| info.id), limit).await
}

impl Resource for Route53Zone {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let delegated = config.get("delegation_set_id").is_some_and(|value| !value.is_null());
        let private = config.get("vpc").is_some_and(|vpcs| vpcs.length().is_some_and(|count| count > 0));
        if delegated && private {
            return vec![Fault::attribute(Path::attr("delegation_set_id"), "Conflicting arguments", "A private zone (one with `vpc`) has no delegation set.")];
        }
        Vec::new()
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        plan.suppress("name", |a, b| a.as_str().map(domain) == b.as_str().map(domain));
        // A zone is public or private for its life.
        let count = |value: Value| value.length().unwrap_or(0);
        if !plan.creating() && plan.changed("vpc") && plan.planned("vpc").is_known() && (count(plan.prior("vpc")) == 0) != (count(plan.planned("vpc")) == 0) {
            plan.force_new("vpc");
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_ref()), 30)?;
        let vpcs = planned.vpcs(client);
        let (first, others) = vpcs.split_first().map_or((None, &[][..]), |(first, others)| (Some(first), others));
        let config = HostedZoneConfig::builder().set_comment(planned.comment.clone()).private_zone(first.is_some()).build();
        let call = client
            .route53()
            .create_hosted_zone()
            .set_name(planned.name.clone())
            .caller_reference(operation.token)
            .hosted_zone_config(config)
            .set_delegation_set_id(planned.delegation_set_id.clone().filter(|id| !id.is_empty()))
            .set_vpc(first.map(remote));
        let answer = wait::retry(limit, busy, || async { call.clone().send().await.api("route53:CreateHostedZone") }).await?;
        let id =
            answer.hosted_zone.map(|zone| bare(&zone.id).to_owned()).ok_or_else(|| Fault::uncertain("route53:CreateHostedZone failed", "The answer holds no zone."))?;
        let created = Self { id: Some(id.clone()), ..planned };
        operation.created(&created)?;
        in_sync(client, answer.change_info.map(|info| info.id), limit).await?;
        for vpc in others {
            associate(client, &id, vpc, limit).await?;
        }
        retag(client, TagResourceType::Hostedzone, &id, &None, &client.tag_rules().all(&created.tags)).await?;
        wait::appear("zone", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let id = bare(prior.id()).to_owned();
        let zone = id.as_str();
        let needed = |wanted: bool| async move { if wanted { records(client, zone).await } else { Ok(None) } };
        // A zone with VPCs is a private one. All is asked at once, so that the records of the zone are listed once for it and them.
        let expected = !prior.vpc.is_empty() || prior.primary_name_server.is_none();
        let (found, listed, mut all) = tokio::try_join!(describe(client, &id), tags_of(client, TagResourceType::Hostedzone, &id), needed(expected))?;
        let Some(found) = found else { return Ok(None) };
        let Some(zone) = found.hosted_zone else { return Ok(None) };
        let private = zone.config.as_ref().is_some_and(|config| config.private_zone);
        if private && !expected {
            all = needed(true).await?;
        }
        let apex = |kind: RrType| {
            let set = all.iter().flatten().find(|set| set.r#type == kind && domain(&set.name) == domain(&zone.name));
            set.map(|set| set.resource_records().iter().map(|record| record.value().to_owned()).collect::<Vec<_>>()).unwrap_or_default()
        };
        let mut servers = found.delegation_set.as_ref().map(|set| set.name_servers.clone()).unwrap_or_default();
        if private || servers.is_empty() {
            servers = apex(RrType::Ns);
        }
        servers = servers.iter().map(|server| server.trim_end_matches('.').to_owned()).collect();
        servers.sort();
        let soa = apex(RrType::Soa).first().and_then(|record| record.split_whitespace().next().map(|server| server.trim_end_matches('.').to_owned()));
        let primary = soa.or_else(|| prior.primary_name_server.clone()).or_else(|| servers.first().cloned()).unwrap_or_default();
        let (tags, tags_all) = client.tag_rules().read(listed, &prior.tags);
        let mut vpc: Vec<ZoneVpc> = found
            .vpcs
            .unwrap_or_default()
            .into_iter()
            .map(|vpc| ZoneVpc { vpc_id: vpc.vpc_id, vpc_region: vpc.vpc_region.map(|region| region.as_str().to_owned()) })
            .collect();
        vpc.sort();
        let name = prior.name.filter(|name| domain(name) == domain(&zone.name)).unwrap_or_else(|| zone.name.trim_end_matches('.').to_owned());
        let set = found.delegation_set.and_then(|set| set.id).map(|id| bare(&id).to_owned()).filter(|id| !id.is_empty());
        Ok(Some(Self {
            arn: Some(format!("arn:{}:route53:::hostedzone/{id}", client.partition())),
            comment: Some(zone.config.and_then(|config| config.comment).unwrap_or_default()),
            delegation_set_id: set.or_else(|| prior.delegation_set_id.filter(String::is_empty)),
            force_destroy: prior.force_destroy.or(Some(false)),
            name: Some(name),
            name_servers: Some(servers),
            primary_name_server: Some(primary),
            tags,
            tags_all,
            zone_id: Some(id.clone()),
            id: Some(id),
            timeouts: prior.timeouts,
            vpc,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.update.as_ref()), 30)?;
        let planned = Self { id: prior.id.clone(), ..planned };
        let id = planned.id();
        if planned.comment != prior.comment {
            let call = client.route53().update_hosted_zone_comment().id(id).comment(planned.comment.clone().unwrap_or_default());
            wait::retry(limit, busy, || async { call.clone().send().await.api("route53:UpdateHostedZoneComment") }).await?;
        }
        let (before, after) = (prior.vpcs(client), planned.vpcs(client));
        // The last VPC cannot be taken from a private zone: new ones come first.
        for vpc in after.iter().filter(|vpc| !before.contains(vpc)) {
            associate(client, id, vpc, limit).await?;
        }
        for vpc in before.iter().filter(|vpc| !after.contains(vpc)) {
            let call = client.route53().disassociate_vpc_from_hosted_zone().hosted_zone_id(id).vpc(remote(vpc));
            match wait::retry(limit, busy, || async { call.clone().send().await.api("route53:DisassociateVPCFromHostedZone") }).await {
                Err(error) if error.is(&["VPCAssociationNotFound"]) => {}
                done => in_sync(client, done?.change_info.map(|info| info.id), limit).await?,
            }
        }
        retag(client, TagResourceType::Hostedzone, id, &prior.tags_all, &client.tag_rules().all(&planned.tags)).await?;
        Self::read(client, planned).await?.ok_or_else(|| Fault::not_found("The zone is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let limit = wait::limit(prior.timeouts.as_ref().and_then(|timeouts| timeouts.delete.as_ref()), 30)?;
        let id = prior.id();
        if prior.force_destroy == Some(true) {
            let apex = prior.name.as_deref().map(domain);
            let own = |set: &ResourceRecordSet| matches!(set.r#type, RrType::Ns | RrType::Soa) && Some(domain(&set.name)) == apex;
            let sets = records(client, id).await?.unwrap_or_default();
            let delete = |set| Change::builder().action(ChangeAction::Delete).resource_record_set(set).build().ok();
            let deletions: Vec<Change> = sets.into_iter().filter(|set| !own(set)).filter_map(delete).collect();
            for deletions in deletions.chunks(100) {
                change(client, id, deletions.to_vec(), limit).await?;
            }
        }
        let answer = wait::retry(limit, busy, || async { client.route53().delete_hosted_zone().id(id).send().await.api("route53:DeleteHostedZone") }).await;
        let answer = answer.map_err(|error| {
            let full = error.is(&["HostedZoneNotEmpty"]);
            let mut fault = Fault::from(error);
            if full {
                fault.detail.push_str(" It holds records that are in no configuration: delete them, or set force_destroy = true and apply that first.");
            }
            fault
        })?;
        in_sync(client, answer.change_info.map(|info| info.id), limit).await
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        // The caller reference of the zone is the token.
        let wanted = planned.name.as_deref().map(domain).unwrap_or_default();
        let (mut name, mut id, mut seen) = (Some(wanted.clone()), None, HashSet::new());
        loop {
            let page = client.route53().list_hosted_zones_by_name().set_dns_name(name).set_hosted_zone_id(id).send().await.api("route53:ListHostedZonesByName")?;
            if let Some(zone) = page.hosted_zones().iter().find(|zone| zone.caller_reference == token) {
                return Self::read(client, Self { id: Some(bare(&zone.id).to_owned()), ..planned }).await;
            }
            let past = page.hosted_zones().iter().any(|zone| domain(&zone.name) != wanted);
            if past || !page.is_truncated || !seen.insert((page.next_dns_name.clone(), page.next_hosted_zone_id.clone())) {
                return Ok(None);
            }
            (name, id) = (page.next_dns_name, page.next_hosted_zone_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn private() {
        let lab = lab().await;
        let (one, two) = (lab.make("aws_vpc", json!({"cidr_block": "10.40.0.0/16"})).await, lab.make("aws_vpc", json!({"cidr_block": "10.41.0.0/16"})).await);
        let config = |vpcs: &[&weir_value::Value], comment: &str| json!({"name": "life.internal", "comment": comment, "vpc": vpcs.iter().map(|vpc| json!({"vpc_id": text(vpc, "id")})).collect::<Vec<_>>()});
        let state = Lifecycle::new(&lab, "aws_route53_zone", config(&[&one], "one")).update(config(&[&one, &two], "two")).update(config(&[&two], "two")).run().await;
        assert_eq!(state.get("vpc").and_then(|vpcs| vpcs.length()), Some(1));
    }

    #[tokio::test]
    async fn public() {
        let lab = lab().await;
        let state = Lifecycle::new(&lab, "aws_route53_zone", json!({"name": "life.example.org"}))
            .update(json!({"name": "Life.example.org.", "tags": {"a": "b"}}))
            .update(json!({"name": "life.example.org", "tags": {"c": "d"}}))
            .run()
            .await;
        assert_eq!(text(&state, "arn"), format!("arn:aws:route53:::hostedzone/{}", text(&state, "id")));
        assert!(!text(&state, "primary_name_server").is_empty());
    }

    #[tokio::test]
    async fn full_zone() {
        let lab = lab().await;
        let zone = lab.make("aws_route53_zone", json!({"name": "full.example.org", "force_destroy": true})).await;
        let record = lab.make("aws_route53_record", json!({"zone_id": text(&zone, "id"), "name": "www", "type": "A", "ttl": 60, "records": ["192.0.2.1"]})).await;
        lab.delete("aws_route53_zone", &zone).await;
        assert!(lab.read("aws_route53_zone", &zone).await.is_none());
        assert!(lab.read("aws_route53_record", &record).await.is_none());
    }
}
