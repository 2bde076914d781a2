//! An Auto Scaling group as the API takes it, and as the state has what the API shows.

use aws_sdk_autoscaling::operation::create_auto_scaling_group::builders::CreateAutoScalingGroupFluentBuilder;
use aws_sdk_autoscaling::operation::update_auto_scaling_group::builders::UpdateAutoScalingGroupFluentBuilder;
use aws_sdk_autoscaling::types::{self as sdk, AutoScalingGroup};

use crate::group_parts::Tag;
use crate::group_settings::{differ, set};
use crate::resource::autoscaling_group::AutoscalingGroup;
use crate::wire::{self, ToSdk};
use crate::{Client, name};

fn filled(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}

fn number(value: Option<i64>) -> Option<i32> {
    value.map(|value| value as i32)
}

impl AutoscalingGroup {
    fn subnets(&self) -> Option<String> {
        self.vpc_zone_identifier.as_ref().filter(|subnets| !subnets.is_empty()).map(|subnets| subnets.join(","))
    }

    /// The request that creates it.
    pub(crate) fn creation(&self, client: &Client, name: &str) -> CreateAutoScalingGroupFluentBuilder {
        let tags: Vec<_> = self.tag.iter().map(|tag| tag.of(name)).collect();
        let hooks: Vec<sdk::LifecycleHookSpecification> = self.initial_lifecycle_hook.iter().map(ToSdk::to_sdk).collect();
        let sources: Vec<sdk::TrafficSourceIdentifier> = self.traffic_source.iter().map(ToSdk::to_sdk).collect();
        let some = |list: &Option<Vec<String>>| list.clone().filter(|list| !list.is_empty());
        client
            .autoscaling()
            .create_auto_scaling_group()
            .auto_scaling_group_name(name)
            .set_availability_zone_distribution(self.availability_zone_distribution.first().map(ToSdk::to_sdk))
            .set_availability_zones(some(&self.availability_zones).filter(|_| self.subnets().is_none()))
            .set_capacity_rebalance(self.capacity_rebalance)
            .set_capacity_reservation_specification(self.capacity_reservation_specification.first().map(ToSdk::to_sdk))
            .set_context(filled(&self.context))
            .set_default_cooldown(number(self.default_cooldown))
            .set_default_instance_warmup(number(self.default_instance_warmup))
            .set_desired_capacity(number(self.desired_capacity))
            .set_desired_capacity_type(filled(&self.desired_capacity_type))
            .set_health_check_grace_period(number(self.health_check_grace_period))
            .set_health_check_type(filled(&self.health_check_type))
            .set_instance_maintenance_policy(self.instance_maintenance_policy.first().map(ToSdk::to_sdk))
            .set_launch_configuration_name(filled(&self.launch_configuration))
            .set_launch_template(self.template())
            .set_lifecycle_hook_specification_list(Some(hooks).filter(|hooks| !hooks.is_empty()))
            .set_load_balancer_names(some(&self.load_balancers))
            .set_max_instance_lifetime(number(self.max_instance_lifetime))
            .set_max_size(number(self.max_size))
            .set_min_size(number(self.min_size))
            .set_mixed_instances_policy(self.policy())
            .set_new_instances_protected_from_scale_in(self.protect_from_scale_in)
            .set_placement_group(filled(&self.placement_group))
            .set_service_linked_role_arn(filled(&self.service_linked_role_arn))
            .set_tags(Some(tags).filter(|tags| !tags.is_empty()))
            .set_target_group_arns(some(&self.target_group_arns))
            .set_termination_policies(some(&self.termination_policies))
            .set_traffic_sources(Some(sources).filter(|sources| !sources.is_empty()))
            .set_vpc_zone_identifier(self.subnets())
    }

    /// The request that changes what the group itself has; the rest has calls of its own.
    pub(crate) fn change(client: &Client, prior: &Self, planned: &Self) -> UpdateAutoScalingGroupFluentBuilder {
        let launch = differ(&prior.launch_template, &planned.launch_template);
        let mixed = differ(&prior.mixed_instances_policy, &planned.mixed_instances_policy);
        let zones = set(prior.vpc_zone_identifier.as_ref()) != set(planned.vpc_zone_identifier.as_ref());
        let changed = |before: Option<i64>, after: Option<i64>| after.filter(|_| before != after).map(|after| after as i32);
        client
            .autoscaling()
            .update_auto_scaling_group()
            .auto_scaling_group_name(prior.name())
            .set_availability_zone_distribution(planned.availability_zone_distribution.first().map(ToSdk::to_sdk))
            .set_availability_zones(planned.availability_zones.clone().filter(|zones| planned.subnets().is_none() && !zones.is_empty()))
            .set_capacity_rebalance(planned.capacity_rebalance.or(prior.capacity_rebalance.map(|_| false)))
            .set_capacity_reservation_specification(planned.capacity_reservation_specification.first().map(ToSdk::to_sdk))
            .set_context(filled(&planned.context))
            .set_default_cooldown(changed(prior.default_cooldown, planned.default_cooldown))
            .set_default_instance_warmup(
                changed(prior.default_instance_warmup, Some(planned.default_instance_warmup.unwrap_or(-1)))
                    .filter(|_| prior.default_instance_warmup.is_some() || planned.default_instance_warmup.is_some()),
            )
            .set_desired_capacity(changed(prior.desired_capacity, planned.desired_capacity))
            .set_desired_capacity_type(filled(&planned.desired_capacity_type).filter(|_| prior.desired_capacity_type != planned.desired_capacity_type))
            .set_health_check_grace_period(number(planned.health_check_grace_period))
            .set_health_check_type(filled(&planned.health_check_type))
            .set_instance_maintenance_policy(planned.instance_maintenance_policy.first().map(ToSdk::to_sdk))
            .set_launch_configuration_name(filled(&planned.launch_configuration).filter(|_| prior.launch_configuration != planned.launch_configuration))
            .set_launch_template(planned.template().filter(|_| launch))
            .set_max_instance_lifetime(
                changed(prior.max_instance_lifetime, Some(planned.max_instance_lifetime.unwrap_or(0)))
                    .filter(|_| prior.max_instance_lifetime.is_some() || planned.max_instance_lifetime.is_some()),
            )
            .set_max_size(changed(prior.max_size, planned.max_size))
            .set_min_size(changed(prior.min_size, planned.min_size))
            .set_mixed_instances_policy(planned.policy().filter(|_| mixed))
            .set_new_instances_protected_from_scale_in(planned.protect_from_scale_in.filter(|_| prior.protect_from_scale_in != planned.protect_from_scale_in))
            .set_placement_group(planned.placement_group.clone().filter(|_| prior.placement_group != planned.placement_group))
            .set_service_linked_role_arn(filled(&planned.service_linked_role_arn))
            .set_termination_policies(planned.termination_policies.clone().or_else(|| prior.termination_policies.as_ref().map(|_| vec!["Default".to_owned()])))
            .set_vpc_zone_identifier(planned.subnets().filter(|_| zones))
    }

