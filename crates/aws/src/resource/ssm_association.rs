//! `aws_ssm_association`

use std::collections::{BTreeMap, HashMap};

use aws_sdk_ssm::types::{
    AssociationComplianceSeverity, AssociationDescription, AssociationFilter, AssociationFilterKey, AssociationStatusName, AssociationSyncCompliance,
    InstanceAssociationOutputLocation, ResourceTypeForTagging, S3OutputLocation, Target,
};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::{ApiError, Explain};
use crate::tags::Tags;
use crate::{Client, keep, plan, ssm_tags, wait};

/// A document that the Systems Manager applies to instances, again and again.
///
/// ```hcl
/// resource "aws_ssm_association" "patches" {
///   name                = "AWS-RunPatchBaseline"
///   schedule_expression = "cron(0 2 ? * SUN *)"
///   parameters          = { Operation = "Install" }
///
///   targets {
///     key    = "tag:Patch"
///     values = ["weekly"]
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_ssm_association", version = 1)]
pub(crate) struct SsmAssociation {
    /// Not when it is made or changed: only when its time has come.
    #[schema(optional, default = false)]
    apply_only_at_cron_interval: Option<bool>,
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Id.
    #[schema(computed)]
    association_id: Option<String>,
    /// Name.
    #[schema(optional)]
    association_name: Option<String>,
    /// Parameter of an automation that gets the targets.
    #[schema(optional)]
    automation_target_parameter_name: Option<String>,
    /// How bad it is when it does not hold: `UNSPECIFIED`, `LOW`, `MEDIUM`, `HIGH` or `CRITICAL`.
    #[schema(optional)]
    compliance_severity: Option<String>,
    /// Version of the document.
    #[schema(optional, computed)]
    document_version: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// See `targets`.
    #[schema(
        optional,
        force_new,
        deprecated = "use 'targets' argument instead. https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateAssociation.html#systemsmanager-CreateAssociation-request-InstanceId"
    )]
    instance_id: Option<String>,
    /// Targets at a time: a number or a percentage.
    #[schema(optional)]
    max_concurrency: Option<String>,
    /// Errors after which no further target is begun: a number or a percentage.
    #[schema(optional)]
    max_errors: Option<String>,
    /// Name or ARN of the document.
    #[schema(required, force_new)]
    name: Option<String>,
    /// Parameters of the document.
    #[schema(optional, computed)]
    parameters: Option<BTreeMap<String, String>>,
    /// When: a `cron` or `rate` expression; once when unset.
    #[schema(optional)]
    schedule_expression: Option<String>,
    /// `AUTO` or `MANUAL`.
    #[schema(optional)]
    sync_compliance: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// Waits at the creation until it has been applied, so many seconds.
    #[schema(optional)]
    wait_for_success_timeout_seconds: Option<i64>,
    /// Where the output is put.
    #[schema(block, max = 1)]
    output_location: Vec<Output>,
    /// Instances.
    #[schema(block, max = 5, computed)]
    targets: Vec<Targets>,
}

/// A place in S3.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Output {
    /// Bucket.
    #[schema(required)]
    s3_bucket_name: Option<String>,
    /// What keys begin with.
    #[schema(optional)]
    s3_key_prefix: Option<String>,
    /// Region of the bucket.
    #[schema(optional)]
    s3_region: Option<String>,
}

/// Instances by id or tag.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Targets {
    /// `InstanceIds`, `tag:NAME` or `resource-groups:Name`.
    #[schema(required)]
    key: Option<String>,
    /// Ids or values.
    #[schema(required)]
    values: Option<Vec<String>>,
}

const KIND: ResourceTypeForTagging = ResourceTypeForTagging::Association;

fn given(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}

/// True when there is no such association.
fn missing(error: &ApiError) -> bool {
    error.is(&["AssociationDoesNotExist"]) || error.not_found()
}

impl SsmAssociation {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn parameters(&self) -> Option<HashMap<String, Vec<String>>> {
        let all: HashMap<_, _> = self.parameters.iter().flatten().map(|(name, value)| (name.clone(), vec![value.clone()])).collect();
        Some(all).filter(|all| !all.is_empty())
    }

    fn targets(&self) -> Option<Vec<Target>> {
        let all = self.targets.iter().map(|target| Target::builder().set_key(target.key.clone()).set_values(target.values.clone()).build());
        Some(all.collect()).filter(|all: &Vec<_>| !all.is_empty())
    }

