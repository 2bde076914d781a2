//! `aws_vpc_endpoint`

use std::time::Duration;

use aws_sdk_ec2::types::{
    DnsOptionsSpecification, DnsRecordIpType, IpAddressType, PrefixList, ResourceType, State, SubnetConfiguration, VpcEndpoint as Remote, VpcEndpointType,
};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::{ApiError, Explain};
use crate::marker::{self, filter};
use crate::tags::{self, Tags};
use crate::timeouts::timeouts;
use crate::{Client, json, plan, unset, wait};

/// A private way from a VPC to a service.
///
/// ```hcl
/// resource "aws_vpc_endpoint" "s3" {
///   vpc_id          = aws_vpc.main.id
///   service_name    = "com.amazonaws.eu-central-1.s3"
///   route_table_ids = [aws_route_table.private.id]
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_vpc_endpoint")]
pub(crate) struct VpcEndpoint {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Accepts the connection at once (both sides in the same account).
    #[schema(optional)]
    auto_accept: Option<bool>,
    /// Addresses of the service, for a gateway.
    #[schema(computed)]
    cidr_blocks: Option<Vec<String>>,
    /// Names that lead to it.
    #[schema(computed)]
    dns_entry: Option<Vec<DnsEntry>>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// `ipv4`, `dualstack` or `ipv6`.
    #[schema(optional, computed)]
    ip_address_type: Option<String>,
    /// Interfaces.
    #[schema(computed, set)]
    network_interface_ids: Option<Vec<String>>,
    /// Account that owns it.
    #[schema(computed)]
    owner_id: Option<String>,
    /// What may be done through it, as JSON.
    #[schema(optional, computed)]
    policy: Option<String>,
    /// Prefix list of the service, for a gateway.
    #[schema(computed)]
    prefix_list_id: Option<String>,
    /// The service's own names lead to it inside the VPC.
    #[schema(optional, computed)]
    private_dns_enabled: Option<bool>,
    /// Managed by the service.
    #[schema(computed)]
    requester_managed: Option<bool>,
    /// Resource configuration, for a resource endpoint.
    #[schema(optional, force_new)]
    resource_configuration_arn: Option<String>,
    /// Route tables, for a gateway.
    #[schema(optional, computed, set)]
    route_table_ids: Option<Vec<String>>,
    /// Security groups, for an interface.
    #[schema(optional, computed, set)]
    security_group_ids: Option<Vec<String>>,
    /// Service, such as `com.amazonaws.eu-central-1.s3`.
    #[schema(optional, force_new)]
    service_name: Option<String>,
    /// Service network, for an endpoint of one.
    #[schema(optional, force_new)]
    service_network_arn: Option<String>,
    /// Region of the service.
    #[schema(optional, computed, force_new)]
    service_region: Option<String>,
    /// State.
    #[schema(computed)]
    state: Option<String>,
    /// Subnets, for an interface.
    #[schema(optional, computed, set)]
    subnet_ids: Option<Vec<String>>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// `Gateway`, `Interface`, `GatewayLoadBalancer`, `Resource` or `ServiceNetwork`.
    #[schema(optional, force_new, default = "Gateway")]
    vpc_endpoint_type: Option<String>,
    /// VPC.
    #[schema(required, force_new)]
    vpc_id: Option<String>,
    /// How names are answered.
    #[schema(block, max = 1, computed)]
    dns_options: Vec<DnsOptions>,
    /// Addresses in each subnet.
    #[schema(block, set, computed)]
    subnet_configuration: Vec<SubnetAddresses>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(create, delete, update);

/// A name of an endpoint.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct DnsEntry {
    /// Name.
    #[schema(optional)]
    dns_name: String,
    /// Zone that holds it.
    #[schema(optional)]
    hosted_zone_id: String,
}

/// How names are answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct DnsOptions {
    /// `ipv4`, `dualstack`, `service-defined` or `ipv6`.
    #[schema(optional, computed)]
    dns_record_ip_type: Option<String>,
    /// Only for questions from outside the VPC.
    #[schema(optional)]
    private_dns_only_for_inbound_resolver_endpoint: Option<bool>,
}

/// Addresses in a subnet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct SubnetAddresses {
    /// IPv4 address.
    #[schema(optional)]
    ipv4: Option<String>,
    /// IPv6 address.
    #[schema(optional)]
    ipv6: Option<String>,
    /// Subnet.
    #[schema(optional)]
    subnet_id: Option<String>,
}

