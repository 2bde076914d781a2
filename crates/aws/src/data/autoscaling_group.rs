//! `data "aws_autoscaling_group"`

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::instance_requirements::InstanceRequirements;
use crate::resource::autoscaling_group::{AutoscalingGroup as Resource, describe};
use crate::{Client, view};

/// An Auto Scaling group.
///
/// ```hcl
/// data "aws_autoscaling_group" "web" {
///   name = "web"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_autoscaling_group")]
pub(crate) struct AutoscalingGroup {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Availability zones.
    #[schema(computed, set)]
    availability_zones: Option<Vec<String>>,
    /// Default cooldown.
    #[schema(computed)]
    default_cooldown: Option<i64>,
    /// Desired capacity.
    #[schema(computed)]
    desired_capacity: Option<i64>,
    /// Desired capacity type.
    #[schema(computed)]
    desired_capacity_type: Option<String>,
    /// Enabled metrics.
    #[schema(computed, set)]
    enabled_metrics: Option<Vec<String>>,
    /// Health check grace period.
    #[schema(computed)]
    health_check_grace_period: Option<i64>,
    /// Health check type.
    #[schema(computed)]
    health_check_type: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Instance maintenance policy.
    #[schema(computed)]
    instance_maintenance_policy: Option<Vec<InstanceMaintenancePolicy>>,
    /// Launch configuration.
    #[schema(computed)]
    launch_configuration: Option<String>,
    /// Launch template.
    #[schema(computed)]
    launch_template: Option<Vec<LaunchTemplate>>,
    /// Load balancers.
    #[schema(computed, set)]
    load_balancers: Option<Vec<String>>,
    /// Max instance lifetime.
    #[schema(computed)]
    max_instance_lifetime: Option<i64>,
    /// Max size.
    #[schema(computed)]
    max_size: Option<i64>,
    /// Min size.
    #[schema(computed)]
    min_size: Option<i64>,
    /// Mixed instances policy.
    #[schema(computed)]
    mixed_instances_policy: Option<Vec<MixedInstancesPolicy>>,
    /// Name.
    #[schema(required)]
    name: Option<String>,
    /// New instances protected from scale in.
    #[schema(computed)]
    new_instances_protected_from_scale_in: Option<bool>,
    /// Placement group.
    #[schema(computed)]
    placement_group: Option<String>,
    /// Predicted capacity.
    #[schema(computed)]
    predicted_capacity: Option<i64>,
    /// Service linked role ARN.
    #[schema(computed)]
    service_linked_role_arn: Option<String>,
    /// Status.
    #[schema(computed)]
    status: Option<String>,
    /// Suspended processes.
    #[schema(computed, set)]
    suspended_processes: Option<Vec<String>>,
    /// Tag.
    #[schema(computed, set)]
    tag: Option<Vec<ShownTag>>,
    /// Target group ARNs.
    #[schema(computed, set)]
    target_group_arns: Option<Vec<String>>,
    /// Termination policies.
    #[schema(computed, set)]
    termination_policies: Option<Vec<String>>,
    /// Traffic source.
    #[schema(computed, set)]
    traffic_source: Option<Vec<TrafficSource>>,
    /// Subnets, with commas between.
    #[schema(computed)]
    vpc_zone_identifier: Option<String>,
    /// Warm pool.
    #[schema(computed)]
    warm_pool: Option<Vec<WarmPool>>,
    /// Warm pool size.
    #[schema(computed)]
    warm_pool_size: Option<i64>,
}

/// Warm pool.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct WarmPool {
    /// Instance reuse policy.
    #[schema(optional)]
    instance_reuse_policy: Vec<ShownReuse>,
    /// Max group prepared capacity.
    #[schema(optional)]
    max_group_prepared_capacity: i64,
    /// Min size.
    #[schema(optional)]
    min_size: i64,
    /// Pool state.
    #[schema(optional)]
    pool_state: String,
}

/// Instance reuse policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ShownReuse {
    /// Reuse on scale in.
    #[schema(optional)]
    reuse_on_scale_in: bool,
}

/// Traffic source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct TrafficSource {
    /// Identifier.
    #[schema(optional)]
    identifier: String,
    /// Type.
    #[schema(optional)]
    r#type: String,
}

/// Tag.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ShownTag {
    /// Key.
    #[schema(optional)]
    key: String,
    /// Propagate at launch.
    #[schema(optional)]
    propagate_at_launch: bool,
    /// Value.
    #[schema(optional)]
    value: String,
}

/// Mixed instances policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct MixedInstancesPolicy {
    /// Instances distribution.
    #[schema(optional)]
    instances_distribution: Vec<InstancesDistribution>,
    /// Launch template.
    #[schema(optional)]
    launch_template: Vec<MixedInstancesPolicyLaunchTemplate>,
}

