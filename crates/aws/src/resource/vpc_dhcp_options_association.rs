//! `aws_vpc_dhcp_options_association`

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::api::{ApiError, Explain, ignore_gone};
use crate::resource::vpc;
use crate::{Client, plan, wait};

/// Says which DHCP options a VPC uses.
///
/// ```hcl
/// resource "aws_vpc_dhcp_options_association" "main" {
///   vpc_id          = aws_vpc.main.id
///   dhcp_options_id = aws_vpc_dhcp_options.main.id
/// }
/// ```
///
/// Deleting it gives the VPC the default options.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_vpc_dhcp_options_association")]
pub(crate) struct VpcDhcpOptionsAssociation {
    /// The options; `default` for none.
    #[schema(required)]
    dhcp_options_id: Option<String>,
    /// Options and VPC, with a hyphen between.
    #[schema(optional, computed)]
    id: Option<String>,
    /// VPC.
    #[schema(required, force_new)]
    vpc_id: Option<String>,
}

impl VpcDhcpOptionsAssociation {
    fn vpc(&self) -> &str {
        self.vpc_id.as_deref().unwrap_or_default()
    }

    fn options(&self) -> &str {
        self.dhcp_options_id.as_deref().unwrap_or_default()
    }

    async fn associate(client: &Client, vpc: &str, options: &str) -> Result<(), ApiError> {
        // New options are not seen everywhere at once.
        let passing = |error: &ApiError| error.is(&["InvalidDhcpOptionID.NotFound", "InvalidDhcpOptionsID.NotFound"]);
        let call = || async { client.ec2().associate_dhcp_options().vpc_id(vpc).dhcp_options_id(options).send().await.api("ec2:AssociateDhcpOptions") };
        wait::retry(std::time::Duration::from_secs(30), passing, call).await.map(drop)
    }
}

impl Resource for VpcDhcpOptionsAssociation {
    type Client = Client;

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        if !plan.creating() && plan.changed("dhcp_options_id") {
            plan.unknown("id");
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        Self::associate(client, planned.vpc(), planned.options()).await?;
        let created = Self { id: Some(format!("{}-{}", planned.options(), planned.vpc())), ..planned };
        operation.created(&created)?;
        wait::appear("DHCP options of the VPC", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(vpc) = vpc::describe(client, prior.vpc()).await? else { return Ok(None) };
        Ok((vpc.dhcp_options_id() == Some(prior.options())).then_some(prior))
    }

    async fn update(client: &Client, _prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        // A VPC has one set of options: the new ones take the place of the old ones.
        Self::associate(client, planned.vpc(), planned.options()).await?;
        let changed = Self { id: Some(format!("{}-{}", planned.options(), planned.vpc())), ..planned };
        wait::appear("DHCP options of the VPC", || Self::read(client, changed.clone())).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        // Options that someone else has given the VPC since stay.
        if Self::read(client, prior.clone()).await?.is_none() {
            return Ok(());
        }
        Ok(ignore_gone(Self::associate(client, prior.vpc(), "default").await)?)
    }

    /// The VPC.
    async fn import(client: &Client, id: &str) -> Result<Self, Fault> {
        let vpc = vpc::describe(client, id).await?.ok_or_else(|| Fault::not_found(format!("There is no VPC {id}.")))?;
        let options = vpc.dhcp_options_id.unwrap_or_default();
        Ok(Self { id: Some(format!("{options}-{id}")), dhcp_options_id: Some(options), vpc_id: Some(id.to_owned()) })
    }

    /// A VPC has one set of options: when it is the wanted one, that is what was made.
    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        let id = format!("{}-{}", planned.options(), planned.vpc());
        Self::read(client, Self { id: Some(id), ..planned }).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.77.0.0/16"})).await, "id");
        let options = text(&lab.make("aws_vpc_dhcp_options", json!({"domain_name": "a.internal"})).await, "id");
        let first = text(&lab.make("aws_vpc_dhcp_options", json!({"domain_name": "b.internal"})).await, "id");
        let state = Lifecycle::new(&lab, "aws_vpc_dhcp_options_association", json!({"vpc_id": vpc, "dhcp_options_id": first}))
            .update(json!({"vpc_id": vpc, "dhcp_options_id": options}))
            .import_id(|state| text(state, "vpc_id"))
            .run()
            .await;
        assert_eq!(text(&state, "id"), format!("{options}-{vpc}"));
    }
}
