//! `aws_lb_listener_certificate`

use std::collections::{HashMap, HashSet};

use aws_sdk_elasticloadbalancingv2::types::Certificate;
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::api::{ApiError, Explain, ignore_gone};
use crate::{Client, plan, wait};

/// A further certificate of a listener, besides its default one.
///
/// ```hcl
/// resource "aws_lb_listener_certificate" "example" {
///   listener_arn    = aws_lb_listener.https.arn
///   certificate_arn = aws_acm_certificate.example.arn
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_lb_listener_certificate")]
pub(crate) struct LbListenerCertificate {
    /// Certificate.
    #[schema(required, force_new)]
    certificate_arn: Option<String>,
    /// Listener and certificate, with an underscore between.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Listener.
    #[schema(required, force_new)]
    listener_arn: Option<String>,
}

/// The certificates of a listener but its default; one listing for all that ask about the same one.
async fn certificates(client: &Client, listener: &str) -> Result<HashSet<String>, Fault> {
    let found = client
        .batch("elb certificates", 100, listener.to_owned(), |client, listeners: Vec<String>| async move {
            let listings = listeners.into_iter().map(|listener| {
                let pages = client.elb().describe_listener_certificates().listener_arn(&listener).into_paginator().items().send();
                async move {
                    let found = match pages.collect::<Result<Vec<_>, _>>().await.api("elasticloadbalancing:DescribeListenerCertificates") {
                        Err(error) if error.not_found() => Vec::new(),
                        found => found?,
                    };
                    let others = found.into_iter().filter(|one| one.is_default != Some(true)).filter_map(|one| one.certificate_arn);
                    Ok::<_, ApiError>((listener, others.collect::<HashSet<_>>()))
                }
            });
            Ok(try_join_all(listings).await?.into_iter().collect::<HashMap<_, _>>())
        })
        .await?;
    Ok(found.unwrap_or_default())
}

impl LbListenerCertificate {
    fn listener(&self) -> &str {
        self.listener_arn.as_deref().unwrap_or_default()
    }

    fn certificate(&self) -> &str {
        self.certificate_arn.as_deref().unwrap_or_default()
    }

    fn made_id(&self) -> String {
        format!("{}_{}", self.listener(), self.certificate())
    }
}

impl Resource for LbListenerCertificate {
    type Client = Client;

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let certificate = Certificate::builder().certificate_arn(planned.certificate()).build();
        let call = client.elb().add_listener_certificates().listener_arn(planned.listener()).certificates(certificate);
        // A certificate of IAM is not seen everywhere at once.
        let passing = |error: &ApiError| error.is(&["CertificateNotFound"]);
        wait::retry(wait::limit(None, 5)?, passing, || async { call.clone().send().await.api("elasticloadbalancing:AddListenerCertificates") }).await?;
        let created = Self { id: Some(planned.made_id()), ..planned };
        operation.created(&created)?;
        wait::appear("certificate", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let there = certificates(client, prior.listener()).await?.contains(prior.certificate());
        Ok(there.then(|| Self { id: Some(prior.made_id()), ..prior }))
    }

    async fn update(_client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        // Both arguments make another one.
        Ok(Self { id: prior.id, ..planned })
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let certificate = Certificate::builder().certificate_arn(prior.certificate()).build();
        let call = client.elb().remove_listener_certificates().listener_arn(prior.listener()).certificates(certificate);
        Ok(ignore_gone(call.send().await.api("elasticloadbalancing:RemoveListenerCertificates"))?)
    }

    /// `LISTENER_CERTIFICATE`
    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        // Names of certificates of IAM may hold underscores, ARNs of listeners do not.
        let (listener, certificate) =
            id.split_once('_').ok_or_else(|| Fault::error("Invalid import id", "Give the ARNs of listener and certificate, with an underscore between."))?;
        Ok(Self { certificate_arn: Some(certificate.to_owned()), id: Some(id.to_owned()), listener_arn: Some(listener.to_owned()) })
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        Self::read(client, planned).await
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::types::Certificate;
    use serde_json::json;

    use crate::harness::{Lifecycle, client, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.98.0.0/16"})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.98.1.0/24"})).await, "id");
        let balancer = text(&lab.make("aws_lb", json!({"name": "certified", "internal": true, "subnets": [subnet]})).await, "arn");
        let group = text(&lab.make("aws_lb_target_group", json!({"name": "certified", "vpc_id": vpc, "protocol": "HTTP", "port": 80})).await, "arn");
        let action = json!([{"type": "forward", "target_group_arn": group}]);
        let listener = text(&lab.make("aws_lb_listener", json!({"load_balancer_arn": balancer, "protocol": "HTTP", "port": 80, "default_action": action})).await, "arn");
        // The emulator takes the first one for the default.
        let first = Certificate::builder().certificate_arn("arn:aws:acm:eu-central-1:123456789012:certificate/first").build();
        client().await.elb().add_listener_certificates().listener_arn(&listener).certificates(first).send().await.expect("default");
        let certificate = "arn:aws:acm:eu-central-1:123456789012:certificate/0a0a0a0a-0b0b-4c0c-8d0d-0e0e0e0e0e0e";
        let state = Lifecycle::new(&lab, "aws_lb_listener_certificate", json!({"listener_arn": listener, "certificate_arn": certificate})).run().await;
        assert_eq!(text(&state, "id"), format!("{listener}_{certificate}"));
    }
}
