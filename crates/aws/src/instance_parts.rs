//! The blocks of `aws_instance`, and what they are at the API.

use aws_sdk_ec2::types as ec2;
use serde::{Deserialize, Serialize};
use weir_provider::Schema;

use crate::tags::Tags;
use crate::wire::{self, FromSdk, ToSdk, wire};

/// Root block device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct RootDevice {
    /// Delete on termination.
    #[schema(optional, default = true)]
    pub(crate) delete_on_termination: Option<bool>,
    /// Device.
    #[schema(computed)]
    pub(crate) device_name: Option<String>,
    /// Encrypted.
    #[schema(optional, computed, force_new)]
    pub(crate) encrypted: Option<bool>,
    /// IOPS.
    #[schema(optional, computed)]
    pub(crate) iops: Option<i64>,
    /// KMS key id.
    #[schema(optional, computed, force_new)]
    pub(crate) kms_key_id: Option<String>,
    /// Tags.
    #[schema(optional)]
    pub(crate) tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    pub(crate) tags_all: Tags,
    /// MiB per second.
    #[schema(optional, computed)]
    pub(crate) throughput: Option<i64>,
    /// Volume id.
    #[schema(computed)]
    pub(crate) volume_id: Option<String>,
    /// GiB.
    #[schema(optional, computed)]
    pub(crate) volume_size: Option<i64>,
    /// Volume type.
    #[schema(optional, computed)]
    pub(crate) volume_type: Option<String>,
}

/// Private DNS name options.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct DnsNames {
    /// Enable resource name DNS a record.
    #[schema(optional, computed)]
    pub(crate) enable_resource_name_dns_a_record: Option<bool>,
    /// Enable resource name DNS aaaa record.
    #[schema(optional, computed)]
    pub(crate) enable_resource_name_dns_aaaa_record: Option<bool>,
    /// Hostname type.
    #[schema(optional, computed, force_new)]
    pub(crate) hostname_type: Option<String>,
}

/// Network interface.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Interface {
    /// Delete on termination.
    #[schema(optional, force_new, default = false)]
    pub(crate) delete_on_termination: Option<bool>,
    /// Device index.
    #[schema(required, force_new)]
    pub(crate) device_index: Option<i64>,
    /// Network card index.
    #[schema(optional, force_new, default = 0)]
    pub(crate) network_card_index: Option<i64>,
    /// Network interface id.
    #[schema(required, force_new)]
    pub(crate) network_interface_id: Option<String>,
}

/// Metadata options.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Metadata {
    /// HTTP endpoint.
    #[schema(optional, default = "enabled")]
    pub(crate) http_endpoint: Option<String>,
    /// HTTP protocol IPv6.
    #[schema(optional, default = "disabled")]
    pub(crate) http_protocol_ipv6: Option<String>,
    /// HTTP put response hop limit.
    #[schema(optional, computed)]
    pub(crate) http_put_response_hop_limit: Option<i64>,
    /// HTTP tokens.
    #[schema(optional, computed)]
    pub(crate) http_tokens: Option<String>,
    /// Instance metadata tags.
    #[schema(optional, computed)]
    pub(crate) instance_metadata_tags: Option<String>,
}

/// Maintenance options.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Maintenance {
    /// Auto recovery.
    #[schema(optional, computed)]
    pub(crate) auto_recovery: Option<String>,
}

/// Launch template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Template {
    /// Id.
    #[schema(optional, computed, force_new)]
    pub(crate) id: Option<String>,
    /// Name.
    #[schema(optional, computed, force_new)]
    pub(crate) name: Option<String>,
    /// Version.
    #[schema(optional, default = "$Default")]
    pub(crate) version: Option<String>,
}

/// Instance market options.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Market {
    /// Market type.
    #[schema(optional, computed, force_new)]
    pub(crate) market_type: Option<String>,
    /// Spot options.
    #[schema(block, max = 1, computed)]
    pub(crate) spot_options: Vec<Spot>,
}

/// Spot options.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Spot {
    /// Instance interruption behavior.
    #[schema(optional, computed, force_new)]
    pub(crate) instance_interruption_behavior: Option<String>,
    /// Max price.
    #[schema(optional, computed, force_new)]
    pub(crate) max_price: Option<String>,
    /// Spot instance type.
    #[schema(optional, computed, force_new)]
    pub(crate) spot_instance_type: Option<String>,
    /// Valid until.
    #[schema(optional, computed, force_new)]
    pub(crate) valid_until: Option<String>,
}

