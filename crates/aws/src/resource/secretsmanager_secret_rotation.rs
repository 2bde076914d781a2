//! `aws_secretsmanager_secret_rotation`

use aws_sdk_secretsmanager::types::RotationRulesType;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use super::secretsmanager_secret::describe;
use crate::api::{ApiError, Explain, ignore_gone};
use crate::{Client, keep, plan, wait};

/// How often the value of a secret is changed, and by whom.
///
/// ```hcl
/// resource "aws_secretsmanager_secret_rotation" "database" {
///   secret_id           = aws_secretsmanager_secret.database.id
///   rotation_lambda_arn = aws_lambda_function.rotate.arn
///
///   rotation_rules {
///     automatically_after_days = 30
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_secretsmanager_secret_rotation", version = 1)]
pub(crate) struct SecretsmanagerSecretRotation {
    /// ARN of the secret.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Changes the value at once, and not only when its time has come.
    #[schema(optional, default = true)]
    rotate_immediately: Option<bool>,
    /// The value is changed.
    #[schema(computed)]
    rotation_enabled: Option<bool>,
    /// ARN of the function that changes it; none for secrets of AWS services.
    #[schema(optional)]
    rotation_lambda_arn: Option<String>,
    /// ARN or name of the secret.
    #[schema(required, force_new)]
    secret_id: Option<String>,
    /// When.
    #[schema(block, min = 1, max = 1)]
    rotation_rules: Vec<Rules>,
}

/// When the value is changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Rules {
    /// Days between the changes.
    #[schema(optional)]
    automatically_after_days: Option<i64>,
    /// Hours that a change may take, as `3h`.
    #[schema(optional)]
    duration: Option<String>,
    /// A `cron` or `rate` expression.
    #[schema(optional)]
    schedule_expression: Option<String>,
}

impl Rules {
    fn request(&self) -> RotationRulesType {
        let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let schedule = text(&self.schedule_expression);
        let days = self.automatically_after_days.filter(|days| *days > 0 && schedule.is_none());
        RotationRulesType::builder().set_automatically_after_days(days).set_duration(text(&self.duration)).set_schedule_expression(schedule).build()
    }

    /// Of a schedule the API also tells the days that it comes to.
    fn shown(rules: &RotationRulesType) -> Self {
        let schedule = rules.schedule_expression().filter(|text| !text.is_empty()).map(str::to_owned);
        Self {
            automatically_after_days: rules.automatically_after_days().filter(|_| schedule.is_none()),
            duration: rules.duration.clone(),
            schedule_expression: schedule,
        }
    }
}

impl SecretsmanagerSecretRotation {
    async fn rotate(client: &Client, planned: &Self, token: &str) -> Result<Option<String>, Fault> {
        // The function's permission to be called may not be seen yet.
        let passing = |error: &ApiError| {
            error.is(&["AccessDeniedException"]) && error.message.contains("invoke") || error.is(&["InvalidRequestException"]) && error.message.contains("in progress")
        };
        let answer = wait::retry(wait::limit(None, 1)?, passing, || async {
            client
                .secrets()
                .rotate_secret()
                .set_secret_id(planned.secret_id.clone())
                .client_request_token(token)
                .set_rotate_immediately(planned.rotate_immediately)
                .set_rotation_lambda_arn(planned.rotation_lambda_arn.clone().filter(|arn| !arn.is_empty()))
                .set_rotation_rules(planned.rotation_rules.first().map(Rules::request))
                .send()
                .await
                .api("secretsmanager:RotateSecret")
        })
        .await?;
        Ok(answer.arn)
    }

    fn agrees(&self, planned: &Self) -> bool {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let rules = |rotation: &Self| rotation.rotation_rules.first().map(Rules::request);
        self.rotation_enabled == Some(true) && text(&self.rotation_lambda_arn) == text(&planned.rotation_lambda_arn) && rules(self) == rules(planned)
    }

    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        wait::appear("rotation of the secret", || async { Ok(Self::read(client, planned.clone()).await?.filter(|found| found.agrees(&planned))) }).await
    }
}

