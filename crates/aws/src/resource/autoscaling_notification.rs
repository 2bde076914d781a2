//! `aws_autoscaling_notification`

use std::collections::BTreeMap;

use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::{ApiError, Explain};
use crate::resource::autoscaling_lifecycle_hook::gone;
use crate::{Client, plan, wait};

/// Tells a topic what happens in Auto Scaling groups.
///
/// ```hcl
/// resource "aws_autoscaling_notification" "all" {
///   group_names   = [aws_autoscaling_group.web.name]
///   topic_arn     = aws_sns_topic.scaling.arn
///   notifications = ["autoscaling:EC2_INSTANCE_LAUNCH", "autoscaling:EC2_INSTANCE_TERMINATE"]
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_autoscaling_notification")]
pub(crate) struct AutoscalingNotification {
    /// The groups, by name.
    #[schema(required, set)]
    group_names: Option<Vec<String>>,
    /// The topic again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// What is told.
    #[schema(required, set)]
    notifications: Option<Vec<String>>,
    /// Topic that is told.
    #[schema(required, force_new)]
    topic_arn: Option<String>,
}

/// What is told about a group, by topic; one listing for all that ask at once.
async fn told(client: &Client, group: &str) -> Result<BTreeMap<String, Vec<String>>, Fault> {
    let found = client
        .batch("autoscaling notifications", 50, group.to_owned(), |client, groups: Vec<String>| async move {
            let pages = client.autoscaling().describe_notification_configurations().set_auto_scaling_group_names(Some(groups)).into_paginator().items().send();
            let mut found: std::collections::HashMap<String, BTreeMap<String, Vec<String>>> = std::collections::HashMap::new();
            let all = match pages.collect::<Result<Vec<_>, _>>().await.api("autoscaling:DescribeNotificationConfigurations") {
                // One group that is gone hides the others: they are asked for in halves.
                Err(error) if gone(&error) => return Err(Fault::not_found(error.message)),
                all => all?,
            };
            for one in all {
                let (Some(group), Some(topic), Some(kind)) = (one.auto_scaling_group_name, one.topic_arn, one.notification_type) else { continue };
                found.entry(group).or_default().entry(topic).or_default().push(kind);
            }
            Ok(found)
        })
        .await?;
    Ok(found.unwrap_or_default())
}

impl AutoscalingNotification {
    fn topic(&self) -> &str {
        self.topic_arn.as_deref().unwrap_or_default()
    }

    fn groups(&self) -> &[String] {
        self.group_names.as_deref().unwrap_or_default()
    }

    async fn put(&self, client: &Client, group: &str) -> Result<(), Fault> {
        let call = client.autoscaling().put_notification_configuration().auto_scaling_group_name(group).topic_arn(self.topic());
        call.set_notification_types(self.notifications.clone()).send().await.api("autoscaling:PutNotificationConfiguration")?;
        Ok(())
    }

