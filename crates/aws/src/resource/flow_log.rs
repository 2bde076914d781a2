//! `aws_flow_log`

use std::time::Duration;

use aws_sdk_ec2::types::{DestinationFileFormat, DestinationOptionsRequest, FlowLog as Remote, FlowLogsResourceType, LogDestinationType, ResourceType, TrafficType};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use crate::api::{ApiError, Explain};
use crate::marker;
use crate::tags::{self, Tags};
use crate::{Client, plan, unset, wait};

/// A record of the traffic of a VPC, subnet, interface or transit gateway.
///
/// ```hcl
/// resource "aws_flow_log" "main" {
///   vpc_id          = aws_vpc.main.id
///   traffic_type    = "ALL"
///   log_destination = aws_cloudwatch_log_group.flow.arn
///   iam_role_arn    = aws_iam_role.flow.arn
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_flow_log")]
pub(crate) struct FlowLog {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Role with which logs are delivered into another account.
    #[schema(optional, force_new)]
    deliver_cross_account_role: Option<String>,
    /// Interface.
    #[schema(optional, force_new)]
    eni_id: Option<String>,
    /// Role with which logs are written.
    #[schema(optional, force_new)]
    iam_role_arn: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// ARN of the log group, bucket or stream.
    #[schema(optional, computed, force_new)]
    log_destination: Option<String>,
    /// `cloud-watch-logs`, `s3` or `kinesis-data-firehose`.
    #[schema(optional, force_new, default = "cloud-watch-logs")]
    log_destination_type: Option<String>,
    /// Fields of a record.
    #[schema(optional, computed, force_new)]
    log_format: Option<String>,
    /// Name of the log group.
    #[schema(optional, computed, force_new, deprecated = "log_group_name is deprecated. Use log_destination instead.")]
    log_group_name: Option<String>,
    /// Seconds over which packets are summed up: 60 or 600.
    #[schema(optional, force_new, default = 600)]
    max_aggregation_interval: Option<i64>,
    /// Subnet.
    #[schema(optional, force_new)]
    subnet_id: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// `ACCEPT`, `REJECT` or `ALL`.
    #[schema(optional, force_new)]
    traffic_type: Option<String>,
    /// Transit gateway attachment.
    #[schema(optional, force_new)]
    transit_gateway_attachment_id: Option<String>,
    /// Transit gateway.
    #[schema(optional, force_new)]
    transit_gateway_id: Option<String>,
    /// VPC.
    #[schema(optional, force_new)]
    vpc_id: Option<String>,
    /// Files in a bucket.
    #[schema(block, max = 1, force_new)]
    destination_options: Vec<DestinationOptions>,
}

/// Files in a bucket.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct DestinationOptions {
    /// `plain-text` or `parquet`.
    #[schema(optional, force_new, default = "plain-text")]
    file_format: Option<String>,
    /// Folders that Hive understands.
    #[schema(optional, force_new, default = false)]
    hive_compatible_partitions: Option<bool>,
    /// A folder per hour instead of per day.
    #[schema(optional, force_new, default = false)]
    per_hour_partition: Option<bool>,
}

async fn describe(client: &Client, id: &str) -> Result<Option<Remote>, Fault> {
    client
        .batch("ec2 flow log", 100, id.to_owned(), |client, ids: Vec<String>| async move {
            let pages = client.ec2().describe_flow_logs().set_flow_log_ids(Some(ids)).into_paginator().items().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeFlowLogs")?;
            Ok(found.into_iter().filter_map(|log| Some((log.flow_log_id.clone()?, log))).collect())
        })
        .await
}

/// The ARN of a log group, without the `:*` of its streams.
fn plain(arn: &str) -> &str {
    arn.strip_suffix(":*").unwrap_or(arn)
}

impl FlowLog {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// What is watched.
    fn source(&self) -> Option<(FlowLogsResourceType, &String)> {
        [
            (FlowLogsResourceType::Vpc, &self.vpc_id),
            (FlowLogsResourceType::Subnet, &self.subnet_id),
            (FlowLogsResourceType::NetworkInterface, &self.eni_id),
            (FlowLogsResourceType::TransitGateway, &self.transit_gateway_id),
            (FlowLogsResourceType::TransitGatewayAttachment, &self.transit_gateway_attachment_id),
        ]
        .into_iter()
        .find_map(|(kind, id)| Some((kind, id.as_ref().filter(|id| !id.is_empty())?)))
    }
}

