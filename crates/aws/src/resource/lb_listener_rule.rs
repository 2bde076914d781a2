//! `aws_lb_listener_rule`

use std::collections::{BTreeMap, HashSet};

use aws_sdk_elasticloadbalancingv2::types as elbv2;
use aws_sdk_elasticloadbalancingv2::types::{
    HostHeaderConditionConfig, HttpHeaderConditionConfig, HttpRequestMethodConditionConfig, PathPatternConditionConfig, QueryStringConditionConfig,
    QueryStringKeyValuePair, Rule as Remote, RuleCondition, RulePriorityPair, SourceIpConditionConfig,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::{ApiError, Explain, ignore_gone};
use crate::listener_action::{self, Action};
use crate::tags::{MARKER, Tags};
use crate::{Client, elb, keep, plan, wait};

/// What a listener does with requests that fit.
///
/// ```hcl
/// resource "aws_lb_listener_rule" "static" {
///   listener_arn = aws_lb_listener.http.arn
///   priority     = 100
///
///   action {
///     type             = "forward"
///     target_group_arn = aws_lb_target_group.static.arn
///   }
///
///   condition {
///     path_pattern {
///       values = ["/static/*"]
///     }
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_lb_listener_rule")]
pub(crate) struct LbListenerRule {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Listener.
    #[schema(required, force_new)]
    listener_arn: Option<String>,
    /// Place among the rules, from 1; the next that is free when it is unset.
    #[schema(optional, computed)]
    priority: Option<i64>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// What is done, in order.
    #[schema(block, min = 1)]
    action: Vec<RuleAction>,
    /// What a request must be like: all of them.
    #[schema(block, set, min = 1)]
    condition: Vec<Condition>,
}

/// What a request must be like: all of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Condition {
    /// Values that a part of the request may have.
    #[schema(block, max = 1)]
    host_header: Vec<Values>,
    /// A header.
    #[schema(block, max = 1)]
    http_header: Vec<HttpHeader>,
    /// HTTP request method.
    #[schema(block, max = 1)]
    http_request_method: Vec<Values>,
    /// Path pattern.
    #[schema(block, max = 1)]
    path_pattern: Vec<Values>,
    /// A pair of the query.
    #[schema(block, set)]
    query_string: Vec<QueryString>,
    /// Source IP.
    #[schema(block, max = 1)]
    source_ip: Vec<Values>,
}

/// A pair of the query.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct QueryString {
    /// Key.
    #[schema(optional)]
    key: Option<String>,
    /// Value.
    #[schema(required)]
    value: Option<String>,
}

/// A header.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct HttpHeader {
    /// HTTP header name.
    #[schema(required)]
    http_header_name: Option<String>,
    /// Values, one of which must fit.
    #[schema(required, set)]
    values: Option<Vec<String>>,
}

/// Values that a part of the request may have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Values {
    /// Values, one of which must fit.
    #[schema(required, set)]
    values: Option<Vec<String>>,
}

/// What is done, in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct RuleAction {
    /// Order.
    #[schema(optional, computed)]
    order: Option<i64>,
    /// Target group ARN.
    #[schema(optional)]
    target_group_arn: Option<String>,
    /// Type.
    #[schema(required)]
    r#type: Option<String>,
    /// Authenticate cognito.
    #[schema(block, max = 1)]
    authenticate_cognito: Vec<AuthenticateCognito>,
    /// Authenticate OIDC.
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

/// Redirect.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Redirect {
    /// Host.
    #[schema(optional, default = "#{host}")]
    host: Option<String>,
    /// Path.
    #[schema(optional, default = "/#{path}")]
    path: Option<String>,
    /// Port.
    #[schema(optional, default = "#{port}")]
    port: Option<String>,
    /// Protocol.
    #[schema(optional, default = "#{protocol}")]
    protocol: Option<String>,
    /// Query.
    #[schema(optional, default = "#{query}")]
    query: Option<String>,
    /// Status code.
    #[schema(required)]
    status_code: Option<String>,
}

/// Forward.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Forward {
    /// Stickiness.
    #[schema(block, max = 1)]
    stickiness: Vec<Stickiness>,
    /// Target group.
    #[schema(block, set, min = 1, max = 5)]
    target_group: Vec<TargetGroup>,
}

/// Target group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct TargetGroup {
    /// ARN.
    #[schema(required)]
    arn: Option<String>,
    /// Weight.
    #[schema(optional, default = 1)]
    weight: Option<i64>,
}

/// Stickiness.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Stickiness {
    /// Duration.
    #[schema(required)]
    duration: Option<i64>,
    /// Enabled.
    #[schema(optional, default = false)]
    enabled: Option<bool>,
}

/// Fixed response.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
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

