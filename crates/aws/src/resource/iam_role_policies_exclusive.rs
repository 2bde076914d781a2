//! `aws_iam_role_policies_exclusive`

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::api::{Explain, ignore_gone};
use crate::{Client, plan, wait};

/// That a role has these inline policies and no others: what others put on it is deleted.
///
/// The policies themselves are made by `aws_iam_role_policy`. Without this resource the role keeps what it has.
///
/// ```hcl
/// resource "aws_iam_role_policies_exclusive" "node" {
///   role_name    = aws_iam_role.node.name
///   policy_names = [aws_iam_role_policy.node.name]
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_iam_role_policies_exclusive")]
pub(crate) struct IamRolePoliciesExclusive {
    /// Names of the inline policies.
    #[schema(required, set)]
    policy_names: Option<Vec<String>>,
    /// Name of the role.
    #[schema(required, force_new)]
    role_name: Option<String>,
}

/// The names of the inline policies of each role that is asked for.
async fn names(client: &Client, role: &str) -> Result<Option<Vec<String>>, Fault> {
    client
        .batch("iam inline policy names", 1, role.to_owned(), |client, roles: Vec<String>| async move {
            let mut found = HashMap::new();
            for role in roles {
                let pages = client.iam().list_role_policies().role_name(&role).into_paginator().items().send();
                found.insert(role, pages.collect::<Result<Vec<_>, _>>().await.api("iam:ListRolePolicies")?);
            }
            Ok(found)
        })
        .await
}

impl IamRolePoliciesExclusive {
    fn role(&self) -> &str {
        self.role_name.as_deref().unwrap_or_default()
    }

    /// Deletes what should not be there. What is missing can only be made by its own resource, which knows what is in it.
    async fn apply(client: &Client, planned: Self) -> Result<Self, Fault> {
        let wanted = planned.policy_names.clone().unwrap_or_default();
        let strange = |there: Vec<String>| there.into_iter().filter(|name| !wanted.contains(name)).collect::<Vec<_>>();
        for name in strange(names(client, planned.role()).await?.unwrap_or_default()) {
            ignore_gone(client.iam().delete_role_policy().role_name(planned.role()).policy_name(name).send().await.api("iam:DeleteRolePolicy"))?;
        }
        wait::until("other policies to leave the role", wait::limit(None, 2)?, || async {
            Ok(strange(names(client, planned.role()).await?.unwrap_or_default()).is_empty().then_some(()))
        })
        .await?;
        Ok(planned)
    }
}

impl Resource for IamRolePoliciesExclusive {
    type Client = Client;

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        operation.created(&planned)?;
        Self::apply(client, planned).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let there = names(client, prior.role()).await?;
        Ok(there.map(|there| Self { policy_names: Some(there), ..prior }))
    }

    async fn update(client: &Client, _prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        Self::apply(client, planned).await
    }

    async fn delete(_client: &Client, _prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        // Only the watching ends.
        Ok(())
    }

    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        Ok(Self { role_name: Some(id.to_owned()), ..Self::default() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, client, lab, text};

    #[tokio::test]
    async fn others_are_deleted() {
        let lab = lab().await;
        let client = client().await;
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        lab.make("aws_iam_role", json!({"name": "exclusive-inline", "assume_role_policy": trust})).await;
        let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
        for name in ["one", "two", "strange"] {
            client.iam().put_role_policy().role_name("exclusive-inline").policy_name(name).policy_document(document).send().await.expect("policy");
        }
        let config = |names: &[&str]| json!({"role_name": "exclusive-inline", "policy_names": names});
        let life = Lifecycle::new(&lab, "aws_iam_role_policies_exclusive", config(&["one", "two"])).update(config(&["two"])).update(config(&[]));
        life.import_id(|state| text(state, "role_name")).adopts().stays().run().await;
        let left = client.iam().list_role_policies().role_name("exclusive-inline").send().await.expect("policies");
        assert!(left.policy_names.is_empty(), "{left:?}");
    }

    #[tokio::test]
    async fn gone_with_the_role() {
        let lab = lab().await;
        let state = lab.config("aws_iam_role_policies_exclusive", &json!({"role_name": "never-there", "policy_names": ["a"]}));
        assert_eq!(lab.read("aws_iam_role_policies_exclusive", &state).await, None);
    }
}
