//! `aws_network_interface`

use std::time::Duration;

use aws_sdk_ec2::types::{
    AttachmentStatus, AttributeBooleanValue, AttributeValue, InstanceIpv6Address, Ipv4PrefixSpecificationRequest, Ipv6PrefixSpecificationRequest,
    NetworkInterface as Remote, NetworkInterfaceCreationType, PrivateIpAddressSpecification, ResourceType,
};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::{ApiError, Explain, ignore_gone};
use crate::marker::{self, filter};
use crate::tags::{self, Tags};
use crate::{Client, plan, unset, wait};

/// A network interface, which can move from one instance to another.
///
/// ```hcl
/// resource "aws_network_interface" "db" {
///   subnet_id       = aws_subnet.a.id
///   private_ips     = ["10.0.1.20"]
///   security_groups = [aws_security_group.db.id]
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_network_interface")]
pub(crate) struct NetworkInterface {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Description.
    #[schema(optional)]
    description: Option<String>,
    /// The first IPv6 address is one that stays.
    #[schema(optional, computed)]
    enable_primary_ipv6: Option<bool>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// `interface`, `efa`, `branch` or `trunk`.
    #[schema(optional, computed, force_new)]
    interface_type: Option<String>,
    /// Number of IPv4 prefixes.
    #[schema(optional, computed)]
    ipv4_prefix_count: Option<i64>,
    /// IPv4 prefixes.
    #[schema(optional, computed, set)]
    ipv4_prefixes: Option<Vec<String>>,
    /// Number of IPv6 addresses.
    #[schema(optional, computed)]
    ipv6_address_count: Option<i64>,
    /// IPv6 addresses in order.
    #[schema(optional, computed)]
    ipv6_address_list: Option<Vec<String>>,
    /// `ipv6_address_list` counts, and not `ipv6_addresses`.
    #[schema(optional)]
    ipv6_address_list_enabled: Option<bool>,
    /// IPv6 addresses.
    #[schema(optional, computed, set)]
    ipv6_addresses: Option<Vec<String>>,
    /// Number of IPv6 prefixes.
    #[schema(optional, computed)]
    ipv6_prefix_count: Option<i64>,
    /// IPv6 prefixes.
    #[schema(optional, computed, set)]
    ipv6_prefixes: Option<Vec<String>>,
    /// MAC address.
    #[schema(computed)]
    mac_address: Option<String>,
    /// Outpost.
    #[schema(computed)]
    outpost_arn: Option<String>,
    /// Account that owns it.
    #[schema(computed)]
    owner_id: Option<String>,
    /// Private name.
    #[schema(computed)]
    private_dns_name: Option<String>,
    /// First private address.
    #[schema(optional, computed)]
    private_ip: Option<String>,
    /// Private addresses in order.
    #[schema(optional, computed)]
    private_ip_list: Option<Vec<String>>,
    /// `private_ip_list` counts, and not `private_ips`.
    #[schema(optional)]
    private_ip_list_enabled: Option<bool>,
    /// Private addresses.
    #[schema(optional, computed, set)]
    private_ips: Option<Vec<String>>,
    /// Number of private addresses besides the first.
    #[schema(optional, computed)]
    private_ips_count: Option<i64>,
    /// Security groups.
    #[schema(optional, computed, set)]
    security_groups: Option<Vec<String>>,
    /// Only traffic from and to its own addresses passes.
    #[schema(optional, default = true)]
    source_dest_check: Option<bool>,
    /// Subnet.
    #[schema(required, force_new)]
    subnet_id: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// The instance that it is at.
    #[schema(block, set, computed)]
    attachment: Vec<Attachment>,
}

/// The instance that it is at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Attachment {
    /// Id of the attachment.
    #[schema(computed)]
    attachment_id: Option<String>,
    /// Place at the instance.
    #[schema(required)]
    device_index: Option<i64>,
    /// Instance.
    #[schema(required)]
    instance: Option<String>,
}

/// An interface, asked for together with others.
pub(crate) async fn describe(client: &Client, id: &str) -> Result<Option<Remote>, Fault> {
    client
        .batch("ec2 network interface", 150, id.to_owned(), |client, ids: Vec<String>| async move {
            let pages = client.ec2().describe_network_interfaces().filters(filter("network-interface-id", ids)).into_paginator().items().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeNetworkInterfaces")?;
            Ok(found.into_iter().filter_map(|one| Some((one.network_interface_id.clone()?, one))).collect())
        })
        .await
}