impl Resource for FlowLog {
    type Client = Client;
    const MARKED: bool = true;

    fn validate(config: &Value) -> Vec<Fault> {
        let sources = ["vpc_id", "subnet_id", "eni_id", "transit_gateway_id", "transit_gateway_attachment_id"];
        if sources.iter().filter(|name| config.get(name).is_some_and(|value| !value.is_null())).count() != 1 {
            return vec![Fault::error("A flow log needs one source", format!("Set exactly one of {}.", sources.join(", ")))];
        }
        Vec::new()
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        plan.suppress("log_destination", |a, b| a.as_str().map(plain) == b.as_str().map(plain));
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let (kind, source) = planned.source().ok_or_else(|| Fault::error("A flow log needs a source", "Set vpc_id, subnet_id or eni_id."))?;
        let options = planned.destination_options.first().map(|options| {
            DestinationOptionsRequest::builder()
                .set_file_format(options.file_format.as_deref().map(DestinationFileFormat::from))
                .set_hive_compatible_partitions(options.hive_compatible_partitions)
                .set_per_hour_partition(options.per_hour_partition)
                .build()
        });
        let transit = matches!(kind, FlowLogsResourceType::TransitGateway | FlowLogsResourceType::TransitGatewayAttachment);
        let call = client
            .ec2()
            .create_flow_logs()
            .client_token(operation.token)
            .resource_type(kind)
            .resource_ids(source)
            .set_traffic_type(planned.traffic_type.as_deref().filter(|_| !transit).map(TrafficType::from))
            .set_deliver_cross_account_role(planned.deliver_cross_account_role.clone().filter(|role| !role.is_empty()))
            .set_deliver_logs_permission_arn(planned.iam_role_arn.clone().filter(|role| !role.is_empty()))
            .set_log_destination(planned.log_destination.as_deref().map(|arn| plain(arn).to_owned()))
            .set_log_destination_type(planned.log_destination_type.as_deref().map(LogDestinationType::from))
            .set_log_format(planned.log_format.clone())
            .set_log_group_name(planned.log_group_name.clone())
            .set_max_aggregation_interval(planned.max_aggregation_interval.map(|seconds| seconds as i32))
            .set_destination_options(options)
            .tag_specifications(client.new_tags(ResourceType::VpcFlowLog, &planned.tags, operation.token));
        // A new role is not known everywhere yet.
        let passing = |error: &ApiError| error.code == "InvalidParameter" && error.message.contains("Unable to assume given IAM role");
        let answer = wait::retry(Duration::from_secs(120), passing, || async { call.clone().send().await.api("ec2:CreateFlowLogs") }).await?;
        if let Some(error) = answer.unsuccessful().first().and_then(|item| item.error()) {
            let why = format!("{}: {}", error.code().unwrap_or_default(), error.message().unwrap_or_default());
            return Err(Fault::error("ec2:CreateFlowLogs failed", why));
        }
        let id = answer.flow_log_ids.unwrap_or_default().into_iter().next();
        let created = Self { id: Some(id.ok_or_else(|| Fault::uncertain("ec2:CreateFlowLogs failed", "The answer holds no flow log."))?), ..planned };
        operation.created(&created)?;
        wait::appear("flow log", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(log) = describe(client, prior.id()).await? else { return Ok(None) };
        let (tags, tags_all) = client.tag_rules().read(tags::of_ec2(log.tags()), &prior.tags);
        let account = client.account_of(prior.arn.as_ref()).await?;
        let source = log.resource_id().unwrap_or_default();
        let kept = |prior: &Option<String>, prefix: &str| unset::text(prior.as_ref(), Some(source).filter(|source| source.starts_with(prefix)));
        let kind = log.log_destination_type.as_ref().map(|kind| kind.as_str().to_owned());
        let to_group = kind.as_deref().is_none_or(|kind| kind == "cloud-watch-logs");
        let group = log.log_group_name().filter(|name| !name.is_empty());
        // Of a log group the API shows the name or the ARN, as it was given.
        let destination = match (log.log_destination().filter(|arn| !arn.is_empty()), group) {
            (Some(arn), _) => arn.to_owned(),
            (None, Some(name)) if to_group => client.arn("logs", account, &format!("log-group:{name}")),
            _ => String::new(),
        };
        let destination = match prior.log_destination {
            Some(written) if plain(&written) == plain(&destination) => written,
            _ => destination,
        };
        let options = log.destination_options().map(|options| DestinationOptions {
            file_format: options.file_format.as_ref().map(|format| format.as_str().to_owned()),
            hive_compatible_partitions: Some(options.hive_compatible_partitions.unwrap_or(false)),
            per_hour_partition: Some(options.per_hour_partition.unwrap_or(false)),
        });
        Ok(Some(Self {
            arn: Some(client.arn("ec2", account, &format!("vpc-flow-log/{}", prior.id.as_deref().unwrap_or_default()))),
            deliver_cross_account_role: unset::text(prior.deliver_cross_account_role.as_ref(), log.deliver_cross_account_role()),
            eni_id: kept(&prior.eni_id, "eni-"),
            iam_role_arn: unset::text(prior.iam_role_arn.as_ref(), log.deliver_logs_permission_arn()),
            id: log.flow_log_id.clone(),
            log_destination: Some(destination),
            log_destination_type: kind,
            log_format: log.log_format.clone(),
            log_group_name: Some(group.unwrap_or_default().to_owned()),
            max_aggregation_interval: log.max_aggregation_interval.map(i64::from),
            subnet_id: kept(&prior.subnet_id, "subnet-"),
            tags,
            tags_all,
            traffic_type: unset::text(prior.traffic_type.as_ref(), log.traffic_type().map(|kind| kind.as_str())),
            transit_gateway_attachment_id: kept(&prior.transit_gateway_attachment_id, "tgw-attach-"),
            transit_gateway_id: kept(&prior.transit_gateway_id, "tgw-").filter(|id| !id.starts_with("tgw-attach-")),
            vpc_id: kept(&prior.vpc_id, "vpc-"),
            destination_options: options.map_or(prior.destination_options, |options| vec![options]),
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        client.retag(prior.id(), &prior.tags_all, &planned.tags).await?;
        Self::read(client, Self { id: prior.id, ..planned }).await?.ok_or_else(|| Fault::not_found("The flow log is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let answer = client.ec2().delete_flow_logs().flow_log_ids(prior.id()).send().await.api("ec2:DeleteFlowLogs")?;
        match answer.unsuccessful().first().and_then(|item| item.error()) {
            Some(error) if !error.code().is_some_and(|code| code.ends_with(".NotFound")) => {
                let why = format!("{}: {}", error.code().unwrap_or_default(), error.message().unwrap_or_default());
                Err(Fault::error("ec2:DeleteFlowLogs failed", why))
            }
            _ => Ok(()),
        }
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        match marker::find(client, "fl", token).await? {
            Some(id) => Self::read(client, Self { id: Some(id), ..planned }).await,
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, client, lab, text};

    #[tokio::test]
    async fn into_a_log_group() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.18.0.0/16"})).await, "id");
        client().await.logs().create_log_group().log_group_name("flow-lifecycle").send().await.expect("log group");
        let config = json!({
            "vpc_id": vpc, "traffic_type": "ALL", "iam_role_arn": "arn:aws:iam::123456789012:role/flow",
            "log_destination": "arn:aws:logs:eu-central-1:123456789012:log-group:flow-lifecycle",
        });
        let mut tagged = config.clone();
        tagged["tags"] = json!({"Name": "main"});
        let state = Lifecycle::new(&lab, "aws_flow_log", config).update(tagged).run().await;
        assert!(text(&state, "arn").starts_with("arn:aws:ec2:eu-central-1:123456789012:vpc-flow-log/fl-"));
    }
}
