//! `aws_s3_bucket_object_lock_configuration`

use aws_sdk_s3::types::{DefaultRetention, ObjectLockConfiguration, ObjectLockEnabled, ObjectLockRetentionMode, ObjectLockRule};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use super::s3_bucket::{import_parts, owned_id, passing};
use crate::api::Explain;
use crate::{Client, keep, plan, wait};

/// How long new objects of a bucket cannot be changed or deleted.
///
/// A lock that is on cannot be switched off: a deletion only takes away the rule.
///
/// ```hcl
/// resource "aws_s3_bucket_object_lock_configuration" "audit" {
///   bucket = aws_s3_bucket.audit.id
///
///   rule {
///     default_retention {
///       mode = "COMPLIANCE"
///       days = 365
///     }
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_s3_bucket_object_lock_configuration")]
pub(crate) struct S3BucketObjectLockConfiguration {
    /// Bucket.
    #[schema(required, force_new)]
    bucket: Option<String>,
    /// Account that must own the bucket.
    #[schema(optional, force_new)]
    expected_bucket_owner: Option<String>,
    /// Bucket, and `,ACCOUNT` with an expected owner.
    #[schema(optional, computed)]
    id: Option<String>,
    /// `Enabled`.
    #[schema(optional, force_new, default = "Enabled")]
    object_lock_enabled: Option<String>,
    /// Token of AWS support that lets the lock be put on a bucket that was made without.
    #[schema(optional, sensitive)]
    token: Option<String>,
    /// What new objects get.
    #[schema(block, max = 1)]
    rule: Vec<Rule>,
}

/// What new objects get.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Rule {
    /// How long they are kept.
    #[schema(block, min = 1, max = 1)]
    default_retention: Vec<Retention>,
}

/// How long objects are kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Retention {
    /// Days; not together with `years`.
    #[schema(optional)]
    days: Option<i64>,
    /// `COMPLIANCE`, or `GOVERNANCE` (some may delete them).
    #[schema(optional)]
    mode: Option<String>,
    /// Years; not together with `days`.
    #[schema(optional)]
    years: Option<i64>,
}

fn given(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}

impl S3BucketObjectLockConfiguration {
    async fn put(client: &Client, planned: &Self) -> Result<(), Fault> {
        let rule = planned.rule.first().and_then(|rule| rule.default_retention.first()).map(|retention| {
            let number = |number: Option<i64>| number.filter(|number| *number > 0).map(|number| number as i32);
            let builder = DefaultRetention::builder().set_mode(retention.mode.as_deref().map(ObjectLockRetentionMode::from));
            ObjectLockRule::builder().default_retention(builder.set_days(number(retention.days)).set_years(number(retention.years)).build()).build()
        });
        let configuration = ObjectLockConfiguration::builder().object_lock_enabled(ObjectLockEnabled::Enabled).set_rule(rule).build();
        let done = wait::retry(wait::limit(None, 2)?, passing, || async {
            let call = client.s3().put_object_lock_configuration().set_bucket(planned.bucket.clone()).object_lock_configuration(configuration.clone());
            call.set_expected_bucket_owner(given(&planned.expected_bucket_owner)).set_token(given(&planned.token)).send().await.api("s3:PutBucketObjectLockConfiguration")
        })
        .await;
        done.map(drop).map_err(|error| {
            let unversioned = error.is(&["InvalidBucketState"]);
            let mut fault = Fault::from(error);
            if unversioned {
                fault.detail.push_str(" The bucket must keep versions: let this depend on its aws_s3_bucket_versioning.");
            }
            fault
        })
    }

    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        wait::appear("object lock of the bucket", || async { Ok(Self::read(client, planned.clone()).await?.filter(|found| found.rule == planned.rule)) }).await
    }
}

impl Resource for S3BucketObjectLockConfiguration {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let first = |value: Option<Value>| value.and_then(|value| value.elements().next().cloned());
        let retention = first(first(config.get("rule")).and_then(|rule| rule.get("default_retention")));
        let Some(retention) = retention else { return Vec::new() };
        let set = |name: &str| retention.get(name).is_some_and(|value| !value.is_null());
        let mut faults = Vec::new();
        if set("days") == set("years") {
            faults.push(Fault::attribute(Path::attr("rule"), "Missing or conflicting arguments", "Set one of `days`, `years` in `default_retention`."));
        }
        let mode = retention.get("mode").and_then(|mode| mode.as_str().map(str::to_owned));
        if mode.is_some_and(|mode| !["COMPLIANCE", "GOVERNANCE"].contains(&mode.as_str())) {
            faults.push(Fault::attribute(Path::attr("rule"), "Invalid mode", "`mode` is COMPLIANCE or GOVERNANCE."));
        }
        faults
    }

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        Self::put(client, &planned).await?;
        let created = Self { id: owned_id(&planned.bucket, &planned.expected_bucket_owner), ..planned };
        operation.created(&created)?;
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let call = client.s3().get_object_lock_configuration().set_bucket(prior.bucket.clone());
        let answer = call.set_expected_bucket_owner(given(&prior.expected_bucket_owner)).send().await.api("s3:GetBucketObjectLockConfiguration")?;
        let Some(lock) = answer.object_lock_configuration else { return Ok(None) };
        let rule = lock.rule.into_iter().map(|rule| Rule {
            default_retention: rule
                .default_retention
                .into_iter()
                .map(|retention| Retention {
                    days: retention.days.map(i64::from),
                    mode: retention.mode.map(|mode| mode.as_str().to_owned()),
                    years: retention.years.map(i64::from),
                })
                .collect(),
        });
        let read = Self { object_lock_enabled: lock.object_lock_enabled.map(|enabled| enabled.as_str().to_owned()), rule: rule.collect(), ..prior.clone() };
        Ok(Some(keep::form(&prior, &read)?))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id, ..planned };
        Self::put(client, &planned).await?;
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        Self::put(client, &Self { rule: Vec::new(), ..prior }).await
    }

    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let (bucket, expected_bucket_owner) = import_parts(id);
        Ok(Self { id: Some(id.to_owned()), bucket, expected_bucket_owner, ..Self::default() })
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        let id = owned_id(&planned.bucket, &planned.expected_bucket_owner);
        match Self::read(client, Self { id, ..planned.clone() }).await {
            Err(fault) if fault.not_found => Ok(None),
            // A bucket made with the lock has a configuration from the beginning: only the planned rule says that it was set.
            found => Ok(found?.filter(|found| found.rule == planned.rule)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, client, lab};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        lab.make("aws_s3_bucket", json!({"bucket": "locked", "object_lock_enabled": true})).await;
        let config = |retention: serde_json::Value| json!({"bucket": "locked", "rule": [{"default_retention": [retention]}]});
        Lifecycle::new(&lab, "aws_s3_bucket_object_lock_configuration", config(json!({"mode": "COMPLIANCE", "days": 5})))
            .update(config(json!({"mode": "GOVERNANCE", "days": 7})))
            .update(config(json!({"mode": "GOVERNANCE", "years": 1})))
            .stays()
            .run()
            .await;
        let left = client().await.s3().get_object_lock_configuration().bucket("locked").send().await.expect("lock").object_lock_configuration;
        assert!(left.is_some_and(|lock| lock.rule.is_none_or(|rule| rule.default_retention.is_none_or(|retention| retention.days.is_none()))));
        let faults = lab.validate("aws_s3_bucket_object_lock_configuration", &config(json!({"mode": "x"})));
        assert_eq!(faults.into_iter().map(|fault| fault.summary).collect::<Vec<_>>(), ["Missing or conflicting arguments", "Invalid mode"]);
    }
}
