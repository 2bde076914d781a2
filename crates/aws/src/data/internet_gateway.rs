//! `data "aws_internet_gateway"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::data::availability_zones::Filter;
use crate::tags::Tags;
use crate::timeouts::timeouts;
use crate::{Client, query};

/// An internet gateway.
///
/// ```hcl
/// data "aws_internet_gateway" "main" {
///   filter {
///     name   = "attachment.vpc-id"
///     values = [data.aws_vpc.main.id]
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_internet_gateway")]
pub(crate) struct InternetGateway {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// A VPC that it is attached to.
    #[schema(computed)]
    attachments: Option<Vec<ShownAttachment>>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Internet gateway id.
    #[schema(optional, computed)]
    internet_gateway_id: Option<String>,
    /// Account that owns it.
    #[schema(computed)]
    owner_id: Option<String>,
    /// Tags.
    #[schema(optional, computed)]
    tags: Tags,
    /// Filters of the API.
    #[schema(block, set)]
    filter: Vec<Filter>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

/// A VPC that it is attached to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ShownAttachment {
    /// State.
    #[schema(optional)]
    state: String,
    /// VPC.
    #[schema(optional)]
    vpc_id: String,
}

impl DataSource for InternetGateway {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let filters = query::filters([("internet-gateway-id", config.internet_gateway_id.as_ref())], &config.tags, &config.filter);
        let pages = client.ec2().describe_internet_gateways().set_filters(filters).into_paginator().items().send();
        let found = query::only("internet gateway", pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeInternetGateways")?)?;
        let (owner, id) = (found.owner_id.clone().unwrap_or_default(), found.internet_gateway_id.clone().unwrap_or_default());
        let attachments = found
            .attachments()
            .iter()
            .map(|one| ShownAttachment { state: one.state().map(|state| state.as_str().to_owned()).unwrap_or_default(), vpc_id: one.vpc_id.clone().unwrap_or_default() });
        Ok(Self {
            arn: Some(client.arn("ec2", &owner, &format!("internet-gateway/{id}"))),
            attachments: Some(attachments.collect()),
            id: Some(id.clone()),
            internet_gateway_id: Some(id),
            owner_id: Some(owner),
            tags: query::tags(client, found.tags()),
            ..config
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn by_vpc() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.111.0.0/16"})).await, "id");
        let made = lab.make("aws_internet_gateway", json!({"vpc_id": vpc})).await;
        let found = lab.data("aws_internet_gateway", json!({"filter": [{"name": "attachment.vpc-id", "values": [vpc]}]})).await.expect("gateway");
        assert_eq!((text(&found, "internet_gateway_id"), text(&found, "arn")), (text(&made, "id"), text(&made, "arn")));
        assert_eq!(found.get("attachments").expect("attachments").length(), Some(1));
    }
}
