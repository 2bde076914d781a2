//! `aws_vpc_endpoint_subnet_association`

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::api::{ApiError, Explain, ignore_gone};
use crate::resource::vpc_endpoint;
use crate::timeouts::timeouts;
use crate::{Client, name, plan, wait};

/// A subnet that an endpoint has an interface in. Do not mix with `subnet_ids` of the endpoint itself.
///
/// ```hcl
/// resource "aws_vpc_endpoint_subnet_association" "a" {
///   vpc_endpoint_id = aws_vpc_endpoint.kms.id
///   subnet_id       = aws_subnet.a.id
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_vpc_endpoint_subnet_association")]
pub(crate) struct VpcEndpointSubnetAssociation {
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Subnet.
    #[schema(required, force_new)]
    subnet_id: Option<String>,
    /// Endpoint.
    #[schema(required, force_new)]
    vpc_endpoint_id: Option<String>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(create, delete);

impl VpcEndpointSubnetAssociation {
    fn endpoint(&self) -> &str {
        self.vpc_endpoint_id.as_deref().unwrap_or_default()
    }

    fn subnet(&self) -> &str {
        self.subnet_id.as_deref().unwrap_or_default()
    }

    fn made_id(&self) -> String {
        format!("a-{}{}", self.endpoint(), name::checksum(self.subnet()))
    }

    /// Waits until the endpoint is no longer changing.
    async fn settled(&self, client: &Client, limit: std::time::Duration) -> Result<(), Fault> {
        wait::until("the VPC endpoint to be available", limit, || async {
            let Some(endpoint) = vpc_endpoint::describe(client, self.endpoint()).await? else { return Ok(Some(())) };
            let changing = endpoint.state().is_some_and(|state| state.as_str().eq_ignore_ascii_case("pending"));
            Ok((!changing).then_some(()))
        })
        .await
    }
}

/// True when the endpoint is being changed by another association: one change at a time.
fn busy(error: &ApiError) -> bool {
    error.is(&["OperationInProgress", "InvalidVpcEndpointState", "IncorrectState"])
}

impl Resource for VpcEndpointSubnetAssociation {
    type Client = Client;

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_ref()), 10)?;
        let call = client.ec2().modify_vpc_endpoint().vpc_endpoint_id(planned.endpoint()).add_subnet_ids(planned.subnet());
        wait::retry(limit, busy, || async { call.clone().send().await.api("ec2:ModifyVpcEndpoint") }).await?;
        let created = Self { id: Some(planned.made_id()), ..planned };
        operation.created(&created)?;
        created.settled(client, limit).await?;
        wait::appear("association", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(endpoint) = vpc_endpoint::describe(client, prior.endpoint()).await? else { return Ok(None) };
        Ok(endpoint.subnet_ids().iter().any(|subnet| subnet == prior.subnet()).then(|| Self { id: Some(prior.made_id()), ..prior }))
    }

    async fn update(_client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        // Only the time limits change in place.
        Ok(Self { id: prior.id, ..planned })
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let limit = wait::limit(prior.timeouts.as_ref().and_then(|timeouts| timeouts.delete.as_ref()), 10)?;
        if Self::read(client, prior.clone()).await?.is_none() {
            return Ok(());
        }
        let call = client.ec2().modify_vpc_endpoint().vpc_endpoint_id(prior.endpoint()).remove_subnet_ids(prior.subnet());
        ignore_gone(wait::retry(limit, busy, || async { call.clone().send().await.api("ec2:ModifyVpcEndpoint") }).await)?;
        prior.settled(client, limit).await?;
        wait::until("the association to go", limit, || async { Ok(Self::read(client, prior.clone()).await?.is_none().then_some(())) }).await
    }

    /// `ENDPOINT/SUBNET`
    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let (endpoint, subnet) = id.split_once('/').ok_or_else(|| Fault::error("Invalid import id", "Give ENDPOINT/SUBNET, such as vpce-0123/subnet-0123."))?;
        let found = Self { vpc_endpoint_id: Some(endpoint.to_owned()), subnet_id: Some(subnet.to_owned()), ..Self::default() };
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
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.88.0.0/16"})).await, "id");
        let a = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.88.1.0/24", "availability_zone": "eu-central-1a"})).await, "id");
        let b = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.88.2.0/24", "availability_zone": "eu-central-1b"})).await, "id");
        let config = json!({"vpc_id": vpc, "service_name": "com.amazonaws.eu-central-1.kms", "vpc_endpoint_type": "Interface", "subnet_ids": [a]});
        let endpoint = text(&lab.make("aws_vpc_endpoint", config).await, "id");
        Lifecycle::new(&lab, "aws_vpc_endpoint_subnet_association", json!({"vpc_endpoint_id": endpoint, "subnet_id": b}))
            .import_id(|state| format!("{}/{}", text(state, "vpc_endpoint_id"), text(state, "subnet_id")))
            .run()
            .await;
    }
}
