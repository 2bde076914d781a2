//! `aws_autoscaling_attachment`

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use crate::api::{ApiError, Explain};
use crate::resource::autoscaling_group::describe;
use crate::{Client, name, plan, wait};

/// A target group or classic load balancer of an Auto Scaling group.
///
/// ```hcl
/// resource "aws_autoscaling_attachment" "web" {
///   autoscaling_group_name = aws_autoscaling_group.web.name
///   lb_target_group_arn    = aws_lb_target_group.web.arn
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_autoscaling_attachment")]
pub(crate) struct AutoscalingAttachment {
    /// The group, by name.
    #[schema(required, force_new)]
    autoscaling_group_name: Option<String>,
    /// Classic load balancer, by name.
    #[schema(optional, force_new)]
    elb: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Target group.
    #[schema(optional, force_new)]
    lb_target_group_arn: Option<String>,
}

impl AutoscalingAttachment {
    fn group(&self) -> &str {
        self.autoscaling_group_name.as_deref().unwrap_or_default()
    }

    fn target_group(&self) -> Option<&str> {
        self.lb_target_group_arn.as_deref().filter(|arn| !arn.is_empty())
    }

    fn balancer(&self) -> &str {
        self.elb.as_deref().unwrap_or_default()
    }

    async fn is_attached(&self, client: &Client) -> Result<bool, Fault> {
        let Some(group) = describe(client, self.group()).await? else { return Ok(false) };
        Ok(match self.target_group() {
            Some(arn) => group.target_group_arns().iter().any(|found| found == arn),
            None => group.load_balancer_names().iter().any(|found| found == self.balancer()),
        })
    }
}

/// True when the group, or what is attached to it, is not there.
fn gone(error: &ApiError) -> bool {
    error.code == "ValidationError"
        && ["not found", "not attached", "does not exist", "update a pending delete", "Trying to remove"].iter().any(|words| error.message.contains(words))
}

impl Resource for AutoscalingAttachment {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let set = |name: &str| config.get(name).is_some_and(|value| !value.is_null());
        if set("elb") == set("lb_target_group_arn") {
            return vec![Fault::error("An attachment needs one target", "Set exactly one of elb, lb_target_group_arn.")];
        }
        Vec::new()
    }

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        match planned.target_group() {
            Some(arn) => {
                let call = client.autoscaling().attach_load_balancer_target_groups().auto_scaling_group_name(planned.group()).target_group_arns(arn);
                call.send().await.api("autoscaling:AttachLoadBalancerTargetGroups")?;
            }
            None => {
                let call = client.autoscaling().attach_load_balancers().auto_scaling_group_name(planned.group()).load_balancer_names(planned.balancer());
                call.send().await.api("autoscaling:AttachLoadBalancers")?;
            }
        }
        let created = Self { id: Some(name::unique(&format!("{}-", planned.group()), operation.token)), ..planned };
        operation.created(&created)?;
        wait::appear("attachment", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        Ok(prior.is_attached(client).await?.then_some(prior))
    }

    async fn update(_client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        // Every argument makes another attachment.
        Ok(Self { id: prior.id, ..planned })
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        if !prior.is_attached(client).await? {
            return Ok(());
        }
        let done = match prior.target_group() {
            Some(arn) => {
                let call = client.autoscaling().detach_load_balancer_target_groups().auto_scaling_group_name(prior.group()).target_group_arns(arn);
                call.send().await.api("autoscaling:DetachLoadBalancerTargetGroups").map(drop)
            }
            None => {
                let call = client.autoscaling().detach_load_balancers().auto_scaling_group_name(prior.group()).load_balancer_names(prior.balancer());
                call.send().await.api("autoscaling:DetachLoadBalancers").map(drop)
            }
        };
        match done {
            Err(error) if gone(&error) => return Ok(()),
            done => done?,
        }
        wait::until("the attachment to go", wait::limit(None, 15)?, || async { Ok((!prior.is_attached(client).await?).then_some(())) }).await
    }

    /// `GROUP,TARGET`: the ARN of a target group, or the name of a classic load balancer.
    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let (group, target) = id.split_once(',').ok_or_else(|| Fault::error("Invalid import id", "Give GROUP,TARGET, such as web,arn:aws:elasticloadbalancing:…"))?;
        let arn = target.starts_with("arn:");
        Ok(Self {
            autoscaling_group_name: Some(group.to_owned()),
            elb: (!arn).then(|| target.to_owned()),
            id: Some(name::unique(&format!("{group}-"), &uuid::Uuid::new_v4().to_string())),
            lb_target_group_arn: arn.then(|| target.to_owned()),
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

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.91.0.0/16"})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.91.1.0/24"})).await, "id");
        let target = text(&lab.make("aws_lb_target_group", json!({"name": "asg-attached", "vpc_id": vpc, "protocol": "TCP", "port": 80})).await, "arn");
        let template = lab.make("aws_launch_template", json!({"name": "asg-attached", "image_id": "ami-12c6146b", "instance_type": "t3.small"})).await;
        let group = json!({"name": "asg-attached", "min_size": 0, "max_size": 1, "vpc_zone_identifier": [subnet], "launch_template": [{"id": text(&template, "id"), "version": "1"}]});
        lab.make("aws_autoscaling_group", group).await;
        let state = Lifecycle::new(&lab, "aws_autoscaling_attachment", json!({"autoscaling_group_name": "asg-attached", "lb_target_group_arn": target}))
            .import_id(|state| format!("asg-attached,{}", text(state, "lb_target_group_arn")))
            .import_ignores(&["id"])
            .run()
            .await;
        assert!(text(&state, "id").starts_with("asg-attached-"));
        let faults = lab.refused("aws_autoscaling_attachment", json!({"autoscaling_group_name": "asg-attached"})).await;
        assert_eq!(faults[0].summary, "An attachment needs one target");
    }
}
