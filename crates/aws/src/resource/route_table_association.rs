//! `aws_route_table_association`

use aws_sdk_ec2::types::{RouteTableAssociation as Remote, RouteTableAssociationStateCode};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::api::{ApiError, Explain};
use crate::resource::route_table;
use crate::timeouts::timeouts;
use crate::{Client, plan, unset, wait};

/// Says which route table a subnet or gateway uses.
///
/// ```hcl
/// resource "aws_route_table_association" "a" {
///   subnet_id      = aws_subnet.a.id
///   route_table_id = aws_route_table.public.id
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_route_table_association")]
pub(crate) struct RouteTableAssociation {
    /// Gateway.
    #[schema(optional, force_new)]
    gateway_id: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Route table.
    #[schema(required)]
    route_table_id: Option<String>,
    /// Subnet.
    #[schema(optional, force_new)]
    subnet_id: Option<String>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(create, delete, update);

impl RouteTableAssociation {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn given(text: &Option<String>) -> Option<String> {
        text.clone().filter(|text| !text.is_empty())
    }

    /// The association in the listing of its table, by its test.
    async fn find(&self, client: &Client, fits: impl Fn(&Remote) -> bool) -> Result<Option<Remote>, Fault> {
        let Some(table) = route_table::describe(client, self.route_table_id.as_deref().unwrap_or_default()).await? else { return Ok(None) };
        Ok(table.associations.unwrap_or_default().into_iter().find(|association| association.main != Some(true) && fits(association)))
    }

    /// The association of the same subnet or gateway.
    async fn find_target(&self, client: &Client) -> Result<Option<Remote>, Fault> {
        let (subnet, gateway) = (Self::given(&self.subnet_id), Self::given(&self.gateway_id));
        self.find(client, |found| (subnet.is_some() && found.subnet_id == subnet) || (gateway.is_some() && found.gateway_id == gateway)).await
    }

    async fn wait(&self, client: &Client, limit: std::time::Duration) -> Result<(), Fault> {
        wait::until("the association", limit, || async {
            let Some(found) = self.find(client, |found| found.route_table_association_id() == Some(self.id())).await? else { return Ok(None) };
            let state = found.association_state();
            match state.and_then(|state| state.state()) {
                Some(RouteTableAssociationStateCode::Failed) => {
                    Err(Fault::error("The association failed", state.and_then(|state| state.status_message()).unwrap_or_default()))
                }
                Some(RouteTableAssociationStateCode::Associating) => Ok(None),
                _ => Ok(Some(())),
            }
        })
        .await
    }
}

impl Resource for RouteTableAssociation {
    type Client = Client;

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        if !plan.creating() && plan.changed("route_table_id") {
            // Another table makes another association.
            plan.unknown("id");
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_ref()), 5)?;
        let call = client
            .ec2()
            .associate_route_table()
            .set_route_table_id(planned.route_table_id.clone())
            .set_subnet_id(Self::given(&planned.subnet_id))
            .set_gateway_id(Self::given(&planned.gateway_id));
        let passing = |error: &ApiError| error.is(&["InvalidRouteTableID.NotFound"]);
        let answer = wait::retry(limit, passing, || async { call.clone().send().await.api("ec2:AssociateRouteTable") }).await?;
        let created = Self { id: answer.association_id, ..planned };
        operation.created(&created)?;
        created.wait(client, limit).await?;
        Ok(created)
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(found) = prior.find(client, |found| found.route_table_association_id() == Some(prior.id())).await? else { return Ok(None) };
        Ok(Some(Self {
            gateway_id: unset::text(prior.gateway_id.as_ref(), found.gateway_id()),
            id: found.route_table_association_id.clone(),
            route_table_id: found.route_table_id.clone(),
            subnet_id: unset::text(prior.subnet_id.as_ref(), found.subnet_id()),
            timeouts: prior.timeouts,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.update.as_ref()), 2)?;
        if prior.route_table_id == planned.route_table_id {
            return Ok(planned);
        }
        let call = client.ec2().replace_route_table_association().association_id(prior.id()).set_route_table_id(planned.route_table_id.clone());
        let answer = call.send().await.api("ec2:ReplaceRouteTableAssociation")?;
        let changed = Self { id: answer.new_association_id, ..planned };
        operation.created(&changed)?;
        changed.wait(client, limit).await?;
        Ok(changed)
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        client.ec2().disassociate_route_table().association_id(prior.id()).send().await.api("ec2:DisassociateRouteTable")?;
        Ok(())
    }

    /// `SUBNET/TABLE` or `GATEWAY/TABLE`
    async fn import(client: &Client, id: &str) -> Result<Self, Fault> {
        let (target, table) = id.split_once('/').ok_or_else(|| Fault::error("Invalid import id", "Give SUBNET/TABLE or GATEWAY/TABLE."))?;
        let (subnet, gateway) = if target.starts_with("subnet-") { (Some(target), None) } else { (None, Some(target)) };
        let wanted = Self { subnet_id: subnet.map(str::to_owned), gateway_id: gateway.map(str::to_owned), route_table_id: Some(table.to_owned()), ..Self::default() };
        let found = wanted.find_target(client).await?.ok_or_else(|| Fault::not_found(format!("{table} has no association with {target}.")))?;
        Ok(Self { id: found.route_table_association_id, ..wanted })
    }

    /// A subnet has at most one association, so the one with the wanted table is the one that was made.
    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        match planned.find_target(client).await? {
            Some(found) => Self::read(client, Self { id: found.route_table_association_id, ..planned }).await,
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
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.10.0.0/16"})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.10.1.0/24"})).await, "id");
        let one = text(&lab.make("aws_route_table", json!({"vpc_id": vpc})).await, "id");
        let two = text(&lab.make("aws_route_table", json!({"vpc_id": vpc})).await, "id");
        Lifecycle::new(&lab, "aws_route_table_association", json!({"subnet_id": subnet, "route_table_id": one}))
            .update(json!({"subnet_id": subnet, "route_table_id": two}))
            .import_id(|state| format!("{}/{}", text(state, "subnet_id"), text(state, "route_table_id")))
            .run()
            .await;
    }
}
