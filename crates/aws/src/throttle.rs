//! How fast calls are sent: one adaptive rate limit per operation, for all who use the same account and region.
//!
//! AWS limits most operations each for themselves. The SDK has one limit for a whole service, so that a throttled `DescribeInstances` slows `CreateTags` too, and one quota of retries, after
//! which calls fail: with hundreds of calls under way, some would be lost. Here each operation has its own limit, which takes effect with the first throttled answer, and may retry as often as the
//! provider block says.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_ec2::config::retry::{ClientRateLimiter, RetryPartition, TokenBucket};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use crate::config::Config;

/// The limits of one account in one region, by service and operation.
type Limits = Arc<Mutex<HashMap<String, RetryPartition>>>;

/// The interceptor of every service client; clones share their limits.
#[derive(Clone, Debug)]
pub(crate) struct Throttle(Limits);

impl Throttle {
    /// The one that all provider blocks share that name the same credentials and region.
    pub(crate) fn of(config: &Config, region: &str) -> Self {
        static ALL: OnceLock<Mutex<HashMap<String, Limits>>> = OnceLock::new();
        let roles: Vec<_> = config.assume_role.iter().map(|role| &role.role_arn).chain(config.assume_role_with_web_identity.iter().map(|role| &role.role_arn)).collect();
        let key = format!("{region} {:?} {:?} {roles:?}", config.access_key, config.profile);
        let mut all = ALL.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
        Self(all.entry(key).or_default().clone())
    }

    fn limit(&self, service: &str, operation: &str) -> RetryPartition {
        let name = format!("{service} {operation}");
        let mut limits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = limits.entry(name.clone()).or_insert_with(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
            RetryPartition::custom(name).client_rate_limiter(ClientRateLimiter::new(now)).token_bucket(TokenBucket::unlimited()).build()
        });
        limit.clone()
    }
}

#[dyn_dispatch_hint]
impl Intercept for Throttle {
    fn name(&self) -> &'static str {
        "Throttle"
    }

    fn read_before_serialization(&self, _: &BeforeSerializationInterceptorContextRef<'_>, _: &RuntimeComponents, bag: &mut ConfigBag) -> Result<(), BoxError> {
        if let Some(limit) = bag.load::<Metadata>().map(|call| self.limit(call.service(), call.name())) {
            bag.interceptor_state().store_put(limit);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;
    use serde_json::json;

    use crate::harness;
    use crate::proxy::{Proxy, Trouble};

    async fn connect(url: &str, region: &str, retries: i64) -> crate::Client {
        let extra = json!({"region": region, "max_retries": retries, "endpoints": [harness::endpoints(url)]});
        harness::connect(extra).await.map_err(|faults| format!("{faults:?}")).expect("connect")
    }

    #[tokio::test]
    async fn a_throttled_operation_slows_no_other_one() {
        let proxy = Proxy::start(harness::endpoint()).await;
        proxy.trouble("DescribeVpcs", Trouble::Throttle, 1000);
        let client = connect(&proxy.url, "ap-south-1", 6).await;
        let throttled = tokio::spawn({
            let client = client.clone();
            async move { client.ec2().describe_vpcs().send().await }
        });
        while proxy.left() > 998 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        // One limit for both would let two through in the time that the throttled one takes to give up.
        for _ in 0..40 {
            client.ec2().describe_subnets().send().await.expect("subnets");
        }
        assert!(!throttled.is_finished());
        throttled.abort();
    }

    #[tokio::test]
    async fn no_call_is_lost_when_all_are_throttled() {
        let proxy = Proxy::start(harness::endpoint()).await;
        // More than the SDK's quota of retries.
        proxy.trouble("DescribeKeyPairs", Trouble::Throttle, 120);
        let client = connect(&proxy.url, "ap-south-2", 11).await;
        let done = join_all((0..120).map(|_| client.ec2().describe_key_pairs().send())).await;
        assert!(done.iter().all(Result::is_ok), "{:?}", done.iter().find(|done| done.is_err()));
        assert_eq!(proxy.left(), 0);
    }
}
