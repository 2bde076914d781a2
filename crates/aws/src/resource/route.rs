//! `aws_route`

use std::time::Duration;

use aws_sdk_ec2::types::Route as Remote;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use crate::api::{ApiError, Explain};
use crate::resource::route_table;
use crate::timeouts::timeouts;
use crate::{Client, cidr, name, plan, unset, wait};

/// One route of a route table. Do not mix with routes that are written in the table itself.
///
/// ```hcl
/// resource "aws_route" "internet" {
///   route_table_id         = aws_route_table.public.id
///   destination_cidr_block = "0.0.0.0/0"
///   gateway_id             = aws_internet_gateway.main.id
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_route")]
pub(crate) struct Route {
    /// Target: carrier gateway.
    #[schema(optional)]
    carrier_gateway_id: Option<String>,
    /// Target: core network.
    #[schema(optional)]
    core_network_arn: Option<String>,
    /// IPv4 destination.
    #[schema(optional, force_new)]
    destination_cidr_block: Option<String>,
    /// IPv6 destination.
    #[schema(optional, force_new)]
    destination_ipv6_cidr_block: Option<String>,
    /// Destination by prefix list.
    #[schema(optional, force_new)]
    destination_prefix_list_id: Option<String>,
    /// Target: egress-only internet gateway.
    #[schema(optional)]
    egress_only_gateway_id: Option<String>,
    /// Target: internet or virtual private gateway.
    #[schema(optional)]
    gateway_id: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Instance of the target interface.
    #[schema(computed)]
    instance_id: Option<String>,
    /// Owner of that instance.
    #[schema(computed)]
    instance_owner_id: Option<String>,
    /// Target: local gateway.
    #[schema(optional)]
    local_gateway_id: Option<String>,
    /// Target: NAT gateway.
    #[schema(optional)]
    nat_gateway_id: Option<String>,
    /// Target: interface.
    #[schema(optional, computed)]
    network_interface_id: Option<String>,
    /// How the route came about.
    #[schema(computed)]
    origin: Option<String>,
    /// Route table.
    #[schema(required, force_new)]
    route_table_id: Option<String>,
    /// `active` or `blackhole`.
    #[schema(computed)]
    state: Option<String>,
    /// Target: transit gateway.
    #[schema(optional)]
    transit_gateway_id: Option<String>,
    /// Target: VPC endpoint.
    #[schema(optional)]
    vpc_endpoint_id: Option<String>,
    /// Target: peering connection.
    #[schema(optional)]
    vpc_peering_connection_id: Option<String>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(create, delete, update);

/// A route as the API takes it; texts are never empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spec {
    pub(crate) cidr: Option<String>,
    pub(crate) ipv6: Option<String>,
    pub(crate) prefix_list: Option<String>,
    pub(crate) carrier_gateway: Option<String>,
    pub(crate) core_network: Option<String>,
    pub(crate) egress_only_gateway: Option<String>,
    pub(crate) gateway: Option<String>,
    pub(crate) local_gateway: Option<String>,
    pub(crate) nat_gateway: Option<String>,
    pub(crate) interface: Option<String>,
    pub(crate) transit_gateway: Option<String>,
    pub(crate) endpoint: Option<String>,
    pub(crate) peering: Option<String>,
}

impl Spec {
    /// The destination, of whatever kind, in canonical form.
    pub(crate) fn destination(&self) -> String {
        let range = self.cidr.as_ref().or(self.ipv6.as_ref()).map(|range| cidr::canonical(range));
        range.or_else(|| self.prefix_list.clone()).unwrap_or_default()
    }