/// What has to come and go to get from one list to another.
fn changes(before: Option<&Vec<String>>, after: Option<&Vec<String>>) -> (Vec<String>, Vec<String>) {
    let Some(after) = after else { return (Vec::new(), Vec::new()) };
    let before = before.map(Vec::as_slice).unwrap_or_default();
    let new = after.iter().filter(|item| !before.contains(item)).cloned().collect();
    (new, before.iter().filter(|item| !after.contains(item)).cloned().collect())
}

impl NetworkInterface {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// The private addresses that are wanted; the first is the primary one, when it is known which.
    fn addresses(&self) -> Vec<String> {
        let list = if self.private_ip_list_enabled == Some(true) { &self.private_ip_list } else { &self.private_ips };
        let mut all = list.clone().unwrap_or_default();
        if let Some(first) = self.private_ip.as_ref().filter(|first| !first.is_empty()) {
            all.retain(|address| address != first);
            all.insert(0, first.clone());
        }
        all
    }

    fn six(&self) -> Vec<String> {
        let list = if self.ipv6_address_list_enabled == Some(true) { &self.ipv6_address_list } else { &self.ipv6_addresses };
        list.clone().unwrap_or_default()
    }

    async fn attach(client: &Client, id: &str, wanted: &Attachment, limit: Duration) -> Result<(), Fault> {
        let call = client.ec2().attach_network_interface().network_interface_id(id).set_instance_id(wanted.instance.clone());
        let call = call.device_index(wanted.device_index.unwrap_or_default() as i32);
        let passing = |error: &ApiError| error.is(&["IncorrectState", "IncorrectInstanceState"]);
        wait::retry(limit, passing, || async { call.clone().send().await.api("ec2:AttachNetworkInterface") }).await?;
        wait::until("the network interface to be attached", limit, || async {
            let found = describe(client, id).await?.and_then(|one| one.attachment);
            Ok(found.filter(|one| one.status().is_none_or(|status| *status == AttachmentStatus::Attached)).map(drop))
        })
        .await
    }

    /// Takes it from its instance, whoever has put it there.
    async fn detach(client: &Client, id: &str, limit: Duration) -> Result<(), Fault> {
        let there = describe(client, id).await?.and_then(|one| one.attachment).and_then(|attachment| attachment.attachment_id);
        let Some(attachment) = there else { return Ok(()) };
        ignore_gone(client.ec2().detach_network_interface().attachment_id(attachment).force(true).send().await.api("ec2:DetachNetworkInterface"))?;
        wait::until("the network interface to be detached", limit, || async {
            let found = describe(client, id).await?.and_then(|one| one.attachment);
            Ok(found.is_none_or(|one| one.attachment_id.is_none() || one.status() == Some(&AttachmentStatus::Detached)).then_some(()))
        })
        .await
    }

    async fn set_check(client: &Client, id: &str, check: bool) -> Result<(), Fault> {
        let value = AttributeBooleanValue::builder().value(check).build();
        client.ec2().modify_network_interface_attribute().network_interface_id(id).source_dest_check(value).send().await.api("ec2:ModifyNetworkInterfaceAttribute")?;
        Ok(())
    }

    /// What creation alone does not do.
    async fn complete(&self, client: &Client, limit: Duration) -> Result<(), Fault> {
        if self.source_dest_check == Some(false) {
            Self::set_check(client, self.id(), false).await?;
        }
        if let Some(wanted) = self.attachment.first() {
            let there = describe(client, self.id()).await?.and_then(|one| one.attachment);
            if there.is_none_or(|there| there.instance_id != wanted.instance) {
                Self::attach(client, self.id(), wanted, limit).await?;
            }
        }
        Ok(())
    }

