//! `aws_route_table`

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::types::{ResourceType, Route, RouteOrigin, RouteTable as Remote};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::api::{ApiError, Explain};
use crate::marker::{self, filter};
use crate::resource::route::Spec;
use crate::tags::{self, Tags};
use crate::timeouts::timeouts;
use crate::{Client, cidr, plan, wait};

/// Where packets of the subnets that use it go.
///
/// ```hcl
/// resource "aws_route_table" "public" {
///   vpc_id = aws_vpc.main.id
///
///   route {
///     cidr_block = "0.0.0.0/0"
///     gateway_id = aws_internet_gateway.main.id
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_route_table")]
pub(crate) struct RouteTable {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Account that owns it.
    #[schema(computed)]
    owner_id: Option<String>,
    /// Virtual private gateways whose routes it takes.
    #[schema(optional, computed, set)]
    propagating_vgws: Option<Vec<String>>,
    /// Routes; leave it out when they are resources of their own.
    #[schema(optional, computed, set)]
    route: Option<Vec<TableRoute>>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// VPC.
    #[schema(required, force_new)]
    vpc_id: Option<String>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(create, delete, update);

/// One route; what is not set is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct TableRoute {
    /// Target: carrier gateway.
    #[schema(optional)]
    carrier_gateway_id: String,
    /// IPv4 destination.
    #[schema(optional)]
    cidr_block: String,
    /// Target: core network.
    #[schema(optional)]
    core_network_arn: String,
    /// Destination by prefix list.
    #[schema(optional)]
    destination_prefix_list_id: String,
    /// Target: egress-only internet gateway.
    #[schema(optional)]
    egress_only_gateway_id: String,
    /// Target: internet or virtual private gateway.
    #[schema(optional)]
    gateway_id: String,
    /// IPv6 destination.
    #[schema(optional)]
    ipv6_cidr_block: String,
    /// Target: local gateway.
    #[schema(optional)]
    local_gateway_id: String,
    /// Target: NAT gateway.
    #[schema(optional)]
    nat_gateway_id: String,
    /// Target: interface.
    #[schema(optional)]
    network_interface_id: String,
    /// Target: transit gateway.
    #[schema(optional)]
    transit_gateway_id: String,
    /// Target: VPC endpoint.
    #[schema(optional)]
    vpc_endpoint_id: String,
    /// Target: peering connection.
    #[schema(optional)]
    vpc_peering_connection_id: String,
}

impl TableRoute {
    pub(crate) fn spec(&self) -> Spec {
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Spec {
            cidr: given(&self.cidr_block),
            ipv6: given(&self.ipv6_cidr_block),
            prefix_list: given(&self.destination_prefix_list_id),
            carrier_gateway: given(&self.carrier_gateway_id),
            core_network: given(&self.core_network_arn),
            egress_only_gateway: given(&self.egress_only_gateway_id),
            gateway: given(&self.gateway_id),
            local_gateway: given(&self.local_gateway_id),
            nat_gateway: given(&self.nat_gateway_id),
            interface: given(&self.network_interface_id),
            transit_gateway: given(&self.transit_gateway_id),
            endpoint: given(&self.vpc_endpoint_id),
            peering: given(&self.vpc_peering_connection_id),
        }
    }

    fn of(spec: Spec) -> Self {
        Self {
            carrier_gateway_id: spec.carrier_gateway.unwrap_or_default(),
            cidr_block: spec.cidr.unwrap_or_default(),
            core_network_arn: spec.core_network.unwrap_or_default(),
            destination_prefix_list_id: spec.prefix_list.unwrap_or_default(),
            egress_only_gateway_id: spec.egress_only_gateway.unwrap_or_default(),
            gateway_id: spec.gateway.unwrap_or_default(),
            ipv6_cidr_block: spec.ipv6.map(|range| cidr::canonical(&range)).unwrap_or_default(),
            local_gateway_id: spec.local_gateway.unwrap_or_default(),
            nat_gateway_id: spec.nat_gateway.unwrap_or_default(),
            network_interface_id: spec.interface.unwrap_or_default(),
            transit_gateway_id: spec.transit_gateway.unwrap_or_default(),
            vpc_endpoint_id: spec.endpoint.unwrap_or_default(),
            vpc_peering_connection_id: spec.peering.unwrap_or_default(),
        }
    }
}

