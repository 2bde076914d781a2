//! `data "aws_security_groups"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::data::availability_zones::Filter;
use crate::tags::Tags;
use crate::timeouts::timeouts;
use crate::{Client, query};

/// Ids, ARNs and VPCs of security groups.
///
/// ```hcl
/// data "aws_security_groups" "found" {
///   tags = { Tier = "private" }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_security_groups")]
pub(crate) struct SecurityGroups {
    /// ARNs.
    #[schema(computed)]
    arns: Option<Vec<String>>,
    /// Region.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Ids.
    #[schema(computed)]
    ids: Option<Vec<String>>,
    /// Tags that they must have.
    #[schema(optional, computed)]
    tags: Tags,
    /// VPCs, in the order of the ids.
    #[schema(computed)]
    vpc_ids: Option<Vec<String>>,
    /// Filters of the API.
    #[schema(block, set)]
    filter: Vec<Filter>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

impl DataSource for SecurityGroups {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let filters = query::filters([], &config.tags, &config.filter);
        let pages = client.ec2().describe_security_groups().set_filters(filters).into_paginator().items().send();
        let found = pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeSecurityGroups")?;
        let arn = |owner: Option<&str>, id: &str| client.arn("ec2", owner.unwrap_or_default(), &format!("security-group/{id}"));
        Ok(Self {
            arns: Some(found.iter().map(|group| arn(group.owner_id(), group.group_id().unwrap_or_default())).collect()),
            id: Some(client.region().to_owned()),
            ids: Some(found.iter().map(|group| group.group_id.clone().unwrap_or_default()).collect()),
            vpc_ids: Some(found.iter().map(|group| group.vpc_id.clone().unwrap_or_default()).collect()),
            ..config
        })
    }
}