/// Authenticate OIDC.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
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
    #[schema(optional, default = "openid")]
    scope: Option<String>,
    /// Session cookie name.
    #[schema(optional, default = "AWSELBAuthSessionCookie")]
    session_cookie_name: Option<String>,
    /// Session timeout.
    #[schema(optional, default = 604_800)]
    session_timeout: Option<i64>,
    /// Token endpoint.
    #[schema(required)]
    token_endpoint: Option<String>,
    /// User info endpoint.
    #[schema(required)]
    user_info_endpoint: Option<String>,
}

/// Authenticate cognito.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct AuthenticateCognito {
    /// Authentication request extra params.
    #[schema(optional)]
    authentication_request_extra_params: Option<BTreeMap<String, String>>,
    /// On unauthenticated request.
    #[schema(optional, computed)]
    on_unauthenticated_request: Option<String>,
    /// Scope.
    #[schema(optional, default = "openid")]
    scope: Option<String>,
    /// Session cookie name.
    #[schema(optional, default = "AWSELBAuthSessionCookie")]
    session_cookie_name: Option<String>,
    /// Session timeout.
    #[schema(optional, default = 604_800)]
    session_timeout: Option<i64>,
    /// User pool ARN.
    #[schema(required)]
    user_pool_arn: Option<String>,
    /// User pool client id.
    #[schema(required)]
    user_pool_client_id: Option<String>,
    /// User pool domain.
    #[schema(required)]
    user_pool_domain: Option<String>,
}

/// The actions in the form that listeners have them in: only some defaults differ.
fn shared<A: Serialize, B: DeserializeOwned>(actions: &A) -> Result<B, Fault> {
    let failed = |error: serde_json::Error| Fault::error("State is not of the type's form", error.to_string());
    serde_json::from_value(serde_json::to_value(actions).map_err(failed)?).map_err(failed)
}

async fn describe(client: &Client, arn: &str) -> Result<Option<Remote>, Fault> {
    client
        .batch("elb rule", 100, arn.to_owned(), |client, arns: Vec<String>| async move {
            let pages = client.elb().describe_rules().set_rule_arns(Some(arns)).into_paginator().items().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await.api("elasticloadbalancing:DescribeRules")?;
            Ok(found.into_iter().filter_map(|rule| Some((rule.rule_arn.clone()?, rule))).collect())
        })
        .await
}

/// All rules of a listener; none when it is gone.
async fn of_listener(client: &Client, listener: &str) -> Result<Vec<Remote>, Fault> {
    let pages = client.elb().describe_rules().listener_arn(listener).into_paginator().items().send();
    match pages.collect::<Result<Vec<_>, _>>().await.api("elasticloadbalancing:DescribeRules") {
        Err(error) if error.not_found() => Ok(Vec::new()),
        found => Ok(found?),
    }
}

impl Condition {
    fn request(&self) -> RuleCondition {
        let values = |block: &[Values]| block.first().map(|block| block.values.clone().unwrap_or_default());
        let condition = RuleCondition::builder();
        if let Some(values) = values(&self.host_header) {
            return condition.field("host-header").host_header_config(HostHeaderConditionConfig::builder().set_values(Some(values)).build()).build();
        }
        if let Some(header) = self.http_header.first() {
            let config = HttpHeaderConditionConfig::builder().set_http_header_name(header.http_header_name.clone()).set_values(header.values.clone());
            return condition.field("http-header").http_header_config(config.build()).build();
        }
        if let Some(values) = values(&self.http_request_method) {
            return condition
                .field("http-request-method")
                .http_request_method_config(HttpRequestMethodConditionConfig::builder().set_values(Some(values)).build())
                .build();
        }
        if let Some(values) = values(&self.path_pattern) {
            return condition.field("path-pattern").path_pattern_config(PathPatternConditionConfig::builder().set_values(Some(values)).build()).build();
        }
        if let Some(values) = values(&self.source_ip) {
            return condition.field("source-ip").source_ip_config(SourceIpConditionConfig::builder().set_values(Some(values)).build()).build();
        }
        let pair = |pair: &QueryString| QueryStringKeyValuePair::builder().set_key(pair.key.clone().filter(|key| !key.is_empty())).set_value(pair.value.clone()).build();
        let config = QueryStringConditionConfig::builder().set_values(Some(self.query_string.iter().map(pair).collect())).build();
        condition.field("query-string").query_string_config(config).build()
    }

