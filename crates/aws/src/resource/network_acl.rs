//! `aws_network_acl`

use std::collections::HashMap;

use aws_sdk_ec2::types::{NetworkAcl as Remote, ResourceType};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use crate::acl_entries::{self, Entry, Written};
use crate::api::{ApiError, Explain};
use crate::marker::{self, filter};
use crate::resource::vpc;
use crate::tags::{self, Tags};
use crate::{Client, plan, wait};

/// Rules for the traffic into and out of subnets. Do not mix with `aws_network_acl_rule` for the same ACL.
///
/// ```hcl
/// resource "aws_network_acl" "public" {
///   vpc_id     = aws_vpc.main.id
///   subnet_ids = [aws_subnet.a.id]
///
///   ingress {
///     rule_no    = 100
///     protocol   = "tcp"
///     action     = "allow"
///     cidr_block = "0.0.0.0/0"
///     from_port  = 443
///     to_port    = 443
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_network_acl")]
pub(crate) struct NetworkAcl {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Rules for what goes out.
    #[schema(optional, computed, set)]
    egress: Option<Vec<AclRule>>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Rules for what comes in.
    #[schema(optional, computed, set)]
    ingress: Option<Vec<AclRule>>,
    /// Account that owns it.
    #[schema(computed)]
    owner_id: Option<String>,
    /// Subnets that it is for.
    #[schema(optional, computed, set)]
    subnet_ids: Option<Vec<String>>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// VPC.
    #[schema(required, force_new)]
    vpc_id: Option<String>,
}

/// Rules for what goes out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct AclRule {
    /// `allow` or `deny`.
    #[schema(optional)]
    action: String,
    /// CIDR block.
    #[schema(optional)]
    cidr_block: String,
    /// First port.
    #[schema(optional)]
    from_port: i64,
    /// ICMP code.
    #[schema(optional)]
    icmp_code: i64,
    /// ICMP type.
    #[schema(optional)]
    icmp_type: i64,
    /// IPv6 CIDR block.
    #[schema(optional)]
    ipv6_cidr_block: String,
    /// Name or number of the protocol; `-1` for all.
    #[schema(optional)]
    protocol: String,
    /// Number; the lowest that fits decides.
    #[schema(optional)]
    rule_no: i64,
    /// Last port.
    #[schema(optional)]
    to_port: i64,
}

impl Written for AclRule {
    fn entry(&self, egress: bool) -> Entry {
        Entry {
            egress,
            number: self.rule_no,
            action: self.action.to_lowercase(),
            protocol: acl_entries::protocol(&self.protocol),
            cidr: self.cidr_block.clone(),
            ipv6: self.ipv6_cidr_block.clone(),
            from: self.from_port,
            to: self.to_port,
            icmp_type: self.icmp_type,
            icmp_code: self.icmp_code,
        }
    }

    fn of(entry: &Entry) -> Self {
        Self {
            action: entry.action.clone(),
            cidr_block: entry.cidr.clone(),
            from_port: entry.from,
            icmp_code: entry.icmp_code,
            icmp_type: entry.icmp_type,
            ipv6_cidr_block: entry.ipv6.clone(),
            protocol: entry.protocol.clone(),
            rule_no: entry.number,
            to_port: entry.to,
        }
    }
}

/// An ACL, asked for together with others.
pub(crate) async fn describe(client: &Client, id: &str) -> Result<Option<Remote>, Fault> {
    client
        .batch("ec2 network acl", 150, id.to_owned(), |client, ids: Vec<String>| async move {
            let pages = client.ec2().describe_network_acls().set_network_acl_ids(Some(ids)).into_paginator().items().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeNetworkAcls")?;
            Ok(found.into_iter().filter_map(|acl| Some((acl.network_acl_id.clone()?, acl))).collect())
        })
        .await
}

