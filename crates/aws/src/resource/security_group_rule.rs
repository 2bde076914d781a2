//! `aws_security_group_rule`

use std::collections::HashMap;

use aws_sdk_ec2::types::SecurityGroupRule as Remote;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::Explain;
use crate::marker::filter;
use crate::security_rules::{self, Direction, Rule, protocol};
use crate::timeouts::timeouts;
use crate::{Client, cidr, name, plan, unset, wait};

/// A rule of a security group, in the older form, with several peers at once. Do not mix with rules that are written in the group itself.
///
/// ```hcl
/// resource "aws_security_group_rule" "web" {
///   security_group_id = aws_security_group.web.id
///   type              = "ingress"
///   protocol          = "tcp"
///   from_port         = 80
///   to_port           = 80
///   cidr_blocks       = ["10.0.0.0/8"]
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_security_group_rule", version = 2)]
pub(crate) struct SecurityGroupRule {
    /// IPv4 ranges.
    #[schema(optional, force_new)]
    cidr_blocks: Option<Vec<String>>,
    /// Description.
    #[schema(optional)]
    description: Option<String>,
    /// First port, or ICMP type.
    #[schema(required, force_new)]
    from_port: Option<i64>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// IPv6 ranges.
    #[schema(optional, force_new)]
    ipv6_cidr_blocks: Option<Vec<String>>,
    /// Prefix lists.
    #[schema(optional, force_new)]
    prefix_list_ids: Option<Vec<String>>,
    /// Protocol: `tcp`, `udp`, `icmp`, `icmpv6`, a number, or `-1` for all.
    #[schema(required, force_new)]
    protocol: Option<String>,
    /// Security group that the rule belongs to.
    #[schema(required, force_new)]
    security_group_id: Option<String>,
    /// Id of the rule at the API, when it is a single one.
    #[schema(computed)]
    security_group_rule_id: Option<String>,
    /// The group itself is a peer.
    #[schema(optional, force_new, default = false)]
    #[serde(rename = "self")]
    self_: Option<bool>,
    /// Security group on the other side.
    #[schema(optional, computed, force_new)]
    source_security_group_id: Option<String>,
    /// Last port, or ICMP code.
    #[schema(required, force_new)]
    to_port: Option<i64>,
    /// `ingress` or `egress`.
    #[schema(required, force_new)]
    r#type: Option<String>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(create);

/// The rules of a group; one listing for all rules of all groups that are asked about at once.
async fn rules(client: &Client, group: &str) -> Result<Vec<Remote>, Fault> {
    let found = client
        .batch("ec2 rules of security groups", 150, group.to_owned(), |client, groups: Vec<String>| async move {
            let pages = client.ec2().describe_security_group_rules().filters(filter("group-id", groups)).into_paginator().items().send();
            let mut found: HashMap<String, Vec<Remote>> = HashMap::new();
            for rule in pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeSecurityGroupRules")? {
                found.entry(rule.group_id.clone().unwrap_or_default()).or_default().push(rule);
            }
            Ok(found)
        })
        .await?;
    Ok(found.unwrap_or_default())
}

/// A peer as texts: its kind and what it is.
fn peer(remote: &Remote) -> (&'static str, String) {
    if let Some(range) = remote.cidr_ipv4() {
        return ("cidr_blocks", range.to_owned());
    }
    if let Some(range) = remote.cidr_ipv6() {
        return ("ipv6_cidr_blocks", cidr::canonical(range));
    }
    if let Some(list) = remote.prefix_list_id() {
        return ("prefix_list_ids", list.to_owned());
    }
    let group = remote.referenced_group_info();
    ("group", group.and_then(|group| group.group_id()).unwrap_or_default().to_owned())
}

impl SecurityGroupRule {
    fn group(&self) -> &str {
        self.security_group_id.as_deref().unwrap_or_default()
    }

    fn direction(&self) -> Direction {
        if self.r#type.as_deref() == Some("egress") { Direction::Egress } else { Direction::Ingress }
    }

    fn source(&self) -> Option<&str> {
        self.source_security_group_id.as_deref().filter(|source| !source.is_empty())
    }

    fn rule(&self) -> Rule {
        Rule {
            cidr_blocks: self.cidr_blocks.clone().unwrap_or_default(),
            description: self.description.clone().unwrap_or_default(),
            from_port: self.from_port.unwrap_or_default(),
            ipv6_cidr_blocks: self.ipv6_cidr_blocks.clone().unwrap_or_default(),
            prefix_list_ids: self.prefix_list_ids.clone().unwrap_or_default(),
            protocol: protocol(self.protocol.as_deref().unwrap_or_default()),
            security_groups: self.source().map(str::to_owned).into_iter().collect(),
            self_: self.self_ == Some(true),
            to_port: self.to_port.unwrap_or_default(),
        }
    }