/// Ephemeral block device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct EphemeralDevice {
    /// Device.
    #[schema(required, force_new)]
    pub(crate) device_name: Option<String>,
    /// No device.
    #[schema(optional, force_new)]
    pub(crate) no_device: Option<bool>,
    /// Virtual name.
    #[schema(optional, force_new)]
    pub(crate) virtual_name: Option<String>,
}

/// Enclave options.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Enclave {
    /// Enabled.
    #[schema(optional, computed, force_new)]
    pub(crate) enabled: Option<bool>,
}

/// EBS block device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct EbsDevice {
    /// Delete on termination.
    #[schema(optional, force_new, default = true)]
    pub(crate) delete_on_termination: Option<bool>,
    /// Device.
    #[schema(required, force_new)]
    pub(crate) device_name: Option<String>,
    /// Encrypted.
    #[schema(optional, computed, force_new)]
    pub(crate) encrypted: Option<bool>,
    /// IOPS.
    #[schema(optional, computed, force_new)]
    pub(crate) iops: Option<i64>,
    /// KMS key id.
    #[schema(optional, computed, force_new)]
    pub(crate) kms_key_id: Option<String>,
    /// Snapshot id.
    #[schema(optional, computed, force_new)]
    pub(crate) snapshot_id: Option<String>,
    /// Tags.
    #[schema(optional)]
    pub(crate) tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    pub(crate) tags_all: Tags,
    /// MiB per second.
    #[schema(optional, computed, force_new)]
    pub(crate) throughput: Option<i64>,
    /// Volume id.
    #[schema(computed)]
    pub(crate) volume_id: Option<String>,
    /// GiB.
    #[schema(optional, computed, force_new)]
    pub(crate) volume_size: Option<i64>,
    /// Volume type.
    #[schema(optional, computed, force_new)]
    pub(crate) volume_type: Option<String>,
}

/// Credit specification.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Credit {
    /// CPU credits.
    #[schema(optional)]
    pub(crate) cpu_credits: Option<String>,
}

/// CPU options.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Cpu {
    /// Amd SEV SNP.
    #[schema(optional, computed, force_new)]
    pub(crate) amd_sev_snp: Option<String>,
    /// Core count.
    #[schema(optional, computed, force_new)]
    pub(crate) core_count: Option<i64>,
    /// Threads per core.
    #[schema(optional, computed, force_new)]
    pub(crate) threads_per_core: Option<i64>,
}

/// Capacity reservation specification.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Reservation {
    /// Capacity reservation preference.
    #[schema(optional)]
    pub(crate) capacity_reservation_preference: Option<String>,
    /// Capacity reservation target.
    #[schema(block, max = 1)]
    pub(crate) capacity_reservation_target: Vec<ReservationTarget>,
}

/// Capacity reservation target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ReservationTarget {
    /// Capacity reservation id.
    #[schema(optional)]
    pub(crate) capacity_reservation_id: Option<String>,
    /// Capacity reservation resource group ARN.
    #[schema(optional)]
    pub(crate) capacity_reservation_resource_group_arn: Option<String>,
}

wire! { Cpu => ec2::CpuOptionsRequest, ec2::CpuOptions { word amd_sev_snp, int core_count, int threads_per_core } }
wire! { Enclave => ec2::EnclaveOptionsRequest, ec2::EnclaveOptions { flag enabled } }
wire! { Maintenance => ec2::InstanceMaintenanceOptionsRequest, ec2::InstanceMaintenanceOptions { word auto_recovery } }
wire! { Metadata => ec2::InstanceMetadataOptionsRequest, ec2::InstanceMetadataOptionsResponse {
    word http_endpoint, word http_protocol_ipv6, int http_put_response_hop_limit, word http_tokens, word instance_metadata_tags,
} }
wire! { ReservationTarget => ec2::CapacityReservationTarget, ec2::CapacityReservationTargetResponse { text capacity_reservation_id, text capacity_reservation_resource_group_arn } }
wire! { Reservation => ec2::CapacityReservationSpecification, ec2::CapacityReservationSpecificationResponse { word capacity_reservation_preference, one capacity_reservation_target } }
wire! { DnsNames => ec2::PrivateDnsNameOptionsRequest, ec2::PrivateDnsNameOptionsResponse {
    flag enable_resource_name_dns_a_record, flag enable_resource_name_dns_aaaa_record, word hostname_type,
} }
wire! { Spot => ec2::SpotMarketOptions, ec2::SpotMarketOptions { word instance_interruption_behavior, text max_price, word spot_instance_type, time valid_until } }

