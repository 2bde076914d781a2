//! What changes of an instance while it stays the same one.

use std::time::Duration;

use aws_sdk_ec2::types as ec2;
use aws_sdk_ec2::types::{AttributeBooleanValue, AttributeValue, InstanceAttributeName, InstanceStateName};
use weir_provider::Fault;
use weir_provider::native::ResourcePlan;
use weir_value::Value;

use crate::api::{ApiError, Explain};
use crate::instance_parts::RootDevice;
use crate::marker::filter;
use crate::resource::ebs_volume;
use crate::resource::instance::{Instance, describe, running, state};
use crate::wire::ToSdk;
use crate::{Client, wait};

fn switch(on: bool) -> AttributeBooleanValue {
    AttributeBooleanValue::builder().value(on).build()
}

/// Lets only traffic from and to its own addresses pass, or all.
pub(crate) async fn set_check(client: &Client, id: &str, check: bool) -> Result<(), Fault> {
    client.ec2().modify_instance_attribute().instance_id(id).source_dest_check(switch(check)).send().await.api("ec2:ModifyInstanceAttribute")?;
    Ok(())
}

/// Protects it from termination, or not.
pub(crate) async fn set_termination(client: &Client, id: &str, disabled: bool) -> Result<(), Fault> {
    client.ec2().modify_instance_attribute().instance_id(id).disable_api_termination(switch(disabled)).send().await.api("ec2:ModifyInstanceAttribute")?;
    Ok(())
}

/// Protects it from being stopped, or not.
pub(crate) async fn set_stop(client: &Client, id: &str, disabled: bool) -> Result<(), Fault> {
    client.ec2().modify_instance_attribute().instance_id(id).disable_api_stop(switch(disabled)).send().await.api("ec2:ModifyInstanceAttribute")?;
    Ok(())
}

/// Gives its first interface other secondary addresses.
pub(crate) async fn set_addresses(client: &Client, id: &str, before: &[String], after: &[String]) -> Result<(), Fault> {
    let old: Vec<String> = before.iter().filter(|ip| !after.contains(ip)).cloned().collect();
    let new: Vec<String> = after.iter().filter(|ip| !before.contains(ip)).cloned().collect();
    if old.is_empty() && new.is_empty() {
        return Ok(());
    }
    let Some(interface) = first_interface(client, id).await? else { return Ok(()) };
    if !old.is_empty() {
        let call = client.ec2().unassign_private_ip_addresses().network_interface_id(&interface).set_private_ip_addresses(Some(old));
        call.send().await.api("ec2:UnassignPrivateIpAddresses")?;
    }
    if !new.is_empty() {
        let call = client.ec2().assign_private_ip_addresses().network_interface_id(&interface).set_private_ip_addresses(Some(new));
        call.send().await.api("ec2:AssignPrivateIpAddresses")?;
    }
    Ok(())
}

/// The id of its first interface.
async fn first_interface(client: &Client, id: &str) -> Result<Option<String>, Fault> {
    let Some((instance, _)) = describe(client, id).await? else { return Ok(None) };
    let first = instance.network_interfaces().iter().find(|one| one.attachment().and_then(|place| place.device_index()) == Some(0));
    Ok(first.and_then(|one| one.network_interface_id.clone()))
}

/// Speeds of the root volume that were not chosen follow from its new type and size.
pub(crate) fn plan_root(plan: &mut ResourcePlan<'_>) {
    let (prior, config) = (plan.prior("root_block_device"), plan.config("root_block_device"));
    let (Some(before), Some(written)) = (prior.elements().next(), config.elements().next()) else { return };
    let differs = |name: &str| written.get(name).is_some_and(|now| !now.is_null() && before.get(name) != Some(now));
    if !differs("volume_type") && !differs("volume_size") {
        return;
    }
    let unset = |name: &str| written.get(name).is_none_or(|value| value.is_null());
    let planned = plan.planned("root_block_device").transform(&mut |path, value| {
        let text = path.to_string();
        let computed = path.0.len() == 2 && ["iops", "throughput"].iter().any(|name| text.ends_with(&format!(".{name}")) && unset(name));
        if computed { Value::unknown(weir_value::Type::Number) } else { value }
    });
    plan.set("root_block_device", planned);
}

