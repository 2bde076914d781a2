//! `data "aws_ec2_instance_types"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::Client;
use crate::api::Explain;
use crate::data::availability_zones::{Filter, filters};
use crate::timeouts::timeouts;

/// The names of the types of instances that there are in the region.
///
/// ```hcl
/// data "aws_ec2_instance_types" "arm" {
///   filter {
///     name   = "processor-info.supported-architecture"
///     values = ["arm64"]
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_ec2_instance_types")]
pub(crate) struct Ec2InstanceTypes {
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Their names.
    #[schema(computed)]
    instance_types: Option<Vec<String>>,
    /// Filters of the API.
    #[schema(block, set)]
    filter: Vec<Filter>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

impl DataSource for Ec2InstanceTypes {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let wanted = filters(&config.filter);
        let pages = client.ec2().describe_instance_types().set_filters((!wanted.is_empty()).then_some(wanted)).into_paginator().items().send();
        let found = pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeInstanceTypes")?;
        let names = found.into_iter().filter_map(|one| Some(one.instance_type?.as_str().to_owned())).collect();
        Ok(Self { id: Some(client.region().to_owned()), instance_types: Some(names), ..config })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn by_name() {
        let lab = lab().await;
        let found = lab.data("aws_ec2_instance_types", json!({"filter": [{"name": "instance-type", "values": ["t3.micro", "t3.small"]}]})).await.expect("types");
        assert_eq!(text(&found, "id"), "eu-central-1");
        assert_eq!(found.get("instance_types").expect("types").length(), Some(2));
    }
}
