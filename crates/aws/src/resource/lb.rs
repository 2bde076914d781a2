//! `aws_lb`

use std::collections::{BTreeSet, HashMap};

use aws_sdk_elasticloadbalancingv2::types::{
    self as elbv2, EnforceSecurityGroupInboundRulesOnPrivateLinkTrafficEnum, IpAddressType, LoadBalancer, LoadBalancerAttribute, LoadBalancerSchemeEnum,
    LoadBalancerStateEnum, LoadBalancerTypeEnum,
};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan, Shape};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use crate::api::{ApiError, Explain};
use crate::elb::{self, Table};
use crate::tags::Tags;
use crate::timeouts::timeouts;
use crate::wire::{FromSdk, ToSdk};
use crate::{Client, keep, name, plan, wait};

/// A load balancer for requests (ALB), connections (NLB) or appliances (gateway).
///
/// ```hcl
/// resource "aws_lb" "web" {
///   name               = "web"
///   internal           = true
///   load_balancer_type = "network"
///   subnets            = aws_subnet.private[*].id
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_lb")]
pub(crate) struct Lb {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// What follows `loadbalancer/` in the ARN; CloudWatch metrics have it.
    #[schema(computed)]
    arn_suffix: Option<String>,
    /// How long a client's connection may live, in seconds; ALB.
    #[schema(optional, default = 3600)]
    client_keep_alive: Option<i64>,
    /// Pool of customer-owned addresses on an Outpost.
    #[schema(optional, force_new)]
    customer_owned_ipv4_pool: Option<String>,
    /// What is done with ambiguous requests: `monitor`, `defensive`, `strictest`; ALB.
    #[schema(optional, default = "defensive")]
    desync_mitigation_mode: Option<String>,
    /// Its name in DNS.
    #[schema(computed)]
    dns_name: Option<String>,
    /// How clients find zones: `any_availability_zone`, `availability_zone_affinity`, `partial_availability_zone_affinity`; NLB.
    #[schema(optional, default = "any_availability_zone")]
    dns_record_client_routing_policy: Option<String>,
    /// Drops headers that are not valid; ALB.
    #[schema(optional, default = false)]
    drop_invalid_header_fields: Option<bool>,
    /// Balances over all zones; always on for an ALB.
    #[schema(optional, default = false)]
    enable_cross_zone_load_balancing: Option<bool>,
    /// Cannot be deleted by the API.
    #[schema(optional, default = false)]
    enable_deletion_protection: Option<bool>,
    /// Offers HTTP/2; ALB.
    #[schema(optional, default = true)]
    enable_http2: Option<bool>,
    /// Tells targets TLS version and cipher suite; ALB.
    #[schema(optional, default = false)]
    enable_tls_version_and_cipher_suite_headers: Option<bool>,
    /// Lets requests pass when WAF does not answer; ALB.
    #[schema(optional, default = false)]
    enable_waf_fail_open: Option<bool>,
    /// `X-Forwarded-For` has the client's port; ALB.
    #[schema(optional, default = false)]
    enable_xff_client_port: Option<bool>,
    /// ARC may shift traffic away from a zone.
    #[schema(optional, default = false)]
    enable_zonal_shift: Option<bool>,
    /// `on` or `off`: security groups hold for PrivateLink; NLB.
    #[schema(optional, computed)]
    enforce_security_group_inbound_rules_on_private_link_traffic: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// How long a connection may idle, in seconds; ALB.
    #[schema(optional, default = 60)]
    idle_timeout: Option<i64>,
    /// Has private addresses only.
    #[schema(optional, computed, force_new)]
    internal: Option<bool>,
    /// `ipv4`, `dualstack` or `dualstack-without-public-ipv4`.
    #[schema(optional, computed)]
    ip_address_type: Option<String>,
    /// `application`, `network` or `gateway`.
    #[schema(optional, force_new, default = "application")]
    load_balancer_type: Option<String>,
    /// Name; one is made when it is not set.
    #[schema(optional, computed, force_new)]
    name: Option<String>,
    /// What a made name begins with.
    #[schema(optional, computed, force_new)]
    name_prefix: Option<String>,
    /// Leaves the `Host` header; ALB.
    #[schema(optional, default = false)]
    preserve_host_header: Option<bool>,
    /// Security groups.
    #[schema(optional, computed, set)]
    security_groups: Option<Vec<String>>,
    /// Subnets, one for each zone.
    #[schema(optional, computed, set)]
    subnets: Option<Vec<String>>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// VPC.
    #[schema(computed)]
    vpc_id: Option<String>,
    /// What is done with `X-Forwarded-For`: `append`, `preserve`, `remove`; ALB.
    #[schema(optional, default = "append")]
    xff_header_processing_mode: Option<String>,
    /// Hosted zone of the name, for alias records.
    #[schema(computed)]
    zone_id: Option<String>,
    /// Logs of requests.
    #[schema(block, max = 1)]
    access_logs: Vec<AccessLogs>,
    /// Logs of connections; ALB.
    #[schema(block, max = 1)]
    connection_logs: Vec<ConnectionLogs>,
    /// Ipam pools.
    #[schema(block, max = 1)]
    ipam_pools: Vec<IpamPools>,
    /// Minimum load balancer capacity.
    #[schema(block, max = 1)]
    minimum_load_balancer_capacity: Vec<MinimumLoadBalancerCapacity>,
    /// Subnet mapping.
    #[schema(block, computed, set)]
    subnet_mapping: Vec<SubnetMapping>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(create, delete, update);

/// Subnet mapping.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct SubnetMapping {
    /// Allocation id.
    #[schema(optional)]
    allocation_id: Option<String>,
    /// Ipv6 address.
    #[schema(optional)]
    ipv6_address: Option<String>,
    /// Outpost id.
    #[schema(computed)]
    outpost_id: Option<String>,
    /// Private ipv4 address.
    #[schema(optional)]
    private_ipv4_address: Option<String>,
    /// Subnet id.
    #[schema(required)]
    subnet_id: Option<String>,
}

