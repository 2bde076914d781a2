//! `aws_route53_record`

use std::time::Duration;

use aws_sdk_route53::types::{
    AliasTarget, Change, ChangeAction, CidrRoutingConfig, Coordinates, GeoLocation, GeoProximityLocation, ResourceRecord, ResourceRecordSet, ResourceRecordSetFailover,
    ResourceRecordSetRegion, RrType,
};
use aws_smithy_types::error::operation::BuildError;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use super::route53_zone::{bare, change, domain, records};
use crate::timeouts::timeouts;
use crate::{Client, plan, unset, wait};

/// Records of one name and type.
///
/// ```hcl
/// resource "aws_route53_record" "vault" {
///   zone_id = aws_route53_zone.private.zone_id
///   name    = "vault"
///   type    = "A"
///   alias {
///     name                   = aws_lb.vault.dns_name
///     zone_id                = aws_lb.vault.zone_id
///     evaluate_target_health = true
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_route53_record", version = 2)]
pub(crate) struct Route53Record {
    /// Records that are there already are overwritten.
    #[schema(optional, computed)]
    allow_overwrite: Option<bool>,
    /// Whole name.
    #[schema(computed)]
    fqdn: Option<String>,
    /// Health check that the records depend on.
    #[schema(optional)]
    health_check_id: Option<String>,
    /// `ZONE_NAME_TYPE`, and `_SET` with a `set_identifier`.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Up to eight healthy records are answered.
    #[schema(optional)]
    multivalue_answer_routing_policy: Option<bool>,
    /// Name, with or without the zone's.
    #[schema(required, force_new)]
    name: Option<String>,
    /// Values.
    #[schema(optional, set)]
    records: Option<Vec<String>>,
    /// Tells records of the same name and type with a routing policy apart.
    #[schema(optional)]
    set_identifier: Option<String>,
    /// Seconds for which an answer may be kept.
    #[schema(optional)]
    ttl: Option<i64>,
    /// Type.
    #[schema(required)]
    r#type: Option<String>,
    /// Zone.
    #[schema(required, force_new)]
    zone_id: Option<String>,
    /// Answers as another name of AWS does.
    #[schema(block, max = 1)]
    alias: Vec<Alias>,
    /// Routing by the client's network.
    #[schema(block, max = 1)]
    cidr_routing_policy: Vec<Cidr>,
    /// Routing to what is healthy.
    #[schema(block, max = 1)]
    failover_routing_policy: Vec<Failover>,
    /// Routing by the client's country.
    #[schema(block, max = 1)]
    geolocation_routing_policy: Vec<Geolocation>,
    /// Routing by distance.
    #[schema(block, max = 1)]
    geoproximity_routing_policy: Vec<Geoproximity>,
    /// Routing by latency.
    #[schema(block, max = 1)]
    latency_routing_policy: Vec<Latency>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
    /// Routing by weight.
    #[schema(block, max = 1)]
    weighted_routing_policy: Vec<Weighted>,
}

timeouts!(create, update, delete);

/// The name of a load balancer, bucket, distribution or record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Alias {
    /// No answer when the target is not healthy.
    #[schema(required)]
    evaluate_target_health: Option<bool>,
    /// Name of the target.
    #[schema(required)]
    name: Option<String>,
    /// Zone of the target.
    #[schema(required)]
    zone_id: Option<String>,
}

/// By the client's network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Cidr {
    /// Collection of networks.
    #[schema(required)]
    collection_id: Option<String>,
    /// Location in the collection; `*` for all others.
    #[schema(required)]
    location_name: Option<String>,
}

/// To what is healthy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Failover {
    /// `PRIMARY` or `SECONDARY`.
    #[schema(required)]
    r#type: Option<String>,
}

/// By the client's country.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Geolocation {
    /// Continent, two letters.
    #[schema(optional)]
    continent: Option<String>,
    /// Country, two letters; `*` for all others.
    #[schema(optional)]
    country: Option<String>,
    /// State of the USA, two letters.
    #[schema(optional)]
    subdivision: Option<String>,
}

/// By distance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Geoproximity {
    /// Region of what the records name.
    #[schema(optional)]
    aws_region: Option<String>,
    /// -99 to 99: makes the area smaller or larger.
    #[schema(optional)]
    bias: Option<i64>,
    /// Local zone group.
    #[schema(optional)]
    local_zone_group: Option<String>,
    /// Place outside AWS.
    #[schema(block, set)]
    coordinates: Vec<Place>,
}

/// A place on Earth.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Place {
    /// Degrees north.
    #[schema(required)]
    latitude: Option<String>,
    /// Degrees east.
    #[schema(required)]
    longitude: Option<String>,
}

