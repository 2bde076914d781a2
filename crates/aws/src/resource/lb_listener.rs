//! `aws_lb_listener`

use std::collections::HashMap;

use aws_sdk_elasticloadbalancingv2::types::{self as elbv2, Certificate, ListenerAttribute, ProtocolEnum};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::api::{ApiError, Explain};
use crate::elb::{self, Table};
use crate::listener_action::{self, Action};
use crate::tags::{MARKER, Tags};
use crate::timeouts::timeouts;
use crate::wire::{self, ToSdk, wire};
use crate::{Client, keep, plan, wait};

/// A port of a load balancer, and what is done with what comes in.
///
/// ```hcl
/// resource "aws_lb_listener" "web" {
///   load_balancer_arn = aws_lb.web.arn
///   protocol          = "TCP"
///   port              = 443
///
///   default_action {
///     type             = "forward"
///     target_group_arn = aws_lb_target_group.web.arn
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_lb_listener")]
pub(crate) struct LbListener {
    /// Policy of ALPN; TLS.
    #[schema(optional)]
    alpn_policy: Option<String>,
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// The certificate; HTTPS and TLS.
    #[schema(optional)]
    certificate_arn: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// The load balancer.
    #[schema(required, force_new)]
    load_balancer_arn: Option<String>,
    /// Port; none of a gateway load balancer.
    #[schema(optional)]
    port: Option<i64>,
    /// `HTTP`, `HTTPS`, `TCP`, `TLS`, `UDP` or `TCP_UDP`.
    #[schema(optional, computed)]
    protocol: Option<String>,
    /// Routing http request x amzn mtls clientcert header name.
    #[schema(optional, computed)]
    routing_http_request_x_amzn_mtls_clientcert_header_name: Option<String>,
    /// Routing http request x amzn mtls clientcert issuer header name.
    #[schema(optional, computed)]
    routing_http_request_x_amzn_mtls_clientcert_issuer_header_name: Option<String>,
    /// Routing http request x amzn mtls clientcert leaf header name.
    #[schema(optional, computed)]
    routing_http_request_x_amzn_mtls_clientcert_leaf_header_name: Option<String>,
    /// Routing http request x amzn mtls clientcert serial number header name.
    #[schema(optional, computed)]
    routing_http_request_x_amzn_mtls_clientcert_serial_number_header_name: Option<String>,
    /// Routing http request x amzn mtls clientcert subject header name.
    #[schema(optional, computed)]
    routing_http_request_x_amzn_mtls_clientcert_subject_header_name: Option<String>,
    /// Routing http request x amzn mtls clientcert validity header name.
    #[schema(optional, computed)]
    routing_http_request_x_amzn_mtls_clientcert_validity_header_name: Option<String>,
    /// Routing http request x amzn tls cipher suite header name.
    #[schema(optional, computed)]
    routing_http_request_x_amzn_tls_cipher_suite_header_name: Option<String>,
    /// Routing http request x amzn tls version header name.
    #[schema(optional, computed)]
    routing_http_request_x_amzn_tls_version_header_name: Option<String>,
    /// Routing http response access control allow credentials header value.
    #[schema(optional, computed)]
    routing_http_response_access_control_allow_credentials_header_value: Option<String>,
    /// Routing http response access control allow headers header value.
    #[schema(optional, computed)]
    routing_http_response_access_control_allow_headers_header_value: Option<String>,
    /// Routing http response access control allow methods header value.
    #[schema(optional, computed)]
    routing_http_response_access_control_allow_methods_header_value: Option<String>,
    /// Routing http response access control allow origin header value.
    #[schema(optional, computed)]
    routing_http_response_access_control_allow_origin_header_value: Option<String>,
    /// Routing http response access control expose headers header value.
    #[schema(optional, computed)]
    routing_http_response_access_control_expose_headers_header_value: Option<String>,
    /// Routing http response access control max age header value.
    #[schema(optional, computed)]
    routing_http_response_access_control_max_age_header_value: Option<String>,
    /// Routing http response content security policy header value.
    #[schema(optional, computed)]
    routing_http_response_content_security_policy_header_value: Option<String>,
    /// Routing http response server enabled.
    #[schema(optional, computed)]
    routing_http_response_server_enabled: Option<bool>,
    /// Routing http response strict transport security header value.
    #[schema(optional, computed)]
    routing_http_response_strict_transport_security_header_value: Option<String>,
    /// Routing http response x content type options header value.
    #[schema(optional, computed)]
    routing_http_response_x_content_type_options_header_value: Option<String>,
    /// Routing http response x frame options header value.
    #[schema(optional, computed)]
    routing_http_response_x_frame_options_header_value: Option<String>,
    /// Policy of TLS versions and ciphers.
    #[schema(optional, computed)]
    ssl_policy: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// How long a TCP connection may idle, in seconds.
    #[schema(optional, computed)]
    tcp_idle_timeout_seconds: Option<i64>,
    /// Default action.
    #[schema(block, min = 1)]
    default_action: Vec<Action>,
    /// Mutual authentication.
    #[schema(block, max = 1)]
    mutual_authentication: Vec<MutualAuthentication>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(create, update);

/// Mutual authentication.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct MutualAuthentication {
    /// Advertise trust store ca names.
    #[schema(optional, computed)]
    advertise_trust_store_ca_names: Option<String>,
    /// Ignore client certificate expiry.
    #[schema(optional, default = false)]
    ignore_client_certificate_expiry: Option<bool>,
    /// Mode.
    #[schema(required)]
    mode: Option<String>,
    /// Trust store arn.
    #[schema(optional)]
    trust_store_arn: Option<String>,
}

