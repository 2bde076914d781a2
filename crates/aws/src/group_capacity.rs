//! Waiting until an Auto Scaling group has the capacity that it shall have.

use std::time::{Duration, SystemTime};

use aws_sdk_autoscaling::types::{Instance, LifecycleState, ScalingActivityStatusCode};
use aws_sdk_elasticloadbalancingv2::types::TargetHealthStateEnum;
use weir_provider::Fault;

use crate::api::Explain;
use crate::resource::autoscaling_group::{AutoscalingGroup, describe};
use crate::{Client, wait};

/// What is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demand {
    /// Capacity in service.
    pub(crate) instances: i64,
    /// Capacity that every target group calls healthy; 0 for not to ask.
    pub(crate) balanced: i64,
    /// For how long; zero for not at all.
    pub(crate) limit: Duration,
    /// Launches that fail do not end the waiting.
    pub(crate) patient: bool,
}

impl AutoscalingGroup {
    /// What to wait for after a creation or a change.
    pub(crate) fn demand(&self, creating: bool) -> Result<Demand, Fault> {
        let elb = self.wait_for_elb_capacity.filter(|capacity| *capacity > 0).or(self.min_elb_capacity.filter(|_| creating));
        Ok(Demand {
            instances: self.desired_capacity.filter(|desired| *desired > 0).or(self.min_size).unwrap_or(0),
            balanced: elb.unwrap_or(0),
            limit: wait::limit(self.wait_for_capacity_timeout.as_ref().filter(|limit| !limit.is_empty()), 10)?,
            patient: self.ignore_failed_scaling_activities == Some(true),
        })
    }
}

/// Instances count as much as they weigh.
fn weight(instance: &Instance) -> i64 {
    instance.weighted_capacity().and_then(|weight| weight.parse().ok()).unwrap_or(1)
}

/// Waits until the group has what is demanded, or fails with the reason for which a launch since `begin` failed.
pub(crate) async fn wait_for_capacity(client: &Client, name: &str, demand: &Demand, begin: SystemTime) -> Result<(), Fault> {
    if demand.limit.is_zero() {
        return Ok(());
    }
    wait::until("the capacity of the Auto Scaling group", demand.limit, || async {
        let Some(group) = describe(client, name).await? else { return Err(Fault::not_found("The Auto Scaling group is gone.")) };
        let serves = |instance: &&Instance| {
            instance.lifecycle_state == Some(LifecycleState::InService) && instance.health_status().is_some_and(|health| health.eq_ignore_ascii_case("healthy"))
        };
        let serving: Vec<&Instance> = group.instances().iter().filter(serves).collect();
        if serving.iter().map(|instance| weight(instance)).sum::<i64>() >= demand.instances {
            let balanced = demand.balanced == 0 || balanced(client, group.target_group_arns(), &serving).await? >= demand.balanced;
            return Ok(balanced.then_some(()));
        }
        if !demand.patient {
            failed_launch(client, name, begin).await?;
        }
        Ok(None)
    })
    .await
}

/// The capacity that all target groups call healthy.
async fn balanced(client: &Client, target_groups: &[String], serving: &[&Instance]) -> Result<i64, Fault> {
    let mut healthy: Vec<&&Instance> = serving.iter().collect();
    for arn in target_groups {
        let answer = client.elb().describe_target_health().target_group_arn(arn).send().await.api("elasticloadbalancing:DescribeTargetHealth")?;
        let is_healthy = |id: Option<&str>| {
            answer.target_health_descriptions().iter().any(|one| {
                one.target().and_then(|target| target.id()) == id && one.target_health().and_then(|health| health.state()) == Some(&TargetHealthStateEnum::Healthy)
            })
        };
        healthy.retain(|instance| is_healthy(instance.instance_id()));
    }
    Ok(healthy.into_iter().map(|instance| weight(instance)).sum())
}

/// Fails when a launch has failed since then: without a change it will not do better.
async fn failed_launch(client: &Client, name: &str, begin: SystemTime) -> Result<(), Fault> {
    let answer =
        client.autoscaling().describe_scaling_activities().auto_scaling_group_name(name).max_records(20).send().await.api("autoscaling:DescribeScalingActivities")?;
    // The clocks may differ a little.
    let since = begin.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64) - 5;
    let failed = answer.activities().iter().find(|activity| {
        activity.status_code == Some(ScalingActivityStatusCode::Failed)
            && activity.progress == Some(100)
            && activity.start_time.is_some_and(|start| start.secs() >= since)
    });
    let Some(activity) = failed else { return Ok(()) };
    let detail = format!(
        "{} {} Change what is launched, or set \"ignore_failed_scaling_activities\" to wait on.",
        activity.description().unwrap_or_default(),
        activity.status_message().unwrap_or("AWS gives no reason.")
    );
    Err(Fault::error("The Auto Scaling group could not launch an instance", detail))
}