/// By latency.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Latency {
    /// Region of what the records name.
    #[schema(required)]
    region: Option<String>,
}

/// By weight.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Weighted {
    /// Share of the answers, 0 to 255.
    #[schema(required)]
    weight: Option<i64>,
}

/// The types that an id can hold.
const TYPES: [&str; 16] = ["A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "SSHFP", "SVCB", "TLSA"];

/// A name as the API gives it: with characters other than letters, digits, hyphens and dots as octal codes.
fn unescape(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find('\\') {
        plain.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 4).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code {
            Some(code) => {
                plain.push(char::from(code));
                rest = &rest[at + 4..];
            }
            None => {
                plain.push('\\');
                rest = &rest[at + 1..];
            }
        }
    }
    plain + rest
}

/// The name of an alias as it is compared: the API puts `dualstack.` before names of load balancers, or takes it away.
fn target(name: &str) -> String {
    let name = domain(name);
    name.strip_prefix("dualstack.").map_or_else(|| name.clone(), str::to_owned)
}

/// Texts are sent in quotation marks, and kept without.
fn quoted(kind: Option<&str>) -> bool {
    matches!(kind, Some("TXT" | "SPF"))
}

fn full_name(name: &str, zone: &str) -> String {
    let (name, zone) = (domain(name), domain(zone));
    if name.is_empty() {
        zone
    } else if name == zone || name.ends_with(&format!(".{zone}")) {
        name
    } else {
        format!("{name}.{zone}")
    }
}