    /// What the API shows. A gateway endpoint or load balancer endpoint is shown as a gateway.
    pub(crate) fn of(remote: &Remote) -> Self {
        let (gateway, endpoint) = match remote.gateway_id.clone() {
            Some(id) if id.starts_with("vpce-") => (None, Some(id)),
            id => (id, None),
        };
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Self {
            cidr: given(&remote.destination_cidr_block),
            ipv6: given(&remote.destination_ipv6_cidr_block),
            prefix_list: given(&remote.destination_prefix_list_id),
            carrier_gateway: given(&remote.carrier_gateway_id),
            core_network: given(&remote.core_network_arn),
            egress_only_gateway: given(&remote.egress_only_internet_gateway_id),
            gateway: given(&gateway),
            local_gateway: given(&remote.local_gateway_id),
            nat_gateway: given(&remote.nat_gateway_id),
            interface: given(&remote.network_interface_id),
            transit_gateway: given(&remote.transit_gateway_id),
            endpoint,
            peering: given(&remote.vpc_peering_connection_id),
        }
    }

    /// Creates the route, waiting for a target that is not seen everywhere yet, and for the route to show.
    pub(crate) async fn create(&self, client: &Client, table: &str, limit: Duration) -> Result<(), Fault> {
        let call = client
            .ec2()
            .create_route()
            .route_table_id(table)
            .set_destination_cidr_block(self.cidr.clone())
            .set_destination_ipv6_cidr_block(self.ipv6.clone())
            .set_destination_prefix_list_id(self.prefix_list.clone())
            .set_carrier_gateway_id(self.carrier_gateway.clone())
            .set_core_network_arn(self.core_network.clone())
            .set_egress_only_internet_gateway_id(self.egress_only_gateway.clone())
            .set_gateway_id(self.gateway.clone())
            .set_local_gateway_id(self.local_gateway.clone())
            .set_nat_gateway_id(self.nat_gateway.clone())
            .set_network_interface_id(self.interface.clone())
            .set_transit_gateway_id(self.transit_gateway.clone())
            .set_vpc_endpoint_id(self.endpoint.clone())
            .set_vpc_peering_connection_id(self.peering.clone());
        wait::retry(limit, passing, || async { call.clone().send().await.api("ec2:CreateRoute") }).await?;
        self.wait(client, table, limit).await
    }

    /// Gives the destination another target.
    pub(crate) async fn replace(&self, client: &Client, table: &str, limit: Duration) -> Result<(), Fault> {
        let call = client
            .ec2()
            .replace_route()
            .route_table_id(table)
            .set_destination_cidr_block(self.cidr.clone())
            .set_destination_ipv6_cidr_block(self.ipv6.clone())
            .set_destination_prefix_list_id(self.prefix_list.clone())
            .set_carrier_gateway_id(self.carrier_gateway.clone())
            .set_core_network_arn(self.core_network.clone())
            .set_egress_only_internet_gateway_id(self.egress_only_gateway.clone())
            .set_gateway_id(self.gateway.clone().filter(|gateway| gateway != "local"))
            .set_local_target((self.gateway.as_deref() == Some("local")).then_some(true))
            .set_local_gateway_id(self.local_gateway.clone())
            .set_nat_gateway_id(self.nat_gateway.clone())
            .set_network_interface_id(self.interface.clone())
            .set_transit_gateway_id(self.transit_gateway.clone())
            .set_vpc_endpoint_id(self.endpoint.clone())
            .set_vpc_peering_connection_id(self.peering.clone());
        wait::retry(limit, passing, || async { call.clone().send().await.api("ec2:ReplaceRoute") }).await?;
        self.wait(client, table, limit).await
    }