/// Stops it, changes what can only change then, and starts it again if it ran.
async fn while_stopped<F>(client: &Client, id: &str, limit: Duration, change: impl Fn() -> F) -> Result<(), Fault>
where
    F: Future<Output = Result<(), Fault>>,
{
    let ran = state(client, id).await? != Some(InstanceStateName::Stopped);
    if ran {
        client.ec2().stop_instances().instance_ids(id).send().await.api("ec2:StopInstances")?;
        wait::until("the instance to stop", limit, || async { Ok((state(client, id).await? == Some(InstanceStateName::Stopped)).then_some(())) }).await?;
    }
    let done = change().await;
    if ran {
        // A change that was refused must not leave it stopped.
        let passing = |error: &ApiError| error.is(&["IncorrectInstanceState"]);
        wait::retry(limit, passing, || async { client.ec2().start_instances().instance_ids(id).send().await.api("ec2:StartInstances") }).await?;
        running(client, id, limit).await?;
    }
    done
}

impl Instance {
    /// Brings it from what it was to what it shall be.
    pub(crate) async fn change(&self, client: &Client, prior: &Self, limit: Duration) -> Result<(), Fault> {
        let id = self.id.as_deref().unwrap_or_default();
        // Whoever plans a stop means it: the protection goes first.
        if self.disable_api_stop != prior.disable_api_stop && self.disable_api_stop == Some(false) {
            set_stop(client, id, false).await?;
        }
        self.change_stopped(client, prior, id, limit).await?;
        if self.source_dest_check != prior.source_dest_check && self.network_interface.is_empty() {
            set_check(client, id, self.source_dest_check.unwrap_or(true)).await?;
        }
        self.change_attributes(client, prior, id).await?;
        set_addresses(
            client,
            id,
            prior.secondary_private_ips.as_deref().unwrap_or_default(),
            self.secondary_private_ips.as_deref().or(prior.secondary_private_ips.as_deref()).unwrap_or_default(),
        )
        .await?;
        self.change_six(client, prior, id).await?;
        self.change_profile(client, prior, id).await?;
        self.change_options(client, prior, id).await?;
        self.change_root(client, prior, id, limit).await?;
        self.change_volume_tags(client, prior, id).await
    }

    async fn change_stopped(&self, client: &Client, prior: &Self, id: &str, limit: Duration) -> Result<(), Fault> {
        let differs = |now: &Option<String>, before: &Option<String>| now.is_some() && now != before;
        let kind = self.instance_type.clone().filter(|_| differs(&self.instance_type, &prior.instance_type));
        // What is taken away becomes empty.
        let told = self.user_data != prior.user_data || self.user_data_base64 != prior.user_data_base64;
        let data = told.then(|| self.data().unwrap_or_default());
        if kind.is_none() && data.is_none() {
            return Ok(());
        }
        // One attribute a call: the API takes no more.
        while_stopped(client, id, limit, || async {
            let call = || client.ec2().modify_instance_attribute().instance_id(id);
            if let Some(kind) = &kind {
                call().instance_type(AttributeValue::builder().value(kind).build()).send().await.api("ec2:ModifyInstanceAttribute")?;
            }
            if let Some(data) = &data {
                // The plain form, in which the value is Base64 already.
                call().attribute(InstanceAttributeName::UserData).value(data).send().await.api("ec2:ModifyInstanceAttribute")?;
            }
            Ok(())
        })
        .await
    }

    async fn change_attributes(&self, client: &Client, prior: &Self, id: &str) -> Result<(), Fault> {
        let call = || client.ec2().modify_instance_attribute().instance_id(id);
        if let Some(groups) = self.vpc_security_group_ids.clone().filter(|groups| prior.vpc_security_group_ids.as_ref() != Some(groups) && !groups.is_empty()) {
            call().set_groups(Some(groups)).send().await.api("ec2:ModifyInstanceAttribute")?;
        }
        if let Some(disabled) = self.disable_api_termination.filter(|disabled| prior.disable_api_termination != Some(*disabled)) {
            set_termination(client, id, disabled).await?;
        }
        if self.disable_api_stop == Some(true) && prior.disable_api_stop != Some(true) {
            set_stop(client, id, true).await?;
        }
        let behavior = self.instance_initiated_shutdown_behavior.as_deref().filter(|now| prior.instance_initiated_shutdown_behavior.as_deref() != Some(now));
        if let Some(behavior) = behavior {
            let value = AttributeValue::builder().value(behavior).build();
            call().instance_initiated_shutdown_behavior(value).send().await.api("ec2:ModifyInstanceAttribute")?;
        }
        match self.monitoring.filter(|on| prior.monitoring != Some(*on)) {
            Some(true) => client.ec2().monitor_instances().instance_ids(id).send().await.api("ec2:MonitorInstances").map(drop)?,
            Some(false) => client.ec2().unmonitor_instances().instance_ids(id).send().await.api("ec2:UnmonitorInstances").map(drop)?,
            None => {}
        }
        Ok(())
    }

