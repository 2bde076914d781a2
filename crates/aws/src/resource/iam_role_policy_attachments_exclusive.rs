//! `aws_iam_role_policy_attachments_exclusive`

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use super::iam_role::attached;
use crate::api::{ApiError, Explain, ignore_gone};
use crate::{Client, plan, wait};

/// That a role has these managed policies and no others: missing ones are attached, others are detached.
///
/// Without this resource the role keeps what it has.
///
/// ```hcl
/// resource "aws_iam_role_policy_attachments_exclusive" "node" {
///   role_name   = aws_iam_role.node.name
///   policy_arns = ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"]
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_iam_role_policy_attachments_exclusive")]
pub(crate) struct IamRolePolicyAttachmentsExclusive {
    /// ARNs of the policies.
    #[schema(required, set)]
    policy_arns: Option<Vec<String>>,
    /// Name of the role.
    #[schema(required, force_new)]
    role_name: Option<String>,
}

impl IamRolePolicyAttachmentsExclusive {
    fn role(&self) -> &str {
        self.role_name.as_deref().unwrap_or_default()
    }

    async fn apply(client: &Client, planned: Self) -> Result<Self, Fault> {
        let role = planned.role();
        let mut wanted = planned.policy_arns.clone().unwrap_or_default();
        wanted.sort();
        let there = attached(client, role).await?.unwrap_or_default();
        for arn in there.iter().filter(|arn| !wanted.contains(arn)) {
            ignore_gone(client.iam().detach_role_policy().role_name(role).policy_arn(arn).send().await.api("iam:DetachRolePolicy"))?;
        }
        let passing = |error: &ApiError| error.is(&["ConcurrentModification"]);
        for arn in wanted.iter().filter(|arn| !there.contains(arn)) {
            wait::retry(wait::limit(None, 2)?, passing, || async {
                client.iam().attach_role_policy().role_name(role).policy_arn(arn).send().await.api("iam:AttachRolePolicy")
            })
            .await?;
        }
        wait::until("the role to have these policies", wait::limit(None, 2)?, || async {
            let mut there = attached(client, role).await?.unwrap_or_default();
            there.sort();
            Ok((there == wanted).then_some(()))
        })
        .await?;
        Ok(planned)
    }
}

impl Resource for IamRolePolicyAttachmentsExclusive {
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
        let there = attached(client, prior.role()).await?;
        Ok(there.map(|there| Self { policy_arns: Some(there), ..prior }))
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
    async fn attached_and_detached() {
        let lab = lab().await;
        let client = client().await;
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        lab.make("aws_iam_role", json!({"name": "exclusive-managed", "assume_role_policy": trust})).await;
        let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
        for name in ["exclusive-one", "exclusive-two", "exclusive-strange"] {
            client.iam().create_policy().policy_name(name).policy_document(document).send().await.expect("policy");
        }
        let strange = "arn:aws:iam::123456789012:policy/exclusive-strange";
        client.iam().attach_role_policy().role_name("exclusive-managed").policy_arn(strange).send().await.expect("attach");
        let (one, two) = ("arn:aws:iam::123456789012:policy/exclusive-one", "arn:aws:iam::123456789012:policy/exclusive-two");
        let config = |arns: &[&str]| json!({"role_name": "exclusive-managed", "policy_arns": arns});
        let life = Lifecycle::new(&lab, "aws_iam_role_policy_attachments_exclusive", config(&[one])).update(config(&[one, two])).update(config(&[]));
        life.import_id(|state| text(state, "role_name")).adopts().stays().run().await;
        let left = client.iam().list_attached_role_policies().role_name("exclusive-managed").send().await.expect("policies");
        assert!(left.attached_policies().is_empty(), "{left:?}");
    }
}
