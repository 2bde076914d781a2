//! `aws_iam_instance_profile`

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_iam::types::InstanceProfile;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use super::iam_role::{iam_tags, pairs, time};
use crate::api::{ApiError, Explain};
use crate::tags::{self, Tags};
use crate::{Client, name, plan, unset, wait};

/// What gives a role to an instance.
///
/// ```hcl
/// resource "aws_iam_instance_profile" "node" {
///   name = "node"
///   role = aws_iam_role.node.name
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_iam_instance_profile")]
pub(crate) struct IamInstanceProfile {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// When it was created.
    #[schema(computed)]
    create_date: Option<String>,
    /// The name again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Name; made when unset.
    #[schema(optional, computed, force_new)]
    name: Option<String>,
    /// What a made name begins with.
    #[schema(optional, computed, force_new)]
    name_prefix: Option<String>,
    /// Path.
    #[schema(optional, force_new, default = "/")]
    path: Option<String>,
    /// Name of the role.
    #[schema(optional)]
    role: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// Unique id.
    #[schema(computed)]
    unique_id: Option<String>,
}

async fn describe(client: &Client, name: &str) -> Result<Option<InstanceProfile>, Fault> {
    client
        .batch("iam instance profile", 1, name.to_owned(), |client, names: Vec<String>| async move {
            let mut found = HashMap::new();
            for name in names {
                let answer = client.iam().get_instance_profile().instance_profile_name(&name).send().await.api("iam:GetInstanceProfile")?;
                found.extend(answer.instance_profile.map(|profile| (name, profile)));
            }
            Ok(found)
        })
        .await
}

impl IamInstanceProfile {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn role(&self) -> Option<&String> {
        self.role.as_ref().filter(|role| !role.is_empty())
    }

    async fn set_role(client: &Client, id: &str, before: Option<&String>, after: Option<&String>) -> Result<(), Fault> {
        if before == after {
            return Ok(());
        }
        if let Some(role) = before {
            Self::remove_role(client, id, role).await?;
        }
        if let Some(role) = after {
            // Profile and role may be too new to be seen.
            let passing = |error: &ApiError| error.is(&["NoSuchEntity", "InvalidParameterValue"]);
            wait::retry(Duration::from_secs(30), passing, || async {
                client.iam().add_role_to_instance_profile().instance_profile_name(id).role_name(role).send().await.api("iam:AddRoleToInstanceProfile")
            })
            .await?;
        }
        Ok(())
    }

    async fn remove_role(client: &Client, id: &str, role: &str) -> Result<(), Fault> {
        match client.iam().remove_role_from_instance_profile().instance_profile_name(id).role_name(role).send().await.api("iam:RemoveRoleFromInstanceProfile") {
            Err(error) if !error.not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        let tags = client.tag_rules().all(&planned.tags);
        wait::appear("state of the instance profile", || async {
            let found = Self::read(client, planned.clone()).await?;
            Ok(found.filter(|found| found.role() == planned.role() && found.tags_all.as_ref() == Some(&tags)))
        })
        .await
    }
}

impl Resource for IamInstanceProfile {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        name::check(config, 128, "+=,.@_-")
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let name = name::choose(planned.name.as_ref(), planned.name_prefix.as_ref(), operation.token);
        let tags = iam_tags(client.tag_rules().all(&planned.tags));
        let call = client.iam().create_instance_profile().instance_profile_name(&name).set_path(planned.path.clone());
        call.set_tags(Some(tags).filter(|tags| !tags.is_empty())).send().await.api("iam:CreateInstanceProfile")?;
        let created = Self { id: Some(name), ..planned };
        operation.created(&created)?;
        wait::appear("instance profile", || describe(client, created.id())).await?;
        Self::set_role(client, created.id(), None, created.role()).await?;
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(profile) = describe(client, prior.id()).await? else { return Ok(None) };
        let (tags, tags_all) = client.tag_rules().read(pairs(profile.tags()), &prior.tags);
        Ok(Some(Self {
            create_date: time(profile.create_date()),
            id: Some(profile.instance_profile_name.clone()),
            name_prefix: Some(name::prefix(&profile.instance_profile_name).to_owned()),
            role: unset::text(prior.role.as_ref(), profile.roles().first().map(|role| role.role_name())),
            tags,
            tags_all,
            arn: Some(profile.arn),
            name: Some(profile.instance_profile_name),
            path: Some(profile.path),
            unique_id: Some(profile.instance_profile_id),
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id.clone(), ..planned };
        let id = planned.id();
        Self::set_role(client, id, prior.role(), planned.role()).await?;
        let (set, removed) = tags::difference(prior.tags_all.as_ref().unwrap_or(&BTreeMap::new()), &client.tag_rules().all(&planned.tags));
        if !removed.is_empty() {
            client.iam().untag_instance_profile().instance_profile_name(id).set_tag_keys(Some(removed)).send().await.api("iam:UntagInstanceProfile")?;
        }
        if !set.is_empty() {
            client.iam().tag_instance_profile().instance_profile_name(id).set_tags(Some(iam_tags(set))).send().await.api("iam:TagInstanceProfile")?;
        }
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let id = prior.id();
        if let Some(role) = prior.role() {
            Self::remove_role(client, id, role).await?;
        }
        client.iam().delete_instance_profile().instance_profile_name(id).send().await.api("iam:DeleteInstanceProfile")?;
        Ok(())
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        let name = name::choose(planned.name.as_ref(), planned.name_prefix.as_ref(), token);
        Self::read(client, Self { id: Some(name), ..planned }).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        for name in ["profile-one", "profile-two"] {
            lab.make("aws_iam_role", json!({"name": name, "assume_role_policy": trust})).await;
        }
        let state = Lifecycle::new(&lab, "aws_iam_instance_profile", json!({"name": "life", "role": "profile-one"}))
            .update(json!({"name": "life", "role": "profile-two", "tags": {"a": "b"}}))
            .update(json!({"name": "life", "tags": {"c": "d"}}))
            .run()
            .await;
        assert_eq!(text(&state, "arn"), "arn:aws:iam::123456789012:instance-profile/life");
    }
}
