//! `aws_iam_role_policy_attachment`

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use super::iam_role::attached;
use crate::api::{ApiError, Explain};
use crate::{Client, plan, wait};

/// A managed policy on a role.
///
/// ```hcl
/// resource "aws_iam_role_policy_attachment" "ssm" {
///   role       = aws_iam_role.node.name
///   policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_iam_role_policy_attachment")]
pub(crate) struct IamRolePolicyAttachment {
    /// Role and policy.
    #[schema(optional, computed)]
    id: Option<String>,
    /// ARN of the policy.
    #[schema(required, force_new)]
    policy_arn: Option<String>,
    /// Name of the role.
    #[schema(required, force_new)]
    role: Option<String>,
}

impl IamRolePolicyAttachment {
    fn of(role: Option<String>, policy_arn: Option<String>) -> Self {
        let id = format!("{}-{}", role.as_deref().unwrap_or_default(), policy_arn.as_deref().unwrap_or_default());
        Self { id: Some(id), policy_arn, role }
    }
}

impl Resource for IamRolePolicyAttachment {
    type Client = Client;

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        // Attaching twice is no error.
        let passing = |error: &ApiError| error.is(&["ConcurrentModification"]);
        wait::retry(wait::limit(None, 2)?, passing, || async {
            let call = client.iam().attach_role_policy().set_role_name(planned.role.clone()).set_policy_arn(planned.policy_arn.clone());
            call.send().await.api("iam:AttachRolePolicy")
        })
        .await?;
        let created = Self::of(planned.role, planned.policy_arn);
        operation.created(&created)?;
        wait::appear("policy on the role", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let there = attached(client, prior.role.as_deref().unwrap_or_default()).await?;
        let found = there.is_some_and(|there| there.iter().any(|arn| Some(arn) == prior.policy_arn.as_ref()));
        Ok(found.then_some(prior))
    }

    async fn update(_client: &Client, _prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        Ok(planned)
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let call = client.iam().detach_role_policy().set_role_name(prior.role.clone()).set_policy_arn(prior.policy_arn.clone());
        call.send().await.api("iam:DetachRolePolicy")?;
        wait::until("the policy to leave the role", wait::limit(None, 2)?, || async { Ok(Self::read(client, prior.clone()).await?.is_none().then_some(())) }).await
    }

    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let (role, arn) = id.split_once('/').ok_or_else(|| Fault::error("Invalid import id", format!("\"{id}\" should be ROLE/POLICY-ARN.")))?;
        Ok(Self::of(Some(role.to_owned()), Some(arn.to_owned())))
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        Self::read(client, Self::of(planned.role, planned.policy_arn)).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, client, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
        let policy = client().await.iam().create_policy().policy_name("attached").policy_document(document).send().await.expect("policy");
        let arn = policy.policy.and_then(|policy| policy.arn).expect("arn");
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        let role = lab.make("aws_iam_role", json!({"name": "attached", "assume_role_policy": trust})).await;
        let config = json!({"role": text(&role, "name"), "policy_arn": arn});
        let import = |state: &weir_value::Value| format!("{}/{}", text(state, "role"), text(state, "policy_arn"));
        Lifecycle::new(&lab, "aws_iam_role_policy_attachment", config).import_id(import).run().await;
    }
}
