//! `data "aws_ip_ranges"`

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::Client;

/// The addresses of services, as Amazon publishes them (the AWS VPC User Guide, on AWS IP address ranges).
///
/// ```hcl
/// data "aws_ip_ranges" "checks" {
///   services = ["route53_healthchecks"]
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_ip_ranges")]
pub(crate) struct IpRanges {
    /// IPv4 ranges, sorted.
    #[schema(computed)]
    cidr_blocks: Option<Vec<String>>,
    /// When the list was made.
    #[schema(computed)]
    create_date: Option<String>,
    /// The number of the list.
    #[schema(optional, computed)]
    id: Option<String>,
    /// IPv6 ranges, sorted.
    #[schema(computed)]
    ipv6_cidr_blocks: Option<Vec<String>>,
    /// Regions, and `global`; all when unset.
    #[schema(optional, set)]
    regions: Option<Vec<String>>,
    /// Services, such as `amazon`, `ec2` or `route53_healthchecks`.
    #[schema(required, set)]
    services: Option<Vec<String>>,
    /// The number of the list: seconds since 1970.
    #[schema(computed)]
    sync_token: Option<i64>,
    /// Where the list is.
    #[schema(optional)]
    url: Option<String>,
}

const LIST: &str = "https://ip-ranges.amazonaws.com/ip-ranges.json";

/// The list.
#[derive(Deserialize)]
struct List {
    #[serde(rename = "syncToken")]
    token: String,
    #[serde(rename = "createDate")]
    created: String,
    #[serde(default)]
    prefixes: Vec<Range>,
    #[serde(default)]
    ipv6_prefixes: Vec<Range>,
}

/// A range and who uses it.
#[derive(Deserialize)]
struct Range {
    #[serde(alias = "ip_prefix", alias = "ipv6_prefix")]
    prefix: String,
    region: String,
    service: String,
}

fn lower(names: &Option<Vec<String>>) -> Vec<String> {
    names.iter().flatten().map(|name| name.to_lowercase()).collect()
}

impl IpRanges {
    fn of(self, text: &[u8], url: &str) -> Result<Self, Fault> {
        let invalid = |why: String| Fault::error("Not a list of IP ranges", format!("{url}: {why}."));
        let list: List = serde_json::from_slice(text).map_err(|error| invalid(error.to_string()))?;
        let token: i64 = list.token.parse().map_err(|_| invalid(format!("\"{}\" is no number of a list", list.token)))?;
        let (regions, services) = (lower(&self.regions), lower(&self.services));
        let fits = |range: &&Range| (regions.is_empty() || regions.contains(&range.region.to_lowercase())) && services.contains(&range.service.to_lowercase());
        let chosen = |ranges: &[Range]| ranges.iter().filter(fits).map(|range| range.prefix.clone()).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
        let (four, six) = (chosen(&list.prefixes), chosen(&list.ipv6_prefixes));
        if four.is_empty() && six.is_empty() {
            let detail = "The list has no range of these services in these regions. Look at their names in it: a service that is everywhere has the region \"global\".";
            return Err(Fault::error("No IP range fits", detail));
        }
        Ok(Self { cidr_blocks: Some(four), create_date: Some(list.created), id: Some(list.token), ipv6_cidr_blocks: Some(six), sync_token: Some(token), ..self })
    }
}

impl DataSource for IpRanges {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let url = config.url.clone().filter(|url| !url.is_empty()).unwrap_or_else(|| LIST.to_owned());
        let text = client.get(&url).await?;
        config.of(&text, &url)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use weir_value::Value;

    use crate::harness::{lab, text};
    use crate::mock;

    const LIST: &str = r#"{"syncToken": "1700000000", "createDate": "2023-11-14-22-13-20",
        "prefixes": [
            {"ip_prefix": "52.0.0.0/15", "region": "us-east-1", "service": "EC2", "network_border_group": "us-east-1"},
            {"ip_prefix": "3.120.0.0/14", "region": "eu-central-1", "service": "EC2", "network_border_group": "eu-central-1"},
            {"ip_prefix": "3.120.0.0/14", "region": "eu-central-1", "service": "AMAZON", "network_border_group": "eu-central-1"},
            {"ip_prefix": "15.177.0.0/18", "region": "GLOBAL", "service": "ROUTE53_HEALTHCHECKS", "network_border_group": "GLOBAL"}],
        "ipv6_prefixes": [{"ipv6_prefix": "2a05:d014::/36", "region": "eu-central-1", "service": "EC2", "network_border_group": "eu-central-1"}]}"#;

    #[tokio::test]
    async fn by_service_and_region() {
        let lab = lab().await;
        let url = mock::serve(|_| LIST.to_owned()).await;
        let found = lab.data("aws_ip_ranges", json!({"services": ["ec2"], "url": url})).await.expect("ranges");
        assert_eq!(format!("{:?}", found.get("cidr_blocks").expect("ranges")), r#"["3.120.0.0/14", "52.0.0.0/15"]"#);
        assert_eq!((text(&found, "id"), found.get("sync_token")), ("1700000000".into(), Some(Value::from(1_700_000_000))));
        let found = lab.data("aws_ip_ranges", json!({"services": ["EC2"], "regions": ["eu-central-1"], "url": url})).await.expect("ranges");
        assert_eq!(format!("{:?}", found.get("cidr_blocks").expect("ranges")), r#"["3.120.0.0/14"]"#);
        assert_eq!(format!("{:?}", found.get("ipv6_cidr_blocks").expect("ranges")), r#"["2a05:d014::/36"]"#);
        for (query, summary) in [
            (json!({"services": ["s3"], "url": url}), "No IP range fits"),
            (json!({"services": ["s3"], "url": mock::serve(|_| "<html>".to_owned()).await}), "Not a list of IP ranges"),
            (json!({"services": ["s3"], "url": "nonsense"}), "Web page cannot be read"),
            (json!({"services": ["s3"], "url": "http://127.0.0.1:1/"}), "Web page cannot be read"),
        ] {
            let faults = lab.data("aws_ip_ranges", query.clone()).await.expect_err("nothing");
            assert_eq!(faults[0].summary, summary, "{query}");
        }
    }
}
