//! `aws_s3_bucket_lifecycle_configuration`

use std::collections::BTreeMap;

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleAndOperator, LifecycleRuleFilter,
    NoncurrentVersionExpiration, NoncurrentVersionTransition, Tag, Transition, TransitionDefaultMinimumObjectSize, TransitionStorageClass,
};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use aws_smithy_types::error::operation::BuildError;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, PathStep, Value};

use super::iam_role::time;
use super::s3_bucket::{import_parts, owned_id, passing};
use crate::api::Explain;
use crate::timeouts::timeouts;
use crate::{Client, plan, wait};

/// When objects of a bucket go, or move to cheaper storage.
///
/// ```hcl
/// resource "aws_s3_bucket_lifecycle_configuration" "snapshots" {
///   bucket = aws_s3_bucket.snapshots.id
///   rule {
///     id     = "expire"
///     status = "Enabled"
///     filter {
///       prefix = "snapshots/"
///     }
///     expiration {
///       days = 30
///     }
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_s3_bucket_lifecycle_configuration", version = 1)]
pub(crate) struct S3BucketLifecycleConfiguration {
    /// Bucket.
    #[schema(required, force_new)]
    bucket: Option<String>,
    /// Account that must own the bucket.
    #[schema(optional, computed, force_new)]
    expected_bucket_owner: Option<String>,
    /// Bucket, and `,ACCOUNT` with an expected owner.
    #[schema(computed, deprecated = "This attribute will be removed in a future version of the provider.")]
    id: Option<String>,
    /// Objects below which size do not move: `all_storage_classes_128K` or `varies_by_storage_class`.
    #[schema(optional, computed, default = "all_storage_classes_128K")]
    transition_default_minimum_object_size: Option<String>,
    /// What happens to which objects.
    #[schema(block)]
    rule: Vec<Rule>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(create, update);

/// What happens to which objects.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Rule {
    /// Name of the rule.
    #[schema(required)]
    id: Option<String>,
    /// Objects whose keys begin so; in its old place.
    #[schema(optional, computed, deprecated = "Specify a prefix using 'filter' instead")]
    prefix: Option<String>,
    /// `Enabled` or `Disabled`.
    #[schema(required)]
    status: Option<String>,
    /// Uploads that were never finished go.
    #[schema(block)]
    abort_incomplete_multipart_upload: Vec<Abort>,
    /// Objects go.
    #[schema(block)]
    expiration: Vec<Expiration>,
    /// Which objects.
    #[schema(block)]
    filter: Vec<Filter>,
    /// Old versions go.
    #[schema(block)]
    noncurrent_version_expiration: Vec<OldExpiration>,
    /// Old versions move.
    #[schema(block, set)]
    noncurrent_version_transition: Vec<OldTransition>,
    /// Objects move.
    #[schema(block, set)]
    transition: Vec<Move>,
}

/// Uploads that were never finished go.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Abort {
    /// Days after their beginning.
    #[schema(optional)]
    days_after_initiation: Option<i64>,
}

/// Objects go.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Expiration {
    /// On that day (RFC 3339, midnight UTC).
    #[schema(optional)]
    date: Option<String>,
    /// Days after their creation.
    #[schema(optional, computed)]
    days: Option<i64>,
    /// Markers of deletion go when no version is left.
    #[schema(optional, computed)]
    expired_object_delete_marker: Option<bool>,
}

/// Which objects; all when empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Filter {
    /// Larger than that many bytes.
    #[schema(optional, computed)]
    object_size_greater_than: Option<i64>,
    /// Smaller than that many bytes.
    #[schema(optional, computed)]
    object_size_less_than: Option<i64>,
    /// Whose keys begin so.
    #[schema(optional, computed)]
    prefix: Option<String>,
    /// Several conditions at once.
    #[schema(block)]
    and: Vec<And>,
    /// With that tag.
    #[schema(block)]
    tag: Vec<WithTag>,
}

/// Several conditions at once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct And {
    /// Larger than that many bytes.
    #[schema(optional, computed)]
    object_size_greater_than: Option<i64>,
    /// Smaller than that many bytes.
    #[schema(optional, computed)]
    object_size_less_than: Option<i64>,
    /// Whose keys begin so.
    #[schema(optional, computed)]
    prefix: Option<String>,
    /// With all these tags.
    #[schema(optional)]
    tags: Option<BTreeMap<String, String>>,
}

