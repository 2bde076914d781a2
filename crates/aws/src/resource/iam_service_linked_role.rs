//! `aws_iam_service_linked_role`

use std::collections::{BTreeMap, HashMap};

use aws_sdk_iam::types::{DeletionTaskStatusType, Role};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use super::iam_role::{iam_tags, pairs, time};
use crate::api::Explain;
use crate::tags::{self, Tags};
use crate::{Client, plan, unset, wait};

/// The role that a service of AWS takes on, made and bounded by that service.
///
/// ```hcl
/// resource "aws_iam_service_linked_role" "spot" {
///   aws_service_name = "spot.amazonaws.com"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_iam_service_linked_role")]
pub(crate) struct IamServiceLinkedRole {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Service, such as `autoscaling.amazonaws.com`.
    #[schema(required, force_new)]
    aws_service_name: Option<String>,
    /// When it was created.
    #[schema(computed)]
    create_date: Option<String>,
    /// End of the name, for services that allow several roles.
    #[schema(optional, force_new)]
    custom_suffix: Option<String>,
    /// What it is for.
    #[schema(optional)]
    description: Option<String>,
    /// The ARN again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Name.
    #[schema(computed)]
    name: Option<String>,
    /// Path.
    #[schema(computed)]
    path: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// Unique id.
    #[schema(computed)]
    unique_id: Option<String>,
}

/// Service, name and suffix of a role's ARN.
fn parts(arn: &str) -> Option<(&str, &str, &str)> {
    let (_, rest) = arn.split_once(":role/aws-service-role/")?;
    let (service, name) = rest.split_once('/')?;
    Some((service, name, name.split_once('_').map_or("", |(_, suffix)| suffix)))
}

async fn describe(client: &Client, name: &str) -> Result<Option<Role>, Fault> {
    client
        .batch("iam service-linked role", 1, name.to_owned(), |client, names: Vec<String>| async move {
            let mut found = HashMap::new();
            for name in names {
                let answer = client.iam().get_role().role_name(&name).send().await.api("iam:GetRole")?;
                found.extend(answer.role.map(|role| (name, role)));
            }
            Ok(found)
        })
        .await
}

impl IamServiceLinkedRole {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn role(&self) -> Result<&str, Fault> {
        let bad = || Fault::error("Invalid id", format!("\"{}\" should be arn:aws:iam::ACCOUNT:role/aws-service-role/SERVICE/NAME.", self.id()));
        parts(self.id()).map(|(_, name, _)| name).ok_or_else(bad)
    }

    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        let tags = client.tag_rules().all(&planned.tags);
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        wait::appear("service-linked role", || async {
            let found = Self::read(client, planned.clone()).await?;
            Ok(found.filter(|found| text(&found.description) == text(&planned.description) && found.tags_all.as_ref() == Some(&tags)))
        })
        .await
    }
}

