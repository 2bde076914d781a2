//! `aws_secretsmanager_secret_policy`

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use super::iam_role::{check_policy, unknown_principal};
use crate::api::{ApiError, Explain};
use crate::{Client, json, plan, wait};

/// Who may do what with a secret.
///
/// ```hcl
/// resource "aws_secretsmanager_secret_policy" "database" {
///   secret_arn = aws_secretsmanager_secret.database.arn
///   policy     = data.aws_iam_policy_document.readers.json
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_secretsmanager_secret_policy")]
pub(crate) struct SecretsmanagerSecretPolicy {
    /// Refuses a policy that lets everybody in; the API does not tell, so the state remembers it.
    #[schema(optional)]
    block_public_policy: Option<bool>,
    /// ARN of the secret again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Policy in JSON.
    #[schema(required)]
    policy: Option<String>,
    /// ARN of the secret.
    #[schema(required, force_new)]
    secret_arn: Option<String>,
}

impl SecretsmanagerSecretPolicy {
    async fn put(client: &Client, planned: &Self) -> Result<(), Fault> {
        wait::retry(
            wait::limit(None, 2)?,
            |error: &ApiError| unknown_principal(error),
            || async {
                let call = client.secrets().put_resource_policy().set_secret_id(planned.secret_arn.clone()).set_resource_policy(planned.policy.clone());
                call.set_block_public_policy(planned.block_public_policy).send().await.api("secretsmanager:PutResourcePolicy")
            },
        )
        .await?;
        Ok(())
    }

    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        wait::appear("policy of the secret", || async { Ok(Self::read(client, planned.clone()).await?.filter(|found| found.policy == planned.policy)) }).await
    }
}

impl Resource for SecretsmanagerSecretPolicy {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        check_policy(config, "policy").into_iter().collect()
    }

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        plan.suppress("policy", json::same_policy);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        Self::put(client, &planned).await?;
        let created = Self { id: planned.secret_arn.clone(), ..planned };
        operation.created(&created)?;
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let answer = client.secrets().get_resource_policy().set_secret_id(prior.id.clone()).send().await.api("secretsmanager:GetResourcePolicy")?;
        // A secret without a policy is answered without one, not with an error.
        let policy = answer.resource_policy.filter(|policy| !policy.is_empty());
        Ok(policy.map(|policy| Self { policy: Some(json::keep_policy(prior.policy.as_deref(), &policy)), secret_arn: answer.arn.or(prior.id.clone()), ..prior }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id, ..planned };
        Self::put(client, &planned).await?;
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        client.secrets().delete_resource_policy().set_secret_id(prior.id).send().await.api("secretsmanager:DeleteResourcePolicy")?;
        Ok(())
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        match Self::read(client, Self { id: planned.secret_arn.clone(), ..planned }).await {
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
        let secret = text(&lab.make("aws_secretsmanager_secret", json!({"name": "with-policy"})).await, "arn");
        let config = |action: &str| {
            let statement = json!({"Effect": "Allow", "Action": [action], "Resource": "*", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}});
            json!({"secret_arn": secret, "policy": json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()})
        };
        Lifecycle::new(&lab, "aws_secretsmanager_secret_policy", config("secretsmanager:GetSecretValue")).update(config("secretsmanager:DescribeSecret")).run().await;
    }
}
