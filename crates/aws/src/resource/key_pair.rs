//! `aws_key_pair`

use std::collections::HashMap;

use aws_sdk_ec2::primitives::Blob;
use aws_sdk_ec2::types::{KeyPairInfo, ResourceType, Tag, TagSpecification};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::{Explain, ignore_gone};
use crate::marker::filter;
use crate::tags::{self, Tags};
use crate::{Client, name, plan, wait};

/// A public key that instances let in.
///
/// ```hcl
/// resource "aws_key_pair" "deployer" {
///   key_name   = "deployer"
///   public_key = file("~/.ssh/id_ed25519.pub")
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_key_pair", version = 1)]
pub(crate) struct KeyPair {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Fingerprint of the key.
    #[schema(computed)]
    fingerprint: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Name.
    #[schema(optional, computed, force_new)]
    key_name: Option<String>,
    /// Beginning of a unique name.
    #[schema(optional, computed, force_new)]
    key_name_prefix: Option<String>,
    /// Id at the API.
    #[schema(computed)]
    key_pair_id: Option<String>,
    /// `rsa` or `ed25519`.
    #[schema(computed)]
    key_type: Option<String>,
    /// The key, as OpenSSH writes it.
    #[schema(required, force_new)]
    public_key: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
}

/// A key by its name, asked for together with others.
pub(crate) async fn describe(client: &Client, name: &str) -> Result<Option<KeyPairInfo>, Fault> {
    client
        .batch("ec2 key pair", 150, name.to_owned(), |client, names: Vec<String>| async move {
            let call = client.ec2().describe_key_pairs().filters(filter("key-name", names)).include_public_key(true);
            let found = call.send().await.api("ec2:DescribeKeyPairs")?.key_pairs.unwrap_or_default();
            Ok(found.into_iter().filter_map(|key| Some((key.key_name.clone()?, key))).collect::<HashMap<_, _>>())
        })
        .await
}

/// The key without its comment.
fn material(key: &str) -> Vec<&str> {
    key.split_whitespace().take(2).collect()
}

impl KeyPair {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }
}

impl Resource for KeyPair {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let text = |name: &str| config.get(name).and_then(|value| value.as_str().map(str::to_owned));
        let mut faults = Vec::new();
        if text("key_name").is_some() && text("key_name_prefix").is_some() {
            faults.push(Fault::attribute(Path::attr("key_name_prefix"), "Conflicting arguments", "Set either `key_name` or `key_name_prefix`, not both."));
        }
        if text("public_key").is_some_and(|key| key.contains("PRIVATE KEY")) {
            let detail = "This is a private key: it must not leave its machine. Give the public one, such as the file that ends in .pub.";
            faults.push(Fault::attribute(Path::attr("public_key"), "Private key", detail));
        } else if text("public_key").is_some_and(|key| key.trim().is_empty()) {
            faults.push(Fault::attribute(Path::attr("public_key"), "No key", "Give the public key, as OpenSSH writes it."));
        }
        for (attribute, longest) in [("key_name", 255), ("key_name_prefix", 229)] {
            if text(attribute).is_some_and(|name| name.chars().count() > longest) {
                faults.push(Fault::attribute(Path::attr(attribute), "Name too long", format!("{longest} characters are allowed.")));
            }
        }
        faults
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        // White space at the end is no part of the key.
        plan.suppress("public_key", |a, b| a.as_str().map(str::trim) == b.as_str().map(str::trim));
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let chosen = name::choose(planned.key_name.as_ref(), planned.key_name_prefix.as_ref(), operation.token);
        // It has a name to be found by: no marker.
        let tags: Vec<Tag> = client.tag_rules().all(&planned.tags).into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        let tags = (!tags.is_empty()).then(|| vec![TagSpecification::builder().resource_type(ResourceType::KeyPair).set_tags(Some(tags)).build()]);
        let key = planned.public_key.clone().unwrap_or_default();
        let call = client.ec2().import_key_pair().key_name(&chosen).public_key_material(Blob::new(key.into_bytes())).set_tag_specifications(tags);
        call.send().await.api("ec2:ImportKeyPair")?;
        let created = Self { id: Some(chosen), ..planned };
        operation.created(&created)?;
        wait::appear("key pair", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(key) = describe(client, prior.id()).await? else { return Ok(None) };
        let (tags, tags_all) = client.tag_rules().read(tags::of_ec2(key.tags()), &prior.tags);
        let account = client.account_of(prior.arn.as_ref()).await?;
        // The comment is lost at the API: the text stays as it was written while it is the same key.
        let shown = key.public_key().map(str::trim).filter(|key| !key.is_empty());
        let same = shown.is_none_or(|shown| prior.public_key.as_deref().is_some_and(|written| material(written) == material(shown)));
        Ok(Some(Self {
            arn: Some(client.arn("ec2", account, &format!("key-pair/{}", prior.id()))),
            fingerprint: key.key_fingerprint.clone(),
            id: key.key_name.clone(),
            key_name: key.key_name.clone(),
            key_name_prefix: Some(prior.key_name_prefix.clone().unwrap_or_else(|| name::prefix(prior.id()).to_owned())),
            key_pair_id: key.key_pair_id.clone(),
            key_type: key.key_type().map(|kind| kind.as_str().to_owned()),
            public_key: if same { prior.public_key } else { shown.map(str::to_owned) },
            tags,
            tags_all,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        client.retag(prior.key_pair_id.as_deref().unwrap_or_default(), &prior.tags_all, &planned.tags).await?;
        Self::read(client, Self { id: prior.id, ..planned }).await?.ok_or_else(|| Fault::not_found("The key pair is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        Ok(ignore_gone(client.ec2().delete_key_pair().key_name(prior.id()).send().await.api("ec2:DeleteKeyPair"))?)
    }

    /// A name is there once: the key of that name is the one that was made when it is the same key.
    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        let chosen = name::choose(planned.key_name.as_ref(), planned.key_name_prefix.as_ref(), token);
        let Some(key) = describe(client, &chosen).await? else { return Ok(None) };
        let other = key.public_key().is_some_and(|shown| !shown.trim().is_empty() && material(shown) != material(planned.public_key.as_deref().unwrap_or_default()));
        if other { Ok(None) } else { Self::read(client, Self { id: Some(chosen), ..planned }).await }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me@here";

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let state = Lifecycle::new(&lab, "aws_key_pair", json!({"key_name": "deployer", "public_key": KEY}))
            .update(json!({"key_name": "deployer", "public_key": KEY, "tags": {"Name": "deployer"}}))
            .import_ignores(&["public_key"])
            .run()
            .await;
        assert_eq!((text(&state, "key_type"), text(&state, "id")), ("ed25519".to_owned(), "deployer".to_owned()));
        let planned = lab.plan("aws_key_pair", Some(&state), &json!({"key_name": "other", "public_key": KEY})).await.expect("plan");
        assert_eq!(planned.requires_replace.len(), 1);
        let named = Lifecycle::new(&lab, "aws_key_pair", json!({"key_name_prefix": "web-", "public_key": KEY})).import_ignores(&["public_key"]).run().await;
        assert!(text(&named, "id").starts_with("web-"));
        let faults = lab.refused("aws_key_pair", json!({"key_name": "x", "public_key": "-----BEGIN OPENSSH PRIVATE KEY-----"})).await;
        assert_eq!(faults[0].summary, "Private key");
    }
}
