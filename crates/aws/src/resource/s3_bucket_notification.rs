//! `aws_s3_bucket_notification`

use aws_sdk_s3::types::{
    Event, EventBridgeConfiguration, FilterRule, FilterRuleName, LambdaFunctionConfiguration, NotificationConfiguration, NotificationConfigurationFilter,
    QueueConfiguration, S3KeyFilter, TopicConfiguration,
};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use super::s3_bucket::passing;
use crate::api::{ApiError, Explain};
use crate::{Client, keep, name, plan, wait};

/// Who is told what happens in a bucket: all of it, since a bucket has one such configuration.
///
/// ```hcl
/// resource "aws_s3_bucket_notification" "uploads" {
///   bucket = aws_s3_bucket.uploads.id
///
///   queue {
///     queue_arn     = aws_sqs_queue.uploads.arn
///     events        = ["s3:ObjectCreated:*"]
///     filter_suffix = ".log"
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_s3_bucket_notification")]
pub(crate) struct S3BucketNotification {
    /// Bucket.
    #[schema(required, force_new)]
    bucket: Option<String>,
    /// Tells EventBridge everything.
    #[schema(optional, default = false)]
    eventbridge: Option<bool>,
    /// The bucket again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Functions that are called.
    #[schema(block)]
    lambda_function: Vec<Function>,
    /// Queues of SQS that get a message.
    #[schema(block)]
    queue: Vec<Queue>,
    /// Topics of SNS that get a message.
    #[schema(block)]
    topic: Vec<Topic>,
}

/// A function of Lambda.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Function {
    /// What happened, such as `s3:ObjectCreated:*`.
    #[schema(required, set)]
    events: Option<Vec<String>>,
    /// What the object's key begins with.
    #[schema(optional)]
    filter_prefix: Option<String>,
    /// What the object's key ends in.
    #[schema(optional)]
    filter_suffix: Option<String>,
    /// Name of this part, one of its kind in the bucket; made when unset.
    #[schema(optional, computed)]
    id: Option<String>,
    /// ARN of the function.
    #[schema(optional)]
    lambda_function_arn: Option<String>,
}

/// A queue of SQS.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Queue {
    /// What happened, such as `s3:ObjectCreated:*`.
    #[schema(required, set)]
    events: Option<Vec<String>>,
    /// What the object's key begins with.
    #[schema(optional)]
    filter_prefix: Option<String>,
    /// What the object's key ends in.
    #[schema(optional)]
    filter_suffix: Option<String>,
    /// Name of this part, one of its kind in the bucket; made when unset.
    #[schema(optional, computed)]
    id: Option<String>,
    /// ARN of the queue.
    #[schema(required)]
    queue_arn: Option<String>,
}

/// A topic of SNS.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Topic {
    /// What happened, such as `s3:ObjectCreated:*`.
    #[schema(required, set)]
    events: Option<Vec<String>>,
    /// What the object's key begins with.
    #[schema(optional)]
    filter_prefix: Option<String>,
    /// What the object's key ends in.
    #[schema(optional)]
    filter_suffix: Option<String>,
    /// Name of this part, one of its kind in the bucket; made when unset.
    #[schema(optional, computed)]
    id: Option<String>,
    /// ARN of the topic.
    #[schema(required)]
    topic_arn: Option<String>,
}

fn events(events: &Option<Vec<String>>) -> Vec<Event> {
    events.iter().flatten().map(|event| Event::from(event.as_str())).collect()
}

fn names(events: &[Event]) -> Option<Vec<String>> {
    Some(events.iter().map(|event| event.as_str().to_owned()).collect())
}

fn filter(prefix: &Option<String>, suffix: &Option<String>) -> Option<NotificationConfigurationFilter> {
    let rules: Vec<FilterRule> = [(FilterRuleName::Prefix, prefix), (FilterRuleName::Suffix, suffix)]
        .into_iter()
        .filter_map(|(name, value)| Some(FilterRule::builder().name(name).value(value.clone().filter(|value| !value.is_empty())?).build()))
        .collect();
    (!rules.is_empty()).then(|| NotificationConfigurationFilter::builder().key(S3KeyFilter::builder().set_filter_rules(Some(rules)).build()).build())
}

fn rule(filter: Option<&NotificationConfigurationFilter>, name: &str) -> Option<String> {
    let rules = filter.and_then(|filter| filter.key()).map(|key| key.filter_rules()).unwrap_or_default();
    let rule = rules.iter().find(|rule| rule.name().is_some_and(|found| found.as_str().eq_ignore_ascii_case(name)));
    rule.and_then(|rule| rule.value.clone())
}

/// In the order of what is there, by id; others after them.
fn in_order<T>(mut found: Vec<T>, prior: &[T], id: fn(&T) -> Option<&String>) -> Vec<T> {
    found.sort_by_key(|item| prior.iter().position(|before| id(before) == id(item)).unwrap_or(usize::MAX));
    found
}

