//! `aws_autoscaling_policy`

use std::collections::HashMap;

use aws_sdk_autoscaling::types::{self as sdk, ScalingPolicy};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::{ApiError, Explain};
use crate::resource::autoscaling_lifecycle_hook::gone;
use crate::wire::{self, FromSdk, ToSdk, wire};
use crate::{Client, keep, plan, wait};

/// When and how an Auto Scaling group grows and shrinks.
///
/// ```hcl
/// resource "aws_autoscaling_policy" "cpu" {
///   name                   = "cpu"
///   autoscaling_group_name = aws_autoscaling_group.web.name
///   policy_type            = "TargetTrackingScaling"
///
///   target_tracking_configuration {
///     target_value = 60
///
///     predefined_metric_specification {
///       predefined_metric_type = "ASGAverageCPUUtilization"
///     }
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_autoscaling_policy")]
pub(crate) struct AutoscalingPolicy {
    /// `ChangeInCapacity`, `ExactCapacity` or `PercentChangeInCapacity`.
    #[schema(optional)]
    adjustment_type: Option<String>,
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// The group, by name.
    #[schema(required, force_new)]
    autoscaling_group_name: Option<String>,
    /// Seconds between two changes of `SimpleScaling`.
    #[schema(optional)]
    cooldown: Option<i64>,
    /// At work.
    #[schema(optional, default = true)]
    enabled: Option<bool>,
    /// Seconds until a new instance counts.
    #[schema(optional)]
    estimated_instance_warmup: Option<i64>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// `Minimum`, `Maximum` or `Average`.
    #[schema(optional, computed)]
    metric_aggregation_type: Option<String>,
    /// Least number of instances of a change in percent.
    #[schema(optional)]
    min_adjustment_magnitude: Option<i64>,
    /// Name.
    #[schema(required, force_new)]
    name: Option<String>,
    /// `SimpleScaling`, `StepScaling`, `TargetTrackingScaling` or `PredictiveScaling`.
    #[schema(optional, default = "SimpleScaling")]
    policy_type: Option<String>,
    /// Number of instances, or percent, of `SimpleScaling`.
    #[schema(optional)]
    scaling_adjustment: Option<i64>,
    /// Predictive scaling configuration.
    #[schema(block, max = 1)]
    predictive_scaling_configuration: Vec<PredictiveScalingConfiguration>,
    /// Step adjustment.
    #[schema(block, set)]
    step_adjustment: Vec<StepAdjustment>,
    /// Target tracking configuration.
    #[schema(block, max = 1)]
    target_tracking_configuration: Vec<TargetTrackingConfiguration>,
}

/// Target tracking configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct TargetTrackingConfiguration {
    /// Disable scale in.
    #[schema(optional, default = false)]
    disable_scale_in: Option<bool>,
    /// Target value.
    #[schema(required)]
    target_value: Option<f64>,
    /// Customized metric specification.
    #[schema(block, max = 1)]
    customized_metric_specification: Vec<CustomizedMetricSpecification>,
    /// Predefined metric specification.
    #[schema(block, max = 1)]
    predefined_metric_specification: Vec<PredefinedMetric>,
}

/// Customized metric specification.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct CustomizedMetricSpecification {
    /// Metric name.
    #[schema(optional)]
    metric_name: Option<String>,
    /// Namespace.
    #[schema(optional)]
    namespace: Option<String>,
    /// Period.
    #[schema(optional)]
    period: Option<i64>,
    /// Statistic.
    #[schema(optional)]
    statistic: Option<String>,
    /// Unit.
    #[schema(optional)]
    unit: Option<String>,
    /// Metric dimension.
    #[schema(block)]
    metric_dimension: Vec<Dimension>,
    /// Metrics.
    #[schema(block, set)]
    metrics: Vec<TrackedQuery>,
}

/// Metrics.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct TrackedQuery {
    /// Expression.
    #[schema(optional)]
    expression: Option<String>,
    /// Id.
    #[schema(required)]
    id: Option<String>,
    /// Label.
    #[schema(optional)]
    label: Option<String>,
    /// Return data.
    #[schema(optional, default = true)]
    return_data: Option<bool>,
    /// Metric stat.
    #[schema(block, max = 1)]
    metric_stat: Vec<TrackedStat>,
}

