//! `data "aws_route53_zone"`

use aws_sdk_route53::types::{HostedZone, TagResourceType, VpcRegion};
use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::Explain;
use crate::resource::route53_zone::{Route53Zone as Resource, bare, busy, describe, domain, tags_of};
use crate::tags::Tags;
use crate::{Client, query, view, wait};

/// A DNS zone, by its id, or by its name and what else is known of it.
///
/// ```hcl
/// data "aws_route53_zone" "private" {
///   name         = "vault.internal"
///   private_zone = true
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_route53_zone")]
pub(crate) struct Route53Zone {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// What its maker has called the call that made it.
    #[schema(computed)]
    caller_reference: Option<String>,
    /// What it is for.
    #[schema(computed)]
    comment: Option<String>,
    /// The id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// What the service that made it says.
    #[schema(computed)]
    linked_service_description: Option<String>,
    /// The service that made it.
    #[schema(computed)]
    linked_service_principal: Option<String>,
    /// Domain.
    #[schema(optional, computed)]
    name: Option<String>,
    /// Name servers.
    #[schema(computed)]
    name_servers: Option<Vec<String>>,
    /// The name server that the zone's SOA record names.
    #[schema(computed)]
    primary_name_server: Option<String>,
    /// It is one of VPCs.
    #[schema(optional)]
    private_zone: Option<bool>,
    /// How many record sets it has.
    #[schema(computed)]
    resource_record_set_count: Option<i64>,
    /// Tags that it has to have.
    #[schema(optional, computed)]
    tags: Tags,
    /// A VPC that it answers in.
    #[schema(optional, computed)]
    vpc_id: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    zone_id: Option<String>,
}

fn given(text: &Option<String>) -> Option<&String> {
    text.as_ref().filter(|text| !text.is_empty())
}

impl Route53Zone {
    /// Zones that a listing says may be it.
    async fn listed(&self, client: &Client) -> Result<Vec<HostedZone>, Fault> {
        let private = self.private_zone.unwrap_or(false) || given(&self.vpc_id).is_some();
        let of_kind = |zone: &HostedZone| zone.config.as_ref().is_some_and(|config| config.private_zone) == private;
        let Some(name) = given(&self.name) else {
            let pages = client.route53().list_hosted_zones().into_paginator().items().send();
            let all: Vec<HostedZone> = pages.collect::<Result<_, _>>().await.api("route53:ListHostedZones")?;
            return Ok(all.into_iter().filter(of_kind).collect());
        };
        // Zones of one name stand side by side in the list by name.
        let (mut next_name, mut next_id) = (Some(domain(name)), None);
        let mut found = Vec::new();
        loop {
            let call = client.route53().list_hosted_zones_by_name().set_dns_name(next_name).set_hosted_zone_id(next_id);
            let page = wait::retry(wait::limit(None, 2)?, busy, || async { call.clone().send().await.api("route53:ListHostedZonesByName") }).await?;
            let all = page.hosted_zones.len();
            let fitting: Vec<HostedZone> = page.hosted_zones.into_iter().filter(|zone| domain(&zone.name) == domain(name)).collect();
            let past = fitting.len() < all;
            found.extend(fitting.into_iter().filter(of_kind));
            if past || !page.is_truncated {
                return Ok(found);
            }
            (next_name, next_id) = (page.next_dns_name, page.next_hosted_zone_id);
        }
    }

    /// True when the zone answers in the VPC and has the tags.
    async fn fits(&self, client: &Client, id: &str) -> Result<bool, Fault> {
        if let Some(vpc) = given(&self.vpc_id) {
            let vpcs = describe(client, id).await?.and_then(|zone| zone.vpcs).unwrap_or_default();
            let here = VpcRegion::from(client.region());
            if !vpcs.iter().any(|found| found.vpc_id.as_ref() == Some(vpc) && found.vpc_region.as_ref().is_none_or(|region| *region == here)) {
                return Ok(false);
            }
        }
        let wanted: Vec<_> = self.tags.iter().flatten().collect();
        if wanted.is_empty() {
            return Ok(true);
        }
        let there = tags_of(client, TagResourceType::Hostedzone, id).await?;
        Ok(wanted.into_iter().all(|(key, value)| there.iter().any(|(name, found)| name == key && found == value)))
    }
}

