//! `data "aws_ec2_instance_type"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::timeouts::timeouts;
use crate::{Client, query};

/// What a type of instances can do.
///
/// ```hcl
/// data "aws_ec2_instance_type" "small" {
///   instance_type = "t4g.small"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_ec2_instance_type")]
pub(crate) struct Ec2InstanceType {
    /// Auto recovery supported.
    #[schema(computed)]
    auto_recovery_supported: Option<bool>,
    /// Bandwidth weightings.
    #[schema(computed, set)]
    bandwidth_weightings: Option<Vec<String>>,
    /// Bare metal.
    #[schema(computed)]
    bare_metal: Option<bool>,
    /// Boot modes.
    #[schema(computed, set)]
    boot_modes: Option<Vec<String>>,
    /// Burstable performance supported.
    #[schema(computed)]
    burstable_performance_supported: Option<bool>,
    /// Current generation.
    #[schema(computed)]
    current_generation: Option<bool>,
    /// Dedicated hosts supported.
    #[schema(computed)]
    dedicated_hosts_supported: Option<bool>,
    /// Default cores.
    #[schema(computed)]
    default_cores: Option<i64>,
    /// Default network card index.
    #[schema(computed)]
    default_network_card_index: Option<i64>,
    /// Default threads per core.
    #[schema(computed)]
    default_threads_per_core: Option<i64>,
    /// Default vCPUs.
    #[schema(computed)]
    default_vcpus: Option<i64>,
    /// EBS encryption support.
    #[schema(computed)]
    ebs_encryption_support: Option<String>,
    /// EBS NVMe support.
    #[schema(computed)]
    ebs_nvme_support: Option<String>,
    /// EBS optimized support.
    #[schema(computed)]
    ebs_optimized_support: Option<String>,
    /// EBS performance baseline bandwidth.
    #[schema(computed)]
    ebs_performance_baseline_bandwidth: Option<i64>,
    /// EBS performance baseline IOPS.
    #[schema(computed)]
    ebs_performance_baseline_iops: Option<i64>,
    /// EBS performance baseline throughput.
    #[schema(computed)]
    ebs_performance_baseline_throughput: Option<f64>,
    /// EBS performance maximum bandwidth.
    #[schema(computed)]
    ebs_performance_maximum_bandwidth: Option<i64>,
    /// EBS performance maximum IOPS.
    #[schema(computed)]
    ebs_performance_maximum_iops: Option<i64>,
    /// EBS performance maximum throughput.
    #[schema(computed)]
    ebs_performance_maximum_throughput: Option<f64>,
    /// EFA maximum interfaces.
    #[schema(computed)]
    efa_maximum_interfaces: Option<i64>,
    /// EFA supported.
    #[schema(computed)]
    efa_supported: Option<bool>,
    /// ENA srd supported.
    #[schema(computed)]
    ena_srd_supported: Option<bool>,
    /// ENA support.
    #[schema(computed)]
    ena_support: Option<String>,
    /// Encryption in transit supported.
    #[schema(computed)]
    encryption_in_transit_supported: Option<bool>,
    /// FPGAs, of each kind.
    #[schema(computed, set)]
    fpgas: Option<Vec<Accelerator>>,
    /// Free tier eligible.
    #[schema(computed)]
    free_tier_eligible: Option<bool>,
    /// GPUs.
    #[schema(computed, set)]
    gpus: Option<Vec<Accelerator>>,
    /// Hibernation supported.
    #[schema(computed)]
    hibernation_supported: Option<bool>,
    /// Hypervisor.
    #[schema(computed)]
    hypervisor: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Inference accelerators.
    #[schema(computed, set)]
    inference_accelerators: Option<Vec<Accelerator>>,
    /// Instance disks.
    #[schema(computed, set)]
    instance_disks: Option<Vec<ShownDisk>>,
    /// Instance storage supported.
    #[schema(computed)]
    instance_storage_supported: Option<bool>,
    /// Name of the type.
    #[schema(required)]
    instance_type: Option<String>,
    /// IPv6 supported.
    #[schema(computed)]
    ipv6_supported: Option<bool>,
    /// Maximum IPv4 addresses per interface.
    #[schema(computed)]
    maximum_ipv4_addresses_per_interface: Option<i64>,
    /// Maximum IPv6 addresses per interface.
    #[schema(computed)]
    maximum_ipv6_addresses_per_interface: Option<i64>,
    /// Maximum network cards.
    #[schema(computed)]
    maximum_network_cards: Option<i64>,
    /// Maximum network interfaces.
    #[schema(computed)]
    maximum_network_interfaces: Option<i64>,
    /// Media accelerators.
    #[schema(computed, set)]
    media_accelerators: Option<Vec<Accelerator>>,
    /// MiB.
    #[schema(computed)]
    memory_size: Option<i64>,
    /// Network cards.
    #[schema(computed, set)]
    network_cards: Option<Vec<ShownCard>>,
    /// Network performance.
    #[schema(computed)]
    network_performance: Option<String>,
    /// Neuron devices.
    #[schema(computed, set)]
    neuron_devices: Option<Vec<ShownNeuron>>,
    /// Nitro enclaves support.
    #[schema(computed)]
    nitro_enclaves_support: Option<String>,
    /// Nitro tpm support.
    #[schema(computed)]
    nitro_tpm_support: Option<String>,
    /// Nitro tpm supported versions.
    #[schema(computed, set)]
    nitro_tpm_supported_versions: Option<Vec<String>>,
    /// Phc support.
    #[schema(computed)]
    phc_support: Option<String>,
    /// Supported architectures.
    #[schema(computed)]
    supported_architectures: Option<Vec<String>>,
    /// Supported CPU features.
    #[schema(computed, set)]
    supported_cpu_features: Option<Vec<String>>,
    /// Supported placement strategies.
    #[schema(computed)]
    supported_placement_strategies: Option<Vec<String>>,
    /// Supported root device types.
    #[schema(computed)]
    supported_root_device_types: Option<Vec<String>>,
    /// Supported usages classes.
    #[schema(computed)]
    supported_usages_classes: Option<Vec<String>>,
    /// Supported virtualization types.
    #[schema(computed)]
    supported_virtualization_types: Option<Vec<String>>,
    /// Sustained clock speed.
    #[schema(computed)]
    sustained_clock_speed: Option<f64>,
    /// Total fpga memory.
    #[schema(computed)]
    total_fpga_memory: Option<i64>,
    /// Total GPU memory.
    #[schema(computed)]
    total_gpu_memory: Option<i64>,
    /// Total inference memory.
    #[schema(computed)]
    total_inference_memory: Option<i64>,
    /// Total instance storage.
    #[schema(computed)]
    total_instance_storage: Option<i64>,
    /// Total media memory.
    #[schema(computed)]
    total_media_memory: Option<i64>,
    /// Total neuron device memory.
    #[schema(computed)]
    total_neuron_device_memory: Option<i64>,
    /// Valid cores.
    #[schema(computed)]
    valid_cores: Option<Vec<i64>>,
    /// Valid threads per core.
    #[schema(computed)]
    valid_threads_per_core: Option<Vec<i64>>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

/// Neuron devices.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ShownNeuron {
    /// Core count.
    #[schema(optional)]
    core_count: i64,
    /// Core version.
    #[schema(optional)]
    core_version: i64,
    /// Number.
    #[schema(optional)]
    count: i64,
    /// MiB.
    #[schema(optional)]
    memory_size: i64,
    /// Name.
    #[schema(optional)]
    name: String,
}

