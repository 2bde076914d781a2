//! The `instance_requirements` block: instance types by what they have. Launch templates and Auto Scaling groups have it, with different least blocks and SDK types.

use aws_sdk_autoscaling::types as autoscaling;
use aws_sdk_ec2::types as ec2;
use serde::{Deserialize, Serialize};
use weir_provider::Schema;

use crate::wire::wire;

macro_rules! range {
    ($(#[$doc:meta])* $name:ident, $number:ty, $least:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
        #[serde(default)]
        pub(crate) struct $name {
            /// Upper end; none when unset.
            #[schema(optional)]
            max: Option<$number>,
            /// Lower end.
            #[schema($least)]
            min: Option<$number>,
        }
    };
}

range!(
    /// A range of whole numbers.
    Range,
    i64,
    optional
);
range!(
    /// A range of whole numbers with a lower end.
    RangeFrom,
    i64,
    required
);
range!(
    /// A range of numbers.
    Span,
    f64,
    optional
);

macro_rules! requirements {
    ($(#[$doc:meta])* $name:ident, $range:ident, $least:tt) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
        #[serde(default)]
        pub(crate) struct $name {
            /// Makers of accelerators.
            #[schema(optional, set)]
            accelerator_manufacturers: Option<Vec<String>>,
            /// Accelerator models.
            #[schema(optional, set)]
            accelerator_names: Option<Vec<String>>,
            /// Kinds of accelerators.
            #[schema(optional, set)]
            accelerator_types: Option<Vec<String>>,
            /// Only these types, `*` as wildcard.
            #[schema(optional, set)]
            allowed_instance_types: Option<Vec<String>>,
            /// Bare metal: `included`, `excluded` or `required`.
            #[schema(optional)]
            bare_metal: Option<String>,
            /// Burstable types: `included`, `excluded` or `required`.
            #[schema(optional)]
            burstable_performance: Option<String>,
            /// Makers of processors.
            #[schema(optional, set)]
            cpu_manufacturers: Option<Vec<String>>,
            /// Not these types, `*` as wildcard.
            #[schema(optional, set)]
            excluded_instance_types: Option<Vec<String>>,
            /// `current` or `previous`.
            #[schema(optional, set)]
            instance_generations: Option<Vec<String>>,
            /// Local disks: `included`, `excluded` or `required`.
            #[schema(optional)]
            local_storage: Option<String>,
            /// `hdd` or `ssd`.
            #[schema(optional, set)]
            local_storage_types: Option<Vec<String>>,
            /// Spot price limit, in percent of the cheapest fitting type's on-demand price.
            #[schema(optional)]
            max_spot_price_as_percentage_of_optimal_on_demand_price: Option<i64>,
            /// On-demand price limit, in percent above the cheapest fitting type's.
            #[schema(optional)]
            on_demand_max_price_percentage_over_lowest_price: Option<i64>,
            /// Only types that can hibernate.
            #[schema(optional)]
            require_hibernate_support: Option<bool>,
            /// Spot price limit, in percent above the cheapest fitting type's.
            #[schema(optional)]
            spot_max_price_percentage_over_lowest_price: Option<i64>,
            /// Number of accelerators.
            #[schema(block, max = 1)]
            accelerator_count: Vec<Range>,
            /// Memory of all accelerators, in MiB.
            #[schema(block, max = 1)]
            accelerator_total_memory_mib: Vec<Range>,
            /// Bandwidth to EBS volumes, in Mbit/s.
            #[schema(block, max = 1)]
            baseline_ebs_bandwidth_mbps: Vec<Range>,
            /// Memory for each vCPU, in GiB.
            #[schema(block, max = 1)]
            memory_gib_per_vcpu: Vec<Span>,
            /// Memory, in MiB.
            #[schema(block, min = $least, max = 1)]
            memory_mib: Vec<$range>,
            /// Bandwidth of the network, in Gbit/s.
            #[schema(block, max = 1)]
            network_bandwidth_gbps: Vec<Span>,
            /// Number of network interfaces.
            #[schema(block, max = 1)]
            network_interface_count: Vec<Range>,
            /// Size of all local disks, in GB.
            #[schema(block, max = 1)]
            total_local_storage_gb: Vec<Span>,
            /// Number of vCPUs.
            #[schema(block, min = $least, max = 1)]
            vcpu_count: Vec<$range>,
        }
    };
}

requirements!(
    /// Instance types by what they have, as a launch template wants them.
    TemplateRequirements,
    RangeFrom,
    1
);
requirements!(
    /// Instance types by what they have, as a group wants them.
    GroupRequirements,
    Range,
    0
);

macro_rules! mapped {
    ($ours:ty => $request:ty, $response:ty) => {
        wire! { $ours => $request, $response {
            words accelerator_manufacturers, words accelerator_names, words accelerator_types, texts allowed_instance_types, word bare_metal, word burstable_performance, words cpu_manufacturers,
            texts excluded_instance_types, words instance_generations, word local_storage, words local_storage_types, int max_spot_price_as_percentage_of_optimal_on_demand_price,
            int on_demand_max_price_percentage_over_lowest_price, flag require_hibernate_support, int spot_max_price_percentage_over_lowest_price, one accelerator_count,
            one accelerator_total_memory_mib, one baseline_ebs_bandwidth_mbps, one memory_gib_per_vcpu: memory_gib_per_v_cpu, one memory_mib, one network_bandwidth_gbps,
            one network_interface_count, one total_local_storage_gb, one vcpu_count: v_cpu_count,
        } }
    };
}

mapped!(TemplateRequirements => ec2::InstanceRequirementsRequest, ec2::InstanceRequirements);
mapped!(GroupRequirements => autoscaling::InstanceRequirements, autoscaling::InstanceRequirements);

macro_rules! ranges {
    ($($kind:ident $ours:ty => $request:ty, $response:ty;)*) => { $(wire! { $ours => $request, $response { $kind max, $kind min } })* };
}

ranges! {
    int RangeFrom => ec2::VCpuCountRangeRequest, ec2::VCpuCountRange;
    int RangeFrom => ec2::MemoryMiBRequest, ec2::MemoryMiB;
    int Range => ec2::AcceleratorCountRequest, ec2::AcceleratorCount;
    int Range => ec2::AcceleratorTotalMemoryMiBRequest, ec2::AcceleratorTotalMemoryMiB;
    int Range => ec2::BaselineEbsBandwidthMbpsRequest, ec2::BaselineEbsBandwidthMbps;
    int Range => ec2::NetworkInterfaceCountRequest, ec2::NetworkInterfaceCount;
    float Span => ec2::MemoryGiBPerVCpuRequest, ec2::MemoryGiBPerVCpu;
    float Span => ec2::NetworkBandwidthGbpsRequest, ec2::NetworkBandwidthGbps;
    float Span => ec2::TotalLocalStorageGbRequest, ec2::TotalLocalStorageGb;
    int Range => autoscaling::VCpuCountRequest, autoscaling::VCpuCountRequest;
    int Range => autoscaling::MemoryMiBRequest, autoscaling::MemoryMiBRequest;
    int Range => autoscaling::AcceleratorCountRequest, autoscaling::AcceleratorCountRequest;
    int Range => autoscaling::AcceleratorTotalMemoryMiBRequest, autoscaling::AcceleratorTotalMemoryMiBRequest;
    int Range => autoscaling::BaselineEbsBandwidthMbpsRequest, autoscaling::BaselineEbsBandwidthMbpsRequest;
    int Range => autoscaling::NetworkInterfaceCountRequest, autoscaling::NetworkInterfaceCountRequest;
    float Span => autoscaling::MemoryGiBPerVCpuRequest, autoscaling::MemoryGiBPerVCpuRequest;
    float Span => autoscaling::NetworkBandwidthGbpsRequest, autoscaling::NetworkBandwidthGbpsRequest;
    float Span => autoscaling::TotalLocalStorageGbRequest, autoscaling::TotalLocalStorageGbRequest;
}