impl ToSdk<ec2::InstanceMarketOptionsRequest> for Market {
    fn to_sdk(&self) -> ec2::InstanceMarketOptionsRequest {
        let kind = self.market_type.as_deref().filter(|kind| !kind.is_empty()).unwrap_or("spot");
        ec2::InstanceMarketOptionsRequest::builder().market_type(kind.into()).set_spot_options(self.spot_options.first().map(ToSdk::to_sdk)).build()
    }
}

fn given(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}

fn number(number: Option<i64>) -> Option<i32> {
    number.filter(|number| *number > 0).map(|number| number as i32)
}

impl EbsDevice {
    /// The volume as a launch takes it.
    pub(crate) fn request(&self) -> ec2::BlockDeviceMapping {
        let ebs = ec2::EbsBlockDevice::builder()
            .set_delete_on_termination(self.delete_on_termination)
            .set_encrypted(self.encrypted.filter(|encrypted| *encrypted))
            .set_iops(number(self.iops))
            .set_kms_key_id(given(&self.kms_key_id))
            .set_snapshot_id(given(&self.snapshot_id))
            .set_throughput(number(self.throughput))
            .set_volume_size(number(self.volume_size))
            .set_volume_type(given(&self.volume_type).map(|kind| kind.as_str().into()));
        ec2::BlockDeviceMapping::builder().set_device_name(self.device_name.clone()).ebs(ebs.build()).build()
    }
}

impl RootDevice {
    /// The volume as a launch takes it, at the device where the image has its own.
    pub(crate) fn request(&self, device: &str) -> ec2::BlockDeviceMapping {
        let ebs = ec2::EbsBlockDevice::builder()
            .set_delete_on_termination(self.delete_on_termination)
            .set_encrypted(self.encrypted.filter(|encrypted| *encrypted))
            .set_iops(number(self.iops))
            .set_kms_key_id(given(&self.kms_key_id))
            .set_throughput(number(self.throughput))
            .set_volume_size(number(self.volume_size))
            .set_volume_type(given(&self.volume_type).map(|kind| kind.as_str().into()));
        ec2::BlockDeviceMapping::builder().device_name(device).ebs(ebs.build()).build()
    }
}

impl EphemeralDevice {
    /// The device as a launch takes it.
    pub(crate) fn request(&self) -> ec2::BlockDeviceMapping {
        let none = self.no_device == Some(true);
        let mapping = ec2::BlockDeviceMapping::builder().set_device_name(self.device_name.clone()).set_virtual_name(given(&self.virtual_name));
        mapping.set_no_device(none.then(String::new)).build()
    }
}

impl Template {
    /// The template as a launch takes it.
    pub(crate) fn request(&self) -> ec2::LaunchTemplateSpecification {
        let name = given(&self.name).filter(|_| given(&self.id).is_none());
        ec2::LaunchTemplateSpecification::builder().set_launch_template_id(given(&self.id)).set_launch_template_name(name).set_version(given(&self.version)).build()
    }
}

impl Interface {
    /// The interface as a launch takes it.
    pub(crate) fn request(&self) -> ec2::InstanceNetworkInterfaceSpecification {
        ec2::InstanceNetworkInterfaceSpecification::builder()
            .device_index(self.device_index.unwrap_or_default() as i32)
            .set_network_card_index(number(self.network_card_index))
            .set_network_interface_id(self.network_interface_id.clone())
            .set_delete_on_termination(self.delete_on_termination)
            .build()
    }
}

/// The single block of a kind, unless it is empty.
pub(crate) fn shown<T: FromSdk<S> + Default + PartialEq, S>(remote: Option<&S>) -> Vec<T> {
    let mut blocks: Vec<T> = wire::block(remote);
    blocks.retain(|block| *block != T::default());
    blocks
}