/// Metric stat.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct TrackedStat {
    /// Period.
    #[schema(optional)]
    period: Option<i64>,
    /// Stat.
    #[schema(required)]
    stat: Option<String>,
    /// Unit.
    #[schema(optional)]
    unit: Option<String>,
    /// Metric.
    #[schema(block, min = 1, max = 1)]
    metric: Vec<Metric>,
}

/// Step adjustment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct StepAdjustment {
    /// Metric interval lower bound.
    #[schema(optional)]
    metric_interval_lower_bound: Option<String>,
    /// Metric interval upper bound.
    #[schema(optional)]
    metric_interval_upper_bound: Option<String>,
    /// Number of instances, or percent, of `SimpleScaling`.
    #[schema(required)]
    scaling_adjustment: Option<i64>,
}

/// Predictive scaling configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct PredictiveScalingConfiguration {
    /// Max capacity breach behavior.
    #[schema(optional, default = "HonorMaxCapacity")]
    max_capacity_breach_behavior: Option<String>,
    /// Max capacity buffer.
    #[schema(optional)]
    max_capacity_buffer: Option<String>,
    /// Mode.
    #[schema(optional, default = "ForecastOnly")]
    mode: Option<String>,
    /// Scheduling buffer time.
    #[schema(optional)]
    scheduling_buffer_time: Option<String>,
    /// Metric specification.
    #[schema(block, min = 1, max = 1)]
    metric_specification: Vec<ForecastMetric>,
}

/// Metric specification.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ForecastMetric {
    /// Target value.
    #[schema(required)]
    target_value: Option<f64>,
    /// Customized capacity metric specification.
    #[schema(block, max = 1)]
    customized_capacity_metric_specification: Vec<CustomizedForecast>,
    /// Customized load metric specification.
    #[schema(block, max = 1)]
    customized_load_metric_specification: Vec<CustomizedForecast>,
    /// Customized scaling metric specification.
    #[schema(block, max = 1)]
    customized_scaling_metric_specification: Vec<CustomizedForecast>,
    /// Predefined load metric specification.
    #[schema(block, max = 1)]
    predefined_load_metric_specification: Vec<PredefinedMetric>,
    /// Predefined metric pair specification.
    #[schema(block, max = 1)]
    predefined_metric_pair_specification: Vec<PredefinedMetric>,
    /// Predefined scaling metric specification.
    #[schema(block, max = 1)]
    predefined_scaling_metric_specification: Vec<PredefinedMetric>,
}

/// Predefined load metric specification.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct PredefinedMetric {
    /// Predefined metric type.
    #[schema(required)]
    predefined_metric_type: Option<String>,
    /// Resource label.
    #[schema(optional)]
    resource_label: Option<String>,
}

/// Customized capacity metric specification.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct CustomizedForecast {
    /// Metric data queries.
    #[schema(block, min = 1, max = 10)]
    metric_data_queries: Vec<ForecastQuery>,
}

/// Metric data queries.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ForecastQuery {
    /// Expression.
    #[schema(optional)]
    expression: Option<String>,
    /// Id.
    #[schema(required)]
    id: Option<String>,
    /// Label.
    #[schema(optional)]
    label: Option<String>,
    /// Return data.
    #[schema(optional, default = true)]
    return_data: Option<bool>,
    /// Metric stat.
    #[schema(block, max = 1)]
    metric_stat: Vec<MetricStat>,
}

/// Metric stat.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct MetricStat {
    /// Stat.
    #[schema(required)]
    stat: Option<String>,
    /// Unit.
    #[schema(optional)]
    unit: Option<String>,
    /// Metric.
    #[schema(block, min = 1, max = 1)]
    metric: Vec<Metric>,
}

/// Metric.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Metric {
    /// Metric name.
    #[schema(required)]
    metric_name: Option<String>,
    /// Namespace.
    #[schema(required)]
    namespace: Option<String>,
    /// Dimensions.
    #[schema(block, set)]
    dimensions: Vec<Dimension>,
}

/// Dimensions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Dimension {
    /// Name.
    #[schema(required)]
    name: Option<String>,
    /// Value.
    #[schema(required)]
    value: Option<String>,
}

