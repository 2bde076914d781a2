//! `aws_secretsmanager_secret_version`

use aws_sdk_secretsmanager::primitives::Blob;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use super::secretsmanager_secret::describe;
use crate::api::{ApiError, Explain};
use crate::{Client, plan, unset, wait};

/// The stage that a version has while it is the secret's value.
const CURRENT: &str = "AWSCURRENT";

/// A value of a secret.
///
/// With `secret_string_wo` the value is sent and kept nowhere; a new `secret_string_wo_version` sends it again.
///
/// ```hcl
/// resource "aws_secretsmanager_secret_version" "key" {
///   secret_id                = aws_secretsmanager_secret.key.id
///   secret_string_wo         = ephemeral.tls_private_key.server.private_key_pem
///   secret_string_wo_version = 1
/// }
/// ```
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_secretsmanager_secret_version")]
pub(crate) struct SecretsmanagerSecretVersion {
    /// ARN of the secret.
    #[schema(computed)]
    arn: Option<String>,
    /// The value was given by `secret_string_wo`.
    #[schema(computed)]
    has_secret_string_wo: Option<bool>,
    /// `SECRET|VERSION`.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Value, bytes in base64.
    #[schema(optional, sensitive, force_new)]
    secret_binary: Option<String>,
    /// ARN or name of the secret.
    #[schema(required, force_new)]
    secret_id: Option<String>,
    /// Value, text.
    #[schema(optional, sensitive, force_new)]
    secret_string: Option<String>,
    /// Value, text that is kept nowhere.
    #[schema(optional, sensitive, write_only)]
    secret_string_wo: Option<String>,
    /// Another number sends `secret_string_wo` again.
    #[schema(optional, force_new)]
    secret_string_wo_version: Option<i64>,
    /// Id of the version: the token of the operation that made it.
    #[schema(computed)]
    version_id: Option<String>,
    /// Stages of the version.
    #[schema(optional, computed, set)]
    version_stages: Option<Vec<String>>,
}

/// The stages of the version, sorted; none when there is no such version.
async fn stages(client: &Client, secret: &str, version: &str) -> Result<Option<(Option<String>, Vec<String>)>, Fault> {
    let Some(secret) = describe(client, secret).await? else { return Ok(None) };
    let found = secret.version_ids_to_stages().and_then(|versions| versions.get(version)).cloned();
    Ok(found.map(|mut stages| {
        stages.sort();
        (secret.arn, stages)
    }))
}

impl SecretsmanagerSecretVersion {
    /// Secret and version.
    fn parts(&self) -> Result<(&str, &str), Fault> {
        let id = self.id.as_deref().unwrap_or_default();
        id.split_once('|').ok_or_else(|| Fault::error("Invalid id", format!("\"{id}\" should be SECRET-ARN|VERSION-ID.")))
    }

    fn with_id(self, token: &str) -> Self {
        let id = format!("{}|{token}", self.secret_id.as_deref().unwrap_or_default());
        Self { id: Some(id), version_id: Some(token.to_owned()), ..self }
    }
}

