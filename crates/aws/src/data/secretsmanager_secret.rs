//! `data "aws_secretsmanager_secret"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};
use weir_value::Value;

use crate::Client;
use crate::api::Explain;
use crate::resource::iam_role::time;
use crate::resource::secretsmanager_secret::describe;
use crate::tags::Tags;

/// A secret, by its name or ARN; its value is not read.
///
/// ```hcl
/// data "aws_secretsmanager_secret" "key" {
///   name = "vault/server-key"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_secretsmanager_secret")]
pub(crate) struct SecretsmanagerSecret {
    /// ARN.
    #[schema(optional, computed)]
    arn: Option<String>,
    /// When it was created.
    #[schema(computed)]
    created_date: Option<String>,
    /// What it is for.
    #[schema(computed)]
    description: Option<String>,
    /// The ARN again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// KMS key.
    #[schema(computed)]
    kms_key_id: Option<String>,
    /// When it was last changed.
    #[schema(computed)]
    last_changed_date: Option<String>,
    /// Name.
    #[schema(optional, computed)]
    name: Option<String>,
    /// Its policy in JSON.
    #[schema(computed)]
    policy: Option<String>,
    /// Tags.
    #[schema(optional, computed)]
    tags: Tags,
}

impl DataSource for SecretsmanagerSecret {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let set = |name: &str| config.get(name).is_some_and(|value| !value.is_null());
        if set("arn") == set("name") {
            return vec![Fault::error("Missing or conflicting arguments", "Set one of arn, name.")];
        }
        Vec::new()
    }

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let wanted = config.arn.or(config.name).unwrap_or_default();
        let missing = || Fault::error("No such secret", format!("There is no secret \"{wanted}\" in {}, or it is being deleted.", client.region()));
        let secret = describe(client, &wanted).await?.ok_or_else(missing)?;
        let policy = client.secrets().get_resource_policy().secret_id(&wanted).send().await.api("secretsmanager:GetResourcePolicy")?;
        let pairs = secret.tags().iter().map(|tag| (tag.key().unwrap_or_default().to_owned(), tag.value().unwrap_or_default().to_owned()));
        let (_, tags) = client.tag_rules().read(pairs, &None);
        Ok(Self {
            created_date: secret.created_date.as_ref().and_then(time),
            description: Some(secret.description.unwrap_or_default()),
            id: secret.arn.clone(),
            kms_key_id: Some(secret.kms_key_id.unwrap_or_default()),
            last_changed_date: secret.last_changed_date.as_ref().and_then(time),
            policy: Some(policy.resource_policy.unwrap_or_default()),
            tags,
            arn: secret.arn,
            name: secret.name,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn by_name_and_by_arn() {
        let lab = lab().await;
        let secret = lab.make("aws_secretsmanager_secret", json!({"name": "data/one", "description": "one"})).await;
        for query in [json!({"name": "data/one"}), json!({"arn": text(&secret, "arn")})] {
            let found = lab.data("aws_secretsmanager_secret", query).await.expect("secret");
            assert_eq!((text(&found, "id"), text(&found, "description")), (text(&secret, "id"), "one".into()));
        }
        let faults = lab.data("aws_secretsmanager_secret", json!({"name": "data/missing"})).await.expect_err("missing");
        assert_eq!(faults[0].summary, "No such secret");
    }
}
