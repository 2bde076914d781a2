//! `aws_main_route_table_association`

use aws_sdk_ec2::types::RouteTableAssociationStateCode;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::marker::filter;
use crate::resource::route_table;
use crate::timeouts::timeouts;
use crate::{Client, plan, wait};

/// Says which route table is the VPC's main one: that of all subnets without an association of their own.
///
/// ```hcl
/// resource "aws_main_route_table_association" "main" {
///   vpc_id         = aws_vpc.main.id
///   route_table_id = aws_route_table.private.id
/// }
/// ```
///
/// Deleting it gives the VPC its original main table back.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_main_route_table_association")]
pub(crate) struct MainRouteTableAssociation {
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// The main route table before, which deletion brings back.
    #[schema(computed)]
    original_route_table_id: Option<String>,
    /// Route table.
    #[schema(required)]
    route_table_id: Option<String>,
    /// VPC.
    #[schema(required, force_new)]
    vpc_id: Option<String>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(create, delete, update);

/// The association and the route table that are the VPC's main ones.
async fn main_of(client: &Client, vpc: &str) -> Result<Option<(String, String)>, Fault> {
    client
        .batch("ec2 main association", 150, vpc.to_owned(), |client, vpcs: Vec<String>| async move {
            let call = client.ec2().describe_route_tables().filters(filter("association.main", ["true"])).filters(filter("vpc-id", vpcs));
            let tables = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeRouteTables")?;
            let main = |table: aws_sdk_ec2::types::RouteTable| {
                let association = table.associations.unwrap_or_default().into_iter().find(|one| one.main == Some(true))?.route_table_association_id?;
                Some((table.vpc_id?, (association, table.route_table_id?)))
            };
            Ok(tables.into_iter().filter_map(main).collect())
        })
        .await
}

impl MainRouteTableAssociation {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn table(&self) -> &str {
        self.route_table_id.as_deref().unwrap_or_default()
    }

    /// Waits until the table that it names is the main one.
    async fn wait(&self, client: &Client, limit: std::time::Duration) -> Result<(), Fault> {
        wait::until("the main route table", limit, || async {
            let Some(table) = route_table::describe(client, self.table()).await? else { return Ok(None) };
            let Some(found) = table.associations().iter().find(|one| one.route_table_association_id() == Some(self.id())) else { return Ok(None) };
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

    /// Gives the VPC another main table; the id of the new association.
    async fn replace(client: &Client, association: &str, table: &str) -> Result<Option<String>, Fault> {
        let call = client.ec2().replace_route_table_association().association_id(association).route_table_id(table);
        Ok(call.send().await.api("ec2:ReplaceRouteTableAssociation")?.new_association_id)
    }
}

impl Resource for MainRouteTableAssociation {
    type Client = Client;

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        if !plan.creating() && plan.changed("route_table_id") {
            plan.unknown("id");
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_ref()), 5)?;
        let vpc = planned.vpc_id.as_deref().unwrap_or_default();
        let there = main_of(client, vpc).await?;
        let (association, original) = there.ok_or_else(|| Fault::not_found(format!("VPC {vpc} has no main route table: there is no such VPC.")))?;
        let id = Self::replace(client, &association, planned.table()).await?;
        let created = Self { id, original_route_table_id: Some(original), ..planned };
        operation.created(&created)?;
        created.wait(client, limit).await?;
        Ok(created)
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(table) = route_table::describe(client, prior.table()).await? else { return Ok(None) };
        let is_main = table.associations().iter().any(|one| one.main == Some(true) && one.route_table_association_id() == Some(prior.id()));
        Ok(is_main.then(|| Self { vpc_id: table.vpc_id.clone(), ..prior }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.update.as_ref()), 2)?;
        let planned = Self { original_route_table_id: prior.original_route_table_id.clone(), ..planned };
        if prior.route_table_id == planned.route_table_id {
            return Ok(Self { id: prior.id, ..planned });
        }
        let id = Self::replace(client, prior.id(), planned.table()).await?;
        let changed = Self { id, ..planned };
        operation.created(&changed)?;
        changed.wait(client, limit).await?;
        Ok(changed)
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let there = main_of(client, prior.vpc_id.as_deref().unwrap_or_default()).await?;
        // What someone else has made the main table since stays.
        let Some((association, _)) = there.filter(|(association, _)| association == prior.id()) else { return Ok(()) };
        let Some(original) = prior.original_route_table_id.as_deref().filter(|original| !original.is_empty() && *original != prior.table()) else { return Ok(()) };
        let limit = wait::limit(prior.timeouts.as_ref().and_then(|timeouts| timeouts.delete.as_ref()), 5)?;
        let id = Self::replace(client, &association, original).await?;
        Self { id, route_table_id: Some(original.to_owned()), ..prior.clone() }.wait(client, limit).await
    }

    /// The VPC. What was its main table before cannot be known, so that deletion leaves the present one.
    async fn import(client: &Client, id: &str) -> Result<Self, Fault> {
        let there = main_of(client, id).await?;
        let (association, table) = there.ok_or_else(|| Fault::not_found(format!("There is no VPC {id}.")))?;
        Ok(Self { id: Some(association), original_route_table_id: Some(table.clone()), route_table_id: Some(table), vpc_id: Some(id.to_owned()), timeouts: None })
    }

    /// A VPC has one main table: when it is the wanted one, that is what was made. The table before was the first that the VPC had, as far as can be known.
    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        let there = main_of(client, planned.vpc_id.as_deref().unwrap_or_default()).await?;
        let Some((id, table)) = there.filter(|(_, table)| table == planned.table()) else { return Ok(None) };
        Ok(Some(Self { id: Some(id), original_route_table_id: Some(table), ..planned }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let vpc = lab.make("aws_vpc", json!({"cidr_block": "10.76.0.0/16"})).await;
        let id = text(&vpc, "id");
        let one = text(&lab.make("aws_route_table", json!({"vpc_id": id})).await, "id");
        let two = text(&lab.make("aws_route_table", json!({"vpc_id": id})).await, "id");
        let state = Lifecycle::new(&lab, "aws_main_route_table_association", json!({"vpc_id": id, "route_table_id": one}))
            .update(json!({"vpc_id": id, "route_table_id": two}))
            .import_id(|state| text(state, "vpc_id"))
            .import_ignores(&["original_route_table_id"])
            .run()
            .await;
        assert_eq!(text(&state, "original_route_table_id"), text(&vpc, "main_route_table_id"));
        let read = lab.read("aws_vpc", &vpc).await.expect("vpc");
        assert_eq!(text(&read, "main_route_table_id"), text(&vpc, "main_route_table_id"), "the original table is back");
    }
}
