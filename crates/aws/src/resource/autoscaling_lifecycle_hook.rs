//! `aws_autoscaling_lifecycle_hook`

use std::collections::HashMap;

use aws_sdk_autoscaling::types::LifecycleHook as Remote;
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::{ApiError, Explain};
use crate::{Client, keep, plan, wait};

/// A pause of new or ending instances of an Auto Scaling group, for something to be done meanwhile.
///
/// ```hcl
/// resource "aws_autoscaling_lifecycle_hook" "ready" {
///   name                   = "ready"
///   autoscaling_group_name = aws_autoscaling_group.web.name
///   lifecycle_transition   = "autoscaling:EC2_INSTANCE_LAUNCHING"
///   default_result         = "CONTINUE"
///   heartbeat_timeout      = 600
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_autoscaling_lifecycle_hook")]
pub(crate) struct AutoscalingLifecycleHook {
    /// The group, by name.
    #[schema(required, force_new)]
    autoscaling_group_name: Option<String>,
    /// What happens when the time is over: `CONTINUE` or `ABANDON`.
    #[schema(optional, computed)]
    default_result: Option<String>,
    /// Seconds until then.
    #[schema(optional)]
    heartbeat_timeout: Option<i64>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// `autoscaling:EC2_INSTANCE_LAUNCHING` or `autoscaling:EC2_INSTANCE_TERMINATING`.
    #[schema(required)]
    lifecycle_transition: Option<String>,
    /// Name.
    #[schema(required, force_new)]
    name: Option<String>,
    /// What a notification holds besides.
    #[schema(optional)]
    notification_metadata: Option<String>,
    /// Queue or topic that is told.
    #[schema(optional)]
    notification_target_arn: Option<String>,
    /// Role that lets the group tell it.
    #[schema(optional)]
    role_arn: Option<String>,
}

/// The hooks of a group by name; one listing for all that ask about the same group.
async fn hooks(client: &Client, group: &str) -> Result<HashMap<String, Remote>, Fault> {
    let found = client
        .batch("autoscaling hooks", 100, group.to_owned(), |client, groups: Vec<String>| async move {
            let listings = groups.into_iter().map(|group| {
                let call = client.autoscaling().describe_lifecycle_hooks().auto_scaling_group_name(&group);
                async move {
                    let found = match call.send().await.api("autoscaling:DescribeLifecycleHooks") {
                        Err(error) if gone(&error) => Vec::new(),
                        answer => answer?.lifecycle_hooks.unwrap_or_default(),
                    };
                    Ok::<_, ApiError>((group, found.into_iter().filter_map(|hook| Some((hook.lifecycle_hook_name.clone()?, hook))).collect::<HashMap<_, _>>()))
                }
            });
            Ok(try_join_all(listings).await?.into_iter().collect())
        })
        .await?;
    Ok(found.unwrap_or_default())
}

/// True when the group or the hook is not there.
pub(crate) fn gone(error: &ApiError) -> bool {
    error.not_found() || error.code == "ValidationError" && ["not found", "does not exist", "No Lifecycle Hook"].iter().any(|words| error.message.contains(words))
}

impl AutoscalingLifecycleHook {
    fn group(&self) -> &str {
        self.autoscaling_group_name.as_deref().unwrap_or_default()
    }

    fn hook(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    async fn put(&self, client: &Client) -> Result<(), Fault> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let call = client
            .autoscaling()
            .put_lifecycle_hook()
            .auto_scaling_group_name(self.group())
            .lifecycle_hook_name(self.hook())
            .set_lifecycle_transition(self.lifecycle_transition.clone())
            .set_default_result(given(&self.default_result))
            .set_heartbeat_timeout(self.heartbeat_timeout.filter(|seconds| *seconds > 0).map(|seconds| seconds as i32))
            .set_notification_metadata(given(&self.notification_metadata))
            .set_notification_target_arn(given(&self.notification_target_arn))
            .set_role_arn(given(&self.role_arn));
        // A new role, or a permission of it, is not seen everywhere at once.
        let passing = |error: &ApiError| error.code == "ValidationError" && error.message.contains("Unable to publish test message to notification target");
        wait::retry(wait::limit(None, 5)?, passing, || async { call.clone().send().await.api("autoscaling:PutLifecycleHook") }).await?;
        Ok(())
    }
}

