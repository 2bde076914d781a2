//! `aws_network_acl_association`

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::marker::filter;
use crate::resource::network_acl;
use crate::{Client, plan};

/// Says which network ACL a subnet uses. Do not mix with `subnet_ids` of the ACL itself.
///
/// ```hcl
/// resource "aws_network_acl_association" "a" {
///   network_acl_id = aws_network_acl.main.id
///   subnet_id      = aws_subnet.a.id
/// }
/// ```
///
/// Deleting it gives the subnet the VPC's default ACL.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_network_acl_association")]
pub(crate) struct NetworkAclAssociation {
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// The ACL.
    #[schema(required, force_new)]
    network_acl_id: Option<String>,
    /// Subnet.
    #[schema(required, force_new)]
    subnet_id: Option<String>,
}

/// The ACL and the subnet of an association, asked for together with others.
async fn describe(client: &Client, id: &str) -> Result<Option<(String, String)>, Fault> {
    client
        .batch("ec2 network acl association", 150, id.to_owned(), |client, ids: Vec<String>| async move {
            let pages = client.ec2().describe_network_acls().filters(filter("association.association-id", ids)).into_paginator().items().send();
            let mut found = HashMap::new();
            for acl in pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeNetworkAcls")? {
                for one in acl.associations.unwrap_or_default() {
                    let (Some(association), Some(acl), Some(subnet)) = (one.network_acl_association_id, one.network_acl_id, one.subnet_id) else { continue };
                    found.insert(association, (acl, subnet));
                }
            }
            Ok(found)
        })
        .await
}

impl Resource for NetworkAclAssociation {
    type Client = Client;

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let (subnet, acl) = (planned.subnet_id.as_deref().unwrap_or_default(), planned.network_acl_id.as_deref().unwrap_or_default());
        let id = network_acl::assign(client, subnet, acl).await?;
        let created = Self { id: Some(id), ..planned };
        operation.created(&created)?;
        Ok(created)
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let found = describe(client, prior.id.as_deref().unwrap_or_default()).await?;
        Ok(found.map(|(acl, subnet)| Self { network_acl_id: Some(acl), subnet_id: Some(subnet), id: prior.id }))
    }

    async fn update(_client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        // Both arguments make another association.
        Ok(Self { id: prior.id, ..planned })
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let there = describe(client, prior.id.as_deref().unwrap_or_default()).await?;
        match there {
            Some((acl, subnet)) => network_acl::release(client, &subnet, &acl).await,
            None => Ok(()),
        }
    }

    /// A subnet has one association, so the one with the wanted ACL is the one that was made.
    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        let there = network_acl::of_subnet(client, planned.subnet_id.as_deref().unwrap_or_default()).await?;
        Ok(there.filter(|(_, acl)| Some(acl) == planned.network_acl_id.as_ref()).map(|(id, _)| Self { id: Some(id), ..planned }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.75.0.0/16"})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.75.1.0/24"})).await, "id");
        let one = text(&lab.make("aws_network_acl", json!({"vpc_id": vpc})).await, "id");
        let two = text(&lab.make("aws_network_acl", json!({"vpc_id": vpc})).await, "id");
        let state = Lifecycle::new(&lab, "aws_network_acl_association", json!({"subnet_id": subnet, "network_acl_id": one})).run().await;
        let planned = lab.plan("aws_network_acl_association", Some(&state), &json!({"subnet_id": subnet, "network_acl_id": two})).await.expect("plan");
        assert_eq!(planned.requires_replace.len(), 1);
    }
}
