//! `aws_ec2_tag`

use std::collections::HashMap;

use aws_sdk_ec2::types::Tag;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::{Explain, ignore_gone};
use crate::marker::filter;
use crate::{Client, plan, wait};

/// One tag on an object of EC2 that something else looks after. Do not mix with the `tags` of that object.
///
/// ```hcl
/// resource "aws_ec2_tag" "shared" {
///   resource_id = aws_vpc.main.id
///   key         = "kubernetes.io/cluster/main"
///   value       = "shared"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_ec2_tag")]
pub(crate) struct Ec2Tag {
    /// Object and key, with a comma between.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Key.
    #[schema(required, force_new)]
    key: Option<String>,
    /// Object that has the tag.
    #[schema(required, force_new)]
    resource_id: Option<String>,
    /// Value.
    #[schema(required)]
    value: Option<String>,
}

impl Ec2Tag {
    /// The value that the API shows; one listing serves all tags of all objects that are asked for at once.
    async fn value(&self, client: &Client) -> Result<Option<String>, Fault> {
        let found = client
            .batch("ec2 tags", 150, self.resource_id.clone().unwrap_or_default(), |client, ids: Vec<String>| async move {
                let pages = client.ec2().describe_tags().filters(filter("resource-id", ids)).into_paginator().items().send();
                let mut found: HashMap<String, HashMap<String, String>> = HashMap::new();
                for tag in pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeTags")? {
                    let (Some(id), Some(key)) = (tag.resource_id, tag.key) else { continue };
                    found.entry(id).or_default().insert(key, tag.value.unwrap_or_default());
                }
                Ok(found)
            })
            .await?;
        Ok(found.and_then(|mut tags| tags.remove(self.key.as_deref().unwrap_or_default())))
    }

    async fn set(&self, client: &Client) -> Result<(), Fault> {
        let tag = Tag::builder().set_key(self.key.clone()).set_value(self.value.clone()).build();
        client.ec2().create_tags().set_resources(self.resource_id.clone().map(|id| vec![id])).tags(tag).send().await.api("ec2:CreateTags")?;
        Ok(())
    }

    fn made_id(&self) -> String {
        format!("{},{}", self.resource_id.as_deref().unwrap_or_default(), self.key.as_deref().unwrap_or_default())
    }
}

impl Resource for Ec2Tag {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let key = config.get("key").and_then(|key| key.as_str().map(str::to_owned)).unwrap_or_default();
        if key.to_lowercase().starts_with("aws:") {
            return vec![Fault::attribute(Path::attr("key"), "Invalid key", "Keys that begin with \"aws:\" belong to AWS. Choose another one.")];
        }
        Vec::new()
    }

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        planned.set(client).await?;
        let created = Self { id: Some(planned.made_id()), ..planned };
        operation.created(&created)?;
        wait::appear("tag", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        Ok(prior.value(client).await?.map(|value| Self { id: Some(prior.made_id()), value: Some(value), ..prior }))
    }

    async fn update(client: &Client, _prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        planned.set(client).await?;
        Ok(Self { id: Some(planned.made_id()), ..planned })
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        // With its value, so that a tag that someone has given another meaning stays.
        let tag = Tag::builder().set_key(prior.key).set_value(prior.value).build();
        let call = client.ec2().delete_tags().set_resources(prior.resource_id.map(|id| vec![id])).tags(tag);
        Ok(ignore_gone(call.send().await.api("ec2:DeleteTags"))?)
    }

    /// `OBJECT,KEY`
    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let (object, key) = id.split_once(',').ok_or_else(|| Fault::error("Invalid import id", "Give OBJECT,KEY, such as vpc-0123,Name."))?;
        Ok(Self { id: Some(id.to_owned()), resource_id: Some(object.to_owned()), key: Some(key.to_owned()), value: None })
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        Self::read(client, planned).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.70.0.0/16"})).await, "id");
        let state = Lifecycle::new(&lab, "aws_ec2_tag", json!({"resource_id": vpc, "key": "team", "value": "a"}))
            .update(json!({"resource_id": vpc, "key": "team", "value": "b"}))
            .run()
            .await;
        assert_eq!(text(&state, "id"), format!("{vpc},team"));
        let faults = lab.refused("aws_ec2_tag", json!({"resource_id": vpc, "key": "aws:x", "value": "b"})).await;
        assert_eq!(faults[0].summary, "Invalid key");
    }
}
