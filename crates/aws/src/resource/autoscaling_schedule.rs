//! `aws_autoscaling_schedule`

use std::collections::HashMap;

use aws_sdk_autoscaling::types::ScheduledUpdateGroupAction as Remote;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::{ApiError, Explain};
use crate::resource::autoscaling_lifecycle_hook::gone;
use crate::{Client, plan, wait};

/// A change of the size of an Auto Scaling group at a time, or again and again.
///
/// ```hcl
/// resource "aws_autoscaling_schedule" "night" {
///   scheduled_action_name  = "night"
///   autoscaling_group_name = aws_autoscaling_group.web.name
///   recurrence             = "0 22 * * *"
///   min_size               = 0
///   max_size               = 1
///   desired_capacity       = 0
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_autoscaling_schedule")]
pub(crate) struct AutoscalingSchedule {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// The group, by name.
    #[schema(required, force_new)]
    autoscaling_group_name: Option<String>,
    /// Number of instances; -1 leaves it.
    #[schema(optional, computed)]
    desired_capacity: Option<i64>,
    /// When it ends (RFC 3339, UTC).
    #[schema(optional, computed)]
    end_time: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Greatest number; -1 leaves it.
    #[schema(optional, computed)]
    max_size: Option<i64>,
    /// Least number; -1 leaves it.
    #[schema(optional, computed)]
    min_size: Option<i64>,
    /// When it happens, as cron has it.
    #[schema(optional, computed)]
    recurrence: Option<String>,
    /// Name.
    #[schema(required, force_new)]
    scheduled_action_name: Option<String>,
    /// When it begins (RFC 3339, UTC).
    #[schema(optional, computed)]
    start_time: Option<String>,
    /// Time zone of `recurrence`.
    #[schema(optional, computed)]
    time_zone: Option<String>,
}

/// The actions of a group by name; one listing for all that ask about the same group.
async fn actions(client: &Client, group: &str) -> Result<HashMap<String, Remote>, Fault> {
    let found = client
        .batch("autoscaling schedules", 100, group.to_owned(), |client, groups: Vec<String>| async move {
            let listings = groups.into_iter().map(|group| {
                let pages = client.autoscaling().describe_scheduled_actions().auto_scaling_group_name(&group).into_paginator().items().send();
                async move {
                    let found = match pages.collect::<Result<Vec<_>, _>>().await.api("autoscaling:DescribeScheduledActions") {
                        Err(error) if gone(&error) => Vec::new(),
                        found => found?,
                    };
                    Ok::<_, ApiError>((group, found.into_iter().filter_map(|action| Some((action.scheduled_action_name.clone()?, action))).collect::<HashMap<_, _>>()))
                }
            });
            Ok(try_join_all(listings).await?.into_iter().collect())
        })
        .await?;
    Ok(found.unwrap_or_default())
}

fn time(text: &Option<String>) -> Option<DateTime> {
    text.as_deref().and_then(|text| DateTime::from_str(text, Format::DateTime).ok())
}

fn shown(time: Option<&DateTime>) -> Option<String> {
    time.and_then(|time| time.fmt(Format::DateTime).ok())
}

impl AutoscalingSchedule {
    fn group(&self) -> &str {
        self.autoscaling_group_name.as_deref().unwrap_or_default()
    }

    fn action(&self) -> &str {
        self.scheduled_action_name.as_deref().unwrap_or_default()
    }

    async fn put(&self, client: &Client) -> Result<(), Fault> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        // Unset is 0, and -1 is what the API knows as unset.
        let number = |number: Option<i64>| Some(number.unwrap_or(0)).filter(|number| *number >= 0).map(|number| number as i32);
        let call = client
            .autoscaling()
            .put_scheduled_update_group_action()
            .auto_scaling_group_name(self.group())
            .scheduled_action_name(self.action())
            .set_desired_capacity(number(self.desired_capacity))
            .set_min_size(number(self.min_size))
            .set_max_size(number(self.max_size))
            .set_recurrence(given(&self.recurrence))
            .set_time_zone(given(&self.time_zone))
            .set_start_time(time(&self.start_time))
            .set_end_time(time(&self.end_time));
        call.send().await.api("autoscaling:PutScheduledUpdateGroupAction")?;
        Ok(())
    }
}

