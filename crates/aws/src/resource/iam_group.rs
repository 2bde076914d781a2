//! `aws_iam_group`

use std::collections::HashMap;

use aws_sdk_iam::types::Group;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use crate::api::Explain;
use crate::{Client, name, plan, wait};

/// A group of users.
///
/// ```hcl
/// resource "aws_iam_group" "operators" {
///   name = "operators"
///   path = "/staff/"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_iam_group")]
pub(crate) struct IamGroup {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// The name again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Name; groups are renamed in place.
    #[schema(required)]
    name: Option<String>,
    /// Path.
    #[schema(optional, default = "/")]
    path: Option<String>,
    /// Unique id.
    #[schema(computed)]
    unique_id: Option<String>,
}

async fn describe(client: &Client, name: &str) -> Result<Option<Group>, Fault> {
    client
        .batch("iam group", 1, name.to_owned(), |client, names: Vec<String>| async move {
            let mut found = HashMap::new();
            for name in names {
                // The group comes with its users, of which one is enough.
                let answer = client.iam().get_group().group_name(&name).max_items(1).send().await.api("iam:GetGroup")?;
                found.extend(answer.group.map(|group| (name, group)));
            }
            Ok(found)
        })
        .await
}

impl IamGroup {
    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        wait::appear("group", || async { Ok(Self::read(client, planned.clone()).await?.filter(|found| found.name == planned.name && found.path == planned.path)) }).await
    }
}

impl Resource for IamGroup {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        name::check(config, 128, "+=,.@_-")
    }

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        // Both are made of name and path.
        if plan.changed("name") || plan.changed("path") {
            plan.unknown("arn");
        }
        if plan.changed("name") {
            plan.unknown("id");
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        client.iam().create_group().set_group_name(planned.name.clone()).set_path(planned.path.clone()).send().await.api("iam:CreateGroup")?;
        let created = Self { id: planned.name.clone(), ..planned };
        operation.created(&created)?;
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(group) = describe(client, prior.id.as_deref().unwrap_or_default()).await? else { return Ok(None) };
        Ok(Some(Self { id: Some(group.group_name.clone()), arn: Some(group.arn), name: Some(group.group_name), path: Some(group.path), unique_id: Some(group.group_id) }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let call = client.iam().update_group().set_group_name(prior.name.clone());
        let new_name = planned.name.clone().filter(|_| planned.name != prior.name);
        call.set_new_group_name(new_name).set_new_path(planned.path.clone()).send().await.api("iam:UpdateGroup")?;
        Self::settled(client, Self { id: planned.name.clone(), ..planned }).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        client.iam().delete_group().set_group_name(prior.id).send().await.api("iam:DeleteGroup")?;
        Ok(())
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        match Self::read(client, Self { id: planned.name.clone(), ..planned }).await {
            Err(fault) if fault.not_found => Ok(None),
            found => found,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        // The emulator moves a group to another path only together with a new name; so both change here, and the name alone after that.
        let state = Lifecycle::new(&lab, "aws_iam_group", json!({"name": "operators"}))
            .update(json!({"name": "keepers", "path": "/staff/"}))
            .update(json!({"name": "owners", "path": "/staff/"}))
            .run()
            .await;
        assert_eq!(text(&state, "arn"), "arn:aws:iam::123456789012:group/staff/owners");
    }

    #[tokio::test]
    async fn bad_name() {
        let faults = lab().await.validate("aws_iam_group", &json!({"name": "a b"}));
        assert_eq!(faults.into_iter().map(|fault| fault.summary).collect::<Vec<_>>(), ["Invalid name"]);
    }
}