impl Resource for SecretsmanagerSecretRotation {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let Some(rules) = config.get("rotation_rules").and_then(|rules| rules.elements().next().cloned()) else { return Vec::new() };
        let set = |name: &str| rules.get(name).is_some_and(|value| !value.is_null());
        let path = || Path::attr("rotation_rules");
        match (set("automatically_after_days"), set("schedule_expression")) {
            (true, true) => vec![Fault::attribute(path(), "Conflicting arguments", "Set either automatically_after_days or schedule_expression, not both.")],
            (false, false) => vec![Fault::attribute(path(), "Missing argument", "Set one of automatically_after_days, schedule_expression.")],
            _ if rules.get("automatically_after_days").and_then(|days| days.as_i64()).is_some_and(|days| !(1..=1000).contains(&days)) => {
                vec![Fault::attribute(path(), "Number out of range", "automatically_after_days is 1 to 1000.")]
            }
            _ => Vec::new(),
        }
    }

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let id = Self::rotate(client, &planned, operation.token).await?;
        let created = Self { id, ..planned };
        operation.created(&created)?;
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let id = prior.id.clone().or_else(|| prior.secret_id.clone()).unwrap_or_default();
        let Some(secret) = describe(client, &id).await? else { return Ok(None) };
        if secret.rotation_enabled != Some(true) {
            return Ok(None);
        }
        let read = Self {
            id: secret.arn.clone(),
            rotate_immediately: prior.rotate_immediately.or(Some(true)),
            rotation_enabled: Some(true),
            rotation_lambda_arn: secret.rotation_lambda_arn,
            secret_id: prior.secret_id.clone().or(secret.arn),
            rotation_rules: secret.rotation_rules.as_ref().map(Rules::shown).into_iter().collect(),
        };
        Ok(Some(keep::form(&prior, &read)?))
    }

    async fn update(client: &Client, prior: Self, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id.clone(), ..planned };
        // Another `rotate_immediately` alone is for the next time.
        if !prior.agrees(&planned) {
            Self::rotate(client, &planned, operation.token).await?;
        }
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        match client.secrets().cancel_rotate_secret().set_secret_id(prior.id.or(prior.secret_id)).send().await.api("secretsmanager:CancelRotateSecret") {
            // The secret is being deleted, or there is no rotation.
            Err(error) if error.is(&["InvalidRequestException"]) => Ok(()),
            done => Ok(ignore_gone(done)?),
        }
    }

    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        Ok(Self { id: Some(id.to_owned()), secret_id: Some(id.to_owned()), ..Self::default() })
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        // What somebody else has set is set anew.
        Ok(Self::read(client, Self { id: planned.secret_id.clone(), ..planned.clone() }).await?.filter(|found| found.agrees(&planned)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::{Map, Value as Json, json};

    use crate::harness::{Lifecycle, endpoint, endpoints, lab, lab_with, text};
    use crate::proxy::{Made, Proxy};

    /// The emulator calls the function at once and knows no schedules: here rotation is only noted, as the API reference says that it is shown.
    async fn noting() -> Proxy {
        let noted: Mutex<Option<Json>> = Mutex::default();
        let maker = move |action: &str, body: &str| match action {
            "RotateSecret" => {
                let request: Json = serde_json::from_str(body).expect("JSON");
                let answer = json!({"ARN": request["SecretId"], "VersionId": request["ClientRequestToken"]}).to_string();
                *noted.lock().expect("lock") = Some(request);
                Made::Answer(answer)
            }
            "CancelRotateSecret" => {
                *noted.lock().expect("lock") = None;
                Made::Answer("{}".to_owned())
            }
            "DescribeSecret" => {
                let Some(noted) = noted.lock().expect("lock").clone() else { return Made::Passed };
                Made::Edited(Box::new(move |text| {
                    let mut secret: Map<String, Json> = serde_json::from_str(&text).expect("JSON");
                    let mut rules = noted["RotationRules"].clone();
                    if rules.get("ScheduleExpression").is_some() {
                        rules["AutomaticallyAfterDays"] = json!(10);
                    }
                    secret.insert("RotationEnabled".into(), json!(true));
                    secret.insert("RotationRules".into(), rules);
                    secret.insert("RotationLambdaARN".into(), noted["RotationLambdaARN"].clone());
                    Json::from(secret).to_string()
                }))
            }
            _ => Made::Passed,
        };
        Proxy::extending(endpoint(), maker).await
    }

    #[tokio::test]
    async fn lifecycle() {
        let proxy = noting().await;
        let lab = lab_with(json!({"endpoints": [endpoints(&proxy.url)]})).await;
        let secret = text(&lab.make("aws_secretsmanager_secret", json!({"name": "rotated"})).await, "arn");
        let function = |name: &str| format!("arn:aws:lambda:eu-central-1:123456789012:function:{name}");
        let config = |function: Option<String>, rules: Json| json!({"secret_id": secret, "rotation_lambda_arn": function, "rotation_rules": [rules]});
        Lifecycle::new(&lab, "aws_secretsmanager_secret_rotation", config(Some(function("one")), json!({"automatically_after_days": 30})))
            .update(config(Some(function("two")), json!({"automatically_after_days": 7, "duration": "3h"})))
            .update(config(None, json!({"schedule_expression": "rate(10 days)"})))
            .run()
            .await;
        assert!(proxy.bodies("RotateSecret")[0].contains(r#""RotateImmediately":true"#));
    }

    #[tokio::test]
    async fn refused() {
        let lab = lab().await;
        for (rules, summary) in [
            (json!({}), "Missing argument"),
            (json!({"automatically_after_days": 1, "schedule_expression": "rate(1 day)"}), "Conflicting arguments"),
            (json!({"automatically_after_days": 0}), "Number out of range"),
        ] {
            let faults = lab.validate("aws_secretsmanager_secret_rotation", &json!({"secret_id": "s", "rotation_rules": [rules]}));
            assert_eq!(faults.iter().map(|fault| fault.summary.as_str()).collect::<Vec<_>>(), [summary]);
        }
    }
}
