//! `data "aws_autoscaling_groups"`

use aws_sdk_autoscaling::types::Filter as Remote;
use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::Client;
use crate::api::Explain;

/// The names of Auto Scaling groups.
///
/// ```hcl
/// data "aws_autoscaling_groups" "web" {
///   filter {
///     name   = "tag:team"
///     values = ["web"]
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_autoscaling_groups")]
pub(crate) struct AutoscalingGroups {
    /// Their ARNs.
    #[schema(computed)]
    arns: Option<Vec<String>>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Their names.
    #[schema(optional, computed)]
    names: Option<Vec<String>>,
    /// Filters of the API.
    #[schema(block, set)]
    filter: Vec<GroupFilter>,
}

/// A filter of the API.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct GroupFilter {
    /// Name.
    #[schema(required)]
    name: String,
    /// Values, one of which must fit.
    #[schema(required)]
    values: Vec<String>,
}

impl DataSource for AutoscalingGroups {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let wanted = config.filter.iter().map(|filter| Remote::builder().name(&filter.name).set_values(Some(filter.values.clone())).build());
        let wanted: Vec<Remote> = wanted.collect();
        let names = config.names.clone().filter(|names| !names.is_empty());
        let call = client.autoscaling().describe_auto_scaling_groups().set_auto_scaling_group_names(names).set_filters((!wanted.is_empty()).then_some(wanted));
        let mut found = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.api("autoscaling:DescribeAutoScalingGroups")?;
        found.sort_by(|a, b| a.auto_scaling_group_name.cmp(&b.auto_scaling_group_name));
        Ok(Self {
            arns: Some(found.iter().map(|group| group.auto_scaling_group_arn.clone().unwrap_or_default()).collect()),
            id: Some(client.region().to_owned()),
            names: Some(found.iter().map(|group| group.auto_scaling_group_name.clone().unwrap_or_default()).collect()),
            ..config
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn by_name_and_tag() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.115.0.0/16"})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.115.1.0/24"})).await, "id");
        let template = lab.make("aws_launch_template", json!({"name": "listed-group", "image_id": "ami-12c6146b", "instance_type": "t3.small"})).await;
        let tag = json!([{"key": "data", "value": "groups", "propagate_at_launch": false}]);
        let config = json!({"name": "listed", "min_size": 0, "max_size": 1, "vpc_zone_identifier": [subnet], "launch_template": [{"id": text(&template, "id"), "version": "1"}], "tag": tag});
        let made = lab.make("aws_autoscaling_group", config).await;
        for query in [json!({"names": ["listed"]}), json!({"filter": [{"name": "tag:data", "values": ["groups"]}]})] {
            let found = lab.data("aws_autoscaling_groups", query).await.expect("groups");
            assert_eq!(format!("{:?}", found.get("names").expect("names")), "[\"listed\"]");
            assert_eq!(format!("{:?}", found.get("arns").expect("arns")), format!("[\"{}\"]", text(&made, "arn")));
        }
    }
}
