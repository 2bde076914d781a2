//! `aws_network_acl_rule`

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::acl_entries::{self, Entry};
use crate::resource::network_acl::describe;
use crate::{Client, cidr, name, plan, unset, wait};

/// One rule of a network ACL. Do not mix with rules that are written in the ACL itself.
///
/// ```hcl
/// resource "aws_network_acl_rule" "ssh" {
///   network_acl_id = aws_network_acl.main.id
///   rule_number    = 200
///   protocol       = "tcp"
///   rule_action    = "allow"
///   cidr_block     = "10.0.0.0/8"
///   from_port      = 22
///   to_port        = 22
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_network_acl_rule")]
pub(crate) struct NetworkAclRule {
    /// IPv4 range.
    #[schema(optional, force_new)]
    cidr_block: Option<String>,
    /// For what goes out.
    #[schema(optional, force_new, default = false)]
    egress: Option<bool>,
    /// First port.
    #[schema(optional, force_new)]
    from_port: Option<i64>,
    /// ICMP code.
    #[schema(optional, force_new)]
    icmp_code: Option<i64>,
    /// ICMP type.
    #[schema(optional, force_new)]
    icmp_type: Option<i64>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// IPv6 range.
    #[schema(optional, force_new)]
    ipv6_cidr_block: Option<String>,
    /// The ACL.
    #[schema(required, force_new)]
    network_acl_id: Option<String>,
    /// Name or number of the protocol; `-1` for all.
    #[schema(required, force_new)]
    protocol: Option<String>,
    /// `allow` or `deny`.
    #[schema(required, force_new)]
    rule_action: Option<String>,
    /// Number; the lowest that fits decides.
    #[schema(required, force_new)]
    rule_number: Option<i64>,
    /// Last port.
    #[schema(optional, force_new)]
    to_port: Option<i64>,
}

impl NetworkAclRule {
    fn acl(&self) -> &str {
        self.network_acl_id.as_deref().unwrap_or_default()
    }

    fn entry(&self) -> Entry {
        Entry {
            egress: self.egress.unwrap_or(false),
            number: self.rule_number.unwrap_or_default(),
            action: self.rule_action.as_deref().unwrap_or_default().to_lowercase(),
            protocol: acl_entries::protocol(self.protocol.as_deref().unwrap_or_default()),
            cidr: self.cidr_block.clone().unwrap_or_default(),
            ipv6: self.ipv6_cidr_block.clone().unwrap_or_default(),
            from: self.from_port.unwrap_or_default(),
            to: self.to_port.unwrap_or_default(),
            icmp_type: self.icmp_type.unwrap_or_default(),
            icmp_code: self.icmp_code.unwrap_or_default(),
        }
    }

    fn made_id(&self) -> String {
        let (number, egress) = (self.rule_number.unwrap_or_default(), self.egress.unwrap_or(false));
        format!("nacl-{}", name::checksum(&format!("{}-{number}-{egress}-{}-", self.acl(), self.protocol.as_deref().unwrap_or_default())))
    }

    async fn find(&self, client: &Client) -> Result<Option<Entry>, Fault> {
        let Some(acl) = describe(client, self.acl()).await? else { return Ok(None) };
        let (egress, number) = (self.egress.unwrap_or(false), self.rule_number.unwrap_or_default());
        Ok(acl_entries::all(&acl).into_iter().find(|entry| entry.egress == egress && entry.number == number))
    }
}

