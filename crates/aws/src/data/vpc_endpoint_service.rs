//! `data "aws_vpc_endpoint_service"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::Explain;
use crate::data::availability_zones::{Filter, filters};
use crate::marker::filter;
use crate::tags::Tags;
use crate::timeouts::timeouts;
use crate::{Client, name, query};

/// A service that endpoints lead to.
///
/// ```hcl
/// data "aws_vpc_endpoint_service" "s3" {
///   service      = "s3"
///   service_type = "Gateway"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_vpc_endpoint_service")]
pub(crate) struct VpcEndpointService {
    /// Acceptance required.
    #[schema(computed)]
    acceptance_required: Option<bool>,
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Availability zones.
    #[schema(computed, set)]
    availability_zones: Option<Vec<String>>,
    /// Base endpoint DNS names.
    #[schema(computed, set)]
    base_endpoint_dns_names: Option<Vec<String>>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Manages VPC endpoints.
    #[schema(computed)]
    manages_vpc_endpoints: Option<bool>,
    /// Who offers it.
    #[schema(computed)]
    owner: Option<String>,
    /// Private DNS name.
    #[schema(computed)]
    private_dns_name: Option<String>,
    /// Private DNS names.
    #[schema(computed, set)]
    private_dns_names: Option<Vec<String>>,
    /// Region.
    #[schema(computed)]
    region: Option<String>,
    /// Short name of a service of AWS, such as `s3`.
    #[schema(optional)]
    service: Option<String>,
    /// Service id.
    #[schema(computed)]
    service_id: Option<String>,
    /// Whole name.
    #[schema(optional, computed)]
    service_name: Option<String>,
    /// Regions to look in.
    #[schema(optional, set)]
    service_regions: Option<Vec<String>>,
    /// `Gateway`, `GatewayLoadBalancer` or `Interface`.
    #[schema(optional, computed)]
    service_type: Option<String>,
    /// Supported IP address types.
    #[schema(computed, set)]
    supported_ip_address_types: Option<Vec<String>>,
    /// Tags.
    #[schema(optional, computed)]
    tags: Tags,
    /// VPC endpoint policy supported.
    #[schema(computed)]
    vpc_endpoint_policy_supported: Option<bool>,
    /// Filters of the API.
    #[schema(block, set)]
    filter: Vec<Filter>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

impl DataSource for VpcEndpointService {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let set = |name: &str| config.get(name).is_some_and(|value| !value.is_null());
        if set("service") && set("service_name") {
            return vec![Fault::attribute(Path::attr("service"), "Conflicting arguments", "Set either service or service_name.")];
        }
        Vec::new()
    }

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let wanted = match (&config.service_name, &config.service) {
            (Some(name), _) if !name.is_empty() => Some(name.clone()),
            (_, Some(service)) if !service.is_empty() => Some(format!("{}.{}.{service}", reversed(client.dns_suffix()), client.region())),
            _ => None,
        };
        let mut wanted_filters = filters(&config.filter);
        wanted_filters.extend(config.service_type.iter().filter(|kind| !kind.is_empty()).map(|kind| filter("service-type", [kind])));
        wanted_filters.extend(config.tags.iter().flatten().map(|(key, value)| filter(&format!("tag:{key}"), [value])));
        let call = client
            .ec2()
            .describe_vpc_endpoint_services()
            .set_service_names(wanted.map(|name| vec![name]))
            .set_service_regions(config.service_regions.clone().filter(|regions| !regions.is_empty()))
            .set_filters((!wanted_filters.is_empty()).then_some(wanted_filters));
        let answer = call.send().await.api("ec2:DescribeVpcEndpointServices")?;
        let found = query::only("VPC endpoint service", answer.service_details.unwrap_or_default())?;
        let text = |text: Option<&str>| Some(text.unwrap_or_default().to_owned());
        let service = found.service_name.clone().unwrap_or_default();
        let (id, account) = (found.service_id.clone().unwrap_or_default(), client.account().await?);
        let region = text(found.service_region()).filter(|region| !region.is_empty()).unwrap_or_else(|| client.region().to_owned());
        Ok(Self {
            acceptance_required: Some(found.acceptance_required.unwrap_or(false)),
            arn: Some(format!("arn:{}:ec2:{region}:{account}:vpc-endpoint-service/{id}", client.partition())),
            availability_zones: Some(found.availability_zones.clone().unwrap_or_default()),
            base_endpoint_dns_names: Some(found.base_endpoint_dns_names.clone().unwrap_or_default()),
            id: Some(name::checksum(&service).to_string()),
            manages_vpc_endpoints: Some(found.manages_vpc_endpoints.unwrap_or(false)),
            owner: text(found.owner()),
            private_dns_name: text(found.private_dns_name()),
            private_dns_names: Some(found.private_dns_names().iter().filter_map(|one| one.private_dns_name.clone()).collect()),
            region: Some(region),
            service_id: Some(id),
            service_name: Some(service),
            service_type: found.service_type().first().and_then(|one| one.service_type.as_ref()).map(|kind| kind.as_str().to_owned()),
            supported_ip_address_types: Some(found.supported_ip_address_types().iter().map(|kind| kind.as_str().to_owned()).collect()),
            tags: query::tags(client, found.tags()),
            vpc_endpoint_policy_supported: Some(found.vpc_endpoint_policy_supported.unwrap_or(false)),
            ..config
        })
    }
}

/// A domain from the other end: names of services begin so.
fn reversed(domain: &str) -> String {
    domain.rsplit('.').collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{endpoint, endpoints, lab_with, text};
    use crate::mock;

    /// The emulator has no services of AWS: the answer is as the API reference describes it.
    #[tokio::test]
    async fn by_short_name() {
        let url = mock::serve(|call| {
            assert_eq!((call.get("ServiceName.1"), call.get("Filter.1.Value.1")), ("com.amazonaws.eu-central-1.s3".to_owned(), "Gateway".to_owned()));
            let kind = "<serviceType><item><serviceType>Gateway</serviceType></item></serviceType><vpcEndpointPolicySupported>true</vpcEndpointPolicySupported>";
            let names = "<serviceName>com.amazonaws.eu-central-1.s3</serviceName><serviceId>vpce-svc-1</serviceId><owner>amazon</owner>";
            format!(
                "<DescribeVpcEndpointServicesResponse><requestId>r</requestId><serviceDetailSet><item>{names}{kind}</item></serviceDetailSet></DescribeVpcEndpointServicesResponse>"
            )
        });
        let mut all = endpoints(endpoint());
        all["ec2"] = json!(url.await);
        let lab = lab_with(json!({"endpoints": [all]})).await;
        let found = lab.data("aws_vpc_endpoint_service", json!({"service": "s3", "service_type": "Gateway"})).await.expect("service");
        let texts = ["service_name", "service_type", "service_id", "owner", "region"].map(|name| text(&found, name));
        assert_eq!(texts, ["com.amazonaws.eu-central-1.s3", "Gateway", "vpce-svc-1", "amazon", "eu-central-1"]);
        let both = lab.data("aws_vpc_endpoint_service", json!({"service": "s3", "service_name": "com.amazonaws.eu-central-1.s3", "service_type": "Gateway"})).await;
        assert_eq!(both.map(|found| text(&found, "id")).ok(), Some(text(&found, "id")), "the whole name wins");
    }
}
