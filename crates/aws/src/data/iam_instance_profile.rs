//! `data "aws_iam_instance_profile"`

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::Client;
use crate::api::Explain;

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

/// `2026-11-24 12:00:00.5 +0000 UTC`, the form that this data source has always had.
fn created(time: &DateTime) -> Option<String> {
    let text = time.fmt(Format::DateTime).ok()?;
    Some(format!("{} +0000 UTC", text.trim_end_matches('Z').replace('T', " ")))
}

impl DataSource for IamInstanceProfile {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let call = client.iam().get_instance_profile().set_instance_profile_name(config.name.clone());
        let profile = call.send().await.api("iam:GetInstanceProfile")?.instance_profile;
        let profile = profile.ok_or_else(|| Fault::error("iam:GetInstanceProfile failed", "The answer holds no instance profile."))?;
        let role = profile.roles.into_iter().next();
        Ok(Self {
            create_date: created(&profile.create_date),
            name: config.name,
            role_arn: role.as_ref().map(|role| role.arn.clone()),
            role_id: role.as_ref().map(|role| role.role_id.clone()),
            role_name: role.map(|role| role.role_name),
            arn: Some(profile.arn),
            id: Some(profile.instance_profile_id),
            path: Some(profile.path),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::created;
    use crate::harness::{lab, text};

    #[test]
    fn times() {
        let time = |nanos| created(&aws_smithy_types::DateTime::from_secs_and_nanos(1_136_214_245, nanos)).expect("time");
        assert_eq!((time(0), time(886_193_000)), ("2006-01-02 15:04:05 +0000 UTC".into(), "2006-01-02 15:04:05.886193 +0000 UTC".into()));
    }

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
