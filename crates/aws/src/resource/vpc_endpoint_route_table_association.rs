//! `aws_vpc_endpoint_route_table_association`

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::api::{ApiError, Explain, ignore_gone};
use crate::resource::vpc_endpoint;
use crate::{Client, name, plan, wait};

/// The routes of a gateway endpoint in a route table. Do not mix with `route_table_ids` of the endpoint itself.
///
/// ```hcl
/// resource "aws_vpc_endpoint_route_table_association" "private" {
///   vpc_endpoint_id = aws_vpc_endpoint.s3.id
///   route_table_id  = aws_route_table.private.id
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_vpc_endpoint_route_table_association")]
pub(crate) struct VpcEndpointRouteTableAssociation {
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Route table.
    #[schema(required, force_new)]
    route_table_id: Option<String>,
    /// Endpoint.
    #[schema(required, force_new)]
    vpc_endpoint_id: Option<String>,
}

impl VpcEndpointRouteTableAssociation {
    fn endpoint(&self) -> &str {
        self.vpc_endpoint_id.as_deref().unwrap_or_default()
    }

    fn table(&self) -> &str {
        self.route_table_id.as_deref().unwrap_or_default()
    }

    fn made_id(&self) -> String {
        format!("a-{}{}", self.endpoint(), name::checksum(self.table()))
    }
}

impl Resource for VpcEndpointRouteTableAssociation {
    type Client = Client;

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let call = client.ec2().modify_vpc_endpoint().vpc_endpoint_id(planned.endpoint()).add_route_table_ids(planned.table());
        let passing = |error: &ApiError| error.is(&["InvalidRouteTableId.NotFound"]);
        wait::retry(wait::limit(None, 1)?, passing, || async { call.clone().send().await.api("ec2:ModifyVpcEndpoint") }).await?;
        let created = Self { id: Some(planned.made_id()), ..planned };
        operation.created(&created)?;
        wait::appear("association", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(endpoint) = vpc_endpoint::describe(client, prior.endpoint()).await? else { return Ok(None) };
        Ok(endpoint.route_table_ids().iter().any(|table| table == prior.table()).then(|| Self { id: Some(prior.made_id()), ..prior }))
    }

    async fn update(_client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        // Both arguments make another association.
        Ok(Self { id: prior.id, ..planned })
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        // An endpoint that is going away takes no changes.
        if Self::read(client, prior.clone()).await?.is_none() {
            return Ok(());
        }
        let call = client.ec2().modify_vpc_endpoint().vpc_endpoint_id(prior.endpoint()).remove_route_table_ids(prior.table());
        ignore_gone(call.send().await.api("ec2:ModifyVpcEndpoint"))?;
        wait::until("the association to go", wait::limit(None, 3)?, || async { Ok(Self::read(client, prior.clone()).await?.is_none().then_some(())) }).await
    }

    /// `ENDPOINT/TABLE`
    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let (endpoint, table) = id.split_once('/').ok_or_else(|| Fault::error("Invalid import id", "Give ENDPOINT/TABLE, such as vpce-0123/rtb-0123."))?;
        let found = Self { vpc_endpoint_id: Some(endpoint.to_owned()), route_table_id: Some(table.to_owned()), id: None };
        Ok(Self { id: Some(found.made_id()), ..found })
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
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.86.0.0/16"})).await, "id");
        let table = text(&lab.make("aws_route_table", json!({"vpc_id": vpc})).await, "id");
        let endpoint = text(&lab.make("aws_vpc_endpoint", json!({"vpc_id": vpc, "service_name": "com.amazonaws.eu-central-1.s3"})).await, "id");
        let state = Lifecycle::new(&lab, "aws_vpc_endpoint_route_table_association", json!({"vpc_endpoint_id": endpoint, "route_table_id": table}))
            .import_id(|state| format!("{}/{}", text(state, "vpc_endpoint_id"), text(state, "route_table_id")))
            .run()
            .await;
        assert!(text(&state, "id").starts_with(&format!("a-{endpoint}")));
    }
}
