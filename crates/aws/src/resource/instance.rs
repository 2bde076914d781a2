//! `aws_instance`

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_ec2::types as ec2;
use aws_sdk_ec2::types::{InstanceAttributeName, InstanceStateName};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::{Explain, ignore_gone};
use crate::instance_parts::*;
use crate::instance_update;
use crate::marker::{self, filter};
use crate::resource::ebs_volume;
use crate::tags::{self, Tags};
use crate::timeouts::timeouts;
use crate::wire::FromSdk;
use crate::{Client, keep, plan, wait};

/// A virtual machine.
///
/// ```hcl
/// resource "aws_instance" "web" {
///   ami           = data.aws_ami.debian.id
///   instance_type = "t4g.small"
///   subnet_id     = aws_subnet.a.id
///
///   tags = { Name = "web" }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_instance", version = 1)]
pub(crate) struct Instance {
    /// Image.
    #[schema(optional, computed, force_new)]
    pub(crate) ami: Option<String>,
    /// ARN.
    #[schema(computed)]
    pub(crate) arn: Option<String>,
    /// It has a public address.
    #[schema(optional, computed, force_new)]
    pub(crate) associate_public_ip_address: Option<bool>,
    /// Availability zone.
    #[schema(optional, computed, force_new)]
    pub(crate) availability_zone: Option<String>,
    /// CPU core count.
    #[schema(optional, computed, force_new, deprecated = "use 'cpu_options' argument instead")]
    pub(crate) cpu_core_count: Option<i64>,
    /// CPU threads per core.
    #[schema(optional, computed, force_new, deprecated = "use 'cpu_options' argument instead")]
    pub(crate) cpu_threads_per_core: Option<i64>,
    /// Disable API stop.
    #[schema(optional, computed)]
    pub(crate) disable_api_stop: Option<bool>,
    /// Disable API termination.
    #[schema(optional, computed)]
    pub(crate) disable_api_termination: Option<bool>,
    /// EBS optimized.
    #[schema(optional, computed, force_new)]
    pub(crate) ebs_optimized: Option<bool>,
    /// Enable primary IPv6.
    #[schema(optional, computed)]
    pub(crate) enable_primary_ipv6: Option<bool>,
    /// Ask for the password of Windows.
    #[schema(optional, default = false)]
    pub(crate) get_password_data: Option<bool>,
    /// It can hibernate.
    #[schema(optional, force_new)]
    pub(crate) hibernation: Option<bool>,
    /// Host id.
    #[schema(optional, computed, force_new)]
    pub(crate) host_id: Option<String>,
    /// Host resource group ARN.
    #[schema(optional, computed, force_new)]
    pub(crate) host_resource_group_arn: Option<String>,
    /// Instance profile, by name.
    #[schema(optional, computed)]
    pub(crate) iam_instance_profile: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    pub(crate) id: Option<String>,
    /// `stop` or `terminate`.
    #[schema(optional, computed)]
    pub(crate) instance_initiated_shutdown_behavior: Option<String>,
    /// `spot` of a spot instance.
    #[schema(computed)]
    pub(crate) instance_lifecycle: Option<String>,
    /// Instance state.
    #[schema(computed)]
    pub(crate) instance_state: Option<String>,
    /// Instance type.
    #[schema(optional, computed)]
    pub(crate) instance_type: Option<String>,
    /// IPv6 address count.
    #[schema(optional, computed)]
    pub(crate) ipv6_address_count: Option<i64>,
    /// IPv6 addresses.
    #[schema(optional, computed)]
    pub(crate) ipv6_addresses: Option<Vec<String>>,
    /// Key name.
    #[schema(optional, computed, force_new)]
    pub(crate) key_name: Option<String>,
    /// Monitoring.
    #[schema(optional, computed)]
    pub(crate) monitoring: Option<bool>,
    /// Outpost ARN.
    #[schema(computed)]
    pub(crate) outpost_arn: Option<String>,
    /// Password data.
    #[schema(computed)]
    pub(crate) password_data: Option<String>,
    /// Placement group.
    #[schema(optional, computed, force_new)]
    pub(crate) placement_group: Option<String>,
    /// Placement partition number.
    #[schema(optional, computed, force_new)]
    pub(crate) placement_partition_number: Option<i64>,
    /// Primary network interface id.
    #[schema(computed)]
    pub(crate) primary_network_interface_id: Option<String>,
    /// Private DNS.
    #[schema(computed)]
    pub(crate) private_dns: Option<String>,
    /// First private address.
    #[schema(optional, computed, force_new)]
    pub(crate) private_ip: Option<String>,
    /// Public DNS.
    #[schema(computed)]
    pub(crate) public_dns: Option<String>,
    /// Public IP.
    #[schema(computed)]
    pub(crate) public_ip: Option<String>,
    /// Further private addresses.
    #[schema(optional, computed, set)]
    pub(crate) secondary_private_ips: Option<Vec<String>>,
    /// Security groups by name, outside VPCs.
    #[schema(optional, computed, set, force_new)]
    pub(crate) security_groups: Option<Vec<String>>,
    /// Only traffic from and to its own addresses passes.
    #[schema(optional, default = true)]
    pub(crate) source_dest_check: Option<bool>,
    /// Spot instance request id.
    #[schema(computed)]
    pub(crate) spot_instance_request_id: Option<String>,
    /// Subnet.
    #[schema(optional, computed, force_new)]
    pub(crate) subnet_id: Option<String>,
    /// Tags.
    #[schema(optional)]
    pub(crate) tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    pub(crate) tags_all: Tags,
    /// `default`, `dedicated` or `host`.
    #[schema(optional, computed, force_new)]
    pub(crate) tenancy: Option<String>,
    /// User data as text.
    #[schema(optional, computed)]
    pub(crate) user_data: Option<String>,
    /// User data in Base64.
    #[schema(optional, computed)]
    pub(crate) user_data_base64: Option<String>,
    /// Other user data makes another instance.
    #[schema(optional, default = false)]
    pub(crate) user_data_replace_on_change: Option<bool>,
    /// Tags of the volumes that it begins with.
    #[schema(optional)]
    pub(crate) volume_tags: Option<BTreeMap<String, String>>,
    /// Security groups, in a VPC.
    #[schema(optional, computed, set)]
    pub(crate) vpc_security_group_ids: Option<Vec<String>>,
    /// Capacity reservation specification.
    #[schema(block, max = 1, computed)]
    pub(crate) capacity_reservation_specification: Vec<Reservation>,
    /// CPU options.
    #[schema(block, max = 1, computed)]
    pub(crate) cpu_options: Vec<Cpu>,
    /// Credit specification.
    #[schema(block, max = 1, computed)]
    pub(crate) credit_specification: Vec<Credit>,
    /// EBS block device.
    #[schema(block, set, computed)]
    pub(crate) ebs_block_device: Vec<EbsDevice>,
    /// Enclave options.
    #[schema(block, max = 1, computed)]
    pub(crate) enclave_options: Vec<Enclave>,
    /// Ephemeral block device.
    #[schema(block, set, computed)]
    pub(crate) ephemeral_block_device: Vec<EphemeralDevice>,
    /// Instance market options.
    #[schema(block, max = 1, computed)]
    pub(crate) instance_market_options: Vec<Market>,
    /// Launch template.
    #[schema(block, max = 1)]
    pub(crate) launch_template: Vec<Template>,
    /// Maintenance options.
    #[schema(block, max = 1, computed)]
    pub(crate) maintenance_options: Vec<Maintenance>,
    /// Metadata options.
    #[schema(block, max = 1, computed)]
    pub(crate) metadata_options: Vec<Metadata>,
    /// Network interface.
    #[schema(block, set, computed)]
    pub(crate) network_interface: Vec<Interface>,
    /// Private DNS name options.
    #[schema(block, max = 1, computed)]
    pub(crate) private_dns_name_options: Vec<DnsNames>,
    /// Root block device.
    #[schema(block, max = 1, computed)]
    pub(crate) root_block_device: Vec<RootDevice>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(create, delete, read, update);

/// An instance and its owner.
type Found = (ec2::Instance, String);

/// An instance, asked for together with others.
pub(crate) async fn describe(client: &Client, id: &str) -> Result<Option<Found>, Fault> {
    client
        .batch("ec2 instance", 150, id.to_owned(), |client, ids: Vec<String>| async move {
            let pages = client.ec2().describe_instances().filters(filter("instance-id", ids)).into_paginator().items().send();
            let mut found = HashMap::new();
            for reservation in pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeInstances")? {
                let owner = reservation.owner_id.unwrap_or_default();
                for instance in reservation.instances.unwrap_or_default() {
                    found.insert(instance.instance_id.clone().unwrap_or_default(), (instance, owner.clone()));
                }
            }
            Ok(found)
        })
        .await
}