    /// The number of peers: so many rules the API makes of it.
    fn size(&self) -> usize {
        let length = |list: &Option<Vec<String>>| list.as_ref().map_or(0, Vec::len);
        length(&self.cidr_blocks)
            + length(&self.ipv6_cidr_blocks)
            + length(&self.prefix_list_ids)
            + usize::from(self.source().is_some())
            + usize::from(self.self_ == Some(true))
    }

    /// True when the API's rule is one that this one makes.
    fn makes(&self, remote: &Remote) -> bool {
        let rule = self.rule();
        let found = protocol(remote.ip_protocol().unwrap_or("-1"));
        let ports = (i64::from(remote.from_port.unwrap_or(0)), i64::from(remote.to_port.unwrap_or(0)));
        let same_ports = found == "-1" || ports == (rule.from_port, rule.to_port);
        let direction = remote.is_egress.unwrap_or(false) == (self.direction() == Direction::Egress);
        if found != rule.protocol || !same_ports || !direction {
            return false;
        }
        let (kind, what) = peer(remote);
        match kind {
            "cidr_blocks" => rule.cidr_blocks.contains(&what),
            "ipv6_cidr_blocks" => rule.ipv6_cidr_blocks.iter().any(|range| cidr::canonical(range) == what),
            "prefix_list_ids" => rule.prefix_list_ids.contains(&what),
            _ if what == self.group() => rule.self_ || self.source() == Some(&what),
            _ => self.source().is_some_and(|source| source.rsplit('/').next() == Some(&what)),
        }
    }

