//! `data "aws_ami_ids"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::Explain;
use crate::data::availability_zones::{Filter, filters};
use crate::timeouts::timeouts;
use crate::{Client, name};

/// Ids of machine images, the newest first.
///
/// ```hcl
/// data "aws_ami_ids" "debian" {
///   owners = ["136693071363"]
///
///   filter {
///     name   = "name"
///     values = ["debian-12-arm64-*"]
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_ami_ids")]
pub(crate) struct AmiIds {
    /// Who may use them.
    #[schema(optional)]
    executable_users: Option<Vec<String>>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Their ids.
    #[schema(computed)]
    ids: Option<Vec<String>>,
    /// Those too that are out of date.
    #[schema(optional)]
    include_deprecated: Option<bool>,
    /// What their names are like.
    #[schema(optional)]
    name_regex: Option<String>,
    /// Whose they are.
    #[schema(required)]
    owners: Option<Vec<String>>,
    /// The oldest first.
    #[schema(optional)]
    sort_ascending: Option<bool>,
    /// Filters of the API.
    #[schema(block, set)]
    filter: Vec<Filter>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

fn pattern(text: &str) -> Result<regex::Regex, Fault> {
    regex::Regex::new(text).map_err(|error| Fault::attribute(Path::attr("name_regex"), "Invalid regular expression", error.to_string()))
}

impl DataSource for AmiIds {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let text = config.get("name_regex").and_then(|value| value.as_str().map(str::to_owned));
        text.and_then(|text| pattern(&text).err()).into_iter().collect()
    }

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let wanted = filters(&config.filter);
        let pages = client
            .ec2()
            .describe_images()
            .set_executable_users(config.executable_users.clone())
            .set_owners(config.owners.clone())
            .set_include_deprecated(config.include_deprecated)
            .set_filters((!wanted.is_empty()).then_some(wanted))
            .into_paginator();
        let mut images = pages.items().send().collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeImages")?;
        if let Some(text) = &config.name_regex {
            let pattern = pattern(text)?;
            images.retain(|image| image.name().is_some_and(|name| pattern.is_match(name)));
        }
        // Dates are in one form, so that the order of the texts is that of time.
        images.sort_by(|a, b| b.creation_date().cmp(&a.creation_date()));
        if config.sort_ascending == Some(true) {
            images.reverse();
        }
        let id = name::checksum(&format!("{:?}", (&config.owners, &config.name_regex, &config.filter)));
        Ok(Self { id: Some(id.to_string()), ids: Some(images.into_iter().filter_map(|image| image.image_id).collect()), ..config })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::lab;

    #[tokio::test]
    async fn both_orders() {
        let lab = lab().await;
        let query = |ascending: bool| json!({"owners": ["amazon"], "sort_ascending": ascending, "filter": [{"name": "name", "values": ["amzn2-ami-*"]}]});
        let down: Vec<String> = lab.data("aws_ami_ids", query(false)).await.expect("ids").get("ids").expect("ids").elements().map(|id| format!("{id:?}")).collect();
        let mut up: Vec<String> = lab.data("aws_ami_ids", query(true)).await.expect("ids").get("ids").expect("ids").elements().map(|id| format!("{id:?}")).collect();
        up.reverse();
        assert!(!down.is_empty());
        assert_eq!(down, up);
        assert_eq!(lab.data("aws_ami_ids", json!({"owners": ["amazon"], "name_regex": "^none$"})).await.expect("ids").get("ids").expect("ids").length(), Some(0));
    }
}