    async fn change_addresses(&self, client: &Client, prior: &Self) -> Result<(), Fault> {
        let id = prior.id();
        let ordered = self.private_ip_list_enabled == Some(true);
        let (new, old) =
            if ordered { changes(prior.private_ip_list.as_ref(), self.private_ip_list.as_ref()) } else { changes(prior.private_ips.as_ref(), self.private_ips.as_ref()) };
        if !old.is_empty() {
            client
                .ec2()
                .unassign_private_ip_addresses()
                .network_interface_id(id)
                .set_private_ip_addresses(Some(old))
                .send()
                .await
                .api("ec2:UnassignPrivateIpAddresses")?;
        }
        if !new.is_empty() {
            client.ec2().assign_private_ip_addresses().network_interface_id(id).set_private_ip_addresses(Some(new)).send().await.api("ec2:AssignPrivateIpAddresses")?;
        }
        if let (Some(count), Some(before)) = (self.private_ips_count, prior.private_ips_count) {
            if count > before {
                let call = client.ec2().assign_private_ip_addresses().network_interface_id(id).secondary_private_ip_address_count((count - before) as i32);
                call.send().await.api("ec2:AssignPrivateIpAddresses")?;
            } else if count < before {
                let spare = prior.private_ips.iter().flatten().filter(|address| Some(*address) != prior.private_ip.as_ref()).take((before - count) as usize);
                let call = client.ec2().unassign_private_ip_addresses().network_interface_id(id).set_private_ip_addresses(Some(spare.cloned().collect()));
                call.send().await.api("ec2:UnassignPrivateIpAddresses")?;
            }
        }
        Ok(())
    }

    async fn change_six(&self, client: &Client, prior: &Self) -> Result<(), Fault> {
        let id = prior.id();
        let ordered = self.ipv6_address_list_enabled == Some(true);
        let (new, old) = if ordered {
            changes(prior.ipv6_address_list.as_ref(), self.ipv6_address_list.as_ref())
        } else {
            changes(prior.ipv6_addresses.as_ref(), self.ipv6_addresses.as_ref())
        };
        if !old.is_empty() {
            client.ec2().unassign_ipv6_addresses().network_interface_id(id).set_ipv6_addresses(Some(old)).send().await.api("ec2:UnassignIpv6Addresses")?;
        }
        if !new.is_empty() {
            client.ec2().assign_ipv6_addresses().network_interface_id(id).set_ipv6_addresses(Some(new)).send().await.api("ec2:AssignIpv6Addresses")?;
        }
        if let (Some(count), Some(before)) = (self.ipv6_address_count, prior.ipv6_address_count) {
            if count > before {
                let call = client.ec2().assign_ipv6_addresses().network_interface_id(id).ipv6_address_count((count - before) as i32);
                call.send().await.api("ec2:AssignIpv6Addresses")?;
            } else if count < before {
                let spare = prior.ipv6_addresses.iter().flatten().take((before - count) as usize).cloned().collect();
                client.ec2().unassign_ipv6_addresses().network_interface_id(id).set_ipv6_addresses(Some(spare)).send().await.api("ec2:UnassignIpv6Addresses")?;
            }
        }
        Ok(())
    }

    async fn change_prefixes(&self, client: &Client, prior: &Self) -> Result<(), Fault> {
        let id = prior.id();
        let (new, old) = changes(prior.ipv4_prefixes.as_ref(), self.ipv4_prefixes.as_ref());
        let more = self.ipv4_prefix_count.zip(prior.ipv4_prefix_count).map_or(0, |(count, before)| count - before);
        let spare = prior.ipv4_prefixes.iter().flatten().take(usize::try_from(-more).unwrap_or(0)).cloned();
        let old: Vec<String> = old.into_iter().chain(spare).collect();
        if !old.is_empty() {
            client.ec2().unassign_private_ip_addresses().network_interface_id(id).set_ipv4_prefixes(Some(old)).send().await.api("ec2:UnassignPrivateIpAddresses")?;
        }
        if !new.is_empty() || more > 0 {
            let call = client.ec2().assign_private_ip_addresses().network_interface_id(id);
            let call = if new.is_empty() { call.ipv4_prefix_count(more as i32) } else { call.set_ipv4_prefixes(Some(new)) };
            call.send().await.api("ec2:AssignPrivateIpAddresses")?;
        }
        let (new, old) = changes(prior.ipv6_prefixes.as_ref(), self.ipv6_prefixes.as_ref());
        let more = self.ipv6_prefix_count.zip(prior.ipv6_prefix_count).map_or(0, |(count, before)| count - before);
        let spare = prior.ipv6_prefixes.iter().flatten().take(usize::try_from(-more).unwrap_or(0)).cloned();
        let old: Vec<String> = old.into_iter().chain(spare).collect();
        if !old.is_empty() {
            client.ec2().unassign_ipv6_addresses().network_interface_id(id).set_ipv6_prefixes(Some(old)).send().await.api("ec2:UnassignIpv6Addresses")?;
        }
        if !new.is_empty() || more > 0 {
            let call = client.ec2().assign_ipv6_addresses().network_interface_id(id);
            let call = if new.is_empty() { call.ipv6_prefix_count(more as i32) } else { call.set_ipv6_prefixes(Some(new)) };
            call.send().await.api("ec2:AssignIpv6Addresses")?;
        }
        Ok(())
    }
}

