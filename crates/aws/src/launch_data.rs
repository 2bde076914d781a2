//! What a launch template launches: its nested blocks, and how EC2 has them.

use std::collections::BTreeMap;

use aws_sdk_ec2::types as ec2;
use serde::{Deserialize, Serialize};
use weir_provider::Schema;

use crate::tags::{self, Tags};
use crate::wire::{FromSdk, ToSdk, wire};

/// Tags for what an instance brings with it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct TagSpecifications {
    /// Resource type.
    #[schema(optional)]
    resource_type: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
}

/// Private dns name options.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct PrivateDnsNameOptions {
    /// Enable resource name dns a record.
    #[schema(optional)]
    enable_resource_name_dns_a_record: Option<bool>,
    /// Enable resource name dns aaaa record.
    #[schema(optional)]
    enable_resource_name_dns_aaaa_record: Option<bool>,
    /// Hostname type.
    #[schema(optional)]
    hostname_type: Option<String>,
}

/// Placement.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Placement {
    /// Affinity.
    #[schema(optional)]
    affinity: Option<String>,
    /// Availability zone.
    #[schema(optional)]
    availability_zone: Option<String>,
    /// Group name.
    #[schema(optional)]
    group_name: Option<String>,
    /// Host id.
    #[schema(optional)]
    host_id: Option<String>,
    /// Host resource group arn.
    #[schema(optional)]
    host_resource_group_arn: Option<String>,
    /// Partition number.
    #[schema(optional)]
    partition_number: Option<i64>,
    /// Spread domain.
    #[schema(optional)]
    spread_domain: Option<String>,
    /// Tenancy.
    #[schema(optional)]
    tenancy: Option<String>,
}

/// An interface of an instance.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct NetworkInterfaces {
    /// Associate carrier ip address.
    #[schema(optional)]
    associate_carrier_ip_address: Option<String>,
    /// Associate public ip address.
    #[schema(optional)]
    associate_public_ip_address: Option<String>,
    /// Delete on termination.
    #[schema(optional)]
    delete_on_termination: Option<String>,
    /// What the version is.
    #[schema(optional)]
    description: Option<String>,
    /// Device index.
    #[schema(optional)]
    device_index: Option<i64>,
    /// Interface type.
    #[schema(optional)]
    interface_type: Option<String>,
    /// Ipv4 address count.
    #[schema(optional)]
    ipv4_address_count: Option<i64>,
    /// Ipv4 addresses.
    #[schema(optional, set)]
    ipv4_addresses: Option<Vec<String>>,
    /// Ipv4 prefix count.
    #[schema(optional)]
    ipv4_prefix_count: Option<i64>,
    /// Ipv4 prefixes.
    #[schema(optional, set)]
    ipv4_prefixes: Option<Vec<String>>,
    /// Ipv6 address count.
    #[schema(optional)]
    ipv6_address_count: Option<i64>,
    /// Ipv6 addresses.
    #[schema(optional, set)]
    ipv6_addresses: Option<Vec<String>>,
    /// Ipv6 prefix count.
    #[schema(optional)]
    ipv6_prefix_count: Option<i64>,
    /// Ipv6 prefixes.
    #[schema(optional, set)]
    ipv6_prefixes: Option<Vec<String>>,
    /// Network card index.
    #[schema(optional)]
    network_card_index: Option<i64>,
    /// Network interface id.
    #[schema(optional)]
    network_interface_id: Option<String>,
    /// Primary ipv6.
    #[schema(optional)]
    primary_ipv6: Option<String>,
    /// Private ip address.
    #[schema(optional)]
    private_ip_address: Option<String>,
    /// Security groups.
    #[schema(optional, set)]
    security_groups: Option<Vec<String>>,
    /// Subnet id.
    #[schema(optional)]
    subnet_id: Option<String>,
    /// Connection tracking specification.
    #[schema(block, max = 1)]
    connection_tracking_specification: Vec<ConnectionTracking>,
    /// Ena srd specification.
    #[schema(block, max = 1)]
    ena_srd_specification: Vec<EnaSrd>,
}

/// Network interfaces ena srd specification.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct EnaSrd {
    /// Ena srd enabled.
    #[schema(optional)]
    ena_srd_enabled: Option<bool>,
    /// Ena srd udp specification.
    #[schema(block, max = 1)]
    ena_srd_udp_specification: Vec<EnaSrdUdp>,
}

/// Network interfaces ena srd specification ena srd udp specification.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct EnaSrdUdp {
    /// Ena srd udp enabled.
    #[schema(optional)]
    ena_srd_udp_enabled: Option<bool>,
}