/// One endpoint, asked for together with others. The API has no filter by id that every region knows, so ids are given as such.
pub(crate) async fn describe(client: &Client, id: &str) -> Result<Option<Remote>, Fault> {
    client
        .batch("ec2 vpc endpoint", 100, id.to_owned(), |client, ids: Vec<String>| async move {
            let pages = client.ec2().describe_vpc_endpoints().set_vpc_endpoint_ids(Some(ids)).into_paginator().items().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeVpcEndpoints")?;
            Ok(found.into_iter().filter_map(|endpoint| Some((endpoint.vpc_endpoint_id.clone()?, endpoint))).collect())
        })
        .await
}

/// The prefix list of a service.
async fn prefix_list(client: &Client, service: &str) -> Result<Option<PrefixList>, Fault> {
    client
        .batch("ec2 prefix list", 50, service.to_owned(), |client, names: Vec<String>| async move {
            let pages = client.ec2().describe_prefix_lists().filters(filter("prefix-list-name", names)).into_paginator().items().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribePrefixLists")?;
            Ok(found.into_iter().filter_map(|list| Some((list.prefix_list_name.clone()?, list))).collect())
        })
        .await
}

/// What to add and what to remove.
fn changes(before: Option<&Vec<String>>, after: Option<&Vec<String>>) -> (Option<Vec<String>>, Option<Vec<String>>) {
    let not_in = |items: Option<&Vec<String>>, others: Option<&Vec<String>>| {
        let found: Vec<String> = items.into_iter().flatten().filter(|item| !others.is_some_and(|others| others.contains(item))).cloned().collect();
        (!found.is_empty()).then_some(found)
    };
    (not_in(after, before), not_in(before, after))
}

impl VpcEndpoint {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn dns(&self) -> Option<DnsOptionsSpecification> {
        let options = self.dns_options.first()?;
        Some(
            DnsOptionsSpecification::builder()
                .set_dns_record_ip_type(options.dns_record_ip_type.as_deref().map(DnsRecordIpType::from))
                .set_private_dns_only_for_inbound_resolver_endpoint(options.private_dns_only_for_inbound_resolver_endpoint)
                .build(),
        )
    }

    fn addresses(&self) -> Option<Vec<SubnetConfiguration>> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let one = |subnet: &SubnetAddresses| {
            SubnetConfiguration::builder().set_ipv4(given(&subnet.ipv4)).set_ipv6(given(&subnet.ipv6)).set_subnet_id(given(&subnet.subnet_id)).build()
        };
        (!self.subnet_configuration.is_empty()).then(|| self.subnet_configuration.iter().map(one).collect())
    }

    async fn wait(client: &Client, id: &str, limit: Duration) -> Result<(), Fault> {
        wait::until("the VPC endpoint", limit, || async {
            let Some(endpoint) = describe(client, id).await? else { return Ok(None) };
            match endpoint.state().map(|state| state.as_str().to_lowercase()).as_deref() {
                Some("available" | "pendingacceptance") => Ok(Some(())),
                Some(state @ ("failed" | "rejected" | "expired" | "deleted")) => {
                    let why = endpoint.last_error().and_then(|error| error.message()).or(endpoint.failure_reason()).unwrap_or_default();
                    Err(Fault::error(format!("The VPC endpoint is {state}"), why))
                }
                _ => Ok(None),
            }
        })
        .await
    }

    async fn accept(client: &Client, id: &str, service: &str) -> Result<(), Fault> {
        let answer = client.ec2().describe_vpc_endpoint_services().service_names(service).send().await.api("ec2:DescribeVpcEndpointServices")?;
        let service = answer.service_details.unwrap_or_default().into_iter().find_map(|detail| detail.service_id);
        client.ec2().accept_vpc_endpoint_connections().set_service_id(service).vpc_endpoint_ids(id).send().await.api("ec2:AcceptVpcEndpointConnections")?;
        Ok(())
    }
}

impl Resource for VpcEndpoint {
    type Client = Client;
    const MARKED: bool = true;