wire! { Dimension => sdk::MetricDimension, sdk::MetricDimension { text name, text value } }
wire! { Metric => sdk::Metric, sdk::Metric { text metric_name, text namespace, many dimensions } }
wire! { TrackedStat => sdk::TargetTrackingMetricStat, sdk::TargetTrackingMetricStat { one metric, text stat, text unit, int period } }
wire! { TrackedQuery => sdk::TargetTrackingMetricDataQuery, sdk::TargetTrackingMetricDataQuery { text expression, text id, text label, flag return_data, one metric_stat } }
wire! { CustomizedMetricSpecification => sdk::CustomizedMetricSpecification, sdk::CustomizedMetricSpecification {
    text metric_name, text namespace, int period, word statistic, text unit, many metric_dimension: dimensions, many metrics,
} }
wire! { PredefinedMetric => sdk::PredefinedMetricSpecification, sdk::PredefinedMetricSpecification { word predefined_metric_type, text resource_label } }
wire! { TargetTrackingConfiguration => sdk::TargetTrackingConfiguration, sdk::TargetTrackingConfiguration {
    flag disable_scale_in, float target_value, one customized_metric_specification, one predefined_metric_specification,
} }
wire! { MetricStat => sdk::MetricStat, sdk::MetricStat { one metric, text stat, text unit } }
wire! { ForecastQuery => sdk::MetricDataQuery, sdk::MetricDataQuery { text expression, text id, text label, flag return_data, one metric_stat } }
wire! { CustomizedForecast => sdk::PredictiveScalingCustomizedCapacityMetric, sdk::PredictiveScalingCustomizedCapacityMetric { many metric_data_queries } }
wire! { CustomizedForecast => sdk::PredictiveScalingCustomizedLoadMetric, sdk::PredictiveScalingCustomizedLoadMetric { many metric_data_queries } }
wire! { CustomizedForecast => sdk::PredictiveScalingCustomizedScalingMetric, sdk::PredictiveScalingCustomizedScalingMetric { many metric_data_queries } }
wire! { PredefinedMetric => sdk::PredictiveScalingPredefinedLoadMetric, sdk::PredictiveScalingPredefinedLoadMetric { word predefined_metric_type, text resource_label } }
wire! { PredefinedMetric => sdk::PredictiveScalingPredefinedMetricPair, sdk::PredictiveScalingPredefinedMetricPair { word predefined_metric_type, text resource_label } }
wire! { PredefinedMetric => sdk::PredictiveScalingPredefinedScalingMetric, sdk::PredictiveScalingPredefinedScalingMetric { word predefined_metric_type, text resource_label } }
wire! { ForecastMetric => sdk::PredictiveScalingMetricSpecification, sdk::PredictiveScalingMetricSpecification {
    float target_value, one customized_capacity_metric_specification, one customized_load_metric_specification, one customized_scaling_metric_specification,
    one predefined_load_metric_specification, one predefined_metric_pair_specification, one predefined_scaling_metric_specification,
} }

impl ToSdk<sdk::PredictiveScalingConfiguration> for PredictiveScalingConfiguration {
    fn to_sdk(&self) -> sdk::PredictiveScalingConfiguration {
        let word = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let number = |text: &Option<String>| text.as_deref().and_then(|text| text.parse().ok());
        sdk::PredictiveScalingConfiguration::builder()
            .set_max_capacity_breach_behavior(word(&self.max_capacity_breach_behavior).as_deref().map(Into::into))
            .set_max_capacity_buffer(number(&self.max_capacity_buffer))
            .set_mode(word(&self.mode).as_deref().map(Into::into))
            .set_scheduling_buffer_time(number(&self.scheduling_buffer_time))
            .set_metric_specifications(Some(self.metric_specification.iter().map(ToSdk::to_sdk).collect()))
            .build()
    }
}

impl FromSdk<sdk::PredictiveScalingConfiguration> for PredictiveScalingConfiguration {
    fn from_sdk(remote: &sdk::PredictiveScalingConfiguration) -> Self {
        Self {
            max_capacity_breach_behavior: remote.max_capacity_breach_behavior.as_ref().map(|word| word.as_str().to_owned()),
            max_capacity_buffer: remote.max_capacity_buffer.map(|number| number.to_string()),
            mode: remote.mode.as_ref().map(|word| word.as_str().to_owned()),
            scheduling_buffer_time: remote.scheduling_buffer_time.map(|number| number.to_string()),
            metric_specification: wire::blocks(remote.metric_specifications()),
        }
    }
}

/// A bound of a step: texts in the state, numbers at the API.
fn bound(text: &Option<String>) -> Option<f64> {
    text.as_deref().and_then(|text| text.parse().ok())
}