/// Network interfaces connection tracking specification.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ConnectionTracking {
    /// Tcp established timeout.
    #[schema(optional)]
    tcp_established_timeout: Option<i64>,
    /// Udp stream timeout.
    #[schema(optional)]
    udp_stream_timeout: Option<i64>,
    /// Udp timeout.
    #[schema(optional)]
    udp_timeout: Option<i64>,
}

/// Monitoring.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Monitoring {
    /// Enabled.
    #[schema(optional)]
    enabled: Option<bool>,
}

/// Metadata options.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct MetadataOptions {
    /// `enabled` or `disabled`.
    #[schema(optional, computed)]
    http_endpoint: Option<String>,
    /// Http protocol ipv6.
    #[schema(optional, computed)]
    http_protocol_ipv6: Option<String>,
    /// How far an answer may travel, 1 to 64.
    #[schema(optional, computed)]
    http_put_response_hop_limit: Option<i64>,
    /// `required` for session tokens (IMDSv2) only, or `optional`.
    #[schema(optional, computed)]
    http_tokens: Option<String>,
    /// Instance metadata tags.
    #[schema(optional, computed)]
    instance_metadata_tags: Option<String>,
}

/// Maintenance options.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct MaintenanceOptions {
    /// Auto recovery.
    #[schema(optional)]
    auto_recovery: Option<String>,
}

/// License specification.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct LicenseSpecification {
    /// License configuration arn.
    #[schema(required)]
    license_configuration_arn: Option<String>,
}

/// Instance market options.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct InstanceMarketOptions {
    /// Market type.
    #[schema(optional)]
    market_type: Option<String>,
    /// Spot options.
    #[schema(block, max = 1)]
    spot_options: Vec<SpotOptions>,
}

/// Instance market options spot options.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct SpotOptions {
    /// Block duration minutes.
    #[schema(optional)]
    block_duration_minutes: Option<i64>,
    /// Instance interruption behavior.
    #[schema(optional)]
    instance_interruption_behavior: Option<String>,
    /// Max price.
    #[schema(optional)]
    max_price: Option<String>,
    /// Spot instance type.
    #[schema(optional)]
    spot_instance_type: Option<String>,
    /// When the request ends, RFC 3339.
    #[schema(optional, computed)]
    valid_until: Option<String>,
}

/// Iam instance profile.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct IamInstanceProfile {
    /// ARN.
    #[schema(optional)]
    arn: Option<String>,
    /// Name; one is made when it is not set.
    #[schema(optional)]
    name: Option<String>,
}

/// Hibernation options.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct HibernationOptions {
    /// Configured.
    #[schema(required)]
    configured: Option<bool>,
}

/// Enclave options.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct EnclaveOptions {
    /// Enabled.
    #[schema(optional)]
    enabled: Option<bool>,
}

/// Elastic inference accelerator.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ElasticInferenceAccelerator {
    /// Kind.
    #[schema(required)]
    r#type: Option<String>,
}

/// Elastic gpu specifications.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ElasticGpuSpecifications {
    /// Kind.
    #[schema(required)]
    r#type: Option<String>,
}

/// Credit specification.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct CreditSpecification {
    /// Cpu credits.
    #[schema(optional)]
    cpu_credits: Option<String>,
}

/// Cpu options.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct CpuOptions {
    /// Amd sev snp.
    #[schema(optional)]
    amd_sev_snp: Option<String>,
    /// Core count.
    #[schema(optional)]
    core_count: Option<i64>,
    /// Threads per core.
    #[schema(optional)]
    threads_per_core: Option<i64>,
}

/// Capacity reservation specification.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct CapacityReservationSpecification {
    /// Capacity reservation preference.
    #[schema(optional)]
    capacity_reservation_preference: Option<String>,
    /// Capacity reservation target.
    #[schema(block, max = 1)]
    capacity_reservation_target: Vec<CapacityReservationTarget>,
}

/// Capacity reservation specification capacity reservation target.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct CapacityReservationTarget {
    /// Capacity reservation id.
    #[schema(optional)]
    capacity_reservation_id: Option<String>,
    /// Capacity reservation resource group arn.
    #[schema(optional)]
    capacity_reservation_resource_group_arn: Option<String>,
}

/// A disk of an instance.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct BlockDeviceMappings {
    /// Device name.
    #[schema(optional)]
    device_name: Option<String>,
    /// No device.
    #[schema(optional)]
    no_device: Option<String>,
    /// Virtual name.
    #[schema(optional)]
    virtual_name: Option<String>,
    /// Ebs.
    #[schema(block, max = 1)]
    ebs: Vec<Ebs>,
}