/// One route table with its routes and associations, asked for together with others; routes and associations of one table share the answer.
pub(crate) async fn describe(client: &Client, id: &str) -> Result<Option<Remote>, Fault> {
    client
        .batch("ec2 route table", 150, id.to_owned(), |client, ids: Vec<String>| async move {
            let pages = client.ec2().describe_route_tables().filters(filter("route-table-id", ids)).into_paginator().items().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeRouteTables")?;
            Ok(found.into_iter().filter_map(|table| Some((table.route_table_id.clone()?, table))).collect())
        })
        .await
}

/// The routes that somebody wrote: not the local one, not those of virtual private gateways or gateway endpoints.
pub(crate) fn written(table: &Remote) -> Vec<TableRoute> {
    let own = |route: &&Route| {
        let spec = Spec::of(route);
        route.gateway_id() != Some("local") && route.origin != Some(RouteOrigin::EnableVgwRoutePropagation) && !(spec.prefix_list.is_some() && spec.endpoint.is_some())
    };
    table.routes().iter().filter(own).map(|route| TableRoute::of(Spec::of(route))).collect()
}

/// The gateways whose routes a table takes.
pub(crate) fn propagating(table: &Remote) -> Vec<String> {
    table.propagating_vgws().iter().filter_map(|gateway| gateway.gateway_id.clone()).collect()
}

/// Makes the routes of a table what they shall be: new ones first, then changed ones, then those that go.
pub(crate) async fn set_routes(client: &Client, id: &str, before: &[Spec], after: &[Spec], limit: Duration) -> Result<(), Fault> {
    let by_destination = |routes: &[Spec]| -> BTreeMap<String, Spec> { routes.iter().map(|spec| (spec.destination(), spec.clone())).collect() };
    let (before, after) = (by_destination(before), by_destination(after));
    for (destination, spec) in &after {
        match before.get(destination) {
            None => spec.create(client, id, limit).await?,
            Some(old) if old != spec => spec.replace(client, id, limit).await?,
            Some(_) => {}
        }
    }
    for (_, spec) in before.iter().filter(|(destination, _)| !after.contains_key(*destination)) {
        spec.delete(client, id, limit).await?;
    }
    Ok(())
}

/// Switches the propagation of routes on and off.
pub(crate) async fn set_propagation(client: &Client, id: &str, before: &[String], after: &[String]) -> Result<(), Fault> {
    for gateway in after.iter().filter(|gateway| !before.contains(gateway)) {
        let call = client.ec2().enable_vgw_route_propagation().route_table_id(id).gateway_id(gateway);
        let passing = |error: &ApiError| error.is(&["Gateway.NotAttached"]);
        wait::retry(wait::limit(None, 2)?, passing, || async { call.clone().send().await.api("ec2:EnableVgwRoutePropagation") }).await?;
    }
    for gateway in before.iter().filter(|gateway| !after.contains(gateway)) {
        let call = client.ec2().disable_vgw_route_propagation().route_table_id(id).gateway_id(gateway);
        call.send().await.api("ec2:DisableVgwRoutePropagation")?;
    }
    Ok(())
}

impl RouteTable {
    fn specs(&self) -> Vec<Spec> {
        self.route.iter().flatten().map(TableRoute::spec).collect()
    }

    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }
}

