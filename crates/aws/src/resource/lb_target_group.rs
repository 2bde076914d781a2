//! `aws_lb_target_group`

use std::collections::HashMap;

use aws_sdk_elasticloadbalancingv2::types::{self as elbv2, Matcher, ProtocolEnum, TargetGroupAttribute, TargetGroupIpAddressTypeEnum, TargetTypeEnum};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::{ApiError, Explain};
use crate::elb::{self, Table};
use crate::tags::Tags;
use crate::{Client, keep, name, plan, wait};

/// Targets that a load balancer sends to, and how their health is checked.
///
/// ```hcl
/// resource "aws_lb_target_group" "web" {
///   name     = "web"
///   port     = 443
///   protocol = "TCP"
///   vpc_id   = aws_vpc.main.id
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_lb_target_group")]
pub(crate) struct LbTargetGroup {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// What follows the account in the ARN; CloudWatch metrics have it.
    #[schema(computed)]
    arn_suffix: Option<String>,
    /// Ends connections when the deregistration delay is over; NLB.
    #[schema(optional, computed)]
    connection_termination: Option<bool>,
    /// How long a leaving target drains, in seconds.
    #[schema(optional, default = "300")]
    deregistration_delay: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Ip address type.
    #[schema(optional, computed, force_new)]
    ip_address_type: Option<String>,
    /// Lambda multi value headers enabled.
    #[schema(optional, default = false)]
    lambda_multi_value_headers_enabled: Option<bool>,
    /// Load balancer arns.
    #[schema(computed, set)]
    load_balancer_arns: Option<Vec<String>>,
    /// Load balancing algorithm type.
    #[schema(optional, computed)]
    load_balancing_algorithm_type: Option<String>,
    /// Load balancing anomaly mitigation.
    #[schema(optional, computed)]
    load_balancing_anomaly_mitigation: Option<String>,
    /// Load balancing cross zone enabled.
    #[schema(optional, computed)]
    load_balancing_cross_zone_enabled: Option<String>,
    /// Name; one is made when it is not set.
    #[schema(optional, computed, force_new)]
    name: Option<String>,
    /// What a made name begins with.
    #[schema(optional, computed, force_new)]
    name_prefix: Option<String>,
    /// Port of the targets.
    #[schema(optional, force_new)]
    port: Option<i64>,
    /// Targets see the client's address; NLB.
    #[schema(optional, computed)]
    preserve_client_ip: Option<String>,
    /// Protocol to the targets.
    #[schema(optional, force_new)]
    protocol: Option<String>,
    /// Protocol version.
    #[schema(optional, computed, force_new)]
    protocol_version: Option<String>,
    /// Sends the proxy protocol's header; NLB.
    #[schema(optional, default = false)]
    proxy_protocol_v2: Option<bool>,
    /// How long a new target warms up, in seconds; ALB.
    #[schema(optional, default = 0)]
    slow_start: Option<i64>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// `instance`, `ip`, `lambda` or `alb`.
    #[schema(optional, force_new, default = "instance")]
    target_type: Option<String>,
    /// VPC.
    #[schema(optional, force_new)]
    vpc_id: Option<String>,
    /// How targets are checked.
    #[schema(block, computed, max = 1)]
    health_check: Vec<HealthCheck>,
    /// Stickiness.
    #[schema(block, computed, max = 1)]
    stickiness: Vec<Stickiness>,
    /// Target failover.
    #[schema(block, computed)]
    target_failover: Vec<TargetFailover>,
    /// Target group health.
    #[schema(block, computed, max = 1)]
    target_group_health: Vec<TargetGroupHealth>,
    /// Target health state.
    #[schema(block, computed)]
    target_health_state: Vec<TargetHealthState>,
}

/// Target health state.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct TargetHealthState {
    /// Enable unhealthy connection termination.
    #[schema(required)]
    enable_unhealthy_connection_termination: Option<bool>,
    /// Unhealthy draining interval.
    #[schema(optional)]
    unhealthy_draining_interval: Option<i64>,
}

/// Target group health.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct TargetGroupHealth {
    /// Dns failover.
    #[schema(block, max = 1)]
    dns_failover: Vec<TargetGroupHealthDnsFailover>,
    /// Unhealthy state routing.
    #[schema(block, max = 1)]
    unhealthy_state_routing: Vec<TargetGroupHealthUnhealthyStateRouting>,
}