    async fn remove(&self, client: &Client, group: &str) -> Result<(), Fault> {
        let call = client.autoscaling().delete_notification_configuration().auto_scaling_group_name(group).topic_arn(self.topic());
        match call.send().await.api("autoscaling:DeleteNotificationConfiguration") {
            Err(error) if !gone(&error) && !absent(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// True when the group tells the topic nothing.
fn absent(error: &ApiError) -> bool {
    error.message.contains("doesn't exist")
}

impl Resource for AutoscalingNotification {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let empty = |name: &&str| config.get(name).is_some_and(|list| list.is_known() && list.length() == Some(0));
        let names = ["group_names", "notifications"];
        let faults = names.iter().filter(|name| empty(name));
        faults.map(|name| Fault::attribute(Path::attr(*name), "Empty list", format!("{name} needs at least one element; delete the block to tell nothing."))).collect()
    }

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let created = Self { id: planned.topic_arn.clone(), ..planned };
        let mut reported = false;
        for group in created.groups() {
            created.put(client, group).await?;
            if !std::mem::replace(&mut reported, true) {
                operation.created(&created)?;
            }
        }
        wait::until("the notifications", wait::limit(None, 2)?, || async {
            let found = Self::read(client, created.clone()).await?;
            Ok(found.filter(|found| found.groups().len() == created.groups().len()))
        })
        .await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let topic = prior.topic();
        let of = |group: String| async move { Ok::<_, Fault>((told(client, &group).await?.remove(topic), group)) };
        let told = try_join_all(prior.groups().iter().cloned().map(of)).await?;
        let there: Vec<(String, Vec<String>)> = told.into_iter().filter_map(|(kinds, group)| Some((group, kinds?))).collect();
        if there.is_empty() {
            return Ok(None);
        }
        let mut kinds: Vec<String> = there.iter().flat_map(|(_, kinds)| kinds.clone()).collect();
        kinds.sort();
        kinds.dedup();
        // A group that is told less than another one is told again: it leaves the list.
        let whole = there.into_iter().filter(|(_, own)| own.len() == kinds.len()).map(|(group, _)| group);
        Ok(Some(Self { group_names: Some(whole.collect()), id: prior.topic_arn.clone(), notifications: Some(kinds), topic_arn: prior.topic_arn.clone() }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        for group in prior.groups().iter().filter(|group| !planned.groups().contains(group)) {
            prior.remove(client, group).await?;
        }
        let all = prior.notifications != planned.notifications;
        for group in planned.groups().iter().filter(|group| all || !prior.groups().contains(group)) {
            planned.put(client, group).await?;
        }
        Self::read(client, Self { id: prior.id, ..planned }).await?.ok_or_else(|| Fault::not_found("The notifications are gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        for group in prior.groups() {
            prior.remove(client, group).await?;
        }
        Ok(())
    }

    /// `TOPIC,GROUP[,GROUP…]`
    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let (topic, groups) =
            id.split_once(',').ok_or_else(|| Fault::error("Invalid import id", "Give TOPIC,GROUP with the topic's ARN, and further groups with commas between."))?;
        let groups = groups.split(',').map(str::to_owned).collect();
        Ok(Self { group_names: Some(groups), id: Some(topic.to_owned()), notifications: None, topic_arn: Some(topic.to_owned()) })
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        // A part of the groups may have been told: `update` does the rest.
        Self::read(client, planned).await
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use serde_json::json;

    use crate::harness::{Lifecycle, endpoints, lab_with};
    use crate::mock::{self, Call};

    type Told = Mutex<BTreeMap<(String, String), Vec<String>>>;

    /// The emulator knows no notifications: these three operations as the API reference describes them.
    fn answer(told: &Told, call: &Call) -> String {
        let place = (call.get("AutoScalingGroupName"), call.get("TopicARN"));
        let mut told = told.lock().expect("lock");
        let action = call.get("Action");
        let inner = match action.as_str() {
            "PutNotificationConfiguration" => {
                told.insert(place, call.list("NotificationTypes.member"));
                String::new()
            }
            "DeleteNotificationConfiguration" => {
                told.remove(&place);
                String::new()
            }
            "DescribeNotificationConfigurations" => {
                let wanted = call.list("AutoScalingGroupNames.member");
                let one = |group: &str, topic: &str, kind: &str| {
                    format!(
                        "<member><AutoScalingGroupName>{group}</AutoScalingGroupName><TopicARN>{topic}</TopicARN><NotificationType>{kind}</NotificationType></member>"
                    )
                };
                let found = told.iter().filter(|((group, _), _)| wanted.contains(group));
                let all: String = found.flat_map(|((group, topic), kinds)| kinds.iter().map(move |kind| one(group, topic, kind))).collect();
                format!("<NotificationConfigurations>{all}</NotificationConfigurations>")
            }
            other => panic!("unexpected call {other}"),
        };
        format!("<{action}Response xmlns=\"http://autoscaling.amazonaws.com/doc/2011-01-01/\"><{action}Result>{inner}</{action}Result></{action}Response>")
    }

    #[tokio::test]
    async fn lifecycle() {
        let told = Told::default();
        let url = mock::serve(move |call| answer(&told, call)).await;
        let lab = lab_with(json!({"endpoints": [endpoints(&url)]})).await;
        let topic = "arn:aws:sns:eu-central-1:123456789012:scaling";
        let config = |groups: &[&str], kinds: &[&str]| {
            let kinds: Vec<String> = kinds.iter().map(|kind| format!("autoscaling:{kind}")).collect();
            json!({"group_names": groups, "topic_arn": topic, "notifications": kinds})
        };
        let state = Lifecycle::new(&lab, "aws_autoscaling_notification", config(&["a"], &["EC2_INSTANCE_LAUNCH"]))
            .update(config(&["a", "b"], &["EC2_INSTANCE_LAUNCH"]))
            .update(config(&["b"], &["EC2_INSTANCE_LAUNCH", "EC2_INSTANCE_TERMINATE"]))
            .import_id(|_| "arn:aws:sns:eu-central-1:123456789012:scaling,b".to_owned())
            .run()
            .await;
        assert_eq!(crate::harness::text(&state, "id"), topic);
        let faults = lab.refused("aws_autoscaling_notification", config(&[], &["EC2_INSTANCE_LAUNCH"])).await;
        assert_eq!(faults[0].summary, "Empty list");
    }
}