/// Launch template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct MixedInstancesPolicyLaunchTemplate {
    /// Launch template specification.
    #[schema(optional)]
    launch_template_specification: Vec<LaunchTemplateSpecification>,
    /// Override.
    #[schema(optional)]
    r#override: Vec<Override>,
}

/// Override.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Override {
    /// Instance requirements.
    #[schema(optional)]
    instance_requirements: Vec<InstanceRequirements>,
    /// Instance type.
    #[schema(optional)]
    instance_type: String,
    /// Launch template specification.
    #[schema(optional)]
    launch_template_specification: Vec<LaunchTemplateSpecification>,
    /// Weighted capacity.
    #[schema(optional)]
    weighted_capacity: String,
}

/// Launch template specification.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct LaunchTemplateSpecification {
    /// Launch template id.
    #[schema(optional)]
    launch_template_id: String,
    /// Launch template name.
    #[schema(optional)]
    launch_template_name: String,
    /// Version.
    #[schema(optional)]
    version: String,
}

/// Instances distribution.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct InstancesDistribution {
    /// On demand allocation strategy.
    #[schema(optional)]
    on_demand_allocation_strategy: String,
    /// On demand base capacity.
    #[schema(optional)]
    on_demand_base_capacity: i64,
    /// On demand percentage above base capacity.
    #[schema(optional)]
    on_demand_percentage_above_base_capacity: i64,
    /// Spot allocation strategy.
    #[schema(optional)]
    spot_allocation_strategy: String,
    /// Spot instance pools.
    #[schema(optional)]
    spot_instance_pools: i64,
    /// Spot max price.
    #[schema(optional)]
    spot_max_price: String,
}

/// Launch template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct LaunchTemplate {
    /// Id.
    #[schema(optional)]
    id: String,
    /// Name.
    #[schema(optional)]
    name: String,
    /// Version.
    #[schema(optional)]
    version: String,
}

/// Instance maintenance policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct InstanceMaintenancePolicy {
    /// Max healthy percentage.
    #[schema(optional)]
    max_healthy_percentage: i64,
    /// Min healthy percentage.
    #[schema(optional)]
    min_healthy_percentage: i64,
}

impl DataSource for AutoscalingGroup {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let name = config.name.clone().unwrap_or_default();
        let group = describe(client, &name).await?.ok_or_else(|| view::none("Auto Scaling group"))?;
        let mut state = view::state::<Resource>(client, &name).await?.ok_or_else(|| view::none("Auto Scaling group"))?;
        // What the data source has under other names or in another form.
        state.insert("vpc_zone_identifier".to_owned(), Json::from(group.vpc_zone_identifier().unwrap_or_default()));
        state.insert("new_instances_protected_from_scale_in".to_owned(), Json::from(group.new_instances_protected_from_scale_in.unwrap_or(false)));
        state.insert("status".to_owned(), Json::from(group.status().unwrap_or_default()));
        let texts = |items: &[String]| Json::from(items.to_vec());
        state.insert("load_balancers".to_owned(), texts(group.load_balancer_names()));
        state.insert("target_group_arns".to_owned(), texts(group.target_group_arns()));
        state.insert("termination_policies".to_owned(), texts(group.termination_policies()));
        let metrics: Vec<String> = group.enabled_metrics().iter().filter_map(|metric| metric.metric.clone()).collect();
        state.insert("enabled_metrics".to_owned(), Json::from(metrics));
        let suspended: Vec<String> = group.suspended_processes().iter().filter_map(|process| process.process_name.clone()).collect();
        state.insert("suspended_processes".to_owned(), Json::from(suspended));
        view::data(state, &config)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn by_name() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.119.0.0/16"})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.119.1.0/24"})).await, "id");
        let template = lab.make("aws_launch_template", json!({"name": "seen-group", "image_id": "ami-12c6146b", "instance_type": "t3.small"})).await;
        let tag = json!([{"key": "data", "value": "group", "propagate_at_launch": true}]);
        let config = json!({"name": "seen-group", "min_size": 0, "max_size": 3, "vpc_zone_identifier": [subnet], "launch_template": [{"id": text(&template, "id"), "version": "1"}], "tag": tag});
        let made = lab.make("aws_autoscaling_group", config).await;
        let found = lab.data("aws_autoscaling_group", json!({"name": "seen-group"})).await.expect("group");
        for name in ["arn", "max_size", "min_size", "health_check_type", "default_cooldown"] {
            assert_eq!(found.get(name), made.get(name), "{name}");
        }
        assert_eq!((text(&found, "vpc_zone_identifier"), found.get("tag").expect("tag").length()), (subnet, Some(1)));
        assert!(lab.data("aws_autoscaling_group", json!({"name": "no such group"})).await.is_err());
    }
}
