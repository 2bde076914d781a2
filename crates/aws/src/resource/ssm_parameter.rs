//! `aws_ssm_parameter`

use aws_sdk_ssm::types::{Parameter, ParameterMetadata, ParameterStringFilter, ParameterTier, ParameterType, ResourceTypeForTagging, Tag};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::Explain;
use crate::tags::Tags;
use crate::{Client, plan, ssm_tags, unset, wait};

/// A value in the Parameter Store.
///
/// ```hcl
/// resource "aws_ssm_parameter" "endpoint" {
///   name  = "/vault/endpoint"
///   type  = "String"
///   value = "https://vault.internal:8200"
/// }
/// ```
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_ssm_parameter")]
pub(crate) struct SsmParameter {
    /// Regular expression that values have to match.
    #[schema(optional)]
    allowed_pattern: Option<String>,
    /// ARN.
    #[schema(optional, computed)]
    arn: Option<String>,
    /// `text`, `aws:ec2:image` or `aws:ssm:integration`.
    #[schema(optional, computed)]
    data_type: Option<String>,
    /// What it is for.
    #[schema(optional)]
    description: Option<String>,
    /// The value was given by `value_wo`.
    #[schema(computed)]
    has_value_wo: Option<bool>,
    /// The name again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Value that plans may show; not for `SecureString`.
    #[schema(optional, computed)]
    insecure_value: Option<String>,
    /// KMS key of a `SecureString`.
    #[schema(optional, computed)]
    key_id: Option<String>,
    /// Name, a path.
    #[schema(required, force_new)]
    name: Option<String>,
    /// A parameter that is there already is overwritten.
    #[schema(optional)]
    overwrite: Option<bool>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// `Standard`, `Advanced` or `Intelligent-Tiering`.
    #[schema(optional, computed)]
    tier: Option<String>,
    /// `String`, `StringList` or `SecureString`.
    #[schema(required)]
    r#type: Option<String>,
    /// Value.
    #[schema(optional, computed, sensitive)]
    value: Option<String>,
    /// Value that is kept nowhere.
    #[schema(optional, sensitive, write_only)]
    value_wo: Option<String>,
    /// Another number sends `value_wo` again.
    #[schema(optional)]
    value_wo_version: Option<i64>,
    /// Number of the version.
    #[schema(computed)]
    version: Option<i64>,
}

/// Values, ten names per call.
async fn get(client: &Client, name: &str) -> Result<Option<Parameter>, Fault> {
    client
        .batch("ssm parameter", 10, name.to_owned(), |client, names: Vec<String>| async move {
            let answer = client.ssm().get_parameters().set_names(Some(names)).with_decryption(true).send().await.api("ssm:GetParameters")?;
            Ok(answer.parameters.unwrap_or_default().into_iter().filter_map(|parameter| Some((parameter.name.clone()?, parameter))).collect())
        })
        .await
}

/// What the store says about parameters apart from their values, fifty names per call; this needs no right to decrypt them.
async fn describe(client: &Client, name: &str) -> Result<Option<ParameterMetadata>, Fault> {
    client
        .batch("ssm parameter metadata", 50, name.to_owned(), |client, names: Vec<String>| async move {
            let filter = ParameterStringFilter::builder().key("Name").option("Equals").set_values(Some(names)).build();
            let filter = filter.map_err(|error| Fault::error("ssm:DescribeParameters failed", error.to_string()))?;
            let pages = client.ssm().describe_parameters().parameter_filters(filter).max_results(50).into_paginator().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await.api("ssm:DescribeParameters")?;
            Ok(found.into_iter().flat_map(|page| page.parameters.unwrap_or_default()).filter_map(|parameter| Some((parameter.name.clone()?, parameter))).collect())
        })
        .await
}

impl SsmParameter {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// The value to send.
    fn text(&self) -> Option<&String> {
        [&self.value_wo, &self.insecure_value, &self.value].into_iter().flatten().find(|text| !text.is_empty())
    }

