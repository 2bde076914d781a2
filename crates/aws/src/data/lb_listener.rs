//! `data "aws_lb_listener"`

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::resource::lb_listener::LbListener as Resource;
use crate::tags::Tags;
use crate::timeouts::timeouts;
use crate::{Client, query, view};

/// A listener of a load balancer.
///
/// ```hcl
/// data "aws_lb_listener" "https" {
///   load_balancer_arn = data.aws_lb.web.arn
///   port              = 443
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_lb_listener")]
pub(crate) struct LbListener {
    /// Alpn policy.
    #[schema(computed)]
    alpn_policy: Option<String>,
    /// ARN.
    #[schema(optional, computed)]
    arn: Option<String>,
    /// Certificate ARN.
    #[schema(computed)]
    certificate_arn: Option<String>,
    /// What is done when no rule fits.
    #[schema(computed)]
    default_action: Option<Vec<DefaultAction>>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Load balancer ARN.
    #[schema(optional, computed)]
    load_balancer_arn: Option<String>,
    /// Mutual authentication.
    #[schema(computed)]
    mutual_authentication: Option<Vec<MutualAuthentication>>,
    /// Port.
    #[schema(optional, computed)]
    port: Option<i64>,
    /// Protocol.
    #[schema(computed)]
    protocol: Option<String>,
    /// SSL policy.
    #[schema(computed)]
    ssl_policy: Option<String>,
    /// Tags.
    #[schema(optional, computed)]
    tags: Tags,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

/// Mutual authentication.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct MutualAuthentication {
    /// Advertise trust store ca names.
    #[schema(optional)]
    advertise_trust_store_ca_names: String,
    /// Ignore client certificate expiry.
    #[schema(optional)]
    ignore_client_certificate_expiry: bool,
    /// Mode.
    #[schema(optional)]
    mode: String,
    /// Trust store ARN.
    #[schema(optional)]
    trust_store_arn: String,
}

/// What is done when no rule fits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct DefaultAction {
    /// Authenticate cognito.
    #[schema(optional)]
    authenticate_cognito: Vec<AuthenticateCognito>,
    /// Authenticate OIDC.
    #[schema(optional)]
    authenticate_oidc: Vec<AuthenticateOidc>,
    /// Fixed response.
    #[schema(optional)]
    fixed_response: Vec<FixedResponse>,
    /// Forward.
    #[schema(optional)]
    forward: Vec<Forward>,
    /// Order.
    #[schema(optional)]
    order: i64,
    /// Redirect.
    #[schema(optional)]
    redirect: Vec<Redirect>,
    /// Target group ARN.
    #[schema(optional)]
    target_group_arn: String,
    /// Type.
    #[schema(optional)]
    r#type: String,
}

/// Redirect.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Redirect {
    /// Host.
    #[schema(optional)]
    host: String,
    /// Path.
    #[schema(optional)]
    path: String,
    /// Port.
    #[schema(optional)]
    port: String,
    /// Protocol.
    #[schema(optional)]
    protocol: String,
    /// Query.
    #[schema(optional)]
    query: String,
    /// Status code.
    #[schema(optional)]
    status_code: String,
}

/// Forward.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Forward {
    /// Stickiness.
    #[schema(optional)]
    stickiness: Vec<Stickiness>,
    /// Target group.
    #[schema(optional, set)]
    target_group: Vec<TargetGroup>,
}

/// Target group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct TargetGroup {
    /// ARN.
    #[schema(optional)]
    arn: String,
    /// Weight.
    #[schema(optional)]
    weight: i64,
}

/// Stickiness.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Stickiness {
    /// Duration.
    #[schema(optional)]
    duration: i64,
    /// Enabled.
    #[schema(optional)]
    enabled: bool,
}

/// Fixed response.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct FixedResponse {
    /// Content type.
    #[schema(optional)]
    content_type: String,
    /// Message body.
    #[schema(optional)]
    message_body: String,
    /// Status code.
    #[schema(optional)]
    status_code: String,
}