/// The association and the ACL of a subnet, asked for together with those of others.
pub(crate) async fn of_subnet(client: &Client, subnet: &str) -> Result<Option<(String, String)>, Fault> {
    client
        .batch("ec2 network acl of subnet", 150, subnet.to_owned(), |client, subnets: Vec<String>| async move {
            let pages = client.ec2().describe_network_acls().filters(filter("association.subnet-id", subnets)).into_paginator().items().send();
            let mut found = HashMap::new();
            for acl in pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeNetworkAcls")? {
                for one in acl.associations.unwrap_or_default() {
                    let (Some(subnet), Some(association), Some(acl)) = (one.subnet_id, one.network_acl_association_id, one.network_acl_id) else { continue };
                    found.insert(subnet, (association, acl));
                }
            }
            Ok(found)
        })
        .await
}

/// Gives a subnet that ACL; the id of the association.
pub(crate) async fn assign(client: &Client, subnet: &str, acl: &str) -> Result<String, Fault> {
    let there = of_subnet(client, subnet).await?;
    let (association, current) = there.ok_or_else(|| Fault::not_found(format!("Subnet {subnet} has no network ACL: there is no such subnet.")))?;
    if current == acl {
        return Ok(association);
    }
    let answer = client.ec2().replace_network_acl_association().association_id(association).network_acl_id(acl).send().await.api("ec2:ReplaceNetworkAclAssociation")?;
    answer.new_association_id.ok_or_else(|| Fault::uncertain("ec2:ReplaceNetworkAclAssociation failed", "The answer holds no association."))
}

/// Gives a subnet the VPC's default ACL, when it has that one now.
pub(crate) async fn release(client: &Client, subnet: &str, acl: &str) -> Result<(), Fault> {
    let there = of_subnet(client, subnet).await?;
    if there.is_none_or(|(_, current)| current != acl) {
        return Ok(());
    }
    let Some(vpc) = describe(client, acl).await?.and_then(|acl| acl.vpc_id) else { return Ok(()) };
    let default = vpc::default_network_acl(client, &vpc).await?.ok_or_else(|| Fault::error("No default network ACL", format!("VPC {vpc} has none.")))?;
    assign(client, subnet, &default).await.map(drop)
}

/// The subnets of an ACL.
pub(crate) fn subnets(acl: &Remote) -> Vec<String> {
    acl.associations().iter().filter_map(|association| association.subnet_id.clone()).collect()
}

impl NetworkAcl {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn entries(&self) -> Vec<Entry> {
        let of = |rules: &Option<Vec<AclRule>>, egress: bool| rules.iter().flatten().map(move |rule| rule.entry(egress)).collect::<Vec<_>>();
        [of(&self.ingress, false), of(&self.egress, true)].concat()
    }

    /// Gives what is there the entries and subnets that it shall have.
    async fn complete(&self, client: &Client, there: &Remote) -> Result<(), Fault> {
        acl_entries::change(client, self.id(), &acl_entries::all(there), &self.entries()).await?;
        for subnet in self.subnet_ids.iter().flatten() {
            assign(client, subnet, self.id()).await?;
        }
        Ok(())
    }
}

impl Resource for NetworkAcl {
    type Client = Client;
    const MARKED: bool = true;

