//! `data "aws_service"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::Explain;
use crate::{Client, partition};

/// The names of a service in a region, and whether it is there.
///
/// That is asked of the public parameters of the Systems Manager (`/aws/service/global-infrastructure`).
///
/// ```hcl
/// data "aws_service" "s3" {
///   service_id = "s3"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_service")]
pub(crate) struct Service {
    /// Such as `s3.eu-central-1.amazonaws.com`.
    #[schema(optional, computed)]
    dns_name: Option<String>,
    /// The name for VPC endpoints.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Partition of the region.
    #[schema(computed)]
    partition: Option<String>,
    /// Region; the provider's when unset.
    #[schema(optional, computed)]
    region: Option<String>,
    /// Such as `com.amazonaws.eu-central-1.s3`.
    #[schema(optional, computed)]
    reverse_dns_name: Option<String>,
    /// Such as `com.amazonaws`.
    #[schema(optional, computed)]
    reverse_dns_prefix: Option<String>,
    /// Such as `s3`.
    #[schema(optional, computed)]
    service_id: Option<String>,
    /// The region has the service.
    #[schema(computed)]
    supported: Option<bool>,
}

/// The labels of a name in the other order.
fn reversed(name: &str) -> String {
    name.split('.').rev().collect::<Vec<_>>().join(".")
}

/// Prefix, region and service of a reversed name.
fn parts(name: &str) -> Option<(&str, &str, &str)> {
    let (rest, service) = name.rsplit_once('.')?;
    let (prefix, region) = rest.rsplit_once('.')?;
    prefix.contains('.').then_some((prefix, region, service))
}

impl DataSource for Service {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let set = |name: &str| config.get(name).is_some_and(|value| !value.is_null());
        let written: Vec<&str> = ["dns_name", "reverse_dns_name", "service_id"].into_iter().filter(|name| set(name)).collect();
        match written[..] {
            [] => vec![Fault::error("Missing argument", "Set one of service_id, dns_name, reverse_dns_name.")],
            [_] => Vec::new(),
            [_, second, ..] => vec![Fault::attribute(Path::attr(second), "Conflicting arguments", format!("Set only one of {}.", written.join(", ")))],
        }
    }

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let (argument, name) = match (&config.reverse_dns_name, &config.dns_name) {
            (Some(name), _) => ("reverse_dns_name", Some(name.clone())),
            (None, name) => ("dns_name", name.as_deref().map(reversed)),
        };
        let (prefix, region, service) = match &name {
            Some(name) => {
                let wrong = || {
                    Fault::attribute(
                        Path::attr(argument),
                        "Invalid name of a service",
                        "It should have a domain, a region and a service, such as s3.eu-central-1.amazonaws.com.",
                    )
                };
                let (prefix, region, service) = parts(name).ok_or_else(wrong)?;
                (prefix.to_owned(), region.to_owned(), service.to_owned())
            }
            None => {
                let region = config.region.clone().unwrap_or_else(|| client.region().to_owned());
                let prefix = config.reverse_dns_prefix.clone().unwrap_or_else(|| partition::of_region(&region).reverse_dns_prefix.to_owned());
                (prefix, region, config.service_id.clone().unwrap_or_default())
            }
        };
        let listed = format!("/aws/service/global-infrastructure/regions/{region}/services/{service}");
        let supported = match client.ssm().get_parameter().name(listed).send().await.api("ssm:GetParameter") {
            Ok(_) => true,
            Err(error) if error.not_found() || error.is(&["ValidationException"]) => false,
            Err(error) => return Err(error.into()),
        };
        let name = format!("{prefix}.{region}.{service}");
        Ok(Self {
            dns_name: Some(reversed(&name)),
            id: Some(name.clone()),
            partition: Some(partition::of_region(&region).id.to_owned()),
            region: Some(region),
            reverse_dns_name: Some(name),
            reverse_dns_prefix: Some(prefix),
            service_id: Some(service),
            supported: Some(supported),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use weir_value::Value;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn by_every_name() {
        let lab = lab().await;
        for (query, id, dns, supported) in [
            (json!({"service_id": "athena"}), "com.amazonaws.eu-central-1.athena", "athena.eu-central-1.amazonaws.com", true),
            (json!({"dns_name": "athena.us-west-2.amazonaws.com"}), "com.amazonaws.us-west-2.athena", "athena.us-west-2.amazonaws.com", true),
            (json!({"reverse_dns_name": "cn.com.amazonaws.cn-north-1.none"}), "cn.com.amazonaws.cn-north-1.none", "none.cn-north-1.amazonaws.com.cn", false),
            (json!({"service_id": "none", "reverse_dns_prefix": "org.x"}), "org.x.eu-central-1.none", "none.eu-central-1.x.org", false),
        ] {
            let found = lab.data("aws_service", query).await.expect("service");
            assert_eq!((text(&found, "id"), text(&found, "dns_name")), (id.to_owned(), dns.to_owned()));
            assert_eq!(found.get("supported"), Some(Value::from(supported)), "{id}");
        }
        let faults = lab.data("aws_service", json!({"dns_name": "s3"})).await.expect_err("short");
        assert_eq!(faults[0].summary, "Invalid name of a service");
    }
}
