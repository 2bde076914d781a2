//! `data "aws_launch_template"`

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::data::availability_zones::{Filter, filters};
use crate::instance_requirements::InstanceRequirements;
use crate::marker::filter;
use crate::resource::launch_template::LaunchTemplate as Resource;
use crate::tags::Tags;
use crate::timeouts::timeouts;
use crate::{Client, query, view};

/// A launch template, in its newest version.
///
/// ```hcl
/// data "aws_launch_template" "web" {
///   name = "web"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_launch_template")]
pub(crate) struct LaunchTemplate {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Block device mappings.
    #[schema(computed)]
    block_device_mappings: Option<Vec<BlockDeviceMappings>>,
    /// Capacity reservation specification.
    #[schema(computed)]
    capacity_reservation_specification: Option<Vec<CapacityReservationSpecification>>,
    /// CPU options.
    #[schema(computed)]
    cpu_options: Option<Vec<CpuOptions>>,
    /// Credit specification.
    #[schema(computed)]
    credit_specification: Option<Vec<CreditSpecification>>,
    /// Default version.
    #[schema(computed)]
    default_version: Option<i64>,
    /// Description.
    #[schema(computed)]
    description: Option<String>,
    /// Disable API stop.
    #[schema(computed)]
    disable_api_stop: Option<bool>,
    /// Disable API termination.
    #[schema(computed)]
    disable_api_termination: Option<bool>,
    /// EBS optimized.
    #[schema(computed)]
    ebs_optimized: Option<String>,
    /// Elastic GPU specifications.
    #[schema(computed, deprecated = "Amazon Elastic Graphics reached end of life on January 8, 2024.")]
    elastic_gpu_specifications: Option<Vec<ElasticGpuSpecifications>>,
    /// Elastic inference accelerator.
    #[schema(computed, deprecated = "AWS no longer supports the Elastic Inference service.")]
    elastic_inference_accelerator: Option<Vec<ElasticGpuSpecifications>>,
    /// Enclave options.
    #[schema(computed)]
    enclave_options: Option<Vec<EnclaveOptions>>,
    /// Hibernation options.
    #[schema(computed)]
    hibernation_options: Option<Vec<HibernationOptions>>,
    /// IAM instance profile.
    #[schema(computed)]
    iam_instance_profile: Option<Vec<IamInstanceProfile>>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Image id.
    #[schema(computed)]
    image_id: Option<String>,
    /// Instance initiated shutdown behavior.
    #[schema(computed)]
    instance_initiated_shutdown_behavior: Option<String>,
    /// Instance market options.
    #[schema(computed)]
    instance_market_options: Option<Vec<InstanceMarketOptions>>,
    /// Instance requirements.
    #[schema(computed)]
    instance_requirements: Option<Vec<InstanceRequirements>>,
    /// Instance type.
    #[schema(computed)]
    instance_type: Option<String>,
    /// Kernel id.
    #[schema(computed)]
    kernel_id: Option<String>,
    /// Key name.
    #[schema(computed)]
    key_name: Option<String>,
    /// Latest version.
    #[schema(computed)]
    latest_version: Option<i64>,
    /// License specification.
    #[schema(computed)]
    license_specification: Option<Vec<LicenseSpecification>>,
    /// Maintenance options.
    #[schema(computed)]
    maintenance_options: Option<Vec<MaintenanceOptions>>,
    /// Metadata options.
    #[schema(computed)]
    metadata_options: Option<Vec<MetadataOptions>>,
    /// Monitoring.
    #[schema(computed)]
    monitoring: Option<Vec<EnclaveOptions>>,
    /// Name.
    #[schema(optional, computed)]
    name: Option<String>,
    /// Network interfaces.
    #[schema(computed)]
    network_interfaces: Option<Vec<NetworkInterfaces>>,
    /// Placement.
    #[schema(computed)]
    placement: Option<Vec<Placement>>,
    /// Private DNS name options.
    #[schema(computed)]
    private_dns_name_options: Option<Vec<PrivateDnsNameOptions>>,
    /// Ram disk id.
    #[schema(computed)]
    ram_disk_id: Option<String>,
    /// Security group names.
    #[schema(computed, set)]
    security_group_names: Option<Vec<String>>,
    /// Tag specifications.
    #[schema(computed)]
    tag_specifications: Option<Vec<TagSpecifications>>,
    /// Tags.
    #[schema(optional, computed)]
    tags: Tags,
    /// User data.
    #[schema(computed)]
    user_data: Option<String>,
    /// VPC security group ids.
    #[schema(computed, set)]
    vpc_security_group_ids: Option<Vec<String>>,
    /// Filters of the API.
    #[schema(block, set)]
    filter: Vec<Filter>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

/// Tag specifications.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct TagSpecifications {
    /// Resource type.
    #[schema(optional)]
    resource_type: String,
    /// Tags.
    #[schema(optional)]
    tags: BTreeMap<String, String>,
}

