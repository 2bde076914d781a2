//! Replacing the instances of an Auto Scaling group when what they are launched from has changed.

use std::time::Duration;

use aws_sdk_autoscaling::types as sdk;
use weir_provider::Fault;

use crate::api::{ApiError, Explain};
use crate::resource::autoscaling_group::AutoscalingGroup;
use crate::{Client, wait};

impl AutoscalingGroup {
    /// True when what changes is to reach the instances that run.
    pub(crate) fn wants_refresh(prior: &Self, planned: &Self) -> Result<bool, Fault> {
        let Some(refresh) = planned.instance_refresh.first() else { return Ok(false) };
        let form = |state: &Self| serde_json::to_value(state).map_err(|error| Fault::error("State is not of the type's form", error.to_string()));
        let (before, after) = (form(prior)?, form(planned)?);
        let always = ["launch_configuration", "launch_template", "mixed_instances_policy"];
        let triggers = refresh.triggers.iter().flatten().map(|trigger| if trigger == "tags" { "tag" } else { trigger.as_str() });
        Ok(always.into_iter().chain(triggers).any(|name| before.get(name) != after.get(name)))
    }

    /// Starts to replace the instances, and does not wait for the end. One that is under way is cancelled first.
    pub(crate) async fn refresh(&self, client: &Client, name: &str, limit: Duration) -> Result<(), Fault> {
        let Some(refresh) = self.instance_refresh.first() else { return Ok(()) };
        let preferences = refresh.preferences.first();
        // To roll back, the service must know what to roll from.
        let desired = preferences
            .filter(|preferences| preferences.auto_rollback == Some(true))
            .map(|_| sdk::DesiredConfiguration::builder().set_launch_template(self.template()).set_mixed_instances_policy(self.policy()).build());
        let start = || {
            let call = client.autoscaling().start_instance_refresh().auto_scaling_group_name(name).set_strategy(refresh.strategy.as_deref().map(Into::into));
            call.set_preferences(preferences.map(|preferences| preferences.request())).set_desired_configuration(desired.clone())
        };
        match start().send().await.api("autoscaling:StartInstanceRefresh") {
            Err(error) if error.is(&["InstanceRefreshInProgress"]) => {}
            done => {
                done?;
                return Ok(());
            }
        }
        match client.autoscaling().cancel_instance_refresh().auto_scaling_group_name(name).send().await.api("autoscaling:CancelInstanceRefresh") {
            // It ended by itself.
            Err(error) if error.is(&["ActiveInstanceRefreshNotFound"]) => {}
            done => {
                done?;
            }
        }
        wait::retry(limit, |error: &ApiError| error.is(&["InstanceRefreshInProgress"]), || async { start().send().await.api("autoscaling:StartInstanceRefresh") })
            .await?;
        Ok(())
    }
}
