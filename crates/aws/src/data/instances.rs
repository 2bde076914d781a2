//! `data "aws_instances"`

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::data::availability_zones::Filter;
use crate::marker::filter;
use crate::tags::Tags;
use crate::timeouts::timeouts;
use crate::{Client, query};

/// Ids and addresses of instances.
///
/// ```hcl
/// data "aws_instances" "workers" {
///   instance_tags = { Role = "worker" }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_instances")]
pub(crate) struct Instances {
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Their ids.
    #[schema(computed)]
    ids: Option<Vec<String>>,
    /// States that are wanted; `running` when unset.
    #[schema(optional, set)]
    instance_state_names: Option<Vec<String>>,
    /// Tags that they have.
    #[schema(optional, computed)]
    instance_tags: Option<BTreeMap<String, String>>,
    /// Their IPv6 addresses.
    #[schema(computed)]
    ipv6_addresses: Option<Vec<String>>,
    /// Their private addresses.
    #[schema(computed)]
    private_ips: Option<Vec<String>>,
    /// Their public addresses.
    #[schema(computed)]
    public_ips: Option<Vec<String>>,
    /// Filters of the API.
    #[schema(block, set)]
    filter: Vec<Filter>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

impl DataSource for Instances {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let tags: Tags = config.instance_tags.clone();
        let mut wanted = query::filters([], &tags, &config.filter).unwrap_or_default();
        let states = config.instance_state_names.clone().filter(|states| !states.is_empty());
        wanted.push(filter("instance-state-name", states.unwrap_or_else(|| vec!["running".to_owned()])));
        let pages = client.ec2().describe_instances().set_filters(Some(wanted)).into_paginator().items().send();
        let found = pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeInstances")?;
        let all: Vec<_> = found.iter().flat_map(|reservation| reservation.instances()).collect();
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Ok(Self {
            id: Some(client.region().to_owned()),
            ids: Some(all.iter().filter_map(|one| one.instance_id.clone()).collect()),
            ipv6_addresses: Some(all.iter().filter_map(|one| given(&one.ipv6_address)).collect()),
            private_ips: Some(all.iter().filter_map(|one| given(&one.private_ip_address)).collect()),
            public_ips: Some(all.iter().filter_map(|one| given(&one.public_ip_address)).collect()),
            ..config
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn by_tag() {
        let lab = lab().await;
        let made = lab.make("aws_instance", json!({"ami": "ami-12c6146b", "instance_type": "t3.micro", "tags": {"Data": "instances"}})).await;
        let found = lab.data("aws_instances", json!({"instance_tags": {"Data": "instances"}})).await.expect("instances");
        assert_eq!(format!("{:?}", found.get("ids").expect("ids")), format!("[\"{}\"]", text(&made, "id")));
        let stopped = lab.data("aws_instances", json!({"instance_tags": {"Data": "instances"}, "instance_state_names": ["stopped"]})).await.expect("none");
        assert_eq!(stopped.get("ids").expect("ids").length(), Some(0));
    }
}
