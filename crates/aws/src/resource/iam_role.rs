//! `aws_iam_role`

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_iam::types::{Role, Tag};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::{ApiError, Explain, ignore_gone};
use crate::tags::{self, Tags};
use crate::{Client, iam_listing, json, name, plan, unset, wait};

/// An identity that services and people can take on.
///
/// ```hcl
/// resource "aws_iam_role" "node" {
///   name               = "node"
///   assume_role_policy = data.aws_iam_policy_document.assume.json
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
    #[schema(required)]
    assume_role_policy: Option<String>,
    /// When it was created.
    #[schema(computed)]
    create_date: Option<String>,
    /// What it is for.
    #[schema(optional)]
    description: Option<String>,
    /// Detaches all policies before the role is deleted.
    #[schema(optional, default = false)]
    force_detach_policies: Option<bool>,
    /// The name again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// All managed policies of the role; others are detached.
    #[schema(
        optional,
        computed,
        set,
        deprecated = "Use the aws_iam_role_policy_attachment resource instead. If Terraform should exclusively manage all managed policy attachments (the current behavior of this argument), use the aws_iam_role_policy_attachments_exclusive resource as well."
    )]
    managed_policy_arns: Option<Vec<String>>,
    /// Longest session, in seconds.
    #[schema(optional, default = 3600)]
    max_session_duration: Option<i64>,
    /// Name; made when unset.
    #[schema(optional, computed, force_new)]
    name: Option<String>,
    /// What a made name begins with.
    #[schema(optional, computed, force_new)]
    name_prefix: Option<String>,
    /// Path.
    #[schema(optional, force_new, default = "/")]
    path: Option<String>,
    /// ARN of the policy that bounds what the role can be allowed.
    #[schema(optional)]
    permissions_boundary: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// Unique id.
    #[schema(computed)]
    unique_id: Option<String>,
    /// All inline policies of the role; others are deleted.
    #[schema(block, set, computed)]
    inline_policy: Vec<InlinePolicy>,
}

/// A policy that belongs to the role alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct InlinePolicy {
    /// Name.
    #[schema(optional)]
    name: Option<String>,
    /// Policy in JSON.
    #[schema(optional)]
    policy: Option<String>,
}