/// Private DNS name options.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct PrivateDnsNameOptions {
    /// Enable resource name DNS a record.
    #[schema(optional)]
    enable_resource_name_dns_a_record: bool,
    /// Enable resource name DNS aaaa record.
    #[schema(optional)]
    enable_resource_name_dns_aaaa_record: bool,
    /// Hostname type.
    #[schema(optional)]
    hostname_type: String,
}

/// Placement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Placement {
    /// Affinity.
    #[schema(optional)]
    affinity: String,
    /// Availability zone.
    #[schema(optional)]
    availability_zone: String,
    /// Group name.
    #[schema(optional)]
    group_name: String,
    /// Host id.
    #[schema(optional)]
    host_id: String,
    /// Host resource group ARN.
    #[schema(optional)]
    host_resource_group_arn: String,
    /// Partition number.
    #[schema(optional)]
    partition_number: i64,
    /// Spread domain.
    #[schema(optional)]
    spread_domain: String,
    /// Tenancy.
    #[schema(optional)]
    tenancy: String,
}

/// Network interfaces.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct NetworkInterfaces {
    /// Associate carrier IP address.
    #[schema(optional)]
    associate_carrier_ip_address: String,
    /// Associate public IP address.
    #[schema(optional)]
    associate_public_ip_address: String,
    /// Connection tracking specification.
    #[schema(optional)]
    connection_tracking_specification: Vec<ConnectionTrackingSpecification>,
    /// Delete on termination.
    #[schema(optional)]
    delete_on_termination: String,
    /// Description.
    #[schema(optional)]
    description: String,
    /// Device index.
    #[schema(optional)]
    device_index: i64,
    /// Interface type.
    #[schema(optional)]
    interface_type: String,
    /// IPv4 address count.
    #[schema(optional)]
    ipv4_address_count: i64,
    /// IPv4 addresses.
    #[schema(optional, set)]
    ipv4_addresses: Vec<String>,
    /// IPv4 prefix count.
    #[schema(optional)]
    ipv4_prefix_count: i64,
    /// IPv4 prefixes.
    #[schema(optional, set)]
    ipv4_prefixes: Vec<String>,
    /// IPv6 address count.
    #[schema(optional)]
    ipv6_address_count: i64,
    /// IPv6 addresses.
    #[schema(optional, set)]
    ipv6_addresses: Vec<String>,
    /// IPv6 prefix count.
    #[schema(optional)]
    ipv6_prefix_count: i64,
    /// IPv6 prefixes.
    #[schema(optional, set)]
    ipv6_prefixes: Vec<String>,
    /// Network card index.
    #[schema(optional)]
    network_card_index: i64,
    /// Network interface id.
    #[schema(optional)]
    network_interface_id: String,
    /// Primary IPv6.
    #[schema(optional)]
    primary_ipv6: String,
    /// Private IP address.
    #[schema(optional)]
    private_ip_address: String,
    /// Security groups.
    #[schema(optional, set)]
    security_groups: Vec<String>,
    /// Subnet.
    #[schema(optional)]
    subnet_id: String,
}

/// Connection tracking specification.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ConnectionTrackingSpecification {
    /// Tcp established timeout.
    #[schema(optional)]
    tcp_established_timeout: i64,
    /// Udp stream timeout.
    #[schema(optional)]
    udp_stream_timeout: i64,
    /// Udp timeout.
    #[schema(optional)]
    udp_timeout: i64,
}

/// Metadata options.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct MetadataOptions {
    /// HTTP endpoint.
    #[schema(optional)]
    http_endpoint: String,
    /// HTTP protocol IPv6.
    #[schema(optional)]
    http_protocol_ipv6: String,
    /// HTTP put response hop limit.
    #[schema(optional)]
    http_put_response_hop_limit: i64,
    /// HTTP tokens.
    #[schema(optional)]
    http_tokens: String,
    /// Instance metadata tags.
    #[schema(optional)]
    instance_metadata_tags: String,
}

/// Maintenance options.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct MaintenanceOptions {
    /// Auto recovery.
    #[schema(optional)]
    auto_recovery: String,
}

/// License specification.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct LicenseSpecification {
    /// License configuration ARN.
    #[schema(optional)]
    license_configuration_arn: String,
}

/// Instance market options.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct InstanceMarketOptions {
    /// Market type.
    #[schema(optional)]
    market_type: String,
    /// Spot options.
    #[schema(optional)]
    spot_options: Vec<SpotOptions>,
}