/// Minimum load balancer capacity.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct MinimumLoadBalancerCapacity {
    /// Capacity units.
    #[schema(required)]
    capacity_units: Option<i64>,
}

/// Ipam pools.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct IpamPools {
    /// Ipv4 ipam pool id.
    #[schema(required)]
    ipv4_ipam_pool_id: Option<String>,
}

/// Connection logs.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ConnectionLogs {
    /// S3 bucket.
    #[schema(required)]
    bucket: Option<String>,
    /// On or off.
    #[schema(optional, default = false)]
    enabled: Option<bool>,
    /// Folder in the bucket.
    #[schema(optional)]
    prefix: Option<String>,
}

/// Access logs.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct AccessLogs {
    /// S3 bucket.
    #[schema(required)]
    bucket: Option<String>,
    /// On or off.
    #[schema(optional, default = false)]
    enabled: Option<bool>,
    /// Folder in the bucket.
    #[schema(optional)]
    prefix: Option<String>,
}

const OF_ALL: &Table = &[("enable_deletion_protection", "deletion_protection.enabled")];
const OF_APPLICATION: &Table = &[
    ("client_keep_alive", "client_keep_alive.seconds"),
    ("desync_mitigation_mode", "routing.http.desync_mitigation_mode"),
    ("drop_invalid_header_fields", "routing.http.drop_invalid_header_fields.enabled"),
    ("enable_http2", "routing.http2.enabled"),
    ("enable_tls_version_and_cipher_suite_headers", "routing.http.x_amzn_tls_version_and_cipher_suite.enabled"),
    ("enable_waf_fail_open", "waf.fail_open.enabled"),
    ("enable_xff_client_port", "routing.http.xff_client_port.enabled"),
    ("idle_timeout", "idle_timeout.timeout_seconds"),
    ("preserve_host_header", "routing.http.preserve_host_header.enabled"),
    ("xff_header_processing_mode", "routing.http.xff_header_processing.mode"),
];
const OF_NETWORK: &Table = &[("dns_record_client_routing_policy", "dns_record.client_routing_policy")];
const OF_NETWORK_AND_GATEWAY: &Table = &[("enable_cross_zone_load_balancing", "load_balancing.cross_zone.enabled")];
const OF_APPLICATION_AND_NETWORK: &Table = &[("enable_zonal_shift", "zonal_shift.config.enabled")];