    /// What the API shows, before it has the form of the state.
    pub(crate) fn state(client: &Client, group: &AutoScalingGroup, prior: &Self) -> Self {
        let name = prior.name().to_owned();
        // Tags that others own do not show.
        let pairs = group.tags().iter().map(|tag| (tag.key().unwrap_or_default().to_owned(), tag.value().unwrap_or_default().to_owned()));
        let own = client.tag_rules().read(pairs, &None).1.unwrap_or_default();
        let mut tag: Vec<Tag> = wire::blocks(group.tags());
        tag.retain(|tag| tag.key.as_ref().is_some_and(|key| own.contains_key(key)));
        for tag in &mut tag {
            tag.value = Some(tag.value.take().unwrap_or_default());
        }
        let subnets = group.vpc_zone_identifier().unwrap_or_default().split(',').filter(|subnet| !subnet.is_empty()).map(str::to_owned).collect();
        let mixed = group.mixed_instances_policy.is_some();
        let policies = group.termination_policies().to_vec();
        let granularity = group.enabled_metrics().first().and_then(|one| one.granularity.clone()).or_else(|| prior.metrics_granularity.clone());
        let granularity = granularity.unwrap_or_else(|| "1Minute".to_owned());
        Self {
            arn: group.auto_scaling_group_arn.clone(),
            availability_zones: Some(group.availability_zones().to_vec()),
            // What the API leaves out is as it was.
            capacity_rebalance: group.capacity_rebalance.or(prior.capacity_rebalance),
            context: group.context.clone(),
            default_cooldown: group.default_cooldown.map(i64::from),
            default_instance_warmup: group.default_instance_warmup.map(i64::from),
            desired_capacity: group.desired_capacity.map(i64::from),
            desired_capacity_type: group.desired_capacity_type.clone(),
            enabled_metrics: Some(group.enabled_metrics().iter().filter_map(|one| one.metric.clone()).collect()),
            health_check_grace_period: group.health_check_grace_period.map(i64::from).or(prior.health_check_grace_period),
            health_check_type: group.health_check_type.clone(),
            launch_configuration: group.launch_configuration_name.clone(),
            load_balancers: Some(group.load_balancer_names().to_vec()),
            max_instance_lifetime: group.max_instance_lifetime.map(i64::from),
            max_size: group.max_size.map(i64::from),
            metrics_granularity: Some(granularity),
            min_size: group.min_size.map(i64::from),
            name_prefix: Some(name::prefix(&name).to_owned()),
            name: Some(name.clone()),
            placement_group: group.placement_group.clone(),
            predicted_capacity: Some(group.predicted_capacity.unwrap_or(0).into()),
            protect_from_scale_in: Some(group.new_instances_protected_from_scale_in.unwrap_or(false)),
            service_linked_role_arn: Some(group.service_linked_role_arn.clone().unwrap_or_default()),
            suspended_processes: Some(group.suspended_processes().iter().filter_map(|one| one.process_name.clone()).collect()),
            target_group_arns: Some(group.target_group_arns().to_vec()),
            // `Default` alone is what nothing means.
            termination_policies: if policies == ["Default"] && prior.termination_policies.is_none() { None } else { Some(policies) },
            vpc_zone_identifier: Some(subnets),
            warm_pool_size: Some(group.warm_pool_size.unwrap_or(0).into()),
            availability_zone_distribution: wire::block(group.availability_zone_distribution.as_ref()),
            capacity_reservation_specification: wire::block(group.capacity_reservation_specification.as_ref()),
            instance_maintenance_policy: wire::block(group.instance_maintenance_policy.as_ref().filter(|policy| policy.min_healthy_percentage != Some(-1))),
            launch_template: wire::block(group.launch_template.as_ref().filter(|_| !mixed)),
            mixed_instances_policy: wire::block(group.mixed_instances_policy.as_ref()),
            tag,
            traffic_source: wire::blocks(group.traffic_sources()),
            warm_pool: wire::block(group.warm_pool_configuration.as_ref()),
            // What only steers this program: an import has the defaults.
            force_delete: prior.force_delete.or(Some(false)),
            force_delete_warm_pool: prior.force_delete_warm_pool.or(Some(false)),
            ignore_failed_scaling_activities: prior.ignore_failed_scaling_activities.or(Some(false)),
            wait_for_capacity_timeout: prior.wait_for_capacity_timeout.clone().or_else(|| Some("10m".to_owned())),
            ..prior.clone()
        }
    }
}