impl S3BucketNotification {
    /// Gives parts without an id one that is the same again after a crash.
    fn named(mut self, token: &str) -> Self {
        let made = |id: &mut Option<String>, prefix: &str, at: usize| {
            if id.as_ref().is_none_or(String::is_empty) {
                *id = Some(name::unique(prefix, &format!("{at:02x}{token}")));
            }
        };
        self.lambda_function.iter_mut().enumerate().for_each(|(at, part)| made(&mut part.id, "tf-s3-lambda-", at));
        self.queue.iter_mut().enumerate().for_each(|(at, part)| made(&mut part.id, "tf-s3-queue-", at));
        self.topic.iter_mut().enumerate().for_each(|(at, part)| made(&mut part.id, "tf-s3-topic-", at));
        self
    }

    fn request(&self) -> Result<NotificationConfiguration, Fault> {
        let invalid = |error: aws_sdk_s3::error::BuildError| Fault::error("Invalid notification", error.to_string());
        let functions = self.lambda_function.iter().map(|part| {
            let builder = LambdaFunctionConfiguration::builder().set_id(part.id.clone()).lambda_function_arn(part.lambda_function_arn.clone().unwrap_or_default());
            builder.set_events(Some(events(&part.events))).set_filter(filter(&part.filter_prefix, &part.filter_suffix)).build()
        });
        let queues = self.queue.iter().map(|part| {
            let builder = QueueConfiguration::builder().set_id(part.id.clone()).queue_arn(part.queue_arn.clone().unwrap_or_default());
            builder.set_events(Some(events(&part.events))).set_filter(filter(&part.filter_prefix, &part.filter_suffix)).build()
        });
        let topics = self.topic.iter().map(|part| {
            let builder = TopicConfiguration::builder().set_id(part.id.clone()).topic_arn(part.topic_arn.clone().unwrap_or_default());
            builder.set_events(Some(events(&part.events))).set_filter(filter(&part.filter_prefix, &part.filter_suffix)).build()
        });
        let functions = functions.collect::<Result<Vec<_>, _>>().map_err(invalid)?;
        let queues = queues.collect::<Result<Vec<_>, _>>().map_err(invalid)?;
        let topics = topics.collect::<Result<Vec<_>, _>>().map_err(invalid)?;
        let bridge = (self.eventbridge == Some(true)).then(|| EventBridgeConfiguration::builder().build());
        let builder = NotificationConfiguration::builder().set_lambda_function_configurations(Some(functions).filter(|parts| !parts.is_empty()));
        let builder = builder.set_queue_configurations(Some(queues).filter(|parts| !parts.is_empty()));
        Ok(builder.set_topic_configurations(Some(topics).filter(|parts| !parts.is_empty())).set_event_bridge_configuration(bridge).build())
    }

    async fn put(client: &Client, planned: &Self) -> Result<(), Fault> {
        let configuration = planned.request()?;
        // Policies that let S3 write to queue, topic or function may not be seen yet.
        let unseen = |error: &ApiError| passing(error) || error.is(&["InvalidArgument"]) && error.message.contains("Unable to validate the following destination");
        wait::retry(std::time::Duration::from_secs(60), unseen, || async {
            let call = client.s3().put_bucket_notification_configuration().set_bucket(planned.bucket.clone());
            call.notification_configuration(configuration.clone()).send().await.api("s3:PutBucketNotification")
        })
        .await?;
        Ok(())
    }

    fn ids(&self) -> Vec<Option<String>> {
        let functions = self.lambda_function.iter().map(|part| part.id.clone());
        functions.chain(self.queue.iter().map(|part| part.id.clone())).chain(self.topic.iter().map(|part| part.id.clone())).collect()
    }

    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        wait::appear("notifications of the bucket", || async {
            let found = Self::read(client, planned.clone()).await?;
            Ok(found.filter(|found| found.ids() == planned.ids() && found.eventbridge == planned.eventbridge))
        })
        .await
    }
}

