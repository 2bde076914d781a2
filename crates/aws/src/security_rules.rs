//! The rules that are written inside security groups.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, PrefixListId, SecurityGroup, UserIdGroupPair};
use serde::{Deserialize, Serialize};
use weir_provider::native::ResourcePlan;
use weir_provider::{Fault, Schema};
use weir_value::Value;

use crate::api::Explain;
use crate::{Client, plan};

/// One rule; what is not set is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Rule {
    /// IPv4 ranges.
    #[schema(optional)]
    pub(crate) cidr_blocks: Vec<String>,
    /// Description.
    #[schema(optional)]
    pub(crate) description: String,
    /// First port, or ICMP type.
    #[schema(optional)]
    pub(crate) from_port: i64,
    /// IPv6 ranges.
    #[schema(optional)]
    pub(crate) ipv6_cidr_blocks: Vec<String>,
    /// Prefix lists.
    #[schema(optional)]
    pub(crate) prefix_list_ids: Vec<String>,
    /// Protocol: `tcp`, `udp`, `icmp`, `icmpv6`, a number, or `-1` for all.
    #[schema(optional)]
    pub(crate) protocol: String,
    /// Security groups.
    #[schema(optional, set)]
    pub(crate) security_groups: Vec<String>,
    /// The group itself.
    #[schema(optional)]
    #[serde(rename = "self")]
    pub(crate) self_: bool,
    /// Last port, or ICMP code.
    #[schema(optional)]
    pub(crate) to_port: i64,
}

/// Which way a rule lets traffic go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Ingress,
    Egress,
}

/// The peer of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Peer {
    V4(String),
    V6(String),
    PrefixList(String),
    /// `sg-…`, or `account/sg-…` of another account.
    Group(String),
}

/// What the API counts as one rule.
type Key = (String, i64, i64, Peer);

/// The name or number of a protocol as the API shows it.
pub(crate) fn protocol(text: &str) -> String {
    match text.to_lowercase().as_str() {
        "all" => "-1".to_owned(),
        "1" => "icmp".to_owned(),
        "6" => "tcp".to_owned(),
        "17" => "udp".to_owned(),
        "58" => "icmpv6".to_owned(),
        other => other.to_owned(),
    }
}

impl Rule {
    fn peers(&self, own: &str) -> Vec<Peer> {
        let mut peers: Vec<Peer> = self.cidr_blocks.iter().cloned().map(Peer::V4).collect();
        peers.extend(self.ipv6_cidr_blocks.iter().cloned().map(Peer::V6));
        peers.extend(self.prefix_list_ids.iter().cloned().map(Peer::PrefixList));
        peers.extend(self.security_groups.iter().cloned().map(Peer::Group));
        if self.self_ {
            peers.push(Peer::Group(own.to_owned()));
        }
        peers
    }

    fn keys(&self, own: &str) -> Vec<(Key, String)> {
        let protocol = protocol(&self.protocol);
        let (from, to) = if protocol == "-1" { (0, 0) } else { (self.from_port, self.to_port) };
        self.peers(own).into_iter().map(|peer| ((protocol.clone(), from, to, peer), self.description.clone())).collect()
    }

    /// The rule with only those peers that are in `there`, in the rule's order.
    fn restricted(&self, own: &str, there: &BTreeMap<Key, String>) -> Self {
        let keys = self.keys(own);
        let is_there = |peer: &Peer| keys.iter().any(|(key, description)| key.3 == *peer && there.get(key) == Some(description));
        let keep = |items: &[String], peer: fn(String) -> Peer| items.iter().filter(|item| is_there(&peer((*item).clone()))).cloned().collect();
        Self {
            cidr_blocks: keep(&self.cidr_blocks, Peer::V4),
            ipv6_cidr_blocks: keep(&self.ipv6_cidr_blocks, Peer::V6),
            prefix_list_ids: keep(&self.prefix_list_ids, Peer::PrefixList),
            security_groups: keep(&self.security_groups, Peer::Group),
            self_: self.self_ && is_there(&Peer::Group(own.to_owned())),
            ..self.clone()
        }
    }
}