    /// IPv6 addresses of the first interface, by list or by number.
    async fn change_six(&self, client: &Client, prior: &Self, id: &str) -> Result<(), Fault> {
        let before = prior.ipv6_addresses.clone().unwrap_or_default();
        let listed = self.ipv6_addresses.clone().filter(|all| *all != before);
        let more = self.ipv6_address_count.map_or(0, |count| count - before.len() as i64);
        let primary = self.enable_primary_ipv6 == Some(true) && prior.enable_primary_ipv6 != Some(true);
        if listed.is_none() && more == 0 && !primary {
            return Ok(());
        }
        let Some(interface) = first_interface(client, id).await? else { return Ok(()) };
        let (new, old) = match listed {
            Some(all) => {
                let old: Vec<String> = before.iter().filter(|address| !all.contains(address)).cloned().collect();
                (all.into_iter().filter(|address| !before.contains(address)).collect::<Vec<_>>(), old)
            }
            None => (Vec::new(), before.iter().rev().take(usize::try_from(-more).unwrap_or(0)).cloned().collect()),
        };
        if !old.is_empty() {
            let call = client.ec2().unassign_ipv6_addresses().network_interface_id(&interface).set_ipv6_addresses(Some(old));
            call.send().await.api("ec2:UnassignIpv6Addresses")?;
        }
        let assign = || client.ec2().assign_ipv6_addresses().network_interface_id(&interface);
        if !new.is_empty() {
            assign().set_ipv6_addresses(Some(new)).send().await.api("ec2:AssignIpv6Addresses")?;
        } else if self.ipv6_addresses.as_ref().is_none_or(|all| *all == before) && more > 0 {
            assign().ipv6_address_count(more as i32).send().await.api("ec2:AssignIpv6Addresses")?;
        }
        if primary {
            let call = client.ec2().modify_network_interface_attribute().network_interface_id(&interface).enable_primary_ipv6(true);
            call.send().await.api("ec2:ModifyNetworkInterfaceAttribute")?;
        }
        Ok(())
    }

    async fn change_profile(&self, client: &Client, prior: &Self, id: &str) -> Result<(), Fault> {
        let name = |state: &Self| state.iam_instance_profile.clone().unwrap_or_default();
        let (before, after) = (name(prior), name(self));
        if before == after {
            return Ok(());
        }
        let answer = client.ec2().describe_iam_instance_profile_associations().filters(filter("instance-id", [id])).send().await;
        let there = answer.api("ec2:DescribeIamInstanceProfileAssociations")?.iam_instance_profile_associations.unwrap_or_default();
        let association = there.into_iter().find_map(|one| one.association_id);
        let profile = ec2::IamInstanceProfileSpecification::builder().name(&after).build();
        // A new profile is not seen everywhere at once.
        let passing = |error: &ApiError| error.is(&["InvalidParameterValue"]) && error.message.contains("IAM Instance Profile");
        let limit = Duration::from_secs(120);
        match association {
            Some(association) if after.is_empty() => {
                client.ec2().disassociate_iam_instance_profile().association_id(association).send().await.api("ec2:DisassociateIamInstanceProfile")?;
            }
            Some(association) => {
                let call = client.ec2().replace_iam_instance_profile_association().association_id(association).iam_instance_profile(profile);
                wait::retry(limit, passing, || async { call.clone().send().await.api("ec2:ReplaceIamInstanceProfileAssociation") }).await?;
            }
            None if after.is_empty() => {}
            None => {
                let call = client.ec2().associate_iam_instance_profile().instance_id(id).iam_instance_profile(profile);
                wait::retry(limit, passing, || async { call.clone().send().await.api("ec2:AssociateIamInstanceProfile") }).await?;
            }
        }
        Ok(())
    }

