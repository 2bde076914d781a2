//! The nested blocks of an Auto Scaling group, and how the API has them.

use aws_sdk_autoscaling::types as sdk;
use serde::{Deserialize, Serialize};
use weir_provider::Schema;

use crate::requirements::GroupRequirements;
use crate::wire::{ToSdk, wire};

/// Warm pool.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct WarmPool {
    /// Max group prepared capacity.
    #[schema(optional, default = -1)]
    pub(crate) max_group_prepared_capacity: Option<i64>,
    /// Fewest instances.
    #[schema(optional, default = 0)]
    pub(crate) min_size: Option<i64>,
    /// Pool state.
    #[schema(optional, default = "Stopped")]
    pub(crate) pool_state: Option<String>,
    /// Instance reuse policy.
    #[schema(block, max = 1)]
    pub(crate) instance_reuse_policy: Vec<ReusePolicy>,
}

/// Warm pool instance reuse policy.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ReusePolicy {
    /// Reuse on scale in.
    #[schema(optional, default = false)]
    pub(crate) reuse_on_scale_in: Option<bool>,
}

/// Traffic source.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct TrafficSource {
    /// Identifier.
    #[schema(required)]
    pub(crate) identifier: Option<String>,
    /// Kind.
    #[schema(optional)]
    pub(crate) r#type: Option<String>,
}

/// Tag.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Tag {
    /// Key.
    #[schema(required)]
    pub(crate) key: Option<String>,
    /// Instances get it.
    #[schema(required)]
    pub(crate) propagate_at_launch: Option<bool>,
    /// Value.
    #[schema(required)]
    pub(crate) value: Option<String>,
}

/// Mixed instances policy.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct MixedInstancesPolicy {
    /// Instances distribution.
    #[schema(block, max = 1)]
    pub(crate) instances_distribution: Vec<InstancesDistribution>,
    /// Launch template.
    #[schema(block, min = 1, max = 1)]
    pub(crate) launch_template: Vec<PolicyTemplate>,
}

/// Mixed instances policy launch template.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct PolicyTemplate {
    /// Launch template specification.
    #[schema(block, min = 1, max = 1)]
    pub(crate) launch_template_specification: Vec<TemplateSpecification>,
    /// Override.
    #[schema(block)]
    pub(crate) r#override: Vec<Override>,
}

/// Mixed instances policy launch template override.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Override {
    /// Instance type.
    #[schema(optional)]
    pub(crate) instance_type: Option<String>,
    /// Weighted capacity.
    #[schema(optional)]
    pub(crate) weighted_capacity: Option<String>,
    /// Instance requirements.
    #[schema(block, max = 1)]
    pub(crate) instance_requirements: Vec<GroupRequirements>,
    /// Launch template specification.
    #[schema(block, max = 1)]
    pub(crate) launch_template_specification: Vec<TemplateSpecification>,
}

/// A launch template and its version.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct TemplateSpecification {
    /// Launch template id.
    #[schema(optional, computed)]
    pub(crate) launch_template_id: Option<String>,
    /// Launch template name.
    #[schema(optional, computed)]
    pub(crate) launch_template_name: Option<String>,
    /// Version.
    #[schema(optional, computed)]
    pub(crate) version: Option<String>,
}

/// Mixed instances policy instances distribution.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct InstancesDistribution {
    /// On demand allocation strategy.
    #[schema(optional, computed)]
    pub(crate) on_demand_allocation_strategy: Option<String>,
    /// On demand base capacity.
    #[schema(optional, computed)]
    pub(crate) on_demand_base_capacity: Option<i64>,
    /// On demand percentage above base capacity.
    #[schema(optional, computed)]
    pub(crate) on_demand_percentage_above_base_capacity: Option<i64>,
    /// Spot allocation strategy.
    #[schema(optional, computed)]
    pub(crate) spot_allocation_strategy: Option<String>,
    /// Spot instance pools.
    #[schema(optional, computed)]
    pub(crate) spot_instance_pools: Option<i64>,
    /// Spot max price.
    #[schema(optional)]
    pub(crate) spot_max_price: Option<String>,
}

/// Launch template.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct GroupTemplate {
    /// Id.
    #[schema(optional, computed)]
    pub(crate) id: Option<String>,
    /// Name; one is made when it is not set.
    #[schema(optional, computed)]
    pub(crate) name: Option<String>,
    /// Version.
    #[schema(optional, computed)]
    pub(crate) version: Option<String>,
}