impl ToSdk<sdk::StepAdjustment> for StepAdjustment {
    fn to_sdk(&self) -> sdk::StepAdjustment {
        sdk::StepAdjustment::builder()
            .set_metric_interval_lower_bound(bound(&self.metric_interval_lower_bound))
            .set_metric_interval_upper_bound(bound(&self.metric_interval_upper_bound))
            .set_scaling_adjustment(self.scaling_adjustment.map(|number| number as i32))
            .build()
    }
}

impl StepAdjustment {
    fn same(&self, other: &Self) -> bool {
        let form = |step: &Self| (bound(&step.metric_interval_lower_bound), bound(&step.metric_interval_upper_bound), step.scaling_adjustment);
        form(self) == form(other)
    }

    fn of(remote: &sdk::StepAdjustment) -> Self {
        Self {
            metric_interval_lower_bound: remote.metric_interval_lower_bound.map(|number| number.to_string()),
            metric_interval_upper_bound: remote.metric_interval_upper_bound.map(|number| number.to_string()),
            scaling_adjustment: remote.scaling_adjustment.map(i64::from),
        }
    }
}

/// The policies of a group by name; one listing for all that ask about the same group.
async fn policies(client: &Client, group: &str) -> Result<HashMap<String, ScalingPolicy>, Fault> {
    let found = client
        .batch("autoscaling policies", 100, group.to_owned(), |client, groups: Vec<String>| async move {
            let listings = groups.into_iter().map(|group| {
                let pages = client.autoscaling().describe_policies().auto_scaling_group_name(&group).into_paginator().items().send();
                async move {
                    let found = match pages.collect::<Result<Vec<_>, _>>().await.api("autoscaling:DescribePolicies") {
                        Err(error) if gone(&error) => Vec::new(),
                        found => found?,
                    };
                    Ok::<_, ApiError>((group, found.into_iter().filter_map(|policy| Some((policy.policy_name.clone()?, policy))).collect::<HashMap<_, _>>()))
                }
            });
            Ok(try_join_all(listings).await?.into_iter().collect())
        })
        .await?;
    Ok(found.unwrap_or_default())
}

impl AutoscalingPolicy {
    fn group(&self) -> &str {
        self.autoscaling_group_name.as_deref().unwrap_or_default()
    }

    fn policy(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    fn kind(&self) -> &str {
        self.policy_type.as_deref().unwrap_or("SimpleScaling")
    }

    async fn put(&self, client: &Client) -> Result<(), Fault> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        // What is not for this kind of policy is refused, even as zero.
        let number = |number: Option<i64>, kinds: &[&str]| number.filter(|_| kinds.contains(&self.kind())).map(|number| number as i32);
        let call = client
            .autoscaling()
            .put_scaling_policy()
            .auto_scaling_group_name(self.group())
            .policy_name(self.policy())
            .policy_type(self.kind())
            .set_enabled(self.enabled)
            .set_adjustment_type(given(&self.adjustment_type))
            .set_cooldown(number(self.cooldown, &["SimpleScaling"]))
            .set_estimated_instance_warmup(number(self.estimated_instance_warmup, &["StepScaling", "TargetTrackingScaling"]).filter(|seconds| *seconds > 0))
            .set_metric_aggregation_type(given(&self.metric_aggregation_type).filter(|_| self.kind() == "StepScaling"))
            .set_min_adjustment_magnitude(number(self.min_adjustment_magnitude, &["SimpleScaling", "StepScaling"]).filter(|number| *number > 0))
            .set_scaling_adjustment(number(self.scaling_adjustment, &["SimpleScaling"]))
            .set_step_adjustments((!self.step_adjustment.is_empty()).then(|| self.step_adjustment.iter().map(ToSdk::to_sdk).collect()))
            .set_target_tracking_configuration(self.target_tracking_configuration.first().map(ToSdk::to_sdk))
            .set_predictive_scaling_configuration(self.predictive_scaling_configuration.first().map(ToSdk::to_sdk));
        call.send().await.api("autoscaling:PutScalingPolicy")?;
        Ok(())
    }
}