/// What load balancers of that type have, and what they have not.
fn tables(kind: &str) -> (Vec<(&'static str, &'static str)>, Vec<(&'static str, &'static str)>) {
    let (application, network) = (kind == "application", kind == "network");
    let all = [
        (OF_ALL, true),
        (OF_APPLICATION, application),
        (OF_NETWORK, network),
        (OF_NETWORK_AND_GATEWAY, !application),
        (OF_APPLICATION_AND_NETWORK, application || network),
    ];
    let those = |wanted: bool| all.iter().filter(|(_, has)| *has == wanted).flat_map(|(table, _)| table.iter().copied()).collect();
    (those(true), those(false))
}

impl ToSdk<elbv2::SubnetMapping> for SubnetMapping {
    fn to_sdk(&self) -> elbv2::SubnetMapping {
        let set = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let builder = elbv2::SubnetMapping::builder().set_subnet_id(self.subnet_id.clone()).set_allocation_id(set(&self.allocation_id));
        builder.set_private_ipv4_address(set(&self.private_ipv4_address)).set_ipv6_address(set(&self.ipv6_address)).build()
    }
}

impl FromSdk<elbv2::AvailabilityZone> for SubnetMapping {
    fn from_sdk(zone: &elbv2::AvailabilityZone) -> Self {
        let address = zone.load_balancer_addresses().first();
        Self {
            allocation_id: address.and_then(|address| address.allocation_id.clone()),
            ipv6_address: address.and_then(|address| address.ipv6_address.clone()),
            outpost_id: Some(zone.outpost_id.clone().unwrap_or_default()),
            private_ipv4_address: address.and_then(|address| address.private_ipv4_address.clone()),
            subnet_id: zone.subnet_id.clone(),
        }
    }
}

async fn describe(client: &Client, arn: &str) -> Result<Option<LoadBalancer>, Fault> {
    client
        .batch("elb load balancer", 20, arn.to_owned(), |client, arns: Vec<String>| async move {
            let answer = client.elb().describe_load_balancers().set_load_balancer_arns(Some(arns)).send().await.api("elasticloadbalancing:DescribeLoadBalancers")?;
            Ok(answer.load_balancers.unwrap_or_default().into_iter().filter_map(|one| Some((one.load_balancer_arn.clone()?, one))).collect())
        })
        .await
}

async fn attributes(client: &Client, arn: &str) -> Result<HashMap<String, String>, Fault> {
    let answer = client.elb().describe_load_balancer_attributes().load_balancer_arn(arn).send().await.api("elasticloadbalancing:DescribeLoadBalancerAttributes")?;
    Ok(answer.attributes.unwrap_or_default().into_iter().filter_map(|one| Some((one.key?, one.value?))).collect())
}

fn set(items: Option<&Vec<String>>) -> BTreeSet<String> {
    items.into_iter().flatten().cloned().collect()
}

