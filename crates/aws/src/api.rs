//! What an AWS API answers when it refuses.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use weir_provider::Fault;

use crate::once::{counts, never_sent, says_not_done};

/// A call that failed.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    /// `ec2:CreateVpc`: the call as IAM policies name it.
    operation: &'static str,
    /// The API's error code; empty when no answer came.
    pub(crate) code: String,
    /// The API's words, or what went wrong on the way.
    pub(crate) message: String,
    request_id: Option<String>,
    /// True when it is not known whether the call took effect, and a second one might take effect again.
    pub(crate) uncertain: bool,
    /// True when the API could not be reached, failed, or gave an answer that makes no sense.
    broken: bool,
    /// True when something came back.
    answered: bool,
    /// True when that is nothing that AWS sends.
    strange: bool,
}

/// Makes an [`ApiError`] of what an SDK client returns.
pub(crate) trait Explain<T> {
    /// `operation` is the call as IAM policies name it: `ec2:CreateVpc`.
    fn api(self, operation: &'static str) -> Result<T, ApiError>;
}

impl<T, E: ProvideErrorMetadata + Error + 'static> Explain<T> for Result<T, SdkError<E, HttpResponse>> {
    fn api(self, operation: &'static str) -> Result<T, ApiError> {
        self.map_err(|error| {
            let meta = error.meta();
            let code = meta.code().unwrap_or_default().to_owned();
            let raw = error.raw_response();
            let status = raw.map(|raw| raw.status().as_u16());
            let broken = match &error {
                SdkError::DispatchFailure(failure) => !failure.as_connector_error().is_some_and(never_sent),
                SdkError::ServiceError(_) => status.is_some_and(|status| status < 300 || status >= 500 && !says_not_done(&code)),
                SdkError::ConstructionFailure(_) => false,
                _ => true,
            };
            // What can be repeated was repeated by the SDK, unless it took the answer for one.
            let name = operation.split_once(':').map_or(operation, |(_, name)| name);
            let uncertain = broken && (counts(name) || matches!(error, SdkError::ServiceError(_)) && status.is_some_and(|status| status < 300));
            let mut message = meta.message().map_or_else(|| causes(&error), str::to_owned);
            // What has neither code nor words, though it has content or should have some, is not the API's.
            let strange = raw.filter(|raw| code.is_empty() && meta.message().is_none() && (broken || raw.body().bytes().is_some_and(|body| !body.is_empty())));
            if let Some(raw) = strange {
                message = format!("The answer is not what this API sends ({}): {message}", form(raw));
            }
            let header = |name: &'static str| raw.and_then(|raw| raw.headers().get(name));
            let id = meta.extra("aws_request_id").or_else(|| header("x-amzn-requestid")).or_else(|| header("x-amz-request-id"));
            ApiError { operation, code, message, request_id: id.map(str::to_owned), uncertain, broken, answered: raw.is_some(), strange: strange.is_some() }
        })
    }
}

/// Status and kind of an answer, and how it begins.
fn form(raw: &HttpResponse) -> String {
    let kind = raw.headers().get("content-type").unwrap_or("no content type");
    let body = String::from_utf8_lossy(raw.body().bytes().unwrap_or_default());
    let begin: String = body.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(60).collect();
    format!("HTTP {}, {kind}, beginning \"{begin}\"", raw.status().as_u16())
}

/// An error and what caused it, in one line.
pub(crate) fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = inner.source();
    }
    text
}

/// Codes that mean "there is no such object" without saying so by their end.
const MISSING: [&str; 25] = [
    "NoSuchEntity",
    "NoSuchEntityException",
    "NotFoundException",
    "ResourceNotFoundException",
    "NatGatewayNotFound",
    "LoadBalancerNotFound",
    "TargetGroupNotFound",
    "ListenerNotFound",
    "RuleNotFound",
    "InvalidLaunchTemplateName.NotFoundException",
    "NoSuchHostedZone",
    "NoSuchHealthCheck",
    "ParameterNotFound",
    "NoSuchBucket",
    "NoSuchKey",
    "NotFound",
    "404",
    "NoSuchBucketPolicy",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "NoSuchTagSet",
    "NoSuchCORSConfiguration",
    "OwnershipControlsNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
    "ObjectLockConfigurationNotFoundError",
];

