//! Keeps the SDK from sending a call again that may have taken effect and that must not take effect twice.
//!
//! The SDK retries whatever fails on the way. That is right for reads, for calls that a client token makes the same call, and for those that set something. It is wrong for a creation without a
//! token whose answer was lost: it may have been done. Such a call fails with [`crate::api::ApiError::uncertain`]; the frame then looks for the object (`recover`) and goes on from what it finds.
//! Answers that say "not done", such as throttling, are retried as ever. Answers that the API did not send are errors, even where the SDK would take them.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{BeforeTransmitInterceptorContextRef, Error, FinalizerInterceptorContextMut};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata, OrchestratorError};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_smithy_types::retry::RetryConfig;

use crate::api::causes;

/// Beginnings of operations that do something each time, or fail the second time because of the first.
const VERBS: [&str; 20] = [
    "Accept",
    "Add",
    "Allocate",
    "Associate",
    "Attach",
    "Authorize",
    "ChangeResourceRecordSets",
    "Copy",
    "Create",
    "Detach",
    "Disassociate",
    "Import",
    "PutParameter",
    "Register",
    "RemoveRole",
    "Replace",
    "Request",
    "Revoke",
    "Run",
    "Start",
];

/// Arguments by which the API knows a call again, as they stand in the bodies of requests.
const TOKENS: [&[u8]; 4] = [b"&ClientToken=", b"\"ClientToken\":", b"\"ClientRequestToken\":", b"\"clientToken\":"];

/// Codes of server errors that say that nothing was done.
const NOT_DONE: [&str; 4] = ["Unavailable", "SlowDown", "RequestLimitExceeded", "BandwidthLimitExceeded"];

/// True when a server error of that code means that nothing was done.
pub(crate) fn says_not_done(code: &str) -> bool {
    code.contains("Throttl") || code.starts_with("Insufficient") || code.contains("TooManyRequests") || NOT_DONE.contains(&code)
}

/// True when a connection could not even be made.
pub(crate) fn never_sent(error: &ConnectorError) -> bool {
    // The kinds of errors do not tell it, their texts do.
    causes(error).contains("(Connect)")
}

/// True when a second call of the operation may do something else than the first one alone.
pub(crate) fn counts(operation: &str) -> bool {
    // Tags are set, not added.
    VERBS.iter().any(|verb| operation.starts_with(verb)) && !operation.contains("Tags")
}

/// The call carries a client token.
#[derive(Debug)]
struct Repeatable;

impl Storable for Repeatable {
    type Storer = StoreReplace<Self>;
}

/// The interceptor of every service client.
#[derive(Debug)]
pub(crate) struct Once;

#[dyn_dispatch_hint]
impl Intercept for Once {
    fn name(&self) -> &'static str {
        "Once"
    }

    fn read_before_transmit(&self, context: &BeforeTransmitInterceptorContextRef<'_>, _: &RuntimeComponents, bag: &mut ConfigBag) -> Result<(), BoxError> {
        let body = context.request().body().bytes().unwrap_or_default();
        // The token of this one only names the first version of the value.
        let names = bag.load::<Metadata>().is_some_and(|call| call.name() != "CreateSecret");
        if names && TOKENS.iter().any(|token| body.windows(token.len()).any(|part| part == *token)) {
            bag.interceptor_state().store_put(Repeatable);
        }
        Ok(())
    }

    fn modify_before_attempt_completion(&self, context: &mut FinalizerInterceptorContextMut<'_>, _: &RuntimeComponents, bag: &mut ConfigBag) -> Result<(), BoxError> {
        if let Some(why) = foreign(context, bag)
            && let Some(outcome) = context.output_or_error_mut()
        {
            *outcome = Err(OrchestratorError::response(why.into()));
        }
        let Some(Err(error)) = context.output_or_error() else { return Ok(()) };
        if bag.load::<Repeatable>().is_some() || !bag.load::<Metadata>().is_some_and(|call| counts(call.name())) || !uncertain(error, context.response()) {
            return Ok(());
        }
        // The retry strategy reads it after each attempt.
        if let Some(config) = bag.load::<RetryConfig>().cloned() {
            bag.interceptor_state().store_put(config.with_max_attempts(1));
        }
        Ok(())
    }
}

/// What is wrong with an answer that the SDK takes for a good one though the API did not send it. Where answers are JSON, none at all would mean "there are none"; where an answer has no
/// content, the SDK does not look at it.
fn foreign(context: &FinalizerInterceptorContextMut<'_>, bag: &ConfigBag) -> Option<&'static str> {
    let call = bag.load::<Metadata>()?.name();
    context.output_or_error()?.ok()?;
    let body = context.response()?.body().bytes()?;
    let begin = body.get(..15).unwrap_or(body).to_ascii_lowercase();
    if body.is_empty() && (call.starts_with("Describe") || call.starts_with("List")) {
        Some("the answer is empty")
    } else if begin.starts_with(b"<html") || begin.starts_with(b"<!doctype html") {
        Some("the answer is a web page")
    } else {
        None
    }
}

/// True when the error does not tell whether the call took effect.
fn uncertain(error: &OrchestratorError<Error>, response: Option<&HttpResponse>) -> bool {
    if let Some(error) = error.as_connector_error() {
        return !never_sent(error);
    }
    if error.is_timeout_error() || error.is_response_error() {
        return true;
    }
    let Some(response) = response.filter(|response| response.status().as_u16() >= 500) else { return false };
    let body = String::from_utf8_lossy(response.body().bytes().unwrap_or_default());
    let named = response.headers().get("x-amzn-errortype").unwrap_or_default();
    !body.split(|c: char| !c.is_ascii_alphanumeric()).chain([named]).any(says_not_done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_that_count() {
        for name in ["CreateVpc", "AllocateAddress", "AttachInternetGateway", "PutParameter", "AddRoleToInstanceProfile", "RunInstances"] {
            assert!(counts(name), "{name}");
        }
        for name in ["CreateTags", "CreateOrUpdateTags", "AddTags", "DescribeVpcs", "DeleteVpc", "ModifyVpcAttribute", "PutRolePolicy", "PutSecretValue"] {
            assert!(!counts(name), "{name}");
        }
    }

    #[test]
    fn codes_that_say_not_done() {
        assert!(says_not_done("ThrottlingException") && says_not_done("RequestLimitExceeded") && says_not_done("InsufficientInstanceCapacity"));
        assert!(!says_not_done("InternalError") && !says_not_done("ServiceUnavailable") && !says_not_done(""));
    }
}
