//! `aws_kms_key_policy`

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use super::iam_role::{check_policy, unknown_principal};
use super::kms_key::describe;
use crate::api::Explain;
use crate::{Client, json, plan, wait};

/// Who may use a key, for keys that are made elsewhere or whose policy names what needs the key first.
///
/// Deleting this resource gives the key back the policy of new keys.
///
/// ```hcl
/// resource "aws_kms_key_policy" "snapshots" {
///   key_id = aws_kms_key.snapshots.id
///   policy = data.aws_iam_policy_document.snapshots.json
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_kms_key_policy")]
pub(crate) struct KmsKeyPolicy {
    /// Sets the policy also when it will not let the caller change it again.
    #[schema(optional, default = false)]
    bypass_policy_lockout_safety_check: Option<bool>,
    /// Id of the key.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Id of the key.
    #[schema(required, force_new)]
    key_id: Option<String>,
    /// Policy in JSON.
    #[schema(required)]
    policy: Option<String>,
}

impl KmsKeyPolicy {
    async fn put(client: &Client, planned: &Self) -> Result<(), Fault> {
        wait::retry(wait::limit(None, 2)?, unknown_principal, || async {
            let call = client.kms().put_key_policy().set_key_id(planned.key_id.clone()).policy_name("default").set_policy(planned.policy.clone());
            call.set_bypass_policy_lockout_safety_check(planned.bypass_policy_lockout_safety_check).send().await.api("kms:PutKeyPolicy")
        })
        .await?;
        Ok(())
    }

    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        wait::appear("policy of the key", || async { Ok(Self::read(client, planned.clone()).await?.filter(|found| found.policy == planned.policy)) }).await
    }
}

impl Resource for KmsKeyPolicy {
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
        let created = Self { id: planned.key_id.clone(), ..planned };
        operation.created(&created)?;
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(key) = describe(client, prior.id.as_deref().unwrap_or_default()).await? else { return Ok(None) };
        let answer = client.kms().get_key_policy().key_id(&key.key_id).policy_name("default").send().await.api("kms:GetKeyPolicy")?;
        Ok(answer.policy.map(|policy| Self {
            bypass_policy_lockout_safety_check: prior.bypass_policy_lockout_safety_check.or(Some(false)),
            // Somebody may have written an ARN.
            key_id: prior.key_id.or(Some(key.key_id)),
            policy: Some(json::keep_policy(prior.policy.as_deref(), &policy)),
            id: prior.id,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id, ..planned };
        if planned.policy != prior.policy {
            Self::put(client, &planned).await?;
        }
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let root = format!("arn:{}:iam::{}:root", client.partition(), client.account().await?);
        let statement = serde_json::json!({"Sid": "Enable IAM User Permissions", "Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"});
        let policy = serde_json::json!({"Version": "2012-10-17", "Id": "default", "Statement": [statement]}).to_string();
        match client.kms().put_key_policy().set_key_id(prior.id).policy_name("default").policy(policy).send().await.api("kms:PutKeyPolicy") {
            // The key is being deleted.
            Err(error) if error.is(&["KMSInvalidStateException"]) => Ok(()),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(()),
        }
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        // A key has always a policy: only the planned one says that it was set.
        let found = Self::read(client, Self { id: planned.key_id.clone(), ..planned.clone() }).await?;
        Ok(found.filter(|found| found.policy == planned.policy))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, client, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let key = text(&lab.make("aws_kms_key", json!({})).await, "key_id");
        let config = |sid: &str| {
            let statement = json!({"Sid": sid, "Effect": "Allow", "Action": ["kms:*"], "Resource": "*", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}});
            json!({"key_id": key, "policy": json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()})
        };
        Lifecycle::new(&lab, "aws_kms_key_policy", config("one")).update(config("two")).stays().run().await;
        let policy = client().await.kms().get_key_policy().key_id(&key).policy_name("default").send().await.expect("policy").policy.unwrap_or_default();
        assert!(policy.contains("Enable IAM User Permissions"), "{policy}");
    }
}
