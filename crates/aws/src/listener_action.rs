//! What listeners and their rules do with a request.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types as elbv2;
use serde::{Deserialize, Serialize};
use weir_provider::Schema;

use crate::wire::{FromSdk, ToSdk, wire};

/// What is done with a request or connection.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Action {
    /// Place of the action, from 1.
    #[schema(optional, computed)]
    order: Option<i64>,
    /// The target group of `forward`, when it is one.
    #[schema(optional)]
    target_group_arn: Option<String>,
    /// `forward`, `redirect`, `fixed-response`, `authenticate-cognito` or `authenticate-oidc`.
    #[schema(required)]
    r#type: Option<String>,
    /// Authenticate cognito.
    #[schema(block, max = 1)]
    authenticate_cognito: Vec<AuthenticateCognito>,
    /// Authenticate oidc.
    #[schema(block, max = 1)]
    authenticate_oidc: Vec<AuthenticateOidc>,
    /// Fixed response.
    #[schema(block, max = 1)]
    fixed_response: Vec<FixedResponse>,
    /// Forward.
    #[schema(block, max = 1)]
    forward: Vec<Forward>,
    /// Redirect.
    #[schema(block, max = 1)]
    redirect: Vec<Redirect>,
}

/// Action: redirect.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Redirect {
    /// Host.
    #[schema(optional, default = "#{host}")]
    host: Option<String>,
    /// Path.
    #[schema(optional, default = "/#{path}")]
    path: Option<String>,
    /// Port; none of a gateway load balancer.
    #[schema(optional, default = "#{port}")]
    port: Option<String>,
    /// `HTTP`, `HTTPS`, `TCP`, `TLS`, `UDP` or `TCP_UDP`.
    #[schema(optional, default = "#{protocol}")]
    protocol: Option<String>,
    /// Query.
    #[schema(optional, default = "#{query}")]
    query: Option<String>,
    /// Status code.
    #[schema(required)]
    status_code: Option<String>,
}

/// Action: forward.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Forward {
    /// Stickiness.
    #[schema(block, max = 1)]
    stickiness: Vec<ForwardStickiness>,
    /// Target group.
    #[schema(block, set, min = 1, max = 5)]
    target_group: Vec<ForwardTargetGroup>,
}

/// Action: forward target group.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ForwardTargetGroup {
    /// ARN.
    #[schema(required)]
    arn: Option<String>,
    /// Weight.
    #[schema(optional, default = 1)]
    weight: Option<i64>,
}

/// Action: forward stickiness.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ForwardStickiness {
    /// Duration.
    #[schema(required)]
    duration: Option<i64>,
    /// Enabled.
    #[schema(optional, default = false)]
    enabled: Option<bool>,
}

/// Action: fixed response.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct FixedResponse {
    /// Content type.
    #[schema(required)]
    content_type: Option<String>,
    /// Message body.
    #[schema(optional)]
    message_body: Option<String>,
    /// Status code.
    #[schema(optional, computed)]
    status_code: Option<String>,
}

/// Action: authenticate oidc.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct AuthenticateOidc {
    /// Authentication request extra params.
    #[schema(optional)]
    authentication_request_extra_params: Option<BTreeMap<String, String>>,
    /// Authorization endpoint.
    #[schema(required)]
    authorization_endpoint: Option<String>,
    /// Client id.
    #[schema(required)]
    client_id: Option<String>,
    /// Client secret.
    #[schema(required, sensitive)]
    client_secret: Option<String>,
    /// Issuer.
    #[schema(required)]
    issuer: Option<String>,
    /// On unauthenticated request.
    #[schema(optional, computed)]
    on_unauthenticated_request: Option<String>,
    /// Scope.
    #[schema(optional, computed)]
    scope: Option<String>,
    /// Session cookie name.
    #[schema(optional, computed)]
    session_cookie_name: Option<String>,
    /// Session timeout.
    #[schema(optional, computed)]
    session_timeout: Option<i64>,
    /// Token endpoint.
    #[schema(required)]
    token_endpoint: Option<String>,
    /// User info endpoint.
    #[schema(required)]
    user_info_endpoint: Option<String>,
}

