//! `data "aws_iam_session_context"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::Client;
use crate::api::Explain;

/// The role behind the ARN of a session, such as the one of `aws_caller_identity`; any other ARN stays itself.
///
/// ```hcl
/// data "aws_iam_session_context" "me" {
///   arn = data.aws_caller_identity.current.arn
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_iam_session_context")]
pub(crate) struct IamSessionContext {
    /// ARN of a session, role or user.
    #[schema(required)]
    arn: Option<String>,
    /// The ARN again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// ARN of the role of the session; the given ARN when it is of none.
    #[schema(computed)]
    issuer_arn: Option<String>,
    /// Unique id of that role.
    #[schema(computed)]
    issuer_id: Option<String>,
    /// Name of that role.
    #[schema(computed)]
    issuer_name: Option<String>,
    /// Name of the session.
    #[schema(computed)]
    session_name: Option<String>,
}

/// Role and session of `arn:PARTITION:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
fn parts(arn: &str) -> Option<(&str, &str)> {
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    match fields[..] {
        ["arn", _, "sts", _, _, resource] => {
            resource.strip_prefix("assumed-role/")?.rsplit_once('/').map(|(role, session)| (role.rsplit('/').next().unwrap_or(role), session))
        }
        _ => None,
    }
}

impl DataSource for IamSessionContext {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let arn = config.arn.unwrap_or_default();
        let Some((role, session)) = parts(&arn) else {
            let none = Some(String::new());
            return Ok(Self {
                issuer_id: none.clone(),
                issuer_name: none.clone(),
                session_name: none,
                id: Some(arn.clone()),
                issuer_arn: Some(arn.clone()),
                arn: Some(arn),
            });
        };
        // The ARN of a session does not have the role's path.
        let found = client.iam().get_role().role_name(role).send().await.api("iam:GetRole")?.role;
        let found = found.ok_or_else(|| Fault::error("iam:GetRole failed", "The answer holds no role."))?;
        Ok(Self {
            issuer_arn: Some(found.arn),
            issuer_id: Some(found.role_id),
            issuer_name: Some(role.to_owned()),
            session_name: Some(session.to_owned()),
            id: Some(arn.clone()),
            arn: Some(arn),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parts;
    use crate::harness::{lab, text};

    #[test]
    fn sessions() {
        assert_eq!(parts("arn:aws:sts::123456789012:assumed-role/deploy/me@example.com"), Some(("deploy", "me@example.com")));
        assert_eq!(parts("arn:aws:iam::123456789012:role/team/deploy"), None);
        assert_eq!(parts("arn:aws:sts::123456789012:federated-user/me"), None);
        assert_eq!(parts("me"), None);
    }

    #[tokio::test]
    async fn role_and_user() {
        let lab = lab().await;
        let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]}).to_string();
        let role = lab.make("aws_iam_role", json!({"name": "data-session", "path": "/team/", "assume_role_policy": trust})).await;
        let session = "arn:aws:sts::123456789012:assumed-role/data-session/me";
        let found = lab.data("aws_iam_session_context", json!({"arn": session})).await.expect("session");
        assert_eq!((text(&found, "issuer_arn"), text(&found, "issuer_id")), (text(&role, "arn"), text(&role, "unique_id")));
        assert_eq!((text(&found, "issuer_name"), text(&found, "session_name"), text(&found, "id")), ("data-session".into(), "me".into(), session.into()));
        let user = "arn:aws:iam::123456789012:user/ann";
        let found = lab.data("aws_iam_session_context", json!({"arn": user})).await.expect("user");
        assert_eq!((text(&found, "issuer_arn"), text(&found, "session_name")), (user.into(), String::new()));
    }
}