/// Target group health unhealthy state routing.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct TargetGroupHealthUnhealthyStateRouting {
    /// Minimum healthy targets count.
    #[schema(optional, default = 1)]
    minimum_healthy_targets_count: Option<i64>,
    /// Minimum healthy targets percentage.
    #[schema(optional, default = "off")]
    minimum_healthy_targets_percentage: Option<String>,
}

/// Target group health dns failover.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct TargetGroupHealthDnsFailover {
    /// Minimum healthy targets count.
    #[schema(optional, default = "1")]
    minimum_healthy_targets_count: Option<String>,
    /// Minimum healthy targets percentage.
    #[schema(optional, default = "off")]
    minimum_healthy_targets_percentage: Option<String>,
}

/// Target failover.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct TargetFailover {
    /// On deregistration.
    #[schema(required)]
    on_deregistration: Option<String>,
    /// On unhealthy.
    #[schema(required)]
    on_unhealthy: Option<String>,
}

/// Stickiness.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Stickiness {
    /// Cookie duration.
    #[schema(optional, default = 86400)]
    cookie_duration: Option<i64>,
    /// Cookie name.
    #[schema(optional)]
    cookie_name: Option<String>,
    /// On or off.
    #[schema(optional, default = true)]
    enabled: Option<bool>,
    /// Kind.
    #[schema(required)]
    r#type: Option<String>,
}

/// Health check.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct HealthCheck {
    /// On or off.
    #[schema(optional, default = true)]
    enabled: Option<bool>,
    /// Successes until a target is healthy.
    #[schema(optional, default = 3)]
    healthy_threshold: Option<i64>,
    /// Pause between checks, in seconds.
    #[schema(optional, default = 30)]
    interval: Option<i64>,
    /// Codes that are healthy: `200`, `200-299`, `200,202`; of gRPC `0-99`.
    #[schema(optional, computed)]
    matcher: Option<String>,
    /// Path that is asked.
    #[schema(optional, computed)]
    path: Option<String>,
    /// Port that is asked, or `traffic-port`.
    #[schema(optional, default = "traffic-port")]
    port: Option<String>,
    /// `HTTP`, `HTTPS` or `TCP`.
    #[schema(optional, default = "HTTP")]
    protocol: Option<String>,
    /// How long an answer may take, in seconds.
    #[schema(optional, computed)]
    timeout: Option<i64>,
    /// Failures until a target is unhealthy.
    #[schema(optional, default = 3)]
    unhealthy_threshold: Option<i64>,
}

const ATTRIBUTES: &Table = &[
    ("connection_termination", "deregistration_delay.connection_termination.enabled"),
    ("deregistration_delay", "deregistration_delay.timeout_seconds"),
    ("lambda_multi_value_headers_enabled", "lambda.multi_value_headers.enabled"),
    ("load_balancing_algorithm_type", "load_balancing.algorithm.type"),
    ("load_balancing_anomaly_mitigation", "load_balancing.algorithm.anomaly_mitigation"),
    ("load_balancing_cross_zone_enabled", "load_balancing.cross_zone.enabled"),
    ("preserve_client_ip", "preserve_client_ip.enabled"),
    ("proxy_protocol_v2", "proxy_protocol_v2.enabled"),
    ("slow_start", "slow_start.duration_seconds"),
];

async fn describe(client: &Client, arn: &str) -> Result<Option<elbv2::TargetGroup>, Fault> {
    client
        .batch("elb target group", 100, arn.to_owned(), |client, arns: Vec<String>| async move {
            let pages = client.elb().describe_target_groups().set_target_group_arns(Some(arns)).into_paginator().items().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await.api("elasticloadbalancing:DescribeTargetGroups")?;
            Ok(found.into_iter().filter_map(|one| Some((one.target_group_arn.clone()?, one))).collect())
        })
        .await
}

async fn attributes(client: &Client, arn: &str) -> Result<HashMap<String, String>, Fault> {
    let answer = client.elb().describe_target_group_attributes().target_group_arn(arn).send().await.api("elasticloadbalancing:DescribeTargetGroupAttributes")?;
    Ok(answer.attributes.unwrap_or_default().into_iter().filter_map(|one| Some((one.key?, one.value?))).collect())
}

