//! What load balancers, target groups and listeners share: tags, and attributes that the API has as pairs of texts.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_elasticloadbalancingv2::types::Tag;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};
use weir_provider::Fault;
use weir_provider::native::Shape;
use weir_value::Type;

use crate::Client;
use crate::api::Explain;
use crate::tags::{self, MARKER, Tags};

/// The tags of a new object; with the journal's token when it can be found by that only.
pub(crate) fn new_tags(client: &Client, planned: &Tags, token: Option<&str>) -> Option<Vec<Tag>> {
    let marker = token.map(|token| (MARKER.to_owned(), token.to_owned()));
    let all: Vec<Tag> = client.tag_rules().all(planned).into_iter().chain(marker).map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    Some(all).filter(|all| !all.is_empty())
}

/// The tags of an object, asked for together with those of others.
pub(crate) async fn tags_of(client: &Client, arn: &str) -> Result<HashMap<String, String>, Fault> {
    // The API takes 20 at a time.
    let found = client
        .batch("elb tags", 20, arn.to_owned(), |client, arns: Vec<String>| async move {
            let answer = client.elb().describe_tags().set_resource_arns(Some(arns)).send().await.api("elasticloadbalancing:DescribeTags")?;
            let pair = |tag: &Tag| (tag.key().unwrap_or_default().to_owned(), tag.value().unwrap_or_default().to_owned());
            Ok(answer.tag_descriptions().iter().filter_map(|one| Some((one.resource_arn.clone()?, one.tags().iter().map(pair).collect()))).collect())
        })
        .await?;
    Ok(found.unwrap_or_default())
}

/// Those of the objects that have all of these tags.
pub(crate) async fn tagged(client: &Client, arns: Vec<String>, wanted: &Tags) -> Result<Vec<String>, Fault> {
    let Some(wanted) = wanted.as_ref().filter(|wanted| !wanted.is_empty()) else { return Ok(arns) };
    let all = futures::future::try_join_all(arns.iter().map(|arn| tags_of(client, arn))).await?;
    let fits = |tags: &HashMap<String, String>| wanted.iter().all(|(key, value)| tags.get(key) == Some(value));
    Ok(arns.into_iter().zip(all).filter(|(_, tags)| fits(tags)).map(|(arn, _)| arn).collect())
}

/// Changes the tags of an object from the prior `tags_all` to what is planned.
pub(crate) async fn retag(client: &Client, arn: &str, prior_all: &Tags, planned: &Tags) -> Result<(), Fault> {
    let (set, removed) = tags::difference(prior_all.as_ref().unwrap_or(&BTreeMap::new()), &client.tag_rules().all(planned));
    if !removed.is_empty() {
        client.elb().remove_tags().resource_arns(arn).set_tag_keys(Some(removed)).send().await.api("elasticloadbalancing:RemoveTags")?;
    }
    if !set.is_empty() {
        let tags = set.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        client.elb().add_tags().resource_arns(arn).set_tags(Some(tags)).send().await.api("elasticloadbalancing:AddTags")?;
    }
    Ok(())
}

/// Attributes of a type and the keys under which the API has them.
pub(crate) type Table = [(&'static str, &'static str)];

fn entries<T: Serialize>(state: &T) -> Result<Map<String, Json>, Fault> {
    match serde_json::to_value(state) {
        Ok(Json::Object(entries)) => Ok(entries),
        Ok(_) => Err(Fault::error("State is not of the type's form", "It is no object.")),
        Err(error) => Err(Fault::error("State is not of the type's form", error.to_string())),
    }
}

fn text(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// The pairs to send to get from `prior` to `planned`. What is unset is not sent.
pub(crate) fn changed<T: Serialize>(table: &Table, prior: Option<&T>, planned: &T) -> Result<Vec<(&'static str, String)>, Fault> {
    let (before, after) = (prior.map(entries).transpose()?.unwrap_or_default(), entries(planned)?);
    let wanted = |name: &str| after.get(name).filter(|value| before.get(name) != Some(value)).and_then(text);
    Ok(table.iter().filter_map(|(name, key)| Some((*key, wanted(name).filter(|text| prior.is_some() || !text.is_empty())?))).collect())
}

/// The state with what the API shows. An attribute that it does not show stays; one that was never set has its default, as not every region shows all of them.
pub(crate) fn shown<T: Serialize + DeserializeOwned + Shape>(table: &Table, state: T, remote: &HashMap<String, String>) -> Result<T, Fault> {
    let mut entries = entries(&state)?;
    let block = T::block();
    for (name, key) in table {
        let Some(attribute) = block.attributes.get(*name) else { continue };
        let value = match (remote.get(*key), &attribute.default) {
            (Some(text), _) => match attribute.ty {
                Type::Bool => Json::from(text == "true"),
                Type::Number => text.parse::<i64>().map_or(Json::Null, Json::from),
                _ => Json::from(text.as_str()),
            },
            (None, Some(default)) if entries.get(*name).is_none_or(Json::is_null) => weir_provider::from_value(default)?,
            (None, _) => continue,
        };
        entries.insert((*name).to_owned(), value);
    }
    serde_json::from_value(Json::Object(entries)).map_err(|error| Fault::error("State is not of the type's form", error.to_string()))
}

/// The balancer's or target group's part of an ARN that metrics are named after.
pub(crate) fn suffix(arn: &str, from: &str) -> String {
    arn.find(from).map(|at| arn[at..].to_owned()).unwrap_or_default()
}