/// Authenticate OIDC.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct AuthenticateOidc {
    /// Authentication request extra params.
    #[schema(optional)]
    authentication_request_extra_params: BTreeMap<String, String>,
    /// Authorization endpoint.
    #[schema(optional)]
    authorization_endpoint: String,
    /// Client id.
    #[schema(optional)]
    client_id: String,
    /// Client secret.
    #[schema(optional)]
    client_secret: String,
    /// Issuer.
    #[schema(optional)]
    issuer: String,
    /// On unauthenticated request.
    #[schema(optional)]
    on_unauthenticated_request: String,
    /// Scope.
    #[schema(optional)]
    scope: String,
    /// Session cookie name.
    #[schema(optional)]
    session_cookie_name: String,
    /// Session timeout.
    #[schema(optional)]
    session_timeout: i64,
    /// Token endpoint.
    #[schema(optional)]
    token_endpoint: String,
    /// User info endpoint.
    #[schema(optional)]
    user_info_endpoint: String,
}

/// Authenticate cognito.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct AuthenticateCognito {
    /// Authentication request extra params.
    #[schema(optional)]
    authentication_request_extra_params: BTreeMap<String, String>,
    /// On unauthenticated request.
    #[schema(optional)]
    on_unauthenticated_request: String,
    /// Scope.
    #[schema(optional)]
    scope: String,
    /// Session cookie name.
    #[schema(optional)]
    session_cookie_name: String,
    /// Session timeout.
    #[schema(optional)]
    session_timeout: i64,
    /// User pool ARN.
    #[schema(optional)]
    user_pool_arn: String,
    /// User pool client id.
    #[schema(optional)]
    user_pool_client_id: String,
    /// User pool domain.
    #[schema(optional)]
    user_pool_domain: String,
}

impl DataSource for LbListener {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let arn = match config.arn.clone().filter(|arn| !arn.is_empty()) {
            Some(arn) => arn,
            None => {
                let balancer = config.load_balancer_arn.clone().unwrap_or_default();
                if balancer.is_empty() || config.port.is_none() {
                    return Err(Fault::error("Which listener?", "Set arn, or load_balancer_arn and port."));
                }
                let pages = client.elb().describe_listeners().load_balancer_arn(balancer).into_paginator().items().send();
                let all = pages.collect::<Result<Vec<_>, _>>().await.api("elasticloadbalancing:DescribeListeners")?;
                let at = all.into_iter().filter(|one| one.port.map(i64::from) == config.port).filter_map(|one| one.listener_arn);
                query::only("listener", at.collect())?
            }
        };
        view::of::<Resource, Self>(client, &arn, &config).await?.ok_or_else(|| view::none("listener"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn by_port_and_arn() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.118.0.0/16"})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.118.1.0/24"})).await, "id");
        let balancer = text(&lab.make("aws_lb", json!({"name": "heard", "internal": true, "subnets": [subnet]})).await, "arn");
        let group = text(&lab.make("aws_lb_target_group", json!({"name": "heard", "vpc_id": vpc, "protocol": "HTTP", "port": 80})).await, "arn");
        let action = json!([{"type": "forward", "target_group_arn": group}]);
        let made = lab.make("aws_lb_listener", json!({"load_balancer_arn": balancer, "protocol": "HTTP", "port": 80, "default_action": action})).await;
        for query in [json!({"load_balancer_arn": balancer, "port": 80}), json!({"arn": text(&made, "arn")})] {
            let found = lab.data("aws_lb_listener", query).await.expect("listener");
            assert_eq!(["arn", "protocol", "load_balancer_arn"].map(|name| text(&found, name)), ["arn", "protocol", "load_balancer_arn"].map(|name| text(&made, name)));
            assert!(format!("{:?}", found.get("default_action").expect("action")).contains(&group));
        }
        assert_eq!(lab.data("aws_lb_listener", json!({})).await.expect_err("nothing")[0].summary, "Which listener?");
    }
}