fn flat(rules: &[Rule], own: &str) -> BTreeMap<Key, String> {
    rules.iter().flat_map(|rule| rule.keys(own)).collect()
}

fn of_permissions(permissions: &[IpPermission], owner: Option<&str>) -> BTreeMap<Key, String> {
    let mut found = BTreeMap::new();
    for permission in permissions {
        let protocol = permission.ip_protocol().unwrap_or("-1").to_owned();
        let port = |port: Option<i32>| if protocol == "-1" { 0 } else { i64::from(port.unwrap_or(0)) };
        let (from, to) = (port(permission.from_port), port(permission.to_port));
        let mut add = |peer: Peer, description: Option<&str>| found.insert((protocol.clone(), from, to, peer), description.unwrap_or_default().to_owned());
        for range in permission.ip_ranges() {
            add(Peer::V4(range.cidr_ip.clone().unwrap_or_default()), range.description());
        }
        for range in permission.ipv6_ranges() {
            add(Peer::V6(range.cidr_ipv6.clone().unwrap_or_default()), range.description());
        }
        for list in permission.prefix_list_ids() {
            add(Peer::PrefixList(list.prefix_list_id.clone().unwrap_or_default()), list.description());
        }
        for pair in permission.user_id_group_pairs() {
            let id = pair.group_id().unwrap_or_default();
            let foreign = pair.user_id().filter(|user| !user.is_empty() && Some(*user) != owner);
            add(Peer::Group(foreign.map_or_else(|| id.to_owned(), |user| format!("{user}/{id}"))), pair.description());
        }
    }
    found
}

/// The rules of a group as the state shall have them: those of `prior` as they are written there, as far as they exist; whatever else exists in groups of the same
/// protocol, ports and description.
pub(crate) fn read(group: &SecurityGroup, direction: Direction, prior: &[Rule]) -> Vec<Rule> {
    let own = group.group_id().unwrap_or_default();
    let permissions = match direction {
        Direction::Ingress => group.ip_permissions(),
        Direction::Egress => group.ip_permissions_egress(),
    };
    let there = of_permissions(permissions, group.owner_id());
    let mut left = there.clone();
    let mut rules = Vec::new();
    for rule in prior {
        let kept = rule.restricted(own, &there);
        let keys = kept.keys(own);
        if !keys.is_empty() {
            for (key, _) in keys {
                left.remove(&key);
            }
            rules.push(kept);
        }
    }
    let mut others: BTreeMap<(String, i64, i64, String), Rule> = BTreeMap::new();
    for ((protocol, from, to, peer), description) in left {
        let rule = others.entry((protocol.clone(), from, to, description.clone())).or_insert_with(|| Rule {
            protocol,
            from_port: from,
            to_port: to,
            description,
            ..Rule::default()
        });
        match peer {
            Peer::V4(range) => rule.cidr_blocks.push(range),
            Peer::V6(range) => rule.ipv6_cidr_blocks.push(range),
            Peer::PrefixList(id) => rule.prefix_list_ids.push(id),
            Peer::Group(id) if id == own => rule.self_ = true,
            Peer::Group(id) => rule.security_groups.push(id),
        }
    }
    rules.extend(others.into_values());
    rules
}

fn permissions(keys: &BTreeMap<Key, String>) -> Vec<IpPermission> {
    let one = |((protocol, from, to, peer), description): (&Key, &String)| {
        let text = Some(description.clone()).filter(|text| !text.is_empty());
        let permission = IpPermission::builder().ip_protocol(protocol);
        let permission = if protocol == "-1" { permission } else { permission.from_port(*from as i32).to_port(*to as i32) };
        match peer {
            Peer::V4(range) => permission.ip_ranges(IpRange::builder().cidr_ip(range).set_description(text).build()),
            Peer::V6(range) => permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(range).set_description(text).build()),
            Peer::PrefixList(id) => permission.prefix_list_ids(PrefixListId::builder().prefix_list_id(id).set_description(text).build()),
            Peer::Group(id) => {
                let (user, id) = id.split_once('/').map_or((None, id.as_str()), |(user, id)| (Some(user.to_owned()), id));
                permission.user_id_group_pairs(UserIdGroupPair::builder().group_id(id).set_user_id(user).set_description(text).build())
            }
        }
        .build()
    };
    keys.iter().map(one).collect()
}