impl Resource for AutoscalingLifecycleHook {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let text = |name: &str| config.get(name).and_then(|value| value.as_str().map(str::to_owned));
        let mut faults = Vec::new();
        let transitions = ["autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING"];
        if text("lifecycle_transition").is_some_and(|transition| !transitions.contains(&transition.as_str())) {
            faults.push(Fault::attribute(Path::attr("lifecycle_transition"), "Invalid transition", format!("It is one of {}.", transitions.join(", "))));
        }
        if text("default_result").is_some_and(|result| !["CONTINUE", "ABANDON"].contains(&result.as_str())) {
            faults.push(Fault::attribute(Path::attr("default_result"), "Invalid result", "It is \"CONTINUE\" or \"ABANDON\"."));
        }
        if config.get("heartbeat_timeout").and_then(|value| value.as_i64()).is_some_and(|seconds| !(30..=7200).contains(&seconds)) {
            faults.push(Fault::attribute(Path::attr("heartbeat_timeout"), "Invalid time", "It is from 30 to 7200 seconds."));
        }
        faults
    }

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        planned.put(client).await?;
        let created = Self { id: planned.name.clone(), ..planned };
        operation.created(&created)?;
        wait::appear("lifecycle hook", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(hook) = hooks(client, prior.group()).await?.remove(prior.hook()) else { return Ok(None) };
        // Not every API tells the default; the state's value stays then.
        let read = Self {
            autoscaling_group_name: hook.auto_scaling_group_name.clone().or_else(|| prior.autoscaling_group_name.clone()),
            default_result: hook.default_result.clone(),
            heartbeat_timeout: prior.heartbeat_timeout.map_or(Some(0), |_| hook.heartbeat_timeout.map(i64::from)),
            id: prior.name.clone(),
            lifecycle_transition: hook.lifecycle_transition.clone(),
            name: hook.lifecycle_hook_name.clone(),
            notification_metadata: hook.notification_metadata.clone(),
            notification_target_arn: hook.notification_target_arn.clone(),
            role_arn: hook.role_arn.clone(),
        };
        // Unset, the time is the API's default; imported, it is what the API says.
        let imported = prior.lifecycle_transition.is_none();
        let heartbeat = if imported { hook.heartbeat_timeout.map(i64::from) } else { read.heartbeat_timeout };
        Ok(Some(keep::form(&prior, &Self { heartbeat_timeout: heartbeat, ..read })?))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        planned.put(client).await?;
        Self::read(client, Self { id: prior.id, ..planned }).await?.ok_or_else(|| Fault::not_found("The lifecycle hook is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let call = client.autoscaling().delete_lifecycle_hook().auto_scaling_group_name(prior.group()).lifecycle_hook_name(prior.hook());
        match call.send().await.api("autoscaling:DeleteLifecycleHook") {
            Err(error) if !gone(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// `GROUP/HOOK`
    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let (group, hook) = id.split_once('/').ok_or_else(|| Fault::error("Invalid import id", "Give GROUP/HOOK, such as web/ready."))?;
        Ok(Self { autoscaling_group_name: Some(group.to_owned()), id: Some(hook.to_owned()), name: Some(hook.to_owned()), ..Self::default() })
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        Self::read(client, planned).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    /// The emulator shows a notification target and a role of its own for a hook without: the test writes them.
    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.93.0.0/16"})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.93.1.0/24"})).await, "id");
        let template = lab.make("aws_launch_template", json!({"name": "hooked", "image_id": "ami-12c6146b", "instance_type": "t3.small"})).await;
        let group =
            json!({"name": "hooked", "min_size": 0, "max_size": 1, "vpc_zone_identifier": [subnet], "launch_template": [{"id": text(&template, "id"), "version": "1"}]});
        lab.make("aws_autoscaling_group", group).await;
        let config = json!({
            "name": "ready", "autoscaling_group_name": "hooked", "lifecycle_transition": "autoscaling:EC2_INSTANCE_LAUNCHING", "heartbeat_timeout": 600,
            "notification_target_arn": "arn:aws:sqs:us-east-1:123456789012:my-queue", "role_arn": "arn:aws:iam::1234567890:role/my-auto-scaling-role",
        });
        let mut changed = config.clone();
        changed["heartbeat_timeout"] = json!(900);
        changed["default_result"] = json!("CONTINUE");
        let state = Lifecycle::new(&lab, "aws_autoscaling_lifecycle_hook", config).update(changed.clone()).import_id(|_| "hooked/ready".to_owned()).run().await;
        assert_eq!(text(&state, "id"), "ready");
        changed["name"] = json!("other");
        assert_eq!(lab.plan("aws_autoscaling_lifecycle_hook", Some(&state), &changed).await.expect("plan").requires_replace.len(), 1);
        changed["heartbeat_timeout"] = json!(1);
        assert_eq!(lab.refused("aws_autoscaling_lifecycle_hook", changed).await[0].summary, "Invalid time");
    }
}
