//! `aws_ssm_maintenance_window`

use aws_sdk_ssm::types::{MaintenanceWindowFilter, ResourceTypeForTagging};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::Explain;
use crate::tags::{MARKER, Tags};
use crate::{Client, keep, plan, ssm_tags, wait};

/// A time in which disruptive work may be done.
///
/// ```hcl
/// resource "aws_ssm_maintenance_window" "nights" {
///   name     = "nights"
///   schedule = "cron(0 2 ? * SUN *)"
///   duration = 3
///   cutoff   = 1
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_ssm_maintenance_window")]
pub(crate) struct SsmMaintenanceWindow {
    /// Tasks may run on instances that are not registered with it.
    #[schema(optional, default = false)]
    allow_unassociated_targets: Option<bool>,
    /// Hours before its end from which on no task is begun.
    #[schema(required)]
    cutoff: Option<i64>,
    /// What it is for.
    #[schema(optional)]
    description: Option<String>,
    /// Hours.
    #[schema(required)]
    duration: Option<i64>,
    /// It takes place.
    #[schema(optional, default = true)]
    enabled: Option<bool>,
    /// When it ceases to take place (ISO 8601).
    #[schema(optional)]
    end_date: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Name.
    #[schema(required)]
    name: Option<String>,
    /// When it takes place: a `cron` or `rate` expression.
    #[schema(required)]
    schedule: Option<String>,
    /// Days to wait after the time that a `cron` expression gives.
    #[schema(optional)]
    schedule_offset: Option<i64>,
    /// Time zone of the schedule, such as `Europe/Berlin`.
    #[schema(optional)]
    schedule_timezone: Option<String>,
    /// When it takes place for the first time (ISO 8601).
    #[schema(optional)]
    start_date: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
}

const KIND: ResourceTypeForTagging = ResourceTypeForTagging::MaintenanceWindow;

fn given(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}

fn number(number: Option<i64>) -> Option<i32> {
    number.and_then(|number| i32::try_from(number).ok())
}

impl SsmMaintenanceWindow {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn offset(&self) -> Option<i32> {
        number(self.schedule_offset).filter(|days| *days != 0)
    }

    async fn put(client: &Client, planned: &Self) -> Result<(), Fault> {
        let call = client
            .ssm()
            .update_maintenance_window()
            .window_id(planned.id())
            // What is not given is unset.
            .replace(true)
            .allow_unassociated_targets(planned.allow_unassociated_targets.unwrap_or(false))
            .set_cutoff(number(planned.cutoff))
            .set_description(given(&planned.description))
            .set_duration(number(planned.duration))
            .enabled(planned.enabled.unwrap_or(true))
            .set_end_date(given(&planned.end_date))
            .set_name(planned.name.clone())
            .set_schedule(planned.schedule.clone())
            .set_schedule_offset(planned.offset())
            .set_schedule_timezone(given(&planned.schedule_timezone))
            .set_start_date(given(&planned.start_date));
        call.send().await.api("ssm:UpdateMaintenanceWindow")?;
        Ok(())
    }

    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        let tags = client.tag_rules().all(&planned.tags);
        let what = |window: &Self| (window.name.clone(), window.schedule.clone(), window.duration, window.cutoff, window.enabled);
        wait::appear("maintenance window", || async {
            let found = Self::read(client, planned.clone()).await?;
            Ok(found.filter(|found| what(found) == what(&planned) && found.tags_all.as_ref() == Some(&tags)))
        })
        .await
    }
}

impl Resource for SsmMaintenanceWindow {
    type Client = Client;
    const MARKED: bool = true;