/// Tags for IAM.
pub(crate) fn iam_tags(all: BTreeMap<String, String>) -> Vec<Tag> {
    all.into_iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

/// IAM's tags as pairs.
pub(crate) fn pairs(tags: &[Tag]) -> impl Iterator<Item = (String, String)> {
    tags.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
}

/// A time as the states have it: UTC, whole seconds.
pub(crate) fn time(time: &DateTime) -> Option<String> {
    DateTime::from_secs(time.secs()).fmt(Format::DateTime).ok()
}

/// IAM gives policies percent-encoded (RFC 3986).
pub(crate) fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let coded = after.get(..2).filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        rest = match coded {
            Some(byte) => {
                bytes.push(byte);
                &after[2..]
            }
            None => {
                bytes.push(*first);
                after
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// True when a policy names somebody whom this part of AWS does not know yet: new users and roles take some seconds.
pub(crate) fn unknown_principal(error: &ApiError) -> bool {
    error.is(&["MalformedPolicyDocument", "MalformedPolicyDocumentException", "MalformedPolicy"]) && error.message.to_lowercase().contains("principal")
}

/// Checks that a policy argument is a JSON object, when it is known.
pub(crate) fn check_policy(config: &Value, attribute: &str) -> Option<Fault> {
    let value = config.get(attribute)?;
    let text = value.as_str().filter(|text| !text.is_empty())?;
    if json::compact(text).is_some() {
        return None;
    }
    Some(Fault::attribute(Path::attr(attribute), "Invalid policy", "The text is not a JSON object. Write it with jsonencode() or data \"aws_iam_policy_document\"."))
}

/// One role.
async fn describe(client: &Client, role: &str) -> Result<Option<Role>, Fault> {
    if let Some(listed) = iam_listing::find(client, role).await? {
        return Ok(Some(listed.role.clone()));
    }
    client
        .batch("iam role", 1, role.to_owned(), |client, names: Vec<String>| async move {
            let mut found = HashMap::new();
            for name in names {
                let answer = client.iam().get_role().role_name(&name).send().await.api("iam:GetRole")?;
                found.extend(answer.role.map(|role| (name, role)));
            }
            Ok(found)
        })
        .await
}

/// The ARNs of the managed policies of a role: one listing for all that ask for the same role.
pub(crate) async fn attached(client: &Client, role: &str) -> Result<Option<Vec<String>>, Fault> {
    if let Some(listed) = iam_listing::find(client, role).await? {
        return Ok(Some(listed.attached.clone()));
    }
    client
        .batch("iam attached role policies", 1, role.to_owned(), |client, roles: Vec<String>| async move {
            let mut found = HashMap::new();
            for role in roles {
                let pages = client.iam().list_attached_role_policies().role_name(&role).into_paginator().items().send();
                let policies = pages.collect::<Result<Vec<_>, _>>().await.api("iam:ListAttachedRolePolicies")?;
                found.insert(role, policies.into_iter().filter_map(|policy| policy.policy_arn).collect());
            }
            Ok(found)
        })
        .await
}

async fn inline_names(client: &Client, role: &str) -> Result<Vec<String>, ApiError> {
    client.iam().list_role_policies().role_name(role).into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.api("iam:ListRolePolicies")
}

async fn inline(client: &Client, role: &str, prior: &[InlinePolicy]) -> Result<Vec<InlinePolicy>, Fault> {
    if prior.is_empty() {
        return Ok(Vec::new());
    }
    let mut policies = Vec::new();
    for name in inline_names(client, role).await? {
        let answer = client.iam().get_role_policy().role_name(role).policy_name(&name).send().await.api("iam:GetRolePolicy")?;
        let before = prior.iter().find(|policy| policy.name.as_deref() == Some(&name)).and_then(|policy| policy.policy.as_deref());
        let policy = json::keep_policy(before, &decode(&answer.policy_document));
        policies.push(InlinePolicy { name: Some(name), policy: Some(policy) });
    }
    // An empty block stands for "none at all".
    Ok(if policies.is_empty() { prior.iter().filter(|policy| policy.name.is_none()).cloned().collect() } else { policies })
}

impl IamRole {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    async fn set_policies(client: &Client, prior: &Self, planned: &Self) -> Result<(), Fault> {
        let role = planned.id();
        if let Some(wanted) = &planned.managed_policy_arns {
            let there = attached(client, role).await?.unwrap_or_default();
            for arn in there.iter().filter(|arn| !wanted.contains(arn)) {
                client.iam().detach_role_policy().role_name(role).policy_arn(arn).send().await.api("iam:DetachRolePolicy")?;
            }
            for arn in wanted.iter().filter(|arn| !there.contains(arn)) {
                client.iam().attach_role_policy().role_name(role).policy_arn(arn).send().await.api("iam:AttachRolePolicy")?;
            }
        }
        if planned.inline_policy == prior.inline_policy {
            return Ok(());
        }
        for name in inline_names(client, role).await? {
            if !planned.inline_policy.iter().any(|policy| policy.name.as_ref() == Some(&name)) {
                client.iam().delete_role_policy().role_name(role).policy_name(name).send().await.api("iam:DeleteRolePolicy")?;
            }
        }
        for policy in planned.inline_policy.iter().filter(|policy| policy.name.is_some() && !prior.inline_policy.contains(policy)) {
            let call = client.iam().put_role_policy().role_name(role).set_policy_name(policy.name.clone()).set_policy_document(policy.policy.clone());
            call.send().await.api("iam:PutRolePolicy")?;
        }
        Ok(())
    }

    /// Reads until the role is as planned: IAM takes some seconds to agree with itself.
    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        let tags = client.tag_rules().all(&planned.tags);
        wait::appear("state of the role", || async {
            let found = Self::read(client, planned.clone()).await?;
            Ok(found.filter(|found| {
                found.assume_role_policy == planned.assume_role_policy
                    && found.max_session_duration == planned.max_session_duration
                    && found.permissions_boundary == planned.permissions_boundary
                    && found.tags_all.as_ref() == Some(&tags)
            }))
        })
        .await
    }
}

impl Resource for IamRole {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let mut faults = name::check(config, 64, "+=,.@_-");
        faults.extend(check_policy(config, "assume_role_policy"));
        faults
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        plan.suppress("assume_role_policy", json::same_policy);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let name = name::choose(planned.name.as_ref(), planned.name_prefix.as_ref(), operation.token);
        let tags = iam_tags(client.tag_rules().all(&planned.tags));
        let passing = |error: &ApiError| unknown_principal(error) || error.is(&["ConcurrentModification"]);
        wait::retry(wait::limit(None, 2)?, passing, || async {
            client
                .iam()
                .create_role()
                .role_name(&name)
                .set_path(planned.path.clone())
                .set_assume_role_policy_document(planned.assume_role_policy.clone())
                .set_description(planned.description.clone().filter(|text| !text.is_empty()))
                .set_max_session_duration(planned.max_session_duration.map(|seconds| seconds as i32))
                .set_permissions_boundary(planned.permissions_boundary.clone().filter(|arn| !arn.is_empty()))
                .set_tags(Some(tags.clone()).filter(|tags| !tags.is_empty()))
                .send()
                .await
                .api("iam:CreateRole")
        })
        .await?;
        let created = Self { id: Some(name), ..planned };
        operation.created(&created)?;
        wait::appear("role", || describe(client, created.id())).await?;
        Self::set_policies(client, &Self::default(), &created).await?;
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(role) = describe(client, prior.id()).await? else { return Ok(None) };
        let managed = if prior.managed_policy_arns.is_some() { attached(client, prior.id()).await? } else { None };
        let inline = inline(client, prior.id(), &prior.inline_policy).await?;
        let (tags, tags_all) = client.tag_rules().read(pairs(role.tags()), &prior.tags);
        let boundary = role.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn());
        let trust = decode(role.assume_role_policy_document().unwrap_or_default());
        Ok(Some(Self {
            assume_role_policy: Some(json::keep_policy(prior.assume_role_policy.as_deref(), &trust)),
            create_date: time(role.create_date()),
            description: unset::text(prior.description.as_ref(), role.description()),
            force_detach_policies: prior.force_detach_policies.or(Some(false)),
            id: Some(role.role_name.clone()),
            managed_policy_arns: managed,
            max_session_duration: Some(role.max_session_duration.map_or(3600, i64::from)),
            name_prefix: Some(name::prefix(&role.role_name).to_owned()),
            permissions_boundary: unset::text(prior.permissions_boundary.as_ref(), boundary),
            tags,
            tags_all,
            inline_policy: inline,
            arn: Some(role.arn),
            name: Some(role.role_name),
            path: Some(role.path),
            unique_id: Some(role.role_id),
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id.clone(), ..planned };
        let role = planned.id();
        if planned.assume_role_policy != prior.assume_role_policy {
            wait::retry(wait::limit(None, 2)?, unknown_principal, || async {
                let call = client.iam().update_assume_role_policy().role_name(role).set_policy_document(planned.assume_role_policy.clone());
                call.send().await.api("iam:UpdateAssumeRolePolicy")
            })
            .await?;
        }
        if planned.description != prior.description || planned.max_session_duration != prior.max_session_duration {
            let call = client.iam().update_role().role_name(role).description(planned.description.clone().unwrap_or_default());
            call.set_max_session_duration(planned.max_session_duration.map(|seconds| seconds as i32)).send().await.api("iam:UpdateRole")?;
        }
        if planned.permissions_boundary != prior.permissions_boundary {
            match planned.permissions_boundary.as_ref().filter(|arn| !arn.is_empty()) {
                Some(arn) => {
                    let call = client.iam().put_role_permissions_boundary().role_name(role).permissions_boundary(arn);
                    call.send().await.api("iam:PutRolePermissionsBoundary")?;
                }
                None => {
                    client.iam().delete_role_permissions_boundary().role_name(role).send().await.api("iam:DeleteRolePermissionsBoundary")?;
                }
            }
        }
        let (set, removed) = tags::difference(prior.tags_all.as_ref().unwrap_or(&BTreeMap::new()), &client.tag_rules().all(&planned.tags));
        if !removed.is_empty() {
            client.iam().untag_role().role_name(role).set_tag_keys(Some(removed)).send().await.api("iam:UntagRole")?;
        }
        if !set.is_empty() {
            client.iam().tag_role().role_name(role).set_tags(Some(iam_tags(set))).send().await.api("iam:TagRole")?;
        }
        Self::set_policies(client, &prior, &planned).await?;
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let role = prior.id();
        let pages = client.iam().list_instance_profiles_for_role().role_name(role).into_paginator().items().send();
        for profile in pages.collect::<Result<Vec<_>, _>>().await.api("iam:ListInstanceProfilesForRole")? {
            let call = client.iam().remove_role_from_instance_profile().role_name(role).instance_profile_name(profile.instance_profile_name);
            ignore_gone(call.send().await.api("iam:RemoveRoleFromInstanceProfile"))?;
        }
        let force = prior.force_detach_policies == Some(true);
        if force || prior.managed_policy_arns.is_some() {
            for arn in attached(client, role).await?.unwrap_or_default() {
                ignore_gone(client.iam().detach_role_policy().role_name(role).policy_arn(arn).send().await.api("iam:DetachRolePolicy"))?;
            }
        }
        if force || !prior.inline_policy.is_empty() {
            for name in inline_names(client, role).await? {
                ignore_gone(client.iam().delete_role_policy().role_name(role).policy_name(name).send().await.api("iam:DeleteRolePolicy"))?;
            }
        }
        // What has just been detached may still count for some seconds.
        let passing = |error: &ApiError| error.is(&["DeleteConflict", "ConcurrentModification"]);
        wait::retry(Duration::from_secs(30), passing, || async { client.iam().delete_role().role_name(role).send().await.api("iam:DeleteRole") }).await?;
        Ok(())
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        let name = name::choose(planned.name.as_ref(), planned.name_prefix.as_ref(), token);
        Self::read(client, Self { id: Some(name), ..planned }).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::decode;
    use crate::harness::{Lifecycle, client, lab, text};

    /// A policy that lets EC2 take on a role.
    const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["ec2.amazonaws.com"]},"Action":"sts:AssumeRole"}]}"#;
    const INLINE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;

    #[test]
    fn percent_encoding() {
        assert_eq!(decode("%7B%22a%22%3A%20%22%C3%A9+%25%22%7D%"), "{\"a\": \"é+%\"}%");
    }

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let other = TRUST.replace("ec2", "lambda");
        let state = Lifecycle::new(&lab, "aws_iam_role", json!({"name": "life", "assume_role_policy": TRUST, "description": "one"}))
            .update(json!({"name": "life", "assume_role_policy": other, "description": "two", "max_session_duration": 7200, "tags": {"a": "b"}}))
            .update(json!({"name": "life", "assume_role_policy": other, "permissions_boundary": "arn:aws:iam::aws:policy/ReadOnlyAccess", "tags": {"c": "d"}}))
            .update(json!({"name": "life", "assume_role_policy": other}))
            .run()
            .await;
        assert_eq!(text(&state, "arn"), "arn:aws:iam::123456789012:role/life");
    }

    #[tokio::test]
    async fn made_name_and_policies_of_its_own() {
        let lab = lab().await;
        for name in ["managed-one", "managed-two"] {
            client().await.iam().create_policy().policy_name(name).policy_document(INLINE).send().await.expect("policy");
        }
        let managed = |policy: &str| json!([format!("arn:aws:iam::123456789012:policy/{policy}")]);
        let config = json!({"name_prefix": "web-", "assume_role_policy": TRUST, "managed_policy_arns": managed("managed-one"),
            "inline_policy": [{"name": "one", "policy": INLINE}]});
        let mut second = config.clone();
        second["managed_policy_arns"] = managed("managed-two");
        second["inline_policy"] = json!([{"name": "two", "policy": INLINE}]);
        let state = Lifecycle::new(&lab, "aws_iam_role", config).update(second).import_ignores(&["managed_policy_arns", "inline_policy"]).run().await;
        assert!(text(&state, "name").starts_with("web-"));
        let same = TRUST.replace("[\"ec2.amazonaws.com\"]", "\"ec2.amazonaws.com\"");
        let spelled = lab.make("aws_iam_role", json!({"name": "spelled", "assume_role_policy": TRUST})).await;
        let planned = lab.plan("aws_iam_role", Some(&spelled), &json!({"name": "spelled", "assume_role_policy": same})).await.expect("plan");
        assert_eq!(planned.state, spelled);
        let faults = lab.refused("aws_iam_role", json!({"name": "no good", "assume_role_policy": "{"})).await;
        assert_eq!(faults.iter().map(|fault| fault.summary.as_str()).collect::<Vec<_>>(), ["Invalid name", "Invalid policy"]);
        let faults = lab.refused("aws_iam_role", json!({"name": "spelled", "assume_role_policy": TRUST})).await;
        assert!(faults[0].detail.starts_with("EntityAlreadyExists"), "{faults:?}");
    }
}
