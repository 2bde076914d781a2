//! Creation markers: a tag with the journal's token on what has just been created, until the state knows it.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_ec2::types::{Filter, Tag};
use aws_sdk_ssm::types::ResourceTypeForTagging;
use weir_provider::Fault;

use crate::Client;
use crate::api::{Explain, ignore_gone};
use crate::tags::MARKER;

/// An EC2 filter.
pub(crate) fn filter(name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().map(Into::into).collect())).build()
}

/// The EC2 object that the operation with this token created; `kind` is the tag API's resource type or the beginning of the ids (`vpc`, `eipalloc`), as one operation can
/// create objects of several types.
pub(crate) async fn find(client: &Client, kind: &'static str, token: &str) -> Result<Option<String>, Fault> {
    let found = client
        .batch("ec2 marker", 150, token.to_owned(), |client, tokens: Vec<String>| async move {
            let pages = client.ec2().describe_tags().filters(filter("key", [MARKER])).filters(filter("value", tokens)).into_paginator();
            let tags = pages.items().send().collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeTags")?;
            let mut found: HashMap<String, Vec<(String, String)>> = HashMap::new();
            for tag in tags {
                let (Some(value), Some(id)) = (tag.value, tag.resource_id) else { continue };
                let kind = tag.resource_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default();
                found.entry(value).or_default().push((kind, id));
            }
            Ok(found)
        })
        .await?;
    Ok(found.and_then(|found| found.into_iter().find(|(found, id)| found == kind || id.split('-').next() == Some(kind)).map(|(_, id)| id)))
}

/// Removes the markers of these objects, as few calls as the APIs allow. Most ids are EC2's; an ARN says whose it is, and a bare UUID is a KMS key's, `mw-…` a maintenance window's.
pub(crate) async fn settle(client: &Client, ids: Vec<String>) -> Result<(), Fault> {
    let mut by_service: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for id in ids {
        let service = if id.starts_with("arn:") {
            match id.split(':').nth(2) {
                Some("elasticloadbalancing") => "elb",
                _ => continue,
            }
        } else if id.starts_with("mrk-") || uuid::Uuid::try_parse(&id).is_ok() {
            "kms"
        } else if id.starts_with("mw-") {
            "ssm"
        } else {
            "ec2"
        };
        by_service.entry(service).or_default().push(id);
    }
    for (service, ids) in by_service {
        match service {
            "elb" => {
                // The API takes 20 at a time.
                for ids in ids.chunks(20) {
                    let call = client.elb().remove_tags().set_resource_arns(Some(ids.to_vec())).tag_keys(MARKER);
                    ignore_gone(call.send().await.api("elasticloadbalancing:RemoveTags"))?;
                }
            }
            "ssm" => {
                for id in ids {
                    let call = client.ssm().remove_tags_from_resource().resource_type(ResourceTypeForTagging::MaintenanceWindow).resource_id(id);
                    match call.tag_keys(MARKER).send().await.api("ssm:RemoveTagsFromResource") {
                        Err(error) if error.is(&["InvalidResourceId"]) => (),
                        done => ignore_gone(done)?,
                    }
                }
            }
            "kms" => {
                for id in ids {
                    ignore_gone(client.kms().untag_resource().key_id(id).tag_keys(MARKER).send().await.api("kms:UntagResource"))?;
                }
            }
            _ => {
                for ids in ids.chunks(500) {
                    let marker = Tag::builder().key(MARKER).build();
                    let call = client.ec2().delete_tags().set_resources(Some(ids.to_vec())).tags(marker.clone());
                    let Err(error) = call.send().await.api("ec2:DeleteTags") else { continue };
                    if !error.not_found() {
                        return Err(error.into());
                    }
                    // One of them is gone: the others one by one.
                    for id in ids {
                        ignore_gone(client.ec2().delete_tags().resources(id).tags(marker.clone()).send().await.api("ec2:DeleteTags"))?;
                    }
                }
            }
        }
    }
    Ok(())
}
