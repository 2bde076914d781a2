//! Looking for EC2 objects by what is known of them, as data sources do.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::Filter;
use weir_provider::Fault;

use crate::data::availability_zones::{self, Filter as Block};
use crate::marker::filter;
use crate::tags::Tags;

/// Filters: arguments that are set, tags, and `filter` blocks.
pub(crate) fn filters<'a>(arguments: impl IntoIterator<Item = (&'a str, Option<&'a String>)>, tags: &Tags, blocks: &[Block]) -> Option<Vec<Filter>> {
    let given = arguments.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)));
    let mut all: Vec<Filter> = given.map(|(name, value)| filter(name, [value])).collect();
    all.extend(tags.iter().flatten().map(|(key, value)| filter(&format!("tag:{key}"), [value])));
    all.extend(availability_zones::filters(blocks));
    (!all.is_empty()).then_some(all)
}

/// The one that was found.
pub(crate) fn only<T>(what: &str, mut found: Vec<T>) -> Result<T, Fault> {
    match (found.len(), found.pop()) {
        (1, Some(one)) => Ok(one),
        (0, _) => Err(Fault::error(format!("No such {what}"), format!("No {what} fits. Check the arguments, the region and the account."))),
        (number, _) => Err(Fault::error(format!("More than one {what}"), format!("{number} fit. Give stricter arguments, such as the id or a tag."))),
    }
}

/// The tags that an object shows, without AWS's and ours.
pub(crate) fn tags(client: &crate::Client, tags: &[aws_sdk_ec2::types::Tag]) -> Tags {
    client.tag_rules().read(crate::tags::of_ec2(tags), &Some(BTreeMap::new())).1
}

/// Text percent-encoded for a query (RFC 3986): what is not a letter, digit or one of `-._~`.
pub(crate) fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