    fn validate(config: &Value) -> Vec<Fault> {
        acl_entries::validate::<AclRule>(config)
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        for name in ["ingress", "egress"] {
            plan::fill(plan, name);
            acl_entries::plan::<AclRule>(plan, name);
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let tags = client.new_tags(ResourceType::NetworkAcl, &planned.tags, operation.token);
        let call = client.ec2().create_network_acl().set_vpc_id(planned.vpc_id.clone()).tag_specifications(tags).client_token(operation.token);
        let answer = call.send().await.api("ec2:CreateNetworkAcl")?;
        let remote = answer.network_acl.ok_or_else(|| Fault::uncertain("ec2:CreateNetworkAcl failed", "The answer holds no ACL."))?;
        let created = Self { id: remote.network_acl_id.clone(), ..planned };
        operation.created(&Self { ingress: None, egress: None, subnet_ids: None, ..created.clone() })?;
        let there = wait::appear("network ACL", || describe(client, created.id())).await?;
        created.complete(client, &there).await?;
        wait::appear("network ACL", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(acl) = describe(client, prior.id()).await? else { return Ok(None) };
        let (tags, tags_all) = client.tag_rules().read(tags::of_ec2(acl.tags()), &prior.tags);
        let owner = acl.owner_id.clone().unwrap_or_default();
        let entries = acl_entries::all(&acl);
        Ok(Some(Self {
            arn: Some(client.arn("ec2", &owner, &format!("network-acl/{}", prior.id()))),
            egress: Some(acl_entries::read(&entries, true, prior.egress.as_deref().unwrap_or_default())),
            id: acl.network_acl_id.clone(),
            ingress: Some(acl_entries::read(&entries, false, prior.ingress.as_deref().unwrap_or_default())),
            owner_id: Some(owner),
            subnet_ids: Some(subnets(&acl)),
            tags,
            tags_all,
            vpc_id: acl.vpc_id,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id.clone(), ..planned };
        let there = describe(client, prior.id()).await?.ok_or_else(|| Fault::not_found("The network ACL is gone."))?;
        let wanted = planned.subnet_ids.as_deref().unwrap_or_default();
        for subnet in prior.subnet_ids.iter().flatten().filter(|subnet| !wanted.contains(subnet)) {
            release(client, subnet, prior.id()).await?;
        }
        planned.complete(client, &there).await?;
        client.retag(prior.id(), &prior.tags_all, &planned.tags).await?;
        Self::read(client, planned).await?.ok_or_else(|| Fault::not_found("The network ACL is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let Some(acl) = describe(client, prior.id()).await? else { return Ok(()) };
        for subnet in subnets(&acl) {
            release(client, &subnet, prior.id()).await?;
        }
        let passing = |error: &ApiError| error.is(&["DependencyViolation"]);
        let call = || async { client.ec2().delete_network_acl().network_acl_id(prior.id()).send().await.api("ec2:DeleteNetworkAcl") };
        wait::retry(wait::limit(None, 2)?, passing, call).await?;
        Ok(())
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        let Some(id) = marker::find(client, "network-acl", token).await? else { return Ok(None) };
        let Some(there) = describe(client, &id).await? else { return Ok(None) };
        let found = Self { id: Some(id), ..planned };
        // The crash may have come before its entries and subnets.
        found.complete(client, &there).await?;
        Self::read(client, found).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.71.0.0/16"})).await, "id");
        let a = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.71.1.0/24"})).await, "id");
        let b = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.71.2.0/24"})).await, "id");
        let web = json!({"rule_no": 100, "protocol": "tcp", "action": "allow", "cidr_block": "10.0.0.0/8", "from_port": 80, "to_port": 80});
        let wide = json!({"rule_no": 100, "protocol": "6", "action": "allow", "cidr_block": "10.0.0.0/8", "from_port": 80, "to_port": 90});
        let ping = json!({"rule_no": 90, "protocol": "icmp", "action": "deny", "cidr_block": "0.0.0.0/0", "icmp_type": 0, "icmp_code": 0});
        let all = json!({"rule_no": 200, "protocol": "-1", "action": "Allow", "ipv6_cidr_block": "::/0"});
        let state = Lifecycle::new(&lab, "aws_network_acl", json!({"vpc_id": vpc, "ingress": [web]}))
            .update(json!({"vpc_id": vpc, "ingress": [web, ping], "egress": [all], "subnet_ids": [a, b], "tags": {"Name": "web"}}))
            .update(json!({"vpc_id": vpc, "ingress": [wide], "egress": [all], "subnet_ids": [b], "tags": {"Name": "web"}}))
            .update(json!({"vpc_id": vpc, "ingress": [wide], "egress": [], "subnet_ids": [], "tags": {"Name": "web"}}))
            .import_ignores(&["ingress"])
            .run()
            .await;
        assert_eq!(state.get("ingress").expect("rules").length(), Some(1));
        let other = text(&lab.make("aws_vpc", json!({"cidr_block": "10.72.0.0/16"})).await, "id");
        let planned = lab.plan("aws_network_acl", Some(&state), &json!({"vpc_id": other, "ingress": [wide]})).await.expect("plan");
        assert_eq!(planned.requires_replace.len(), 1);
        let faults = lab.refused("aws_network_acl", json!({"vpc_id": vpc, "ingress": [web, wide]})).await;
        assert_eq!(faults[0].summary, "Duplicate entry");
    }
}