/// Spot options.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct SpotOptions {
    /// Block duration minutes.
    #[schema(optional)]
    block_duration_minutes: i64,
    /// Instance interruption behavior.
    #[schema(optional)]
    instance_interruption_behavior: String,
    /// Max price.
    #[schema(optional)]
    max_price: String,
    /// Spot instance type.
    #[schema(optional)]
    spot_instance_type: String,
    /// Valid until.
    #[schema(optional)]
    valid_until: String,
}

/// IAM instance profile.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct IamInstanceProfile {
    /// ARN.
    #[schema(optional)]
    arn: String,
    /// Name.
    #[schema(optional)]
    name: String,
}

/// Hibernation options.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct HibernationOptions {
    /// Configured.
    #[schema(optional)]
    configured: bool,
}

/// Enclave options.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct EnclaveOptions {
    /// Enabled.
    #[schema(optional)]
    enabled: bool,
}

/// Elastic GPU specifications.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ElasticGpuSpecifications {
    /// Type.
    #[schema(optional)]
    r#type: String,
}

/// Credit specification.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct CreditSpecification {
    /// CPU credits.
    #[schema(optional)]
    cpu_credits: String,
}

/// CPU options.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct CpuOptions {
    /// Amd SEV SNP.
    #[schema(optional)]
    amd_sev_snp: String,
    /// Core count.
    #[schema(optional)]
    core_count: i64,
    /// Threads per core.
    #[schema(optional)]
    threads_per_core: i64,
}

/// Capacity reservation specification.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct CapacityReservationSpecification {
    /// Capacity reservation preference.
    #[schema(optional)]
    capacity_reservation_preference: String,
    /// Capacity reservation target.
    #[schema(optional)]
    capacity_reservation_target: Vec<CapacityReservationTarget>,
}

/// Capacity reservation target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct CapacityReservationTarget {
    /// Capacity reservation id.
    #[schema(optional)]
    capacity_reservation_id: String,
    /// Capacity reservation resource group ARN.
    #[schema(optional)]
    capacity_reservation_resource_group_arn: String,
}

/// Block device mappings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct BlockDeviceMappings {
    /// Device name.
    #[schema(optional)]
    device_name: String,
    /// EBS.
    #[schema(optional)]
    ebs: Vec<Ebs>,
    /// No device.
    #[schema(optional)]
    no_device: String,
    /// Virtual name.
    #[schema(optional)]
    virtual_name: String,
}

/// EBS.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Ebs {
    /// Delete on termination.
    #[schema(optional)]
    delete_on_termination: String,
    /// Encrypted.
    #[schema(optional)]
    encrypted: String,
    /// IOPS.
    #[schema(optional)]
    iops: i64,
    /// KMS key id.
    #[schema(optional)]
    kms_key_id: String,
    /// Snapshot id.
    #[schema(optional)]
    snapshot_id: String,
    /// Throughput.
    #[schema(optional)]
    throughput: i64,
    /// Volume initialization rate.
    #[schema(optional)]
    volume_initialization_rate: i64,
    /// Volume size.
    #[schema(optional)]
    volume_size: i64,
    /// Volume type.
    #[schema(optional)]
    volume_type: String,
}

impl DataSource for LaunchTemplate {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty()).map(|text| vec![text]);
        let mut wanted = filters(&config.filter);
        wanted.extend(config.tags.iter().flatten().map(|(key, value)| filter(&format!("tag:{key}"), [value])));
        let call = client
            .ec2()
            .describe_launch_templates()
            .set_launch_template_ids(given(&config.id))
            .set_launch_template_names(given(&config.name).filter(|_| config.id.is_none()))
            .set_filters((!wanted.is_empty()).then_some(wanted));
        let found = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeLaunchTemplates")?;
        let id = query::only("launch template", found)?.launch_template_id.unwrap_or_default();
        view::of::<Resource, Self>(client, &id, &config).await?.ok_or_else(|| view::none("launch template"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn by_name_and_id() {
        let lab = lab().await;
        let device = json!([{"device_name": "/dev/sdf", "ebs": [{"volume_size": 20, "volume_type": "gp3", "encrypted": "true"}]}]);
        let config =
            json!({"name": "seen-template", "image_id": "ami-12c6146b", "instance_type": "t3.small", "block_device_mappings": device, "tags": {"Data": "template"}});
        let made = lab.make("aws_launch_template", config).await;
        for query in [json!({"name": "seen-template"}), json!({"id": text(&made, "id")})] {
            let found = lab.data("aws_launch_template", query).await.expect("template");
            for name in ["id", "arn", "name", "image_id", "instance_type", "latest_version"] {
                assert_eq!(found.get(name), made.get(name), "{name}");
            }
            assert!(format!("{:?}", found.get("block_device_mappings").expect("devices")).contains("/dev/sdf"));
        }
    }
}
