//! `data "aws_iam_instance_profile"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::Client;
use crate::api::Explain;
use crate::resource::iam_role::time;

/// What gives a role to an instance.
///
/// ```hcl
/// data "aws_iam_instance_profile" "node" {
///   name = "node"
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
    /// Unique id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Name.
    #[schema(required)]
    name: Option<String>,
    /// Path.
    #[schema(computed)]
    path: Option<String>,
    /// ARN of its role.
    #[schema(computed)]
    role_arn: Option<String>,
    /// Unique id of its role.
    #[schema(computed)]
    role_id: Option<String>,
    /// Name of its role.
    #[schema(computed)]
    role_name: Option<String>,
}

impl DataSource for IamInstanceProfile {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let call = client.iam().get_instance_profile().set_instance_profile_name(config.name.clone());
        let profile = call.send().await.api("iam:GetInstanceProfile")?.instance_profile;
        let profile = profile.ok_or_else(|| Fault::error("iam:GetInstanceProfile failed", "The answer holds no instance profile."))?;
        let role = profile.roles.into_iter().next();
        let shown = |text: Option<&String>| Some(text.cloned().unwrap_or_default());
        Ok(Self {
            create_date: time(&profile.create_date),
            name: config.name,
            role_arn: shown(role.as_ref().map(|role| &role.arn)),
            role_id: shown(role.as_ref().map(|role| &role.role_id)),
            role_name: shown(role.as_ref().map(|role| &role.role_name)),
            arn: Some(profile.arn),
            id: Some(profile.instance_profile_id),
            path: Some(profile.path),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn with_and_without_a_role() {
        let lab = lab().await;
        let trust =
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}]}).to_string();
        let role = lab.make("aws_iam_role", json!({"name": "data-profile-role", "assume_role_policy": trust})).await;
        let made = lab.make("aws_iam_instance_profile", json!({"name": "data-profile", "role": "data-profile-role"})).await;
        let found = lab.data("aws_iam_instance_profile", json!({"name": "data-profile"})).await.expect("profile");
        assert_eq!((text(&found, "id"), text(&found, "arn")), (text(&made, "unique_id"), text(&made, "arn")));
        assert_eq!((text(&found, "role_arn"), text(&found, "role_id")), (text(&role, "arn"), text(&role, "unique_id")));
        lab.make("aws_iam_instance_profile", json!({"name": "data-profile-bare"})).await;
        let found = lab.data("aws_iam_instance_profile", json!({"name": "data-profile-bare"})).await.expect("profile");
        assert_eq!(text(&found, "role_name"), "");
    }
}