    async fn put(client: &Client, planned: &Self, value: &str, overwrite: bool, tags: Vec<Tag>) -> Result<i64, Fault> {
        let secure = planned.r#type.as_deref() == Some(ParameterType::SecureString.as_str());
        let call = client
            .ssm()
            .put_parameter()
            .set_name(planned.name.clone())
            .set_type(planned.r#type.as_deref().map(ParameterType::from))
            .value(value)
            .overwrite(overwrite)
            .set_allowed_pattern(planned.allowed_pattern.clone().filter(|pattern| overwrite || !pattern.is_empty()))
            .set_description(planned.description.clone().or_else(|| overwrite.then(String::new)))
            .set_data_type(planned.data_type.clone().filter(|kind| !kind.is_empty()))
            .set_key_id(planned.key_id.clone().filter(|key| secure && !key.is_empty()))
            .set_tier(planned.tier.as_deref().filter(|tier| !tier.is_empty()).map(ParameterTier::from))
            // The API takes tags of new parameters only.
            .set_tags(Some(tags).filter(|tags| !tags.is_empty()));
        Ok(call.send().await.api("ssm:PutParameter")?.version)
    }

    async fn settled(client: &Client, planned: Self, version: i64) -> Result<Self, Fault> {
        wait::appear("version of the parameter", || async {
            Ok(Self::read(client, planned.clone()).await?.filter(|found| found.version.is_some_and(|found| found >= version)))
        })
        .await
    }
}

impl Resource for SsmParameter {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let set = |name: &str| config.get(name).is_some_and(|value| !value.is_null());
        let mut faults = Vec::new();
        let written: Vec<&str> = ["value", "insecure_value", "value_wo"].into_iter().filter(|name| set(name)).collect();
        match written[..] {
            [] => faults.push(Fault::error("Parameter without a value", "Set one of value, insecure_value, value_wo.")),
            [_] => {}
            [_, second, ..] => faults.push(Fault::attribute(Path::attr(second), "Conflicting arguments", format!("Set only one of {}.", written.join(", ")))),
        }
        let kind = config.get("type");
        if set("insecure_value") && kind.as_ref().and_then(Value::as_str) == Some("SecureString") {
            faults.push(Fault::attribute(Path::attr("insecure_value"), "Conflicting arguments", "A SecureString is written with `value` or `value_wo`."));
        }
        let longest = config.get("tier").is_none_or(|tier| tier.as_str() == Some("Standard"));
        let value = config.get("value");
        if longest && value.as_ref().and_then(Value::as_str).is_some_and(|text| text.len() > 4096) && set("tier") {
            faults.push(Fault::attribute(
                Path::attr("value"),
                "Value too long",
                "A parameter of the tier Standard holds 4 KiB; set tier = \"Advanced\" for up to 8 KiB.",
            ));
        }
        faults
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        let (text, insecure, hidden) = (plan.config("value"), plan.config("insecure_value"), plan.config("value_wo"));
        // Of the two attributes for the value, the one that is not used is empty.
        if !insecure.is_null() && !hidden.is_null() {
            return Ok(());
        }
        if !text.is_null() {
            plan.set("insecure_value", Value::null());
        } else if !insecure.is_null() {
            plan.set("value", Value::null());
        } else if !hidden.is_null() {
            plan.set("insecure_value", Value::null());
            let empty = plan.prior("value").as_str() == Some("");
            plan.set("value", if plan.creating() || empty { Value::from("") } else { Value::null() });
        }
        plan.set("has_value_wo", if hidden.is_null() { Value::null() } else { Value::from(true) });
        if plan.creating() {
            return Ok(());
        }
        let rewritten = ["value", "insecure_value", "value_wo_version", "type", "tier", "key_id", "data_type", "description", "allowed_pattern", "has_value_wo"];
        if rewritten.iter().any(|name| plan.changed(name)) {
            plan.unknown("version");
        }
        if plan.changed("type") && plan.config("key_id").is_null() {
            plan.unknown("key_id");
        }
        // An advanced parameter cannot become a standard one.
        if plan.changed("tier") && plan.prior("tier").as_str() == Some("Advanced") {
            plan.force_new("tier");
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let value = planned.text().cloned().ok_or_else(|| Fault::error("Parameter without a value", "The value is empty."))?;
        let all = client.tag_rules().all(&planned.tags);
        let overwrite = planned.overwrite == Some(true);
        let tags = if overwrite { Vec::new() } else { ssm_tags::of(all.clone()) };
        let version = Self::put(client, &planned, &value, overwrite, tags).await?;
        let created = Self { id: planned.name.clone(), value_wo: None, ..planned };
        operation.created(&created)?;
        if overwrite && !all.is_empty() {
            let call = client.ssm().add_tags_to_resource().resource_type(ResourceTypeForTagging::Parameter).resource_id(created.id());
            call.set_tags(Some(ssm_tags::of(all))).send().await.api("ssm:AddTagsToResource")?;
        }
        Self::settled(client, created, version).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let id = prior.id().to_owned();
        let (parameter, metadata, listed) = tokio::try_join!(get(client, &id), describe(client, &id), ssm_tags::listed(client, ResourceTypeForTagging::Parameter, &id))?;
        let (Some(parameter), Some(metadata)) = (parameter, metadata) else { return Ok(None) };
        let (tags, tags_all) = client.tag_rules().read(listed, &prior.tags);
        let hidden = prior.has_value_wo == Some(true);
        let insecure = !hidden && prior.insecure_value.is_some() && parameter.r#type != Some(ParameterType::SecureString);
        Ok(Some(Self {
            allowed_pattern: unset::text(prior.allowed_pattern.as_ref(), metadata.allowed_pattern()),
            arn: parameter.arn.clone(),
            data_type: Some(parameter.data_type.clone().unwrap_or_else(|| "text".to_owned())),
            description: unset::text(prior.description.as_ref(), metadata.description()),
            has_value_wo: prior.has_value_wo,
            insecure_value: if insecure { parameter.value.clone() } else { None },
            key_id: Some(metadata.key_id.unwrap_or_default()),
            name: parameter.name.clone(),
            overwrite: prior.overwrite,
            tags,
            tags_all,
            tier: Some(metadata.tier.map_or_else(|| "Standard".to_owned(), |tier| tier.as_str().to_owned())),
            r#type: parameter.r#type.as_ref().map(|kind| kind.as_str().to_owned()),
            value: if hidden { prior.value.filter(String::is_empty) } else { parameter.value.filter(|_| !insecure) },
            value_wo: None,
            value_wo_version: prior.value_wo_version,
            version: Some(parameter.version),
            id: parameter.name,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id.clone(), ..planned };
        let id = planned.id().to_owned();
        let what = |parameter: &Self| {
            [
                &parameter.value,
                &parameter.insecure_value,
                &parameter.r#type,
                &parameter.tier,
                &parameter.key_id,
                &parameter.data_type,
                &parameter.description,
                &parameter.allowed_pattern,
            ]
            .map(Clone::clone)
        };
        let mut version = prior.version.unwrap_or(0);
        if what(&planned) != what(&prior) || planned.value_wo_version != prior.value_wo_version || planned.has_value_wo != prior.has_value_wo {
            // With a hidden value that is not to be sent again, the one in the store stays.
            let resend = planned.value_wo.is_none() || planned.value_wo_version != prior.value_wo_version || prior.has_value_wo != Some(true);
            let value = if resend { planned.text().cloned() } else { get(client, &id).await?.and_then(|parameter| parameter.value) };
            let value = value.ok_or_else(|| Fault::error("Parameter without a value", "The value is empty."))?;
            version = Self::put(client, &planned, &value, true, Vec::new()).await?;
        }
        ssm_tags::change(client, ResourceTypeForTagging::Parameter, &id, &prior.tags_all, &planned.tags).await?;
        Self::settled(client, Self { value_wo: None, ..planned }, version).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        client.ssm().delete_parameter().name(prior.id()).send().await.api("ssm:DeleteParameter")?;
        Ok(())
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        Self::read(client, Self { id: planned.name.clone(), ..planned }).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let state = Lifecycle::new(&lab, "aws_ssm_parameter", json!({"name": "/life/text", "type": "String", "value": "one"}))
            .update(json!({"name": "/life/text", "type": "String", "value": "two", "description": "a value", "tags": {"a": "b"}}))
            .update(json!({"name": "/life/text", "type": "String", "value": "two", "tags": {"c": "d"}}))
            .run()
            .await;
        assert_eq!(text(&state, "arn"), "arn:aws:ssm:eu-central-1:123456789012:parameter/life/text");
        Lifecycle::new(&lab, "aws_ssm_parameter", json!({"name": "/life/secure", "type": "SecureString", "value": "hidden"})).run().await;
        let insecure = |value: &str| json!({"name": "/life/insecure", "type": "String", "insecure_value": value});
        Lifecycle::new(&lab, "aws_ssm_parameter", insecure("one")).update(insecure("two")).import_ignores(&["value", "insecure_value", "version"]).run().await;
        let faults = lab.refused("aws_ssm_parameter", json!({"name": "/x", "type": "String"})).await;
        assert_eq!(faults[0].summary, "Parameter without a value");
    }

    #[tokio::test]
    async fn write_only() {
        let lab = lab().await;
        let config = |value: &str, version: i64| json!({"name": "/life/wo", "type": "SecureString", "value_wo": value, "value_wo_version": version});
        let ignored = ["has_value_wo", "value", "value_wo_version", "version"];
        let state = Lifecycle::new(&lab, "aws_ssm_parameter", config("hidden", 1)).update(config("covered", 2)).import_ignores(&ignored).run().await;
        assert!(!format!("{state:?}").contains("covered"), "the value is in the state");
        let state = lab.make("aws_ssm_parameter", config("shown here", 1)).await;
        let opened = lab.open("aws_ssm_parameter", json!({"arn": text(&state, "arn")})).await.expect("open");
        assert_eq!(text(&opened, "value"), "shown here");
    }
}