/// A tag of objects.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct WithTag {
    /// Key.
    #[schema(required)]
    key: Option<String>,
    /// Value.
    #[schema(required)]
    value: Option<String>,
}

/// Old versions go.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct OldExpiration {
    /// So many of them stay.
    #[schema(optional, computed)]
    newer_noncurrent_versions: Option<i64>,
    /// Days after they were replaced.
    #[schema(required)]
    noncurrent_days: Option<i64>,
}

/// Old versions move.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct OldTransition {
    /// So many of them stay.
    #[schema(optional, computed)]
    newer_noncurrent_versions: Option<i64>,
    /// Days after they were replaced.
    #[schema(required)]
    noncurrent_days: Option<i64>,
    /// Where to.
    #[schema(required)]
    storage_class: Option<String>,
}

/// Objects move.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Move {
    /// On that day (RFC 3339, midnight UTC).
    #[schema(optional)]
    date: Option<String>,
    /// Days after their creation.
    #[schema(optional, computed)]
    days: Option<i64>,
    /// Where to.
    #[schema(required)]
    storage_class: Option<String>,
}

/// The value of an unset argument, where the API's answer does not tell it from a set one.
fn default(path: &Path, config: &Value) -> Option<Value> {
    let names: Vec<&str> = path.0.iter().filter_map(|step| if let PathStep::Attr(name) = step { Some(&**name) } else { None }).collect();
    Some(match names[..] {
        ["prefix"] | ["filter", "and", "prefix"] => Value::from(""),
        ["filter", "prefix"] => {
            let around = config.at(&Path(path.0[..path.0.len() - 1].to_vec())).unwrap_or_else(Value::null);
            let written = |name: &str| around.get(name).is_some_and(|value| !value.is_null() && value.length() != Some(0));
            if ["and", "tag", "object_size_greater_than", "object_size_less_than"].into_iter().any(written) {
                Value::Null(weir_value::Type::String)
            } else {
                Value::from("")
            }
        }
        ["expiration", "days"] | ["filter", "and", "object_size_greater_than" | "object_size_less_than"] => Value::from(0_i64),
        ["expiration", "expired_object_delete_marker"] => Value::from(false),
        ["filter", "object_size_greater_than" | "object_size_less_than"] | ["noncurrent_version_expiration", "newer_noncurrent_versions"] => {
            Value::Null(weir_value::Type::Number)
        }
        _ => return None,
    })
}

fn date(text: Option<&String>) -> Result<Option<DateTime>, Fault> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    DateTime::from_str(text, Format::DateTime).map(Some).map_err(|_| Fault::error("Invalid date", format!("\"{text}\" is not a time such as 2030-01-01T00:00:00Z.")))
}

fn positive(number: Option<i64>) -> Option<i64> {
    number.filter(|number| *number > 0)
}

fn narrow(number: Option<i64>) -> Option<i32> {
    positive(number).and_then(|number| i32::try_from(number).ok())
}

impl Filter {
    fn request(&self) -> Result<LifecycleRuleFilter, BuildError> {
        let tag = |key: &Option<String>, value: &Option<String>| Tag::builder().set_key(key.clone()).set_value(value.clone()).build();
        let and = self.and.first().map(|and| {
            let tags = and.tags.iter().flatten().map(|(key, value)| tag(&Some(key.clone()), &Some(value.clone()))).collect::<Result<Vec<_>, _>>()?;
            let builder = LifecycleRuleAndOperator::builder()
                .set_prefix(and.prefix.clone().filter(|prefix| !prefix.is_empty()))
                .set_tags(Some(tags).filter(|tags| !tags.is_empty()));
            Ok::<_, BuildError>(
                builder.set_object_size_greater_than(positive(and.object_size_greater_than)).set_object_size_less_than(positive(and.object_size_less_than)).build(),
            )
        });
        let one = self.tag.first().map(|one| tag(&one.key, &one.value)).transpose()?;
        let (greater, less) = (self.object_size_greater_than, positive(self.object_size_less_than));
        // One condition, or none: then the prefix is empty.
        let prefix = self.prefix.clone().filter(|prefix| !prefix.is_empty());
        let none = and.is_none() && one.is_none() && greater.is_none() && less.is_none();
        let builder = LifecycleRuleFilter::builder().set_prefix(prefix.or_else(|| none.then(String::new))).set_tag(one);
        Ok(builder.set_object_size_greater_than(greater).set_object_size_less_than(less).set_and(and.transpose()?).build())
    }