    fn validate(config: &Value) -> Vec<Fault> {
        let known = |name: &str| config.get(name).and_then(|value| value.as_i64());
        let mut faults = Vec::new();
        if known("duration").is_some_and(|hours| !(1..=24).contains(&hours)) {
            faults.push(Fault::attribute(Path::attr("duration"), "Number out of range", "A maintenance window lasts 1 to 24 hours."));
        }
        if let (Some(duration), Some(cutoff)) = (known("duration"), known("cutoff"))
            && !(0..duration.max(1)).contains(&cutoff)
        {
            faults.push(Fault::attribute(Path::attr("cutoff"), "Number out of range", format!("Of {duration} hours, the cutoff takes at most {}.", duration - 1)));
        }
        if known("schedule_offset").is_some_and(|days| !(0..=6).contains(&days)) {
            faults.push(Fault::attribute(Path::attr("schedule_offset"), "Number out of range", "The offset is 1 to 6 days."));
        }
        let name = config.get("name");
        if let Some(name) = name.as_ref().and_then(Value::as_str) {
            let letters = name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-.".contains(letter));
            if !(3..=128).contains(&name.len()) || !letters {
                faults.push(Fault::attribute(Path::attr("name"), "Invalid name", format!("\"{name}\" should have 3 to 128 letters, digits and '_' '-' '.'.")));
            }
        }
        faults
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let mut tags = client.tag_rules().all(&planned.tags);
        tags.insert(MARKER.to_owned(), operation.token.to_owned());
        let call = client
            .ssm()
            .create_maintenance_window()
            .client_token(operation.token)
            .allow_unassociated_targets(planned.allow_unassociated_targets.unwrap_or(false))
            .set_cutoff(number(planned.cutoff))
            .set_description(given(&planned.description))
            .set_duration(number(planned.duration))
            .set_end_date(given(&planned.end_date))
            .set_name(planned.name.clone())
            .set_schedule(planned.schedule.clone())
            .set_schedule_offset(planned.offset())
            .set_schedule_timezone(given(&planned.schedule_timezone))
            .set_start_date(given(&planned.start_date))
            .set_tags(Some(ssm_tags::of(tags)));
        let id = call.send().await.api("ssm:CreateMaintenanceWindow")?.window_id;
        let created = Self { id: Some(id.ok_or_else(|| Fault::uncertain("ssm:CreateMaintenanceWindow failed", "The answer holds no id."))?), ..planned };
        operation.created(&created)?;
        // New ones take place.
        if created.enabled == Some(false) {
            wait::certain(|| Self::put(client, &created)).await?;
        }
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let answer = client.ssm().get_maintenance_window().window_id(prior.id()).send().await.api("ssm:GetMaintenanceWindow");
        let window = match answer {
            Err(error) if error.not_found() || error.is(&["DoesNotExistException"]) => return Ok(None),
            answer => answer?,
        };
        let (tags, tags_all) = client.tag_rules().read(ssm_tags::listed(client, KIND, prior.id()).await?, &prior.tags);
        let read = Self {
            allow_unassociated_targets: Some(window.allow_unassociated_targets),
            cutoff: Some(window.cutoff.into()),
            description: window.description,
            duration: window.duration.map(i64::from),
            enabled: Some(window.enabled),
            end_date: window.end_date,
            id: window.window_id,
            name: window.name,
            schedule: window.schedule,
            schedule_offset: window.schedule_offset.map(i64::from),
            schedule_timezone: window.schedule_timezone,
            start_date: window.start_date,
            tags,
            tags_all,
        };
        Ok(Some(keep::form(&prior, &read)?))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id.clone(), ..planned };
        Self::put(client, &planned).await?;
        ssm_tags::change(client, KIND, planned.id(), &prior.tags_all, &planned.tags).await?;
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        match client.ssm().delete_maintenance_window().window_id(prior.id()).send().await.api("ssm:DeleteMaintenanceWindow") {
            Err(error) if error.is(&["DoesNotExistException"]) => Ok(()),
            done => Ok(done.map(drop)?),
        }
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        let filter = MaintenanceWindowFilter::builder().key("Name").set_values(planned.name.clone().map(|name| vec![name])).build();
        let pages = client.ssm().describe_maintenance_windows().filters(filter).into_paginator().items().send();
        let found = pages.collect::<Result<Vec<_>, _>>().await.api("ssm:DescribeMaintenanceWindows")?;
        for id in found.into_iter().filter_map(|window| window.window_id) {
            let tags = ssm_tags::listed(client, KIND, &id).await?;
            if tags.iter().any(|(key, value)| key == MARKER && value == token) {
                return Self::read(client, Self { id: Some(id), ..planned }).await;
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::{Map, Value as Json, json};

    use crate::harness::{Lifecycle, endpoint, endpoints, lab, lab_with};
    use crate::proxy::{Made, Proxy};

    /// The emulator has no UpdateMaintenanceWindow: here it has, as the API reference says.
    async fn updating() -> Proxy {
        let changed: Mutex<Map<String, Json>> = Mutex::default();
        let maker = move |action: &str, body: &str| match action {
            "UpdateMaintenanceWindow" => {
                let request: Json = serde_json::from_str(body).expect("JSON");
                assert_eq!(request["Replace"], json!(true));
                *changed.lock().expect("lock") = request.as_object().expect("object").clone();
                Made::Answer(body.to_owned())
            }
            "GetMaintenanceWindow" => {
                let changed = changed.lock().expect("lock").clone();
                Made::Edited(Box::new(move |text| {
                    let mut window: Map<String, Json> = serde_json::from_str(&text).expect("JSON");
                    if window.get("WindowId") == changed.get("WindowId") {
                        window = changed;
                    } else {
                        window.insert("AllowUnassociatedTargets".into(), json!(false));
                    }
                    Json::from(window).to_string()
                }))
            }
            _ => Made::Passed,
        };
        Proxy::extending(endpoint(), maker).await
    }

    #[tokio::test]
    async fn lifecycle() {
        let proxy = updating().await;
        let lab = lab_with(json!({"endpoints": [endpoints(&proxy.url)]})).await;
        let config = |more: Json| {
            let mut config = json!({"name": "nights", "schedule": "cron(0 2 ? * SUN *)", "duration": 3, "cutoff": 1});
            config.as_object_mut().expect("object").extend(more.as_object().expect("object").clone());
            config
        };
        Lifecycle::new(&lab, "aws_ssm_maintenance_window", config(json!({"schedule_timezone": "Europe/Berlin", "schedule_offset": 2, "tags": {"a": "b"}})))
            .update(config(json!({"enabled": false, "description": "at night", "allow_unassociated_targets": true, "start_date": "2030-01-01T00:00:00Z"})))
            .update(config(json!({"duration": 4, "end_date": "2031-01-01T00:00:00Z", "tags": {"c": "d"}})))
            .run()
            .await;
        Lifecycle::new(&lab, "aws_ssm_maintenance_window", config(json!({"enabled": false}))).run().await;
    }

    #[tokio::test]
    async fn refused() {
        let lab = lab().await;
        let config = json!({"name": "a b", "schedule": "rate(1 day)", "duration": 30, "cutoff": 30, "schedule_offset": 7});
        let paths: Vec<String> = lab.validate("aws_ssm_maintenance_window", &config).into_iter().map(|fault| fault.summary).collect();
        assert_eq!(paths, ["Number out of range", "Number out of range", "Number out of range", "Invalid name"]);
    }
}