/// Makes the rules of a group what they shall be: new ones are allowed before old ones go, so that no wanted traffic is cut.
pub(crate) async fn change(client: &Client, group: &str, direction: Direction, before: &[Rule], after: &[Rule]) -> Result<(), Fault> {
    let (before, after) = (flat(before, group), flat(after, group));
    let pick = |from: &BTreeMap<Key, String>, test: &dyn Fn(&Key, &String) -> bool| -> BTreeMap<Key, String> {
        from.iter().filter(|(key, text)| test(key, text)).map(|(key, text)| (key.clone(), text.clone())).collect()
    };
    authorize(client, group, direction, &pick(&after, &|key, _| !before.contains_key(key))).await?;
    describe(client, group, direction, &pick(&after, &|key, text| before.get(key).is_some_and(|old| old != text))).await?;
    revoke(client, group, direction, &pick(&before, &|key, _| !after.contains_key(key))).await
}

/// Takes every rule from a group.
pub(crate) async fn clear(client: &Client, group: &SecurityGroup) -> Result<(), Fault> {
    let id = group.group_id().unwrap_or_default();
    for (direction, permissions) in [(Direction::Ingress, group.ip_permissions()), (Direction::Egress, group.ip_permissions_egress())] {
        revoke(client, id, direction, &of_permissions(permissions, group.owner_id())).await?;
    }
    Ok(())
}

async fn authorize(client: &Client, group: &str, direction: Direction, keys: &BTreeMap<Key, String>) -> Result<(), Fault> {
    if keys.is_empty() {
        return Ok(());
    }
    let permissions = Some(permissions(keys));
    let done = match direction {
        Direction::Ingress => {
            let call = client.ec2().authorize_security_group_ingress().group_id(group).set_ip_permissions(permissions);
            call.send().await.api("ec2:AuthorizeSecurityGroupIngress").map(drop)
        }
        Direction::Egress => {
            let call = client.ec2().authorize_security_group_egress().group_id(group).set_ip_permissions(permissions);
            call.send().await.api("ec2:AuthorizeSecurityGroupEgress").map(drop)
        }
    };
    match done {
        // One of several is there already (an earlier run was cut off): the others one by one.
        Err(error) if error.is(&["InvalidPermission.Duplicate"]) && keys.len() > 1 => {
            for (key, text) in keys {
                Box::pin(authorize(client, group, direction, &[(key.clone(), text.clone())].into())).await?;
            }
            Ok(())
        }
        Err(error) if !error.is(&["InvalidPermission.Duplicate"]) => Err(error.into()),
        _ => Ok(()),
    }
}

async fn describe(client: &Client, group: &str, direction: Direction, keys: &BTreeMap<Key, String>) -> Result<(), Fault> {
    if keys.is_empty() {
        return Ok(());
    }
    let permissions = Some(permissions(keys));
    match direction {
        Direction::Ingress => {
            let call = client.ec2().update_security_group_rule_descriptions_ingress().group_id(group).set_ip_permissions(permissions);
            call.send().await.api("ec2:UpdateSecurityGroupRuleDescriptionsIngress")?;
        }
        Direction::Egress => {
            let call = client.ec2().update_security_group_rule_descriptions_egress().group_id(group).set_ip_permissions(permissions);
            call.send().await.api("ec2:UpdateSecurityGroupRuleDescriptionsEgress")?;
        }
    }
    Ok(())
}

async fn revoke(client: &Client, group: &str, direction: Direction, keys: &BTreeMap<Key, String>) -> Result<(), Fault> {
    if keys.is_empty() {
        return Ok(());
    }
    let permissions = Some(permissions(keys));
    let done = match direction {
        Direction::Ingress => {
            let call = client.ec2().revoke_security_group_ingress().group_id(group).set_ip_permissions(permissions);
            call.send().await.api("ec2:RevokeSecurityGroupIngress").map(drop)
        }
        Direction::Egress => {
            let call = client.ec2().revoke_security_group_egress().group_id(group).set_ip_permissions(permissions);
            call.send().await.api("ec2:RevokeSecurityGroupEgress").map(drop)
        }
    };
    match done {
        Err(error) if !error.not_found() => Err(error.into()),
        _ => Ok(()),
    }
}

