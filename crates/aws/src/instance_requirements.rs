//! What an instance has to have, as data sources show it: in launch templates and in the mixed instances of Auto Scaling groups.

use serde::{Deserialize, Serialize};
use weir_provider::Schema;

/// Instance requirements.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct InstanceRequirements {
    /// Accelerator count.
    #[schema(optional)]
    accelerator_count: Vec<AcceleratorCount>,
    /// Accelerator manufacturers.
    #[schema(optional, set)]
    accelerator_manufacturers: Vec<String>,
    /// Accelerator names.
    #[schema(optional, set)]
    accelerator_names: Vec<String>,
    /// Accelerator total memory (MiB).
    #[schema(optional)]
    accelerator_total_memory_mib: Vec<AcceleratorCount>,
    /// Accelerator types.
    #[schema(optional, set)]
    accelerator_types: Vec<String>,
    /// Allowed instance types.
    #[schema(optional, set)]
    allowed_instance_types: Vec<String>,
    /// Bare metal.
    #[schema(optional)]
    bare_metal: String,
    /// Baseline EBS bandwidth (Mbps).
    #[schema(optional)]
    baseline_ebs_bandwidth_mbps: Vec<AcceleratorCount>,
    /// Burstable performance.
    #[schema(optional)]
    burstable_performance: String,
    /// CPU manufacturers.
    #[schema(optional, set)]
    cpu_manufacturers: Vec<String>,
    /// Excluded instance types.
    #[schema(optional, set)]
    excluded_instance_types: Vec<String>,
    /// Instance generations.
    #[schema(optional, set)]
    instance_generations: Vec<String>,
    /// Local storage.
    #[schema(optional)]
    local_storage: String,
    /// Local storage types.
    #[schema(optional, set)]
    local_storage_types: Vec<String>,
    /// Max spot price as percentage of optimal on demand price.
    #[schema(optional)]
    max_spot_price_as_percentage_of_optimal_on_demand_price: i64,
    /// Memory (GiB) per vCPU.
    #[schema(optional)]
    memory_gib_per_vcpu: Vec<AcceleratorCount>,
    /// Memory (MiB).
    #[schema(optional)]
    memory_mib: Vec<AcceleratorCount>,
    /// Network bandwidth gbps.
    #[schema(optional)]
    network_bandwidth_gbps: Vec<AcceleratorCount>,
    /// Network interface count.
    #[schema(optional)]
    network_interface_count: Vec<AcceleratorCount>,
    /// On demand max price percentage over lowest price.
    #[schema(optional)]
    on_demand_max_price_percentage_over_lowest_price: i64,
    /// Require hibernate support.
    #[schema(optional)]
    require_hibernate_support: bool,
    /// Spot max price percentage over lowest price.
    #[schema(optional)]
    spot_max_price_percentage_over_lowest_price: i64,
    /// Total local storage (GB).
    #[schema(optional)]
    total_local_storage_gb: Vec<AcceleratorCount>,
    /// VCPU count.
    #[schema(optional)]
    vcpu_count: Vec<AcceleratorCount>,
}

/// Accelerator count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct AcceleratorCount {
    /// Max.
    #[schema(optional)]
    max: i64,
    /// Min.
    #[schema(optional)]
    min: i64,
}
