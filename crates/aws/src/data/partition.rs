//! `data "aws_partition"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::{Client, partition};

/// The partition of AWS that the provider works in.
///
/// ```hcl
/// data "aws_partition" "current" {}
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_partition")]
pub(crate) struct Partition {
    /// Domain of its services.
    #[schema(computed)]
    dns_suffix: Option<String>,
    /// As ARNs name it.
    #[schema(optional, computed)]
    id: Option<String>,
    /// As ARNs name it.
    #[schema(computed)]
    partition: Option<String>,
    /// The domain backwards.
    #[schema(computed)]
    reverse_dns_prefix: Option<String>,
}

impl DataSource for Partition {
    type Client = Client;
    const OFFLINE: bool = true;

    async fn read(client: &Client, _config: Self) -> Result<Self, Fault> {
        let found = partition::of_region(client.region());
        Ok(Self {
            dns_suffix: Some(found.dns_suffix.to_owned()),
            id: Some(found.id.to_owned()),
            partition: Some(found.id.to_owned()),
            reverse_dns_prefix: Some(found.reverse_dns_prefix.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, lab_with, text};

    #[tokio::test]
    async fn public_and_china() {
        let found = lab().await.data("aws_partition", json!({})).await.expect("partition");
        assert_eq!((text(&found, "partition"), text(&found, "reverse_dns_prefix")), ("aws".into(), "com.amazonaws".into()));
        let found = lab_with(json!({"region": "cn-north-1"})).await.data("aws_partition", json!({})).await.expect("partition");
        assert_eq!((text(&found, "id"), text(&found, "dns_suffix")), ("aws-cn".into(), "amazonaws.com.cn".into()));
    }
}
