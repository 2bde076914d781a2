//! `aws_lb_target_group_attachment`

use std::collections::HashMap;

use aws_sdk_elasticloadbalancingv2::types::{TargetDescription, TargetHealthDescription, TargetHealthReasonEnum, TargetHealthStateEnum};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::api::{ApiError, Explain};
use crate::{Client, name, plan, wait};

/// An instance, address, load balancer or function behind a target group.
///
/// ```hcl
/// resource "aws_lb_target_group_attachment" "web" {
///   target_group_arn = aws_lb_target_group.web.arn
///   target_id        = aws_instance.web.id
///   port             = 8080
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_lb_target_group_attachment")]
pub(crate) struct LbTargetGroupAttachment {
    /// Availability zone of an address; `all` for one outside the VPC.
    #[schema(optional, force_new)]
    availability_zone: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Port; the target group's when it is unset.
    #[schema(optional, force_new)]
    port: Option<i64>,
    /// Target group.
    #[schema(required, force_new)]
    target_group_arn: Option<String>,
    /// Id of an instance, an address, or the ARN of a load balancer or function.
    #[schema(required, force_new)]
    target_id: Option<String>,
}

/// The targets of a group; one listing for all that ask about the same one.
async fn targets(client: &Client, group: &str) -> Result<Vec<TargetHealthDescription>, Fault> {
    let found = client
        .batch("elb targets", 100, group.to_owned(), |client, groups: Vec<String>| async move {
            let listings = groups.into_iter().map(|group| {
                let call = client.elb().describe_target_health().target_group_arn(&group);
                async move {
                    let found = match call.send().await.api("elasticloadbalancing:DescribeTargetHealth") {
                        Err(error) if error.not_found() => Vec::new(),
                        answer => answer?.target_health_descriptions.unwrap_or_default(),
                    };
                    Ok::<_, ApiError>((group, found))
                }
            });
            Ok(try_join_all(listings).await?.into_iter().collect::<HashMap<_, _>>())
        })
        .await?;
    Ok(found.unwrap_or_default())
}

impl LbTargetGroupAttachment {
    fn group(&self) -> &str {
        self.target_group_arn.as_deref().unwrap_or_default()
    }

    fn port(&self) -> Option<i32> {
        self.port.filter(|port| *port > 0).map(|port| port as i32)
    }

    fn target(&self) -> TargetDescription {
        let zone = self.availability_zone.clone().filter(|zone| !zone.is_empty());
        TargetDescription::builder().set_id(self.target_id.clone()).set_port(self.port()).set_availability_zone(zone).build()
    }

    async fn is_attached(&self, client: &Client) -> Result<bool, Fault> {
        let fits = |one: &TargetHealthDescription| {
            let Some(target) = one.target() else { return false };
            target.id() == self.target_id.as_deref() && self.port().is_none_or(|port| target.port() == Some(port))
        };
        let leaving = |one: &TargetHealthDescription| {
            let health = one.target_health();
            let state = health.and_then(|health| health.state());
            let reason = health.and_then(|health| health.reason());
            state == Some(&TargetHealthStateEnum::Draining)
                || matches!(reason, Some(TargetHealthReasonEnum::NotRegistered | TargetHealthReasonEnum::DeregistrationInProgress))
        };
        Ok(targets(client, self.group()).await?.iter().any(|one| fits(one) && !leaving(one)))
    }
}

impl Resource for LbTargetGroupAttachment {
    type Client = Client;

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let call = client.elb().register_targets().target_group_arn(planned.group()).targets(planned.target());
        // An instance can be registered only once it has left `pending`.
        let passing = |error: &ApiError| error.is(&["InvalidTarget"]) && error.message.contains("not in a valid state");
        wait::retry(wait::limit(None, 10)?, passing, || async { call.clone().send().await.api("elasticloadbalancing:RegisterTargets") }).await?;
        let created = Self { id: Some(name::unique(&format!("{}-", planned.group()), operation.token)), ..planned };
        operation.created(&created)?;
        wait::appear("target", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        Ok(prior.is_attached(client).await?.then_some(prior))
    }

    async fn update(_client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        // Every argument makes another attachment.
        Ok(Self { id: prior.id, ..planned })
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let call = client.elb().deregister_targets().target_group_arn(prior.group()).targets(prior.target());
        match call.send().await.api("elasticloadbalancing:DeregisterTargets") {
            Err(error) if error.not_found() => Ok(()),
            // Also what was never registered is refused.
            Err(error) if !error.is(&["InvalidTarget"]) || prior.is_attached(client).await? => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// `GROUP,TARGET` or `GROUP,TARGET,PORT`, with the group's ARN.
    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let invalid = || Fault::error("Invalid import id", "Give GROUP,TARGET or GROUP,TARGET,PORT, with the ARN of the target group.");
        let parts: Vec<&str> = id.split(',').collect();
        let [group, target, port @ ..] = &parts[..] else { return Err(invalid()) };
        let port = port.first().map(|port| port.parse::<i64>()).transpose().map_err(|_| invalid())?;
        Ok(Self {
            availability_zone: None,
            id: Some(name::unique(&format!("{group}-"), &uuid::Uuid::new_v4().to_string())),
            port,
            target_group_arn: Some((*group).to_owned()),
            target_id: Some((*target).to_owned()),
        })
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        let id = name::unique(&format!("{}-", planned.group()), token);
        Self::read(client, Self { id: Some(id), ..planned }).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, client, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let client = client().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.99.0.0/16"})).await, "id");
        let group = text(&lab.make("aws_lb_target_group", json!({"name": "targeted", "vpc_id": vpc, "protocol": "HTTP", "port": 80})).await, "arn");
        let run = client.ec2().run_instances().image_id("ami-12c6146b").min_count(1).max_count(1).send().await.expect("instance");
        let instance = run.instances()[0].instance_id().expect("id");
        let import = |state: &weir_value::Value| format!("{},{},8080", text(state, "target_group_arn"), text(state, "target_id"));
        let state = Lifecycle::new(&lab, "aws_lb_target_group_attachment", json!({"target_group_arn": group, "target_id": instance, "port": 8080}))
            .import_id(import)
            .import_ignores(&["id"])
            .run()
            .await;
        assert!(text(&state, "id").starts_with(&format!("{group}-")));
        let planned =
            lab.plan("aws_lb_target_group_attachment", Some(&state), &json!({"target_group_arn": group, "target_id": instance, "port": 8081})).await.expect("plan");
        assert_eq!(planned.requires_replace.len(), 1);
    }
}