    fn validate(config: &Value) -> Vec<Fault> {
        let targets = ["service_name", "service_network_arn", "resource_configuration_arn"];
        if targets.iter().filter(|name| config.get(name).is_some_and(|value| !value.is_null())).count() != 1 {
            return vec![Fault::error("An endpoint needs one target", format!("Set exactly one of {}.", targets.join(", ")))];
        }
        match config.get("policy").and_then(|policy| policy.as_str().map(str::to_owned)) {
            Some(policy) if !policy.is_empty() && json::compact(&policy).is_none() => {
                vec![Fault::attribute(Path::attr("policy"), "Invalid policy", "It is not JSON.")]
            }
            _ => Vec::new(),
        }
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        plan.suppress("policy", json::same_policy);
        if plan.creating() {
            return Ok(());
        }
        let network = ["subnet_ids", "subnet_configuration", "ip_address_type"].iter().any(|name| plan.changed(name));
        if network {
            plan.unknown("network_interface_ids");
            if plan.changed("subnet_configuration") && plan.config("subnet_ids").is_null() {
                plan.unknown("subnet_ids");
            }
        }
        if network || plan.changed("private_dns_enabled") || plan.changed("dns_options") {
            plan.unknown("dns_entry");
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_ref()), 10)?;
        let call = client
            .ec2()
            .create_vpc_endpoint()
            .client_token(operation.token)
            .set_vpc_endpoint_type(planned.vpc_endpoint_type.as_deref().map(VpcEndpointType::from))
            .set_vpc_id(planned.vpc_id.clone())
            .set_service_name(planned.service_name.clone())
            .set_service_network_arn(planned.service_network_arn.clone())
            .set_resource_configuration_arn(planned.resource_configuration_arn.clone())
            .set_service_region(planned.service_region.clone())
            .set_policy_document(planned.policy.clone().filter(|policy| !policy.is_empty()))
            .set_route_table_ids(planned.route_table_ids.clone().filter(|ids| !ids.is_empty()))
            .set_subnet_ids(planned.subnet_ids.clone().filter(|ids| !ids.is_empty()))
            .set_subnet_configurations(planned.addresses())
            .set_security_group_ids(planned.security_group_ids.clone().filter(|ids| !ids.is_empty()))
            .set_ip_address_type(planned.ip_address_type.as_deref().map(IpAddressType::from))
            .set_dns_options(planned.dns())
            // For a gateway the API wants it left out.
            .set_private_dns_enabled(planned.private_dns_enabled.filter(|_| planned.vpc_endpoint_type.as_deref() != Some("Gateway")))
            .tag_specifications(client.new_tags(ResourceType::VpcEndpoint, &planned.tags, operation.token));
        // Route tables and groups may not be seen everywhere yet.
        let passing = |error: &ApiError| error.is(&["InvalidRouteTableId.NotFound", "InvalidGroup.NotFound"]);
        let answer = wait::retry(Duration::from_secs(60), passing, || async { call.clone().send().await.api("ec2:CreateVpcEndpoint") }).await?;
        let remote = answer.vpc_endpoint.ok_or_else(|| Fault::uncertain("ec2:CreateVpcEndpoint failed", "The answer holds no endpoint."))?;
        let id = remote.vpc_endpoint_id.clone().unwrap_or_default();
        let created = Self { id: Some(id.clone()), ..planned };
        operation.created(&created)?;
        if created.auto_accept == Some(true) && remote.state == Some(State::PendingAcceptance) {
            Self::accept(client, &id, created.service_name.as_deref().unwrap_or_default()).await?;
        }
        Self::wait(client, &id, limit).await?;
        wait::appear("VPC endpoint", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(endpoint) = describe(client, prior.id()).await? else { return Ok(None) };
        let state = endpoint.state().map(|state| state.as_str().to_owned()).unwrap_or_default();
        if state.eq_ignore_ascii_case("deleted") {
            return Ok(None);
        }
        let kind = endpoint.vpc_endpoint_type().map(|kind| kind.as_str().to_owned());
        let service = endpoint.service_name.clone().unwrap_or_default();
        let list = match kind.as_deref() {
            Some("Gateway") => prefix_list(client, &service).await?,
            _ => None,
        };
        let (tags, tags_all) = client.tag_rules().read(tags::of_ec2(endpoint.tags()), &prior.tags);
        let owner = match endpoint.owner_id.clone().filter(|owner| !owner.is_empty()) {
            Some(owner) => owner,
            None => client.account().await?.to_owned(),
        };
        let dns_options = endpoint.dns_options.as_ref().filter(|options| options.dns_record_ip_type.is_some()).map(|options| DnsOptions {
            dns_record_ip_type: options.dns_record_ip_type.as_ref().map(|kind| kind.as_str().to_owned()),
            private_dns_only_for_inbound_resolver_endpoint: unset::flag(
                prior.dns_options.first().and_then(|options| options.private_dns_only_for_inbound_resolver_endpoint),
                options.private_dns_only_for_inbound_resolver_endpoint.unwrap_or(false),
            ),
        });
        let entries = endpoint
            .dns_entries()
            .iter()
            .map(|entry| DnsEntry { dns_name: entry.dns_name().unwrap_or_default().to_owned(), hosted_zone_id: entry.hosted_zone_id().unwrap_or_default().to_owned() });
        Ok(Some(Self {
            arn: Some(client.arn("ec2", &owner, &format!("vpc-endpoint/{}", prior.id()))),
            auto_accept: prior.auto_accept,
            cidr_blocks: Some(list.as_ref().and_then(|list| list.cidrs.clone()).unwrap_or_default()),
            dns_entry: Some(entries.collect()),
            id: endpoint.vpc_endpoint_id.clone(),
            ip_address_type: Some(endpoint.ip_address_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default()),
            network_interface_ids: Some(endpoint.network_interface_ids.clone().unwrap_or_default()),
            owner_id: Some(owner),
            policy: Some(endpoint.policy_document().map(|policy| json::keep_policy(prior.policy.as_deref(), policy)).unwrap_or_default()),
            prefix_list_id: list.and_then(|list| list.prefix_list_id),
            private_dns_enabled: Some(endpoint.private_dns_enabled.unwrap_or(false)),
            requester_managed: Some(endpoint.requester_managed.unwrap_or(false)),
            resource_configuration_arn: unset::text(prior.resource_configuration_arn.as_ref(), endpoint.resource_configuration_arn()),
            route_table_ids: Some(endpoint.route_table_ids.clone().unwrap_or_default()),
            security_group_ids: Some(endpoint.groups().iter().filter_map(|group| group.group_id.clone()).collect()),
            service_name: unset::text(prior.service_name.as_ref(), Some(&service)),
            service_network_arn: unset::text(prior.service_network_arn.as_ref(), endpoint.service_network_arn()),
            service_region: Some(endpoint.service_region.clone().or(prior.service_region).unwrap_or_default()),
            // The API has both spellings of its states.
            state: Some(if state.is_empty() { state } else { state[..1].to_lowercase() + &state[1..] }),
            subnet_ids: Some(endpoint.subnet_ids.clone().unwrap_or_default()),
            tags,
            tags_all,
            vpc_endpoint_type: kind,
            vpc_id: endpoint.vpc_id.clone(),
            dns_options: dns_options.map_or_else(|| prior.dns_options.clone(), |options| vec![options]),
            subnet_configuration: prior.subnet_configuration,
            timeouts: prior.timeouts,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.update.as_ref()), 10)?;
        let id = prior.id().to_owned();
        let (add_tables, remove_tables) = changes(prior.route_table_ids.as_ref(), planned.route_table_ids.as_ref());
        let (add_subnets, remove_subnets) = changes(prior.subnet_ids.as_ref(), planned.subnet_ids.as_ref().or(prior.subnet_ids.as_ref()));
        let (add_groups, remove_groups) = changes(prior.security_group_ids.as_ref(), planned.security_group_ids.as_ref());
        let policy = planned.policy.clone().filter(|policy| prior.policy.as_ref() != Some(policy));
        let private = planned.private_dns_enabled.filter(|enabled| prior.private_dns_enabled != Some(*enabled));
        let kind = planned.ip_address_type.as_deref().filter(|kind| prior.ip_address_type.as_deref() != Some(kind));
        let dns = planned.dns().filter(|_| prior.dns_options != planned.dns_options);
        let addresses = planned.addresses().filter(|_| prior.subnet_configuration != planned.subnet_configuration);
        let lists = [&add_tables, &remove_tables, &add_subnets, &remove_subnets, &add_groups, &remove_groups];
        let any = lists.into_iter().any(Option::is_some) || policy.is_some() || private.is_some() || kind.is_some() || dns.is_some() || addresses.is_some();
        if any {
            client
                .ec2()
                .modify_vpc_endpoint()
                .vpc_endpoint_id(&id)
                .set_add_route_table_ids(add_tables)
                .set_remove_route_table_ids(remove_tables)
                .set_add_subnet_ids(add_subnets)
                .set_remove_subnet_ids(remove_subnets)
                .set_add_security_group_ids(add_groups)
                .set_remove_security_group_ids(remove_groups)
                .set_reset_policy(policy.as_ref().filter(|policy| policy.is_empty()).map(|_| true))
                .set_policy_document(policy.filter(|policy| !policy.is_empty()))
                .set_private_dns_enabled(private)
                .set_ip_address_type(kind.map(IpAddressType::from))
                .set_dns_options(dns)
                .set_subnet_configurations(addresses)
                .send()
                .await
                .api("ec2:ModifyVpcEndpoint")?;
            Self::wait(client, &id, limit).await?;
        }
        if planned.auto_accept == Some(true) && prior.auto_accept != Some(true) && prior.state.as_deref() == Some("pendingAcceptance") {
            Self::accept(client, &id, planned.service_name.as_deref().unwrap_or_default()).await?;
            Self::wait(client, &id, limit).await?;
        }
        client.retag(&id, &prior.tags_all, &planned.tags).await?;
        Self::read(client, Self { id: Some(id), ..planned }).await?.ok_or_else(|| Fault::not_found("The VPC endpoint is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let limit = wait::limit(prior.timeouts.as_ref().and_then(|timeouts| timeouts.delete.as_ref()), 10)?;
        let answer = client.ec2().delete_vpc_endpoints().vpc_endpoint_ids(prior.id()).send().await.api("ec2:DeleteVpcEndpoints")?;
        if let Some(error) = answer.unsuccessful().first().and_then(|item| item.error())
            && !error.code().is_some_and(|code| code.ends_with(".NotFound"))
        {
            let why = format!("{}: {}", error.code().unwrap_or_default(), error.message().unwrap_or_default());
            return Err(Fault::error("ec2:DeleteVpcEndpoints failed", why));
        }
        wait::until("the VPC endpoint to go", limit, || async {
            let endpoint = describe(client, prior.id()).await?;
            let gone = endpoint.is_none_or(|endpoint| endpoint.state().is_some_and(|state| state.as_str().eq_ignore_ascii_case("deleted")));
            Ok(gone.then_some(()))
        })
        .await
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        let Some(id) = marker::find(client, "vpce", token).await? else { return Ok(None) };
        Self::wait(client, &id, wait::limit(None, 10)?).await?;
        Self::read(client, Self { id: Some(id), ..planned }).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn gateway() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.16.0.0/16"})).await, "id");
        let one = text(&lab.make("aws_route_table", json!({"vpc_id": vpc})).await, "id");
        let two = text(&lab.make("aws_route_table", json!({"vpc_id": vpc})).await, "id");
        let service = "com.amazonaws.eu-central-1.s3";
        let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":["*"],"Principal":"*"}]}"#;
        let state = Lifecycle::new(&lab, "aws_vpc_endpoint", json!({"vpc_id": vpc, "service_name": service, "route_table_ids": [one]}))
            .update(json!({"vpc_id": vpc, "service_name": service, "route_table_ids": [one, two], "tags": {"Name": "s3"}}))
            .update(json!({"vpc_id": vpc, "service_name": service, "route_table_ids": [one], "policy": policy}))
            .run()
            .await;
        assert!(text(&state, "prefix_list_id").starts_with("pl-"), "{state:?}");
    }

    #[tokio::test]
    async fn interface() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.17.0.0/16"})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.17.1.0/24"})).await, "id");
        let group = text(&lab.make("aws_security_group", json!({"name": "endpoint", "vpc_id": vpc})).await, "id");
        let config = json!({
            "vpc_id": vpc, "service_name": "com.amazonaws.eu-central-1.kms", "vpc_endpoint_type": "Interface", "private_dns_enabled": true,
            "subnet_ids": [subnet], "security_group_ids": [group],
        });
        let mut tagged = config.clone();
        tagged["tags"] = json!({"Name": "kms"});
        let state = Lifecycle::new(&lab, "aws_vpc_endpoint", config).update(tagged).run().await;
        assert_eq!(state.get("network_interface_ids").expect("interfaces").length(), Some(1));
        let faults = lab.refused("aws_vpc_endpoint", json!({"vpc_id": vpc})).await;
        assert_eq!(faults[0].summary, "An endpoint needs one target");
    }
}