    /// Deletes the route; one that is gone is no error.
    pub(crate) async fn delete(&self, client: &Client, table: &str, limit: Duration) -> Result<(), Fault> {
        let call = client
            .ec2()
            .delete_route()
            .route_table_id(table)
            .set_destination_cidr_block(self.cidr.clone())
            .set_destination_ipv6_cidr_block(self.ipv6.clone())
            .set_destination_prefix_list_id(self.prefix_list.clone());
        // A route that was just replaced cannot be deleted at once.
        let done = wait::retry(limit, |error: &ApiError| error.is(&["InvalidParameterException"]), || async { call.clone().send().await.api("ec2:DeleteRoute") });
        match done.await {
            Err(error) if !error.not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn wait(&self, client: &Client, table: &str, limit: Duration) -> Result<(), Fault> {
        wait::until("the route to appear", limit, || async { Ok(find(client, table, &self.destination()).await?.map(drop)) }).await
    }
}

fn passing(error: &ApiError) -> bool {
    error.is(&[
        "InvalidParameterException",
        "InvalidTransitGatewayID.NotFound",
        "InvalidNatGatewayID.NotFound",
        "InvalidRouteTableID.NotFound",
        "InvalidGatewayID.NotFound",
    ])
}

/// The route of a table to a destination, in the listing that all routes of the table share.
async fn find(client: &Client, table: &str, destination: &str) -> Result<Option<Remote>, Fault> {
    let Some(table) = route_table::describe(client, table).await? else { return Ok(None) };
    Ok(table.routes().iter().find(|route| Spec::of(route).destination() == destination).cloned())
}

const TARGETS: [&str; 10] = [
    "carrier_gateway_id",
    "core_network_arn",
    "egress_only_gateway_id",
    "gateway_id",
    "local_gateway_id",
    "nat_gateway_id",
    "network_interface_id",
    "transit_gateway_id",
    "vpc_endpoint_id",
    "vpc_peering_connection_id",
];

impl Route {
    fn table(&self) -> &str {
        self.route_table_id.as_deref().unwrap_or_default()
    }

    fn spec(&self) -> Spec {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Spec {
            cidr: given(&self.destination_cidr_block),
            ipv6: given(&self.destination_ipv6_cidr_block),
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
}

impl Resource for Route {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let set = |name: &&str| config.get(name).is_some_and(|value| !value.is_null() && value.as_str() != Some(""));
        let mut faults: Vec<Fault> =
            [cidr::check_v4(config, "destination_cidr_block", 0..=32), cidr::check_v6(config, "destination_ipv6_cidr_block")].into_iter().flatten().collect();
        let destinations = ["destination_cidr_block", "destination_ipv6_cidr_block", "destination_prefix_list_id"];
        if destinations.iter().filter(|name| set(name)).count() != 1 {
            faults.push(Fault::error("A route needs one destination", format!("Set exactly one of {}.", destinations.join(", "))));
        }
        if TARGETS.iter().filter(|name| set(name)).count() != 1 {
            faults.push(Fault::error("A route needs one target", format!("Set exactly one of {}.", TARGETS.join(", "))));
        }
        faults
    }

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        plan.suppress("destination_ipv6_cidr_block", cidr::same);
        if !plan.creating() && TARGETS.iter().any(|name| plan.changed(name)) {
            for name in ["instance_id", "instance_owner_id", "state", "origin"] {
                plan.unknown(name);
            }
            if plan.config("network_interface_id").is_null() {
                plan.unknown("network_interface_id");
            }
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_ref()), 5)?;
        let spec = planned.spec();
        spec.create(client, planned.table(), limit).await?;
        let created = Self { id: Some(format!("r-{}{}", planned.table(), name::checksum(&spec.destination()))), ..planned };
        operation.created(&created)?;
        wait::appear("route", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let destination = prior.spec().destination();
        let Some(route) = find(client, prior.table(), &destination).await? else { return Ok(None) };
        let spec = Spec::of(&route);
        let text = |found: Option<&str>| Some(found.unwrap_or_default().to_owned());
        Ok(Some(Self {
            carrier_gateway_id: unset::text(prior.carrier_gateway_id.as_ref(), spec.carrier_gateway.as_deref()),
            core_network_arn: unset::text(prior.core_network_arn.as_ref(), spec.core_network.as_deref()),
            destination_cidr_block: prior.destination_cidr_block,
            destination_ipv6_cidr_block: prior.destination_ipv6_cidr_block,
            destination_prefix_list_id: prior.destination_prefix_list_id,
            egress_only_gateway_id: unset::text(prior.egress_only_gateway_id.as_ref(), spec.egress_only_gateway.as_deref()),
            gateway_id: unset::text(prior.gateway_id.as_ref(), spec.gateway.as_deref()),
            id: Some(format!("r-{}{}", prior.route_table_id.as_deref().unwrap_or_default(), name::checksum(&destination))),
            instance_id: text(route.instance_id()),
            instance_owner_id: text(route.instance_owner_id()),
            local_gateway_id: unset::text(prior.local_gateway_id.as_ref(), spec.local_gateway.as_deref()),
            nat_gateway_id: unset::text(prior.nat_gateway_id.as_ref(), spec.nat_gateway.as_deref()),
            network_interface_id: text(route.network_interface_id()),
            origin: route.origin.as_ref().map(|origin| origin.as_str().to_owned()),
            route_table_id: prior.route_table_id,
            state: route.state.as_ref().map(|state| state.as_str().to_owned()),
            transit_gateway_id: unset::text(prior.transit_gateway_id.as_ref(), spec.transit_gateway.as_deref()),
            vpc_endpoint_id: unset::text(prior.vpc_endpoint_id.as_ref(), spec.endpoint.as_deref()),
            vpc_peering_connection_id: unset::text(prior.vpc_peering_connection_id.as_ref(), spec.peering.as_deref()),
            timeouts: prior.timeouts,
        }))
    }

    async fn update(client: &Client, _prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.update.as_ref()), 2)?;
        planned.spec().replace(client, planned.table(), limit).await?;
        Self::read(client, planned).await?.ok_or_else(|| Fault::not_found("The route is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let limit = wait::limit(prior.timeouts.as_ref().and_then(|timeouts| timeouts.delete.as_ref()), 5)?;
        let spec = prior.spec();
        spec.delete(client, prior.table(), limit).await?;
        wait::until("the route to go", limit, || async { Ok(find(client, prior.table(), &spec.destination()).await?.is_none().then_some(())) }).await
    }

    /// `TABLE_DESTINATION`
    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let (table, destination) = id.split_once('_').ok_or_else(|| Fault::error("Invalid import id", "Give TABLE_DESTINATION, such as rtb-0123_10.0.0.0/16."))?;
        let mut route = Self { route_table_id: Some(table.to_owned()), ..Self::default() };
        let destination = Some(destination.to_owned());
        match &destination {
            Some(text) if text.contains(':') => route.destination_ipv6_cidr_block = destination,
            Some(text) if text.contains('.') => route.destination_cidr_block = destination,
            _ => route.destination_prefix_list_id = destination,
        }
        Ok(route)
    }

    /// A destination can stand in a table only once, so a route with the same target is the one that was made.
    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        let spec = planned.spec();
        match find(client, planned.table(), &spec.destination()).await? {
            Some(route) if same_target(&Spec::of(&route), &spec) => Self::read(client, planned).await,
            _ => Ok(None),
        }
    }
}