/// Instance refresh.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct InstanceRefresh {
    /// `Rolling`.
    #[schema(required)]
    pub(crate) strategy: Option<String>,
    /// Further attributes whose change starts a refresh.
    #[schema(optional, set)]
    pub(crate) triggers: Option<Vec<String>>,
    /// Preferences.
    #[schema(block, max = 1)]
    pub(crate) preferences: Vec<Preferences>,
}

/// Instance refresh preferences.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Preferences {
    /// Auto rollback.
    #[schema(optional, default = false)]
    pub(crate) auto_rollback: Option<bool>,
    /// Checkpoint delay.
    #[schema(optional)]
    pub(crate) checkpoint_delay: Option<String>,
    /// Checkpoint percentages.
    #[schema(optional)]
    pub(crate) checkpoint_percentages: Option<Vec<i64>>,
    /// Instance warmup.
    #[schema(optional)]
    pub(crate) instance_warmup: Option<String>,
    /// Greatest percentage of the desired capacity in service.
    #[schema(optional, default = 100)]
    pub(crate) max_healthy_percentage: Option<i64>,
    /// Least percentage of the desired capacity in service.
    #[schema(optional, default = 90)]
    pub(crate) min_healthy_percentage: Option<i64>,
    /// Scale in protected instances.
    #[schema(optional, default = "Ignore")]
    pub(crate) scale_in_protected_instances: Option<String>,
    /// Skip matching.
    #[schema(optional, default = false)]
    pub(crate) skip_matching: Option<bool>,
    /// Standby instances.
    #[schema(optional, default = "Ignore")]
    pub(crate) standby_instances: Option<String>,
    /// Alarm specification.
    #[schema(block, max = 1)]
    pub(crate) alarm_specification: Vec<AlarmSpecification>,
}

/// Instance refresh preferences alarm specification.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct AlarmSpecification {
    /// Alarms.
    #[schema(optional)]
    pub(crate) alarms: Option<Vec<String>>,
}

/// Instance maintenance policy.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct InstanceMaintenancePolicy {
    /// Greatest percentage of the desired capacity in service.
    #[schema(required)]
    pub(crate) max_healthy_percentage: Option<i64>,
    /// Least percentage of the desired capacity in service.
    #[schema(required)]
    pub(crate) min_healthy_percentage: Option<i64>,
}

/// Initial lifecycle hook.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct InitialLifecycleHook {
    /// Default result.
    #[schema(optional, computed)]
    pub(crate) default_result: Option<String>,
    /// Heartbeat timeout.
    #[schema(optional)]
    pub(crate) heartbeat_timeout: Option<i64>,
    /// Lifecycle transition.
    #[schema(required)]
    pub(crate) lifecycle_transition: Option<String>,
    /// Name; one is made when it is not set.
    #[schema(required)]
    pub(crate) name: Option<String>,
    /// Notification metadata.
    #[schema(optional)]
    pub(crate) notification_metadata: Option<String>,
    /// Notification target arn.
    #[schema(optional)]
    pub(crate) notification_target_arn: Option<String>,
    /// Role arn.
    #[schema(optional)]
    pub(crate) role_arn: Option<String>,
}

/// Capacity reservation specification.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct CapacityReservationSpecification {
    /// Capacity reservation preference.
    #[schema(optional, computed)]
    pub(crate) capacity_reservation_preference: Option<String>,
    /// Capacity reservation target.
    #[schema(block, max = 1)]
    pub(crate) capacity_reservation_target: Vec<ReservationTarget>,
}

/// Capacity reservation specification capacity reservation target.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ReservationTarget {
    /// Capacity reservation ids.
    #[schema(optional)]
    pub(crate) capacity_reservation_ids: Option<Vec<String>>,
    /// Capacity reservation resource group arns.
    #[schema(optional)]
    pub(crate) capacity_reservation_resource_group_arns: Option<Vec<String>>,
}

/// Availability zone distribution.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct AvailabilityZoneDistribution {
    /// Capacity distribution strategy.
    #[schema(optional)]
    pub(crate) capacity_distribution_strategy: Option<String>,
}