impl Resource for AutoscalingPolicy {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let get = |name: &str| config.get(name).unwrap_or_else(Value::null);
        let has = |name: &str| !get(name).is_null() && get(name).length() != Some(0);
        let kind = get("policy_type");
        if !kind.is_known() {
            return Vec::new();
        }
        let kind = kind.as_str().unwrap_or("SimpleScaling");
        let own = [
            ("SimpleScaling", "scaling_adjustment"),
            ("StepScaling", "step_adjustment"),
            ("TargetTrackingScaling", "target_tracking_configuration"),
            ("PredictiveScaling", "predictive_scaling_configuration"),
        ];
        let mut faults = Vec::new();
        if !own.iter().any(|(known, _)| *known == kind) {
            let all: Vec<&str> = own.iter().map(|(known, _)| *known).collect();
            return vec![Fault::attribute(Path::attr("policy_type"), "Invalid policy type", format!("It is one of {}.", all.join(", ")))];
        }
        for (of, name) in own {
            if of == kind && !has(name) {
                faults.push(Fault::attribute(Path::attr(name), "Missing argument", format!("A policy of type {kind} needs {name}.")));
            }
            if of != kind && has(name) {
                faults.push(Fault::attribute(Path::attr(name), "Conflicting arguments", format!("{name} is for policies of type {of}; this one is {kind}.")));
            }
        }
        if has("cooldown") && kind != "SimpleScaling" {
            faults.push(Fault::attribute(
                Path::attr("cooldown"),
                "Conflicting arguments",
                format!("cooldown is for policies of type SimpleScaling; this one is {kind}."),
            ));
        }
        faults
    }

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        // A bound of "1" and one of "1.0" are the same number.
        let (prior, planned) = (plan.prior("step_adjustment"), plan.planned("step_adjustment"));
        if let Value::Set(set) = &planned
            && planned.is_wholly_known()
        {
            let step = |value: &Value| weir_provider::from_value::<StepAdjustment>(value).ok();
            let same = |before: &Value, now: &Value| matches!((step(before), step(now)), (Some(before), Some(now)) if before.same(&now));
            let items: Vec<Value> = set.items.iter().map(|now| prior.elements().find(|before| same(before, now)).unwrap_or(now).clone()).collect();
            plan.set("step_adjustment", Value::set(set.element.clone(), items));
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        planned.put(client).await?;
        let created = Self { id: planned.name.clone(), ..planned };
        operation.created(&created)?;
        wait::appear("scaling policy", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(policy) = policies(client, prior.group()).await?.remove(prior.policy()) else { return Ok(None) };
        let kind = policy.policy_type.clone().unwrap_or_else(|| "SimpleScaling".to_owned());
        let number = |number: Option<i32>| number.map(i64::from);
        // An API that does not know about forecasts shows an empty one.
        let forecast = policy.predictive_scaling_configuration.as_ref().filter(|_| kind == "PredictiveScaling");
        let steps = policy.step_adjustments().iter().map(StepAdjustment::of);
        let steps = steps.map(|step| prior.step_adjustment.iter().find(|before| before.same(&step)).cloned().unwrap_or(step));
        let read = Self {
            adjustment_type: policy.adjustment_type.clone(),
            arn: policy.policy_arn.clone(),
            autoscaling_group_name: policy.auto_scaling_group_name.clone().or_else(|| prior.autoscaling_group_name.clone()),
            cooldown: number(policy.cooldown),
            enabled: Some(policy.enabled.unwrap_or(prior.enabled.unwrap_or(true))),
            estimated_instance_warmup: number(policy.estimated_instance_warmup),
            id: prior.name.clone(),
            metric_aggregation_type: Some(policy.metric_aggregation_type.clone().unwrap_or_default()),
            min_adjustment_magnitude: number(policy.min_adjustment_magnitude),
            name: policy.policy_name.clone(),
            scaling_adjustment: number(policy.scaling_adjustment),
            predictive_scaling_configuration: wire::block(forecast),
            step_adjustment: steps.collect(),
            target_tracking_configuration: wire::block(policy.target_tracking_configuration.as_ref().filter(|_| kind == "TargetTrackingScaling")),
            policy_type: Some(kind),
        };
        Ok(Some(keep::form(&prior, &read)?))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        planned.put(client).await?;
        Self::read(client, Self { id: prior.id, ..planned }).await?.ok_or_else(|| Fault::not_found("The scaling policy is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let call = client.autoscaling().delete_policy().auto_scaling_group_name(prior.group()).policy_name(prior.policy());
        match call.send().await.api("autoscaling:DeletePolicy") {
            Err(error) if !gone(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// `GROUP/POLICY`
    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let (group, policy) = id.split_once('/').ok_or_else(|| Fault::error("Invalid import id", "Give GROUP/POLICY, such as web/cpu."))?;
        let policy = Some(policy.to_owned());
        Ok(Self { autoscaling_group_name: Some(group.to_owned()), id: policy.clone(), name: policy, ..Self::default() })
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        Self::read(client, planned).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use crate::harness::{Lab, Lifecycle, lab, text};

    const NAME: &str = "aws_autoscaling_policy";

    async fn group(lab: &Lab, name: &str, number: u8) {
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": format!("10.{number}.0.0/16")})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": format!("10.{number}.1.0/24")})).await, "id");
        let template = lab.make("aws_launch_template", json!({"name": name, "image_id": "ami-12c6146b", "instance_type": "t3.small"})).await;
        let config =
            json!({"name": name, "min_size": 0, "max_size": 1, "vpc_zone_identifier": [subnet], "launch_template": [{"id": text(&template, "id"), "version": "1"}]});
        lab.make("aws_autoscaling_group", config).await;
    }

    fn with(base: &Json, more: Json) -> Json {
        let mut config = base.clone();
        config.as_object_mut().expect("object").extend(more.as_object().expect("object").clone());
        config
    }

    #[tokio::test]
    async fn simple_and_steps() {
        let lab = lab().await;
        group(&lab, "scaled", 95).await;
        let base = json!({"name": "up", "autoscaling_group_name": "scaled", "adjustment_type": "ChangeInCapacity"});
        let simple = |by: i64, seconds: i64| with(&base, json!({"scaling_adjustment": by, "cooldown": seconds}));
        let state = Lifecycle::new(&lab, NAME, simple(1, 300)).update(simple(2, 300)).update(simple(2, 60)).import_id(|_| "scaled/up".to_owned()).run().await;
        assert!(text(&state, "arn").ends_with(":policyName/up"));
        let steps = |upper: &str| {
            let step = json!([{"scaling_adjustment": 1, "metric_interval_lower_bound": "0", "metric_interval_upper_bound": upper}]);
            with(&base, json!({"policy_type": "StepScaling", "step_adjustment": step, "name": "steps"}))
        };
        let state = Lifecycle::new(&lab, NAME, steps("2.5")).update(steps("3.5")).import_id(|_| "scaled/steps".to_owned()).run().await;
        assert_eq!(lab.plan(NAME, Some(&state), &steps("3.50")).await.expect("plan").state, state, "the same number");
        assert_eq!(lab.refused(NAME, with(&base, json!({"policy_type": "StepScaling", "scaling_adjustment": 1}))).await.len(), 2);
    }

    #[tokio::test]
    async fn targets() {
        let lab = lab().await;
        group(&lab, "tracked", 96).await;
        let base = json!({"name": "cpu", "autoscaling_group_name": "tracked", "policy_type": "TargetTrackingScaling"});
        let predefined = |value: f64| {
            let metric = json!([{"predefined_metric_type": "ASGAverageCPUUtilization"}]);
            with(&base, json!({"target_tracking_configuration": [{"target_value": value, "predefined_metric_specification": metric}]}))
        };
        let metric = json!([{"metric_name": "load", "namespace": "web", "statistic": "Average", "metric_dimension": [{"name": "a", "value": "b"}]}]);
        let own = with(&base, json!({"target_tracking_configuration": [{"target_value": 60.5, "disable_scale_in": true, "customized_metric_specification": metric}]}));
        Lifecycle::new(&lab, NAME, predefined(40.0)).update(predefined(60.5)).update(own).import_id(|_| "tracked/cpu".to_owned()).run().await;
    }

    #[tokio::test]
    async fn forecasts() {
        let lab = lab().await;
        group(&lab, "forecast", 97).await;
        let forecast = |mode: &str| {
            let pair = json!([{"predefined_metric_type": "ASGCPUUtilization"}]);
            let config =
                json!([{"mode": mode, "scheduling_buffer_time": "300", "metric_specification": [{"target_value": 32.0, "predefined_metric_pair_specification": pair}]}]);
            json!({"name": "tomorrow", "autoscaling_group_name": "forecast", "policy_type": "PredictiveScaling", "predictive_scaling_configuration": config})
        };
        Lifecycle::new(&lab, NAME, forecast("ForecastOnly")).update(forecast("ForecastAndScale")).import_id(|_| "forecast/tomorrow".to_owned()).run().await;
    }
}
