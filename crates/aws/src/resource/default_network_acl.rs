//! `aws_default_network_acl`

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use crate::acl_entries::{self, Entry, Written};
use crate::resource::network_acl::{self, assign, describe, subnets};
use crate::tags::{self, Tags};
use crate::{Client, plan, unset};

/// The network ACL that every VPC has: adopted, and emptied of all rules that are not written here.
///
/// ```hcl
/// resource "aws_default_network_acl" "open" {
///   default_network_acl_id = aws_vpc.main.default_network_acl_id
///
///   ingress {
///     rule_no    = 100
///     protocol   = "-1"
///     action     = "allow"
///     cidr_block = "0.0.0.0/0"
///     from_port  = 0
///     to_port    = 0
///   }
/// }
/// ```
///
/// Deleting it leaves the ACL as it is. A subnet leaves it only for another ACL.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_default_network_acl")]
pub(crate) struct DefaultNetworkAcl {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// The ACL, as the VPC names it.
    #[schema(required, force_new)]
    default_network_acl_id: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Account that owns it.
    #[schema(computed)]
    owner_id: Option<String>,
    /// Subnets that it is for.
    #[schema(optional, set)]
    subnet_ids: Option<Vec<String>>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// VPC.
    #[schema(computed)]
    vpc_id: Option<String>,
    /// Rules for what goes out.
    #[schema(block, set)]
    egress: Vec<DefaultAclRule>,
    /// Rules for what comes in.
    #[schema(block, set)]
    ingress: Vec<DefaultAclRule>,
}

/// Rules for what goes out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct DefaultAclRule {
    /// `allow` or `deny`.
    #[schema(required)]
    action: Option<String>,
    /// CIDR block.
    #[schema(optional)]
    cidr_block: Option<String>,
    /// First port.
    #[schema(required)]
    from_port: Option<i64>,
    /// ICMP code.
    #[schema(optional)]
    icmp_code: Option<i64>,
    /// ICMP type.
    #[schema(optional)]
    icmp_type: Option<i64>,
    /// IPv6 CIDR block.
    #[schema(optional)]
    ipv6_cidr_block: Option<String>,
    /// Name or number of the protocol; `-1` for all.
    #[schema(required)]
    protocol: Option<String>,
    /// Number; the lowest that fits decides.
    #[schema(required)]
    rule_no: Option<i64>,
    /// Last port.
    #[schema(required)]
    to_port: Option<i64>,
}

impl Written for DefaultAclRule {
    fn entry(&self, egress: bool) -> Entry {
        Entry {
            egress,
            number: self.rule_no.unwrap_or_default(),
            action: self.action.as_deref().unwrap_or_default().to_lowercase(),
            protocol: acl_entries::protocol(self.protocol.as_deref().unwrap_or_default()),
            cidr: self.cidr_block.clone().unwrap_or_default(),
            ipv6: self.ipv6_cidr_block.clone().unwrap_or_default(),
            from: self.from_port.unwrap_or_default(),
            to: self.to_port.unwrap_or_default(),
            icmp_type: self.icmp_type.unwrap_or_default(),
            icmp_code: self.icmp_code.unwrap_or_default(),
        }
    }

    fn of(entry: &Entry) -> Self {
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let number = |number: i64| Some(number).filter(|number| *number != 0);
        Self {
            action: Some(entry.action.clone()),
            cidr_block: given(&entry.cidr),
            from_port: Some(entry.from),
            icmp_code: number(entry.icmp_code),
            icmp_type: number(entry.icmp_type),
            ipv6_cidr_block: given(&entry.ipv6),
            protocol: Some(entry.protocol.clone()),
            rule_no: Some(entry.number),
            to_port: Some(entry.to),
        }
    }
}

impl DefaultNetworkAcl {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    async fn complete(&self, client: &Client, there: &aws_sdk_ec2::types::NetworkAcl) -> Result<(), Fault> {
        let of = |rules: &[DefaultAclRule], egress: bool| rules.iter().map(|rule| rule.entry(egress)).collect::<Vec<_>>();
        let wanted = [of(&self.ingress, false), of(&self.egress, true)].concat();
        acl_entries::change(client, self.id(), &acl_entries::all(there), &wanted).await?;
        for subnet in self.subnet_ids.iter().flatten() {
            assign(client, subnet, self.id()).await?;
        }
        Ok(())
    }
}