impl Resource for NetworkInterface {
    type Client = Client;
    const MARKED: bool = true;

    fn validate(config: &Value) -> Vec<Fault> {
        let set = |name: &str| config.get(name).is_some_and(|value| !value.is_null());
        let pairs = [
            ("private_ips", "private_ips_count"),
            ("ipv4_prefixes", "ipv4_prefix_count"),
            ("ipv6_addresses", "ipv6_address_count"),
            ("ipv6_prefixes", "ipv6_prefix_count"),
        ];
        let both = pairs.into_iter().filter(|(list, count)| set(list) && set(count));
        both.map(|(list, count)| Fault::attribute(Path::attr(count), "Conflicting arguments", format!("Set either {list} or {count}."))).collect()
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        if plan.creating() {
            return Ok(());
        }
        // Addresses are shown in several attributes: one that changes takes the others with it.
        let groups: [&[&str]; 4] = [
            &["private_ips", "private_ips_count", "private_ip_list"],
            &["ipv6_addresses", "ipv6_address_count", "ipv6_address_list"],
            &["ipv4_prefixes", "ipv4_prefix_count"],
            &["ipv6_prefixes", "ipv6_prefix_count"],
        ];
        for group in groups {
            let changed: Vec<&str> = group.iter().copied().filter(|name| plan.changed(name)).collect();
            if changed.is_empty() {
                continue;
            }
            for name in group.iter().filter(|name| !changed.contains(name)) {
                if plan.config(name).is_null() {
                    plan.unknown(name);
                }
            }
        }
        // The first address stays for life.
        let (first, wanted) = (plan.prior("private_ip"), plan.planned("private_ips"));
        if plan.changed("private_ips") && wanted.is_wholly_known() && !wanted.is_null() && !wanted.elements().any(|address| *address == first) {
            plan.force_new("private_ips");
            plan.unknown("private_ip");
        }
        if plan.changed("private_ip") && plan.planned("private_ip").is_known() {
            plan.force_new("private_ip");
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(None, 10)?;
        let count = |number: Option<i64>| number.filter(|number| *number > 0).map(|number| number as i32);
        let addresses = planned.addresses();
        let listed = addresses.iter().enumerate().map(|(at, address)| PrivateIpAddressSpecification::builder().primary(at == 0).private_ip_address(address).build());
        let six: Vec<_> = planned.six().iter().map(|address| InstanceIpv6Address::builder().ipv6_address(address).build()).collect();
        let four_prefixes =
            planned.ipv4_prefixes.iter().flatten().map(|prefix| Ipv4PrefixSpecificationRequest::builder().ipv4_prefix(prefix).build()).collect::<Vec<_>>();
        let six_prefixes = planned.ipv6_prefixes.iter().flatten().map(|prefix| Ipv6PrefixSpecificationRequest::builder().ipv6_prefix(prefix).build()).collect::<Vec<_>>();
        let call = client
            .ec2()
            .create_network_interface()
            .set_subnet_id(planned.subnet_id.clone())
            .set_description(planned.description.clone().filter(|text| !text.is_empty()))
            .set_groups(planned.security_groups.clone().filter(|groups| !groups.is_empty()))
            .set_private_ip_addresses((!addresses.is_empty()).then(|| listed.collect()))
            .set_secondary_private_ip_address_count(count(planned.private_ips_count))
            .set_ipv6_addresses((!six.is_empty()).then_some(six))
            .set_ipv6_address_count(count(planned.ipv6_address_count))
            .set_ipv4_prefixes((!four_prefixes.is_empty()).then_some(four_prefixes))
            .set_ipv4_prefix_count(count(planned.ipv4_prefix_count))
            .set_ipv6_prefixes((!six_prefixes.is_empty()).then_some(six_prefixes))
            .set_ipv6_prefix_count(count(planned.ipv6_prefix_count))
            .set_enable_primary_ipv6(planned.enable_primary_ipv6)
            // An ordinary one is not a kind that can be asked for.
            .set_interface_type(planned.interface_type.as_deref().filter(|kind| !["", "interface"].contains(kind)).map(NetworkInterfaceCreationType::from))
            .client_token(operation.token)
            .tag_specifications(client.new_tags(ResourceType::NetworkInterface, &planned.tags, operation.token));
        let passing = |error: &ApiError| error.is(&["InvalidGroup.NotFound"]);
        let answer = wait::retry(Duration::from_secs(30), passing, || async { call.clone().send().await.api("ec2:CreateNetworkInterface") }).await?;
        let id = answer.network_interface.and_then(|one| one.network_interface_id);
        let id = id.ok_or_else(|| Fault::uncertain("ec2:CreateNetworkInterface failed", "The answer holds no interface."))?;
        let created = Self { id: Some(id), ..planned };
        operation.created(&Self { attachment: Vec::new(), ..created.clone() })?;
        wait::appear("network interface", || describe(client, created.id())).await?;
        created.complete(client, limit).await?;
        wait::appear("network interface", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(found) = describe(client, prior.id()).await? else { return Ok(None) };
        let (tags, tags_all) = client.tag_rules().read(tags::of_ec2(found.tag_set()), &prior.tags);
        let text = |text: Option<&str>| Some(text.unwrap_or_default().to_owned());
        let owner = found.owner_id.clone().unwrap_or_default();
        let mut addresses: Vec<(bool, String)> =
            found.private_ip_addresses().iter().filter_map(|one| Some((one.primary != Some(true), one.private_ip_address.clone()?))).collect();
        // The first one first; the others as they come.
        addresses.sort_by_key(|(secondary, _)| *secondary);
        let addresses: Vec<String> = addresses.into_iter().map(|(_, address)| address).collect();
        let six: Vec<String> = found.ipv6_addresses().iter().filter_map(|one| one.ipv6_address.clone()).collect();
        let four_prefixes: Vec<String> = found.ipv4_prefixes().iter().filter_map(|one| one.ipv4_prefix.clone()).collect();
        let six_prefixes: Vec<String> = found.ipv6_prefixes().iter().filter_map(|one| one.ipv6_prefix.clone()).collect();
        let attachment = found.attachment().filter(|one| one.instance_id.as_ref().is_some_and(|id| !id.is_empty()) && one.status() != Some(&AttachmentStatus::Detached));
        let attachment = attachment.map(|one| Attachment {
            attachment_id: one.attachment_id.clone(),
            device_index: Some(one.device_index.map_or(0, i64::from)),
            instance: one.instance_id.clone(),
        });
        Ok(Some(Self {
            arn: Some(client.arn("ec2", &owner, &format!("network-interface/{}", prior.id()))),
            description: unset::text(prior.description.as_ref(), found.description()),
            enable_primary_ipv6: prior.enable_primary_ipv6,
            id: found.network_interface_id.clone(),
            interface_type: text(found.interface_type().map(|kind| kind.as_str())),
            ipv4_prefix_count: Some(four_prefixes.len() as i64),
            ipv4_prefixes: Some(four_prefixes),
            ipv6_address_count: Some(six.len() as i64),
            ipv6_address_list: Some(six.clone()),
            ipv6_address_list_enabled: prior.ipv6_address_list_enabled,
            ipv6_addresses: Some(six),
            ipv6_prefix_count: Some(six_prefixes.len() as i64),
            ipv6_prefixes: Some(six_prefixes),
            mac_address: text(found.mac_address()),
            outpost_arn: text(found.outpost_arn()),
            owner_id: Some(owner),
            private_dns_name: text(found.private_dns_name()),
            private_ip: text(found.private_ip_address()),
            private_ip_list: Some(addresses.clone()),
            private_ip_list_enabled: prior.private_ip_list_enabled,
            private_ips_count: Some(addresses.len().saturating_sub(1) as i64),
            private_ips: Some(addresses),
            security_groups: Some(found.groups().iter().filter_map(|group| group.group_id.clone()).collect()),
            source_dest_check: Some(found.source_dest_check.unwrap_or(true)),
            subnet_id: found.subnet_id.clone(),
            tags,
            tags_all,
            attachment: attachment.into_iter().collect(),
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(None, 10)?;
        let id = prior.id();
        let place = |state: &Self| state.attachment.first().map(|one| (one.instance.clone(), one.device_index));
        if place(&prior) != place(&planned) {
            Self::detach(client, id, limit).await?;
            if let Some(wanted) = planned.attachment.first() {
                Self::attach(client, id, wanted, limit).await?;
            }
        }
        planned.change_addresses(client, &prior).await?;
        planned.change_six(client, &prior).await?;
        planned.change_prefixes(client, &prior).await?;
        if prior.source_dest_check != planned.source_dest_check {
            Self::set_check(client, id, planned.source_dest_check.unwrap_or(true)).await?;
        }
        let modify = || client.ec2().modify_network_interface_attribute().network_interface_id(id);
        if let Some(groups) = planned.security_groups.clone().filter(|groups| prior.security_groups.as_ref() != Some(groups)) {
            modify().set_groups(Some(groups)).send().await.api("ec2:ModifyNetworkInterfaceAttribute")?;
        }
        if prior.description.as_deref().unwrap_or_default() != planned.description.as_deref().unwrap_or_default() {
            let value = AttributeValue::builder().value(planned.description.clone().unwrap_or_default()).build();
            modify().description(value).send().await.api("ec2:ModifyNetworkInterfaceAttribute")?;
        }
        if planned.enable_primary_ipv6 == Some(true) && prior.enable_primary_ipv6 != Some(true) {
            modify().enable_primary_ipv6(true).send().await.api("ec2:ModifyNetworkInterfaceAttribute")?;
        }
        client.retag(id, &prior.tags_all, &planned.tags).await?;
        let found = Self { id: prior.id.clone(), ..planned };
        Self::read(client, found).await?.ok_or_else(|| Fault::not_found("The network interface is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let limit = wait::limit(None, 20)?;
        Self::detach(client, prior.id(), limit).await?;
        let passing = |error: &ApiError| error.is(&["InvalidParameterValue", "InvalidNetworkInterface.InUse"]) && error.message.contains("in use");
        let call = || async { client.ec2().delete_network_interface().network_interface_id(prior.id()).send().await.api("ec2:DeleteNetworkInterface") };
        ignore_gone(wait::retry(limit, passing, call).await)?;
        wait::until("the network interface to go", limit, || async { Ok(describe(client, prior.id()).await?.is_none().then_some(())) }).await
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        let Some(id) = marker::find(client, "eni", token).await? else { return Ok(None) };
        let found = Self { id: Some(id), ..planned };
        found.complete(client, wait::limit(None, 10)?).await?;
        Self::read(client, found).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, client, lab, text};

    const NAME: &str = "aws_network_interface";

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.101.0.0/16"})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.101.1.0/24"})).await, "id");
        let group = |name: &str| json!({"name": name, "vpc_id": vpc});
        let one = text(&lab.make("aws_security_group", group("eni-one")).await, "id");
        let two = text(&lab.make("aws_security_group", group("eni-two")).await, "id");
        let base = |ips: &[&str], group: &str, text: &str| json!({"subnet_id": subnet, "private_ips": ips, "security_groups": [group], "description": text});
        let mut open = base(&["10.101.1.20", "10.101.1.21"], &two, "other");
        open["source_dest_check"] = json!(false);
        open["tags"] = json!({"Name": "eni"});
        let state = Lifecycle::new(&lab, NAME, base(&["10.101.1.20"], &one, "eni"))
            .update(base(&["10.101.1.20", "10.101.1.21"], &one, "eni"))
            .update(base(&["10.101.1.20", "10.101.1.21"], &two, "other"))
            .update(open)
            .import_ignores(&["private_ip_list_enabled", "ipv6_address_list_enabled"])
            .run()
            .await;
        assert_eq!((text(&state, "private_ip"), state.get("private_ips_count").and_then(|count| count.as_i64())), ("10.101.1.20".to_owned(), Some(1)));
        let planned = lab.plan(NAME, Some(&state), &base(&["10.101.1.30"], &two, "other")).await.expect("plan");
        assert!(planned.requires_replace.iter().any(|path| path.to_string() == ".private_ips"), "the first address stays");
        let faults = lab.refused(NAME, json!({"subnet_id": subnet, "private_ips": ["10.101.1.9"], "private_ips_count": 2})).await;
        assert_eq!(faults[0].summary, "Conflicting arguments");
    }

    #[tokio::test]
    async fn attached() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.102.0.0/16"})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.102.1.0/24"})).await, "id");
        let run = client().await.ec2().run_instances().image_id("ami-12c6146b").subnet_id(&subnet).min_count(1).max_count(1).send().await.expect("instance");
        let instance = run.instances()[0].instance_id().expect("id").to_owned();
        let config = json!({"subnet_id": subnet, "attachment": [{"instance": instance, "device_index": 1}]});
        let state = Lifecycle::new(&lab, NAME, config).run().await;
        assert_eq!(state.get("attachment").expect("attachment").length(), Some(1));
    }
}