impl Resource for AutoscalingSchedule {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let mut faults = Vec::new();
        for name in ["start_time", "end_time"] {
            let written = config.get(name).and_then(|value| value.as_str().map(str::to_owned));
            if written.is_some_and(|text| !text.ends_with('Z') || DateTime::from_str(&text, Format::DateTime).is_err()) {
                faults.push(Fault::attribute(Path::attr(name), "Invalid time", "Write it in UTC, as 2030-01-31T18:00:00Z."));
            }
        }
        let number = |name: &str| config.get(name).and_then(|value| value.as_i64());
        if let (Some(least), Some(most)) = (number("min_size"), number("max_size"))
            && most >= 0
            && least > most
        {
            faults.push(Fault::attribute(Path::attr("min_size"), "Sizes the wrong way round", format!("min_size {least} is greater than max_size {most}.")));
        }
        faults
    }

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        planned.put(client).await?;
        let created = Self { id: planned.scheduled_action_name.clone(), ..planned };
        operation.created(&created)?;
        wait::appear("scheduled action", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(action) = actions(client, prior.group()).await?.remove(prior.action()) else { return Ok(None) };
        let number = |number: Option<i32>| Some(number.map_or(-1, i64::from));
        let text = |text: Option<&str>| Some(text.unwrap_or_default().to_owned());
        Ok(Some(Self {
            arn: text(action.scheduled_action_arn()),
            autoscaling_group_name: action.auto_scaling_group_name.clone().or(prior.autoscaling_group_name),
            desired_capacity: number(action.desired_capacity),
            end_time: shown(action.end_time()),
            id: prior.scheduled_action_name.clone(),
            max_size: number(action.max_size),
            min_size: number(action.min_size),
            recurrence: text(action.recurrence()),
            scheduled_action_name: prior.scheduled_action_name,
            start_time: shown(action.start_time()),
            time_zone: text(action.time_zone()),
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        planned.put(client).await?;
        Self::read(client, Self { id: prior.id, ..planned }).await?.ok_or_else(|| Fault::not_found("The scheduled action is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let call = client.autoscaling().delete_scheduled_action().auto_scaling_group_name(prior.group()).scheduled_action_name(prior.action());
        match call.send().await.api("autoscaling:DeleteScheduledAction") {
            Err(error) if !gone(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// `GROUP/ACTION`
    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let (group, action) = id.split_once('/').ok_or_else(|| Fault::error("Invalid import id", "Give GROUP/ACTION, such as web/night."))?;
        let action = Some(action.to_owned());
        Ok(Self { autoscaling_group_name: Some(group.to_owned()), id: action.clone(), scheduled_action_name: action, ..Self::default() })
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        Self::read(client, planned).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.94.0.0/16"})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.94.1.0/24"})).await, "id");
        let template = lab.make("aws_launch_template", json!({"name": "scheduled", "image_id": "ami-12c6146b", "instance_type": "t3.small"})).await;
        let group = json!({"name": "scheduled", "min_size": 0, "max_size": 1, "vpc_zone_identifier": [subnet], "launch_template": [{"id": text(&template, "id"), "version": "1"}]});
        lab.make("aws_autoscaling_group", group).await;
        let config = |most: i64, desired: i64| {
            json!({
                "scheduled_action_name": "night", "autoscaling_group_name": "scheduled", "recurrence": "0 22 * * *", "min_size": 0, "max_size": most, "desired_capacity": desired,
                "start_time": "2031-01-31T18:00:00Z", "end_time": "2032-01-31T18:00:00Z",
            })
        };
        let state = Lifecycle::new(&lab, "aws_autoscaling_schedule", config(1, 0))
            .update(config(2, 1))
            .update(config(2, -1))
            .import_id(|_| "scheduled/night".to_owned())
            .run()
            .await;
        assert_eq!(text(&state, "id"), "night");
        assert_eq!(
            lab.refused("aws_autoscaling_schedule", json!({"scheduled_action_name": "x", "autoscaling_group_name": "scheduled", "start_time": "tomorrow"})).await[0]
                .summary,
            "Invalid time"
        );
    }
}