impl DataSource for Route53Zone {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let set = |name: &str| config.get(name).is_some_and(|value| !value.is_null());
        if set("zone_id") && set("name") {
            return vec![Fault::attribute(Path::attr("name"), "Conflicting arguments", "Set either `zone_id`, or `name` and what else is known of the zone.")];
        }
        if !set("zone_id") && !set("name") && !set("tags") && !set("vpc_id") {
            return vec![Fault::error("Missing argument", "Set zone_id, or name, vpc_id or tags.")];
        }
        Vec::new()
    }

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let id = match given(&config.zone_id) {
            Some(id) => bare(id).to_owned(),
            None => {
                let mut fitting = Vec::new();
                for zone in config.listed(client).await? {
                    let id = bare(&zone.id).to_owned();
                    if config.fits(client, &id).await? {
                        fitting.push(id);
                    }
                }
                query::only("zone", fitting)?
            }
        };
        let found = describe(client, &id).await?.and_then(|zone| zone.hosted_zone).ok_or_else(|| view::none("zone"))?;
        let shown = view::of::<Resource, Self>(client, &id, &config).await?.ok_or_else(|| view::none("zone"))?;
        let linked = found.linked_service.as_ref();
        Ok(Self {
            caller_reference: Some(found.caller_reference.clone()),
            linked_service_description: Some(linked.and_then(|service| service.description.clone()).unwrap_or_default()),
            linked_service_principal: Some(linked.and_then(|service| service.service_principal.clone()).unwrap_or_default()),
            private_zone: Some(found.config.as_ref().is_some_and(|config| config.private_zone)),
            resource_record_set_count: Some(found.resource_record_set_count.unwrap_or(0)),
            vpc_id: Some(config.vpc_id.unwrap_or_default()),
            ..shown
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use weir_value::Value;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn by_id_name_vpc_and_tags() {
        let lab = lab().await;
        let vpc = lab.make("aws_vpc", json!({"cidr_block": "10.77.0.0/16"})).await;
        let public = lab.make("aws_route53_zone", json!({"name": "data.example.com", "comment": "public", "tags": {"kind": "public"}})).await;
        let private = lab.make("aws_route53_zone", json!({"name": "data.example.com", "vpc": [{"vpc_id": text(&vpc, "id")}]})).await;
        for (query, zone) in [
            (json!({"zone_id": text(&public, "zone_id")}), &public),
            (json!({"name": "data.example.com."}), &public),
            (json!({"tags": {"kind": "public"}}), &public),
            (json!({"name": "data.example.com", "private_zone": true}), &private),
            (json!({"name": "data.example.com", "vpc_id": text(&vpc, "id")}), &private),
        ] {
            let found = lab.data("aws_route53_zone", query.clone()).await.unwrap_or_else(|faults| panic!("{query}: {faults:?}"));
            for same in ["id", "zone_id", "name", "arn", "comment", "name_servers", "primary_name_server"] {
                assert_eq!(found.get(same), zone.get(same), "{same} of {query}");
            }
            assert_eq!(found.get("tags"), zone.get("tags_all"), "{query}");
        }
        let found = lab.data("aws_route53_zone", json!({"zone_id": text(&private, "zone_id")})).await.expect("zone");
        assert_eq!(found.get("private_zone"), Some(Value::from(true)));
        let faults = lab.data("aws_route53_zone", json!({"name": "none.example.com"})).await.expect_err("missing");
        assert_eq!(faults[0].summary, "No such zone");
    }
}