impl Resource for NetworkAclRule {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        if !config.is_wholly_known() {
            return Vec::new();
        }
        let Ok(rule) = weir_provider::from_value::<Self>(config) else { return Vec::new() };
        let wrong = |text: String| Fault::attribute(Path::attr("rule_number"), "Invalid rule", text);
        acl_entries::check(&rule.entry()).into_iter().map(wrong).collect()
    }

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        plan.suppress("ipv6_cidr_block", cidr::same);
        plan.suppress("protocol", |a, b| a.as_str().map(acl_entries::protocol) == b.as_str().map(acl_entries::protocol));
        plan.suppress("rule_action", |a, b| a.as_str().map(str::to_lowercase) == b.as_str().map(str::to_lowercase));
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        planned.entry().create(client, planned.acl()).await?;
        let created = Self { id: Some(planned.made_id()), ..planned };
        operation.created(&created)?;
        wait::appear("network ACL rule", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(entry) = prior.find(client).await? else { return Ok(None) };
        let before = prior.entry();
        let same_action = prior.rule_action.clone().filter(|_| before.action == entry.action);
        let same_protocol = prior.protocol.clone().filter(|_| before.protocol == entry.protocol);
        let same_range = prior.ipv6_cidr_block.clone().filter(|range| cidr::canonical(range) == cidr::canonical(&entry.ipv6));
        // An ICMP rule has no ports, whatever was written.
        let ports = before.same(&entry);
        Ok(Some(Self {
            cidr_block: unset::text(prior.cidr_block.as_ref(), Some(&entry.cidr)),
            from_port: if ports { prior.from_port } else { unset::number(prior.from_port, entry.from) },
            icmp_code: unset::number(prior.icmp_code, entry.icmp_code),
            icmp_type: unset::number(prior.icmp_type, entry.icmp_type),
            id: Some(prior.id.clone().filter(|id| !id.is_empty()).unwrap_or_else(|| prior.made_id())),
            ipv6_cidr_block: same_range.or_else(|| unset::text(prior.ipv6_cidr_block.as_ref(), Some(&entry.ipv6))),
            protocol: same_protocol.or(Some(entry.protocol)),
            rule_action: same_action.or(Some(entry.action)),
            to_port: if ports { prior.to_port } else { unset::number(prior.to_port, entry.to) },
            ..prior
        }))
    }

    async fn update(_client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        // Every argument makes another rule.
        Ok(Self { id: prior.id, ..planned })
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        match prior.find(client).await? {
            Some(entry) => entry.delete(client, prior.acl()).await,
            None => Ok(()),
        }
    }

    /// `ACL:NUMBER:PROTOCOL:EGRESS`
    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let invalid = || Fault::error("Invalid import id", "Give ACL:NUMBER:PROTOCOL:EGRESS, such as acl-0123:100:tcp:false.");
        let parts: Vec<&str> = id.split(':').collect();
        let [acl, number, protocol, egress] = parts[..] else { return Err(invalid()) };
        let (Ok(number), Ok(egress)) = (number.parse(), egress.parse()) else { return Err(invalid()) };
        let rule = Self { network_acl_id: Some(acl.to_owned()), rule_number: Some(number), protocol: Some(protocol.to_owned()), egress: Some(egress), ..Self::default() };
        Ok(Self { id: Some(rule.made_id()), ..rule })
    }

    /// A number can stand in an ACL only once, so a rule that says the same is the one that was made.
    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        match planned.find(client).await? {
            Some(entry) if entry.same(&planned.entry()) => Self::read(client, planned).await,
            _ => Ok(None),
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
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.74.0.0/16"})).await, "id");
        let acl = text(&lab.make("aws_network_acl", json!({"vpc_id": vpc})).await, "id");
        let ssh =
            json!({"network_acl_id": acl, "rule_number": 200, "protocol": "tcp", "rule_action": "allow", "cidr_block": "10.0.0.0/8", "from_port": 22, "to_port": 22});
        let import = |state: &weir_value::Value| format!("{}:200:tcp:false", text(state, "network_acl_id"));
        let state = Lifecycle::new(&lab, "aws_network_acl_rule", ssh.clone()).import_id(import).run().await;
        assert!(text(&state, "id").starts_with("nacl-"));
        let mut wider = ssh.clone();
        wider["to_port"] = json!(23);
        let planned = lab.plan("aws_network_acl_rule", Some(&state), &wider).await.expect("plan");
        assert_eq!(planned.requires_replace.len(), 1);
        let mut number = ssh.clone();
        number["protocol"] = json!("6");
        let planned = lab.plan("aws_network_acl_rule", Some(&state), &number).await.expect("plan");
        assert_eq!(planned.state, state, "name and number of a protocol are the same");
        let all = json!({"network_acl_id": acl, "rule_number": 300, "protocol": "all", "rule_action": "deny", "ipv6_cidr_block": "::/0", "egress": true});
        let import = |state: &weir_value::Value| format!("{}:300:all:true", text(state, "network_acl_id"));
        Lifecycle::new(&lab, "aws_network_acl_rule", all).import_id(import).run().await;
        let faults = lab.refused("aws_network_acl_rule", json!({"network_acl_id": acl, "rule_number": 1, "protocol": "tcp", "rule_action": "allow"})).await;
        assert_eq!(faults[0].summary, "Invalid rule");
    }
}