    fn read(remote: LifecycleRuleFilter) -> Self {
        let and = remote.and.map(|and| And {
            object_size_greater_than: Some(and.object_size_greater_than.unwrap_or(0)),
            object_size_less_than: Some(and.object_size_less_than.unwrap_or(0)),
            prefix: Some(and.prefix.unwrap_or_default()),
            tags: and.tags.map(|tags| tags.into_iter().map(|tag| (tag.key, tag.value)).collect::<BTreeMap<_, _>>()).filter(|tags| !tags.is_empty()),
        });
        let tag = remote.tag.map(|tag| WithTag { key: Some(tag.key), value: Some(tag.value) });
        let other = and.is_some() || tag.is_some() || remote.object_size_greater_than.is_some() || remote.object_size_less_than.is_some();
        Self {
            object_size_greater_than: remote.object_size_greater_than,
            object_size_less_than: remote.object_size_less_than,
            prefix: if other { remote.prefix.filter(|prefix| !prefix.is_empty()) } else { Some(remote.prefix.unwrap_or_default()) },
            and: and.into_iter().collect(),
            tag: tag.into_iter().collect(),
        }
    }
}

impl Rule {
    #[expect(deprecated, reason = "buckets still have rules with a prefix outside of a filter, and the schema has it")]
    fn request(&self) -> Result<LifecycleRule, Fault> {
        let failed = |error: BuildError| Fault::error("Incomplete rule", error.to_string());
        let expiration = match self.expiration.first() {
            Some(expiration) => {
                let builder = LifecycleExpiration::builder().set_date(date(expiration.date.as_ref())?).set_days(narrow(expiration.days));
                Some(builder.set_expired_object_delete_marker(expiration.expired_object_delete_marker.filter(|on| *on)).build())
            }
            None => None,
        };
        let transitions = self.transition.iter().map(|transition| {
            let date = date(transition.date.as_ref())?;
            // Day 0 is a day: objects move at once.
            let days = transition.days.filter(|_| date.is_none()).and_then(|days| i32::try_from(days).ok());
            Ok(Transition::builder().set_date(date).set_days(days).set_storage_class(transition.storage_class.as_deref().map(TransitionStorageClass::from)).build())
        });
        let old_transitions = self.noncurrent_version_transition.iter().map(|transition| {
            let builder = NoncurrentVersionTransition::builder().set_noncurrent_days(transition.noncurrent_days.map(|days| days as i32));
            let builder = builder.set_newer_noncurrent_versions(narrow(transition.newer_noncurrent_versions));
            builder.set_storage_class(transition.storage_class.as_deref().map(TransitionStorageClass::from)).build()
        });
        let old = self.noncurrent_version_expiration.first().map(|old| {
            NoncurrentVersionExpiration::builder()
                .set_noncurrent_days(narrow(old.noncurrent_days))
                .set_newer_noncurrent_versions(narrow(old.newer_noncurrent_versions))
                .build()
        });
        let abort = self.abort_incomplete_multipart_upload.first();
        let abort = abort.map(|abort| AbortIncompleteMultipartUpload::builder().set_days_after_initiation(narrow(abort.days_after_initiation)).build());
        let filter = self.filter.first().map(Filter::request).transpose().map_err(failed)?;
        let transitions: Vec<Transition> = transitions.collect::<Result<_, Fault>>()?;
        let old_transitions: Vec<NoncurrentVersionTransition> = old_transitions.collect();
        LifecycleRule::builder()
            .set_id(self.id.clone())
            .set_status(self.status.as_deref().map(ExpirationStatus::from))
            .set_prefix(self.prefix.clone().filter(|_| filter.is_none()).or_else(|| filter.is_none().then(String::new)))
            .set_filter(filter)
            .set_expiration(expiration)
            .set_transitions(Some(transitions).filter(|all| !all.is_empty()))
            .set_noncurrent_version_expiration(old)
            .set_noncurrent_version_transitions(Some(old_transitions).filter(|all| !all.is_empty()))
            .set_abort_incomplete_multipart_upload(abort)
            .build()
            .map_err(failed)
    }

