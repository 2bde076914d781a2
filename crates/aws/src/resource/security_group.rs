//! `aws_security_group`

use std::time::Duration;

use aws_sdk_ec2::types::{ResourceType, SecurityGroup as Remote};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::{ApiError, Explain};
use crate::marker::{self, filter};
use crate::security_rules::{self, Direction, Rule};
use crate::tags::{self, Tags};
use crate::timeouts::timeouts;
use crate::{Client, name, plan, unset, wait};

/// A firewall around network interfaces.
///
/// ```hcl
/// resource "aws_security_group" "web" {
///   name   = "web"
///   vpc_id = aws_vpc.main.id
///
///   ingress {
///     protocol    = "tcp"
///     from_port   = 443
///     to_port     = 443
///     cidr_blocks = ["0.0.0.0/0"]
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_security_group", version = 1)]
pub(crate) struct SecurityGroup {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Description; cannot be changed.
    #[schema(optional, force_new, default = "Managed by Terraform")]
    description: Option<String>,
    /// Rules for traffic that leaves; leave it out when they are resources of their own.
    #[schema(optional, computed, set)]
    egress: Option<Vec<Rule>>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Rules for traffic that comes in; leave it out when they are resources of their own.
    #[schema(optional, computed, set)]
    ingress: Option<Vec<Rule>>,
    /// Name.
    #[schema(optional, computed, force_new)]
    name: Option<String>,
    /// Beginning of a name that is made up.
    #[schema(optional, computed, force_new)]
    name_prefix: Option<String>,
    /// Account that owns it.
    #[schema(computed)]
    owner_id: Option<String>,
    /// Takes all rules away before the group is deleted.
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
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(create, delete);

/// One security group with its rules, asked for together with others.
pub(crate) async fn describe(client: &Client, id: &str) -> Result<Option<Remote>, Fault> {
    client
        .batch("ec2 security group", 150, id.to_owned(), |client, ids: Vec<String>| async move {
            let pages = client.ec2().describe_security_groups().filters(filter("group-id", ids)).into_paginator().items().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeSecurityGroups")?;
            Ok(found.into_iter().filter_map(|group| Some((group.group_id.clone()?, group))).collect())
        })
        .await
}

impl SecurityGroup {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// The new group has one rule that lets everything out; it is not in the configuration, so it goes.
    async fn set_first_rules(&self, client: &Client, limit: Duration) -> Result<(), Fault> {
        let group = wait::until("the security group", limit, || async { describe(client, self.id()).await }).await?;
        let egress = security_rules::read(&group, Direction::Egress, &[]);
        let ingress = security_rules::read(&group, Direction::Ingress, &[]);
        security_rules::change(client, self.id(), Direction::Egress, &egress, self.egress.as_deref().unwrap_or_default()).await?;
        security_rules::change(client, self.id(), Direction::Ingress, &ingress, self.ingress.as_deref().unwrap_or_default()).await
    }
}

impl Resource for SecurityGroup {
    type Client = Client;
    const MARKED: bool = true;

