//! `aws_secretsmanager_secret`

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::{ReplicaRegionType, StatusType, Tag};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use super::iam_role::{check_policy, time, unknown_principal};
use crate::api::{ApiError, Explain};
use crate::tags::{self, Tags};
use crate::{Client, json, name, plan, unset, wait};

/// A secret, whose value is kept in versions.
///
/// ```hcl
/// resource "aws_secretsmanager_secret" "key" {
///   name                    = "vault/server-key"
///   recovery_window_in_days = 30
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_secretsmanager_secret")]
pub(crate) struct SecretsmanagerSecret {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// What it is for.
    #[schema(optional)]
    description: Option<String>,
    /// A secret of the same name in a replica's region is overwritten.
    #[schema(optional, default = false)]
    force_overwrite_replica_secret: Option<bool>,
    /// The ARN again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Id, ARN or alias of the KMS key; Amazon's own when unset.
    #[schema(optional)]
    kms_key_id: Option<String>,
    /// Name; made when unset.
    #[schema(optional, computed, force_new)]
    name: Option<String>,
    /// What a made name begins with.
    #[schema(optional, computed, force_new)]
    name_prefix: Option<String>,
    /// Who may use it: a policy in JSON; `{}` removes it.
    #[schema(optional, computed)]
    policy: Option<String>,
    /// Days for which a deletion can be taken back, 7 to 30; 0 deletes at once.
    #[schema(optional, default = 30)]
    recovery_window_in_days: Option<i64>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// Copies in other regions.
    #[schema(block, set)]
    replica: Vec<Replica>,
}

/// A copy in another region.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Replica {
    /// KMS key there.
    #[schema(optional, computed)]
    kms_key_id: Option<String>,
    /// When it was last read.
    #[schema(computed)]
    last_accessed_date: Option<String>,
    /// Region.
    #[schema(required)]
    region: Option<String>,
    /// How the copying stands.
    #[schema(computed)]
    status: Option<String>,
    /// What went wrong.
    #[schema(computed)]
    status_message: Option<String>,
}

impl Replica {
    fn request(&self) -> ReplicaRegionType {
        ReplicaRegionType::builder().set_region(self.region.clone()).set_kms_key_id(self.kms_key_id.clone().filter(|key| !key.is_empty())).build()
    }
}

/// One secret, by ARN or name; one that waits for its deletion counts as gone.
pub(crate) async fn describe(client: &Client, id: &str) -> Result<Option<DescribeSecretOutput>, Fault> {
    // ListSecrets would gather, but lags behind by minutes and does not show replicas.
    let found = client
        .batch("secretsmanager secret", 1, id.to_owned(), |client, ids: Vec<String>| async move {
            let mut found = HashMap::new();
            for id in ids {
                let secret = client.secrets().describe_secret().secret_id(&id).send().await.api("secretsmanager:DescribeSecret")?;
                found.insert(id, secret);
            }
            Ok(found)
        })
        .await?;
    Ok(found.filter(|secret| secret.deleted_date.is_none()))
}

fn secret_tags(all: BTreeMap<String, String>) -> Vec<Tag> {
    all.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// True when the name still belongs to a secret that is being deleted.
fn being_deleted(error: &ApiError) -> bool {
    let message = error.message.to_lowercase();
    error.is(&["InvalidRequestException"])
        && (message.contains("scheduled for deletion") || message.contains("being deleted") || message.contains("was deleted") || message.contains("marked"))
}

/// A policy that says something.
fn policy(text: Option<&String>) -> Option<&String> {
    text.filter(|text| !text.is_empty() && json::compact(text).as_deref() != Some("{}"))
}

impl SecretsmanagerSecret {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    async fn set_policy(client: &Client, id: &str, text: Option<&String>) -> Result<(), Fault> {
        match policy(text) {
            Some(text) => {
                wait::retry(wait::limit(None, 2)?, unknown_principal, || async {
                    client.secrets().put_resource_policy().secret_id(id).resource_policy(text).send().await.api("secretsmanager:PutResourcePolicy")
                })
                .await?;
            }
            None => {
                client.secrets().delete_resource_policy().secret_id(id).send().await.api("secretsmanager:DeleteResourcePolicy")?;
            }
        }
        Ok(())
    }

    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        let tags = client.tag_rules().all(&planned.tags);
        wait::appear("state of the secret", || async {
            let found = Self::read(client, planned.clone()).await?;
            Ok(found.filter(|found| {
                let copying = |replica: &Replica| replica.status.as_deref() == Some(StatusType::InProgress.as_str());
                found.description == planned.description
                    && found.kms_key_id == planned.kms_key_id
                    && (planned.policy.is_none() || found.policy == planned.policy)
                    && found.tags_all.as_ref() == Some(&tags)
                    && !found.replica.iter().any(copying)
            }))
        })
        .await
    }
}

