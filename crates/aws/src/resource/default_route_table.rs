//! `aws_default_route_table`

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::resource::route::Spec;
use crate::resource::{route_table, vpc};
use crate::tags::{self, Tags};
use crate::timeouts::timeouts;
use crate::{Client, plan, unset, wait};

/// The route table that every VPC has: adopted, and emptied of all routes that are not written here.
///
/// ```hcl
/// resource "aws_default_route_table" "main" {
///   default_route_table_id = aws_vpc.main.default_route_table_id
///   route                  = []
/// }
/// ```
///
/// Deleting it leaves the table as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_default_route_table")]
pub(crate) struct DefaultRouteTable {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// The table.
    #[schema(required, force_new)]
    default_route_table_id: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Account that owns it.
    #[schema(computed)]
    owner_id: Option<String>,
    /// Virtual private gateways whose routes it takes.
    #[schema(optional, set)]
    propagating_vgws: Option<Vec<String>>,
    /// Routes.
    #[schema(optional, computed, set)]
    route: Option<Vec<DefaultRoute>>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// VPC.
    #[schema(computed)]
    vpc_id: Option<String>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(create, update);

/// One route; what is not set is empty.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct DefaultRoute {
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
    /// Instance of the target interface.
    #[schema(optional)]
    instance_id: String,
    /// IPv6 destination.
    #[schema(optional)]
    ipv6_cidr_block: String,
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

impl DefaultRoute {
    fn spec(&self) -> Spec {
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Spec {
            cidr: given(&self.cidr_block),
            ipv6: given(&self.ipv6_cidr_block),
            prefix_list: given(&self.destination_prefix_list_id),
            core_network: given(&self.core_network_arn),
            egress_only_gateway: given(&self.egress_only_gateway_id),
            gateway: given(&self.gateway_id),
            nat_gateway: given(&self.nat_gateway_id),
            interface: given(&self.network_interface_id),
            transit_gateway: given(&self.transit_gateway_id),
            endpoint: given(&self.vpc_endpoint_id),
            peering: given(&self.vpc_peering_connection_id),
            ..Spec::default()
        }
    }

    fn of(spec: Spec) -> Self {
        Self {
            cidr_block: spec.cidr.unwrap_or_default(),
            core_network_arn: spec.core_network.unwrap_or_default(),
            destination_prefix_list_id: spec.prefix_list.unwrap_or_default(),
            egress_only_gateway_id: spec.egress_only_gateway.unwrap_or_default(),
            gateway_id: spec.gateway.unwrap_or_default(),
            instance_id: String::new(),
            ipv6_cidr_block: spec.ipv6.unwrap_or_default(),
            nat_gateway_id: spec.nat_gateway.unwrap_or_default(),
            network_interface_id: spec.interface.unwrap_or_default(),
            transit_gateway_id: spec.transit_gateway.unwrap_or_default(),
            vpc_endpoint_id: spec.endpoint.unwrap_or_default(),
            vpc_peering_connection_id: spec.peering.unwrap_or_default(),
        }
    }
}

impl DefaultRouteTable {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn specs(&self) -> Vec<Spec> {
        self.route.iter().flatten().map(DefaultRoute::spec).collect()
    }
}

impl Resource for DefaultRouteTable {
    type Client = Client;

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        plan::fill(plan, "route");
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_ref()), 5)?;
        let id = planned.default_route_table_id.clone().unwrap_or_default();
        let table = route_table::describe(client, &id).await?.ok_or_else(|| Fault::not_found(format!("There is no route table {id}.")))?;
        let adopted = Self { id: Some(id.clone()), ..planned };
        operation.created(&adopted)?;
        let there: Vec<Spec> = route_table::written(&table).iter().map(route_table::TableRoute::spec).collect();
        route_table::set_propagation(client, &id, &route_table::propagating(&table), adopted.propagating_vgws.as_deref().unwrap_or_default()).await?;
        route_table::set_routes(client, &id, &there, &adopted.specs(), limit).await?;
        let (_, tags_all) = client.tag_rules().read(tags::of_ec2(table.tags()), &None);
        client.retag(&id, &tags_all, &adopted.tags).await?;
        Self::read(client, adopted).await?.ok_or_else(|| Fault::not_found("The default route table is gone."))
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(table) = route_table::describe(client, prior.id()).await? else { return Ok(None) };
        let (tags, tags_all) = client.tag_rules().read(tags::of_ec2(table.tags()), &prior.tags);
        let owner = table.owner_id.clone().unwrap_or_default();
        Ok(Some(Self {
            arn: Some(client.arn("ec2", &owner, &format!("route-table/{}", prior.id()))),
            default_route_table_id: table.route_table_id.clone(),
            id: table.route_table_id.clone(),
            owner_id: Some(owner),
            propagating_vgws: unset::list(prior.propagating_vgws.as_ref(), route_table::propagating(&table)),
            route: Some(route_table::written(&table).iter().map(|route| DefaultRoute::of(route.spec())).collect()),
            vpc_id: table.vpc_id,
            tags,
            tags_all,
            timeouts: prior.timeouts,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.update.as_ref()), 2)?;
        let id = prior.id().to_owned();
        route_table::set_propagation(client, &id, prior.propagating_vgws.as_deref().unwrap_or_default(), planned.propagating_vgws.as_deref().unwrap_or_default()).await?;
        route_table::set_routes(client, &id, &prior.specs(), &planned.specs(), limit).await?;
        client.retag(&id, &prior.tags_all, &planned.tags).await?;
        Self::read(client, Self { id: Some(id), ..planned }).await?.ok_or_else(|| Fault::not_found("The default route table is gone."))
    }

    async fn delete(_client: &Client, _prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        Ok(())
    }

    /// The id of the VPC.
    async fn import(client: &Client, id: &str) -> Result<Self, Fault> {
        let table = vpc::main_route_table(client, id).await?.ok_or_else(|| Fault::not_found(format!("{id} has no main route table.")))?;
        Ok(Self { id: Some(table), ..Self::default() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let vpc = lab.make("aws_vpc", json!({"cidr_block": "10.36.0.0/16"})).await;
        let gateway = text(&lab.make("aws_internet_gateway", json!({"vpc_id": text(&vpc, "id")})).await, "id");
        let table = text(&vpc, "default_route_table_id");
        let state = Lifecycle::new(&lab, "aws_default_route_table", json!({"default_route_table_id": table, "route": []}))
            .update(json!({"default_route_table_id": table, "tags": {"Name": "main"}, "route": [{"cidr_block": "0.0.0.0/0", "gateway_id": gateway}]}))
            .import_id(|state| text(state, "vpc_id"))
            .adopts()
            .stays()
            .run()
            .await;
        assert_eq!((text(&state, "id"), text(&state, "vpc_id")), (table, text(&vpc, "id")));
    }
}