const ATTRIBUTES: &Table = &[
    ("routing_http_request_x_amzn_mtls_clientcert_header_name", "routing.http.request.x_amzn_mtls_clientcert.header_name"),
    ("routing_http_request_x_amzn_mtls_clientcert_issuer_header_name", "routing.http.request.x_amzn_mtls_clientcert_issuer.header_name"),
    ("routing_http_request_x_amzn_mtls_clientcert_leaf_header_name", "routing.http.request.x_amzn_mtls_clientcert_leaf.header_name"),
    ("routing_http_request_x_amzn_mtls_clientcert_serial_number_header_name", "routing.http.request.x_amzn_mtls_clientcert_serial_number.header_name"),
    ("routing_http_request_x_amzn_mtls_clientcert_subject_header_name", "routing.http.request.x_amzn_mtls_clientcert_subject.header_name"),
    ("routing_http_request_x_amzn_mtls_clientcert_validity_header_name", "routing.http.request.x_amzn_mtls_clientcert_validity.header_name"),
    ("routing_http_request_x_amzn_tls_cipher_suite_header_name", "routing.http.request.x_amzn_tls_cipher_suite.header_name"),
    ("routing_http_request_x_amzn_tls_version_header_name", "routing.http.request.x_amzn_tls_version.header_name"),
    ("routing_http_response_access_control_allow_credentials_header_value", "routing.http.response.access_control_allow_credentials.header_value"),
    ("routing_http_response_access_control_allow_headers_header_value", "routing.http.response.access_control_allow_headers.header_value"),
    ("routing_http_response_access_control_allow_methods_header_value", "routing.http.response.access_control_allow_methods.header_value"),
    ("routing_http_response_access_control_allow_origin_header_value", "routing.http.response.access_control_allow_origin.header_value"),
    ("routing_http_response_access_control_expose_headers_header_value", "routing.http.response.access_control_expose_headers.header_value"),
    ("routing_http_response_access_control_max_age_header_value", "routing.http.response.access_control_max_age.header_value"),
    ("routing_http_response_content_security_policy_header_value", "routing.http.response.content_security_policy.header_value"),
    ("routing_http_response_server_enabled", "routing.http.response.server.enabled"),
    ("routing_http_response_strict_transport_security_header_value", "routing.http.response.strict_transport_security.header_value"),
    ("routing_http_response_x_content_type_options_header_value", "routing.http.response.x_content_type_options.header_value"),
    ("routing_http_response_x_frame_options_header_value", "routing.http.response.x_frame_options.header_value"),
    ("tcp_idle_timeout_seconds", "tcp.idle_timeout.seconds"),
];

