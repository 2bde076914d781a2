//! `aws_kms_key`

use std::collections::{BTreeMap, HashMap};

use aws_sdk_kms::types::{KeyMetadata, KeySpec, KeyState, KeyUsageType, OriginType, Tag};
use futures::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use super::iam_role::{check_policy, unknown_principal};
use crate::api::{ApiError, Explain};
use crate::tags::{self, MARKER, Tags};
use crate::timeouts::timeouts;
use crate::{Client, json, plan, unset, wait};

/// A key that never leaves KMS.
///
/// ```hcl
/// resource "aws_kms_key" "unseal" {
///   description             = "Unseals Vault"
///   enable_key_rotation     = true
///   deletion_window_in_days = 30
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_kms_key")]
pub(crate) struct KmsKey {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Allows a policy that locks everybody out.
    #[schema(optional, default = false)]
    bypass_policy_lockout_safety_check: Option<bool>,
    /// Key store to make it in.
    #[schema(optional, force_new)]
    custom_key_store_id: Option<String>,
    /// Algorithm and size.
    #[schema(optional, force_new, default = "SYMMETRIC_DEFAULT")]
    customer_master_key_spec: Option<String>,
    /// Days for which a deletion can be taken back, 7 to 30.
    #[schema(optional)]
    deletion_window_in_days: Option<i64>,
    /// What it is for.
    #[schema(optional, computed)]
    description: Option<String>,
    /// New key material every year, or as `rotation_period_in_days` says.
    #[schema(optional, default = false)]
    enable_key_rotation: Option<bool>,
    /// The key's id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// It can be used.
    #[schema(optional, default = true)]
    is_enabled: Option<bool>,
    /// The key's id.
    #[schema(computed)]
    key_id: Option<String>,
    /// `ENCRYPT_DECRYPT`, `SIGN_VERIFY`, `GENERATE_VERIFY_MAC` or `KEY_AGREEMENT`.
    #[schema(optional, force_new, default = "ENCRYPT_DECRYPT")]
    key_usage: Option<String>,
    /// It can be copied to other regions.
    #[schema(optional, computed, force_new)]
    multi_region: Option<bool>,
    /// Who may use it: a policy in JSON.
    #[schema(optional, computed)]
    policy: Option<String>,
    /// Days between rotations, 90 to 2560.
    #[schema(optional, computed)]
    rotation_period_in_days: Option<i64>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// Id of the key in an external key store.
    #[schema(optional, force_new)]
    xks_key_id: Option<String>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(create);

fn kms_tags(all: impl IntoIterator<Item = (String, String)>) -> Vec<Tag> {
    all.into_iter().filter_map(|(key, value)| Tag::builder().tag_key(key).tag_value(value).build().ok()).collect()
}

/// One key; one that waits for its deletion counts as gone.
pub(crate) async fn describe(client: &Client, key: &str) -> Result<Option<KeyMetadata>, Fault> {
    let found = client
        .batch("kms key", 1, key.to_owned(), |client, keys: Vec<String>| async move {
            let mut found = HashMap::new();
            for key in keys {
                let answer = client.kms().describe_key().key_id(&key).send().await.api("kms:DescribeKey")?;
                found.extend(answer.key_metadata.map(|metadata| (key, metadata)));
            }
            Ok(found)
        })
        .await?;
    Ok(found.filter(|key| !matches!(key.key_state, Some(KeyState::PendingDeletion | KeyState::PendingReplicaDeletion))))
}

async fn tags_of(client: &Client, key: &str) -> Result<Vec<(String, String)>, ApiError> {
    let pages = client.kms().list_resource_tags().key_id(key).into_paginator().items().send();
    let tags = pages.collect::<Result<Vec<_>, _>>().await.api("kms:ListResourceTags")?;
    Ok(tags.into_iter().map(|tag| (tag.tag_key, tag.tag_value)).collect())
}

impl KmsKey {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    async fn set_rotation(client: &Client, key: &str, planned: &Self) -> Result<(), Fault> {
        // A new key may not be seen as enabled yet.
        let passing = |error: &ApiError| error.is(&["NotFoundException", "DisabledException"]);
        let limit = wait::limit(None, 1)?;
        if planned.enable_key_rotation == Some(true) {
            let period = planned.rotation_period_in_days.filter(|days| *days > 0).map(|days| days as i32);
            wait::retry(limit, passing, || async {
                client.kms().enable_key_rotation().key_id(key).set_rotation_period_in_days(period).send().await.api("kms:EnableKeyRotation")
            })
            .await?;
        } else {
            wait::retry(limit, passing, || async { client.kms().disable_key_rotation().key_id(key).send().await.api("kms:DisableKeyRotation") }).await?;
        }
        Ok(())
    }

    /// Reads until the key is as planned: KMS takes up to some minutes to agree with itself.
    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        let tags = client.tag_rules().all(&planned.tags);
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_ref()), 10)?;
        wait::until("the state of the key", limit, || async {
            let found = Self::read(client, planned.clone()).await?;
            Ok(found.filter(|found| {
                found.is_enabled == planned.is_enabled
                    && found.enable_key_rotation == planned.enable_key_rotation
                    && (planned.policy.is_none() || found.policy == planned.policy)
                    && (planned.description.is_none() || found.description == planned.description)
                    && found.tags_all.as_ref() == Some(&tags)
            }))
        })
        .await
    }
}

