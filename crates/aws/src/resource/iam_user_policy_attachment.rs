//! `aws_iam_user_policy_attachment`

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::api::{ApiError, Explain};
use crate::{Client, plan, wait};

/// A managed policy on a user.
///
/// ```hcl
/// resource "aws_iam_user_policy_attachment" "backup" {
///   user       = "backup"
///   policy_arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_iam_user_policy_attachment")]
pub(crate) struct IamUserPolicyAttachment {
    /// User and policy.
    #[schema(optional, computed)]
    id: Option<String>,
    /// ARN of the policy.
    #[schema(required, force_new)]
    policy_arn: Option<String>,
    /// Name of the user.
    #[schema(required, force_new)]
    user: Option<String>,
}

/// The ARNs of the managed policies of each user that is asked for; users that are not there are left out.
async fn attached(client: &Client, user: &str) -> Result<Option<Vec<String>>, Fault> {
    client
        .batch("iam user attached policies", 1, user.to_owned(), |client, users: Vec<String>| async move {
            let mut found = std::collections::HashMap::new();
            for user in users {
                let pages = client.iam().list_attached_user_policies().user_name(&user).into_paginator().items().send();
                match pages.collect::<Result<Vec<_>, _>>().await.api("iam:ListAttachedUserPolicies") {
                    Ok(policies) => found.insert(user, policies.into_iter().filter_map(|policy| policy.policy_arn).collect()),
                    Err(error) if error.not_found() => None,
                    Err(error) => return Err(error.into()),
                };
            }
            Ok(found)
        })
        .await
}

impl IamUserPolicyAttachment {
    fn of(user: Option<String>, policy_arn: Option<String>) -> Self {
        let id = format!("{}-{}", user.as_deref().unwrap_or_default(), policy_arn.as_deref().unwrap_or_default());
        Self { id: Some(id), policy_arn, user }
    }
}

impl Resource for IamUserPolicyAttachment {
    type Client = Client;

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        // Attaching twice is no error.
        let passing = |error: &ApiError| error.is(&["ConcurrentModification"]);
        wait::retry(wait::limit(None, 2)?, passing, || async {
            let call = client.iam().attach_user_policy().set_user_name(planned.user.clone()).set_policy_arn(planned.policy_arn.clone());
            call.send().await.api("iam:AttachUserPolicy")
        })
        .await?;
        let created = Self::of(planned.user, planned.policy_arn);
        operation.created(&created)?;
        wait::appear("policy on the user", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let there = attached(client, prior.user.as_deref().unwrap_or_default()).await?;
        let found = there.is_some_and(|there| there.iter().any(|arn| Some(arn) == prior.policy_arn.as_ref()));
        Ok(found.then_some(prior))
    }

    async fn update(_client: &Client, _prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        Ok(planned)
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let call = client.iam().detach_user_policy().set_user_name(prior.user.clone()).set_policy_arn(prior.policy_arn.clone());
        call.send().await.api("iam:DetachUserPolicy")?;
        wait::until("the policy to leave the user", wait::limit(None, 2)?, || async { Ok(Self::read(client, prior.clone()).await?.is_none().then_some(())) }).await
    }

    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let (user, arn) = id.split_once('/').ok_or_else(|| Fault::error("Invalid import id", format!("\"{id}\" should be USER/POLICY-ARN.")))?;
        Ok(Self::of(Some(user.to_owned()), Some(arn.to_owned())))
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        Self::read(client, Self::of(planned.user, planned.policy_arn)).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, client, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let client = client().await;
        let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
        let policy = client.iam().create_policy().policy_name("attached-user").policy_document(document).send().await.expect("policy");
        let arn = policy.policy.and_then(|policy| policy.arn).expect("arn");
        client.iam().create_user().user_name("attached-user").send().await.expect("user");
        let config = json!({"user": "attached-user", "policy_arn": arn});
        let import = |state: &weir_value::Value| format!("{}/{}", text(state, "user"), text(state, "policy_arn"));
        Lifecycle::new(&lab, "aws_iam_user_policy_attachment", config).import_id(import).run().await;
    }
}