    #[expect(deprecated, reason = "buckets still have rules with a prefix outside of a filter, and the schema has it")]
    fn read(remote: LifecycleRule, prior: Option<&Self>) -> Self {
        let filter = remote.filter.map(Filter::read);
        // A rule for all objects shows an empty filter, whether or not one was written.
        let nothing = Filter { prefix: Some(String::new()), ..Filter::default() };
        let unwritten = prior.is_some_and(|prior| prior.filter.is_empty());
        let number = |number: Option<i32>| number.map(i64::from);
        Self {
            id: remote.id,
            prefix: Some(remote.prefix.unwrap_or_default()),
            status: Some(remote.status.as_str().to_owned()),
            abort_incomplete_multipart_upload: remote
                .abort_incomplete_multipart_upload
                .into_iter()
                .map(|abort| Abort { days_after_initiation: number(abort.days_after_initiation) })
                .collect(),
            expiration: remote
                .expiration
                .into_iter()
                .map(|expiration| Expiration {
                    date: expiration.date.as_ref().and_then(time),
                    days: Some(number(expiration.days).unwrap_or(0)),
                    expired_object_delete_marker: Some(expiration.expired_object_delete_marker.unwrap_or(false)),
                })
                .collect(),
            filter: filter.into_iter().filter(|filter| !(unwritten && *filter == nothing)).collect(),
            noncurrent_version_expiration: remote
                .noncurrent_version_expiration
                .into_iter()
                .map(|old| OldExpiration { newer_noncurrent_versions: number(old.newer_noncurrent_versions), noncurrent_days: number(old.noncurrent_days) })
                .collect(),
            noncurrent_version_transition: remote
                .noncurrent_version_transitions
                .into_iter()
                .flatten()
                .map(|old| OldTransition {
                    newer_noncurrent_versions: number(old.newer_noncurrent_versions),
                    noncurrent_days: number(old.noncurrent_days),
                    storage_class: old.storage_class.map(|class| class.as_str().to_owned()),
                })
                .collect(),
            transition: remote
                .transitions
                .into_iter()
                .flatten()
                .map(|transition| Move {
                    date: transition.date.as_ref().and_then(time),
                    days: number(transition.days).or(Some(0)),
                    storage_class: transition.storage_class.map(|class| class.as_str().to_owned()),
                })
                .collect(),
        }
    }
}

impl S3BucketLifecycleConfiguration {
    fn owner(&self) -> Option<String> {
        self.expected_bucket_owner.clone().filter(|owner| !owner.is_empty())
    }

    async fn put(client: &Client, planned: &Self) -> Result<(), Fault> {
        let rules = planned.rule.iter().map(Rule::request).collect::<Result<Vec<_>, _>>()?;
        let configuration = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().map_err(|error| Fault::error("Incomplete rule", error.to_string()))?;
        let size = planned.transition_default_minimum_object_size.as_deref().filter(|size| !size.is_empty()).map(TransitionDefaultMinimumObjectSize::from);
        wait::retry(wait::limit(None, 2)?, passing, || async {
            let call = client.s3().put_bucket_lifecycle_configuration().set_bucket(planned.bucket.clone()).set_expected_bucket_owner(planned.owner());
            call.set_transition_default_minimum_object_size(size.clone()).lifecycle_configuration(configuration.clone()).send().await.api("s3:PutLifecycleConfiguration")
        })
        .await?;
        Ok(())
    }

    /// Reads until the rules are as planned.
    async fn settled(client: &Client, planned: Self, written: Option<&String>) -> Result<Self, Fault> {
        // Sets come back in any order.
        let normal = |rules: &[Rule]| -> Vec<Vec<String>> { rules.iter().map(Self::fingerprint).collect() };
        let expected = normal(&planned.rule);
        wait::until("the lifecycle rules", wait::limit(written, 3)?, || async {
            match Self::read(client, planned.clone()).await {
                Err(fault) if fault.not_found => Ok(None),
                found => Ok(found?.filter(|found| normal(&found.rule) == expected)),
            }
        })
        .await
    }