    fn of(remote: &RuleCondition) -> Self {
        // Conditions of the older form have their values beside the part that is meant.
        let values = |found: &[String]| vec![Values { values: Some(if found.is_empty() { remote.values().to_vec() } else { found.to_vec() }) }];
        let mut condition = Self::default();
        match remote.field().unwrap_or_default() {
            "host-header" => condition.host_header = values(remote.host_header_config().map(|config| config.values()).unwrap_or_default()),
            "http-header" => {
                let header =
                    remote.http_header_config().map(|config| HttpHeader { http_header_name: config.http_header_name.clone(), values: Some(config.values().to_vec()) });
                condition.http_header = header.into_iter().collect();
            }
            "http-request-method" => condition.http_request_method = values(remote.http_request_method_config().map(|config| config.values()).unwrap_or_default()),
            "path-pattern" => condition.path_pattern = values(remote.path_pattern_config().map(|config| config.values()).unwrap_or_default()),
            "query-string" => {
                let pairs = remote.query_string_config().map(|config| config.values()).unwrap_or_default();
                condition.query_string = pairs.iter().map(|pair| QueryString { key: pair.key.clone(), value: pair.value.clone() }).collect();
            }
            "source-ip" => condition.source_ip = values(remote.source_ip_config().map(|config| config.values()).unwrap_or_default()),
            _ => {}
        }
        condition
    }
}

impl LbListenerRule {
    fn arn(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn listener(&self) -> &str {
        self.listener_arn.as_deref().unwrap_or_default()
    }

    fn actions(&self) -> Result<Vec<elbv2::Action>, Fault> {
        Ok(listener_action::request(&shared::<_, Vec<Action>>(&self.action)?))
    }

    fn conditions(&self) -> Vec<RuleCondition> {
        self.condition.iter().map(Condition::request).collect()
    }

    async fn create_at(&self, client: &Client, actions: Vec<elbv2::Action>, priority: i64, token: &str) -> Result<Option<String>, ApiError> {
        let call = client
            .elb()
            .create_rule()
            .listener_arn(self.listener())
            .priority(priority as i32)
            .set_actions(Some(actions))
            .set_conditions(Some(self.conditions()))
            .set_tags(elb::new_tags(client, &self.tags, Some(token)));
        let answer = call.send().await.api("elasticloadbalancing:CreateRule")?;
        Ok(answer.rules.and_then(|rules| rules.into_iter().next()?.rule_arn))
    }

    /// Creates it behind all others; another one that does the same may come first.
    async fn create_last(&self, client: &Client, token: &str) -> Result<Option<String>, Fault> {
        wait::until("a free priority", wait::limit(None, 5)?, || async {
            let taken: HashSet<i64> = of_listener(client, self.listener()).await?.iter().filter_map(|rule| rule.priority()?.parse().ok()).collect();
            let last = taken.iter().max().copied().unwrap_or(0);
            // The greatest is taken: whatever is free.
            let next = if last < LAST { Some(last + 1) } else { (1..=LAST).rev().find(|priority| !taken.contains(priority)) };
            let next = next.ok_or_else(|| Fault::error("No free priority", "The listener has as many rules as there are priorities."))?;
            match self.create_at(client, self.actions()?, next, token).await {
                Err(error) if error.is(&["PriorityInUse"]) => Ok(None),
                done => Ok(Some(done?)),
            }
        })
        .await
    }
}

/// The greatest priority.
const LAST: i64 = 50_000;

impl Resource for LbListenerRule {
    type Client = Client;
    const MARKED: bool = true;