impl Resource for SecretsmanagerSecretVersion {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let set = |name: &str| config.get(name).is_some_and(|value| !value.is_null());
        let mut faults = Vec::new();
        let written: Vec<&str> = ["secret_string", "secret_binary", "secret_string_wo"].into_iter().filter(|name| set(name)).collect();
        if let [_, second, ..] = written[..] {
            faults.push(Fault::attribute(Path::attr(second), "Conflicting arguments", format!("Set only one of {}.", written.join(", "))));
        }
        if set("secret_string_wo") != set("secret_string_wo_version") {
            let missing = if set("secret_string_wo") { "secret_string_wo_version" } else { "secret_string_wo" };
            faults.push(Fault::attribute(
                Path::attr(missing),
                "Missing argument",
                "`secret_string_wo` and `secret_string_wo_version` are set together: the one is the value, the other says when to send it.",
            ));
        }
        faults
    }

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        if plan.creating() {
            let write_only = !plan.config("secret_string_wo").is_null();
            plan.set("has_secret_string_wo", if write_only { Value::from(true) } else { Value::null() });
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = planned.with_id(operation.token);
        let binary = match planned.secret_binary.as_ref().filter(|bytes| !bytes.is_empty()) {
            Some(text) => {
                let bytes = STANDARD
                    .decode(text)
                    .map_err(|_| Fault::attribute(Path::attr("secret_binary"), "Invalid base64", "Encode the value with base64encode() or filebase64()."))?;
                Some(Blob::new(bytes))
            }
            None => None,
        };
        let text = planned.secret_string_wo.clone().or_else(|| planned.secret_string.clone()).filter(|text| !text.is_empty());
        if binary.is_none() && text.is_none() {
            return Err(Fault::error("Secret without a value", "Set `secret_string_wo`, `secret_string` or `secret_binary` to something that is not empty."));
        }
        // The token names the version, so a call that is repeated makes no second one.
        wait::retry(
            wait::limit(None, 1)?,
            |error: &ApiError| error.is(&["ResourceNotFoundException"]),
            || async {
                client
                    .secrets()
                    .put_secret_value()
                    .set_secret_id(planned.secret_id.clone())
                    .client_request_token(operation.token)
                    .set_secret_string(text.clone())
                    .set_secret_binary(binary.clone())
                    .set_version_stages(planned.version_stages.clone().filter(|stages| !stages.is_empty()))
                    .send()
                    .await
                    .api("secretsmanager:PutSecretValue")
            },
        )
        .await?;
        let created = Self { secret_string_wo: None, has_secret_string_wo: planned.secret_string_wo.as_ref().map(|_| true), ..planned };
        operation.created(&created)?;
        wait::appear("version of the secret", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let (secret, version) = prior.parts()?;
        let Some((arn, stages)) = stages(client, secret, version).await? else { return Ok(None) };
        let read = Self {
            arn,
            secret_id: Some(secret.to_owned()),
            version_id: Some(version.to_owned()),
            version_stages: Some(stages),
            has_secret_string_wo: prior.has_secret_string_wo,
            secret_string_wo: None,
            secret_string_wo_version: prior.secret_string_wo_version,
            id: prior.id.clone(),
            secret_binary: prior.secret_binary.clone(),
            secret_string: prior.secret_string.clone(),
        };
        // A value that the state must not know is not even asked for.
        if prior.has_secret_string_wo == Some(true) {
            return Ok(Some(read));
        }
        let answer = client.secrets().get_secret_value().secret_id(secret).version_id(version).send().await.api("secretsmanager:GetSecretValue")?;
        let binary = answer.secret_binary.map(|bytes| STANDARD.encode(bytes));
        Ok(Some(Self {
            secret_binary: unset::text(prior.secret_binary.as_ref(), binary.as_deref()),
            secret_string: unset::text(prior.secret_string.as_ref(), answer.secret_string.as_deref()),
            ..read
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id.clone(), ..planned };
        let (secret, version) = planned.parts()?;
        let (before, after) = (prior.version_stages.clone().unwrap_or_default(), planned.version_stages.clone().unwrap_or_default());
        for stage in after.iter().filter(|stage| !before.contains(stage)) {
            let holder = describe(client, secret).await?.and_then(|secret| {
                let versions = secret.version_ids_to_stages?;
                versions.into_iter().find(|(_, stages)| stages.contains(stage)).map(|(version, _)| version)
            });
            let call = client.secrets().update_secret_version_stage().secret_id(secret).version_stage(stage).move_to_version_id(version);
            call.set_remove_from_version_id(holder).send().await.api("secretsmanager:UpdateSecretVersionStage")?;
        }
        // The current stage leaves a version only for another one.
        for stage in before.iter().filter(|stage| !after.contains(stage) && *stage != CURRENT) {
            let call = client.secrets().update_secret_version_stage().secret_id(secret).version_stage(stage).remove_from_version_id(version);
            call.send().await.api("secretsmanager:UpdateSecretVersionStage")?;
        }
        let wanted = planned.version_stages.clone().map(|mut stages| {
            stages.sort();
            stages
        });
        wait::appear("stages of the version", || async {
            let found = Self::read(client, planned.clone()).await?;
            Ok(found.filter(|found| wanted.is_none() || found.version_stages == wanted))
        })
        .await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let (secret, version) = prior.parts()?;
        let Some((_, stages)) = stages(client, secret, version).await? else { return Ok(()) };
        // A version goes when its last stage is taken off; the current one stays until another version is current, or with the secret.
        for stage in stages.iter().filter(|stage| *stage != CURRENT) {
            let call = client.secrets().update_secret_version_stage().secret_id(secret).version_stage(stage).remove_from_version_id(version);
            call.send().await.api("secretsmanager:UpdateSecretVersionStage")?;
        }
        Ok(())
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        Self::read(client, planned.with_id(token)).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let secret = lab.make("aws_secretsmanager_secret", json!({"name": "version/text"})).await;
        let config = json!({"secret_id": text(&secret, "id"), "secret_string": "one"});
        let more = json!({"secret_id": text(&secret, "id"), "secret_string": "one", "version_stages": ["AWSCURRENT", "checked"]});
        let state = Lifecycle::new(&lab, "aws_secretsmanager_secret_version", config).update(more).stays().run().await;
        assert_eq!(text(&state, "secret_string"), "one");
        let planned =
            lab.plan("aws_secretsmanager_secret_version", Some(&state), &json!({"secret_id": text(&secret, "id"), "secret_string": "two"})).await.expect("plan");
        assert_eq!(planned.requires_replace.len(), 1);
    }

    #[tokio::test]
    async fn write_only() {
        let lab = lab().await;
        let secret = lab.make("aws_secretsmanager_secret", json!({"name": "version/wo"})).await;
        let config = |version: i64| json!({"secret_id": text(&secret, "id"), "secret_string_wo": "hidden", "secret_string_wo_version": version});
        let state = lab.make("aws_secretsmanager_secret_version", config(1)).await;
        assert!(!format!("{state:?}").contains("hidden"), "the value is in the state");
        let read = lab.read("aws_secretsmanager_secret_version", &state).await.expect("there");
        assert_eq!(read, state);
        let planned = lab.plan("aws_secretsmanager_secret_version", Some(&state), &config(1)).await.expect("plan");
        assert_eq!(planned.state, state);
        let planned = lab.plan("aws_secretsmanager_secret_version", Some(&state), &config(2)).await.expect("plan");
        assert_eq!(planned.requires_replace.iter().map(ToString::to_string).collect::<Vec<_>>(), [".secret_string_wo_version"]);
        let opened = lab.open("aws_secretsmanager_secret_version", json!({"secret_id": text(&state, "arn")})).await.expect("open");
        assert_eq!((text(&opened, "secret_string"), text(&opened, "version_id")), ("hidden".into(), text(&state, "version_id")));
        let faults = lab.refused("aws_secretsmanager_secret_version", json!({"secret_id": "x", "secret_string": "a", "secret_string_wo": "b"})).await;
        assert_eq!(faults.iter().map(|fault| fault.summary.as_str()).collect::<Vec<_>>(), ["Conflicting arguments", "Missing argument"]);
    }
}
