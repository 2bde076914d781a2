//! `data "aws_prefix_list"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::data::availability_zones::Filter;
use crate::timeouts::timeouts;
use crate::{Client, query};

/// The address ranges of a service that has a gateway endpoint.
///
/// ```hcl
/// data "aws_prefix_list" "s3" {
///   name = "com.amazonaws.eu-central-1.s3"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_prefix_list")]
pub(crate) struct PrefixList {
    /// Its ranges.
    #[schema(computed)]
    cidr_blocks: Option<Vec<String>>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Name.
    #[schema(optional, computed)]
    name: Option<String>,
    /// Prefix list id.
    #[schema(optional)]
    prefix_list_id: Option<String>,
    /// Filters of the API.
    #[schema(block, set)]
    filter: Vec<Filter>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

impl DataSource for PrefixList {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let arguments = [("prefix-list-id", config.prefix_list_id.as_ref()), ("prefix-list-name", config.name.as_ref())];
        let filters = query::filters(arguments, &None, &config.filter);
        let pages = client.ec2().describe_prefix_lists().set_filters(filters).into_paginator().items().send();
        let found = query::only("prefix list", pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribePrefixLists")?)?;
        let mut ranges = found.cidrs.unwrap_or_default();
        ranges.sort();
        Ok(Self { cidr_blocks: Some(ranges), id: found.prefix_list_id, name: found.prefix_list_name, ..config })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{endpoints, lab_with, text};
    use crate::mock;

    /// The emulator shows lists without ranges: the answer is as the API reference describes it.
    #[tokio::test]
    async fn by_name() {
        let url = mock::serve(|call| {
            assert_eq!((call.get("Action"), call.get("Filter.1.Name")), ("DescribePrefixLists".to_owned(), "prefix-list-name".to_owned()));
            let list = if call.get("Filter.1.Value.1").ends_with("s3") {
                "<item><prefixListId>pl-1</prefixListId><prefixListName>com.amazonaws.eu-central-1.s3</prefixListName><cidrSet><item>54.0.0.0/17</item><item>3.5.0.0/19</item></cidrSet></item>"
            } else {
                ""
            };
            format!("<DescribePrefixListsResponse><requestId>r</requestId><prefixListSet>{list}</prefixListSet></DescribePrefixListsResponse>")
        });
        let lab = lab_with(json!({"endpoints": [endpoints(&url.await)]})).await;
        let found = lab.data("aws_prefix_list", json!({"name": "com.amazonaws.eu-central-1.s3"})).await.expect("list");
        assert_eq!((text(&found, "id"), format!("{:?}", found.get("cidr_blocks").expect("ranges"))), ("pl-1".to_owned(), r#"["3.5.0.0/19", "54.0.0.0/17"]"#.to_owned()));
        assert_eq!(lab.data("aws_prefix_list", json!({"name": "none"})).await.expect_err("none")[0].summary, "No such prefix list");
    }
}
