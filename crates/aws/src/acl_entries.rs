//! The entries of network ACLs, whichever type they are written in.

use std::ops::RangeInclusive;

use aws_sdk_ec2::types::{IcmpTypeCode, NetworkAcl, NetworkAclEntry, PortRange, RuleAction};
use serde::de::DeserializeOwned;
use weir_provider::Fault;
use weir_provider::native::ResourcePlan;
use weir_value::{Path, Value};

use crate::api::Explain;
use crate::{Client, cidr};

/// An entry in the one form in which entries are compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) egress: bool,
    pub(crate) number: i64,
    /// `allow` or `deny`.
    pub(crate) action: String,
    /// A number as text, or `-1` for all.
    pub(crate) protocol: String,
    /// IPv4 range; empty when there is none.
    pub(crate) cidr: String,
    /// IPv6 range; empty when there is none.
    pub(crate) ipv6: String,
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) icmp_type: i64,
    pub(crate) icmp_code: i64,
}

/// What is written in a type as an entry.
pub(crate) trait Written: Clone + DeserializeOwned {
    /// The entry for one direction.
    fn entry(&self, egress: bool) -> Entry;
    /// What is written for an entry that the API shows.
    fn of(entry: &Entry) -> Self;
}

/// The numbers that can be chosen; the last entry, which denies the rest, is AWS's.
const NUMBERS: RangeInclusive<i64> = 1..=32766;

/// Names of protocols that people write, and their numbers at the IANA.
const PROTOCOLS: [(&str, &str); 16] = [
    ("all", "-1"),
    ("icmp", "1"),
    ("igmp", "2"),
    ("ipv4", "4"),
    ("tcp", "6"),
    ("egp", "8"),
    ("igp", "9"),
    ("udp", "17"),
    ("ipv6", "41"),
    ("gre", "47"),
    ("esp", "50"),
    ("ah", "51"),
    ("icmpv6", "58"),
    ("ospf", "89"),
    ("pim", "103"),
    ("sctp", "132"),
];

/// The number of a protocol as text: all that this API speaks.
pub(crate) fn protocol(text: &str) -> String {
    let text = text.to_lowercase();
    PROTOCOLS.iter().find(|(name, _)| *name == text).map_or(text.clone(), |(_, number)| (*number).to_owned())
}

/// What is wrong with a protocol, if anything.
pub(crate) fn check_protocol(text: &str) -> Option<String> {
    let number = protocol(text);
    let known = number.parse::<i64>().is_ok_and(|number| (-1..=255).contains(&number));
    (!known).then(|| format!("\"{text}\" is no protocol. Write a number from 0 to 255, -1 for all, or a name such as tcp, udp or icmp."))
}

impl Entry {
    fn is_icmp(&self) -> bool {
        ["1", "58"].contains(&self.protocol.as_str())
    }