/// How the CPU credits of a burstable instance are counted, asked for together with others.
async fn credits(client: &Client, id: &str) -> Result<Option<String>, Fault> {
    client
        .batch("ec2 instance credits", 100, id.to_owned(), |client, ids: Vec<String>| async move {
            let pages = client.ec2().describe_instance_credit_specifications().set_instance_ids(Some(ids)).into_paginator().items().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeInstanceCreditSpecifications")?;
            Ok(found.into_iter().filter_map(|one| Some((one.instance_id?, one.cpu_credits?))).collect())
        })
        .await
}

/// What DescribeInstances leaves out.
#[derive(Default)]
struct Hidden {
    no_stop: bool,
    no_termination: bool,
    shutdown: String,
    user_data: String,
}

async fn hidden(client: &Client, id: &str) -> Result<Hidden, Fault> {
    let ask = |name: InstanceAttributeName| {
        let call = client.ec2().describe_instance_attribute().instance_id(id).attribute(name);
        async { call.send().await.api("ec2:DescribeInstanceAttribute") }
    };
    let stop = async {
        match ask(InstanceAttributeName::DisableApiStop).await {
            // Not every partition has it.
            Err(error) if error.is(&["UnsupportedOperation", "InvalidParameterValue"]) => Ok(false),
            answer => answer.map(|answer| answer.disable_api_stop.and_then(|value| value.value).unwrap_or(false)),
        }
    };
    let (no_stop, termination, shutdown, data) = tokio::try_join!(
        stop,
        ask(InstanceAttributeName::DisableApiTermination),
        ask(InstanceAttributeName::InstanceInitiatedShutdownBehavior),
        ask(InstanceAttributeName::UserData),
    )?;
    Ok(Hidden {
        no_stop,
        no_termination: termination.disable_api_termination.and_then(|value| value.value).unwrap_or(false),
        shutdown: shutdown.instance_initiated_shutdown_behavior.and_then(|value| value.value).unwrap_or_default(),
        user_data: data.user_data.and_then(|value| value.value).unwrap_or_default(),
    })
}

