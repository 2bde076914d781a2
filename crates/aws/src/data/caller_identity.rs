//! `data "aws_caller_identity"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::Client;

/// Who the credentials belong to.
///
/// ```hcl
/// data "aws_caller_identity" "me" {}
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_caller_identity")]
pub(crate) struct CallerIdentity {
    /// Number of the account.
    #[schema(computed)]
    account_id: Option<String>,
    /// ARN of the user or role.
    #[schema(computed)]
    arn: Option<String>,
    /// Number of the account.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Unique id of the user or role.
    #[schema(computed)]
    user_id: Option<String>,
}

impl DataSource for CallerIdentity {
    type Client = Client;

    async fn read(client: &Client, _config: Self) -> Result<Self, Fault> {
        let caller = client.caller().await?.clone();
        let account = Some(caller.account);
        Ok(Self { account_id: account.clone(), arn: Some(caller.arn), id: account, user_id: Some(caller.user_id) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn account() {
        let found = lab().await.data("aws_caller_identity", json!({})).await.expect("caller");
        assert_eq!((text(&found, "account_id"), text(&found, "id")), ("123456789012".into(), "123456789012".into()));
        assert!(text(&found, "arn").starts_with("arn:aws:sts::123456789012:"));
    }
}