impl Resource for KmsKey {
    type Client = Client;
    const MARKED: bool = true;

    fn validate(config: &Value) -> Vec<Fault> {
        let mut faults: Vec<Fault> = check_policy(config, "policy").into_iter().collect();
        let number = |name: &str| config.get(name).and_then(|value| value.as_i64());
        let ranges = [("deletion_window_in_days", 7..=30), ("rotation_period_in_days", 90..=2560)];
        for (name, range) in ranges {
            if number(name).is_some_and(|days| !range.contains(&days)) {
                let detail = format!("Write a number of days from {} to {}.", range.start(), range.end());
                faults.push(Fault::attribute(weir_value::Path::attr(name), "Number out of range", detail));
            }
        }
        faults
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        plan.suppress("policy", json::same_policy);
        if !plan.creating() && plan.changed("enable_key_rotation") && plan.config("rotation_period_in_days").is_null() {
            plan.unknown("rotation_period_in_days");
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let marker = (MARKER.to_owned(), operation.token.to_owned());
        let tags = kms_tags(client.tag_rules().all(&planned.tags).into_iter().chain([marker]));
        let origin = if planned.xks_key_id.as_ref().is_some_and(|id| !id.is_empty()) {
            Some(OriginType::ExternalKeyStore)
        } else {
            planned.custom_key_store_id.as_ref().filter(|id| !id.is_empty()).map(|_| OriginType::AwsCloudhsm)
        };
        let answer = wait::retry(wait::limit(None, 2)?, unknown_principal, || async {
            client
                .kms()
                .create_key()
                .set_policy(planned.policy.clone().filter(|policy| !policy.is_empty()))
                .set_description(planned.description.clone())
                .set_bypass_policy_lockout_safety_check(planned.bypass_policy_lockout_safety_check)
                .set_custom_key_store_id(planned.custom_key_store_id.clone().filter(|id| !id.is_empty()))
                .set_key_spec(planned.customer_master_key_spec.as_deref().map(KeySpec::from))
                .set_key_usage(planned.key_usage.as_deref().map(KeyUsageType::from))
                .set_multi_region(planned.multi_region)
                .set_xks_key_id(planned.xks_key_id.clone().filter(|id| !id.is_empty()))
                .set_origin(origin.clone())
                .set_tags(Some(tags.clone()))
                .send()
                .await
                .api("kms:CreateKey")
        })
        .await?;
        let id = answer.key_metadata.map(|key| key.key_id).ok_or_else(|| Fault::uncertain("kms:CreateKey failed", "The answer holds no key."))?;
        let created = Self { id: Some(id.clone()), ..planned };
        operation.created(&created)?;
        wait::appear("key", || describe(client, &id)).await?;
        if created.enable_key_rotation == Some(true) {
            Self::set_rotation(client, &id, &created).await?;
        }
        if created.is_enabled == Some(false) {
            client.kms().disable_key().key_id(&id).send().await.api("kms:DisableKey")?;
        }
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(key) = describe(client, prior.id()).await? else { return Ok(None) };
        let id = key.key_id();
        // Only symmetric keys whose material KMS made are rotated.
        let rotates = key.key_spec == Some(KeySpec::SymmetricDefault) && key.origin == Some(OriginType::AwsKms);
        let (policy, rotation, remote_tags) = tokio::try_join!(
            async { client.kms().get_key_policy().key_id(id).policy_name("default").send().await.api("kms:GetKeyPolicy") },
            async {
                if !rotates {
                    return Ok(None);
                }
                client.kms().get_key_rotation_status().key_id(id).send().await.api("kms:GetKeyRotationStatus").map(Some)
            },
            tags_of(client, id),
        )?;
        let (tags, tags_all) = client.tag_rules().read(remote_tags, &prior.tags);
        let rotated = rotation.as_ref().is_some_and(|rotation| rotation.key_rotation_enabled);
        let period = rotation.and_then(|rotation| rotation.rotation_period_in_days).map_or(0, i64::from);
        let store = key.xks_key_configuration().and_then(|store| store.id());
        Ok(Some(Self {
            arn: key.arn.clone(),
            bypass_policy_lockout_safety_check: prior.bypass_policy_lockout_safety_check.or(Some(false)),
            custom_key_store_id: unset::text(prior.custom_key_store_id.as_ref(), key.custom_key_store_id()),
            customer_master_key_spec: key.key_spec.as_ref().map(|spec| spec.as_str().to_owned()),
            deletion_window_in_days: prior.deletion_window_in_days,
            description: Some(key.description.clone().unwrap_or_default()),
            enable_key_rotation: Some(rotated),
            is_enabled: Some(key.enabled),
            key_usage: key.key_usage.as_ref().map(|usage| usage.as_str().to_owned()),
            multi_region: Some(key.multi_region.unwrap_or(false)),
            policy: policy.policy.map(|policy| json::keep_policy(prior.policy.as_deref(), &policy)),
            rotation_period_in_days: Some(period),
            tags,
            tags_all,
            xks_key_id: unset::text(prior.xks_key_id.as_ref(), store),
            id: Some(key.key_id.clone()),
            key_id: Some(key.key_id),
            timeouts: prior.timeouts,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id.clone(), ..planned };
        let id = planned.id();
        // A disabled key takes no other change: it is enabled first, or disabled last.
        if planned.is_enabled == Some(true) && prior.is_enabled != Some(true) {
            client.kms().enable_key().key_id(id).send().await.api("kms:EnableKey")?;
        }
        let rotation = |key: &Self| (key.enable_key_rotation, key.rotation_period_in_days.filter(|_| key.enable_key_rotation == Some(true)));
        if rotation(&planned) != rotation(&prior) {
            Self::set_rotation(client, id, &planned).await?;
        }
        if planned.description != prior.description {
            let call = client.kms().update_key_description().key_id(id).description(planned.description.clone().unwrap_or_default());
            call.send().await.api("kms:UpdateKeyDescription")?;
        }
        if planned.policy != prior.policy && planned.policy.is_some() {
            wait::retry(wait::limit(None, 2)?, unknown_principal, || async {
                let call = client.kms().put_key_policy().key_id(id).policy_name("default").set_policy(planned.policy.clone());
                call.set_bypass_policy_lockout_safety_check(planned.bypass_policy_lockout_safety_check).send().await.api("kms:PutKeyPolicy")
            })
            .await?;
        }
        let (set, removed) = tags::difference(prior.tags_all.as_ref().unwrap_or(&BTreeMap::new()), &client.tag_rules().all(&planned.tags));
        if !removed.is_empty() {
            client.kms().untag_resource().key_id(id).set_tag_keys(Some(removed)).send().await.api("kms:UntagResource")?;
        }
        if !set.is_empty() {
            client.kms().tag_resource().key_id(id).set_tags(Some(kms_tags(set))).send().await.api("kms:TagResource")?;
        }
        if planned.is_enabled == Some(false) && prior.is_enabled != Some(false) {
            client.kms().disable_key().key_id(id).send().await.api("kms:DisableKey")?;
        }
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let window = prior.deletion_window_in_days.filter(|days| *days > 0).map(|days| days as i32);
        let done = client.kms().schedule_key_deletion().key_id(prior.id()).set_pending_window_in_days(window).send().await.api("kms:ScheduleKeyDeletion");
        match done {
            // It is being deleted already.
            Err(error) if error.is(&["KMSInvalidStateException"]) && error.message.contains("pending deletion") => Ok(()),
            Err(error) => Err(error.into()),
            Ok(_) => wait::until("the key to go", wait::limit(None, 20)?, || async { Ok(describe(client, prior.id()).await?.is_none().then_some(())) }).await,
        }
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        // Tags can only be listed key by key.
        let keys = client.kms().list_keys().into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.api("kms:ListKeys")?;
        let ids = keys.into_iter().filter_map(|key| key.key_id);
        let asked = futures::stream::iter(ids).map(|id| async move {
            match tags_of(client, &id).await {
                Ok(tags) => Ok(tags.iter().any(|(key, value)| key == MARKER && value == token).then_some(id)),
                // Keys of AWS, and those of others, may not be looked at.
                Err(error) if error.code.starts_with("AccessDenied") || error.not_found() => Ok(None),
                Err(error) => Err(Fault::from(error)),
            }
        });
        let found: Vec<Option<String>> = asked.buffer_unordered(8).try_collect().await?;
        match found.into_iter().flatten().next() {
            Some(id) => Self::read(client, Self { id: Some(id), ..planned }).await,
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Sid": "all", "Effect": "Allow", "Action": ["kms:*"], "Resource": ["*"], "Principal": {"AWS": "123456789012"}}]});
        let state = Lifecycle::new(&lab, "aws_kms_key", json!({"description": "one", "enable_key_rotation": true, "deletion_window_in_days": 7}))
            .update(json!({"description": "two", "deletion_window_in_days": 7, "policy": policy.to_string(), "tags": {"a": "b"}}))
            .update(json!({"is_enabled": false, "tags": {"c": "d"}}))
            .update(json!({"is_enabled": true}))
            .run()
            .await;
        assert_eq!(text(&state, "arn"), format!("arn:aws:kms:eu-central-1:123456789012:key/{}", text(&state, "id")));
        let faults = lab.refused("aws_kms_key", json!({"deletion_window_in_days": 5, "policy": "[]"})).await;
        assert_eq!(faults.iter().map(|fault| fault.summary.as_str()).collect::<Vec<_>>(), ["Invalid policy", "Number out of range"]);
    }

    #[tokio::test]
    async fn signing_key() {
        let lab = lab().await;
        let config = json!({"customer_master_key_spec": "ECC_NIST_P384", "key_usage": "SIGN_VERIFY"});
        Lifecycle::new(&lab, "aws_kms_key", config).run().await;
    }
}