fn strings(value: &Value) -> BTreeSet<String> {
    value.elements().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// The pairs of a kind of log, if it is to be sent.
fn logs(
    prefix: &str,
    before: Option<(&Option<String>, &Option<String>, Option<bool>)>,
    after: Option<(&Option<String>, &Option<String>, Option<bool>)>,
) -> Vec<(String, String)> {
    if before == after {
        return Vec::new();
    }
    let enabled = after.is_some_and(|(_, _, enabled)| enabled == Some(true));
    let mut pairs = vec![(format!("{prefix}.enabled"), enabled.to_string())];
    if let Some((bucket, folder, _)) = after.filter(|_| enabled) {
        pairs.push((format!("{prefix}.bucket"), bucket.clone().unwrap_or_default()));
        pairs.push((format!("{prefix}.prefix"), folder.clone().unwrap_or_default()));
    }
    pairs
}

impl Lb {
    fn arn(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn kind(&self) -> &str {
        self.load_balancer_type.as_deref().unwrap_or("application")
    }

    async fn set_attributes(client: &Client, arn: &str, prior: Option<&Self>, planned: &Self) -> Result<(), Fault> {
        let mut pairs: Vec<(String, String)> = elb::changed(&tables(planned.kind()).0, prior, planned)?.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let access = |state: &Self| state.access_logs.first().cloned();
        let connection = |state: &Self| state.connection_logs.first().cloned();
        let (before, after) = (prior.and_then(access), access(planned));
        pairs.extend(logs(
            "access_logs.s3",
            before.as_ref().map(|logs| (&logs.bucket, &logs.prefix, logs.enabled)),
            after.as_ref().map(|logs| (&logs.bucket, &logs.prefix, logs.enabled)),
        ));
        let (before, after) = (prior.and_then(connection), connection(planned));
        pairs.extend(logs(
            "connection_logs.s3",
            before.as_ref().map(|logs| (&logs.bucket, &logs.prefix, logs.enabled)),
            after.as_ref().map(|logs| (&logs.bucket, &logs.prefix, logs.enabled)),
        ));
        // The API takes 20 at a time.
        for pairs in pairs.chunks(20) {
            let attributes = pairs.iter().map(|(key, value)| LoadBalancerAttribute::builder().key(key).value(value).build()).collect();
            let call = client.elb().modify_load_balancer_attributes().load_balancer_arn(arn).set_attributes(Some(attributes));
            call.send().await.api("elasticloadbalancing:ModifyLoadBalancerAttributes")?;
        }
        Ok(())
    }

    async fn set_capacity(client: &Client, arn: &str, prior: &Self, planned: &Self) -> Result<(), Fault> {
        let units = |state: &Self| state.minimum_load_balancer_capacity.first().and_then(|block| block.capacity_units);
        if units(prior) != units(planned) {
            let capacity = units(planned).map(|units| elbv2::MinimumLoadBalancerCapacity::builder().capacity_units(units as i32).build());
            let call = client.elb().modify_capacity_reservation().load_balancer_arn(arn).set_reset_capacity_reservation(capacity.is_none().then_some(true));
            call.set_minimum_load_balancer_capacity(capacity).send().await.api("elasticloadbalancing:ModifyCapacityReservation")?;
        }
        Ok(())
    }

    async fn wait_active(client: &Client, arn: &str, limit: Option<&String>) -> Result<(), Fault> {
        wait::until("the load balancer", wait::limit(limit, 10)?, || async {
            let Some(balancer) = describe(client, arn).await? else { return Ok(None) };
            let state = balancer.state();
            match state.and_then(|state| state.code()) {
                Some(LoadBalancerStateEnum::Active | LoadBalancerStateEnum::ActiveImpaired) => Ok(Some(())),
                Some(LoadBalancerStateEnum::Failed) => {
                    Err(Fault::error("The load balancer failed", state.and_then(|state| state.reason()).unwrap_or("AWS gives no reason.")))
                }
                _ => Ok(None),
            }
        })
        .await
    }
}

impl Resource for Lb {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        name::check(config, 32, "-")
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        let kind = plan.planned("load_balancer_type");
        let Some(kind) = kind.as_str() else { return Ok(()) };
        // What a load balancer of this type does not have stays as it is, whatever is written or the default.
        for (name, _) in tables(kind).1 {
            plan.set(name, plan.prior(name));
        }
        // The incumbent's states hold switched-off logs where there were none.
        for name in ["access_logs", "connection_logs"] {
            let off = plan.prior(name).elements().next().is_some_and(|logs| logs.get("enabled").and_then(|value| value.as_bool()) != Some(true));
            if off && plan.config(name).length() == Some(0) {
                plan.set(name, plan.prior(name));
            }
        }
        if plan.creating() {
            return Ok(());
        }
        if plan.changed("subnets")
            && plan.config("subnet_mapping").length() == Some(0)
            && let Some(block) = Self::block().blocks.get("subnet_mapping")
        {
            plan.set("subnet_mapping", Value::unknown(block.ty()));
        }
        if plan.changed("subnet_mapping") && plan.config("subnets").is_null() {
            plan.unknown("subnets");
        }
        let (before, after) = (plan.prior("security_groups"), plan.planned("security_groups"));
        if kind == "network" && after.is_known() && (before.length().unwrap_or(0) == 0) != (after.length().unwrap_or(0) == 0) {
            plan.force_new("security_groups");
        }
        let after = plan.planned("subnets");
        if kind != "application" && after.is_wholly_known() && !strings(&plan.prior("subnets")).is_subset(&strings(&after)) {
            plan.force_new("subnets");
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let prefix = planned.name_prefix.clone().filter(|prefix| !prefix.is_empty()).unwrap_or_else(|| "tf-lb-".to_owned());
        let name = name::choose(planned.name.as_ref(), Some(&prefix), operation.token);
        let mappings: Vec<_> = planned.subnet_mapping.iter().map(ToSdk::to_sdk).collect();
        let answer = client
            .elb()
            .create_load_balancer()
            .name(&name)
            .r#type(LoadBalancerTypeEnum::from(planned.kind()))
            .set_scheme((planned.internal == Some(true)).then_some(LoadBalancerSchemeEnum::Internal))
            .set_security_groups(planned.security_groups.clone().filter(|groups| !groups.is_empty()))
            .set_subnets(planned.subnets.clone().filter(|subnets| !subnets.is_empty() && mappings.is_empty()))
            .set_subnet_mappings(Some(mappings.clone()).filter(|mappings| !mappings.is_empty()))
            .set_ip_address_type(planned.ip_address_type.as_deref().filter(|kind| !kind.is_empty()).map(IpAddressType::from))
            .set_customer_owned_ipv4_pool(planned.customer_owned_ipv4_pool.clone().filter(|pool| !pool.is_empty()))
            .set_ipam_pools(planned.ipam_pools.first().map(|pools| elbv2::IpamPools::builder().set_ipv4_ipam_pool_id(pools.ipv4_ipam_pool_id.clone()).build()))
            .set_tags(elb::new_tags(client, &planned.tags, None))
            .send()
            .await
            .api("elasticloadbalancing:CreateLoadBalancer")?;
        let arn = answer.load_balancers.and_then(|all| all.into_iter().next()?.load_balancer_arn);
        let arn = arn.ok_or_else(|| Fault::error("elasticloadbalancing:CreateLoadBalancer failed", "The answer holds no load balancer."))?;
        let created = Self { id: Some(arn.clone()), arn: Some(arn.clone()), name: Some(name), ..planned };
        operation.created(&created)?;
        Self::wait_active(client, &arn, created.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_ref())).await?;
        Self::set_attributes(client, &arn, None, &created).await?;
        Self::set_capacity(client, &arn, &Self::default(), &created).await?;
        if let Some(rules) = created.enforce_security_group_inbound_rules_on_private_link_traffic.as_deref().filter(|rules| !rules.is_empty()) {
            let call = client.elb().set_security_groups().load_balancer_arn(&arn).set_security_groups(created.security_groups.clone());
            let call = call.enforce_security_group_inbound_rules_on_private_link_traffic(EnforceSecurityGroupInboundRulesOnPrivateLinkTrafficEnum::from(rules));
            call.send().await.api("elasticloadbalancing:SetSecurityGroups")?;
        }
        wait::appear("load balancer", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let arn = prior.arn().to_owned();
        // All at once, so that the tags of balancers, listeners and groups come with one request.
        let (found, attributes, tags) = tokio::try_join!(describe(client, &arn), attributes(client, &arn), elb::tags_of(client, &arn))?;
        let Some(balancer) = found else { return Ok(None) };
        let (tags, tags_all) = client.tag_rules().read(tags, &prior.tags);
        let kind = balancer.r#type.as_ref().map_or("application", |kind| kind.as_str()).to_owned();
        let attribute = |key: &str| attributes.get(key).cloned().unwrap_or_default();
        let enabled = |key: &str| attribute(key) == "true";
        let zones = balancer.availability_zones();
        let name = balancer.load_balancer_name.clone().unwrap_or_default();
        let read = Self {
            arn: Some(arn.clone()),
            arn_suffix: Some(arn.split_once(":loadbalancer/").map(|(_, suffix)| suffix.to_owned()).unwrap_or_default()),
            customer_owned_ipv4_pool: balancer.customer_owned_ipv4_pool.clone(),
            dns_name: balancer.dns_name.clone(),
            enforce_security_group_inbound_rules_on_private_link_traffic: Some(
                balancer.enforce_security_group_inbound_rules_on_private_link_traffic.clone().unwrap_or_default(),
            ),
            internal: Some(balancer.scheme == Some(LoadBalancerSchemeEnum::Internal)),
            ip_address_type: balancer.ip_address_type.as_ref().map(|kind| kind.as_str().to_owned()),
            load_balancer_type: Some(kind.clone()),
            name_prefix: Some(name::prefix(&name).to_owned()),
            name: Some(name),
            security_groups: Some(balancer.security_groups().to_vec()),
            subnets: Some(zones.iter().filter_map(|zone| zone.subnet_id.clone()).collect()),
            subnet_mapping: crate::wire::blocks(zones),
            vpc_id: balancer.vpc_id.clone(),
            zone_id: balancer.canonical_hosted_zone_id.clone(),
            access_logs: (!attribute("access_logs.s3.bucket").is_empty() && (enabled("access_logs.s3.enabled") || !prior.access_logs.is_empty()))
                .then(|| AccessLogs {
                    bucket: Some(attribute("access_logs.s3.bucket")),
                    enabled: Some(enabled("access_logs.s3.enabled")),
                    prefix: Some(attribute("access_logs.s3.prefix")),
                })
                .or_else(|| prior.access_logs.first().filter(|logs| logs.enabled != Some(true)).cloned())
                .into_iter()
                .collect(),
            connection_logs: (!attribute("connection_logs.s3.bucket").is_empty() && (enabled("connection_logs.s3.enabled") || !prior.connection_logs.is_empty()))
                .then(|| ConnectionLogs {
                    bucket: Some(attribute("connection_logs.s3.bucket")),
                    enabled: Some(enabled("connection_logs.s3.enabled")),
                    prefix: Some(attribute("connection_logs.s3.prefix")),
                })
                .or_else(|| prior.connection_logs.first().filter(|logs| logs.enabled != Some(true)).cloned())
                .into_iter()
                .collect(),
            ipam_pools: balancer.ipam_pools.iter().map(|pools| IpamPools { ipv4_ipam_pool_id: pools.ipv4_ipam_pool_id.clone() }).collect(),
            tags,
            tags_all,
            // The API shows a capacity that is asked for only in a call of its own.
            ..prior.clone()
        };
        Ok(Some(keep::form(&prior, &elb::shown(&tables(&kind).0, read, &attributes)?)?))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let arn = prior.arn().to_owned();
        Self::set_attributes(client, &arn, Some(&prior), &planned).await?;
        let rules = &planned.enforce_security_group_inbound_rules_on_private_link_traffic;
        if set(prior.security_groups.as_ref()) != set(planned.security_groups.as_ref()) || prior.enforce_security_group_inbound_rules_on_private_link_traffic != *rules {
            let call = client.elb().set_security_groups().load_balancer_arn(&arn).set_security_groups(planned.security_groups.clone());
            let rules = rules.as_deref().filter(|rules| !rules.is_empty()).map(EnforceSecurityGroupInboundRulesOnPrivateLinkTrafficEnum::from);
            call.set_enforce_security_group_inbound_rules_on_private_link_traffic(rules).send().await.api("elasticloadbalancing:SetSecurityGroups")?;
        }
        let ids = |state: &Self| -> BTreeSet<_> {
            state.subnet_mapping.iter().map(|one| (one.subnet_id.clone(), one.allocation_id.clone(), one.private_ipv4_address.clone())).collect()
        };
        if planned.subnet_mapping.is_empty() && set(prior.subnets.as_ref()) != set(planned.subnets.as_ref()) {
            client.elb().set_subnets().load_balancer_arn(&arn).set_subnets(planned.subnets.clone()).send().await.api("elasticloadbalancing:SetSubnets")?;
        } else if !planned.subnet_mapping.is_empty() && ids(&prior) != ids(&planned) {
            let mappings = planned.subnet_mapping.iter().map(ToSdk::to_sdk).collect();
            client.elb().set_subnets().load_balancer_arn(&arn).set_subnet_mappings(Some(mappings)).send().await.api("elasticloadbalancing:SetSubnets")?;
        }
        if let Some(kind) = planned.ip_address_type.as_deref().filter(|kind| prior.ip_address_type.as_deref() != Some(*kind)) {
            let call = client.elb().set_ip_address_type().load_balancer_arn(&arn).ip_address_type(IpAddressType::from(kind));
            call.send().await.api("elasticloadbalancing:SetIpAddressType")?;
        }
        Self::set_capacity(client, &arn, &prior, &planned).await?;
        elb::retag(client, &arn, &prior.tags_all, &planned.tags).await?;
        Self::wait_active(client, &arn, planned.timeouts.as_ref().and_then(|timeouts| timeouts.update.as_ref())).await?;
        Self::read(client, Self { id: Some(arn), ..planned }).await?.ok_or_else(|| Fault::not_found("The load balancer is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let limit = wait::limit(prior.timeouts.as_ref().and_then(|timeouts| timeouts.delete.as_ref()), 10)?;
        wait::retry(
            limit,
            |error: &ApiError| error.is(&["ResourceInUse"]),
            || async { client.elb().delete_load_balancer().load_balancer_arn(prior.arn()).send().await.api("elasticloadbalancing:DeleteLoadBalancer") },
        )
        .await?;
        wait::until("the load balancer to go", limit, || async { Ok(describe(client, prior.arn()).await?.is_none().then_some(())) }).await
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        let prefix = planned.name_prefix.clone().filter(|prefix| !prefix.is_empty()).unwrap_or_else(|| "tf-lb-".to_owned());
        let name = name::choose(planned.name.as_ref(), Some(&prefix), token);
        let answer = client.elb().describe_load_balancers().names(&name).send().await.api("elasticloadbalancing:DescribeLoadBalancers");
        let found = match answer {
            Err(error) if error.not_found() => return Ok(None),
            answer => answer?.load_balancers.and_then(|all| all.into_iter().next()?.load_balancer_arn),
        };
        match found {
            Some(arn) => {
                Self::wait_active(client, &arn, None).await?;
                Self::set_attributes(client, &arn, None, &planned).await?;
                Self::read(client, Self { id: Some(arn), ..planned }).await
            }
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn network() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.60.0.0/16"})).await, "id");
        let mut subnets = Vec::new();
        for (at, zone) in ["eu-central-1a", "eu-central-1b"].into_iter().enumerate() {
            let subnet = json!({"vpc_id": vpc, "cidr_block": format!("10.60.{at}.0/24"), "availability_zone": zone});
            subnets.push(text(&lab.make("aws_subnet", subnet).await, "id"));
        }
        let group = text(&lab.make("aws_security_group", json!({"name": "lb-network", "vpc_id": vpc, "description": "x"})).await, "id");
        let config = json!({"name": "network", "internal": true, "load_balancer_type": "network", "subnets": [subnets[0]], "security_groups": [group], "enable_cross_zone_load_balancing": true, "tags": {"Name": "a"}});
        let mut wider = config.clone();
        wider["subnets"] = json!(subnets);
        wider["tags"] = json!({"Name": "b"});
        let state = Lifecycle::new(&lab, "aws_lb", config.clone()).update(wider).run().await;
        assert!(text(&state, "arn_suffix").starts_with("net/network/"), "{}", text(&state, "arn_suffix"));
        assert!(state.get("idle_timeout").expect("attribute").is_null());
        let planned = lab.plan("aws_lb", Some(&state), &config).await.expect("plan");
        assert_eq!(planned.requires_replace.iter().map(ToString::to_string).collect::<Vec<_>>(), [".subnets"]);
    }

    #[tokio::test]
    async fn application() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.61.0.0/16"})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.61.1.0/24"})).await, "id");
        let group = text(&lab.make("aws_security_group", json!({"name": "lb-application", "vpc_id": vpc, "description": "x"})).await, "id");
        let config = json!({"name_prefix": "web-", "subnets": [subnet], "security_groups": [group], "idle_timeout": 90});
        let logged = json!({"name_prefix": "web-", "subnets": [subnet], "security_groups": [group], "idle_timeout": 120, "enable_http2": false, "access_logs": [{"bucket": "logs", "enabled": true}]});
        let state = Lifecycle::new(&lab, "aws_lb", config).update(logged).run().await;
        assert!(text(&state, "arn_suffix").starts_with("app/web-"));
    }
}
