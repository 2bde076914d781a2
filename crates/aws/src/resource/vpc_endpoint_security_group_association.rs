//! `aws_vpc_endpoint_security_group_association`

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::api::{Explain, ignore_gone};
use crate::resource::{vpc, vpc_endpoint};
use crate::{Client, name, plan, wait};

/// A security group of an interface endpoint. Do not mix with `security_group_ids` of the endpoint itself.
///
/// ```hcl
/// resource "aws_vpc_endpoint_security_group_association" "kms" {
///   vpc_endpoint_id   = aws_vpc_endpoint.kms.id
///   security_group_id = aws_security_group.endpoints.id
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_vpc_endpoint_security_group_association")]
pub(crate) struct VpcEndpointSecurityGroupAssociation {
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Take the VPC's default security group away, which every endpoint begins with.
    #[schema(optional, force_new, default = false)]
    replace_default_association: Option<bool>,
    /// Security group.
    #[schema(required, force_new)]
    security_group_id: Option<String>,
    /// Endpoint.
    #[schema(required, force_new)]
    vpc_endpoint_id: Option<String>,
}

impl VpcEndpointSecurityGroupAssociation {
    fn endpoint(&self) -> &str {
        self.vpc_endpoint_id.as_deref().unwrap_or_default()
    }

    fn group(&self) -> &str {
        self.security_group_id.as_deref().unwrap_or_default()
    }

    fn made_id(&self) -> String {
        format!("a-{}{}", self.endpoint(), name::checksum(self.group()))
    }

    /// The groups of the endpoint, and its VPC.
    async fn groups(&self, client: &Client) -> Result<Option<(Vec<String>, String)>, Fault> {
        let Some(endpoint) = vpc_endpoint::describe(client, self.endpoint()).await? else { return Ok(None) };
        let groups = endpoint.groups().iter().filter_map(|group| group.group_id.clone()).collect();
        Ok(Some((groups, endpoint.vpc_id.unwrap_or_default())))
    }

    async fn default_group(client: &Client, vpc: &str) -> Result<String, Fault> {
        let found = vpc::default_security_group(client, vpc).await?;
        found.ok_or_else(|| Fault::error("No default security group", format!("VPC {vpc} has none: leave out replace_default_association.")))
    }
}

impl Resource for VpcEndpointSecurityGroupAssociation {
    type Client = Client;

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let there = planned.groups(client).await?;
        let (groups, vpc) = there.ok_or_else(|| Fault::not_found(format!("There is no VPC endpoint {}.", planned.endpoint())))?;
        let mut call = client.ec2().modify_vpc_endpoint().vpc_endpoint_id(planned.endpoint()).add_security_group_ids(planned.group());
        if planned.replace_default_association == Some(true) {
            let default = Self::default_group(client, &vpc).await?;
            if !groups.contains(&default) {
                let detail =
                    format!("Endpoint {} does not have the default security group {default} of its VPC: leave out replace_default_association.", planned.endpoint());
                return Err(Fault::error("No association to replace", detail));
            }
            // In one call, so that the endpoint is never without a group.
            call = call.remove_security_group_ids(default);
        }
        call.send().await.api("ec2:ModifyVpcEndpoint")?;
        let created = Self { id: Some(planned.made_id()), ..planned };
        operation.created(&created)?;
        wait::appear("association", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some((groups, _)) = prior.groups(client).await? else { return Ok(None) };
        let replaces = Some(prior.replace_default_association.unwrap_or(false));
        Ok(groups.iter().any(|group| group == prior.group()).then(|| Self { id: Some(prior.made_id()), replace_default_association: replaces, ..prior }))
    }

    async fn update(_client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        // Every argument makes another association.
        Ok(Self { id: prior.id, ..planned })
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let Some((groups, vpc)) = prior.groups(client).await? else { return Ok(()) };
        if !groups.iter().any(|group| group == prior.group()) {
            return Ok(());
        }
        let mut call = client.ec2().modify_vpc_endpoint().vpc_endpoint_id(prior.endpoint()).remove_security_group_ids(prior.group());
        if prior.replace_default_association == Some(true) {
            call = call.add_security_group_ids(Self::default_group(client, &vpc).await?);
        }
        ignore_gone(call.send().await.api("ec2:ModifyVpcEndpoint"))?;
        wait::until("the association to go", wait::limit(None, 3)?, || async { Ok(Self::read(client, prior.clone()).await?.is_none().then_some(())) }).await
    }

    /// `ENDPOINT/GROUP`
    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let (endpoint, group) = id.split_once('/').ok_or_else(|| Fault::error("Invalid import id", "Give ENDPOINT/GROUP, such as vpce-0123/sg-0123."))?;
        let found = Self { vpc_endpoint_id: Some(endpoint.to_owned()), security_group_id: Some(group.to_owned()), ..Self::default() };
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
        let vpc = lab.make("aws_vpc", json!({"cidr_block": "10.87.0.0/16"})).await;
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": text(&vpc, "id"), "cidr_block": "10.87.1.0/24"})).await, "id");
        let group = text(&lab.make("aws_security_group", json!({"name": "endpoints", "vpc_id": text(&vpc, "id")})).await, "id");
        let endpoint = json!({
            "vpc_id": text(&vpc, "id"), "service_name": "com.amazonaws.eu-central-1.kms", "vpc_endpoint_type": "Interface", "subnet_ids": [subnet],
            "security_group_ids": [text(&vpc, "default_security_group_id")],
        });
        let made = lab.make("aws_vpc_endpoint", endpoint).await;
        let config = json!({"vpc_endpoint_id": text(&made, "id"), "security_group_id": group});
        let import = |state: &weir_value::Value| format!("{}/{}", text(state, "vpc_endpoint_id"), text(state, "security_group_id"));
        Lifecycle::new(&lab, "aws_vpc_endpoint_security_group_association", config.clone()).import_id(import).run().await;

        let mut replacing = config.clone();
        replacing["replace_default_association"] = json!(true);
        let state = lab.make("aws_vpc_endpoint_security_group_association", replacing.clone()).await;
        let groups = format!("{:?}", lab.read("aws_vpc_endpoint", &made).await.expect("endpoint").get("security_group_ids").expect("groups"));
        assert_eq!(groups, format!("{{\"{group}\"}}"));
        let faults = lab.refused("aws_vpc_endpoint_security_group_association", replacing).await;
        assert_eq!(faults[0].summary, "No association to replace");
        lab.delete("aws_vpc_endpoint_security_group_association", &state).await;
        let groups = format!("{:?}", lab.read("aws_vpc_endpoint", &made).await.expect("endpoint").get("security_group_ids").expect("groups"));
        assert_eq!(groups, format!("{{\"{}\"}}", text(&vpc, "default_security_group_id")), "the default group is back");
    }
}