impl LbTargetGroup {
    fn arn(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn made_name(&self, token: &str) -> String {
        let prefix = self.name_prefix.clone().filter(|prefix| !prefix.is_empty()).unwrap_or_else(|| "tf-".to_owned());
        name::choose(self.name.as_ref(), Some(&prefix), token)
    }

    /// Which attributes of the table such a target group has.
    fn has(&self, key: &str) -> bool {
        let kind = self.target_type.as_deref().unwrap_or("instance");
        let layer_7 = matches!(self.protocol.as_deref(), Some("HTTP" | "HTTPS"));
        let geneve = self.protocol.as_deref() == Some("GENEVE");
        match key {
            "lambda.multi_value_headers.enabled" => kind == "lambda",
            _ if kind == "lambda" => false,
            "load_balancing.algorithm.type" | "load_balancing.algorithm.anomaly_mitigation" | "slow_start.duration_seconds" => layer_7,
            "preserve_client_ip.enabled" | "proxy_protocol_v2.enabled" | "deregistration_delay.connection_termination.enabled" => !layer_7 && !geneve,
            _ => true,
        }
    }

    /// The blocks that the API has as attributes.
    fn block_pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        if let Some(stickiness) = self.stickiness.first() {
            let enabled = stickiness.enabled == Some(true);
            pairs.push(("stickiness.enabled", enabled.to_string()));
            if enabled {
                pairs.push(("stickiness.type", text(&stickiness.r#type)));
                let duration = stickiness.cookie_duration.unwrap_or(86_400).to_string();
                match stickiness.r#type.as_deref() {
                    Some("lb_cookie") => pairs.push(("stickiness.lb_cookie.duration_seconds", duration)),
                    Some("app_cookie") => {
                        pairs.push(("stickiness.app_cookie.duration_seconds", duration));
                        pairs.push(("stickiness.app_cookie.cookie_name", text(&stickiness.cookie_name)));
                    }
                    _ => {}
                }
            }
        }
        if let Some(failover) = self.target_failover.first() {
            pairs.push(("target_failover.on_deregistration", text(&failover.on_deregistration)));
            pairs.push(("target_failover.on_unhealthy", text(&failover.on_unhealthy)));
        }
        if let Some(health) = self.target_group_health.first() {
            if let Some(dns) = health.dns_failover.first() {
                pairs.push(("target_group_health.dns_failover.minimum_healthy_targets.count", text(&dns.minimum_healthy_targets_count)));
                pairs.push(("target_group_health.dns_failover.minimum_healthy_targets.percentage", text(&dns.minimum_healthy_targets_percentage)));
            }
            if let Some(routing) = health.unhealthy_state_routing.first() {
                let count = routing.minimum_healthy_targets_count.unwrap_or(1).to_string();
                pairs.push(("target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", count));
                pairs.push(("target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", text(&routing.minimum_healthy_targets_percentage)));
            }
        }
        if let Some(state) = self.target_health_state.first() {
            pairs.push(("target_health_state.unhealthy.connection_termination.enabled", (state.enable_unhealthy_connection_termination == Some(true)).to_string()));
            if let Some(interval) = state.unhealthy_draining_interval {
                pairs.push(("target_health_state.unhealthy.draining_interval_seconds", interval.to_string()));
            }
        }
        pairs
    }

    async fn set_attributes(client: &Client, arn: &str, prior: Option<&Self>, planned: &Self) -> Result<(), Fault> {
        let before = prior.map(Self::block_pairs).unwrap_or_default();
        let pairs = elb::changed(ATTRIBUTES, prior, planned)?.into_iter().filter(|(key, value)| planned.has(key) && !value.is_empty());
        let blocks = planned.block_pairs().into_iter().filter(|pair| !before.contains(pair) && !pair.1.is_empty());
        let attributes: Vec<_> = pairs.chain(blocks).map(|(key, value)| TargetGroupAttribute::builder().key(key).value(value).build()).collect();
        if !attributes.is_empty() {
            let call = client.elb().modify_target_group_attributes().target_group_arn(arn).set_attributes(Some(attributes));
            call.send().await.api("elasticloadbalancing:ModifyTargetGroupAttributes")?;
        }
        Ok(())
    }

    fn matcher(&self) -> Option<Matcher> {
        let codes = self.health_check.first()?.matcher.clone().filter(|codes| !codes.is_empty())?;
        let builder = Matcher::builder();
        let grpc = self.protocol_version.as_deref() == Some("GRPC");
        Some(if grpc { builder.grpc_code(codes) } else { builder.http_code(codes) }.build())
    }
}

impl Resource for LbTargetGroup {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let mut faults = name::check(config, 32, "-");
        let unset = |name: &str| config.get(name).is_none_or(|value| value.is_null());
        if config.get("target_type").is_none_or(|kind| kind.is_known() && kind.as_str() != Some("lambda")) {
            for name in ["port", "protocol", "vpc_id"].into_iter().filter(|name| unset(name)) {
                faults.push(Fault::attribute(Path::attr(name), "Missing argument", format!("\"{name}\" must be set unless \"target_type\" is \"lambda\".")));
            }
        }
        faults
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let name = planned.made_name(operation.token);
        let lambda = planned.target_type.as_deref() == Some("lambda");
        let check = planned.health_check.first().cloned().unwrap_or_default();
        let text = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        let number = |value: Option<i64>| value.filter(|value| *value != 0).map(|value| value as i32);
        let answer = client
            .elb()
            .create_target_group()
            .name(&name)
            .set_target_type(planned.target_type.as_deref().map(TargetTypeEnum::from))
            .set_port(planned.port.filter(|_| !lambda).map(|port| port as i32))
            .set_protocol(text(&planned.protocol).filter(|_| !lambda).as_deref().map(ProtocolEnum::from))
            .set_protocol_version(text(&planned.protocol_version).filter(|_| !lambda))
            .set_vpc_id(text(&planned.vpc_id).filter(|_| !lambda))
            .set_ip_address_type(text(&planned.ip_address_type).as_deref().map(TargetGroupIpAddressTypeEnum::from))
            .set_health_check_enabled(check.enabled)
            .set_health_check_interval_seconds(number(check.interval))
            .set_health_check_path(text(&check.path))
            .set_health_check_port(text(&check.port).filter(|_| !lambda))
            .set_health_check_protocol(text(&check.protocol).filter(|_| !lambda).as_deref().map(ProtocolEnum::from))
            .set_health_check_timeout_seconds(number(check.timeout))
            .set_healthy_threshold_count(number(check.healthy_threshold))
            .set_unhealthy_threshold_count(number(check.unhealthy_threshold))
            .set_matcher(planned.matcher())
            .set_tags(elb::new_tags(client, &planned.tags, None))
            .send()
            .await
            .api("elasticloadbalancing:CreateTargetGroup")?;
        let arn = answer.target_groups.and_then(|all| all.into_iter().next()?.target_group_arn);
        let arn = arn.ok_or_else(|| Fault::error("elasticloadbalancing:CreateTargetGroup failed", "The answer holds no target group."))?;
        let created = Self { id: Some(arn.clone()), arn: Some(arn.clone()), name: Some(name), ..planned };
        operation.created(&created)?;
        wait::appear("target group", || describe(client, &arn)).await?;
        Self::set_attributes(client, &arn, None, &created).await?;
        wait::appear("target group", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let arn = prior.arn().to_owned();
        // All at once, so that the tags of balancers, listeners and groups come with one request.
        let (found, attributes, tags) = tokio::try_join!(describe(client, &arn), attributes(client, &arn), elb::tags_of(client, &arn))?;
        let Some(group) = found else { return Ok(None) };
        let (tags, tags_all) = client.tag_rules().read(tags, &prior.tags);
        let attribute = |key: &str| attributes.get(key).cloned();
        let name = group.target_group_name.clone().unwrap_or_default();
        let matcher = group.matcher.as_ref().and_then(|matcher| matcher.http_code.clone().or_else(|| matcher.grpc_code.clone()));
        let check = HealthCheck {
            enabled: group.health_check_enabled,
            healthy_threshold: group.healthy_threshold_count.map(i64::from),
            interval: group.health_check_interval_seconds.map(i64::from),
            matcher: Some(matcher.unwrap_or_default()),
            path: Some(group.health_check_path.clone().unwrap_or_default()),
            port: group.health_check_port.clone(),
            protocol: group.health_check_protocol.as_ref().map(|protocol| protocol.as_str().to_owned()),
            timeout: group.health_check_timeout_seconds.map(i64::from),
            unhealthy_threshold: group.unhealthy_threshold_count.map(i64::from),
        };
        let stickiness = attribute("stickiness.type").map(|kind| {
            let duration = attribute(&format!("stickiness.{kind}.duration_seconds")).and_then(|text| text.parse().ok());
            let before = prior.stickiness.first();
            Stickiness {
                cookie_duration: duration.or(before.and_then(|before| before.cookie_duration)),
                cookie_name: attribute("stickiness.app_cookie.cookie_name").filter(|name| !name.is_empty()),
                enabled: Some(attribute("stickiness.enabled").as_deref() == Some("true")),
                r#type: Some(kind),
            }
        });
        let failover = attribute("target_failover.on_deregistration")
            .map(|on_deregistration| TargetFailover { on_deregistration: Some(on_deregistration), on_unhealthy: attribute("target_failover.on_unhealthy") });
        let dns = "target_group_health.dns_failover.minimum_healthy_targets";
        let routing = "target_group_health.unhealthy_state_routing.minimum_healthy_targets";
        let dns_failover = attribute(&format!("{dns}.count")).map(|count| TargetGroupHealthDnsFailover {
            minimum_healthy_targets_count: Some(count),
            minimum_healthy_targets_percentage: attribute(&format!("{dns}.percentage")),
        });
        let unhealthy_state_routing = attribute(&format!("{routing}.count")).map(|count| TargetGroupHealthUnhealthyStateRouting {
            minimum_healthy_targets_count: count.parse().ok(),
            minimum_healthy_targets_percentage: attribute(&format!("{routing}.percentage")),
        });
        let health = (dns_failover.is_some() || unhealthy_state_routing.is_some())
            .then(|| TargetGroupHealth { dns_failover: dns_failover.into_iter().collect(), unhealthy_state_routing: unhealthy_state_routing.into_iter().collect() });
        let state = attribute("target_health_state.unhealthy.connection_termination.enabled").map(|enabled| TargetHealthState {
            enable_unhealthy_connection_termination: Some(enabled == "true"),
            unhealthy_draining_interval: attribute("target_health_state.unhealthy.draining_interval_seconds").and_then(|text| text.parse().ok()),
        });
        let computed = |value: &Option<String>| Some(value.clone().unwrap_or_default());
        let read = Self {
            arn_suffix: Some(elb::suffix(&arn, "targetgroup/")),
            arn: Some(arn),
            connection_termination: prior.connection_termination.or(Some(false)),
            ip_address_type: Some(group.ip_address_type.as_ref().map(|kind| kind.as_str().to_owned()).unwrap_or_default()),
            load_balancer_arns: Some(group.load_balancer_arns().to_vec()),
            load_balancing_algorithm_type: computed(&prior.load_balancing_algorithm_type),
            load_balancing_anomaly_mitigation: computed(&prior.load_balancing_anomaly_mitigation),
            load_balancing_cross_zone_enabled: computed(&prior.load_balancing_cross_zone_enabled),
            name_prefix: Some(name::prefix(&name).to_owned()),
            name: Some(name),
            port: group.port.map(i64::from),
            preserve_client_ip: computed(&prior.preserve_client_ip),
            protocol: group.protocol.as_ref().map(|protocol| protocol.as_str().to_owned()),
            protocol_version: Some(group.protocol_version.clone().unwrap_or_default()),
            target_type: group.target_type.as_ref().map(|kind| kind.as_str().to_owned()),
            vpc_id: group.vpc_id.clone(),
            health_check: vec![check],
            stickiness: stickiness.into_iter().collect(),
            target_failover: failover.into_iter().collect(),
            target_group_health: health.into_iter().collect(),
            target_health_state: state.into_iter().collect(),
            tags,
            tags_all,
            // The defaults of what this kind of target group does not have.
            deregistration_delay: prior.deregistration_delay.clone().or_else(|| Some("300".to_owned())),
            lambda_multi_value_headers_enabled: prior.lambda_multi_value_headers_enabled.or(Some(false)),
            proxy_protocol_v2: prior.proxy_protocol_v2.or(Some(false)),
            slow_start: prior.slow_start.or(Some(0)),
            ..prior.clone()
        };
        let read = elb::shown(ATTRIBUTES, read, &attributes)?;
        let stickiness = keep::form(&prior, &read)?.stickiness;
        let (port, vpc_id, protocol) = (prior.port, prior.vpc_id, prior.protocol);
        Ok(Some(Self { stickiness, port: read.port.or(port), vpc_id: read.vpc_id.or(vpc_id), protocol: read.protocol.or(protocol), ..read }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let arn = prior.arn().to_owned();
        let form = |state: &Self| serde_json::to_value(&state.health_check).ok();
        if form(&prior) != form(&planned)
            && let Some(check) = planned.health_check.first()
        {
            let lambda = planned.target_type.as_deref() == Some("lambda");
            let text = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
            let number = |value: Option<i64>| value.filter(|value| *value != 0).map(|value| value as i32);
            client
                .elb()
                .modify_target_group()
                .target_group_arn(&arn)
                .set_health_check_enabled(check.enabled)
                .set_health_check_interval_seconds(number(check.interval))
                .set_health_check_path(text(&check.path))
                .set_health_check_port(text(&check.port).filter(|_| !lambda))
                .set_health_check_protocol(text(&check.protocol).filter(|_| !lambda).as_deref().map(ProtocolEnum::from))
                .set_health_check_timeout_seconds(number(check.timeout))
                .set_healthy_threshold_count(number(check.healthy_threshold))
                .set_unhealthy_threshold_count(number(check.unhealthy_threshold))
                .set_matcher(planned.matcher())
                .send()
                .await
                .api("elasticloadbalancing:ModifyTargetGroup")?;
        }
        Self::set_attributes(client, &arn, Some(&prior), &planned).await?;
        elb::retag(client, &arn, &prior.tags_all, &planned.tags).await?;
        Self::read(client, Self { id: Some(arn), ..planned }).await?.ok_or_else(|| Fault::not_found("The target group is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        // A listener that has just been deleted is seen as a user of it for a while.
        wait::retry(
            wait::limit(None, 2)?,
            |error: &ApiError| error.is(&["ResourceInUse"]),
            || async { client.elb().delete_target_group().target_group_arn(prior.arn()).send().await.api("elasticloadbalancing:DeleteTargetGroup") },
        )
        .await?;
        Ok(())
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        let answer = client.elb().describe_target_groups().names(planned.made_name(token)).send().await.api("elasticloadbalancing:DescribeTargetGroups");
        let found = match answer {
            Err(error) if error.not_found() => return Ok(None),
            answer => answer?.target_groups.and_then(|all| all.into_iter().next()?.target_group_arn),
        };
        let Some(arn) = found else { return Ok(None) };
        Self::set_attributes(client, &arn, None, &planned).await?;
        Self::read(client, Self { id: Some(arn), ..planned }).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn tcp_with_https_checks() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.62.0.0/16"})).await, "id");
        let check = json!({"protocol": "HTTPS", "port": "traffic-port", "path": "/v1/sys/health?standbyok=true", "matcher": "200", "interval": 10, "timeout": 6, "healthy_threshold": 2, "unhealthy_threshold": 3});
        let config = json!({"name": "tcp-with-checks", "vpc_id": vpc, "target_type": "instance", "protocol": "TCP", "port": 8200, "deregistration_delay": "30", "preserve_client_ip": "true", "health_check": [check]});
        let mut changed = config.clone();
        changed["health_check"][0]["path"] = json!("/other");
        changed["deregistration_delay"] = json!("60");
        changed["tags"] = json!({"a": "b"});
        let state = Lifecycle::new(&lab, "aws_lb_target_group", config.clone()).update(changed).run().await;
        assert!(text(&state, "arn_suffix").starts_with("targetgroup/tcp-with-checks/"));
        let mut moved = config;
        moved["port"] = json!(8201);
        let planned = lab.plan("aws_lb_target_group", Some(&state), &moved).await.expect("plan");
        assert_eq!(planned.requires_replace.iter().map(ToString::to_string).collect::<Vec<_>>(), [".port"]);
    }

    #[tokio::test]
    async fn http_with_stickiness() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.63.0.0/16"})).await, "id");
        let config = json!({"name_prefix": "web-", "vpc_id": vpc, "protocol": "HTTP", "port": 80});
        let sticky = json!({"name_prefix": "web-", "vpc_id": vpc, "protocol": "HTTP", "port": 80, "slow_start": 60, "stickiness": [{"type": "lb_cookie", "cookie_duration": 600, "enabled": true}]});
        Lifecycle::new(&lab, "aws_lb_target_group", config).update(sticky).run().await;
    }
}