    fn output(&self) -> Option<InstanceAssociationOutputLocation> {
        let place = self.output_location.first()?;
        let place = S3OutputLocation::builder()
            .set_output_s3_bucket_name(given(&place.s3_bucket_name))
            .set_output_s3_key_prefix(given(&place.s3_key_prefix))
            .set_output_s3_region(given(&place.s3_region));
        Some(InstanceAssociationOutputLocation::builder().s3_location(place.build()).build())
    }

    async fn describe(client: &Client, id: &str) -> Result<Option<AssociationDescription>, Fault> {
        match client.ssm().describe_association().association_id(id).send().await.api("ssm:DescribeAssociation") {
            Ok(answer) => Ok(answer.association_description),
            Err(error) if missing(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until it has been applied.
    async fn applied(client: &Client, id: &str, seconds: i64) -> Result<(), Fault> {
        let limit = std::time::Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        wait::until("the association to be applied", limit, || async {
            let overview = Self::describe(client, id).await?.and_then(|found| found.overview);
            let (status, detail) = overview.map(|overview| (overview.status.unwrap_or_default(), overview.detailed_status.unwrap_or_default())).unwrap_or_default();
            if status == AssociationStatusName::Failed.as_str() {
                return Err(Fault::error("Association failed", format!("Applying {id} ended as {detail}. The output of the command in the Systems Manager says why.")));
            }
            Ok((status == AssociationStatusName::Success.as_str()).then_some(()))
        })
        .await
    }

    /// What both say about the association, without what the API fills in.
    fn agrees(&self, planned: &Self) -> bool {
        let unset = planned.parameters.as_ref().is_none_or(BTreeMap::is_empty);
        given(&self.association_name) == given(&planned.association_name)
            && given(&self.schedule_expression) == given(&planned.schedule_expression)
            && (unset || self.parameters == planned.parameters)
            && (planned.targets.is_empty() || self.targets == planned.targets)
    }

    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        let tags = client.tag_rules().all(&planned.tags);
        wait::appear("state of the association", || async {
            let found = Self::read(client, planned.clone()).await?;
            Ok(found.filter(|found| found.agrees(&planned) && found.tags_all.as_ref() == Some(&tags)))
        })
        .await
    }
}

impl Resource for SsmAssociation {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let mut faults = Vec::new();
        for name in ["max_concurrency", "max_errors"] {
            let value = config.get(name);
            let Some(text) = value.as_ref().and_then(Value::as_str) else { continue };
            let (digits, percent) = text.strip_suffix('%').map_or((text, false), |digits| (digits, true));
            if digits.parse::<u32>().is_ok_and(|number| !percent || number <= 100) {
                continue;
            }
            faults.push(Fault::attribute(Path::attr(name), "Invalid number", format!("\"{text}\" is neither a number nor a percentage, such as 10 or 10%.")));
        }
        let set = |name: &str| config.get(name).is_some_and(|value| !value.is_null() && value.length() != Some(0));
        if set("instance_id") && set("targets") {
            faults.push(Fault::attribute(Path::attr("instance_id"), "Conflicting arguments", "Set either `instance_id` or `targets`, not both."));
        }
        faults
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let tags = ssm_tags::of(client.tag_rules().all(&planned.tags));
        let call = client
            .ssm()
            .create_association()
            .set_name(planned.name.clone())
            .apply_only_at_cron_interval(planned.apply_only_at_cron_interval.unwrap_or(false))
            .set_association_name(given(&planned.association_name))
            .set_automation_target_parameter_name(given(&planned.automation_target_parameter_name))
            .set_compliance_severity(given(&planned.compliance_severity).as_deref().map(AssociationComplianceSeverity::from))
            .set_document_version(given(&planned.document_version))
            .set_instance_id(given(&planned.instance_id))
            .set_max_concurrency(given(&planned.max_concurrency))
            .set_max_errors(given(&planned.max_errors))
            .set_parameters(planned.parameters())
            .set_schedule_expression(given(&planned.schedule_expression))
            .set_sync_compliance(given(&planned.sync_compliance).as_deref().map(AssociationSyncCompliance::from))
            .set_output_location(planned.output())
            .set_targets(planned.targets())
            .set_tags(Some(tags).filter(|tags| !tags.is_empty()));
        let answer = call.send().await.api("ssm:CreateAssociation")?;
        let id = answer.association_description.and_then(|description| description.association_id);
        let created = Self { id: Some(id.ok_or_else(|| Fault::uncertain("ssm:CreateAssociation failed", "The answer holds no id."))?), ..planned };
        operation.created(&created)?;
        if let Some(seconds) = created.wait_for_success_timeout_seconds.filter(|seconds| *seconds > 0) {
            Self::applied(client, created.id(), seconds).await?;
        }
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let id = prior.id().to_owned();
        let Some(found) = Self::describe(client, &id).await? else { return Ok(None) };
        let (tags, tags_all) = client.tag_rules().read(ssm_tags::listed(client, KIND, &id).await?, &prior.tags);
        let parameters = found.parameters.unwrap_or_default().into_iter().map(|(name, values)| (name, values.join(",")));
        let place = found.output_location.and_then(|output| output.s3_location);
        let account = client.account_of(prior.arn.as_ref()).await?;
        let read = Self {
            apply_only_at_cron_interval: Some(found.apply_only_at_cron_interval),
            arn: Some(client.arn("ssm", account, &format!("association/{id}"))),
            association_id: Some(id.clone()),
            association_name: found.association_name,
            automation_target_parameter_name: found.automation_target_parameter_name,
            compliance_severity: found.compliance_severity.map(|severity| severity.as_str().to_owned()),
            document_version: Some(found.document_version.unwrap_or_default()),
            instance_id: found.instance_id.or_else(|| prior.instance_id.clone()),
            max_concurrency: found.max_concurrency,
            max_errors: found.max_errors,
            name: found.name,
            parameters: Some(parameters.collect()),
            schedule_expression: found.schedule_expression,
            sync_compliance: found.sync_compliance.map(|sync| sync.as_str().to_owned()),
            tags,
            tags_all,
            wait_for_success_timeout_seconds: prior.wait_for_success_timeout_seconds,
            output_location: place
                .into_iter()
                .map(|place| Output { s3_bucket_name: place.output_s3_bucket_name, s3_key_prefix: place.output_s3_key_prefix, s3_region: place.output_s3_region })
                .collect(),
            targets: found.targets.unwrap_or_default().into_iter().map(|target| Targets { key: target.key, values: target.values }).collect(),
            id: Some(id),
        };
        Ok(Some(keep::form(&prior, &read)?))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id.clone(), ..planned };
        // All of it: what is left out is unset.
        let call = client
            .ssm()
            .update_association()
            .association_id(planned.id())
            .set_name(planned.name.clone())
            .apply_only_at_cron_interval(planned.apply_only_at_cron_interval.unwrap_or(false))
            .set_association_name(given(&planned.association_name))
            .set_automation_target_parameter_name(given(&planned.automation_target_parameter_name))
            .set_compliance_severity(given(&planned.compliance_severity).as_deref().map(AssociationComplianceSeverity::from))
            .set_document_version(given(&planned.document_version))
            .set_max_concurrency(given(&planned.max_concurrency))
            .set_max_errors(given(&planned.max_errors))
            .set_parameters(planned.parameters())
            .set_schedule_expression(given(&planned.schedule_expression))
            .set_sync_compliance(given(&planned.sync_compliance).as_deref().map(AssociationSyncCompliance::from))
            .set_output_location(planned.output())
            .set_targets(planned.targets());
        call.send().await.api("ssm:UpdateAssociation")?;
        ssm_tags::change(client, KIND, planned.id(), &prior.tags_all, &planned.tags).await?;
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        match client.ssm().delete_association().association_id(prior.id()).send().await.api("ssm:DeleteAssociation") {
            Err(error) if missing(&error) => Ok(()),
            done => Ok(done.map(drop)?),
        }
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        let filter = AssociationFilter::builder().key(AssociationFilterKey::Name).value(planned.name.clone().unwrap_or_default()).build();
        let filter = filter.map_err(|error| Fault::error("ssm:ListAssociations failed", error.to_string()))?;
        let pages = client.ssm().list_associations().association_filter_list(filter).into_paginator().items().send();
        let mut listed = pages.collect::<Result<Vec<_>, _>>().await.api("ssm:ListAssociations")?;
        // They have neither token nor name of their own: the newest one that says the same and has the same tags.
        listed.sort_by_key(|association| std::cmp::Reverse(association.last_execution_date.map(|date| date.secs())));
        let tags = client.tag_rules().all(&planned.tags);
        for id in listed.into_iter().filter_map(|association| association.association_id) {
            let found = Self::read(client, Self { id: Some(id), ..planned.clone() }).await?;
            if let Some(found) = found.filter(|found| found.agrees(&planned) && found.tags_all.as_ref() == Some(&tags)) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::{Map, Value as Json, json};

    use crate::harness::{Lifecycle, endpoint, endpoints, lab, lab_with, text};
    use crate::proxy::{Made, Proxy};

    const ID: &str = "0b5c2f5e-1111-4222-8333-444455556666";

    /// What the API says of the association: what was asked for, and what it fills in.
    fn described(request: &Map<String, Json>) -> Json {
        let mut shown = request.clone();
        shown.remove("Tags");
        shown.insert("AssociationId".into(), json!(ID));
        shown.entry("DocumentVersion").or_insert(json!("$DEFAULT"));
        shown.entry("ApplyOnlyAtCronInterval").or_insert(json!(false));
        shown.insert("Overview".into(), json!({"Status": "Success", "DetailedStatus": "Success"}));
        json!({"AssociationDescription": shown})
    }

    /// The emulator has no associations: here is the one of the test, made and shown as the API reference says.
    async fn with_associations() -> Proxy {
        let there: Mutex<Option<(Map<String, Json>, Map<String, Json>)>> = Mutex::default();
        let maker = move |action: &str, body: &str| {
            let request = || serde_json::from_str::<Map<String, Json>>(body).expect("JSON");
            let mut there = there.lock().expect("lock");
            match (action, there.as_mut()) {
                ("CreateAssociation", _) => {
                    let request = request();
                    let tags = request.get("Tags").and_then(Json::as_array).into_iter().flatten();
                    let tags = tags.map(|tag| (tag["Key"].as_str().expect("key").to_owned(), tag["Value"].clone())).collect();
                    *there = Some((request.clone(), tags));
                    Made::Answer(described(&request).to_string())
                }
                ("DescribeAssociation" | "UpdateAssociation" | "DeleteAssociation", None) => Made::Refused("AssociationDoesNotExist"),
                ("DescribeAssociation", Some((shown, _))) => Made::Answer(described(shown).to_string()),
                ("UpdateAssociation", Some((shown, _))) => {
                    *shown = request();
                    Made::Answer(described(shown).to_string())
                }
                ("DeleteAssociation", Some(_)) => {
                    *there = None;
                    Made::Answer("{}".to_owned())
                }
                ("ListAssociations", there) => {
                    let all: Vec<Json> = there.into_iter().map(|_| json!({"AssociationId": ID})).collect();
                    Made::Answer(json!({"Associations": all}).to_string())
                }
                ("ListTagsForResource", Some((_, tags))) => {
                    let tags: Vec<Json> = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
                    Made::Answer(json!({"TagList": tags}).to_string())
                }
                ("AddTagsToResource", Some((_, tags))) => {
                    for tag in request()["Tags"].as_array().expect("tags") {
                        tags.insert(tag["Key"].as_str().expect("key").to_owned(), tag["Value"].clone());
                    }
                    Made::Answer("{}".to_owned())
                }
                ("RemoveTagsFromResource", Some((_, tags))) => {
                    for key in request()["TagKeys"].as_array().expect("keys") {
                        tags.remove(key.as_str().expect("key"));
                    }
                    Made::Answer("{}".to_owned())
                }
                _ => Made::Passed,
            }
        };
        Proxy::extending(endpoint(), maker).await
    }

    #[tokio::test]
    async fn lifecycle() {
        let proxy = with_associations().await;
        let lab = lab_with(json!({"endpoints": [endpoints(&proxy.url)]})).await;
        let config = |more: Json| {
            let mut config = json!({"name": "AWS-RunPatchBaseline", "targets": [{"key": "tag:Patch", "values": ["weekly"]}]});
            config.as_object_mut().expect("object").extend(more.as_object().expect("object").clone());
            config
        };
        let output = json!([{"s3_bucket_name": "logs", "s3_key_prefix": "patches"}]);
        let state = Lifecycle::new(
            &lab,
            "aws_ssm_association",
            config(json!({"schedule_expression": "rate(7 days)", "parameters": {"Operation": "Scan"}, "wait_for_success_timeout_seconds": 10, "tags": {"a": "b"}})),
        )
        .update(config(json!({"association_name": "patches", "schedule_expression": "rate(7 days)", "parameters": {"Operation": "Install"}, "max_errors": "10%", "tags": {"c": "d"}})))
        .update(config(json!({"parameters": {"Operation": "Install"}, "output_location": output, "compliance_severity": "HIGH", "apply_only_at_cron_interval": true})))
        .run()
        .await;
        assert_eq!(text(&state, "arn"), format!("arn:aws:ssm:eu-central-1:123456789012:association/{ID}"));
    }

    #[tokio::test]
    async fn refused() {
        let lab = lab().await;
        let config = json!({"name": "d", "max_errors": "110%", "max_concurrency": "many", "instance_id": "i-1", "targets": [{"key": "InstanceIds", "values": ["i-2"]}]});
        let summaries: Vec<String> = lab.validate("aws_ssm_association", &config).into_iter().map(|fault| fault.summary).collect();
        assert_eq!(summaries, ["Invalid number", "Invalid number", "Conflicting arguments"]);
    }
}