/// Network cards.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ShownCard {
    /// Baseline bandwidth.
    #[schema(optional)]
    baseline_bandwidth: f64,
    /// Index.
    #[schema(optional)]
    index: i64,
    /// Maximum interfaces.
    #[schema(optional)]
    maximum_interfaces: i64,
    /// Peak bandwidth.
    #[schema(optional)]
    peak_bandwidth: f64,
    /// Performance.
    #[schema(optional)]
    performance: String,
}

/// Instance disks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ShownDisk {
    /// Number.
    #[schema(optional)]
    count: i64,
    /// Size.
    #[schema(optional)]
    size: i64,
    /// Type.
    #[schema(optional)]
    r#type: String,
}

/// FPGAs, of each kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Accelerator {
    /// Number.
    #[schema(optional)]
    count: i64,
    /// Manufacturer.
    #[schema(optional)]
    manufacturer: String,
    /// MiB.
    #[schema(optional)]
    memory_size: i64,
    /// Name.
    #[schema(optional)]
    name: String,
}

/// A list of words of the API as texts.
macro_rules! words {
    ($list:expr) => {
        $list.iter().map(|word| word.as_str().to_owned()).collect()
    };
}

impl DataSource for Ec2InstanceType {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let name = config.instance_type.clone().unwrap_or_default();
        let answer = client.ec2().describe_instance_types().instance_types(name.as_str().into()).send().await.api("ec2:DescribeInstanceTypes")?;
        let found = query::only("instance type", answer.instance_types.unwrap_or_default())?;
        let flag = |flag: Option<bool>| Some(flag.unwrap_or(false));
        let number = |number: Option<i32>| Some(number.map_or(0, i64::from));
        let count = |number: Option<i32>| number.map_or(0, i64::from);
        let own = |text: &Option<String>| text.clone().unwrap_or_default();
        let (cpu, ebs, network) = (found.v_cpu_info(), found.ebs_info(), found.network_info());
        let optimized = ebs.and_then(|ebs| ebs.ebs_optimized_info());
        let (processor, placement) = (found.processor_info(), found.placement_group_info());
        let gpus = found.gpu_info().map(|info| info.gpus()).unwrap_or_default().iter().map(|one| Accelerator {
            count: count(one.count),
            manufacturer: own(&one.manufacturer),
            memory_size: one.memory_info().map_or(0, |memory| count(memory.size_in_mib)),
            name: own(&one.name),
        });
        let fpgas = found.fpga_info().map(|info| info.fpgas()).unwrap_or_default().iter().map(|one| Accelerator {
            count: count(one.count),
            manufacturer: own(&one.manufacturer),
            memory_size: one.memory_info().map_or(0, |memory| count(memory.size_in_mib)),
            name: own(&one.name),
        });
        let inference = found.inference_accelerator_info().map(|info| info.accelerators()).unwrap_or_default().iter().map(|one| Accelerator {
            count: count(one.count),
            manufacturer: own(&one.manufacturer),
            memory_size: one.memory_info().map_or(0, |memory| count(memory.size_in_mib)),
            name: own(&one.name),
        });
        let media = found.media_accelerator_info().map(|info| info.accelerators()).unwrap_or_default().iter().map(|one| Accelerator {
            count: count(one.count),
            manufacturer: own(&one.manufacturer),
            memory_size: one.memory_info().map_or(0, |memory| count(memory.size_in_mib)),
            name: own(&one.name),
        });
        let neurons = found.neuron_info().map(|info| info.neuron_devices()).unwrap_or_default().iter().map(|one| ShownNeuron {
            core_count: one.core_info().map_or(0, |core| count(core.count)),
            core_version: one.core_info().map_or(0, |core| count(core.version)),
            count: count(one.count),
            memory_size: one.memory_info().map_or(0, |memory| count(memory.size_in_mib)),
            name: own(&one.name),
        });
        let disks = found.instance_storage_info().map(|info| info.disks()).unwrap_or_default().iter().map(|one| ShownDisk {
            count: count(one.count),
            size: one.size_in_gb.unwrap_or(0),
            r#type: one.r#type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        });
        let cards = network.map(|network| network.network_cards()).unwrap_or_default().iter().map(|one| ShownCard {
            baseline_bandwidth: one.baseline_bandwidth_in_gbps.unwrap_or(0.0),
            index: count(one.network_card_index),
            maximum_interfaces: count(one.maximum_network_interfaces),
            peak_bandwidth: one.peak_bandwidth_in_gbps.unwrap_or(0.0),
            performance: own(&one.network_performance),
        });
        Ok(Self {
            auto_recovery_supported: flag(found.auto_recovery_supported),
            bandwidth_weightings: network.map(|network| words!(network.bandwidth_weightings())),
            bare_metal: flag(found.bare_metal),
            boot_modes: Some(words!(found.supported_boot_modes())),
            burstable_performance_supported: flag(found.burstable_performance_supported),
            current_generation: flag(found.current_generation),
            dedicated_hosts_supported: flag(found.dedicated_hosts_supported),
            default_cores: number(cpu.and_then(|cpu| cpu.default_cores)),
            default_network_card_index: number(network.and_then(|network| network.default_network_card_index)),
            default_threads_per_core: number(cpu.and_then(|cpu| cpu.default_threads_per_core)),
            default_vcpus: number(cpu.and_then(|cpu| cpu.default_v_cpus)),
            ebs_encryption_support: ebs.and_then(|ebs| ebs.encryption_support()).map(|word| word.as_str().to_owned()),
            ebs_nvme_support: ebs.and_then(|ebs| ebs.nvme_support()).map(|word| word.as_str().to_owned()),
            ebs_optimized_support: ebs.and_then(|ebs| ebs.ebs_optimized_support()).map(|word| word.as_str().to_owned()),
            ebs_performance_baseline_bandwidth: optimized.map(|info| count(info.baseline_bandwidth_in_mbps)),
            ebs_performance_baseline_iops: optimized.map(|info| count(info.baseline_iops)),
            ebs_performance_baseline_throughput: optimized.map(|info| info.baseline_throughput_in_m_bps.unwrap_or(0.0)),
            ebs_performance_maximum_bandwidth: optimized.map(|info| count(info.maximum_bandwidth_in_mbps)),
            ebs_performance_maximum_iops: optimized.map(|info| count(info.maximum_iops)),
            ebs_performance_maximum_throughput: optimized.map(|info| info.maximum_throughput_in_m_bps.unwrap_or(0.0)),
            efa_maximum_interfaces: network.and_then(|network| network.efa_info()).map(|efa| count(efa.maximum_efa_interfaces)),
            efa_supported: flag(network.and_then(|network| network.efa_supported)),
            ena_srd_supported: flag(network.and_then(|network| network.ena_srd_supported)),
            ena_support: network.and_then(|network| network.ena_support()).map(|word| word.as_str().to_owned()),
            encryption_in_transit_supported: flag(network.and_then(|network| network.encryption_in_transit_supported)),
            fpgas: Some(fpgas.collect()),
            free_tier_eligible: flag(found.free_tier_eligible),
            gpus: Some(gpus.collect()),
            hibernation_supported: flag(found.hibernation_supported),
            hypervisor: found.hypervisor().map(|word| word.as_str().to_owned()),
            id: Some(name.clone()),
            inference_accelerators: Some(inference.collect()),
            instance_disks: Some(disks.collect()),
            instance_storage_supported: flag(found.instance_storage_supported),
            instance_type: Some(name),
            ipv6_supported: flag(network.and_then(|network| network.ipv6_supported)),
            maximum_ipv4_addresses_per_interface: number(network.and_then(|network| network.ipv4_addresses_per_interface)),
            maximum_ipv6_addresses_per_interface: number(network.and_then(|network| network.ipv6_addresses_per_interface)),
            maximum_network_cards: number(network.and_then(|network| network.maximum_network_cards)),
            maximum_network_interfaces: number(network.and_then(|network| network.maximum_network_interfaces)),
            media_accelerators: Some(media.collect()),
            memory_size: found.memory_info().and_then(|memory| memory.size_in_mib),
            network_cards: Some(cards.collect()),
            network_performance: network.and_then(|network| network.network_performance.clone()),
            neuron_devices: Some(neurons.collect()),
            nitro_enclaves_support: found.nitro_enclaves_support().map(|word| word.as_str().to_owned()),
            nitro_tpm_support: found.nitro_tpm_support().map(|word| word.as_str().to_owned()),
            nitro_tpm_supported_versions: Some(found.nitro_tpm_info().map(|info| info.supported_versions().to_vec()).unwrap_or_default()),
            phc_support: found.phc_support().map(|word| word.as_str().to_owned()),
            supported_architectures: processor.map(|processor| words!(processor.supported_architectures())),
            supported_cpu_features: processor.map(|processor| words!(processor.supported_features())),
            supported_placement_strategies: placement.map(|placement| words!(placement.supported_strategies())),
            supported_root_device_types: Some(words!(found.supported_root_device_types())),
            supported_usages_classes: Some(words!(found.supported_usage_classes())),
            supported_virtualization_types: Some(words!(found.supported_virtualization_types())),
            sustained_clock_speed: processor.and_then(|processor| processor.sustained_clock_speed_in_ghz),
            total_fpga_memory: found.fpga_info().and_then(|info| info.total_fpga_memory_in_mib).map(i64::from),
            total_gpu_memory: found.gpu_info().and_then(|info| info.total_gpu_memory_in_mib).map(i64::from),
            total_inference_memory: found.inference_accelerator_info().and_then(|info| info.total_inference_memory_in_mib).map(i64::from),
            total_instance_storage: found.instance_storage_info().and_then(|info| info.total_size_in_gb),
            total_media_memory: found.media_accelerator_info().and_then(|info| info.total_media_memory_in_mib).map(i64::from),
            total_neuron_device_memory: found.neuron_info().and_then(|info| info.total_neuron_device_memory_in_mib).map(i64::from),
            valid_cores: Some(cpu.map(|cpu| cpu.valid_cores().iter().map(|cores| i64::from(*cores)).collect()).unwrap_or_default()),
            valid_threads_per_core: Some(cpu.map(|cpu| cpu.valid_threads_per_core().iter().map(|threads| i64::from(*threads)).collect()).unwrap_or_default()),
            timeouts: config.timeouts,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn of_a_name() {
        let lab = lab().await;
        let found = lab.data("aws_ec2_instance_type", json!({"instance_type": "t3.micro"})).await.expect("type");
        let numbers = ["default_vcpus", "memory_size", "maximum_network_interfaces"].map(|name| found.get(name).and_then(|value| value.as_i64()));
        assert_eq!(numbers, [Some(2), Some(1024), Some(2)]);
        assert_eq!(text(&found, "hypervisor"), "nitro");
        assert!(format!("{:?}", found.get("supported_architectures").expect("list")).contains("x86_64"));
        assert!(lab.data("aws_ec2_instance_type", json!({"instance_type": "t0.none"})).await.is_err());
    }
}
