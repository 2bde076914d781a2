//! `aws_iam_user_policy`

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use super::iam_role::{check_policy, decode};
use crate::api::Explain;
use crate::{Client, json, name, plan, wait};

/// A policy that belongs to one user alone.
///
/// ```hcl
/// resource "aws_iam_user_policy" "node" {
///   name   = "node"
///   user   = "node"
///   policy = data.aws_iam_policy_document.node.json
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_iam_user_policy")]
pub(crate) struct IamUserPolicy {
    /// `USER:NAME`.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Name; made when unset.
    #[schema(optional, computed, force_new)]
    name: Option<String>,
    /// What a made name begins with.
    #[schema(optional, computed, force_new)]
    name_prefix: Option<String>,
    /// Policy in JSON.
    #[schema(required)]
    policy: Option<String>,
    /// Name of the user.
    #[schema(required, force_new)]
    user: Option<String>,
}

impl IamUserPolicy {
    /// User and name.
    fn parts(&self) -> Result<(&str, &str), Fault> {
        let id = self.id.as_deref().unwrap_or_default();
        id.split_once(':').ok_or_else(|| Fault::error("Invalid id", format!("\"{id}\" should be USER:NAME.")))
    }

    async fn put(client: &Client, planned: Self) -> Result<Self, Fault> {
        let (user, name) = planned.parts()?;
        let call = client.iam().put_user_policy().user_name(user).policy_name(name).set_policy_document(planned.policy.clone());
        call.send().await.api("iam:PutUserPolicy")?;
        Ok(planned)
    }

    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        wait::appear("policy of the user", || async { Ok(Self::read(client, planned.clone()).await?.filter(|found| found.policy == planned.policy)) }).await
    }
}

impl Resource for IamUserPolicy {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let mut faults = name::check(config, 128, "+=,.@_-");
        faults.extend(check_policy(config, "policy"));
        faults
    }

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        plan.suppress("policy", json::same_policy);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let name = name::choose(planned.name.as_ref(), planned.name_prefix.as_ref(), operation.token);
        let id = format!("{}:{name}", planned.user.as_deref().unwrap_or_default());
        let created = Self::put(client, Self { id: Some(id), ..planned }).await?;
        operation.created(&created)?;
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let (user, name) = prior.parts()?;
        let document = client.iam().get_user_policy().user_name(user).policy_name(name).send().await.api("iam:GetUserPolicy")?.policy_document;
        Ok(Some(Self {
            name: Some(name.to_owned()),
            name_prefix: Some(name::prefix(name).to_owned()),
            policy: Some(json::keep_policy(prior.policy.as_deref(), &decode(&document))),
            user: Some(user.to_owned()),
            id: prior.id,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let changed = Self::put(client, Self { id: prior.id, ..planned }).await?;
        Self::settled(client, changed).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let (user, name) = prior.parts()?;
        client.iam().delete_user_policy().user_name(user).policy_name(name).send().await.api("iam:DeleteUserPolicy")?;
        Ok(())
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        let name = name::choose(planned.name.as_ref(), planned.name_prefix.as_ref(), token);
        let id = format!("{}:{name}", planned.user.as_deref().unwrap_or_default());
        match Self::read(client, Self { id: Some(id), ..planned }).await {
            Err(fault) if fault.not_found => Ok(None),
            found => found,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, client, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        client().await.iam().create_user().user_name("with-policy").send().await.expect("user");
        let policy = |action: &str| json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": [action], "Resource": "*"}]}).to_string();
        let config = |action: &str| json!({"name": "node", "user": "with-policy", "policy": policy(action)});
        let state = Lifecycle::new(&lab, "aws_iam_user_policy", config("s3:GetObject")).update(config("kms:Decrypt")).run().await;
        assert_eq!(text(&state, "id"), "with-policy:node");
        Lifecycle::new(&lab, "aws_iam_user_policy", json!({"user": "with-policy", "policy": policy("s3:GetObject")})).run().await;
    }
}