    fn icmp(&self) -> Option<IcmpTypeCode> {
        self.is_icmp().then(|| IcmpTypeCode::builder().r#type(self.icmp_type as i32).code(self.icmp_code as i32).build())
    }

    fn ports(&self) -> PortRange {
        PortRange::builder().from(self.from as i32).to(self.to as i32).build()
    }

    fn range(text: &str) -> Option<String> {
        Some(text.to_owned()).filter(|text| !text.is_empty())
    }

    /// What the API shows.
    pub(crate) fn shown(remote: &NetworkAclEntry) -> Self {
        let (ports, icmp) = (remote.port_range(), remote.icmp_type_code());
        let number = |number: Option<i32>| i64::from(number.unwrap_or(0));
        Self {
            egress: remote.egress.unwrap_or(false),
            number: number(remote.rule_number),
            action: remote.rule_action().map(|action| action.as_str().to_lowercase()).unwrap_or_default(),
            protocol: protocol(remote.protocol().unwrap_or_default()),
            cidr: remote.cidr_block().unwrap_or_default().to_owned(),
            ipv6: remote.ipv6_cidr_block().unwrap_or_default().to_owned(),
            from: number(ports.and_then(PortRange::from)),
            to: number(ports.and_then(PortRange::to)),
            icmp_type: number(icmp.and_then(IcmpTypeCode::r#type)),
            icmp_code: number(icmp.and_then(IcmpTypeCode::code)),
        }
    }

    /// True when both say the same; what does not count for the protocol makes no difference.
    pub(crate) fn same(&self, other: &Self) -> bool {
        let essence = |entry: &Self| {
            let mut entry = entry.clone();
            entry.action = entry.action.to_lowercase();
            entry.ipv6 = cidr::canonical(&entry.ipv6);
            if !entry.is_icmp() {
                (entry.icmp_type, entry.icmp_code) = (0, 0);
            }
            if entry.is_icmp() || entry.protocol == "-1" {
                (entry.from, entry.to) = (0, 0);
            }
            entry
        };
        essence(self) == essence(other)
    }

    /// Adds it to an ACL.
    pub(crate) async fn create(&self, client: &Client, acl: &str) -> Result<(), Fault> {
        let call = client
            .ec2()
            .create_network_acl_entry()
            .network_acl_id(acl)
            .egress(self.egress)
            .rule_number(self.number as i32)
            .protocol(&self.protocol)
            .rule_action(RuleAction::from(self.action.to_lowercase().as_str()))
            .set_cidr_block(Self::range(&self.cidr))
            .set_ipv6_cidr_block(Self::range(&self.ipv6))
            .set_icmp_type_code(self.icmp())
            .port_range(self.ports());
        call.send().await.api("ec2:CreateNetworkAclEntry")?;
        Ok(())
    }

    /// Puts it in the place of the entry with its number.
    async fn replace(&self, client: &Client, acl: &str) -> Result<(), Fault> {
        let call = client
            .ec2()
            .replace_network_acl_entry()
            .network_acl_id(acl)
            .egress(self.egress)
            .rule_number(self.number as i32)
            .protocol(&self.protocol)
            .rule_action(RuleAction::from(self.action.to_lowercase().as_str()))
            .set_cidr_block(Self::range(&self.cidr))
            .set_ipv6_cidr_block(Self::range(&self.ipv6))
            .set_icmp_type_code(self.icmp())
            .port_range(self.ports());
        call.send().await.api("ec2:ReplaceNetworkAclEntry")?;
        Ok(())
    }

    /// Takes it from an ACL; one that is gone is no error.
    pub(crate) async fn delete(&self, client: &Client, acl: &str) -> Result<(), Fault> {
        let call = client.ec2().delete_network_acl_entry().network_acl_id(acl).rule_number(self.number as i32).egress(self.egress);
        match call.send().await.api("ec2:DeleteNetworkAclEntry") {
            Err(error) if !error.not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// The entries of an ACL without AWS's own.
pub(crate) fn all(acl: &NetworkAcl) -> Vec<Entry> {
    acl.entries().iter().map(Entry::shown).filter(|entry| NUMBERS.contains(&entry.number)).collect()
}

/// Makes the entries of an ACL what they shall be: those with the same number change in one call, so that nothing is open or shut between.
pub(crate) async fn change(client: &Client, acl: &str, before: &[Entry], after: &[Entry]) -> Result<(), Fault> {
    let place = |entry: &Entry| (entry.egress, entry.number);
    for old in before.iter().filter(|old| !after.iter().any(|new| place(new) == place(old))) {
        old.delete(client, acl).await?;
    }
    for new in after {
        match before.iter().find(|old| place(old) == place(new)) {
            Some(old) if old.same(new) => {}
            Some(_) => new.replace(client, acl).await?,
            None => new.create(client, acl).await?,
        }
    }
    Ok(())
}

/// The entries of one direction as the state has them: as they were written where they mean the same.
pub(crate) fn read<W: Written>(there: &[Entry], egress: bool, prior: &[W]) -> Vec<W> {
    let of = |entry: &Entry| prior.iter().find(|written| written.entry(egress).same(entry)).cloned().unwrap_or_else(|| W::of(entry));
    there.iter().filter(|entry| entry.egress == egress).map(of).collect()
}

/// Keeps what is there of an attribute or block where the configuration means the same.
pub(crate) fn plan<W: Written>(plan: &mut ResourcePlan<'_>, name: &str) {
    let (prior, planned) = (plan.prior(name), plan.planned(name));
    let Value::Set(set) = &planned else { return };
    if !planned.is_wholly_known() || prior.is_null() {
        return;
    }
    let entry = |value: &Value| weir_provider::from_value::<W>(value).ok().map(|written| written.entry(false));
    let keep = |item: &Value| {
        let wanted = entry(item);
        let same = |before: &&Value| matches!((entry(before), &wanted), (Some(before), Some(wanted)) if before.same(wanted));
        prior.elements().find(same).unwrap_or(item).clone()
    };
    let items: Vec<Value> = set.items.iter().map(keep).collect();
    plan.set(name, Value::set(set.element.clone(), items));
}

/// What is wrong with the entries of a configuration.
pub(crate) fn validate<W: Written>(config: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    for name in ["ingress", "egress"] {
        let Some(entries) = config.get(name).filter(|entries| entries.is_wholly_known() && !entries.is_null()) else { continue };
        let mut numbers = Vec::new();
        for written in entries.elements().filter_map(|item| weir_provider::from_value::<W>(item).ok()) {
            let entry = written.entry(name == "egress");
            faults
                .extend(check(&entry).into_iter().map(|wrong| Fault::attribute(Path::attr(name), "Invalid entry", format!("In {name} entry {}: {wrong}", entry.number))));
            if numbers.contains(&entry.number) {
                faults.push(Fault::attribute(Path::attr(name), "Duplicate entry", format!("Two {name} entries have the number {}: each needs its own.", entry.number)));
            }
            numbers.push(entry.number);
        }
    }
    faults
}

/// What is wrong with an entry.
pub(crate) fn check(entry: &Entry) -> Vec<String> {
    let mut wrong: Vec<String> = check_protocol(&entry.protocol).into_iter().collect();
    if !NUMBERS.contains(&entry.number) {
        wrong.push(format!("the number must be from {} to {}.", NUMBERS.start(), NUMBERS.end()));
    }
    if !["allow", "deny"].contains(&entry.action.to_lowercase().as_str()) {
        wrong.push(format!("the action is \"allow\" or \"deny\", not \"{}\".", entry.action));
    }
    if entry.cidr.is_empty() == entry.ipv6.is_empty() {
        wrong.push("it needs either an IPv4 range or an IPv6 range.".to_owned());
    }
    if entry.protocol == "-1" && (entry.from != 0 || entry.to != 0) {
        wrong.push("an entry for all protocols has no ports: set from_port and to_port to 0.".to_owned());
    }
    if entry.from > entry.to && ["6", "17"].contains(&entry.protocol.as_str()) {
        wrong.push("from_port is greater than to_port.".to_owned());
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_mean_the_same() {
        let web = Entry { number: 1, action: "allow".into(), protocol: protocol("TCP"), cidr: "10.0.0.0/8".into(), from: 80, to: 80, ..Entry::default() };
        assert_eq!((web.protocol.as_str(), check(&web)), ("6", vec![]));
        assert!(web.same(&Entry { action: "ALLOW".into(), icmp_code: -1, ..web.clone() }));
        assert!(!web.same(&Entry { to: 81, ..web.clone() }));
        assert!(check_protocol("carrier-pigeon").is_some());
        assert_eq!(check(&Entry { number: 40000, ..web.clone() }), ["the number must be from 1 to 32766."]);
        assert_eq!(check(&Entry { protocol: "-1".into(), ..web }).len(), 1);
    }
}