/// Brings the rules of a plan into the form in which the state has them.
pub(crate) fn plan(plan: &mut ResourcePlan<'_>) {
    for name in ["ingress", "egress"] {
        plan::fill(plan, name);
        let normal = plan.planned(name).transform(&mut |path, value| {
            let is_protocol = path.0.len() == 2 && path.to_string().ends_with(".protocol");
            match value.as_str() {
                Some(text) if is_protocol => Value::from(text.to_lowercase().replace("all", "-1")),
                _ => value,
            }
        });
        plan.set(name, normal);
    }
}

/// What is wrong with the rules of a configuration: ports the wrong way round, no peer, the same rule twice.
pub(crate) fn validate(config: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    for name in ["ingress", "egress"] {
        let Some(rules) = config.get(name).filter(|rules| rules.is_wholly_known() && !rules.is_null()) else { continue };
        let mut seen = BTreeSet::new();
        for rule in rules.elements() {
            let Ok(rule) = weir_provider::from_value::<Rule>(rule) else { continue };
            let path = weir_value::Path::attr(name);
            let what = format!("{} {}-{}", rule.protocol, rule.from_port, rule.to_port);
            let with_ports = ["tcp", "udp"].contains(&protocol(&rule.protocol).as_str());
            if with_ports && rule.from_port > rule.to_port {
                faults.push(Fault::attribute(path.clone(), "Ports the wrong way round", format!("In the {name} rule {what}, from_port is greater than to_port.")));
            }
            if protocol(&rule.protocol) == "-1" && (rule.from_port != 0 || rule.to_port != 0) {
                faults.push(Fault::attribute(
                    path.clone(),
                    "Ports without protocol",
                    format!("A rule for all protocols has no ports: set from_port and to_port of {what} to 0."),
                ));
            }
            for (key, _) in rule.keys("self") {
                if !seen.insert(key) {
                    faults.push(Fault::attribute(path.clone(), "Duplicate rule", format!("The {name} rule {what} allows something that another one allows too.")));
                }
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group() -> SecurityGroup {
        let range = |cidr: &str, text: &str| IpRange::builder().cidr_ip(cidr).description(text).build();
        let tcp = IpPermission::builder().ip_protocol("tcp").from_port(80).to_port(80);
        let tcp = tcp.ip_ranges(range("10.0.0.0/8", "a")).ip_ranges(range("11.0.0.0/8", "a")).ip_ranges(range("12.0.0.0/8", "b"));
        let all = IpPermission::builder().ip_protocol("-1").user_id_group_pairs(UserIdGroupPair::builder().group_id("sg-1").user_id("1").build());
        SecurityGroup::builder().group_id("sg-1").owner_id("1").ip_permissions(tcp.build()).ip_permissions(all.build()).build()
    }

    fn web(ranges: &[&str], description: &str) -> Rule {
        let cidr_blocks = ranges.iter().map(|range| (*range).to_owned()).collect();
        Rule { cidr_blocks, description: description.into(), protocol: "tcp".into(), from_port: 80, to_port: 80, ..Rule::default() }
    }

    #[test]
    fn keeps_the_form_of_the_state() {
        let all = Rule { protocol: "-1".into(), self_: true, ..Rule::default() };
        let grouped = [all.clone(), web(&["10.0.0.0/8", "11.0.0.0/8"], "a"), web(&["12.0.0.0/8"], "b")];
        assert_eq!(read(&group(), Direction::Ingress, &[]), grouped);
        let prior = [web(&["11.0.0.0/8"], "a"), web(&["13.0.0.0/8", "10.0.0.0/8"], "a"), web(&["12.0.0.0/8"], "b"), all.clone()];
        let expected = [web(&["11.0.0.0/8"], "a"), web(&["10.0.0.0/8"], "a"), web(&["12.0.0.0/8"], "b"), all];
        assert_eq!(read(&group(), Direction::Ingress, &prior), expected);
        assert_eq!(read(&group(), Direction::Egress, &prior), []);
    }
}