    async fn change_options(&self, client: &Client, prior: &Self, id: &str) -> Result<(), Fault> {
        if let Some(options) = self.metadata_options.first().filter(|_| self.metadata_options != prior.metadata_options) {
            let wanted: ec2::InstanceMetadataOptionsRequest = options.to_sdk();
            let call = client
                .ec2()
                .modify_instance_metadata_options()
                .instance_id(id)
                .set_http_endpoint(wanted.http_endpoint)
                .set_http_protocol_ipv6(wanted.http_protocol_ipv6)
                .set_http_put_response_hop_limit(wanted.http_put_response_hop_limit)
                .set_http_tokens(wanted.http_tokens)
                .set_instance_metadata_tags(wanted.instance_metadata_tags);
            call.send().await.api("ec2:ModifyInstanceMetadataOptions")?;
        }
        let credits = self.credit_specification.first().filter(|_| self.credit_specification != prior.credit_specification).and_then(|one| one.cpu_credits.clone());
        if let Some(credits) = credits {
            let one = ec2::InstanceCreditSpecificationRequest::builder().instance_id(id).cpu_credits(credits).build();
            client.ec2().modify_instance_credit_specification().instance_credit_specifications(one).send().await.api("ec2:ModifyInstanceCreditSpecification")?;
        }
        let recovery = self.maintenance_options.first().filter(|_| self.maintenance_options != prior.maintenance_options).and_then(|one| one.auto_recovery.clone());
        if let Some(recovery) = recovery {
            let call = client.ec2().modify_instance_maintenance_options().instance_id(id).auto_recovery(recovery.as_str().into());
            call.send().await.api("ec2:ModifyInstanceMaintenanceOptions")?;
        }
        let reservation = self.capacity_reservation_specification.first();
        if let Some(reservation) = reservation.filter(|_| self.capacity_reservation_specification != prior.capacity_reservation_specification) {
            let call = client.ec2().modify_instance_capacity_reservation_attributes().instance_id(id).capacity_reservation_specification(reservation.to_sdk());
            call.send().await.api("ec2:ModifyInstanceCapacityReservationAttributes")?;
        }
        if let Some(names) = self.private_dns_name_options.first().filter(|_| self.private_dns_name_options != prior.private_dns_name_options) {
            let call = client
                .ec2()
                .modify_private_dns_name_options()
                .instance_id(id)
                .set_enable_resource_name_dns_a_record(names.enable_resource_name_dns_a_record)
                .set_enable_resource_name_dns_aaaa_record(names.enable_resource_name_dns_aaaa_record);
            call.send().await.api("ec2:ModifyPrivateDnsNameOptions")?;
        }
        Ok(())
    }

    async fn change_root(&self, client: &Client, prior: &Self, id: &str, limit: Duration) -> Result<(), Fault> {
        let (Some(after), Some(before)) = (self.root_block_device.first(), prior.root_block_device.first()) else { return Ok(()) };
        let number = |now: Option<i64>, then: Option<i64>| now.filter(|now| Some(*now) != then && *now > 0).map(|now| now as i32);
        let kind = after.volume_type.clone().filter(|kind| before.volume_type.as_ref() != Some(kind) && !kind.is_empty());
        let (size, iops) = (number(after.volume_size, before.volume_size), number(after.iops, before.iops));
        let throughput = number(after.throughput, before.throughput);
        let volume = before.volume_id.clone().unwrap_or_default();
        if kind.is_some() || size.is_some() || iops.is_some() || throughput.is_some() {
            let call = client.ec2().modify_volume().volume_id(&volume).set_size(size).set_iops(iops).set_throughput(throughput);
            call.set_volume_type(kind.map(|kind| kind.as_str().into())).send().await.api("ec2:ModifyVolume")?;
            ebs_volume::modified(client, &volume, limit).await?;
        }
        let RootDevice { delete_on_termination, device_name, .. } = before;
        if after.delete_on_termination != *delete_on_termination {
            let ebs = ec2::EbsInstanceBlockDeviceSpecification::builder().set_delete_on_termination(after.delete_on_termination).volume_id(&volume).build();
            let device = ec2::InstanceBlockDeviceMappingSpecification::builder().set_device_name(device_name.clone()).ebs(ebs).build();
            client.ec2().modify_instance_attribute().instance_id(id).block_device_mappings(device).send().await.api("ec2:ModifyInstanceAttribute")?;
        }
        Ok(())
    }

    async fn change_volume_tags(&self, client: &Client, prior: &Self, id: &str) -> Result<(), Fault> {
        if self.volume_tags == prior.volume_tags {
            return Ok(());
        }
        let Some((instance, _)) = describe(client, id).await? else { return Ok(()) };
        for volume in instance.block_device_mappings().iter().filter_map(|one| one.ebs()?.volume_id()) {
            client.retag(volume, &prior.volume_tags, &self.volume_tags).await?;
        }
        Ok(())
    }
}
