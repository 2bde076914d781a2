//! `aws_egress_only_internet_gateway`

use aws_sdk_ec2::types::{EgressOnlyInternetGateway as Remote, ResourceType};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::marker;
use crate::tags::{self, Tags};
use crate::{Client, plan, wait};

/// The way from a VPC to the internet over IPv6, without a way back.
///
/// ```hcl
/// resource "aws_egress_only_internet_gateway" "main" {
///   vpc_id = aws_vpc.main.id
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_egress_only_internet_gateway")]
pub(crate) struct EgressOnlyInternetGateway {
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// VPC.
    #[schema(required, force_new)]
    vpc_id: Option<String>,
}

async fn describe(client: &Client, id: &str) -> Result<Option<Remote>, Fault> {
    client
        .batch("ec2 egress-only gateway", 150, id.to_owned(), |client, ids: Vec<String>| async move {
            let pages = client.ec2().describe_egress_only_internet_gateways().set_egress_only_internet_gateway_ids(Some(ids)).into_paginator().items().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeEgressOnlyInternetGateways")?;
            Ok(found.into_iter().filter_map(|gateway| Some((gateway.egress_only_internet_gateway_id.clone()?, gateway))).collect())
        })
        .await
}

impl EgressOnlyInternetGateway {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }
}

impl Resource for EgressOnlyInternetGateway {
    type Client = Client;
    const MARKED: bool = true;

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let tags = client.new_tags(ResourceType::EgressOnlyInternetGateway, &planned.tags, operation.token);
        let call = client.ec2().create_egress_only_internet_gateway().set_vpc_id(planned.vpc_id.clone()).tag_specifications(tags).client_token(operation.token);
        let answer = call.send().await.api("ec2:CreateEgressOnlyInternetGateway")?;
        let id = answer.egress_only_internet_gateway.and_then(|gateway| gateway.egress_only_internet_gateway_id);
        let id = id.ok_or_else(|| Fault::uncertain("ec2:CreateEgressOnlyInternetGateway failed", "The answer holds no gateway."))?;
        let created = Self { id: Some(id), ..planned };
        operation.created(&created)?;
        wait::appear("egress-only internet gateway", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(gateway) = describe(client, prior.id()).await? else { return Ok(None) };
        let (tags, tags_all) = client.tag_rules().read(tags::of_ec2(gateway.tags()), &prior.tags);
        let vpc = gateway.attachments().first().and_then(|attachment| attachment.vpc_id.clone());
        Ok(Some(Self { tags, tags_all, vpc_id: vpc, id: prior.id }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        client.retag(prior.id(), &prior.tags_all, &planned.tags).await?;
        Self::read(client, Self { id: prior.id, ..planned }).await?.ok_or_else(|| Fault::not_found("The egress-only internet gateway is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        client.ec2().delete_egress_only_internet_gateway().egress_only_internet_gateway_id(prior.id()).send().await.api("ec2:DeleteEgressOnlyInternetGateway")?;
        Ok(())
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        match marker::find(client, "eigw", token).await? {
            Some(id) => Self::read(client, Self { id: Some(id), ..planned }).await,
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.79.0.0/16", "assign_generated_ipv6_cidr_block": true})).await, "id");
        let other = text(&lab.make("aws_vpc", json!({"cidr_block": "10.80.0.0/16"})).await, "id");
        let state = Lifecycle::new(&lab, "aws_egress_only_internet_gateway", json!({"vpc_id": vpc})).update(json!({"vpc_id": vpc, "tags": {"Name": "six"}})).run().await;
        let planned = lab.plan("aws_egress_only_internet_gateway", Some(&state), &json!({"vpc_id": other})).await.expect("plan");
        assert_eq!(planned.requires_replace.len(), 1);
    }
}