/// Block device mappings ebs.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Ebs {
    /// Delete on termination.
    #[schema(optional)]
    delete_on_termination: Option<String>,
    /// Encrypted.
    #[schema(optional)]
    encrypted: Option<String>,
    /// Operations per second.
    #[schema(optional, computed)]
    iops: Option<i64>,
    /// Kms key id.
    #[schema(optional)]
    kms_key_id: Option<String>,
    /// Snapshot id.
    #[schema(optional)]
    snapshot_id: Option<String>,
    /// Throughput in MiB/s.
    #[schema(optional, computed)]
    throughput: Option<i64>,
    /// Volume initialization rate.
    #[schema(optional, computed)]
    volume_initialization_rate: Option<i64>,
    /// Size in GiB.
    #[schema(optional, computed)]
    volume_size: Option<i64>,
    /// Volume type.
    #[schema(optional, computed)]
    volume_type: Option<String>,
}

wire! { PrivateDnsNameOptions => ec2::LaunchTemplatePrivateDnsNameOptionsRequest, ec2::LaunchTemplatePrivateDnsNameOptions {
    flag enable_resource_name_dns_a_record, flag enable_resource_name_dns_aaaa_record, word hostname_type,
} }
wire! { Placement => ec2::LaunchTemplatePlacementRequest, ec2::LaunchTemplatePlacement {
    text affinity, text availability_zone, text group_name, text host_id, text host_resource_group_arn, int partition_number, text spread_domain, word tenancy,
} }
wire! { EnaSrdUdp => ec2::EnaSrdUdpSpecificationRequest, ec2::LaunchTemplateEnaSrdUdpSpecification { flag ena_srd_udp_enabled } }
wire! { EnaSrd => ec2::EnaSrdSpecificationRequest, ec2::LaunchTemplateEnaSrdSpecification { flag ena_srd_enabled, one ena_srd_udp_specification } }
wire! { ConnectionTracking => ec2::ConnectionTrackingSpecificationRequest, ec2::ConnectionTrackingSpecification {
    int tcp_established_timeout, int udp_stream_timeout, int udp_timeout,
} }
wire! { Monitoring => ec2::LaunchTemplatesMonitoringRequest, ec2::LaunchTemplatesMonitoring { flag enabled } }
wire! { MetadataOptions => ec2::LaunchTemplateInstanceMetadataOptionsRequest, ec2::LaunchTemplateInstanceMetadataOptions {
    word http_endpoint, word http_protocol_ipv6, int http_put_response_hop_limit, word http_tokens, word instance_metadata_tags,
} }
wire! { MaintenanceOptions => ec2::LaunchTemplateInstanceMaintenanceOptionsRequest, ec2::LaunchTemplateInstanceMaintenanceOptions { word auto_recovery } }
wire! { LicenseSpecification => ec2::LaunchTemplateLicenseConfigurationRequest, ec2::LaunchTemplateLicenseConfiguration { text license_configuration_arn } }
wire! { SpotOptions => ec2::LaunchTemplateSpotMarketOptionsRequest, ec2::LaunchTemplateSpotMarketOptions {
    int block_duration_minutes, word instance_interruption_behavior, text max_price, word spot_instance_type, time valid_until,
} }
wire! { InstanceMarketOptions => ec2::LaunchTemplateInstanceMarketOptionsRequest, ec2::LaunchTemplateInstanceMarketOptions { word market_type, one spot_options } }
wire! { IamInstanceProfile => ec2::LaunchTemplateIamInstanceProfileSpecificationRequest, ec2::LaunchTemplateIamInstanceProfileSpecification { text arn, text name } }
wire! { HibernationOptions => ec2::LaunchTemplateHibernationOptionsRequest, ec2::LaunchTemplateHibernationOptions { flag configured } }
wire! { EnclaveOptions => ec2::LaunchTemplateEnclaveOptionsRequest, ec2::LaunchTemplateEnclaveOptions { flag enabled } }
wire! { ElasticInferenceAccelerator => ec2::LaunchTemplateElasticInferenceAccelerator, ec2::LaunchTemplateElasticInferenceAcceleratorResponse { text r#type } }
wire! { ElasticGpuSpecifications => ec2::ElasticGpuSpecification, ec2::ElasticGpuSpecificationResponse { text r#type } }
wire! { CreditSpecification => ec2::CreditSpecificationRequest, ec2::CreditSpecification { text cpu_credits } }
wire! { CpuOptions => ec2::LaunchTemplateCpuOptionsRequest, ec2::LaunchTemplateCpuOptions { word amd_sev_snp, int core_count, int threads_per_core } }
wire! { CapacityReservationTarget => ec2::CapacityReservationTarget, ec2::CapacityReservationTargetResponse {
    text capacity_reservation_id, text capacity_reservation_resource_group_arn,
} }
wire! { CapacityReservationSpecification => ec2::LaunchTemplateCapacityReservationSpecificationRequest, ec2::LaunchTemplateCapacityReservationSpecificationResponse {
    word capacity_reservation_preference, one capacity_reservation_target,
} }
wire! { Ebs => ec2::LaunchTemplateEbsBlockDeviceRequest, ec2::LaunchTemplateEbsBlockDevice {
    truth delete_on_termination, truth encrypted, int iops, text kms_key_id, text snapshot_id, int throughput, int volume_initialization_rate, int volume_size, word volume_type,
} }
wire! { BlockDeviceMappings => ec2::LaunchTemplateBlockDeviceMappingRequest, ec2::LaunchTemplateBlockDeviceMapping {
    text device_name, text no_device, text virtual_name, one ebs,
} }

/// Texts that EC2 puts into an object each.
macro_rules! wrapped {
    ($($field:ident: $request:ident, $response:ident;)*) => {
        $(
            impl ToSdk<ec2::$request> for String {
                fn to_sdk(&self) -> ec2::$request {
                    ec2::$request::builder().$field(self).build()
                }
            }
            impl FromSdk<ec2::$response> for String {
                fn from_sdk(remote: &ec2::$response) -> Self {
                    remote.$field.clone().unwrap_or_default()
                }
            }
        )*
    };
}
wrapped! {
    ipv6_address: InstanceIpv6AddressRequest, InstanceIpv6Address;
    ipv4_prefix: Ipv4PrefixSpecificationRequest, Ipv4PrefixSpecificationResponse;
    ipv6_prefix: Ipv6PrefixSpecificationRequest, Ipv6PrefixSpecificationResponse;
    private_ip_address: PrivateIpAddressSpecification, PrivateIpAddressSpecification;
}

// Use `request` and `of`, which also say which address is the primary one.
wire! { NetworkInterfaces => ec2::LaunchTemplateInstanceNetworkInterfaceSpecificationRequest, ec2::LaunchTemplateInstanceNetworkInterfaceSpecification {
    truth associate_carrier_ip_address, truth associate_public_ip_address, truth delete_on_termination, text description, int device_index, text interface_type,
    int ipv4_address_count: secondary_private_ip_address_count, items ipv4_addresses: private_ip_addresses, int ipv4_prefix_count, items ipv4_prefixes, int ipv6_address_count,
    items ipv6_addresses, int ipv6_prefix_count, items ipv6_prefixes, int network_card_index, text network_interface_id, truth primary_ipv6, text private_ip_address,
    texts security_groups: groups, text subnet_id, one connection_tracking_specification, one ena_srd_specification,
} }

impl NetworkInterfaces {
    /// The request: when there are several addresses, the one that `private_ip_address` names is the primary one.
    pub(crate) fn request(&self) -> ec2::LaunchTemplateInstanceNetworkInterfaceSpecificationRequest {
        let mut request: ec2::LaunchTemplateInstanceNetworkInterfaceSpecificationRequest = self.to_sdk();
        if let Some(addresses) = &mut request.private_ip_addresses {
            let primary = request.private_ip_address.take();
            for address in addresses {
                address.primary = Some(address.private_ip_address == primary);
            }
        }
        request
    }

    /// The other way round.
    pub(crate) fn of(remote: &ec2::LaunchTemplateInstanceNetworkInterfaceSpecification) -> Self {
        let mut ours = Self::from_sdk(remote);
        if let Some(primary) = remote.private_ip_addresses().iter().find(|address| address.primary == Some(true)) {
            ours.private_ip_address = primary.private_ip_address.clone();
        }
        ours
    }
}

impl ToSdk<ec2::LaunchTemplateTagSpecificationRequest> for TagSpecifications {
    fn to_sdk(&self) -> ec2::LaunchTemplateTagSpecificationRequest {
        let tags = self.tags.iter().flatten().map(|(key, value)| ec2::Tag::builder().key(key).value(value).build());
        let kind = self.resource_type.as_deref().map(ec2::ResourceType::from);
        ec2::LaunchTemplateTagSpecificationRequest::builder().set_resource_type(kind).set_tags(Some(tags.collect())).build()
    }
}

impl FromSdk<ec2::LaunchTemplateTagSpecification> for TagSpecifications {
    fn from_sdk(remote: &ec2::LaunchTemplateTagSpecification) -> Self {
        let tags: BTreeMap<String, String> = tags::of_ec2(remote.tags()).collect();
        Self { resource_type: remote.resource_type.as_ref().map(|kind| kind.as_str().to_owned()), tags: Some(tags).filter(|tags| !tags.is_empty()) }
    }
}
