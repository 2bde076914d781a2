//! What an Auto Scaling group has beside itself, each set by calls of its own: warm pool, metrics, suspended processes, tags, sources of traffic.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_autoscaling::types as sdk;
use serde::Serialize;
use weir_provider::Fault;

use crate::api::{ApiError, Explain};
use crate::group_parts::Tag;
use crate::resource::autoscaling_group::{AutoscalingGroup, describe};
use crate::wire::ToSdk;
use crate::{Client, wait};

/// The items without order and repetition.
pub(crate) fn set(items: Option<&Vec<String>>) -> BTreeSet<String> {
    items.into_iter().flatten().cloned().collect()
}

/// What came and what went.
fn moved(before: Option<&Vec<String>>, after: Option<&Vec<String>>) -> (Vec<String>, Vec<String>) {
    let (before, after) = (set(before), set(after));
    (after.difference(&before).cloned().collect(), before.difference(&after).cloned().collect())
}

/// True when the two are not the same.
pub(crate) fn differ<T: Serialize>(a: &T, b: &T) -> bool {
    serde_json::to_value(a).ok() != serde_json::to_value(b).ok()
}

impl AutoscalingGroup {
    pub(crate) async fn set_warm_pool(&self, client: &Client, name: &str) -> Result<(), Fault> {
        let Some(pool) = self.warm_pool.first() else { return Ok(()) };
        let pool: sdk::WarmPoolConfiguration = pool.to_sdk();
        client
            .autoscaling()
            .put_warm_pool()
            .auto_scaling_group_name(name)
            .set_instance_reuse_policy(pool.instance_reuse_policy)
            .set_max_group_prepared_capacity(pool.max_group_prepared_capacity)
            .set_min_size(pool.min_size)
            .set_pool_state(pool.pool_state)
            .send()
            .await
            .api("autoscaling:PutWarmPool")?;
        Ok(())
    }

    pub(crate) async fn drop_warm_pool(&self, client: &Client, limit: Duration) -> Result<(), Fault> {
        let force = self.force_delete_warm_pool == Some(true) || self.force_delete == Some(true);
        wait::retry(
            limit,
            |error: &ApiError| error.is(&["ResourceInUse", "ScalingActivityInProgress"]),
            || async { client.autoscaling().delete_warm_pool().auto_scaling_group_name(self.name()).force_delete(force).send().await.api("autoscaling:DeleteWarmPool") },
        )
        .await?;
        wait::until("the warm pool to go", limit, || async {
            Ok(describe(client, self.name()).await?.is_none_or(|group| group.warm_pool_configuration.is_none()).then_some(()))
        })
        .await
    }

    pub(crate) async fn set_metrics(client: &Client, name: &str, prior: Option<&Self>, planned: &Self) -> Result<(), Fault> {
        let (on, off) = moved(prior.and_then(|prior| prior.enabled_metrics.as_ref()), planned.enabled_metrics.as_ref());
        if !off.is_empty() {
            client
                .autoscaling()
                .disable_metrics_collection()
                .auto_scaling_group_name(name)
                .set_metrics(Some(off))
                .send()
                .await
                .api("autoscaling:DisableMetricsCollection")?;
        }
        if !on.is_empty() {
            let granularity = planned.metrics_granularity.clone().unwrap_or_else(|| "1Minute".to_owned());
            let call = client.autoscaling().enable_metrics_collection().auto_scaling_group_name(name).set_metrics(planned.enabled_metrics.clone());
            call.granularity(granularity).send().await.api("autoscaling:EnableMetricsCollection")?;
        }
        Ok(())
    }

    pub(crate) async fn set_processes(client: &Client, name: &str, prior: Option<&Self>, planned: &Self) -> Result<(), Fault> {
        let (suspended, resumed) = moved(prior.and_then(|prior| prior.suspended_processes.as_ref()), planned.suspended_processes.as_ref());
        if !resumed.is_empty() {
            client.autoscaling().resume_processes().auto_scaling_group_name(name).set_scaling_processes(Some(resumed)).send().await.api("autoscaling:ResumeProcesses")?;
        }
        if !suspended.is_empty() {
            client
                .autoscaling()
                .suspend_processes()
                .auto_scaling_group_name(name)
                .set_scaling_processes(Some(suspended))
                .send()
                .await
                .api("autoscaling:SuspendProcesses")?;
        }
        Ok(())
    }

    pub(crate) async fn set_tags(client: &Client, name: &str, prior: &Self, planned: &Self) -> Result<(), Fault> {
        let kept = |tag: &&Tag| planned.tag.iter().any(|other| other.key == tag.key);
        let removed: Vec<_> = prior.tag.iter().filter(|tag| !kept(tag)).map(|tag| tag.of(name)).collect();
        if !removed.is_empty() {
            client.autoscaling().delete_tags().set_tags(Some(removed)).send().await.api("autoscaling:DeleteTags")?;
        }
        let changed: Vec<_> = planned.tag.iter().filter(|tag| prior.tag.iter().all(|other| differ(other, tag))).map(|tag| tag.of(name)).collect();
        if !changed.is_empty() {
            client.autoscaling().create_or_update_tags().set_tags(Some(changed)).send().await.api("autoscaling:CreateOrUpdateTags")?;
        }
        Ok(())
    }

    /// Attaches and detaches load balancers, target groups and other sources of traffic; the API takes ten at a time.
    pub(crate) async fn set_sources(client: &Client, name: &str, prior: &Self, planned: &Self) -> Result<(), Fault> {
        let api = client.autoscaling();
        let (added, removed) = moved(prior.load_balancers.as_ref(), planned.load_balancers.as_ref());
        for names in removed.chunks(10) {
            api.detach_load_balancers()
                .auto_scaling_group_name(name)
                .set_load_balancer_names(Some(names.to_vec()))
                .send()
                .await
                .api("autoscaling:DetachLoadBalancers")?;
        }
        for names in added.chunks(10) {
            api.attach_load_balancers()
                .auto_scaling_group_name(name)
                .set_load_balancer_names(Some(names.to_vec()))
                .send()
                .await
                .api("autoscaling:AttachLoadBalancers")?;
        }
        let (added, removed) = moved(prior.target_group_arns.as_ref(), planned.target_group_arns.as_ref());
        for arns in removed.chunks(10) {
            let call = api.detach_load_balancer_target_groups().auto_scaling_group_name(name).set_target_group_arns(Some(arns.to_vec()));
            call.send().await.api("autoscaling:DetachLoadBalancerTargetGroups")?;
        }
        for arns in added.chunks(10) {
            let call = api.attach_load_balancer_target_groups().auto_scaling_group_name(name).set_target_group_arns(Some(arns.to_vec()));
            call.send().await.api("autoscaling:AttachLoadBalancerTargetGroups")?;
        }
        let missing = |of: &Self, from: &Self| -> Vec<sdk::TrafficSourceIdentifier> {
            of.traffic_source.iter().filter(|one| from.traffic_source.iter().all(|other| other.identifier != one.identifier)).map(ToSdk::to_sdk).collect()
        };
        for sources in missing(prior, planned).chunks(10) {
            let call = api.detach_traffic_sources().auto_scaling_group_name(name).set_traffic_sources(Some(sources.to_vec()));
            call.send().await.api("autoscaling:DetachTrafficSources")?;
        }
        for sources in missing(planned, prior).chunks(10) {
            let call = api.attach_traffic_sources().auto_scaling_group_name(name).set_traffic_sources(Some(sources.to_vec()));
            call.send().await.api("autoscaling:AttachTrafficSources")?;
        }
        Ok(())
    }
}
