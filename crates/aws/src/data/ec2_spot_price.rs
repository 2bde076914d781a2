//! `data "aws_ec2_spot_price"`

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::data::availability_zones::{Filter, filters};
use crate::timeouts::timeouts;
use crate::{Client, query};

/// The price of a spot instance now.
///
/// ```hcl
/// data "aws_ec2_spot_price" "small" {
///   instance_type     = "t4g.small"
///   availability_zone = "eu-central-1a"
///
///   filter {
///     name   = "product-description"
///     values = ["Linux/UNIX"]
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_ec2_spot_price")]
pub(crate) struct Ec2SpotPrice {
    /// Availability zone.
    #[schema(optional)]
    availability_zone: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Instance type.
    #[schema(optional)]
    instance_type: Option<String>,
    /// US dollars an hour.
    #[schema(computed)]
    spot_price: Option<String>,
    /// Since when (RFC 3339).
    #[schema(computed)]
    spot_price_timestamp: Option<String>,
    /// Filters of the API.
    #[schema(block, set)]
    filter: Vec<Filter>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

impl DataSource for Ec2SpotPrice {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let wanted = filters(&config.filter);
        let now = std::time::SystemTime::now();
        let call = client
            .ec2()
            .describe_spot_price_history()
            .set_instance_types(config.instance_type.as_deref().filter(|kind| !kind.is_empty()).map(|kind| vec![kind.into()]))
            .set_availability_zone(config.availability_zone.clone().filter(|zone| !zone.is_empty()))
            .set_filters((!wanted.is_empty()).then_some(wanted))
            // From now on: the price that holds.
            .start_time(DateTime::from(now));
        let found = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeSpotPriceHistory")?;
        // One price a zone and product; what was asked for by argument is looked at again, as filters of the API are only a hint to some.
        let wanted = |wanted: &Option<String>, found: Option<&str>| wanted.as_deref().is_none_or(|wanted| wanted.is_empty() || found == Some(wanted));
        let fits = |one: &aws_sdk_ec2::types::SpotPrice| {
            wanted(&config.availability_zone, one.availability_zone()) && wanted(&config.instance_type, one.instance_type().map(|kind| kind.as_str()))
        };
        let found = query::only("spot price", found.into_iter().filter(fits).collect())?;
        Ok(Self {
            id: Some(client.region().to_owned()),
            spot_price: found.spot_price.clone(),
            spot_price_timestamp: found.timestamp.and_then(|time| time.fmt(Format::DateTime).ok()),
            ..config
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn of_a_type_in_a_zone() {
        let lab = lab().await;
        let query = json!({"instance_type": "t3.micro", "availability_zone": "eu-central-1a"});
        let found = lab.data("aws_ec2_spot_price", query).await.expect("price");
        assert!(text(&found, "spot_price").parse::<f64>().is_ok_and(|price| price > 0.0));
        assert_eq!(lab.data("aws_ec2_spot_price", json!({"instance_type": "t3.micro"})).await.expect_err("zones")[0].summary, "More than one spot price");
    }
}