    fn validate(config: &Value) -> Vec<Fault> {
        let mut faults = Vec::new();
        if config.get("priority").and_then(|value| value.as_i64()).is_some_and(|priority| !(1..=LAST).contains(&priority)) {
            faults.push(Fault::attribute(Path::attr("priority"), "Invalid priority", format!("It is from 1 to {LAST}.")));
        }
        let parts = ["host_header", "http_header", "http_request_method", "path_pattern", "query_string", "source_ip"];
        let conditions = config.get("condition").filter(|conditions| conditions.is_known()).unwrap_or_else(Value::null);
        for condition in conditions.elements().filter(|condition| condition.is_wholly_known()) {
            let set = parts.iter().filter(|part| condition.get(part).is_some_and(|block| !block.is_null() && block.length() != Some(0))).count();
            if set != 1 {
                let detail = format!("A condition holds exactly one of {}; this one holds {set}. Write one condition block for each.", parts.join(", "));
                faults.push(Fault::attribute(Path::attr("condition"), "Invalid condition", detail));
            }
        }
        faults
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let arn = match planned.priority.filter(|priority| *priority > 0) {
            Some(priority) => planned.create_at(client, planned.actions()?, priority, operation.token).await?,
            None => planned.create_last(client, operation.token).await?,
        };
        let arn = arn.ok_or_else(|| Fault::uncertain("elasticloadbalancing:CreateRule failed", "The answer holds no rule."))?;
        let created = Self { id: Some(arn.clone()), arn: Some(arn), ..planned };
        operation.created(&created)?;
        wait::appear("listener rule", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let arn = prior.arn().to_owned();
        let Some(rule) = describe(client, &arn).await? else { return Ok(None) };
        let (tags, tags_all) = client.tag_rules().read(elb::tags_of(client, &arn).await?, &prior.tags);
        // The ARN of a rule is that of its listener with one part more.
        let listener = arn.rsplit_once('/').map(|(begin, _)| begin.replacen(":listener-rule/", ":listener/", 1));
        let read = Self {
            arn: Some(arn.clone()),
            id: Some(arn),
            listener_arn: listener,
            priority: rule.priority().and_then(|priority| priority.parse().ok()),
            tags,
            tags_all,
            action: shared(&listener_action::state(&shared::<_, Vec<Action>>(&prior.action)?, rule.actions()))?,
            condition: rule.conditions().iter().map(Condition::of).collect(),
        };
        Ok(Some(keep::form(&prior, &read)?))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let arn = prior.arn().to_owned();
        if let Some(priority) = planned.priority.filter(|priority| prior.priority != Some(*priority) && *priority > 0) {
            let pair = RulePriorityPair::builder().rule_arn(&arn).priority(priority as i32).build();
            client.elb().set_rule_priorities().rule_priorities(pair).send().await.api("elasticloadbalancing:SetRulePriorities")?;
        }
        let form = |state: &Self| serde_json::to_value((&state.action, &state.condition)).ok();
        if form(&prior) != form(&planned) {
            let call = client.elb().modify_rule().rule_arn(&arn).set_actions(Some(planned.actions()?)).set_conditions(Some(planned.conditions()));
            call.send().await.api("elasticloadbalancing:ModifyRule")?;
        }
        elb::retag(client, &arn, &prior.tags_all, &planned.tags).await?;
        Self::read(client, Self { id: Some(arn), ..planned }).await?.ok_or_else(|| Fault::not_found("The listener rule is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        Ok(ignore_gone(client.elb().delete_rule().rule_arn(prior.arn()).send().await.api("elasticloadbalancing:DeleteRule"))?)
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        for arn in of_listener(client, planned.listener()).await?.into_iter().filter_map(|rule| rule.rule_arn) {
            if elb::tags_of(client, &arn).await?.get(MARKER).is_some_and(|found| found == token) {
                return Self::read(client, Self { id: Some(arn), ..planned }).await;
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.100.0.0/16"})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.100.1.0/24"})).await, "id");
        let balancer = text(&lab.make("aws_lb", json!({"name": "ruled", "internal": true, "subnets": [subnet]})).await, "arn");
        let group = text(&lab.make("aws_lb_target_group", json!({"name": "ruled", "vpc_id": vpc, "protocol": "HTTP", "port": 80})).await, "arn");
        let forward = json!({"type": "forward", "target_group_arn": group});
        let listener = json!({"load_balancer_arn": balancer, "protocol": "HTTP", "port": 80, "default_action": [forward]});
        let listener = text(&lab.make("aws_lb_listener", listener).await, "arn");
        let fixed = json!({"type": "fixed-response", "fixed_response": [{"content_type": "text/plain", "message_body": "no", "status_code": "404"}]});
        let path = json!({"path_pattern": [{"values": ["/static/*"]}]});
        let query = json!({"query_string": [{"key": "health", "value": "check"}, {"value": "bar"}]});
        let others = json!([{"host_header": [{"values": ["a.example", "b.example"]}]}, {"http_header": [{"http_header_name": "X-A", "values": ["1"]}]}, {"source_ip": [{"values": ["10.0.0.0/8"]}]}]);
        let methods = json!([{"http_request_method": [{"values": ["GET"]}]}]);
        let state = Lifecycle::new(&lab, "aws_lb_listener_rule", json!({"listener_arn": listener, "priority": 100, "action": [forward], "condition": [path]}))
            .update(json!({"listener_arn": listener, "priority": 100, "action": [forward], "condition": [path, query]}))
            .update(json!({"listener_arn": listener, "priority": 90, "action": [fixed], "condition": others}))
            .update(json!({"listener_arn": listener, "priority": 90, "action": [fixed], "condition": methods, "tags": {"Name": "rule"}}))
            .run()
            .await;
        assert!(text(&state, "id").contains(":listener-rule/"));
        let unnumbered = json!({"listener_arn": listener, "action": [forward], "condition": [path]});
        let (a, b) = tokio::join!(lab.make("aws_lb_listener_rule", unnumbered.clone()), lab.make("aws_lb_listener_rule", unnumbered));
        assert_ne!(a.get("priority"), b.get("priority"), "each has its own place");
        let two =
            json!({"listener_arn": listener, "action": [forward], "condition": [{"path_pattern": [{"values": ["/a"]}], "source_ip": [{"values": ["10.0.0.0/8"]}]}]});
        assert_eq!(lab.refused("aws_lb_listener_rule", two).await[0].summary, "Invalid condition");
    }
}
