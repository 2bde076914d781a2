//! `aws_internet_gateway`

use std::collections::HashMap;

use aws_sdk_ec2::types::{AttachmentStatus, InternetGateway as Remote, ResourceType};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::api::{ApiError, Explain};
use crate::marker::{self, filter};
use crate::tags::{self, Tags};
use crate::timeouts::timeouts;
use crate::{Client, plan, wait};

/// The way from a VPC to the internet.
///
/// ```hcl
/// resource "aws_internet_gateway" "main" {
///   vpc_id = aws_vpc.main.id
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_internet_gateway")]
pub(crate) struct InternetGateway {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Account that owns it.
    #[schema(computed)]
    owner_id: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// VPC that it is attached to.
    #[schema(optional, computed)]
    vpc_id: Option<String>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(create, delete, update);

async fn describe(client: &Client, id: &str) -> Result<Option<Remote>, Fault> {
    client
        .batch("ec2 internet gateway", 150, id.to_owned(), |client, ids: Vec<String>| async move {
            let pages = client.ec2().describe_internet_gateways().filters(filter("internet-gateway-id", ids)).into_paginator().items().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeInternetGateways")?;
            Ok(found.into_iter().filter_map(|gateway| Some((gateway.internet_gateway_id.clone()?, gateway))).collect::<HashMap<_, _>>())
        })
        .await
}

impl InternetGateway {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn vpc(&self) -> Option<&str> {
        self.vpc_id.as_deref().filter(|vpc| !vpc.is_empty())
    }

    async fn attach(client: &Client, id: &str, vpc: &str, limit: std::time::Duration) -> Result<(), Fault> {
        // A gateway is not seen everywhere at once after its creation.
        wait::retry(
            limit,
            |error: &ApiError| error.is(&["InvalidInternetGatewayID.NotFound"]),
            || async { client.ec2().attach_internet_gateway().internet_gateway_id(id).vpc_id(vpc).send().await.api("ec2:AttachInternetGateway") },
        )
        .await?;
        wait::until("the internet gateway to be attached", limit, || async {
            let Some(gateway) = describe(client, id).await? else { return Ok(None) };
            let there = |state: Option<&AttachmentStatus>| matches!(state.map(AttachmentStatus::as_str), Some("available" | "attached"));
            Ok(gateway.attachments().iter().any(|attachment| attachment.vpc_id() == Some(vpc) && there(attachment.state())).then_some(()))
        })
        .await
    }

    async fn detach(client: &Client, id: &str, vpc: &str, limit: std::time::Duration) -> Result<(), Fault> {
        // Public addresses of the VPC's instances must be gone first.
        let done = wait::retry(
            limit,
            |error: &ApiError| error.is(&["DependencyViolation"]),
            || async { client.ec2().detach_internet_gateway().internet_gateway_id(id).vpc_id(vpc).send().await.api("ec2:DetachInternetGateway") },
        )
        .await;
        match done {
            Err(error) if !error.is(&["Gateway.NotAttached"]) => Err(error.into()),
            _ => Ok(()),
        }
    }
}

impl Resource for InternetGateway {
    type Client = Client;
    const MARKED: bool = true;

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_ref()), 20)?;
        let tags = client.new_tags(ResourceType::InternetGateway, &planned.tags, operation.token);
        let answer = client.ec2().create_internet_gateway().tag_specifications(tags).send().await.api("ec2:CreateInternetGateway")?;
        let id = answer.internet_gateway.and_then(|gateway| gateway.internet_gateway_id);
        let id = id.ok_or_else(|| Fault::uncertain("ec2:CreateInternetGateway failed", "The answer holds no gateway."))?;
        let created = Self { id: Some(id.clone()), ..planned };
        operation.created(&Self { vpc_id: None, ..created.clone() })?;
        if let Some(vpc) = created.vpc() {
            Self::attach(client, &id, vpc, limit).await?;
        }
        wait::appear("internet gateway", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(gateway) = describe(client, prior.id()).await? else { return Ok(None) };
        let (tags, tags_all) = client.tag_rules().read(tags::of_ec2(gateway.tags()), &prior.tags);
        let owner = gateway.owner_id.clone().unwrap_or_default();
        Ok(Some(Self {
            arn: Some(client.arn("ec2", &owner, &format!("internet-gateway/{}", prior.id()))),
            owner_id: Some(owner),
            vpc_id: Some(gateway.attachments().first().and_then(|attachment| attachment.vpc_id()).unwrap_or_default().to_owned()),
            tags,
            tags_all,
            ..prior
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.update.as_ref()), 20)?;
        let id = prior.id().to_owned();
        if prior.vpc() != planned.vpc() {
            if let Some(vpc) = prior.vpc() {
                Self::detach(client, &id, vpc, limit).await?;
            }
            if let Some(vpc) = planned.vpc() {
                Self::attach(client, &id, vpc, limit).await?;
            }
        }
        client.retag(&id, &prior.tags_all, &planned.tags).await?;
        Self::read(client, Self { id: Some(id), ..planned }).await?.ok_or_else(|| Fault::not_found("The internet gateway is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let limit = wait::limit(prior.timeouts.as_ref().and_then(|timeouts| timeouts.delete.as_ref()), 20)?;
        if let Some(vpc) = prior.vpc() {
            Self::detach(client, prior.id(), vpc, limit).await?;
        }
        wait::retry(
            limit,
            |error: &ApiError| error.is(&["DependencyViolation"]),
            || async { client.ec2().delete_internet_gateway().internet_gateway_id(prior.id()).send().await.api("ec2:DeleteInternetGateway") },
        )
        .await?;
        Ok(())
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        match marker::find(client, "internet-gateway", token).await? {
            Some(id) => {
                // The crash may have come between creating and attaching.
                let wanted = Self { id: Some(id.clone()), ..planned };
                let found = Self::read(client, wanted.clone()).await?;
                if let (Some(gateway), Some(vpc)) = (&found, wanted.vpc())
                    && gateway.vpc().is_none()
                {
                    Self::attach(client, &id, vpc, wait::limit(None, 20)?).await?;
                    return Self::read(client, wanted).await;
                }
                Ok(found)
            }
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
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.5.0.0/16"})).await, "id");
        let other = text(&lab.make("aws_vpc", json!({"cidr_block": "10.6.0.0/16"})).await, "id");
        Lifecycle::new(&lab, "aws_internet_gateway", json!({"vpc_id": vpc}))
            .update(json!({"vpc_id": vpc, "tags": {"Name": "main"}}))
            .update(json!({"vpc_id": other, "tags": {"Name": "main"}}))
            .run()
            .await;
    }
}