impl Resource for S3BucketNotification {
    type Client = Client;

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let created = Self { id: planned.bucket.clone(), ..planned }.named(operation.token);
        Self::put(client, &created).await?;
        operation.created(&created)?;
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let answer = client.s3().get_bucket_notification_configuration().set_bucket(prior.id.clone()).send().await.api("s3:GetBucketNotification")?;
        let functions = answer.lambda_function_configurations.unwrap_or_default().into_iter().map(|part| Function {
            events: names(&part.events),
            filter_prefix: rule(part.filter.as_ref(), "prefix"),
            filter_suffix: rule(part.filter.as_ref(), "suffix"),
            id: part.id,
            lambda_function_arn: Some(part.lambda_function_arn),
        });
        let queues = answer.queue_configurations.unwrap_or_default().into_iter().map(|part| Queue {
            events: names(&part.events),
            filter_prefix: rule(part.filter.as_ref(), "prefix"),
            filter_suffix: rule(part.filter.as_ref(), "suffix"),
            id: part.id,
            queue_arn: Some(part.queue_arn),
        });
        let topics = answer.topic_configurations.unwrap_or_default().into_iter().map(|part| Topic {
            events: names(&part.events),
            filter_prefix: rule(part.filter.as_ref(), "prefix"),
            filter_suffix: rule(part.filter.as_ref(), "suffix"),
            id: part.id,
            topic_arn: Some(part.topic_arn),
        });
        let read = Self {
            bucket: prior.id.clone(),
            eventbridge: Some(answer.event_bridge_configuration.is_some()),
            id: prior.id.clone(),
            lambda_function: in_order(functions.collect(), &prior.lambda_function, |part| part.id.as_ref()),
            queue: in_order(queues.collect(), &prior.queue, |part| part.id.as_ref()),
            topic: in_order(topics.collect(), &prior.topic, |part| part.id.as_ref()),
        };
        let none = read.ids().is_empty() && read.eventbridge == Some(false);
        let expected = !prior.ids().is_empty() || prior.eventbridge == Some(true);
        Ok(if none && expected { None } else { Some(keep::form(&prior, &read)?) })
    }

    async fn update(client: &Client, prior: Self, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id, ..planned }.named(operation.token);
        Self::put(client, &planned).await?;
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let none = NotificationConfiguration::builder().build();
        client.s3().put_bucket_notification_configuration().set_bucket(prior.id).notification_configuration(none).send().await.api("s3:PutBucketNotification")?;
        Ok(())
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        let wanted = Self { id: planned.bucket.clone(), ..planned }.named(token);
        match Self::read(client, wanted.clone()).await {
            Err(fault) if fault.not_found => Ok(None),
            // What somebody else has set is set anew.
            found => Ok(found?.filter(|found| found.ids() == wanted.ids() && found.eventbridge == wanted.eventbridge)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use serde_json::{Value as Json, json};

    use crate::harness::{Lifecycle, endpoint, endpoints, lab_with};
    use crate::proxy::{Made, Proxy};

    /// The emulator takes EventBridge, but does not show it, and calls an empty configuration by another name: here all is as the API reference says.
    async fn showing_eventbridge() -> Proxy {
        let on = AtomicBool::new(false);
        let maker = move |action: &str, body: &str| {
            if action.starts_with("PUT") && body.contains("NotificationConfiguration") {
                on.store(body.contains("EventBridgeConfiguration"), Ordering::Relaxed);
            }
            let bridge = on.load(Ordering::Relaxed);
            if !action.starts_with("GET") {
                return Made::Passed;
            }
            let end = "</NotificationConfiguration>";
            Made::Edited(Box::new(move |text| {
                let text = if text.contains("<GetBucketNotificationResponse") { format!("<NotificationConfiguration>{end}") } else { text };
                if bridge { text.replace(end, &format!("<EventBridgeConfiguration/>{end}")) } else { text }
            }))
        };
        Proxy::extending(endpoint(), maker).await
    }

    #[tokio::test]
    async fn lifecycle() {
        let proxy = showing_eventbridge().await;
        let lab = lab_with(json!({"endpoints": [endpoints(&proxy.url)]})).await;
        lab.make("aws_s3_bucket", json!({"bucket": "telling"})).await;
        let arn = |service: &str, name: &str| format!("arn:aws:{service}:eu-central-1:123456789012:{name}");
        let queue = |events: &[&str], suffix: &str| json!({"queue_arn": arn("sqs", "told"), "events": events, "filter_suffix": suffix, "filter_prefix": "in/"});
        let function = json!({"lambda_function_arn": arn("lambda", "function:told"), "events": ["s3:ObjectCreated:Put"], "id": "mine"});
        let topic = |name: &str| json!({"topic_arn": arn("sns", name), "events": ["s3:ObjectRemoved:*"]});
        let config = |parts: Json| {
            let mut config = json!({"bucket": "telling"});
            config.as_object_mut().expect("object").extend(parts.as_object().expect("object").clone());
            config
        };
        let state = Lifecycle::new(&lab, "aws_s3_bucket_notification", config(json!({"queue": [queue(&["s3:ObjectCreated:*"], ".log")], "eventbridge": true})))
            .update(config(json!({"queue": [queue(&["s3:ObjectCreated:*", "s3:ObjectRemoved:*"], ".txt")], "lambda_function": [function]})))
            .update(config(json!({"topic": [topic("b"), topic("a")]})))
            .run()
            .await;
        let ids: Vec<_> = state.get("topic").expect("topics").elements().filter_map(|topic| topic.get("id").and_then(|id| id.as_str().map(str::to_owned))).collect();
        assert!(ids.len() == 2 && ids[0] != ids[1] && ids.iter().all(|id| id.starts_with("tf-s3-topic-")), "{ids:?}");
    }
}