impl Resource for RouteTable {
    type Client = Client;
    const MARKED: bool = true;

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        plan::fill(plan, "route");
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_ref()), 5)?;
        let answer = client
            .ec2()
            .create_route_table()
            .client_token(operation.token)
            .set_vpc_id(planned.vpc_id.clone())
            .tag_specifications(client.new_tags(ResourceType::RouteTable, &planned.tags, operation.token))
            .send()
            .await
            .api("ec2:CreateRouteTable")?;
        let id = answer.route_table.and_then(|table| table.route_table_id);
        let id = id.ok_or_else(|| Fault::uncertain("ec2:CreateRouteTable failed", "The answer holds no route table."))?;
        let created = Self { id: Some(id.clone()), ..planned };
        operation.created(&Self { route: None, propagating_vgws: None, ..created.clone() })?;
        wait::until("the route table", limit, || async { describe(client, &id).await }).await?;
        set_propagation(client, &id, &[], created.propagating_vgws.as_deref().unwrap_or_default()).await?;
        set_routes(client, &id, &[], &created.specs(), limit).await?;
        wait::appear("route table", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(table) = describe(client, prior.id()).await? else { return Ok(None) };
        let (tags, tags_all) = client.tag_rules().read(tags::of_ec2(table.tags()), &prior.tags);
        let owner = table.owner_id.clone().unwrap_or_default();
        Ok(Some(Self {
            arn: Some(client.arn("ec2", &owner, &format!("route-table/{}", prior.id()))),
            owner_id: Some(owner),
            propagating_vgws: Some(propagating(&table)),
            route: Some(written(&table)),
            tags,
            tags_all,
            vpc_id: table.vpc_id,
            ..prior
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.update.as_ref()), 2)?;
        let id = prior.id().to_owned();
        set_propagation(client, &id, prior.propagating_vgws.as_deref().unwrap_or_default(), planned.propagating_vgws.as_deref().unwrap_or_default()).await?;
        set_routes(client, &id, &prior.specs(), &planned.specs(), limit).await?;
        client.retag(&id, &prior.tags_all, &planned.tags).await?;
        Self::read(client, Self { id: Some(id), ..planned }).await?.ok_or_else(|| Fault::not_found("The route table is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let limit = wait::limit(prior.timeouts.as_ref().and_then(|timeouts| timeouts.delete.as_ref()), 5)?;
        if let Some(table) = describe(client, prior.id()).await? {
            for association in table.associations().iter().filter_map(|association| association.route_table_association_id()) {
                let call = client.ec2().disassociate_route_table().association_id(association);
                match call.send().await.api("ec2:DisassociateRouteTable") {
                    Err(error) if !error.not_found() => return Err(error.into()),
                    _ => {}
                }
            }
        }
        wait::retry(
            limit,
            |error: &ApiError| error.is(&["DependencyViolation"]),
            || async { client.ec2().delete_route_table().route_table_id(prior.id()).send().await.api("ec2:DeleteRouteTable") },
        )
        .await?;
        wait::until("the route table to go", limit, || async { Ok(describe(client, prior.id()).await?.is_none().then_some(())) }).await
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        match marker::find(client, "rtb", token).await? {
            Some(id) => Self::read(client, Self { id: Some(id), ..planned }).await,
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.9.0.0/16"})).await, "id");
        let gateway = text(&lab.make("aws_internet_gateway", json!({"vpc_id": vpc})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.9.1.0/24"})).await, "id");
        let eip = text(&lab.make("aws_eip", json!({"domain": "vpc"})).await, "id");
        let nat = text(&lab.make("aws_nat_gateway", json!({"subnet_id": subnet, "allocation_id": eip})).await, "id");
        Lifecycle::new(&lab, "aws_route_table", json!({"vpc_id": vpc, "route": [{"cidr_block": "0.0.0.0/0", "gateway_id": gateway}]}))
            .update(json!({"vpc_id": vpc, "tags": {"Name": "x"}, "route": [
                {"cidr_block": "0.0.0.0/0", "nat_gateway_id": nat, "ipv6_cidr_block": ""},
                {"cidr_block": "192.168.0.0/16", "gateway_id": gateway},
            ]}))
            .update(json!({"vpc_id": vpc, "route": []}))
            .run()
            .await;
    }
}