/// Action: authenticate cognito.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct AuthenticateCognito {
    /// Authentication request extra params.
    #[schema(optional)]
    authentication_request_extra_params: Option<BTreeMap<String, String>>,
    /// On unauthenticated request.
    #[schema(optional, computed)]
    on_unauthenticated_request: Option<String>,
    /// Scope.
    #[schema(optional, computed)]
    scope: Option<String>,
    /// Session cookie name.
    #[schema(optional, computed)]
    session_cookie_name: Option<String>,
    /// Session timeout.
    #[schema(optional, computed)]
    session_timeout: Option<i64>,
    /// User pool arn.
    #[schema(required)]
    user_pool_arn: Option<String>,
    /// User pool client id.
    #[schema(required)]
    user_pool_client_id: Option<String>,
    /// User pool domain.
    #[schema(required)]
    user_pool_domain: Option<String>,
}

wire! { Redirect => elbv2::RedirectActionConfig, elbv2::RedirectActionConfig { text host, text path, text port, text protocol, text query, word status_code } }
wire! { FixedResponse => elbv2::FixedResponseActionConfig, elbv2::FixedResponseActionConfig { text content_type, text message_body, text status_code } }
wire! { ForwardStickiness => elbv2::TargetGroupStickinessConfig, elbv2::TargetGroupStickinessConfig { int duration: duration_seconds, flag enabled } }
wire! { ForwardTargetGroup => elbv2::TargetGroupTuple, elbv2::TargetGroupTuple { text arn: target_group_arn, int weight } }
wire! { Forward => elbv2::ForwardActionConfig, elbv2::ForwardActionConfig { one stickiness: target_group_stickiness_config, many target_group: target_groups } }
wire! { AuthenticateOidc => elbv2::AuthenticateOidcActionConfig, elbv2::AuthenticateOidcActionConfig {
    pairs authentication_request_extra_params, text authorization_endpoint, text client_id, text client_secret, text issuer, word on_unauthenticated_request, text scope, text session_cookie_name,
    long session_timeout, text token_endpoint, text user_info_endpoint,
} }
wire! { AuthenticateCognito => elbv2::AuthenticateCognitoActionConfig, elbv2::AuthenticateCognitoActionConfig {
    pairs authentication_request_extra_params, word on_unauthenticated_request, text scope, text session_cookie_name, long session_timeout, text user_pool_arn, text user_pool_client_id,
    text user_pool_domain,
} }
wire! { Action => elbv2::Action, elbv2::Action {
    int order, text target_group_arn, word r#type, one authenticate_cognito: authenticate_cognito_config, one authenticate_oidc: authenticate_oidc_config, one fixed_response: fixed_response_config,
    one forward: forward_config, one redirect: redirect_config,
} }

/// The actions as the API takes them, in their order.
pub(crate) fn request(actions: &[Action]) -> Vec<elbv2::Action> {
    let numbered = actions.iter().zip(1..).map(|(action, place)| {
        let mut request: elbv2::Action = action.to_sdk();
        request.order = request.order.or(Some(place));
        request
    });
    numbered.collect()
}

/// The actions as the state has them: a single target group shows in the form in which it was written, and the secret, which the API keeps for itself, stays.
pub(crate) fn state(prior: &[Action], remote: &[elbv2::Action]) -> Vec<Action> {
    let mut remote = remote.to_vec();
    remote.sort_by_key(|action| action.order);
    let of = |(at, remote): (usize, &elbv2::Action)| {
        let mut action = Action::from_sdk(remote);
        let before = prior.get(at);
        let groups = action.forward.first().map_or(0, |forward| forward.target_group.len());
        if before.is_some_and(|before| !before.forward.is_empty()) {
            action.target_group_arn = action.target_group_arn.filter(|_| before.is_some_and(|before| before.target_group_arn.is_some()));
        } else if groups <= 1 {
            let forward = std::mem::take(&mut action.forward);
            action.target_group_arn = action.target_group_arn.or_else(|| forward.into_iter().next()?.target_group.into_iter().next()?.arn);
        } else {
            action.target_group_arn = None;
        }
        // A forward without stickiness is shown with one that is off.
        let unwritten = before.is_none_or(|before| before.forward.first().is_none_or(|forward| forward.stickiness.is_empty()));
        for forward in &mut action.forward {
            forward.stickiness.retain(|stickiness| stickiness.enabled == Some(true) || !unwritten);
        }
        let secret = before.and_then(|before| before.authenticate_oidc.first()?.client_secret.clone());
        for oidc in &mut action.authenticate_oidc {
            oidc.client_secret = secret.clone();
        }
        action.order = action.order.or(Some(at as i64 + 1));
        action
    };
    remote.iter().enumerate().map(of).collect()
}