impl Resource for IamServiceLinkedRole {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let name = config.get("aws_service_name").and_then(|name| name.as_str().map(str::to_owned));
        let bad = name.filter(|name| name.len() > 128 || !name.ends_with(".amazonaws.com") && !name.ends_with(".amazonaws.com.cn") || name.contains('/'));
        let detail = |name: String| format!("\"{name}\" should be the name of a service, such as elasticbeanstalk.amazonaws.com.");
        bad.map(|name| Fault::attribute(Path::attr("aws_service_name"), "Invalid service", detail(name))).into_iter().collect()
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let call = client.iam().create_service_linked_role().set_aws_service_name(planned.aws_service_name.clone());
        let call = call.set_custom_suffix(planned.custom_suffix.clone().filter(|suffix| !suffix.is_empty()));
        let call = call.set_description(planned.description.clone().filter(|text| !text.is_empty()));
        let answer = call.send().await.api("iam:CreateServiceLinkedRole").map_err(|error| {
            let taken = error.is(&["InvalidInput"]) && error.message.contains("taken");
            let mut fault = Fault::from(error);
            if taken {
                fault.detail.push_str(" The service has made its role itself: import it by its ARN, or leave it out of the configuration.");
            }
            fault
        })?;
        let role = answer.role.ok_or_else(|| Fault::uncertain("iam:CreateServiceLinkedRole failed", "The answer holds no role."))?;
        let created = Self { id: Some(role.arn), ..planned };
        operation.created(&created)?;
        wait::appear("service-linked role", || async { describe(client, created.role()?).await }).await?;
        let tags = client.tag_rules().all(&created.tags);
        if !tags.is_empty() {
            client.iam().tag_role().role_name(created.role()?).set_tags(Some(iam_tags(tags))).send().await.api("iam:TagRole")?;
        }
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(role) = describe(client, prior.role()?).await? else { return Ok(None) };
        let (tags, tags_all) = client.tag_rules().read(pairs(role.tags()), &prior.tags);
        let (service, _, suffix) = parts(&role.arn).unwrap_or_default();
        Ok(Some(Self {
            aws_service_name: Some(service.to_owned()).filter(|service| !service.is_empty()).or(prior.aws_service_name),
            create_date: time(role.create_date()),
            custom_suffix: unset::text(prior.custom_suffix.as_ref(), Some(suffix)),
            description: unset::text(prior.description.as_ref(), role.description()),
            tags,
            tags_all,
            id: Some(role.arn.clone()),
            arn: Some(role.arn),
            name: Some(role.role_name),
            path: Some(role.path),
            unique_id: Some(role.role_id),
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id.clone(), ..planned };
        let role = planned.role()?;
        if planned.description != prior.description {
            client.iam().update_role().role_name(role).description(planned.description.clone().unwrap_or_default()).send().await.api("iam:UpdateRole")?;
        }
        let (set, removed) = tags::difference(prior.tags_all.as_ref().unwrap_or(&BTreeMap::new()), &client.tag_rules().all(&planned.tags));
        if !removed.is_empty() {
            client.iam().untag_role().role_name(role).set_tag_keys(Some(removed)).send().await.api("iam:UntagRole")?;
        }
        if !set.is_empty() {
            client.iam().tag_role().role_name(role).set_tags(Some(iam_tags(set))).send().await.api("iam:TagRole")?;
        }
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let answer = client.iam().delete_service_linked_role().role_name(prior.role()?).send().await.api("iam:DeleteServiceLinkedRole")?;
        let task = answer.deletion_task_id;
        // The service says whether it still needs the role.
        wait::until("the service to give up its role", wait::limit(None, 10)?, || async {
            let status = client.iam().get_service_linked_role_deletion_status().deletion_task_id(&task).send().await;
            let status = match status.api("iam:GetServiceLinkedRoleDeletionStatus") {
                // The task may not be seen everywhere yet.
                Err(error) if error.not_found() => return Ok(describe_gone(client, &prior).await?.then_some(())),
                status => status?,
            };
            match status.status {
                DeletionTaskStatusType::Succeeded => Ok(Some(())),
                DeletionTaskStatusType::Failed => {
                    let reason = status.reason;
                    let used = reason
                        .iter()
                        .flat_map(|reason| reason.role_usage_list())
                        .flat_map(|usage| usage.resources().iter().map(String::as_str))
                        .collect::<Vec<_>>()
                        .join(", ");
                    let used = if used.is_empty() { String::new() } else { format!(" It is used by: {used}.") };
                    Err(Fault::error(
                        "Service-linked role cannot be deleted",
                        format!("{}{used} Remove what uses it first.", reason.and_then(|reason| reason.reason).unwrap_or_default()),
                    ))
                }
                _ => Ok(None),
            }
        })
        .await
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        let path = format!("/aws-service-role/{}/", planned.aws_service_name.as_deref().unwrap_or_default());
        let suffix = planned.custom_suffix.clone().unwrap_or_default();
        let roles = client.iam().list_roles().path_prefix(path).into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.api("iam:ListRoles")?;
        match roles.into_iter().find(|role| parts(&role.arn).is_some_and(|(_, _, its)| its == suffix)) {
            Some(role) => Self::read(client, Self { id: Some(role.arn), ..planned }).await,
            None => Ok(None),
        }
    }
}

async fn describe_gone(client: &Client, prior: &IamServiceLinkedRole) -> Result<bool, Fault> {
    match describe(client, prior.role()?).await {
        Err(fault) if fault.not_found => Ok(true),
        found => Ok(found?.is_none()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let service = "autoscaling.amazonaws.com";
        let state = Lifecycle::new(&lab, "aws_iam_service_linked_role", json!({"aws_service_name": service, "custom_suffix": "life", "description": "one"}))
            .update(json!({"aws_service_name": service, "custom_suffix": "life", "description": "two", "tags": {"a": "b"}}))
            .update(json!({"aws_service_name": service, "custom_suffix": "life", "tags": {"c": "d"}}))
            .run()
            .await;
        assert_eq!(text(&state, "path"), "/aws-service-role/autoscaling.amazonaws.com/");
        assert!(text(&state, "name").ends_with("_life"));
        let faults = lab.refused("aws_iam_service_linked_role", json!({"aws_service_name": "autoscaling"})).await;
        assert_eq!(faults[0].summary, "Invalid service");
    }
}
