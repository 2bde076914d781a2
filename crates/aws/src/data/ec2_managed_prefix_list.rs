//! `data "aws_ec2_managed_prefix_list"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::data::availability_zones::Filter;
use crate::tags::Tags;
use crate::timeouts::timeouts;
use crate::{Client, query};

/// A prefix list, of AWS or of an account.
///
/// ```hcl
/// data "aws_ec2_managed_prefix_list" "cloudfront" {
///   name = "com.amazonaws.global.cloudfront.origin-facing"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_ec2_managed_prefix_list")]
pub(crate) struct Ec2ManagedPrefixList {
    /// `IPv4` or `IPv6`.
    #[schema(computed)]
    address_family: Option<String>,
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// A range.
    #[schema(computed, set)]
    entries: Option<Vec<ShownRange>>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Number of ranges that it can hold.
    #[schema(computed)]
    max_entries: Option<i64>,
    /// Name.
    #[schema(optional, computed)]
    name: Option<String>,
    /// Account that owns it.
    #[schema(computed)]
    owner_id: Option<String>,
    /// Tags.
    #[schema(optional, computed)]
    tags: Tags,
    /// Version.
    #[schema(computed)]
    version: Option<i64>,
    /// Filters of the API.
    #[schema(block, set)]
    filter: Vec<Filter>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

/// A range.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ShownRange {
    /// CIDR.
    #[schema(optional)]
    cidr: String,
    /// Description.
    #[schema(optional)]
    description: String,
}

impl DataSource for Ec2ManagedPrefixList {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let arguments = [("prefix-list-id", config.id.as_ref()), ("prefix-list-name", config.name.as_ref())];
        let filters = query::filters(arguments, &config.tags, &config.filter);
        let pages = client.ec2().describe_managed_prefix_lists().set_filters(filters).into_paginator().items().send();
        let found = query::only("prefix list", pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeManagedPrefixLists")?)?;
        let id = found.prefix_list_id.clone().unwrap_or_default();
        let pages = client.ec2().get_managed_prefix_list_entries().prefix_list_id(&id).into_paginator().items().send();
        let entries = pages.collect::<Result<Vec<_>, _>>().await.api("ec2:GetManagedPrefixListEntries")?;
        let range = |entry: aws_sdk_ec2::types::PrefixListEntry| ShownRange { cidr: entry.cidr.unwrap_or_default(), description: entry.description.unwrap_or_default() };
        Ok(Self {
            address_family: found.address_family.clone(),
            arn: found.prefix_list_arn.clone(),
            entries: Some(entries.into_iter().map(range).collect()),
            id: Some(id),
            max_entries: found.max_entries.map(i64::from),
            name: found.prefix_list_name.clone(),
            owner_id: found.owner_id.clone(),
            tags: query::tags(client, found.tags()),
            version: found.version,
            ..config
        })
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::AddPrefixListEntry;
    use serde_json::json;

    use crate::harness::{client, lab, text};

    #[tokio::test]
    async fn by_id() {
        let lab = lab().await;
        let entry = AddPrefixListEntry::builder().cidr("10.0.0.0/8").description("inside").build();
        let call = client().await.ec2().create_managed_prefix_list().prefix_list_name("inside").address_family("IPv4").max_entries(5).entries(entry).send().await;
        let id = call.expect("list").prefix_list.and_then(|list| list.prefix_list_id).expect("id");
        let found = lab.data("aws_ec2_managed_prefix_list", json!({"id": id})).await.expect("list");
        assert_eq!((text(&found, "name"), text(&found, "address_family")), ("inside".to_owned(), "IPv4".to_owned()));
        assert_eq!(found.get("entries").expect("entries").length(), Some(1));
    }
}
