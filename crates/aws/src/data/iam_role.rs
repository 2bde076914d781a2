//! `data "aws_iam_role"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::Client;
use crate::api::Explain;
use crate::resource::iam_role::{decode, pairs, time};
use crate::tags::Tags;

/// A role.
///
/// ```hcl
/// data "aws_iam_role" "deploy" {
///   name = "deploy"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_iam_role")]
pub(crate) struct IamRole {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Who may take it on: a policy in JSON.
    #[schema(computed)]
    assume_role_policy: Option<String>,
    /// When it was created.
    #[schema(computed)]
    create_date: Option<String>,
    /// What it is for.
    #[schema(computed)]
    description: Option<String>,
    /// The name again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Longest session, in seconds.
    #[schema(computed)]
    max_session_duration: Option<i64>,
    /// Name.
    #[schema(required)]
    name: Option<String>,
    /// Path.
    #[schema(computed)]
    path: Option<String>,
    /// ARN of the policy that bounds what the role can be allowed.
    #[schema(computed)]
    permissions_boundary: Option<String>,
    /// When and where it was last used; nothing when it never was.
    #[schema(computed)]
    role_last_used: Option<Vec<LastUsed>>,
    /// Tags.
    #[schema(optional, computed)]
    tags: Tags,
    /// Unique id.
    #[schema(computed)]
    unique_id: Option<String>,
}

/// A use of the role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct LastUsed {
    /// When.
    #[schema(computed)]
    last_used_date: Option<String>,
    /// Where.
    #[schema(computed)]
    region: Option<String>,
}

impl DataSource for IamRole {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let name = config.name.unwrap_or_default();
        let role = client.iam().get_role().role_name(&name).send().await.api("iam:GetRole")?.role;
        let role = role.ok_or_else(|| Fault::error("iam:GetRole failed", "The answer holds no role."))?;
        let (_, tags) = client.tag_rules().read(pairs(role.tags()), &None);
        let used = role.role_last_used().and_then(|used| {
            let date = used.last_used_date()?;
            Some(LastUsed { last_used_date: time(date), region: Some(used.region().unwrap_or_default().to_owned()) })
        });
        let boundary = role.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn());
        Ok(Self {
            assume_role_policy: Some(decode(role.assume_role_policy_document().unwrap_or_default())),
            create_date: time(role.create_date()),
            description: Some(role.description().unwrap_or_default().to_owned()),
            max_session_duration: Some(role.max_session_duration.map_or(3600, i64::from)),
            permissions_boundary: Some(boundary.unwrap_or_default().to_owned()),
            role_last_used: Some(used.into_iter().collect()),
            tags,
            id: Some(name.clone()),
            name: Some(name),
            arn: Some(role.arn),
            path: Some(role.path),
            unique_id: Some(role.role_id),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::lab;

    #[tokio::test]
    async fn found_and_missing() {
        let lab = lab().await;
        let trust =
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}]}).to_string();
        let made = lab.make("aws_iam_role", json!({"name": "data-role", "assume_role_policy": trust, "max_session_duration": 7200, "tags": {"a": "b"}})).await;
        let found = lab.data("aws_iam_role", json!({"name": "data-role"})).await.expect("role");
        for same in ["id", "arn", "assume_role_policy", "create_date", "max_session_duration", "path", "tags", "unique_id"] {
            assert_eq!(found.get(same), made.get(same), "{same}");
        }
        let faults = lab.data("aws_iam_role", json!({"name": "data-no-role"})).await.expect_err("missing");
        assert_eq!(faults[0].summary, "iam:GetRole failed");
    }
}