impl Resource for DefaultNetworkAcl {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        acl_entries::validate::<DefaultAclRule>(config)
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        for name in ["ingress", "egress"] {
            acl_entries::plan::<DefaultAclRule>(plan, name);
        }
        if !plan.creating() && plan.config("subnet_ids").is_null() {
            // Subnets come and go with other ACLs; there is nothing to do about them here.
            let there = plan.prior("subnet_ids");
            plan.set("subnet_ids", there);
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let id = planned.default_network_acl_id.clone().unwrap_or_default();
        let there = describe(client, &id).await?.ok_or_else(|| Fault::not_found(format!("There is no network ACL {id}.")))?;
        if there.is_default == Some(false) {
            return Err(Fault::error("Not a default network ACL", format!("{id} was made by someone: use aws_network_acl for it.")));
        }
        let adopted = Self { id: Some(id.clone()), ..planned };
        operation.created(&adopted)?;
        let (_, tags_all) = client.tag_rules().read(tags::of_ec2(there.tags()), &None);
        adopted.complete(client, &there).await?;
        client.retag(&id, &tags_all, &adopted.tags).await?;
        let wanted = adopted.subnet_ids.clone();
        let read = Self::read(client, adopted).await?.ok_or_else(|| Fault::not_found("The default network ACL is gone."))?;
        Ok(Self { subnet_ids: wanted, ..read })
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(acl) = network_acl::describe(client, prior.id()).await? else { return Ok(None) };
        let (tags, tags_all) = client.tag_rules().read(tags::of_ec2(acl.tags()), &prior.tags);
        let owner = acl.owner_id.clone().unwrap_or_default();
        let entries = acl_entries::all(&acl);
        Ok(Some(Self {
            arn: Some(client.arn("ec2", &owner, &format!("network-acl/{}", prior.id()))),
            default_network_acl_id: acl.network_acl_id.clone(),
            id: acl.network_acl_id.clone(),
            owner_id: Some(owner),
            subnet_ids: unset::list(prior.subnet_ids.as_ref(), subnets(&acl)),
            tags,
            tags_all,
            egress: acl_entries::read(&entries, true, &prior.egress),
            ingress: acl_entries::read(&entries, false, &prior.ingress),
            vpc_id: acl.vpc_id,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id.clone(), ..planned };
        let there = describe(client, prior.id()).await?.ok_or_else(|| Fault::not_found("The default network ACL is gone."))?;
        planned.complete(client, &there).await?;
        client.retag(prior.id(), &prior.tags_all, &planned.tags).await?;
        let wanted = planned.subnet_ids.clone();
        let read = Self::read(client, planned).await?.ok_or_else(|| Fault::not_found("The default network ACL is gone."))?;
        Ok(Self { subnet_ids: wanted, ..read })
    }

    async fn delete(_client: &Client, _prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        Ok(())
    }

    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        Ok(Self { id: Some(id.to_owned()), default_network_acl_id: Some(id.to_owned()), ..Self::default() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let vpc = lab.make("aws_vpc", json!({"cidr_block": "10.73.0.0/16"})).await;
        let id = text(&vpc, "default_network_acl_id");
        let open = json!({"rule_no": 100, "protocol": "-1", "action": "allow", "cidr_block": "0.0.0.0/0", "from_port": 0, "to_port": 0});
        let web = json!({"rule_no": 50, "protocol": "tcp", "action": "deny", "cidr_block": "10.0.0.0/8", "from_port": 80, "to_port": 81});
        let first = json!({"default_network_acl_id": id});
        let state = Lifecycle::new(&lab, "aws_default_network_acl", first)
            .update(json!({"default_network_acl_id": id, "ingress": [web], "egress": [open]}))
            .update(json!({"default_network_acl_id": id, "ingress": [open], "tags": {"Name": "open"}}))
            .adopts()
            .stays()
            .run()
            .await;
        assert_eq!(text(&state, "vpc_id"), text(&vpc, "id"));
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": text(&vpc, "id"), "cidr_block": "10.73.1.0/24"})).await, "id");
        let read = lab.read("aws_default_network_acl", &state).await.expect("acl");
        assert_eq!(read.get("subnet_ids").expect("subnets").length(), Some(1), "{subnet}");
        let planned =
            lab.plan("aws_default_network_acl", Some(&read), &json!({"default_network_acl_id": id, "ingress": [open], "tags": {"Name": "open"}})).await.expect("plan");
        assert_eq!(planned.state, read, "a subnet that came by itself is no change");
    }
}