wire! { GroupTemplate => sdk::LaunchTemplateSpecification, sdk::LaunchTemplateSpecification { text id: launch_template_id, text name: launch_template_name, text version } }
wire! { TemplateSpecification => sdk::LaunchTemplateSpecification, sdk::LaunchTemplateSpecification { text launch_template_id, text launch_template_name, text version } }
wire! { Override => sdk::LaunchTemplateOverrides, sdk::LaunchTemplateOverrides {
    text instance_type, text weighted_capacity, one instance_requirements, one launch_template_specification,
} }
wire! { PolicyTemplate => sdk::LaunchTemplate, sdk::LaunchTemplate { one launch_template_specification, many r#override: overrides } }
wire! { InstancesDistribution => sdk::InstancesDistribution, sdk::InstancesDistribution {
    text on_demand_allocation_strategy, int on_demand_base_capacity, int on_demand_percentage_above_base_capacity, text spot_allocation_strategy, int spot_instance_pools, text spot_max_price,
} }
wire! { MixedInstancesPolicy => sdk::MixedInstancesPolicy, sdk::MixedInstancesPolicy { one instances_distribution, one launch_template } }
wire! { InstanceMaintenancePolicy => sdk::InstanceMaintenancePolicy, sdk::InstanceMaintenancePolicy { int max_healthy_percentage, int min_healthy_percentage } }
wire! { InitialLifecycleHook => sdk::LifecycleHookSpecification, sdk::LifecycleHookSpecification {
    text default_result, int heartbeat_timeout, text lifecycle_transition, text name: lifecycle_hook_name, text notification_metadata, text notification_target_arn, text role_arn,
} }
wire! { ReservationTarget => sdk::CapacityReservationTarget, sdk::CapacityReservationTarget { texts capacity_reservation_ids, texts capacity_reservation_resource_group_arns } }
wire! { CapacityReservationSpecification => sdk::CapacityReservationSpecification, sdk::CapacityReservationSpecification {
    word capacity_reservation_preference, one capacity_reservation_target,
} }
wire! { AvailabilityZoneDistribution => sdk::AvailabilityZoneDistribution, sdk::AvailabilityZoneDistribution { word capacity_distribution_strategy } }
wire! { TrafficSource => sdk::TrafficSourceIdentifier, sdk::TrafficSourceIdentifier { text identifier, text r#type } }
wire! { Tag => sdk::Tag, sdk::TagDescription { text key, flag propagate_at_launch, text value } }
wire! { ReusePolicy => sdk::InstanceReusePolicy, sdk::InstanceReusePolicy { flag reuse_on_scale_in } }
wire! { WarmPool => sdk::WarmPoolConfiguration, sdk::WarmPoolConfiguration { int max_group_prepared_capacity, int min_size, word pool_state, one instance_reuse_policy } }

impl Tag {
    /// The tag as a request about the group of that name has it; an empty value is one too.
    pub(crate) fn of(&self, group: &str) -> sdk::Tag {
        let mut tag: sdk::Tag = self.to_sdk();
        (tag.resource_id, tag.resource_type) = (Some(group.to_owned()), Some("auto-scaling-group".to_owned()));
        tag.value = Some(self.value.clone().unwrap_or_default());
        tag
    }
}

/// A number that is written as a text, so that it can be unset.
fn number(text: Option<&String>) -> Option<i32> {
    text?.parse().ok()
}

impl Preferences {
    /// As the API takes them.
    pub(crate) fn request(&self) -> sdk::RefreshPreferences {
        let percentages = self.checkpoint_percentages.iter().flatten().map(|percentage| *percentage as i32).collect::<Vec<_>>();
        let alarms = self.alarm_specification.first().map(|block| sdk::AlarmSpecification::builder().set_alarms(block.alarms.clone()).build());
        sdk::RefreshPreferences::builder()
            .set_alarm_specification(alarms)
            .set_auto_rollback(self.auto_rollback)
            .set_checkpoint_delay(number(self.checkpoint_delay.as_ref()))
            .set_checkpoint_percentages(Some(percentages).filter(|all| !all.is_empty()))
            .set_instance_warmup(number(self.instance_warmup.as_ref()))
            .set_max_healthy_percentage(self.max_healthy_percentage.map(|percentage| percentage as i32))
            .set_min_healthy_percentage(self.min_healthy_percentage.map(|percentage| percentage as i32))
            .set_scale_in_protected_instances(self.scale_in_protected_instances.as_deref().map(Into::into))
            .set_skip_matching(self.skip_matching)
            .set_standby_instances(self.standby_instances.as_deref().map(Into::into))
            .build()
    }
}