    /// What tells a rule from its older self, whatever order its parts come in.
    fn fingerprint(rule: &Rule) -> Vec<String> {
        let moves = rule.transition.iter().map(|transition| format!("{:?}", (&transition.date, transition.days.unwrap_or(0), &transition.storage_class)));
        let old = rule.noncurrent_version_transition.iter().map(|old| format!("{old:?}"));
        let days = rule.expiration.first().map(|expiration| (expiration.days.unwrap_or(0), expiration.expired_object_delete_marker.unwrap_or(false)));
        let mut parts: Vec<String> = moves.chain(old).collect();
        parts.sort();
        parts.push(format!("{:?}", (&rule.id, &rule.status, days)));
        parts
    }
}

impl Resource for S3BucketLifecycleConfiguration {
    type Client = Client;

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        let config = plan.config("rule");
        let rules = plan.planned("rule").transform(&mut |path, value| {
            let unset = config.at(path).is_some_and(|written| written.is_null());
            if unset && let Some(default) = default(path, &config) { default } else { value }
        });
        plan.set("rule", rules);
        if plan.config("expected_bucket_owner").is_null() {
            plan.set("expected_bucket_owner", Value::from(""));
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        Self::put(client, &planned).await?;
        let created = Self { id: owned_id(&planned.bucket, &planned.expected_bucket_owner), ..planned };
        operation.created(&created)?;
        let limit = created.timeouts.as_ref().and_then(|timeouts| timeouts.create.clone());
        Self::settled(client, created, limit.as_ref()).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let call = client.s3().get_bucket_lifecycle_configuration().set_bucket(prior.bucket.clone()).set_expected_bucket_owner(prior.owner());
        let answer = call.send().await.api("s3:GetLifecycleConfiguration")?;
        let rules = answer.rules.unwrap_or_default().into_iter().map(|rule| {
            let before = prior.rule.iter().find(|before| before.id == rule.id);
            Rule::read(rule, before)
        });
        // The answer of an old or emulated API does not tell the size.
        let size = answer.transition_default_minimum_object_size.map(|size| size.as_str().to_owned()).or(prior.transition_default_minimum_object_size);
        Ok(Some(Self {
            rule: rules.collect(),
            transition_default_minimum_object_size: size.or_else(|| Some(TransitionDefaultMinimumObjectSize::AllStorageClasses128K.as_str().to_owned())),
            expected_bucket_owner: Some(prior.expected_bucket_owner.unwrap_or_default()),
            bucket: prior.bucket,
            id: prior.id,
            timeouts: prior.timeouts,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id, ..planned };
        Self::put(client, &planned).await?;
        let limit = planned.timeouts.as_ref().and_then(|timeouts| timeouts.update.clone());
        Self::settled(client, planned, limit.as_ref()).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let owner = prior.owner();
        client.s3().delete_bucket_lifecycle().set_bucket(prior.bucket).set_expected_bucket_owner(owner).send().await.api("s3:PutLifecycleConfiguration")?;
        Ok(())
    }

    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let (bucket, expected_bucket_owner) = import_parts(id);
        Ok(Self { id: Some(id.to_owned()), bucket, expected_bucket_owner, ..Self::default() })
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        match Self::read(client, Self { id: owned_id(&planned.bucket, &planned.expected_bucket_owner), ..planned }).await {
            Err(fault) if fault.not_found => Ok(None),
            found => found,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        lab.make("aws_s3_bucket", json!({"bucket": "ageing"})).await;
        let snapshots = |days: i64| {
            json!({"id": "expire", "status": "Enabled", "filter": [{"prefix": "snapshots/"}], "expiration": [{"days": days}],
            "noncurrent_version_expiration": [{"noncurrent_days": 1}], "abort_incomplete_multipart_upload": [{"days_after_initiation": 1}]})
        };
        let cold = json!({"id": "cold", "status": "Enabled", "filter": [{"and": [{"prefix": "old/", "tags": {"a": "b"}}]}],
            "transition": [{"days": 30, "storage_class": "STANDARD_IA"}, {"days": 90, "storage_class": "GLACIER"}]});
        let tagged =
            json!({"id": "tagged", "status": "Disabled", "filter": [{"tag": [{"key": "a", "value": "b"}]}], "expiration": [{"expired_object_delete_marker": true}]});
        let config = |rules: Vec<serde_json::Value>| json!({"bucket": "ageing", "rule": rules});
        Lifecycle::new(&lab, "aws_s3_bucket_lifecycle_configuration", config(vec![snapshots(7)]))
            .update(config(vec![snapshots(3), cold.clone()]))
            .update(config(vec![tagged, cold]))
            .run()
            .await;
    }
}