    fn validate(config: &Value) -> Vec<Fault> {
        let mut faults = security_rules::validate(config);
        let text = |name: &str| config.get(name).and_then(|value| value.as_str().map(str::to_owned));
        if let Some(name) = text("name") {
            if name.len() > 255 || name.starts_with("sg-") {
                faults.push(Fault::attribute(Path::attr("name"), "Invalid name", "A name has at most 255 characters and does not begin with \"sg-\"."));
            }
            if text("name_prefix").is_some() {
                faults.push(Fault::attribute(Path::attr("name_prefix"), "Conflicting arguments", "Set `name` or `name_prefix`, not both."));
            }
        }
        faults
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        security_rules::plan(plan);
        if !plan.creating() && plan.config("name").is_null() && plan.changed("name_prefix") {
            plan.unknown("name");
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_ref()), 10)?;
        let prefix = planned.name_prefix.as_deref().filter(|prefix| !prefix.is_empty()).unwrap_or("terraform-");
        let name = planned.name.clone().unwrap_or_else(|| name::unique(prefix, operation.token));
        let answer = client
            .ec2()
            .create_security_group()
            .group_name(&name)
            .set_description(planned.description.clone())
            .set_vpc_id(planned.vpc_id.clone())
            .tag_specifications(client.new_tags(ResourceType::SecurityGroup, &planned.tags, operation.token))
            .send()
            .await
            .api("ec2:CreateSecurityGroup")?;
        let created = Self { id: answer.group_id, name: Some(name), ..planned };
        // Before it counts as created: a group that is taken up after a crash by its id alone would keep the rule that lets everything out, which AWS adds. Found by its marker it gets its rules.
        let rules = created.set_first_rules(client, limit).await;
        operation.created(&Self { ingress: None, egress: None, ..created.clone() })?;
        rules?;
        wait::appear("security group", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(group) = describe(client, prior.id()).await? else { return Ok(None) };
        let (tags, tags_all) = client.tag_rules().read(tags::of_ec2(group.tags()), &prior.tags);
        let owner = group.owner_id.clone().unwrap_or_default();
        let name = group.group_name().unwrap_or_default();
        Ok(Some(Self {
            arn: Some(client.arn("ec2", &owner, &format!("security-group/{}", prior.id()))),
            description: unset::text(prior.description.as_ref(), group.description()),
            egress: Some(security_rules::read(&group, Direction::Egress, prior.egress.as_deref().unwrap_or_default())),
            ingress: Some(security_rules::read(&group, Direction::Ingress, prior.ingress.as_deref().unwrap_or_default())),
            name: Some(name.to_owned()),
            name_prefix: Some(name::prefix(name).to_owned()),
            owner_id: Some(owner),
            revoke_rules_on_delete: Some(prior.revoke_rules_on_delete.unwrap_or(false)),
            id: group.group_id.clone(),
            vpc_id: group.vpc_id,
            tags,
            tags_all,
            timeouts: prior.timeouts,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let id = prior.id().to_owned();
        for (direction, before, after) in [(Direction::Ingress, &prior.ingress, &planned.ingress), (Direction::Egress, &prior.egress, &planned.egress)] {
            security_rules::change(client, &id, direction, before.as_deref().unwrap_or_default(), after.as_deref().unwrap_or_default()).await?;
        }
        client.retag(&id, &prior.tags_all, &planned.tags).await?;
        Self::read(client, Self { id: Some(id), ..planned }).await?.ok_or_else(|| Fault::not_found("The security group is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let limit = wait::limit(prior.timeouts.as_ref().and_then(|timeouts| timeouts.delete.as_ref()), 15)?;
        if prior.revoke_rules_on_delete == Some(true)
            && let Some(group) = describe(client, prior.id()).await?
        {
            security_rules::clear(client, &group).await?;
        }
        // Interfaces of load balancers, endpoints and functions go away after their owners.
        wait::retry(
            limit,
            |error: &ApiError| error.is(&["DependencyViolation", "InvalidGroup.InUse"]),
            || async { client.ec2().delete_security_group().group_id(prior.id()).send().await.api("ec2:DeleteSecurityGroup") },
        )
        .await?;
        Ok(())
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        let Some(id) = marker::find(client, "sg", token).await? else { return Ok(None) };
        let wanted = Self { id: Some(id), ..planned };
        // The crash may have come before the rules were set.
        wanted.set_first_rules(client, wait::limit(None, 10)?).await?;
        Self::read(client, wanted).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.11.0.0/16"})).await, "id");
        let web = |ranges: &[&str], text: &str| json!({"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ranges, "description": text});
        let out = json!({"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]});
        let inner = json!({"protocol": "TCP", "from_port": 1, "to_port": 2, "self": true});
        let base = json!({"name": "lifecycle-web", "vpc_id": vpc, "ingress": [web(&["10.0.0.0/8", "11.0.0.0/8"], "web")], "egress": [out.clone()]});
        let mut second = base.clone();
        second["ingress"] = json!([web(&["11.0.0.0/8", "12.0.0.0/8"], "web"), inner]);
        second["tags"] = json!({"Name": "web"});
        let mut third = second.clone();
        third["egress"] = json!([]);
        Lifecycle::new(&lab, "aws_security_group", base).update(second).update(third).import_ignores(&["ingress", "egress"]).run().await;
        let twice = json!({"name": "twice", "ingress": [web(&["10.0.0.0/8"], "a"), web(&["10.0.0.0/8"], "b")]});
        assert_eq!(lab.refused("aws_security_group", twice).await[0].summary, "Duplicate rule");
    }

    #[tokio::test]
    async fn made_up_names() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.12.0.0/16"})).await, "id");
        let state = Lifecycle::new(&lab, "aws_security_group", json!({"name_prefix": "web-", "vpc_id": vpc, "description": "x"}))
            .update(json!({"name_prefix": "web-", "vpc_id": vpc, "description": "x", "revoke_rules_on_delete": true}))
            .import_ignores(&["revoke_rules_on_delete"])
            .run()
            .await;
        assert!(text(&state, "name").starts_with("web-") && text(&state, "name").len() == 30);
        assert_eq!(state.get("egress").expect("egress").length(), Some(0));
    }

    /// Rules that are resources of their own show in the group's state, and nothing is planned because of them.
    #[tokio::test]
    async fn rules_of_their_own() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.13.0.0/16"})).await, "id");
        let config = json!({"name": "own-rules", "vpc_id": vpc, "description": "x"});
        let group = lab.make("aws_security_group", config.clone()).await;
        let rule = json!({"security_group_id": text(&group, "id"), "ip_protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_ipv4": "10.0.0.0/8"});
        for kind in ["aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule"] {
            lab.make(kind, rule.clone()).await;
        }
        let found = lab.read("aws_security_group", &group).await.expect("the group");
        for direction in ["ingress", "egress"] {
            assert_eq!(found.get(direction).expect("attribute").length(), Some(1), "{direction}");
        }
        let planned = lab.plan("aws_security_group", Some(&found), &config).await.expect("plan");
        assert_eq!(planned.state, found);
    }
}