wire! { MutualAuthentication => elbv2::MutualAuthenticationAttributes, elbv2::MutualAuthenticationAttributes {
    word advertise_trust_store_ca_names, flag ignore_client_certificate_expiry, text mode, text trust_store_arn,
} }

async fn describe(client: &Client, arn: &str) -> Result<Option<elbv2::Listener>, Fault> {
    client
        .batch("elb listener", 100, arn.to_owned(), |client, arns: Vec<String>| async move {
            let pages = client.elb().describe_listeners().set_listener_arns(Some(arns)).into_paginator().items().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await.api("elasticloadbalancing:DescribeListeners")?;
            Ok(found.into_iter().filter_map(|one| Some((one.listener_arn.clone()?, one))).collect())
        })
        .await
}

async fn attributes(client: &Client, arn: &str) -> Result<HashMap<String, String>, Fault> {
    let answer = client.elb().describe_listener_attributes().listener_arn(arn).send().await.api("elasticloadbalancing:DescribeListenerAttributes")?;
    Ok(answer.attributes.unwrap_or_default().into_iter().filter_map(|one| Some((one.key?, one.value?))).collect())
}

impl LbListener {
    fn arn(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn certificates(&self) -> Option<Vec<Certificate>> {
        let arn = self.certificate_arn.as_ref().filter(|arn| !arn.is_empty())?;
        Some(vec![Certificate::builder().certificate_arn(arn).build()])
    }

    fn alpn(&self) -> Option<Vec<String>> {
        self.alpn_policy.clone().filter(|policy| !policy.is_empty()).map(|policy| vec![policy])
    }

    /// The protocol; what a listener of an ALB has when none is written follows from its certificate.
    fn protocol(&self) -> Option<ProtocolEnum> {
        let gateway = self.load_balancer_arn.as_deref().is_some_and(|arn| arn.contains(":loadbalancer/gwy/"));
        let guess = || (!gateway).then(|| if self.certificates().is_some() { "HTTPS" } else { "HTTP" }.to_owned());
        self.protocol.clone().filter(|protocol| !protocol.is_empty()).or_else(guess).as_deref().map(ProtocolEnum::from)
    }

    async fn set_attributes(client: &Client, arn: &str, prior: Option<&Self>, planned: &Self) -> Result<(), Fault> {
        let pairs = elb::changed(ATTRIBUTES, prior, planned)?;
        let attributes: Vec<_> = pairs.into_iter().map(|(key, value)| ListenerAttribute::builder().key(key).value(value).build()).collect();
        if !attributes.is_empty() {
            let call = client.elb().modify_listener_attributes().listener_arn(arn).set_attributes(Some(attributes));
            call.send().await.api("elasticloadbalancing:ModifyListenerAttributes")?;
        }
        Ok(())
    }
}

impl Resource for LbListener {
    type Client = Client;
    const MARKED: bool = true;

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        if !plan.creating() && plan.changed("protocol") && plan.config("ssl_policy").is_null() {
            plan.unknown("ssl_policy");
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_ref()), 5)?;
        let call = || {
            client
                .elb()
                .create_listener()
                .set_load_balancer_arn(planned.load_balancer_arn.clone())
                .set_protocol(planned.protocol())
                .set_port(planned.port.map(|port| port as i32))
                .set_ssl_policy(planned.ssl_policy.clone().filter(|policy| !policy.is_empty()))
                .set_certificates(planned.certificates())
                .set_alpn_policy(planned.alpn())
                .set_default_actions(Some(listener_action::request(&planned.default_action)))
                .set_mutual_authentication(planned.mutual_authentication.first().map(ToSdk::to_sdk))
                .set_tags(elb::new_tags(client, &planned.tags, Some(operation.token)))
        };
        // A certificate of IAM is not seen everywhere at once.
        let answer =
            wait::retry(limit, |error: &ApiError| error.is(&["CertificateNotFound"]), || async { call().send().await.api("elasticloadbalancing:CreateListener") })
                .await?;
        let arn = answer.listeners.and_then(|all| all.into_iter().next()?.listener_arn);
        let arn = arn.ok_or_else(|| Fault::error("elasticloadbalancing:CreateListener failed", "The answer holds no listener."))?;
        let created = Self { id: Some(arn.clone()), arn: Some(arn.clone()), ..planned };
        operation.created(&created)?;
        wait::appear("listener", || describe(client, &arn)).await?;
        Self::set_attributes(client, &arn, None, &created).await?;
        wait::appear("listener", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let arn = prior.arn().to_owned();
        // All at once, so that the tags of balancers, listeners and groups come with one request.
        let (found, attributes, tags) = tokio::try_join!(describe(client, &arn), attributes(client, &arn), elb::tags_of(client, &arn))?;
        let Some(listener) = found else { return Ok(None) };
        let (tags, tags_all) = client.tag_rules().read(tags, &prior.tags);
        let secure = matches!(listener.protocol, Some(ProtocolEnum::Https | ProtocolEnum::Tls));
        let authentication: Vec<MutualAuthentication> =
            wire::block(listener.mutual_authentication.as_ref().filter(|block| !prior.mutual_authentication.is_empty() || block.mode() != Some("off")));
        let read = Self {
            alpn_policy: listener.alpn_policy().first().cloned(),
            arn: Some(arn.clone()),
            certificate_arn: listener.certificates().iter().find(|one| one.is_default != Some(false)).and_then(|one| one.certificate_arn.clone()),
            id: Some(arn),
            load_balancer_arn: listener.load_balancer_arn.clone(),
            port: listener.port.map(i64::from),
            protocol: Some(listener.protocol.as_ref().map(|protocol| protocol.as_str().to_owned()).unwrap_or_default()),
            ssl_policy: Some(listener.ssl_policy.clone().filter(|_| secure).unwrap_or_default()),
            default_action: listener_action::state(&prior.default_action, listener.default_actions()),
            mutual_authentication: authentication,
            tags,
            tags_all,
            ..prior.clone()
        };
        Ok(Some(keep::form(&prior, &elb::shown(ATTRIBUTES, read, &attributes)?)?))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let arn = prior.arn().to_owned();
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.update.as_ref()), 5)?;
        let form = |state: &Self| {
            serde_json::to_value((
                &state.alpn_policy,
                &state.certificate_arn,
                state.port,
                &state.protocol,
                &state.ssl_policy,
                &state.default_action,
                &state.mutual_authentication,
            ))
            .ok()
        };
        if form(&prior) != form(&planned) {
            let off = || (!prior.mutual_authentication.is_empty()).then(|| elbv2::MutualAuthenticationAttributes::builder().mode("off").build());
            let call = || {
                client
                    .elb()
                    .modify_listener()
                    .listener_arn(&arn)
                    .set_protocol(planned.protocol())
                    .set_port(planned.port.map(|port| port as i32))
                    .set_ssl_policy(planned.ssl_policy.clone().filter(|policy| !policy.is_empty()))
                    .set_certificates(planned.certificates())
                    .set_alpn_policy(planned.alpn())
                    .set_default_actions(Some(listener_action::request(&planned.default_action)))
                    .set_mutual_authentication(planned.mutual_authentication.first().map(ToSdk::to_sdk).or_else(off))
            };
            wait::retry(limit, |error: &ApiError| error.is(&["CertificateNotFound"]), || async { call().send().await.api("elasticloadbalancing:ModifyListener") })
                .await?;
        }
        Self::set_attributes(client, &arn, Some(&prior), &planned).await?;
        elb::retag(client, &arn, &prior.tags_all, &planned.tags).await?;
        Self::read(client, Self { id: Some(arn), ..planned }).await?.ok_or_else(|| Fault::not_found("The listener is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        client.elb().delete_listener().listener_arn(prior.arn()).send().await.api("elasticloadbalancing:DeleteListener")?;
        Ok(())
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        let Some(balancer) = &planned.load_balancer_arn else { return Ok(None) };
        let pages = client.elb().describe_listeners().load_balancer_arn(balancer).into_paginator().items().send();
        let listeners = match pages.collect::<Result<Vec<_>, _>>().await.api("elasticloadbalancing:DescribeListeners") {
            Err(error) if error.not_found() => return Ok(None),
            listeners => listeners?,
        };
        for arn in listeners.into_iter().filter_map(|listener| listener.listener_arn) {
            if elb::tags_of(client, &arn).await?.get(MARKER).is_some_and(|found| found == token) {
                Self::set_attributes(client, &arn, None, &planned).await?;
                return Self::read(client, Self { id: Some(arn), ..planned }).await;
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use crate::harness::{Lab, Lifecycle, lab, text};

    async fn parents(lab: &Lab, number: u8, kind: &str, protocol: &str) -> (String, [String; 2]) {
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": format!("10.{number}.0.0/16")})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": format!("10.{number}.1.0/24")})).await, "id");
        let balancer = lab.make("aws_lb", json!({"name": format!("listened-{number}"), "internal": true, "load_balancer_type": kind, "subnets": [subnet]})).await;
        let group = |name: &str| json!({"name": format!("{name}-{number}"), "vpc_id": vpc, "protocol": protocol, "port": 80});
        let groups = [text(&lab.make("aws_lb_target_group", group("one")).await, "arn"), text(&lab.make("aws_lb_target_group", group("two")).await, "arn")];
        (text(&balancer, "arn"), groups)
    }

    fn config(balancer: &str, protocol: &str, port: u16, action: Json) -> Json {
        json!({"load_balancer_arn": balancer, "protocol": protocol, "port": port, "default_action": [action]})
    }

    #[tokio::test]
    async fn connections() {
        let lab = lab().await;
        let (balancer, groups) = parents(&lab, 64, "network", "TCP").await;
        let to = |at: usize| json!({"type": "forward", "target_group_arn": groups[at]});
        let mut tagged = config(&balancer, "TCP", 8201, to(1));
        tagged["tags"] = json!({"a": "b"});
        let state =
            Lifecycle::new(&lab, "aws_lb_listener", config(&balancer, "TCP", 8200, to(0))).update(config(&balancer, "TCP", 8201, to(1))).update(tagged).run().await;
        assert_eq!(state.get("tcp_idle_timeout_seconds").and_then(|value| value.as_i64()), Some(350));
    }

    #[tokio::test]
    async fn requests() {
        let lab = lab().await;
        let (balancer, groups) = parents(&lab, 65, "application", "HTTP").await;
        let redirect = json!({"type": "redirect", "redirect": [{"port": "443", "protocol": "HTTPS", "status_code": "HTTP_301"}]});
        let forward = json!({"type": "forward", "forward": [{"target_group": [{"arn": groups[0], "weight": 80}, {"arn": groups[1], "weight": 20}]}]});
        let fixed = json!({"type": "fixed-response", "fixed_response": [{"content_type": "text/plain", "message_body": "no", "status_code": "404"}]});
        Lifecycle::new(&lab, "aws_lb_listener", config(&balancer, "HTTP", 80, redirect))
            .update(config(&balancer, "HTTP", 80, forward))
            .update(config(&balancer, "HTTP", 80, fixed))
            .run()
            .await;
    }
}
