//! The tags of the Systems Manager's objects.

use std::collections::BTreeMap;

use aws_sdk_ssm::types::{ResourceTypeForTagging, Tag};
use weir_provider::Fault;

use crate::Client;
use crate::api::Explain;
use crate::tags::{self, Tags};

/// Tags as the API takes them.
pub(crate) fn of(all: BTreeMap<String, String>) -> Vec<Tag> {
    all.into_iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

/// The tags of an object, as pairs; none when it is not there.
pub(crate) async fn listed(client: &Client, kind: ResourceTypeForTagging, id: &str) -> Result<Vec<(String, String)>, Fault> {
    let found = match client.ssm().list_tags_for_resource().resource_type(kind).resource_id(id).send().await.api("ssm:ListTagsForResource") {
        Err(error) if error.is(&["InvalidResourceId"]) => None,
        done => done?.tag_list,
    };
    Ok(found.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect())
}

/// Changes the tags of an object from the prior `tags_all` to what is planned.
pub(crate) async fn change(client: &Client, kind: ResourceTypeForTagging, id: &str, prior_all: &Tags, planned: &Tags) -> Result<(), Fault> {
    let (set, removed) = tags::difference(prior_all.as_ref().unwrap_or(&BTreeMap::new()), &client.tag_rules().all(planned));
    if !removed.is_empty() {
        let call = client.ssm().remove_tags_from_resource().resource_type(kind.clone()).resource_id(id).set_tag_keys(Some(removed));
        call.send().await.api("ssm:RemoveTagsFromResource")?;
    }
    if !set.is_empty() {
        let call = client.ssm().add_tags_to_resource().resource_type(kind).resource_id(id).set_tags(Some(of(set)));
        call.send().await.api("ssm:AddTagsToResource")?;
    }
    Ok(())
}