impl Route53Record {
    fn make_id(&self) -> String {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let mut id = format!("{}_{}_{}", bare(&text(&self.zone_id)), domain(&text(&self.name)), text(&self.r#type));
        if let Some(set) = self.set_identifier.as_ref().filter(|set| !set.is_empty()) {
            id = format!("{id}_{set}");
        }
        id
    }

    fn zone(&self) -> &str {
        bare(self.zone_id.as_deref().unwrap_or_default())
    }

    /// The name of the zone, from the SOA record that every zone has.
    fn zone_name(all: &[ResourceRecordSet]) -> Option<String> {
        all.iter().find(|set| set.r#type == RrType::Soa).map(|set| domain(&unescape(&set.name)))
    }

    fn is(&self, set: &ResourceRecordSet, zone: &str) -> bool {
        domain(&unescape(&set.name)) == full_name(self.name.as_deref().unwrap_or_default(), zone)
            && Some(set.r#type.as_str()) == self.r#type.as_deref()
            && set.set_identifier.as_deref().unwrap_or_default() == self.set_identifier.as_deref().unwrap_or_default()
    }

    fn request(&self, zone: &str) -> Result<ResourceRecordSet, BuildError> {
        let some = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        let value = |record: &String| if quoted(self.r#type.as_deref()) { format!("\"{record}\"") } else { record.clone() };
        let values = self.records.iter().flatten().map(|record| ResourceRecord::builder().value(value(record)).build()).collect::<Result<Vec<_>, _>>()?;
        let alias = self.alias.first().map(|alias| {
            let target = AliasTarget::builder().set_dns_name(alias.name.clone()).set_hosted_zone_id(alias.zone_id.clone());
            target.evaluate_target_health(alias.evaluate_target_health.unwrap_or(false)).build()
        });
        let cidr = self
            .cidr_routing_policy
            .first()
            .map(|cidr| CidrRoutingConfig::builder().set_collection_id(cidr.collection_id.clone()).set_location_name(cidr.location_name.clone()).build());
        let geo = self.geolocation_routing_policy.first().map(|geo| {
            GeoLocation::builder().set_continent_code(some(&geo.continent)).set_country_code(some(&geo.country)).set_subdivision_code(some(&geo.subdivision)).build()
        });
        let near = self.geoproximity_routing_policy.first().map(|near| {
            let place = near
                .coordinates
                .first()
                .map(|place| Coordinates::builder().set_latitude(place.latitude.clone()).set_longitude(place.longitude.clone()).build())
                .transpose()?;
            let near = GeoProximityLocation::builder()
                .set_aws_region(some(&near.aws_region))
                .set_bias(near.bias.map(|bias| bias as i32))
                .set_local_zone_group(some(&near.local_zone_group));
            Ok::<_, BuildError>(near.set_coordinates(place).build())
        });
        ResourceRecordSet::builder()
            .name(full_name(self.name.as_deref().unwrap_or_default(), zone))
            .set_type(self.r#type.as_deref().map(RrType::from))
            .set_ttl(self.ttl.filter(|_| self.alias.is_empty()))
            .set_resource_records(Some(values).filter(|values| !values.is_empty()))
            .set_alias_target(alias.transpose()?)
            .set_cidr_routing_config(cidr.transpose()?)
            .set_failover(self.failover_routing_policy.first().and_then(|policy| policy.r#type.as_deref()).map(ResourceRecordSetFailover::from))
            .set_geo_location(geo)
            .set_geo_proximity_location(near.transpose()?)
            .set_region(self.latency_routing_policy.first().and_then(|policy| policy.region.as_deref()).map(ResourceRecordSetRegion::from))
            .set_weight(self.weighted_routing_policy.first().and_then(|policy| policy.weight))
            .set_multi_value_answer(self.multivalue_answer_routing_policy.filter(|on| *on))
            .set_set_identifier(some(&self.set_identifier))
            .set_health_check_id(some(&self.health_check_id))
            .build()
    }

    async fn send(client: &Client, zone: &str, changes: Vec<(ChangeAction, &Self)>, limit: Duration) -> Result<(), Fault> {
        let failed = |error: BuildError| Fault::error("Incomplete record", error.to_string());
        let all = records(client, zone).await?.ok_or_else(|| Fault::not_found(format!("There is no zone {zone}.")))?;
        let name = Self::zone_name(&all).unwrap_or_default();
        let make = |(action, record): (ChangeAction, &Self)| Change::builder().action(action).resource_record_set(record.request(&name)?).build();
        let changes = changes.into_iter().map(make).collect::<Result<Vec<_>, _>>().map_err(failed)?;
        change(client, zone, changes, limit).await
    }
}

impl Resource for Route53Record {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let count = |name: &str| config.get(name).and_then(|value| value.length()).unwrap_or(0);
        let set = |name: &str| config.get(name).is_some_and(|value| !value.is_null());
        let mut faults = Vec::new();
        if count("alias") > 0 {
            for name in ["records", "ttl"].into_iter().filter(|name| set(name)) {
                faults.push(Fault::attribute(Path::attr(name), "Conflicting arguments", format!("Records with `alias` have no `{name}`.")));
            }
        } else if set("records") != set("ttl") {
            faults.push(Fault::error("Missing argument", "`records` and `ttl` are set together."));
        }
        let policies = [
            "cidr_routing_policy",
            "failover_routing_policy",
            "geolocation_routing_policy",
            "geoproximity_routing_policy",
            "latency_routing_policy",
            "weighted_routing_policy",
        ];
        let used = policies.iter().filter(|name| count(name) > 0).count() + usize::from(set("multivalue_answer_routing_policy"));
        if used > 1 {
            faults.push(Fault::error("Conflicting arguments", "Records have at most one routing policy."));
        } else if used == 1 && !set("set_identifier") {
            faults.push(Fault::attribute(Path::attr("set_identifier"), "Missing argument", "Records with a routing policy need a `set_identifier`."));
        }
        faults
    }

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        let same = |a: &Value, b: &Value| a.as_str().map(domain) == b.as_str().map(domain);
        plan.suppress("name", same);
        plan.suppress("zone_id", |a, b| a.as_str().map(bare) == b.as_str().map(bare));
        plan.suppress("alias", |a, b| {
            let field = |value: &Value, name: &str| value.elements().next().and_then(|alias| alias.get(name)).unwrap_or_else(Value::null);
            field(a, "name").as_str().map(target) == field(b, "name").as_str().map(target)
                && ["zone_id", "evaluate_target_health"].iter().all(|name| field(a, name) == field(b, name))
        });
        if plan.config("allow_overwrite").is_null() {
            let kept = plan.prior("allow_overwrite");
            plan.set("allow_overwrite", kept);
        }
        if !plan.creating() && (plan.changed("type") || plan.changed("set_identifier")) {
            plan.unknown("id");
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_ref()), 30)?;
        let action = if planned.allow_overwrite == Some(true) { ChangeAction::Upsert } else { ChangeAction::Create };
        Self::send(client, planned.zone(), vec![(action, &planned)], limit).await?;
        let created = Self { id: Some(planned.make_id()), ..planned };
        operation.created(&created)?;
        wait::appear("record", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(all) = records(client, prior.zone()).await? else { return Ok(None) };
        let zone = Self::zone_name(&all).unwrap_or_default();
        let Some(set) = all.into_iter().find(|set| prior.is(set, &zone)) else { return Ok(None) };
        let kind = set.r#type.as_str().to_owned();
        let value = |record: &ResourceRecord| {
            let value = record.value.as_str();
            if quoted(Some(&kind)) { value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value).to_owned() } else { value.to_owned() }
        };
        let values: Vec<String> = set.resource_records().iter().map(value).collect();
        let alias = set.alias_target.map(|alias| {
            let written = prior.alias.first().and_then(|prior| prior.name.clone()).filter(|written| target(written) == target(&alias.dns_name));
            Alias {
                evaluate_target_health: Some(alias.evaluate_target_health),
                name: Some(written.unwrap_or_else(|| domain(&alias.dns_name))),
                zone_id: Some(alias.hosted_zone_id),
            }
        });
        let text = |value: Option<String>| value.filter(|value| !value.is_empty());
        let before = prior.geolocation_routing_policy.first().cloned().unwrap_or_default();
        let geolocation = set.geo_location.map(|geo| Geolocation {
            continent: unset::text(before.continent.as_ref(), geo.continent_code.as_deref()),
            country: unset::text(before.country.as_ref(), geo.country_code.as_deref()),
            subdivision: unset::text(before.subdivision.as_ref(), geo.subdivision_code.as_deref()),
        });
        let before = prior.geoproximity_routing_policy.first().cloned().unwrap_or_default();
        let geoproximity = set.geo_proximity_location.map(|near| Geoproximity {
            aws_region: unset::text(before.aws_region.as_ref(), near.aws_region.as_deref()),
            bias: unset::number(before.bias, near.bias.map_or(0, i64::from)),
            local_zone_group: unset::text(before.local_zone_group.as_ref(), near.local_zone_group.as_deref()),
            coordinates: near.coordinates.into_iter().map(|place| Place { latitude: Some(place.latitude), longitude: Some(place.longitude) }).collect(),
        });
        Ok(Some(Self {
            allow_overwrite: prior.allow_overwrite,
            fqdn: Some(domain(&unescape(&set.name))),
            health_check_id: unset::text(prior.health_check_id.as_ref(), set.health_check_id.as_deref()),
            id: Some(prior.id.clone().unwrap_or_else(|| prior.make_id())),
            multivalue_answer_routing_policy: unset::flag(prior.multivalue_answer_routing_policy, set.multi_value_answer.unwrap_or(false)),
            records: unset::list(prior.records.as_ref(), values),
            set_identifier: text(set.set_identifier).or_else(|| prior.set_identifier.clone().filter(String::is_empty)),
            ttl: unset::number(prior.ttl, set.ttl.unwrap_or(0)),
            alias: alias.into_iter().collect(),
            cidr_routing_policy: set
                .cidr_routing_config
                .into_iter()
                .map(|cidr| Cidr { collection_id: Some(cidr.collection_id), location_name: Some(cidr.location_name) })
                .collect(),
            failover_routing_policy: set.failover.into_iter().map(|failover| Failover { r#type: Some(failover.as_str().to_owned()) }).collect(),
            geolocation_routing_policy: geolocation.into_iter().collect(),
            geoproximity_routing_policy: geoproximity.into_iter().collect(),
            latency_routing_policy: set.region.into_iter().map(|region| Latency { region: Some(region.as_str().to_owned()) }).collect(),
            weighted_routing_policy: set.weight.into_iter().map(|weight| Weighted { weight: Some(weight) }).collect(),
            name: prior.name,
            r#type: Some(kind),
            zone_id: prior.zone_id,
            timeouts: prior.timeouts,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.update.as_ref()), 30)?;
        let key = |record: &Self| (record.r#type.clone(), record.set_identifier.clone().filter(|set| !set.is_empty()));
        let policy = |record: &Self| {
            [
                record.cidr_routing_policy.len(),
                record.failover_routing_policy.len(),
                record.geolocation_routing_policy.len(),
                record.geoproximity_routing_policy.len(),
                record.latency_routing_policy.len(),
                record.weighted_routing_policy.len(),
                usize::from(record.multivalue_answer_routing_policy == Some(true)),
            ]
        };
        let changes = if key(&prior) == key(&planned) && policy(&prior) == policy(&planned) {
            vec![(ChangeAction::Upsert, &planned)]
        } else {
            // Both or neither: names are never without an answer.
            vec![(ChangeAction::Delete, &prior), (ChangeAction::Create, &planned)]
        };
        Self::send(client, planned.zone(), changes, limit).await?;
        let expected = Self { id: Some(planned.make_id()), ..planned };
        wait::appear("record", || Self::read(client, expected.clone())).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let limit = wait::limit(prior.timeouts.as_ref().and_then(|timeouts| timeouts.delete.as_ref()), 30)?;
        let all = records(client, prior.zone()).await?.unwrap_or_default();
        let zone = Self::zone_name(&all).unwrap_or_default();
        // The API deletes only what is named as it is, so what is there is sent back.
        let Some(set) = all.into_iter().find(|set| prior.is(set, &zone)) else { return Ok(()) };
        let deletion = Change::builder().action(ChangeAction::Delete).resource_record_set(set).build();
        let deletion = deletion.map_err(|error| Fault::error("Incomplete record", error.to_string()))?;
        change(client, prior.zone(), vec![deletion], limit).await
    }

    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let invalid = || Fault::error("Invalid import id", format!("\"{id}\" should be ZONE_NAME_TYPE or ZONE_NAME_TYPE_SET."));
        let (zone, rest) = id.split_once('_').ok_or_else(invalid)?;
        // Names and set identifiers may hold underscores too: the first part that is a type, after a name, decides.
        let parts: Vec<&str> = rest.split('_').collect();
        let at = parts.iter().skip(1).position(|part| TYPES.contains(part) || *part == "TXT").ok_or_else(invalid)? + 1;
        let set = parts[at + 1..].join("_");
        Ok(Self {
            id: Some(id.to_owned()),
            zone_id: Some(zone.to_owned()),
            name: Some(parts[..at].join("_")),
            r#type: Some(parts[at].to_owned()),
            set_identifier: Some(set).filter(|set| !set.is_empty()),
            ..Self::default()
        })
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        Self::read(client, Self { id: Some(planned.make_id()), ..planned }).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{full_name, target, unescape};
    use crate::harness::{Lifecycle, lab, text};

    #[test]
    fn names() {
        assert_eq!(unescape("\\052.example.org."), "*.example.org.");
        assert_eq!(
            (full_name("", "a.b"), full_name("x", "a.b."), full_name("X.a.b", "a.b"), full_name("xa.b", "a.b")),
            ("a.b".into(), "x.a.b".into(), "x.a.b".into(), "xa.b.a.b".into())
        );
        assert_eq!(target("DualStack.lb-1.elb.amazonaws.com."), "lb-1.elb.amazonaws.com");
    }

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let zone = lab.make("aws_route53_zone", json!({"name": "records.example.org"})).await;
        let record = |kind: &str, values: &[&str]| json!({"zone_id": text(&zone, "id"), "name": "www.records.example.org", "type": kind, "ttl": 60, "records": values});
        let state = Lifecycle::new(&lab, "aws_route53_record", record("A", &["192.0.2.1"]))
            .update(record("A", &["192.0.2.1", "192.0.2.2"]))
            .update(record("TXT", &["v=1 x"]))
            .run()
            .await;
        assert_eq!((text(&state, "fqdn"), text(&state, "id")), ("www.records.example.org".into(), format!("{}_www.records.example.org_TXT", text(&zone, "id"))));
        let service = json!({"zone_id": text(&zone, "id"), "name": "_vault._tcp", "type": "SRV", "ttl": 60, "records": ["0 0 8200 node"]});
        let state = Lifecycle::new(&lab, "aws_route53_record", service).run().await;
        assert_eq!(text(&state, "fqdn"), "_vault._tcp.records.example.org");
    }

    #[tokio::test]
    async fn alias_and_weights() {
        let lab = lab().await;
        let zone = lab.make("aws_route53_zone", json!({"name": "alias.example.org"})).await;
        let id = text(&zone, "id");
        let alias = |health: bool| json!({"zone_id": id, "name": "vault.alias.example.org", "type": "A", "alias": [{"name": "Lb-1.elb.eu-central-1.amazonaws.com", "zone_id": "Z3F0SRJ5LGBH90", "evaluate_target_health": health}]});
        Lifecycle::new(&lab, "aws_route53_record", alias(true)).update(alias(false)).import_ignores(&["alias"]).run().await;
        let weighted = |weight: i64| json!({"zone_id": id, "name": "w.alias.example.org", "type": "A", "ttl": 60, "records": ["192.0.2.1"], "set_identifier": "one", "weighted_routing_policy": [{"weight": weight}]});
        Lifecycle::new(&lab, "aws_route53_record", weighted(10)).update(weighted(0)).run().await;
        let faults = lab.refused("aws_route53_record", json!({"zone_id": id, "name": "x", "type": "A", "ttl": 60, "weighted_routing_policy": [{"weight": 1}]})).await;
        assert_eq!(faults.iter().map(|fault| fault.summary.as_str()).collect::<Vec<_>>(), ["Missing argument", "Missing argument"]);
    }
}
