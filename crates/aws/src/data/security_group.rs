//! `data "aws_security_group"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::data::availability_zones::Filter;
use crate::tags::Tags;
use crate::timeouts::timeouts;
use crate::{Client, query};

/// A security group.
///
/// ```hcl
/// data "aws_security_group" "web" {
///   name   = "web"
///   vpc_id = data.aws_vpc.main.id
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_security_group")]
pub(crate) struct SecurityGroup {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Description.
    #[schema(computed)]
    description: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Name.
    #[schema(optional, computed)]
    name: Option<String>,
    /// Tags.
    #[schema(optional, computed)]
    tags: Tags,
    /// VPC.
    #[schema(optional, computed)]
    vpc_id: Option<String>,
    /// Filters of the API.
    #[schema(block, set)]
    filter: Vec<Filter>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

impl DataSource for SecurityGroup {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let arguments = [("group-id", config.id.as_ref()), ("group-name", config.name.as_ref()), ("vpc-id", config.vpc_id.as_ref())];
        let filters = query::filters(arguments, &config.tags, &config.filter);
        let pages = client.ec2().describe_security_groups().set_filters(filters).into_paginator().items().send();
        let group = query::only("security group", pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeSecurityGroups")?)?;
        let id = group.group_id.clone().unwrap_or_default();
        Ok(Self {
            arn: Some(client.arn("ec2", group.owner_id().unwrap_or_default(), &format!("security-group/{id}"))),
            description: group.description.clone(),
            id: Some(id),
            name: group.group_name.clone(),
            tags: query::tags(client, group.tags()),
            vpc_id: group.vpc_id.clone(),
            ..config
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn one_and_many() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.33.0.0/16"})).await, "id");
        let made = lab.make("aws_security_group", json!({"name": "data-one", "vpc_id": vpc, "tags": {"Name": "one"}})).await;
        let found = lab.data("aws_security_group", json!({"name": "data-one", "vpc_id": vpc})).await.expect("group");
        assert_eq!((text(&found, "id"), text(&found, "arn")), (text(&made, "id"), text(&made, "arn")));
        let many = lab.data("aws_security_groups", json!({"filter": [{"name": "vpc-id", "values": [vpc]}]})).await.expect("groups");
        assert_eq!(many.get("vpc_ids").expect("VPCs").length(), Some(2));
        let faults = lab.data("aws_security_group", json!({"vpc_id": vpc})).await.expect_err("two");
        assert_eq!(faults[0].summary, "More than one security group");
    }
}
