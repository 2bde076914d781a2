//! `aws_autoscaling_group_tag`

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::resource::autoscaling_group::describe;
use crate::{Client, plan, wait};

/// One tag on an Auto Scaling group that something else looks after. Do not mix with the `tag` blocks of that group.
///
/// ```hcl
/// resource "aws_autoscaling_group_tag" "web" {
///   autoscaling_group_name = aws_eks_node_group.web.resources[0].autoscaling_groups[0].name
///
///   tag {
///     key                 = "team"
///     value               = "web"
///     propagate_at_launch = true
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_autoscaling_group_tag")]
pub(crate) struct AutoscalingGroupTag {
    /// The group, by name.
    #[schema(required, force_new)]
    autoscaling_group_name: Option<String>,
    /// Group and key, with a comma between.
    #[schema(optional, computed)]
    id: Option<String>,
    /// The tag.
    #[schema(block, min = 1, max = 1)]
    tag: Vec<GroupTag>,
}

/// The tag.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct GroupTag {
    /// Key.
    #[schema(required, force_new)]
    key: Option<String>,
    /// New instances get it too.
    #[schema(required)]
    propagate_at_launch: Option<bool>,
    /// Value.
    #[schema(required)]
    value: Option<String>,
}

impl AutoscalingGroupTag {
    fn group(&self) -> &str {
        self.autoscaling_group_name.as_deref().unwrap_or_default()
    }

    fn key(&self) -> &str {
        self.tag.first().and_then(|tag| tag.key.as_deref()).unwrap_or_default()
    }

    fn made_id(&self) -> String {
        format!("{},{}", self.group(), self.key())
    }

    fn request(&self) -> aws_sdk_autoscaling::types::Tag {
        let tag = self.tag.first().cloned().unwrap_or_default();
        aws_sdk_autoscaling::types::Tag::builder()
            .resource_id(self.group())
            .resource_type("auto-scaling-group")
            .set_key(tag.key)
            .set_value(tag.value)
            .set_propagate_at_launch(tag.propagate_at_launch)
            .build()
    }

    async fn set(&self, client: &Client) -> Result<(), Fault> {
        client.autoscaling().create_or_update_tags().tags(self.request()).send().await.api("autoscaling:CreateOrUpdateTags")?;
        Ok(())
    }
}

impl Resource for AutoscalingGroupTag {
    type Client = Client;

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        planned.set(client).await?;
        let created = Self { id: Some(planned.made_id()), ..planned };
        operation.created(&created)?;
        wait::appear("tag", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(group) = describe(client, prior.group()).await? else { return Ok(None) };
        let Some(tag) = group.tags().iter().find(|tag| tag.key() == Some(prior.key())) else { return Ok(None) };
        let found =
            GroupTag { key: tag.key.clone(), propagate_at_launch: Some(tag.propagate_at_launch.unwrap_or(false)), value: Some(tag.value.clone().unwrap_or_default()) };
        Ok(Some(Self { id: Some(prior.made_id()), tag: vec![found], ..prior }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        planned.set(client).await?;
        Ok(Self { id: prior.id, ..planned })
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        if Self::read(client, prior.clone()).await?.is_none() {
            return Ok(());
        }
        client.autoscaling().delete_tags().tags(prior.request()).send().await.api("autoscaling:DeleteTags")?;
        Ok(())
    }

    /// `GROUP,KEY`
    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let (group, key) = id.split_once(',').ok_or_else(|| Fault::error("Invalid import id", "Give GROUP,KEY, such as web,team."))?;
        let tag = vec![GroupTag { key: Some(key.to_owned()), ..GroupTag::default() }];
        Ok(Self { autoscaling_group_name: Some(group.to_owned()), id: Some(id.to_owned()), tag })
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
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.92.0.0/16"})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.92.1.0/24"})).await, "id");
        let template = lab.make("aws_launch_template", json!({"name": "asg-tagged", "image_id": "ami-12c6146b", "instance_type": "t3.small"})).await;
        let group = json!({"name": "asg-tagged", "min_size": 0, "max_size": 1, "vpc_zone_identifier": [subnet], "launch_template": [{"id": text(&template, "id"), "version": "1"}]});
        lab.make("aws_autoscaling_group", group).await;
        let config = |value: &str, all: bool| json!({"autoscaling_group_name": "asg-tagged", "tag": [{"key": "team", "value": value, "propagate_at_launch": all}]});
        let state = Lifecycle::new(&lab, "aws_autoscaling_group_tag", config("a", false)).update(config("b", false)).update(config("b", true)).run().await;
        assert_eq!(text(&state, "id"), "asg-tagged,team");
        let other = json!({"autoscaling_group_name": "asg-tagged", "tag": [{"key": "owner", "value": "b", "propagate_at_launch": true}]});
        assert_eq!(lab.plan("aws_autoscaling_group_tag", Some(&state), &other).await.expect("plan").requires_replace.len(), 1);
    }
}
