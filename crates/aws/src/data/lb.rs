//! `data "aws_lb"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::resource::lb::Lb as Resource;
use crate::tags::Tags;
use crate::timeouts::timeouts;
use crate::{Client, elb, query, view};

/// A load balancer.
///
/// ```hcl
/// data "aws_lb" "web" {
///   name = "web"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_lb")]
pub(crate) struct Lb {
    /// Access logs.
    #[schema(computed)]
    access_logs: Option<Vec<ShownLogs>>,
    /// ARN.
    #[schema(optional, computed)]
    arn: Option<String>,
    /// ARN suffix.
    #[schema(computed)]
    arn_suffix: Option<String>,
    /// Client keep alive.
    #[schema(computed)]
    client_keep_alive: Option<i64>,
    /// Connection logs.
    #[schema(computed)]
    connection_logs: Option<Vec<ShownLogs>>,
    /// Customer owned IPv4 pool.
    #[schema(computed)]
    customer_owned_ipv4_pool: Option<String>,
    /// Desync mitigation mode.
    #[schema(computed)]
    desync_mitigation_mode: Option<String>,
    /// DNS name.
    #[schema(computed)]
    dns_name: Option<String>,
    /// DNS record client routing policy.
    #[schema(computed)]
    dns_record_client_routing_policy: Option<String>,
    /// Drop invalid header fields.
    #[schema(computed)]
    drop_invalid_header_fields: Option<bool>,
    /// Enable cross zone load balancing.
    #[schema(computed)]
    enable_cross_zone_load_balancing: Option<bool>,
    /// Enable deletion protection.
    #[schema(computed)]
    enable_deletion_protection: Option<bool>,
    /// Enable HTTP/2.
    #[schema(computed)]
    enable_http2: Option<bool>,
    /// Enable TLS version and cipher suite headers.
    #[schema(computed)]
    enable_tls_version_and_cipher_suite_headers: Option<bool>,
    /// Enable WAF fail open.
    #[schema(computed)]
    enable_waf_fail_open: Option<bool>,
    /// Enable X-Forwarded-For client port.
    #[schema(computed)]
    enable_xff_client_port: Option<bool>,
    /// Enable zonal shift.
    #[schema(computed)]
    enable_zonal_shift: Option<bool>,
    /// Enforce security group inbound rules on private link traffic.
    #[schema(computed)]
    enforce_security_group_inbound_rules_on_private_link_traffic: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Idle timeout.
    #[schema(computed)]
    idle_timeout: Option<i64>,
    /// Internal.
    #[schema(computed)]
    internal: Option<bool>,
    /// IP address type.
    #[schema(computed)]
    ip_address_type: Option<String>,
    /// IPAM pools.
    #[schema(computed)]
    ipam_pools: Option<Vec<ShownPools>>,
    /// Load balancer type.
    #[schema(computed)]
    load_balancer_type: Option<String>,
    /// Name.
    #[schema(optional, computed)]
    name: Option<String>,
    /// Preserve host header.
    #[schema(computed)]
    preserve_host_header: Option<bool>,
    /// Security groups.
    #[schema(computed, set)]
    security_groups: Option<Vec<String>>,
    /// Subnet mapping.
    #[schema(computed, set)]
    subnet_mapping: Option<Vec<ShownMapping>>,
    /// Subnets.
    #[schema(computed, set)]
    subnets: Option<Vec<String>>,
    /// Tags that it has.
    #[schema(optional, computed)]
    tags: Tags,
    /// VPC.
    #[schema(computed)]
    vpc_id: Option<String>,
    /// X-Forwarded-For header processing mode.
    #[schema(computed)]
    xff_header_processing_mode: Option<String>,
    /// Zone id.
    #[schema(computed)]
    zone_id: Option<String>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

/// Subnet mapping.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ShownMapping {
    /// Allocation id.
    #[schema(optional)]
    allocation_id: String,
    /// IPv6 address.
    #[schema(optional)]
    ipv6_address: String,
    /// Outpost id.
    #[schema(optional)]
    outpost_id: String,
    /// Private IPv4 address.
    #[schema(optional)]
    private_ipv4_address: String,
    /// Subnet.
    #[schema(optional)]
    subnet_id: String,
}

/// IPAM pools.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ShownPools {
    /// IPv4 IPAM pool id.
    #[schema(optional)]
    ipv4_ipam_pool_id: String,
}

/// Access logs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ShownLogs {
    /// Bucket.
    #[schema(optional)]
    bucket: String,
    /// Enabled.
    #[schema(optional)]
    enabled: bool,
    /// Prefix.
    #[schema(optional)]
    prefix: String,
}

impl DataSource for Lb {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty()).map(|text| vec![text]);
        let call = client.elb().describe_load_balancers().set_load_balancer_arns(given(&config.arn)).set_names(given(&config.name).filter(|_| config.arn.is_none()));
        let all = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.api("elasticloadbalancing:DescribeLoadBalancers")?;
        let arns = all.into_iter().filter_map(|one| one.load_balancer_arn).collect();
        let arn = query::only("load balancer", elb::tagged(client, arns, &config.tags).await?)?;
        view::of::<Resource, Self>(client, &arn, &config).await?.ok_or_else(|| view::none("load balancer"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn by_name_arn_and_tag() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.116.0.0/16"})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.116.1.0/24"})).await, "id");
        let made = lab.make("aws_lb", json!({"name": "seen", "internal": true, "subnets": [subnet], "tags": {"Data": "lb"}})).await;
        for query in [json!({"name": "seen"}), json!({"arn": text(&made, "arn")}), json!({"tags": {"Data": "lb"}})] {
            let found = lab.data("aws_lb", query).await.expect("balancer");
            for name in ["arn", "dns_name", "zone_id", "vpc_id", "idle_timeout", "subnets", "security_groups"] {
                assert_eq!(found.get(name), made.get(name), "{name}");
            }
        }
        assert!(lab.data("aws_lb", json!({"name": "no-such"})).await.is_err());
    }
}