impl Resource for SecretsmanagerSecret {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let mut faults = name::check(config, 512, "/_+=.@!-");
        faults.extend(check_policy(config, "policy"));
        let window = config.get("recovery_window_in_days").and_then(|value| value.as_i64());
        if window.is_some_and(|days| days != 0 && !(7..=30).contains(&days)) {
            faults.push(Fault::attribute(Path::attr("recovery_window_in_days"), "Number out of range", "Write 0, or a number of days from 7 to 30."));
        }
        faults
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        plan.suppress("policy", json::same_policy);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let name = name::choose(planned.name.as_ref(), planned.name_prefix.as_ref(), operation.token);
        let tags = secret_tags(client.tag_rules().all(&planned.tags));
        let replicas: Vec<_> = planned.replica.iter().map(Replica::request).collect();
        let overwrite = planned.force_overwrite_replica_secret.filter(|_| !replicas.is_empty());
        // A secret that was deleted at once keeps its name for some seconds.
        let answer = wait::retry(Duration::from_secs(30), being_deleted, || async {
            client
                .secrets()
                .create_secret()
                .name(&name)
                .client_request_token(operation.token)
                .set_description(planned.description.clone().filter(|text| !text.is_empty()))
                .set_kms_key_id(planned.kms_key_id.clone().filter(|key| !key.is_empty()))
                .set_tags(Some(tags.clone()).filter(|tags| !tags.is_empty()))
                .set_add_replica_regions(Some(replicas.clone()).filter(|replicas| !replicas.is_empty()))
                .set_force_overwrite_replica_secret(overwrite)
                .send()
                .await
                .api("secretsmanager:CreateSecret")
        })
        .await;
        let answer = answer.map_err(|error| {
            let deleted = being_deleted(&error);
            let mut fault = Fault::from(error);
            if deleted {
                fault.detail.push_str(" Restore that secret and import it, or delete it at once (aws secretsmanager delete-secret --force-delete-without-recovery), or choose another name.");
            }
            fault
        })?;
        let created = Self { id: answer.arn, name: Some(name), ..planned };
        operation.created(&created)?;
        wait::appear("secret", || describe(client, created.id())).await?;
        if policy(created.policy.as_ref()).is_some() {
            Self::set_policy(client, created.id(), created.policy.as_ref()).await?;
        }
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let (secret, policy) = tokio::try_join!(describe(client, prior.id()), async {
            match client.secrets().get_resource_policy().secret_id(prior.id()).send().await.api("secretsmanager:GetResourcePolicy") {
                Ok(answer) => Ok(answer.resource_policy),
                // A secret that is being deleted shows none.
                Err(error) if error.not_found() || error.is(&["InvalidRequestException"]) => Ok(None),
                Err(error) => Err(Fault::from(error)),
            }
        })?;
        let Some(secret) = secret else { return Ok(None) };
        let pairs = secret.tags().iter().map(|tag| (tag.key().unwrap_or_default().to_owned(), tag.value().unwrap_or_default().to_owned()));
        let (tags, tags_all) = client.tag_rules().read(pairs, &prior.tags);
        let replica = secret.replication_status().iter().map(|copy| Replica {
            kms_key_id: copy.kms_key_id.clone(),
            last_accessed_date: copy.last_accessed_date.as_ref().and_then(time),
            region: copy.region.clone(),
            status: copy.status.as_ref().map(|status| status.as_str().to_owned()),
            status_message: copy.status_message.clone(),
        });
        let policy = match policy {
            Some(policy) => json::keep_policy(prior.policy.as_deref(), &policy),
            // The user's way to say "none".
            None => prior.policy.clone().filter(|text| self::policy(Some(text)).is_none()).unwrap_or_default(),
        };
        Ok(Some(Self {
            description: unset::text(prior.description.as_ref(), secret.description()),
            force_overwrite_replica_secret: prior.force_overwrite_replica_secret.or(Some(false)),
            kms_key_id: unset::text(prior.kms_key_id.as_ref(), secret.kms_key_id()),
            name_prefix: Some(secret.name().map(name::prefix).unwrap_or_default().to_owned()),
            policy: Some(policy),
            recovery_window_in_days: prior.recovery_window_in_days.or(Some(30)),
            replica: replica.collect(),
            tags,
            tags_all,
            id: secret.arn.clone(),
            arn: secret.arn,
            name: secret.name,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id.clone(), ..planned };
        let id = planned.id();
        let gone = prior.replica.iter().filter(|before| !planned.replica.iter().any(|after| after.region == before.region && after.kms_key_id == before.kms_key_id));
        let gone: Vec<String> = gone.filter_map(|replica| replica.region.clone()).collect();
        let new = planned
            .replica
            .iter()
            .filter(|after| gone.iter().any(|region| Some(region) == after.region.as_ref()) || !prior.replica.iter().any(|before| before.region == after.region));
        let new: Vec<ReplicaRegionType> = new.map(Replica::request).collect();
        if !gone.is_empty() {
            let call = client.secrets().remove_regions_from_replication().secret_id(id).set_remove_replica_regions(Some(gone));
            call.send().await.api("secretsmanager:RemoveRegionsFromReplication")?;
        }
        if !new.is_empty() {
            let call = client.secrets().replicate_secret_to_regions().secret_id(id).set_add_replica_regions(Some(new));
            call.set_force_overwrite_replica_secret(planned.force_overwrite_replica_secret).send().await.api("secretsmanager:ReplicateSecretToRegions")?;
        }
        if planned.description != prior.description || planned.kms_key_id != prior.kms_key_id {
            let call = client.secrets().update_secret().secret_id(id).client_request_token(operation.token).description(planned.description.clone().unwrap_or_default());
            call.set_kms_key_id(planned.kms_key_id.clone().filter(|key| !key.is_empty())).send().await.api("secretsmanager:UpdateSecret")?;
        }
        if planned.policy != prior.policy {
            Self::set_policy(client, id, planned.policy.as_ref()).await?;
        }
        let (set, removed) = tags::difference(prior.tags_all.as_ref().unwrap_or(&BTreeMap::new()), &client.tag_rules().all(&planned.tags));
        if !removed.is_empty() {
            client.secrets().untag_resource().secret_id(id).set_tag_keys(Some(removed)).send().await.api("secretsmanager:UntagResource")?;
        }
        if !set.is_empty() {
            client.secrets().tag_resource().secret_id(id).set_tags(Some(secret_tags(set))).send().await.api("secretsmanager:TagResource")?;
        }
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let id = prior.id();
        let replicas: Vec<String> = prior.replica.iter().filter_map(|replica| replica.region.clone()).collect();
        if !replicas.is_empty() {
            let call = client.secrets().remove_regions_from_replication().secret_id(id).set_remove_replica_regions(Some(replicas));
            call.send().await.api("secretsmanager:RemoveRegionsFromReplication")?;
        }
        let window = prior.recovery_window_in_days.unwrap_or(30);
        let call = client.secrets().delete_secret().secret_id(id);
        let call = if window == 0 { call.force_delete_without_recovery(true) } else { call.recovery_window_in_days(window) };
        match call.send().await.api("secretsmanager:DeleteSecret") {
            Err(error) if being_deleted(&error) => return Ok(()),
            done => done?,
        };
        wait::until("the secret to go", wait::limit(None, 2)?, || async { Ok(describe(client, id).await?.is_none().then_some(())) }).await
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        let name = name::choose(planned.name.as_ref(), planned.name_prefix.as_ref(), token);
        Self::read(client, Self { id: Some(name), ..planned }).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*", "Principal": {"AWS": "123456789012"}}]});
        let state = Lifecycle::new(&lab, "aws_secretsmanager_secret", json!({"name": "life/one", "description": "one"}))
            .update(json!({"name": "life/one", "description": "two", "tags": {"a": "b"}, "policy": policy.to_string()}))
            .update(json!({"name": "life/one", "description": "two", "tags": {"c": "d"}, "policy": "{}"}))
            .import_ignores(&["policy"])
            .run()
            .await;
        assert!(text(&state, "id").starts_with("arn:aws:secretsmanager:eu-central-1:123456789012:secret:life/one-"));
        Lifecycle::new(&lab, "aws_secretsmanager_secret", json!({"name_prefix": "made", "recovery_window_in_days": 0}))
            .import_ignores(&["recovery_window_in_days"])
            .run()
            .await;
        let faults = lab.refused("aws_secretsmanager_secret", json!({"name": "x", "recovery_window_in_days": 3})).await;
        assert_eq!(faults[0].summary, "Number out of range");
    }
}
