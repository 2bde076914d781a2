//! `aws_autoscaling_group`

use aws_sdk_autoscaling::types::AutoScalingGroup;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::{ApiError, Explain};
use crate::group_capacity::wait_for_capacity;
use crate::group_parts::{
    AvailabilityZoneDistribution, CapacityReservationSpecification, GroupTemplate, InitialLifecycleHook, InstanceMaintenancePolicy, InstanceRefresh,
    MixedInstancesPolicy, Tag, TrafficSource, WarmPool,
};
use crate::group_settings::differ;
use crate::group_template::follow_template;
use crate::timeouts::timeouts;
use crate::{Client, keep, name, plan, wait};

/// A group of instances that is kept at its size.
///
/// ```hcl
/// resource "aws_autoscaling_group" "web" {
///   name                = "web"
///   min_size            = 3
///   max_size            = 3
///   vpc_zone_identifier = aws_subnet.private[*].id
///
///   launch_template {
///     id      = aws_launch_template.web.id
///     version = aws_launch_template.web.latest_version
///   }
///
///   instance_refresh {
///     strategy = "Rolling"
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_autoscaling_group", version = 1)]
pub(crate) struct AutoscalingGroup {
    /// ARN.
    #[schema(computed)]
    pub(crate) arn: Option<String>,
    /// Zones; with subnets they follow.
    #[schema(optional, computed, set)]
    pub(crate) availability_zones: Option<Vec<String>>,
    /// Replaces spot instances that are likely to be taken, before they are.
    #[schema(optional)]
    pub(crate) capacity_rebalance: Option<bool>,
    /// Reserved.
    #[schema(optional)]
    pub(crate) context: Option<String>,
    /// Pause between scalings, in seconds.
    #[schema(optional, computed)]
    pub(crate) default_cooldown: Option<i64>,
    /// How long a new instance warms up, in seconds.
    #[schema(optional)]
    pub(crate) default_instance_warmup: Option<i64>,
    /// How many instances shall run.
    #[schema(optional, computed)]
    pub(crate) desired_capacity: Option<i64>,
    /// `units`, `vcpu` or `memory-mib`.
    #[schema(optional)]
    pub(crate) desired_capacity_type: Option<String>,
    /// Metrics that are collected.
    #[schema(optional, set)]
    pub(crate) enabled_metrics: Option<Vec<String>>,
    /// Deletes without waiting for the instances to end.
    #[schema(optional, default = false)]
    pub(crate) force_delete: Option<bool>,
    /// Deletes the warm pool without waiting.
    #[schema(optional, default = false)]
    pub(crate) force_delete_warm_pool: Option<bool>,
    /// How long a new instance's health does not count, in seconds.
    #[schema(optional, default = 300)]
    pub(crate) health_check_grace_period: Option<i64>,
    /// `EC2` or `ELB`.
    #[schema(optional, computed)]
    pub(crate) health_check_type: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    pub(crate) id: Option<String>,
    /// Waits on when launching fails.
    #[schema(optional, default = false)]
    pub(crate) ignore_failed_scaling_activities: Option<bool>,
    /// Launch configuration, by name.
    #[schema(optional)]
    pub(crate) launch_configuration: Option<String>,
    /// Classic load balancers, by name.
    #[schema(optional, computed, set)]
    pub(crate) load_balancers: Option<Vec<String>>,
    /// Longest life of an instance, in seconds; 0 for ever.
    #[schema(optional)]
    pub(crate) max_instance_lifetime: Option<i64>,
    /// Most instances.
    #[schema(required)]
    pub(crate) max_size: Option<i64>,
    /// Metrics granularity.
    #[schema(optional, default = "1Minute")]
    pub(crate) metrics_granularity: Option<String>,
    /// How many instances must be healthy at the load balancers for a creation to be done.
    #[schema(optional)]
    pub(crate) min_elb_capacity: Option<i64>,
    /// Fewest instances.
    #[schema(required)]
    pub(crate) min_size: Option<i64>,
    /// Name; one is made when it is not set.
    #[schema(optional, computed, force_new)]
    pub(crate) name: Option<String>,
    /// What a made name begins with.
    #[schema(optional, computed, force_new)]
    pub(crate) name_prefix: Option<String>,
    /// Placement group.
    #[schema(optional)]
    pub(crate) placement_group: Option<String>,
    /// Predicted capacity.
    #[schema(computed)]
    pub(crate) predicted_capacity: Option<i64>,
    /// New instances are not taken by a scale-in.
    #[schema(optional, default = false)]
    pub(crate) protect_from_scale_in: Option<bool>,
    /// The role that the service uses.
    #[schema(optional, computed)]
    pub(crate) service_linked_role_arn: Option<String>,
    /// Processes that are suspended.
    #[schema(optional, set)]
    pub(crate) suspended_processes: Option<Vec<String>>,
    /// Target groups.
    #[schema(optional, computed, set)]
    pub(crate) target_group_arns: Option<Vec<String>>,
    /// Which instance goes first.
    #[schema(optional)]
    pub(crate) termination_policies: Option<Vec<String>>,
    /// Subnets.
    #[schema(optional, computed, set)]
    pub(crate) vpc_zone_identifier: Option<Vec<String>>,
    /// How long to wait for instances in service; `0` not at all.
    #[schema(optional, default = "10m")]
    pub(crate) wait_for_capacity_timeout: Option<String>,
    /// The same for a creation and each change.
    #[schema(optional)]
    pub(crate) wait_for_elb_capacity: Option<i64>,
    /// Warm pool size.
    #[schema(computed)]
    pub(crate) warm_pool_size: Option<i64>,
    /// Availability zone distribution.
    #[schema(block, computed, max = 1)]
    pub(crate) availability_zone_distribution: Vec<AvailabilityZoneDistribution>,
    /// Capacity reservation specification.
    #[schema(block, computed, max = 1)]
    pub(crate) capacity_reservation_specification: Vec<CapacityReservationSpecification>,
    /// Initial lifecycle hook.
    #[schema(block, set)]
    pub(crate) initial_lifecycle_hook: Vec<InitialLifecycleHook>,
    /// Instance maintenance policy.
    #[schema(block, max = 1)]
    pub(crate) instance_maintenance_policy: Vec<InstanceMaintenancePolicy>,
    /// Replaces the instances when what they are launched from changes.
    #[schema(block, max = 1)]
    pub(crate) instance_refresh: Vec<InstanceRefresh>,
    /// Launch template.
    #[schema(block, max = 1)]
    pub(crate) launch_template: Vec<GroupTemplate>,
    /// Mixed instances policy.
    #[schema(block, max = 1)]
    pub(crate) mixed_instances_policy: Vec<MixedInstancesPolicy>,
    /// Tags, each with whether instances get it.
    #[schema(block, set)]
    pub(crate) tag: Vec<Tag>,
    /// Time limits.
    #[schema(block)]
    pub(crate) timeouts: Option<Timeouts>,
    /// Where traffic comes from: target groups, load balancers, VPC Lattice.
    #[schema(block, computed, set)]
    pub(crate) traffic_source: Vec<TrafficSource>,
    /// Instances that are kept ready.
    #[schema(block, max = 1)]
    pub(crate) warm_pool: Vec<WarmPool>,
}

