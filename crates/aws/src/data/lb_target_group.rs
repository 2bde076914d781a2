//! `data "aws_lb_target_group"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::resource::lb_target_group::LbTargetGroup as Resource;
use crate::tags::Tags;
use crate::timeouts::timeouts;
use crate::{Client, elb, query, view};

/// A target group.
///
/// ```hcl
/// data "aws_lb_target_group" "web" {
///   name = "web"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_lb_target_group")]
pub(crate) struct LbTargetGroup {
    /// ARN.
    #[schema(optional, computed)]
    arn: Option<String>,
    /// ARN suffix.
    #[schema(computed)]
    arn_suffix: Option<String>,
    /// Connection termination.
    #[schema(computed)]
    connection_termination: Option<bool>,
    /// Deregistration delay.
    #[schema(computed)]
    deregistration_delay: Option<String>,
    /// How targets are checked.
    #[schema(computed)]
    health_check: Option<Vec<ShownCheck>>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Lambda multi value headers enabled.
    #[schema(computed)]
    lambda_multi_value_headers_enabled: Option<bool>,
    /// Load balancer ARNs.
    #[schema(computed, set)]
    load_balancer_arns: Option<Vec<String>>,
    /// Load balancing algorithm type.
    #[schema(computed)]
    load_balancing_algorithm_type: Option<String>,
    /// Load balancing anomaly mitigation.
    #[schema(optional, computed)]
    load_balancing_anomaly_mitigation: Option<String>,
    /// Load balancing cross zone enabled.
    #[schema(computed)]
    load_balancing_cross_zone_enabled: Option<String>,
    /// Name.
    #[schema(optional, computed)]
    name: Option<String>,
    /// Port.
    #[schema(computed)]
    port: Option<i64>,
    /// Preserve client IP.
    #[schema(computed)]
    preserve_client_ip: Option<String>,
    /// Protocol.
    #[schema(computed)]
    protocol: Option<String>,
    /// Protocol version.
    #[schema(computed)]
    protocol_version: Option<String>,
    /// Proxy protocol v2.
    #[schema(computed)]
    proxy_protocol_v2: Option<bool>,
    /// Slow start.
    #[schema(computed)]
    slow_start: Option<i64>,
    /// How long a client stays with a target.
    #[schema(computed)]
    stickiness: Option<Vec<ShownStickiness>>,
    /// Tags that it has.
    #[schema(optional, computed)]
    tags: Tags,
    /// Target type.
    #[schema(computed)]
    target_type: Option<String>,
    /// VPC.
    #[schema(computed)]
    vpc_id: Option<String>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

/// How long a client stays with a target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ShownStickiness {
    /// Cookie duration.
    #[schema(optional)]
    cookie_duration: i64,
    /// Cookie name.
    #[schema(optional)]
    cookie_name: String,
    /// Enabled.
    #[schema(optional)]
    enabled: bool,
    /// Type.
    #[schema(optional)]
    r#type: String,
}

/// How targets are checked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ShownCheck {
    /// Enabled.
    #[schema(optional)]
    enabled: bool,
    /// Healthy threshold.
    #[schema(optional)]
    healthy_threshold: i64,
    /// Interval.
    #[schema(optional)]
    interval: i64,
    /// Matcher.
    #[schema(optional)]
    matcher: String,
    /// Path.
    #[schema(optional)]
    path: String,
    /// Port.
    #[schema(optional)]
    port: String,
    /// Protocol.
    #[schema(optional)]
    protocol: String,
    /// Timeout.
    #[schema(optional)]
    timeout: i64,
    /// Unhealthy threshold.
    #[schema(optional)]
    unhealthy_threshold: i64,
}

impl DataSource for LbTargetGroup {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty()).map(|text| vec![text]);
        let call = client.elb().describe_target_groups().set_target_group_arns(given(&config.arn)).set_names(given(&config.name).filter(|_| config.arn.is_none()));
        let all = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.api("elasticloadbalancing:DescribeTargetGroups")?;
        let arns = all.into_iter().filter_map(|one| one.target_group_arn).collect();
        let arn = query::only("target group", elb::tagged(client, arns, &config.tags).await?)?;
        view::of::<Resource, Self>(client, &arn, &config).await?.ok_or_else(|| view::none("target group"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn by_name_and_tag() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.117.0.0/16"})).await, "id");
        let made = lab.make("aws_lb_target_group", json!({"name": "seen", "vpc_id": vpc, "protocol": "HTTP", "port": 80, "tags": {"Data": "group"}})).await;
        for query in [json!({"name": "seen"}), json!({"tags": {"Data": "group"}})] {
            let found = lab.data("aws_lb_target_group", query).await.expect("group");
            for name in ["arn", "arn_suffix", "port", "protocol", "vpc_id", "target_type", "deregistration_delay"] {
                assert_eq!(found.get(name), made.get(name), "{name}");
            }
            assert_eq!(found.get("health_check").expect("check").length(), Some(1));
        }
    }
}