/// The state of an instance; `None` when there is none.
pub(crate) async fn state(client: &Client, id: &str) -> Result<Option<InstanceStateName>, Fault> {
    Ok(describe(client, id).await?.and_then(|(instance, _)| instance.state.and_then(|state| state.name)))
}

/// SHA-1 as the incumbent's state has it in place of user data.
fn hash(text: &[u8]) -> String {
    Sha1::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// True when two forms of user data, text or hash, are the same.
fn same_data(a: &Value, b: &Value) -> bool {
    let (Some(a), Some(b)) = (a.as_str(), b.as_str()) else { return false };
    a == b || a == hash(b.as_bytes()) || b == hash(a.as_bytes())
}

impl Instance {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// What a launch alone does not do.
    async fn complete(&self, client: &Client, limit: Duration) -> Result<(), Fault> {
        running(client, self.id(), limit).await?;
        if self.source_dest_check == Some(false) && self.network_interface.is_empty() {
            instance_update::set_check(client, self.id(), false).await?;
        }
        let further = self.secondary_private_ips.clone().filter(|ips| !ips.is_empty() && self.associate_public_ip_address.is_none());
        instance_update::set_addresses(client, self.id(), &[], &further.unwrap_or_default()).await?;
        self.tag_volumes(client, None).await
    }

    /// Gives the volumes the tags that are written with them.
    pub(crate) async fn tag_volumes(&self, client: &Client, prior: Option<&Self>) -> Result<(), Fault> {
        let root = self.root_block_device.first().map(|root| (None, &root.tags));
        let wanted: Vec<(Option<&str>, &Tags)> = root.into_iter().chain(self.ebs_block_device.iter().map(|one| (one.device_name.as_deref(), &one.tags))).collect();
        if wanted.iter().all(|(_, tags)| tags.as_ref().is_none_or(BTreeMap::is_empty)) && prior.is_none() {
            return Ok(());
        }
        let Some((instance, _)) = describe(client, self.id()).await? else { return Ok(()) };
        for (device, wanted) in wanted {
            let device = device.or(instance.root_device_name());
            let volume = instance.block_device_mappings().iter().find(|one| one.device_name() == device).and_then(|one| one.ebs()?.volume_id.clone());
            let Some(volume) = volume else { continue };
            let before = match prior {
                Some(prior) if device == instance.root_device_name() => prior.root_block_device.first().and_then(|root| root.tags.clone()),
                Some(prior) => prior.ebs_block_device.iter().find(|one| one.device_name.as_deref() == device).and_then(|one| one.tags.clone()),
                None => None,
            };
            if before != *wanted && wanted.is_some() {
                client.retag(&volume, &before, wanted).await?;
            }
        }
        Ok(())
    }

    /// The state's form of volumes, and whether each is the root.
    async fn devices(&self, client: &Client, instance: &ec2::Instance) -> Result<(Vec<RootDevice>, Vec<EbsDevice>), Fault> {
        let (mut root, mut others) = (Vec::new(), Vec::new());
        for mapping in instance.block_device_mappings() {
            let Some(ebs) = mapping.ebs() else { continue };
            let id = ebs.volume_id.clone().unwrap_or_default();
            let Some(volume) = ebs_volume::describe(client, &id).await? else { continue };
            let number = |number: Option<i32>| Some(number.map_or(0, i64::from));
            let text = |text: Option<&str>| Some(text.unwrap_or_default().to_owned());
            let is_root = mapping.device_name().is_some() && mapping.device_name() == instance.root_device_name();
            let before = match is_root {
                true => self.root_block_device.first().map(|before| &before.tags),
                false => self.ebs_block_device.iter().find(|before| before.device_name.as_deref() == mapping.device_name()).map(|before| &before.tags),
            };
            // Where volume_tags are written, they are not shown a second time.
            let (tags, all) = match self.volume_tags {
                Some(_) => (before.cloned().flatten(), Some(BTreeMap::new())),
                None => client.tag_rules().read(tags::of_ec2(volume.tags()), before.unwrap_or(&None)),
            };
            let device = EbsDevice {
                delete_on_termination: Some(ebs.delete_on_termination.unwrap_or(false)),
                device_name: mapping.device_name.clone(),
                encrypted: Some(volume.encrypted.unwrap_or(false)),
                iops: number(volume.iops),
                kms_key_id: text(volume.kms_key_id()),
                snapshot_id: text(volume.snapshot_id()),
                tags,
                tags_all: all,
                throughput: number(volume.throughput),
                volume_id: Some(id),
                volume_size: number(volume.size),
                volume_type: text(volume.volume_type().map(|kind| kind.as_str())),
            };
            match is_root {
                true => root.push(weir_root(device)),
                false => others.push(device),
            }
        }
        Ok((root, others))
    }
}

fn weir_root(device: EbsDevice) -> RootDevice {
    let EbsDevice { delete_on_termination, device_name, encrypted, iops, kms_key_id, tags, tags_all, throughput, volume_id, volume_size, volume_type, .. } = device;
    RootDevice { delete_on_termination, device_name, encrypted, iops, kms_key_id, tags, tags_all, throughput, volume_id, volume_size, volume_type }
}

/// Waits until an instance runs.
pub(crate) async fn running(client: &Client, id: &str, limit: Duration) -> Result<(), Fault> {
    wait::until("the instance to run", limit, || async {
        let Some((instance, _)) = describe(client, id).await? else { return Ok(None) };
        let why = instance.state_reason().and_then(|reason| reason.message()).unwrap_or_default().to_owned();
        match instance.state.and_then(|state| state.name) {
            Some(InstanceStateName::Running) => Ok(Some(())),
            Some(InstanceStateName::Pending) | None => Ok(None),
            Some(other) => Err(Fault::error("The instance did not start", format!("Its state is `{}`. {why}", other.as_str()))),
        }
    })
    .await
}

impl Resource for Instance {
    type Client = Client;
    const MARKED: bool = true;

    fn validate(config: &Value) -> Vec<Fault> {
        let get = |name: &str| config.get(name).unwrap_or_else(Value::null);
        let has = |name: &str| !get(name).is_null() && get(name).length() != Some(0);
        let mut faults = Vec::new();
        if !has("launch_template") {
            for name in ["ami", "instance_type"] {
                if get(name).is_null() {
                    faults.push(Fault::attribute(Path::attr(name), "Missing argument", format!("An instance without a launch template needs {name}.")));
                }
            }
        }
        for (a, b) in [("user_data", "user_data_base64"), ("security_groups", "vpc_security_group_ids"), ("ipv6_address_count", "ipv6_addresses")] {
            if has(a) && has(b) {
                faults.push(Fault::attribute(Path::attr(b), "Conflicting arguments", format!("Set either {a} or {b}.")));
            }
        }
        if has("network_interface") {
            for name in ["associate_public_ip_address", "subnet_id", "private_ip", "vpc_security_group_ids", "security_groups", "secondary_private_ips"] {
                if has(name) {
                    faults.push(Fault::attribute(Path::attr(name), "Conflicting arguments", format!("With network_interface blocks, {name} belongs to the interface.")));
                }
            }
        }
        let size = get("user_data").as_str().map(str::len).or_else(|| get("user_data_base64").as_str().map(|text| text.len() / 4 * 3));
        if size.is_some_and(|size| size > 16 * 1024) {
            faults.push(Fault::attribute(
                Path::attr("user_data"),
                "User data too long",
                "It may have 16 KiB. Compress it (user_data_base64), or load the rest from elsewhere.",
            ));
        }
        faults
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        for name in ["user_data", "user_data_base64"] {
            plan.suppress(name, same_data);
            if !plan.creating() && plan.changed(name) && plan.planned("user_data_replace_on_change") == Value::from(true) {
                plan.force_new(name);
            }
        }
        if plan.creating() {
            for name in ["user_data", "user_data_base64"] {
                if plan.config(name).is_null() {
                    plan.set(name, Value::Null(weir_value::Type::String));
                }
            }
            return Ok(());
        }
        if plan.changed("instance_type") || plan.changed("user_data") || plan.changed("user_data_base64") {
            // A stop gives back the public address.
            for name in ["public_ip", "public_dns"] {
                plan.unknown(name);
            }
        }
        for (changed, other) in [("ipv6_addresses", "ipv6_address_count"), ("ipv6_address_count", "ipv6_addresses")] {
            if plan.changed(changed) && plan.config(other).is_null() {
                plan.unknown(other);
            }
        }
        if plan.changed("root_block_device") {
            instance_update::plan_root(plan);
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_ref()), 10)?;
        let id = planned.launch(client, operation.token).await?;
        let created = Self { id: Some(id), ..planned };
        operation.created(&created)?;
        created.complete(client, limit).await?;
        wait::appear("instance", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let id = prior.id();
        let Some((found, owner)) = describe(client, id).await? else { return Ok(None) };
        let state = found.state().and_then(|state| state.name()).cloned();
        if state == Some(InstanceStateName::Terminated) {
            return Ok(None);
        }
        let kind = found.instance_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default();
        let burstable = ["t2.", "t3.", "t3a.", "t4g."].iter().any(|family| kind.starts_with(family));
        let credit = async { if burstable { credits(client, id).await } else { Ok(None) } };
        let password = async {
            if prior.get_password_data != Some(true) {
                return Ok(String::new());
            }
            let answer = client.ec2().get_password_data().instance_id(id).send().await.api("ec2:GetPasswordData")?;
            Ok::<_, Fault>(answer.password_data.map(|text| text.trim().to_owned()).unwrap_or_default())
        };
        let (hidden, (root, others), credit, password) = tokio::try_join!(hidden(client, id), prior.devices(client, &found), credit, password)?;
        let (tags, tags_all) = client.tag_rules().read(tags::of_ec2(found.tags()), &prior.tags);
        let text = |text: Option<&str>| Some(text.unwrap_or_default().to_owned());
        let interface = found.network_interfaces().iter().find(|one| one.attachment().and_then(|place| place.device_index()) == Some(0));
        let secondary: Vec<String> = interface
            .map(|one| one.private_ip_addresses().iter().filter(|ip| ip.primary != Some(true)).filter_map(|ip| ip.private_ip_address.clone()).collect())
            .unwrap_or_default();
        let six: Vec<String> = interface.map(|one| one.ipv6_addresses().iter().filter_map(|ip| ip.ipv6_address.clone()).collect()).unwrap_or_default();
        let groups: Vec<String> = found.security_groups().iter().filter_map(|group| group.group_id.clone()).collect();
        let names: Vec<String> = found.security_groups().iter().filter_map(|group| group.group_name.clone()).collect();
        let in_vpc = found.subnet_id().is_some_and(|subnet| !subnet.is_empty());
        let placement = found.placement();
        let profile = found.iam_instance_profile().and_then(|profile| profile.arn()).and_then(|arn| arn.rsplit('/').next());
        let decoded = STANDARD.decode(&hidden.user_data).unwrap_or_else(|_| hidden.user_data.clone().into_bytes());
        let unchanged = prior.user_data.as_deref().is_some_and(|before| before.as_bytes() == decoded || before == hash(&decoded));
        let in_base64 = prior.user_data_base64.is_some();
        let user_data = match (unchanged, in_base64 || decoded.is_empty()) {
            (true, _) => prior.user_data.clone(),
            (_, true) => None,
            _ => Some(hash(&decoded)),
        };
        let spot = found.instance_lifecycle().is_some_and(|kind| kind.as_str() == "spot");
        let cpu: Vec<Cpu> = if prior.cpu_options.is_empty() && prior.id.is_some() && prior.arn.is_some() { Vec::new() } else { shown(found.cpu_options()) };
        let read = Self {
            ami: found.image_id.clone(),
            arn: Some(client.arn("ec2", &owner, &format!("instance/{id}"))),
            associate_public_ip_address: Some(interface.is_some_and(|one| one.association().is_some())),
            availability_zone: text(placement.and_then(|placement| placement.availability_zone())),
            cpu_core_count: found.cpu_options().and_then(|options| options.core_count()).map(i64::from),
            cpu_threads_per_core: found.cpu_options().and_then(|options| options.threads_per_core()).map(i64::from),
            disable_api_stop: Some(hidden.no_stop),
            disable_api_termination: Some(hidden.no_termination),
            ebs_optimized: Some(found.ebs_optimized.unwrap_or(false)),
            get_password_data: Some(prior.get_password_data.unwrap_or(false)),
            hibernation: Some(found.hibernation_options().and_then(|options| options.configured()).unwrap_or(false)),
            host_id: text(placement.and_then(|placement| placement.host_id())),
            host_resource_group_arn: placement.and_then(|placement| placement.host_resource_group_arn.clone()),
            iam_instance_profile: text(profile),
            id: found.instance_id.clone(),
            instance_initiated_shutdown_behavior: Some(hidden.shutdown),
            instance_lifecycle: text(found.instance_lifecycle().map(|kind| kind.as_str())),
            instance_state: text(state.as_ref().map(|state| state.as_str())),
            instance_type: Some(kind),
            ipv6_address_count: Some(six.len() as i64),
            ipv6_addresses: Some(six),
            key_name: text(found.key_name()),
            monitoring: Some(found.monitoring().and_then(|one| one.state()).is_some_and(|state| ["enabled", "pending"].contains(&state.as_str()))),
            outpost_arn: text(found.outpost_arn()),
            password_data: Some(password),
            placement_group: text(placement.and_then(|placement| placement.group_name())),
            placement_partition_number: Some(placement.and_then(|placement| placement.partition_number()).map_or(0, i64::from)),
            primary_network_interface_id: text(interface.and_then(|one| one.network_interface_id())),
            private_dns: text(found.private_dns_name()),
            private_ip: text(found.private_ip_address()),
            public_dns: text(found.public_dns_name()),
            public_ip: text(found.public_ip_address()),
            secondary_private_ips: Some(secondary),
            security_groups: Some(if in_vpc { prior.security_groups.clone().unwrap_or_default() } else { names }),
            source_dest_check: Some(found.source_dest_check.unwrap_or(prior.source_dest_check.unwrap_or(true))),
            spot_instance_request_id: text(found.spot_instance_request_id()),
            subnet_id: text(found.subnet_id()),
            tags,
            tags_all,
            tenancy: text(placement.and_then(|placement| placement.tenancy()).map(|tenancy| tenancy.as_str())),
            user_data,
            user_data_base64: if in_base64 { Some(hidden.user_data) } else { None },
            user_data_replace_on_change: Some(prior.user_data_replace_on_change.unwrap_or(false)),
            vpc_security_group_ids: Some(if in_vpc { groups } else { prior.vpc_security_group_ids.clone().unwrap_or_default() }),
            capacity_reservation_specification: shown(found.capacity_reservation_specification()),
            cpu_options: cpu,
            credit_specification: credit.into_iter().map(|credit| Credit { cpu_credits: Some(credit) }).collect(),
            ebs_block_device: others,
            enclave_options: shown(found.enclave_options()),
            instance_market_options: if spot { prior.instance_market_options.clone() } else { Vec::new() },
            launch_template: prior.launch_template.clone(),
            maintenance_options: shown(found.maintenance_options()),
            metadata_options: found.metadata_options().map(Metadata::from_sdk).into_iter().collect(),
            private_dns_name_options: shown(found.private_dns_name_options()),
            root_block_device: root,
            ..prior.clone()
        };
        Ok(Some(keep::form(&prior, &read)?))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.update.as_ref()), 10)?;
        let planned = Self { id: prior.id.clone(), ..planned };
        planned.change(client, &prior, limit).await?;
        planned.tag_volumes(client, Some(&prior)).await?;
        client.retag(prior.id(), &prior.tags_all, &planned.tags).await?;
        Self::read(client, planned).await?.ok_or_else(|| Fault::not_found("The instance is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let limit = wait::limit(prior.timeouts.as_ref().and_then(|timeouts| timeouts.delete.as_ref()), 20)?;
        if matches!(state(client, prior.id()).await?, None | Some(InstanceStateName::Terminated)) {
            return Ok(());
        }
        // Whoever deletes it means it: what the state says is protected is no longer.
        if prior.disable_api_termination == Some(true) {
            instance_update::set_termination(client, prior.id(), false).await?;
        }
        if prior.disable_api_stop == Some(true) {
            instance_update::set_stop(client, prior.id(), false).await?;
        }
        ignore_gone(client.ec2().terminate_instances().instance_ids(prior.id()).send().await.api("ec2:TerminateInstances"))?;
        wait::until("the instance to end", limit, || async { Ok(matches!(state(client, prior.id()).await?, None | Some(InstanceStateName::Terminated)).then_some(())) })
            .await
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        let Some(id) = marker::find(client, "i", token).await? else { return Ok(None) };
        let found = Self { id: Some(id), ..planned };
        found.complete(client, wait::limit(None, 10)?).await?;
        Self::read(client, found).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use crate::harness::{Lab, Lifecycle, lab, text};

    const NAME: &str = "aws_instance";
    const IMAGE: &str = "ami-12c6146b";

    async fn subnet(lab: &Lab, number: u8) -> (String, [String; 2]) {
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": format!("10.{number}.0.0/16")})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": format!("10.{number}.1.0/24")})).await, "id");
        let group = |name: &str| json!({"name": format!("{name}-{number}"), "vpc_id": vpc});
        let groups = [text(&lab.make("aws_security_group", group("one")).await, "id"), text(&lab.make("aws_security_group", group("two")).await, "id")];
        (subnet, groups)
    }

    fn with(base: &Json, more: Json) -> Json {
        let mut config = base.clone();
        config.as_object_mut().expect("object").extend(more.as_object().expect("object").clone());
        config
    }

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let (subnet, [one, two]) = subnet(&lab, 103).await;
        let base = json!({"ami": IMAGE, "instance_type": "t3.micro", "subnet_id": subnet, "vpc_security_group_ids": [one], "user_data": "hello"});
        let larger = with(&base, json!({"instance_type": "t3.small"}));
        let grouped = with(&larger, json!({"vpc_security_group_ids": [one, two], "tags": {"Name": "web"}}));
        let guarded = with(&grouped, json!({"disable_api_termination": true, "source_dest_check": false, "disable_api_stop": true}));
        let told = with(&guarded, json!({"user_data": "hello again", "disable_api_stop": false}));
        let state = Lifecycle::new(&lab, NAME, base.clone())
            .update(larger)
            .update(grouped)
            .update(guarded)
            .update(told.clone())
            .import_ignores(&["user_data", "user_data_replace_on_change", "hibernation"])
            .run()
            .await;
        assert!(text(&state, "primary_network_interface_id").starts_with("eni-"));
        let planned = lab.plan(NAME, Some(&state), &with(&told, json!({"ami": "ami-785db401"}))).await.expect("plan");
        assert_eq!(planned.requires_replace.len(), 1);
        let planned = lab.plan(NAME, Some(&state), &with(&told, json!({"user_data": "other", "user_data_replace_on_change": true}))).await.expect("plan");
        assert_eq!(planned.requires_replace.len(), 1, "user data that replaces");
        let faults = lab.refused(NAME, json!({"instance_type": "t3.micro"})).await;
        assert_eq!(faults[0].summary, "Missing argument");
        let faults = lab.refused(NAME, with(&base, json!({"user_data": "x".repeat(17 * 1024)}))).await;
        assert_eq!(faults[0].summary, "User data too long");
    }

    #[tokio::test]
    async fn hashes_of_the_incumbent_are_the_text() {
        let lab = lab().await;
        let (subnet, _) = subnet(&lab, 104).await;
        let config = json!({"ami": IMAGE, "instance_type": "m5.large", "subnet_id": subnet, "user_data": "hello"});
        let made = lab.make(NAME, config.clone()).await;
        let imported = lab.config(NAME, &json!({"id": text(&made, "id")}));
        let read = lab.read(NAME, &imported).await.expect("instance");
        assert_eq!(text(&read, "user_data"), "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d");
        let planned = lab.plan(NAME, Some(&read), &config).await.expect("plan");
        assert_eq!(planned.state.get("user_data"), read.get("user_data"));
        lab.delete(NAME, &made).await;
    }
}
