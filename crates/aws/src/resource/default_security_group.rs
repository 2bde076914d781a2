//! `aws_default_security_group`

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use crate::api::Explain;
use crate::marker::filter;
use crate::resource::{security_group, vpc};
use crate::security_rules::{self, Direction, Rule};
use crate::tags::{self, Tags};
use crate::{Client, plan};

/// The security group that every VPC has: adopted, and emptied of all rules that are not written here.
///
/// ```hcl
/// resource "aws_default_security_group" "closed" {
///   vpc_id = aws_vpc.main.id
/// }
/// ```
///
/// Deleting it leaves the group as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_default_security_group", version = 1)]
pub(crate) struct DefaultSecurityGroup {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Description.
    #[schema(computed)]
    description: Option<String>,
    /// Rules for traffic that leaves.
    #[schema(optional, computed, set)]
    egress: Option<Vec<Rule>>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Rules for traffic that comes in.
    #[schema(optional, computed, set)]
    ingress: Option<Vec<Rule>>,
    /// Name.
    #[schema(computed)]
    name: Option<String>,
    /// Always empty.
    #[schema(computed)]
    name_prefix: Option<String>,
    /// Account that owns it.
    #[schema(computed)]
    owner_id: Option<String>,
    /// Without effect: the group cannot be deleted.
    #[schema(optional, default = false)]
    revoke_rules_on_delete: Option<bool>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// VPC; the default VPC when unset.
    #[schema(optional, computed, force_new)]
    vpc_id: Option<String>,
}

impl DefaultSecurityGroup {
    async fn default_vpc(client: &Client) -> Result<String, Fault> {
        let answer = client.ec2().describe_vpcs().filters(filter("is-default", ["true"])).send().await.api("ec2:DescribeVpcs")?;
        let found = answer.vpcs.unwrap_or_default().into_iter().find_map(|vpc| vpc.vpc_id);
        found.ok_or_else(|| Fault::error("No default VPC", "The region has no default VPC: set `vpc_id`."))
    }
}

impl Resource for DefaultSecurityGroup {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        security_rules::validate(config)
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        security_rules::plan(plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let vpc = match planned.vpc_id.clone().filter(|vpc| !vpc.is_empty()) {
            Some(vpc) => vpc,
            None => Self::default_vpc(client).await?,
        };
        let id = vpc::default_security_group(client, &vpc).await?.ok_or_else(|| Fault::error("No default security group", format!("VPC {vpc} has none.")))?;
        let group = security_group::describe(client, &id).await?.ok_or_else(|| Fault::not_found("The default security group is gone."))?;
        let adopted = Self { id: Some(id.clone()), ..planned };
        operation.created(&adopted)?;
        let (_, tags_all) = client.tag_rules().read(tags::of_ec2(group.tags()), &None);
        for (direction, rules) in [(Direction::Ingress, &adopted.ingress), (Direction::Egress, &adopted.egress)] {
            let there = security_rules::read(&group, direction, &[]);
            security_rules::change(client, &id, direction, &there, rules.as_deref().unwrap_or_default()).await?;
        }
        client.retag(&id, &tags_all, &adopted.tags).await?;
        Self::read(client, adopted).await?.ok_or_else(|| Fault::not_found("The default security group is gone."))
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(group) = security_group::describe(client, prior.id.as_deref().unwrap_or_default()).await? else { return Ok(None) };
        let (tags, tags_all) = client.tag_rules().read(tags::of_ec2(group.tags()), &prior.tags);
        let owner = group.owner_id.clone().unwrap_or_default();
        Ok(Some(Self {
            arn: Some(client.arn("ec2", &owner, &format!("security-group/{}", group.group_id().unwrap_or_default()))),
            egress: Some(security_rules::read(&group, Direction::Egress, prior.egress.as_deref().unwrap_or_default())),
            ingress: Some(security_rules::read(&group, Direction::Ingress, prior.ingress.as_deref().unwrap_or_default())),
            name_prefix: Some(String::new()),
            owner_id: Some(owner),
            revoke_rules_on_delete: Some(prior.revoke_rules_on_delete.unwrap_or(false)),
            description: group.description,
            id: group.group_id,
            name: group.group_name,
            vpc_id: group.vpc_id,
            tags,
            tags_all,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let id = prior.id.clone().unwrap_or_default();
        for (direction, before, after) in [(Direction::Ingress, &prior.ingress, &planned.ingress), (Direction::Egress, &prior.egress, &planned.egress)] {
            security_rules::change(client, &id, direction, before.as_deref().unwrap_or_default(), after.as_deref().unwrap_or_default()).await?;
        }
        client.retag(&id, &prior.tags_all, &planned.tags).await?;
        Self::read(client, Self { id: Some(id), ..planned }).await?.ok_or_else(|| Fault::not_found("The default security group is gone."))
    }

    async fn delete(_client: &Client, _prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let vpc = lab.make("aws_vpc", json!({"cidr_block": "10.13.0.0/16"})).await;
        let id = text(&vpc, "id");
        let rule = json!({"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["10.0.0.0/8"]});
        let state = Lifecycle::new(&lab, "aws_default_security_group", json!({"vpc_id": id}))
            .update(json!({"vpc_id": id, "ingress": [rule], "tags": {"Name": "closed"}}))
            .adopts()
            .stays()
            .run()
            .await;
        assert_eq!(text(&state, "id"), text(&vpc, "default_security_group_id"));
        assert_eq!(state.get("egress").expect("egress").length(), Some(0));
    }
}