/// True when the route goes where it shall; an interface is also shown where an instance or gateway was meant.
fn same_target(found: &Spec, wanted: &Spec) -> bool {
    let plain = |spec: &Spec| Spec {
        cidr: None,
        ipv6: None,
        prefix_list: None,
        interface: if wanted.interface.is_none() { None } else { spec.interface.clone() },
        ..spec.clone()
    };
    plain(found) == plain(wanted)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.8.0.0/16"})).await, "id");
        let gateway = text(&lab.make("aws_internet_gateway", json!({"vpc_id": vpc})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.8.1.0/24"})).await, "id");
        let eip = text(&lab.make("aws_eip", json!({"domain": "vpc"})).await, "id");
        let nat = text(&lab.make("aws_nat_gateway", json!({"subnet_id": subnet, "allocation_id": eip})).await, "id");
        let table = text(&lab.make("aws_route_table", json!({"vpc_id": vpc})).await, "id");
        let config = |name: &str, id: &str| json!({"route_table_id": table, "destination_cidr_block": "0.0.0.0/0", name: id});
        let state = Lifecycle::new(&lab, "aws_route", config("gateway_id", &gateway))
            .update(config("nat_gateway_id", &nat))
            .import_id(|state| format!("{}_0.0.0.0/0", text(state, "route_table_id")))
            .run()
            .await;
        assert_eq!(text(&state, "id"), format!("r-{table}1080289494"));
        let faults = lab.refused("aws_route", json!({"route_table_id": table, "destination_cidr_block": "10.0.0.0/8"})).await;
        assert_eq!(faults[0].summary, "A route needs one target");
    }
}