impl ApiError {
    /// True when the API's code is one of these.
    pub(crate) fn is(&self, codes: &[&str]) -> bool {
        codes.contains(&self.code.as_str())
    }

    /// True when the object (or one it is about) does not exist.
    pub(crate) fn not_found(&self) -> bool {
        self.code.ends_with(".NotFound") || self.is(&MISSING)
    }

    /// True when the API had enough of requests.
    pub(crate) fn throttled(&self) -> bool {
        const CODES: [&str; 8] = [
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "RequestThrottled",
            "RequestThrottledException",
            "RequestLimitExceeded",
            "TooManyRequestsException",
            "PriorRequestNotComplete",
        ];
        self.is(&CODES)
    }

    /// What the user can do about it.
    fn advice(&self) -> String {
        let code = self.code.as_str();
        if code.starts_with("UnauthorizedOperation") || code.starts_with("AccessDenied") || code == "AuthorizationError" {
            format!(
                "The credentials in use lack a permission: allow \"{}\" on this object in their IAM policy (and in a resource or organisation policy that applies).",
                self.operation
            )
        } else if self.throttled() {
            "The API still limited the rate of requests after many retries. Run again; a lower -parallelism or fewer users of the account at once help.".to_owned()
        } else if code.contains("LimitExceeded") || code.contains("QuotaExceeded") || code.starts_with("TooMany") {
            "A quota of the account is used up. Remove what is not needed, or ask for more under Service Quotas.".to_owned()
        } else if ["DependencyViolation", "DeleteConflict", "ResourceInUse", "ResourceInUseException", "InvalidIPAddress.InUse"].contains(&code)
            || code.ends_with(".InUse")
        {
            "Another object still uses this one. Remove that first; if it is in no configuration, look for it in the AWS console.".to_owned()
        } else if ["ExpiredToken", "ExpiredTokenException", "RequestExpired"].contains(&code) {
            "The credentials have expired (or this machine's clock is wrong): log in again, then run again.".to_owned()
        } else if ["AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidAccessKeyId"].contains(&code) {
            "AWS did not accept the credentials. Check the access key, the profile and the region.".to_owned()
        } else if self.strange {
            "Something else than AWS seems to answer, such as a proxy or a login page. Check proxy settings and custom endpoints, then run again: what had been done is found again.".to_owned()
        } else if code.is_empty() && !self.answered {
            "No answer came. Check the network, proxy settings, region and custom endpoints, then run again: what had been done is found again.".to_owned()
        } else if self.broken {
            "AWS had a problem of its own. Run again later: what had been done is found again.".to_owned()
        } else {
            String::new()
        }
    }
}

/// A step of a deletion: what is gone already is content.
pub(crate) fn ignore_gone<T>(done: Result<T, ApiError>) -> Result<(), ApiError> {
    match done {
        Err(error) if !error.not_found() => Err(error),
        _ => Ok(()),
    }
}

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        let mut detail = error.message.clone();
        if !error.code.is_empty() && !detail.starts_with(&error.code) {
            detail = format!("{}: {detail}", error.code);
        }
        if !detail.ends_with('.') {
            detail.push('.');
        }
        let advice = error.advice();
        if !advice.is_empty() {
            detail = format!("{detail} {advice}");
        }
        if let Some(id) = &error.request_id {
            detail = format!("{detail} (request {id})");
        }
        Self { not_found: error.not_found(), uncertain: error.uncertain, ..Self::error(format!("{} failed", error.operation), detail) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: &str, message: &str) -> ApiError {
        ApiError {
            operation: "ec2:DeleteVpc",
            code: code.into(),
            message: message.into(),
            request_id: Some("r-1".into()),
            uncertain: false,
            broken: false,
            answered: true,
            strange: false,
        }
    }

    #[test]
    fn faults() {
        let fault = Fault::from(error("DependencyViolation", "The vpc has dependencies"));
        assert_eq!(fault.summary, "ec2:DeleteVpc failed");
        assert!(fault.detail.starts_with("DependencyViolation: The vpc has dependencies. Another object"), "{}", fault.detail);
        assert!(fault.detail.ends_with("(request r-1)"));
        assert!(!fault.not_found);
        assert!(Fault::from(error("InvalidVpcID.NotFound", "gone")).not_found);
        assert!(Fault::from(error("UnauthorizedOperation", "no")).detail.contains("allow \"ec2:DeleteVpc\""));
    }
}
