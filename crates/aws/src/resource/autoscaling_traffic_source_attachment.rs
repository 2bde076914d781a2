//! `aws_autoscaling_traffic_source_attachment`

use std::collections::HashMap;

use aws_sdk_autoscaling::types::{TrafficSourceIdentifier, TrafficSourceState};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::api::{ApiError, Explain};
use crate::timeouts::timeouts;
use crate::{Client, plan, wait};

/// Traffic from a target group, a load balancer or VPC Lattice to an Auto Scaling group.
///
/// ```hcl
/// resource "aws_autoscaling_traffic_source_attachment" "web" {
///   autoscaling_group_name = aws_autoscaling_group.web.name
///
///   traffic_source {
///     type       = "elbv2"
///     identifier = aws_lb_target_group.web.arn
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_autoscaling_traffic_source_attachment")]
pub(crate) struct AutoscalingTrafficSourceAttachment {
    /// The group, by name.
    #[schema(required, force_new)]
    autoscaling_group_name: Option<String>,
    /// Group, type and identifier, with commas between.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
    /// The source.
    #[schema(block, max = 1, force_new)]
    traffic_source: Vec<Source>,
}

/// A source of traffic.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Source {
    /// ARN of a target group, or name of a classic load balancer.
    #[schema(required, force_new)]
    identifier: Option<String>,
    /// `elbv2`, `elb` or `vpc-lattice`.
    #[schema(required, force_new)]
    r#type: Option<String>,
}

timeouts!(create, delete);

/// The sources of a group, by identifier; one listing for all that ask about the same group.
async fn sources(client: &Client, group: &str) -> Result<HashMap<String, TrafficSourceState>, Fault> {
    let found = client
        .batch("autoscaling traffic sources", 100, group.to_owned(), |client, groups: Vec<String>| async move {
            let listings = groups.into_iter().map(|group| {
                let pages = client.autoscaling().describe_traffic_sources().auto_scaling_group_name(&group).into_paginator().send();
                async move {
                    match pages.collect::<Result<Vec<_>, _>>().await.api("autoscaling:DescribeTrafficSources") {
                        Err(error) if gone(&error) => Ok((group, HashMap::new())),
                        found => {
                            let found = found?
                                .into_iter()
                                .flat_map(|page| page.traffic_sources.unwrap_or_default())
                                .filter_map(|source| Some((source.identifier.clone()?, source)));
                            Ok::<_, ApiError>((group, found.collect::<HashMap<_, _>>()))
                        }
                    }
                }
            });
            Ok(try_join_all(listings).await?.into_iter().collect())
        })
        .await?;
    Ok(found.unwrap_or_default())
}

/// True when the group, or the source at the group, is not there.
fn gone(error: &ApiError) -> bool {
    error.code == "ValidationError" && ["not found", "not attached", "does not exist"].iter().any(|words| error.message.contains(words))
}

impl AutoscalingTrafficSourceAttachment {
    fn group(&self) -> &str {
        self.autoscaling_group_name.as_deref().unwrap_or_default()
    }

    fn source(&self) -> Source {
        self.traffic_source.first().cloned().unwrap_or_default()
    }

    fn identifier(&self) -> TrafficSourceIdentifier {
        let source = self.source();
        TrafficSourceIdentifier::builder().set_identifier(source.identifier).set_type(source.r#type).build()
    }

    fn made_id(&self) -> String {
        let source = self.source();
        format!("{},{},{}", self.group(), source.r#type.unwrap_or_default(), source.identifier.unwrap_or_default())
    }

    async fn state(&self, client: &Client) -> Result<Option<String>, Fault> {
        let identifier = self.source().identifier.unwrap_or_default();
        Ok(sources(client, self.group()).await?.remove(&identifier).map(|source| source.state.unwrap_or_default()))
    }

    /// Waits until the source is attached. Whether its instances are healthy (`InService`) is not waited for: they may need what is made next.
    async fn attached(&self, client: &Client) -> Result<(), Fault> {
        let limit = wait::limit(self.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_ref()), 15)?;
        wait::until("the traffic source", limit, || async { Ok(self.state(client).await?.filter(|state| ["Added", "InService"].contains(&state.as_str())).map(|_| ())) })
            .await
    }
}

impl Resource for AutoscalingTrafficSourceAttachment {
    type Client = Client;

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let call = client.autoscaling().attach_traffic_sources().auto_scaling_group_name(planned.group()).traffic_sources(planned.identifier());
        call.send().await.api("autoscaling:AttachTrafficSources")?;
        let created = Self { id: Some(planned.made_id()), ..planned };
        operation.created(&created)?;
        created.attached(client).await?;
        Ok(created)
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let state = prior.state(client).await?;
        Ok(state.filter(|state| !["Removing", "Removed"].contains(&state.as_str())).map(|_| Self { id: Some(prior.made_id()), ..prior }))
    }

    async fn update(_client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        // Only the time limits change in place.
        Ok(Self { id: prior.id, ..planned })
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let limit = wait::limit(prior.timeouts.as_ref().and_then(|timeouts| timeouts.delete.as_ref()), 15)?;
        let call = client.autoscaling().detach_traffic_sources().auto_scaling_group_name(prior.group()).traffic_sources(prior.identifier());
        match call.send().await.api("autoscaling:DetachTrafficSources") {
            Err(error) if gone(&error) => return Ok(()),
            done => done?,
        };
        wait::until("the traffic source to go", limit, || async { Ok(prior.state(client).await?.is_none_or(|state| state == "Removed").then_some(())) }).await
    }

    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let mut parts = id.splitn(3, ',').map(str::to_owned);
        let (Some(group), Some(kind), Some(identifier)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Fault::error("Invalid import id", "Write the group's name, the type and the identifier with commas between: GROUP,elbv2,ARN."));
        };
        let traffic_source = vec![Source { identifier: Some(identifier), r#type: Some(kind) }];
        Ok(Self { autoscaling_group_name: Some(group), id: Some(id.to_owned()), timeouts: None, traffic_source })
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        Self::read(client, planned).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.66.0.0/16"})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.66.1.0/24"})).await, "id");
        let target = lab.make("aws_lb_target_group", json!({"name": "attached", "vpc_id": vpc, "protocol": "TCP", "port": 80})).await;
        let template = lab.make("aws_launch_template", json!({"name": "attached", "image_id": "ami-12c6146b", "instance_type": "t3.small"})).await;
        let group = json!({"name": "attached", "min_size": 1, "max_size": 1, "vpc_zone_identifier": [subnet], "launch_template": [{"id": text(&template, "id"), "version": "1"}]});
        let prior = lab.make("aws_autoscaling_group", group.clone()).await;
        let config = json!({"autoscaling_group_name": "attached", "traffic_source": [{"type": "elbv2", "identifier": text(&target, "arn")}]});
        let state = Lifecycle::new(&lab, "aws_autoscaling_traffic_source_attachment", config.clone()).run().await;
        assert_eq!(text(&state, "id"), format!("attached,elbv2,{}", text(&target, "arn")));

        // The group shows what was attached, and does not want it away.
        lab.make("aws_autoscaling_traffic_source_attachment", config).await;
        let read = lab.read("aws_autoscaling_group", &prior).await.expect("group");
        assert_eq!(read.get("target_group_arns").expect("attribute").length(), Some(1));
        let planned = lab.plan("aws_autoscaling_group", Some(&read), &group).await.expect("plan");
        assert_eq!(planned.state, read);
        lab.delete("aws_autoscaling_group", &read).await;
    }
}
