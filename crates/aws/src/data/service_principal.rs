//! `data "aws_service_principal"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::{Client, partition};

/// The name by which policies know a service.
///
/// ```hcl
/// data "aws_service_principal" "logs" {
///   service_name = "logs"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_service_principal")]
pub(crate) struct ServicePrincipal {
    /// The principal with the region in it.
    #[schema(computed)]
    id: Option<String>,
    /// The principal.
    #[schema(computed)]
    name: Option<String>,
    /// Region; the provider's when unset.
    #[schema(optional, computed)]
    region: Option<String>,
    /// The service, such as `s3`.
    #[schema(required)]
    service_name: Option<String>,
    /// What the principal ends in.
    #[schema(computed)]
    suffix: Option<String>,
}

/// Services whose principals end in the domain of their partition; all others are `amazonaws.com` everywhere.
const LOCAL: [(&str, &[&str]); 3] =
    [("aws-cn", &["codedeploy", "elasticmapreduce", "logs"]), ("aws-iso", &["cloudhsm", "config", "logs", "workspaces"]), ("aws-iso-b", &["dms", "logs"])];

impl DataSource for ServicePrincipal {
    type Client = Client;
    const OFFLINE: bool = true;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let region = config.region.unwrap_or_else(|| client.region().to_owned());
        let service = config.service_name.unwrap_or_default();
        let place = partition::of_region(&region);
        let local = LOCAL.iter().any(|(partition, services)| *partition == place.id && services.contains(&service.as_str()));
        let suffix = if local { place.dns_suffix } else { "amazonaws.com" };
        Ok(Self {
            id: Some(format!("{service}.{region}.{suffix}")),
            name: Some(format!("{service}.{suffix}")),
            region: Some(region),
            service_name: Some(service),
            suffix: Some(suffix.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn by_partition() {
        let lab = lab().await;
        for (query, name, id) in [
            (json!({"service_name": "logs"}), "logs.amazonaws.com", "logs.eu-central-1.amazonaws.com"),
            (json!({"service_name": "logs", "region": "cn-north-1"}), "logs.amazonaws.com.cn", "logs.cn-north-1.amazonaws.com.cn"),
            (json!({"service_name": "s3", "region": "cn-north-1"}), "s3.amazonaws.com", "s3.cn-north-1.amazonaws.com"),
        ] {
            let found = lab.data("aws_service_principal", query).await.expect("principal");
            assert_eq!((text(&found, "name"), text(&found, "id")), (name.to_owned(), id.to_owned()));
        }
    }
}