timeouts!(delete, update);

/// The group, asked for together with others.
pub(crate) async fn describe(client: &Client, name: &str) -> Result<Option<AutoScalingGroup>, Fault> {
    client
        .batch("autoscaling group", 100, name.to_owned(), |client, names: Vec<String>| async move {
            let call = client.autoscaling().describe_auto_scaling_groups().set_auto_scaling_group_names(Some(names)).max_records(100);
            let found = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.api("autoscaling:DescribeAutoScalingGroups")?;
            Ok(found.into_iter().filter_map(|group| Some((group.auto_scaling_group_name.clone()?, group))).collect())
        })
        .await
}

impl AutoscalingGroup {
    /// Its name, which is its id.
    pub(crate) fn name(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// What follows the creation; harmless when it is done again.
    async fn finish(&self, client: &Client, begin: std::time::SystemTime) -> Result<(), Fault> {
        let name = self.name();
        wait::appear("Auto Scaling group", || describe(client, name)).await?;
        self.set_warm_pool(client, name).await?;
        Self::set_processes(client, name, None, self).await?;
        Self::set_metrics(client, name, None, self).await?;
        wait_for_capacity(client, name, &self.demand(true)?, begin).await
    }
}

impl Resource for AutoscalingGroup {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let mut faults = Vec::new();
        let used = |name: &&str| config.get(name).is_some_and(|value| !value.is_null() && value.length() != Some(0));
        let sources: Vec<&str> = ["launch_configuration", "launch_template", "mixed_instances_policy"].into_iter().filter(used).collect();
        if sources.len() != 1 {
            let detail = "Set one of \"launch_template\", \"mixed_instances_policy\" and \"launch_configuration\".";
            faults.push(Fault::attribute(Path::attr(sources.get(1).copied().unwrap_or("launch_template")), "Not clear what to launch", detail));
        }
        if used(&"name") && used(&"name_prefix") {
            faults.push(Fault::attribute(Path::attr("name_prefix"), "Conflicting arguments", "Set either `name` or `name_prefix`, not both."));
        }
        let size = |name: &str| config.get(name).and_then(|value| value.as_i64());
        if let (Some(min), Some(max)) = (size("min_size"), size("max_size"))
            && min > max
        {
            faults.push(Fault::attribute(Path::attr("min_size"), "Sizes contradict each other", format!("The least size, {min}, is above the greatest, {max}.")));
        }
        faults
    }

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        // The service shows a group that never had it as one that has it off.
        if plan.planned("capacity_rebalance").is_null() && (plan.creating() || !plan.prior("capacity_rebalance").is_null()) {
            plan.set("capacity_rebalance", Value::from(false));
        }
        if plan.creating() {
            return Ok(());
        }
        follow_template(plan, "launch_template", ["id", "name"]);
        follow_template(plan, "mixed_instances_policy", ["launch_template_id", "launch_template_name"]);
        if plan.changed("vpc_zone_identifier") && plan.config("availability_zones").is_null() {
            plan.unknown("availability_zones");
        }
        // The service moves the desired capacity into the limits.
        let number = |value: Value| value.as_i64();
        if let (true, Some(desired), Some(min), Some(max)) =
            (plan.config("desired_capacity").is_null(), number(plan.planned("desired_capacity")), number(plan.planned("min_size")), number(plan.planned("max_size")))
        {
            plan.set("desired_capacity", Value::from(desired.min(max).max(min)));
        }
        // Target groups show as sources of traffic too, and the other way round.
        for (one, other) in [("target_group_arns", "traffic_source"), ("load_balancers", "traffic_source")] {
            if plan.changed(one)
                && plan.config(other).length() == Some(0)
                && let Some(block) = <Self as weir_provider::native::Shape>::block().blocks.get(other)
            {
                plan.set(other, Value::unknown(block.ty()));
            }
            if plan.changed(other) && plan.config(one).is_null() {
                plan.unknown(one);
            }
        }
        if plan.changed("warm_pool") {
            plan.unknown("warm_pool_size");
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let name = name::choose(planned.name.as_ref(), planned.name_prefix.as_ref(), operation.token);
        let begin = std::time::SystemTime::now();
        // A new instance profile is not seen everywhere at once.
        let unseen = |error: &ApiError| error.code == "ValidationError" && error.message.contains("Invalid IAM Instance Profile");
        wait::retry(wait::limit(None, 2)?, unseen, || async { planned.creation(client, &name).send().await.api("autoscaling:CreateAutoScalingGroup") }).await?;
        let created = Self { id: Some(name.clone()), name: Some(name.clone()), ..planned };
        operation.created(&created)?;
        created.finish(client, begin).await?;
        wait::appear("Auto Scaling group", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(group) = describe(client, prior.name()).await? else { return Ok(None) };
        if group.status.as_deref() == Some("Delete in progress") {
            return Ok(None);
        }
        Ok(Some(keep::form(&prior, &Self::state(client, &group, &prior))?))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let name = prior.name().to_owned();
        let begin = std::time::SystemTime::now();
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.update.as_ref()), 10)?;
        let resized = prior.desired_capacity != planned.desired_capacity || prior.min_size != planned.min_size;
        Self::change(client, &prior, &planned).send().await.api("autoscaling:UpdateAutoScalingGroup")?;
        Self::set_tags(client, &name, &prior, &planned).await?;
        // Sources that the plan leaves open follow from those that it does not.
        let mut wanted = planned.clone();
        wanted.target_group_arns = wanted.target_group_arns.or_else(|| prior.target_group_arns.clone());
        wanted.load_balancers = wanted.load_balancers.or_else(|| prior.load_balancers.clone());
        if wanted.traffic_source.is_empty() {
            wanted.traffic_source = prior.traffic_source.clone();
        }
        Self::set_sources(client, &name, &prior, &wanted).await?;
        Self::set_metrics(client, &name, Some(&prior), &planned).await?;
        Self::set_processes(client, &name, Some(&prior), &planned).await?;
        if planned.warm_pool.is_empty() && !prior.warm_pool.is_empty() {
            prior.drop_warm_pool(client, limit).await?;
        } else if differ(&prior.warm_pool, &planned.warm_pool) {
            planned.set_warm_pool(client, &name).await?;
        }
        let planned = Self { id: Some(name.clone()), ..planned };
        if resized {
            wait_for_capacity(client, &name, &planned.demand(false)?, begin).await?;
        }
        if Self::wants_refresh(&prior, &planned)? {
            planned.refresh(client, &name, limit).await?;
        }
        Self::read(client, planned).await?.ok_or_else(|| Fault::not_found("The Auto Scaling group is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let name = prior.name();
        let limit = wait::limit(prior.timeouts.as_ref().and_then(|timeouts| timeouts.delete.as_ref()), 10)?;
        let Some(group) = describe(client, name).await? else { return Ok(()) };
        let force = prior.force_delete == Some(true);
        if group.warm_pool_configuration.is_some() {
            prior.drop_warm_pool(client, limit).await?;
        }
        if !force && !group.instances().is_empty() || !force && group.desired_capacity != Some(0) {
            let call = client.autoscaling().update_auto_scaling_group().auto_scaling_group_name(name).min_size(0).max_size(0).desired_capacity(0);
            call.send().await.api("autoscaling:UpdateAutoScalingGroup")?;
            wait::until("the instances of the Auto Scaling group to end", limit, || async {
                Ok(describe(client, name).await?.is_none_or(|group| group.instances().is_empty()).then_some(()))
            })
            .await?;
        }
        let gone = |error: &ApiError| error.code == "ValidationError" && error.message.contains("not found");
        let deleted = wait::retry(
            limit,
            |error: &ApiError| error.is(&["ResourceInUse", "ScalingActivityInProgress"]),
            || async {
                client.autoscaling().delete_auto_scaling_group().auto_scaling_group_name(name).force_delete(force).send().await.api("autoscaling:DeleteAutoScalingGroup")
            },
        )
        .await;
        match deleted {
            Err(error) if gone(&error) => return Ok(()),
            deleted => deleted?,
        };
        wait::until("the Auto Scaling group to go", limit, || async { Ok(describe(client, name).await?.is_none().then_some(())) }).await
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        let name = name::choose(planned.name.as_ref(), planned.name_prefix.as_ref(), token);
        if describe(client, &name).await?.is_none() {
            return Ok(None);
        }
        let found = Self { id: Some(name.clone()), name: Some(name), ..planned };
        found.finish(client, std::time::SystemTime::now()).await?;
        Self::read(client, found).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use weir_value::Value;

    use crate::harness::{Lab, Lifecycle, lab, text};

    async fn parents(lab: &Lab, name: &str, number: u8) -> (Vec<String>, Value) {
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": format!("10.{number}.0.0/16")})).await, "id");
        let mut subnets = Vec::new();
        for (at, zone) in ["eu-central-1a", "eu-central-1b"].into_iter().enumerate() {
            let subnet = json!({"vpc_id": vpc, "cidr_block": format!("10.{number}.{at}.0/24"), "availability_zone": zone});
            subnets.push(text(&lab.make("aws_subnet", subnet).await, "id"));
        }
        (subnets, lab.make("aws_launch_template", json!({"name": name, "image_id": "ami-12c6146b", "instance_type": "t3.small"})).await)
    }

    fn mixed(template: &Value, version: &str, types: &[&str]) -> Json {
        let overrides: Vec<Json> = types.iter().map(|kind| json!({"instance_type": kind})).collect();
        json!([{
            "instances_distribution": [{"on_demand_base_capacity": 1, "on_demand_percentage_above_base_capacity": 0, "spot_allocation_strategy": "price-capacity-optimized"}],
            "launch_template": [{"launch_template_specification": [{"launch_template_id": text(template, "id"), "version": version}], "override": overrides}],
        }])
    }

    #[tokio::test]
    async fn mixed_instances() {
        let lab = lab().await;
        let (subnets, template) = parents(&lab, "group-mixed", 67).await;
        let tag = |key: &str, value: &str| json!({"key": key, "value": value, "propagate_at_launch": true});
        let config = json!({
            "name": "group-mixed", "min_size": 3, "max_size": 3, "desired_capacity": 3, "vpc_zone_identifier": subnets, "health_check_type": "ELB", "health_check_grace_period": 60,
            "capacity_rebalance": true, "wait_for_capacity_timeout": "2m", "mixed_instances_policy": mixed(&template, "1", &["t3.small", "t3a.small"]),
            "instance_refresh": [{"strategy": "Rolling", "preferences": [{"min_healthy_percentage": 66, "instance_warmup": "0", "skip_matching": true, "auto_rollback": true}]}],
            "tag": [tag("Name", "a"), tag("role", "node")],
        });
        let mut changed = config.clone();
        changed["tag"] = json!([tag("Name", "b"), tag("cluster", "x")]);
        changed["max_size"] = json!(4);
        changed["desired_capacity"] = json!(4);
        let mut suspended = changed.clone();
        suspended["suspended_processes"] = json!(["AZRebalance"]);
        suspended["enabled_metrics"] = json!(["GroupInServiceInstances"]);
        let ignored = ["instance_refresh", "wait_for_capacity_timeout"];
        let state = Lifecycle::new(&lab, "aws_autoscaling_group", config).update(changed).update(suspended).import_ignores(&ignored).run().await;
        assert!(text(&state, "arn").ends_with("autoScalingGroupName/group-mixed"), "{}", text(&state, "arn"));
    }

    #[tokio::test]
    async fn a_new_version_refreshes_the_instances() {
        let lab = lab().await;
        let (subnets, template) = parents(&lab, "group-refresh", 68).await;
        let config = |version: &str| {
            json!({
                "name": "group-refresh", "min_size": 1, "max_size": 1, "vpc_zone_identifier": subnets, "mixed_instances_policy": mixed(&template, version, &["t3.small"]),
                "instance_refresh": [{"strategy": "Rolling", "preferences": [{"instance_warmup": "0", "skip_matching": true, "auto_rollback": true}]}],
            })
        };
        let next = lab
            .plan("aws_launch_template", Some(&template), &json!({"name": "group-refresh", "image_id": "ami-12c6146b", "instance_type": "t3.large"}))
            .await
            .expect("plan");
        assert!(!next.state.get("latest_version").expect("attribute").is_known());
        let client = crate::harness::client().await;
        let data = aws_sdk_ec2::types::RequestLaunchTemplateData::builder().image_id("ami-12c6146b").instance_type("t3.large".into()).build();
        client.ec2().create_launch_template_version().launch_template_id(text(&template, "id")).launch_template_data(data).send().await.expect("version");
        let state = Lifecycle::new(&lab, "aws_autoscaling_group", config("1")).update(config("2")).import_ignores(&["instance_refresh"]).run().await;
        assert_eq!(state.get("desired_capacity").and_then(|value| value.as_i64()), Some(1));
        let found = client.autoscaling().describe_instance_refreshes().auto_scaling_group_name("group-refresh").send().await;
        assert!(found.is_err(), "the group is gone");
    }

    #[tokio::test]
    async fn refuses() {
        let lab = lab().await;
        let faults = lab.validate("aws_autoscaling_group", &json!({"min_size": 3, "max_size": 2}));
        let summaries: Vec<&str> = faults.iter().map(|fault| fault.summary.as_str()).collect();
        assert_eq!(summaries, ["Not clear what to launch", "Sizes contradict each other"]);
    }
}