    /// Group, ports, protocol, direction and peers in order, as a number: what the incumbent makes of them.
    fn made_id(&self) -> String {
        let rule = self.rule();
        let mut text = format!("{}-", self.group());
        for port in [rule.from_port, rule.to_port].into_iter().filter(|port| *port > 0) {
            text += &format!("{port}-");
        }
        text += &format!("{}-{}-", rule.protocol, self.r#type.as_deref().unwrap_or_default());
        let sorted = |list: &[String]| {
            let mut list = list.to_vec();
            list.sort();
            list
        };
        let ranges = [sorted(&rule.cidr_blocks), sorted(&rule.ipv6_cidr_blocks), sorted(&rule.prefix_list_ids)].concat();
        for range in ranges {
            text += &format!("{range}-");
        }
        let mut groups: Vec<&str> = self.source().into_iter().chain(rule.self_.then(|| self.group())).collect();
        groups.sort_unstable();
        for group in groups {
            text += &format!("{group}--");
        }
        format!("sgrule-{}", name::checksum(&text))
    }
}

impl Resource for SecurityGroupRule {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let get = |name: &str| config.get(name).unwrap_or_else(Value::null);
        let mut faults = Vec::new();
        if get("type").as_str().is_some_and(|kind| !["ingress", "egress"].contains(&kind)) {
            faults.push(Fault::attribute(Path::attr("type"), "Invalid type", "It is \"ingress\" or \"egress\"."));
        }
        let with_self = get("self") == Value::from(true) || !get("self").is_known();
        let others = ["cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids"];
        let set = |name: &&str| !get(name).is_null();
        if !with_self && get("source_security_group_id").is_null() && !others.iter().any(set) {
            faults.push(Fault::error("A rule needs a peer", "Set cidr_blocks, ipv6_cidr_blocks, prefix_list_ids, source_security_group_id or self."));
        }
        if !get("source_security_group_id").is_null() && (get("self") == Value::from(true) || others[..2].iter().any(set)) {
            let detail = "A rule with source_security_group_id has no ranges and no self: write another rule for those.";
            faults.push(Fault::attribute(Path::attr("source_security_group_id"), "Conflicting arguments", detail));
        }
        let ports = (get("from_port").as_i64(), get("to_port").as_i64());
        let known = get("protocol").as_str().map(protocol).unwrap_or_default();
        match ports {
            (Some(from), Some(to)) if ["tcp", "udp"].contains(&known.as_str()) && from > to => {
                faults.push(Fault::attribute(Path::attr("from_port"), "Ports the wrong way round", format!("{from} is greater than {to}.")));
            }
            _ => {}
        }
        faults
    }

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        plan.suppress("protocol", |a, b| a.as_str().map(protocol) == b.as_str().map(protocol));
        if plan.creating() && plan.config("source_security_group_id").is_null() {
            // What is not written is not computed either.
            plan.set("source_security_group_id", Value::Null(weir_value::Type::String));
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_ref()), 5)?;
        if let Some(there) = rules(client, planned.group()).await?.iter().find(|remote| planned.makes(remote)) {
            let (_, what) = peer(there);
            let detail = format!(
                "Group {} allows that to {what} already ({}). Remove the other rule, or import this one: a rule can belong to one configuration only.",
                planned.group(),
                there.security_group_rule_id().unwrap_or_default(),
            );
            return Err(Fault::error("The rule is there already", detail));
        }
        security_rules::change(client, planned.group(), planned.direction(), &[], &[planned.rule()]).await?;
        let created = Self { id: Some(planned.made_id()), ..planned };
        operation.created(&created)?;
        wait::until("the rule to appear", limit, || async {
            Ok((rules(client, created.group()).await?.iter().filter(|remote| created.makes(remote)).count() >= created.size()).then_some(()))
        })
        .await?;
        wait::appear("rule", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let all = rules(client, prior.group()).await?;
        let found: Vec<&Remote> = all.iter().filter(|remote| prior.makes(remote)).collect();
        let Some(first) = found.first() else { return Ok(None) };
        let peers: Vec<(&str, String)> = found.iter().map(|remote| peer(remote)).collect();
        let there = |kind: &str, item: &str| peers.iter().any(|(found, what)| *found == kind && *what == cidr::canonical(item));
        let keep = |kind: &str, list: &Option<Vec<String>>| list.as_ref().map(|list| list.iter().filter(|item| there(kind, item)).cloned().collect());
        let single = if found.len() == 1 { first.security_group_rule_id().unwrap_or_default() } else { "" };
        Ok(Some(Self {
            cidr_blocks: keep("cidr_blocks", &prior.cidr_blocks),
            description: unset::text(prior.description.as_ref(), first.description()),
            id: Some(prior.id.clone().filter(|id| !id.is_empty()).unwrap_or_else(|| prior.made_id())),
            ipv6_cidr_blocks: keep("ipv6_cidr_blocks", &prior.ipv6_cidr_blocks),
            prefix_list_ids: keep("prefix_list_ids", &prior.prefix_list_ids),
            security_group_rule_id: Some(single.to_owned()),
            self_: Some(prior.self_ == Some(true) && there("group", prior.group())),
            ..prior
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        security_rules::change(client, prior.group(), prior.direction(), &[prior.rule()], &[planned.rule()]).await?;
        Self::read(client, Self { id: prior.id, ..planned }).await?.ok_or_else(|| Fault::not_found("The rule is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        // By the API's ids: a rule that is gone already must not keep the others.
        let all = rules(client, prior.group()).await?;
        let ids: Vec<String> = all.iter().filter(|remote| prior.makes(remote)).filter_map(|remote| remote.security_group_rule_id.clone()).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let done = match prior.direction() {
            Direction::Ingress => {
                let call = client.ec2().revoke_security_group_ingress().group_id(prior.group()).set_security_group_rule_ids(Some(ids));
                call.send().await.api("ec2:RevokeSecurityGroupIngress").map(drop)
            }
            Direction::Egress => {
                let call = client.ec2().revoke_security_group_egress().group_id(prior.group()).set_security_group_rule_ids(Some(ids));
                call.send().await.api("ec2:RevokeSecurityGroupEgress").map(drop)
            }
        };
        Ok(crate::api::ignore_gone(done)?)
    }

    /// `GROUP_TYPE_PROTOCOL_FROM_TO_PEER[_PEER…]`; a peer is a range, a prefix list, a group, or `self`.
    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let invalid = || Fault::error("Invalid import id", "Give GROUP_TYPE_PROTOCOL_FROM_TO_PEER, such as sg-0123_ingress_tcp_80_80_10.0.0.0/8.");
        let parts: Vec<&str> = id.split('_').collect();
        let [group, kind, proto, from, to, peers @ ..] = &parts[..] else { return Err(invalid()) };
        let (Ok(from), Ok(to)) = (from.replace("all", "0").parse(), to.replace("all", "0").parse()) else { return Err(invalid()) };
        if peers.is_empty() || !["ingress", "egress"].contains(kind) {
            return Err(invalid());
        }
        let mut rule = Self {
            security_group_id: Some((*group).to_owned()),
            r#type: Some((*kind).to_owned()),
            protocol: Some(protocol(proto)),
            from_port: Some(from),
            to_port: Some(to),
            self_: Some(false),
            ..Self::default()
        };
        for peer in peers {
            let item = (*peer).to_owned();
            if *peer == "self" {
                rule.self_ = Some(true);
            } else if peer.contains("sg-") {
                rule.source_security_group_id = Some(item);
            } else if peer.starts_with("pl-") {
                rule.prefix_list_ids.get_or_insert_default().push(item);
            } else if peer.contains(':') {
                rule.ipv6_cidr_blocks.get_or_insert_default().push(item);
            } else {
                rule.cidr_blocks.get_or_insert_default().push(item);
            }
        }
        Ok(Self { id: Some(rule.made_id()), ..rule })
    }

    /// A group cannot have a rule twice, so what allows the same is what was made, or a part of it.
    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        let there = rules(client, planned.group()).await?.iter().filter(|remote| planned.makes(remote)).count();
        if there == 0 {
            return Ok(None);
        }
        if there < planned.size() {
            security_rules::change(client, planned.group(), planned.direction(), &[], &[planned.rule()]).await?;
        }
        Self::read(client, planned).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    const NAME: &str = "aws_security_group_rule";

    #[tokio::test]
    async fn ranges() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.89.0.0/16"})).await, "id");
        let group = text(&lab.make("aws_security_group", json!({"name": "rules", "vpc_id": vpc})).await, "id");
        let web =
            json!({"security_group_id": group, "type": "ingress", "protocol": "tcp", "from_port": 80, "to_port": 81, "cidr_blocks": ["10.0.0.0/8", "192.168.0.0/16"]});
        let mut described = web.clone();
        described["description"] = json!("web");
        let state = Lifecycle::new(&lab, NAME, web.clone())
            .update(described)
            .import_id(|state| format!("{}_ingress_tcp_80_81_10.0.0.0/8_192.168.0.0/16", text(state, "security_group_id")))
            .run()
            .await;
        assert_eq!(text(&state, "security_group_rule_id"), "");
        let made = lab.make(NAME, web.clone()).await;
        let faults = lab.refused(NAME, web.clone()).await;
        assert_eq!(faults[0].summary, "The rule is there already");
        let mut other = web.clone();
        other["cidr_blocks"] = json!(["10.0.0.0/8"]);
        let planned = lab.plan(NAME, Some(&made), &other).await.expect("plan");
        assert_eq!(planned.requires_replace.len(), 1);
        let faults = lab.refused(NAME, json!({"security_group_id": group, "type": "ingress", "protocol": "tcp", "from_port": 1, "to_port": 1})).await;
        assert_eq!(faults[0].summary, "A rule needs a peer");
    }

    #[tokio::test]
    async fn other_peers() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.90.0.0/16"})).await, "id");
        let group = text(&lab.make("aws_security_group", json!({"name": "peers", "vpc_id": vpc})).await, "id");
        let other = text(&lab.make("aws_security_group", json!({"name": "peers-other", "vpc_id": vpc})).await, "id");
        let own = json!({"security_group_id": group, "type": "ingress", "protocol": "-1", "from_port": 0, "to_port": 0, "self": true});
        let state = Lifecycle::new(&lab, NAME, own).import_id(|state| format!("{}_ingress_-1_0_0_self", text(state, "security_group_id"))).run().await;
        assert!(text(&state, "security_group_rule_id").starts_with("sgr-"));
        let source = json!({"security_group_id": group, "type": "egress", "protocol": "tcp", "from_port": 443, "to_port": 443, "source_security_group_id": other});
        let import = |state: &weir_value::Value| format!("{}_egress_tcp_443_443_{}", text(state, "security_group_id"), text(state, "source_security_group_id"));
        Lifecycle::new(&lab, NAME, source).import_id(import).run().await;
        let six = json!({"security_group_id": group, "type": "egress", "protocol": "icmpv6", "from_port": -1, "to_port": -1, "ipv6_cidr_blocks": ["::/0"]});
        Lifecycle::new(&lab, NAME, six).import_id(|state| format!("{}_egress_icmpv6_-1_-1_::/0", text(state, "security_group_id"))).run().await;
    }

    #[test]
    fn ids_are_the_incumbents() {
        let rule: super::SecurityGroupRule = serde_json::from_value(json!({
            "security_group_id": "sg-4943efce46eec773c", "type": "egress", "protocol": "tcp", "from_port": 443, "to_port": 443, "source_security_group_id": "sg-fe7102d20de901241",
        }))
        .expect("rule");
        assert_eq!(rule.made_id(), "sgrule-3706018163");
    }
}
