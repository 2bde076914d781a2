//! What an AWS API answers when it refuses.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use weir_provider::Fault;

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
    /// True when it is not known whether the call took effect: the connection broke or timed out.
    pub(crate) uncertain: bool,
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
            let uncertain = matches!(error, SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_));
            ApiError {
                operation,
                code: meta.code().unwrap_or_default().to_owned(),
                message: meta.message().map_or_else(|| causes(&error), str::to_owned),
                request_id: meta.extra("aws_request_id").map(str::to_owned),
                uncertain,
            }
        })
    }
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
        } else if code.is_empty() && self.uncertain {
            "No usable answer came. Check the network, proxy settings, region and custom endpoints, then run again: what had been done is found again.".to_owned()
        } else {
            String::new()
        }
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
        Self { not_found: error.not_found(), ..Self::error(format!("{} failed", error.operation), detail) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: &str, message: &str) -> ApiError {
        ApiError { operation: "ec2:DeleteVpc", code: code.into(), message: message.into(), request_id: Some("r-1".into()), uncertain: false }
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
