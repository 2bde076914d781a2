//! `data "aws_instance"`

use std::collections::BTreeMap;

use aws_smithy_types::date_time::Format;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::data::availability_zones::Filter;
use crate::resource::instance::Instance as Resource;
use crate::tags::Tags;
use crate::timeouts::timeouts;
use crate::{Client, query, view};

/// An instance.
///
/// ```hcl
/// data "aws_instance" "bastion" {
///   instance_tags = { Name = "bastion" }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_instance")]
pub(crate) struct Instance {
    /// AMI.
    #[schema(computed)]
    ami: Option<String>,
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Associate public IP address.
    #[schema(computed)]
    associate_public_ip_address: Option<bool>,
    /// Availability zone.
    #[schema(computed)]
    availability_zone: Option<String>,
    /// Credit specification.
    #[schema(computed)]
    credit_specification: Option<Vec<CreditSpecification>>,
    /// Disable API stop.
    #[schema(computed)]
    disable_api_stop: Option<bool>,
    /// Disable API termination.
    #[schema(computed)]
    disable_api_termination: Option<bool>,
    /// EBS block device.
    #[schema(computed, set)]
    ebs_block_device: Option<Vec<ShownVolume>>,
    /// EBS optimized.
    #[schema(computed)]
    ebs_optimized: Option<bool>,
    /// Enclave options.
    #[schema(computed)]
    enclave_options: Option<Vec<EnclaveOptions>>,
    /// Ephemeral block device.
    #[schema(computed)]
    ephemeral_block_device: Option<Vec<EphemeralBlockDevice>>,
    /// Ask for the password of Windows.
    #[schema(optional)]
    get_password_data: Option<bool>,
    /// Ask for the user data.
    #[schema(optional)]
    get_user_data: Option<bool>,
    /// Host id.
    #[schema(computed)]
    host_id: Option<String>,
    /// Host resource group ARN.
    #[schema(computed)]
    host_resource_group_arn: Option<String>,
    /// IAM instance profile.
    #[schema(computed)]
    iam_instance_profile: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Instance id.
    #[schema(optional)]
    instance_id: Option<String>,
    /// Instance state.
    #[schema(computed)]
    instance_state: Option<String>,
    /// Tags that it has.
    #[schema(optional, computed)]
    instance_tags: Option<BTreeMap<String, String>>,
    /// Instance type.
    #[schema(computed)]
    instance_type: Option<String>,
    /// IPv6 addresses.
    #[schema(computed, set)]
    ipv6_addresses: Option<Vec<String>>,
    /// Key name.
    #[schema(computed)]
    key_name: Option<String>,
    /// When it was launched (RFC 3339).
    #[schema(computed)]
    launch_time: Option<String>,
    /// Maintenance options.
    #[schema(computed)]
    maintenance_options: Option<Vec<MaintenanceOptions>>,
    /// Metadata options.
    #[schema(computed)]
    metadata_options: Option<Vec<MetadataOptions>>,
    /// Monitoring.
    #[schema(computed)]
    monitoring: Option<bool>,
    /// Network interface id.
    #[schema(computed)]
    network_interface_id: Option<String>,
    /// Outpost ARN.
    #[schema(computed)]
    outpost_arn: Option<String>,
    /// Password data.
    #[schema(computed)]
    password_data: Option<String>,
    /// Placement group.
    #[schema(computed)]
    placement_group: Option<String>,
    /// Placement partition number.
    #[schema(computed)]
    placement_partition_number: Option<i64>,
    /// Private DNS.
    #[schema(computed)]
    private_dns: Option<String>,
    /// Private DNS name options.
    #[schema(computed)]
    private_dns_name_options: Option<Vec<PrivateDnsNameOptions>>,
    /// Private IP.
    #[schema(computed)]
    private_ip: Option<String>,
    /// Public DNS.
    #[schema(computed)]
    public_dns: Option<String>,
    /// Public IP.
    #[schema(computed)]
    public_ip: Option<String>,
    /// Root block device.
    #[schema(computed, set)]
    root_block_device: Option<Vec<ShownRoot>>,
    /// Secondary private IPs.
    #[schema(computed, set)]
    secondary_private_ips: Option<Vec<String>>,
    /// Security groups.
    #[schema(computed, set)]
    security_groups: Option<Vec<String>>,
    /// Source dest check.
    #[schema(computed)]
    source_dest_check: Option<bool>,
    /// Subnet.
    #[schema(computed)]
    subnet_id: Option<String>,
    /// Tags.
    #[schema(optional, computed)]
    tags: Tags,
    /// Tenancy.
    #[schema(computed)]
    tenancy: Option<String>,
    /// SHA-1 of the user data.
    #[schema(computed)]
    user_data: Option<String>,
    /// User data base64.
    #[schema(computed)]
    user_data_base64: Option<String>,
    /// VPC security group ids.
    #[schema(computed, set)]
    vpc_security_group_ids: Option<Vec<String>>,
    /// Filters of the API.
    #[schema(block, set)]
    filter: Vec<Filter>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

/// Root block device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ShownRoot {
    /// Delete on termination.
    #[schema(optional)]
    delete_on_termination: bool,
    /// Device name.
    #[schema(optional)]
    device_name: String,
    /// Encrypted.
    #[schema(optional)]
    encrypted: bool,
    /// IOPS.
    #[schema(optional)]
    iops: i64,
    /// KMS key id.
    #[schema(optional)]
    kms_key_id: String,
    /// Tags.
    #[schema(optional)]
    tags: BTreeMap<String, String>,
    /// Throughput.
    #[schema(optional)]
    throughput: i64,
    /// Volume id.
    #[schema(optional)]
    volume_id: String,
    /// Volume size.
    #[schema(optional)]
    volume_size: i64,
    /// Volume type.
    #[schema(optional)]
    volume_type: String,
}

/// Private DNS name options.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct PrivateDnsNameOptions {
    /// Enable resource name DNS a record.
    #[schema(optional)]
    enable_resource_name_dns_a_record: bool,
    /// Enable resource name DNS aaaa record.
    #[schema(optional)]
    enable_resource_name_dns_aaaa_record: bool,
    /// Hostname type.
    #[schema(optional)]
    hostname_type: String,
}

/// Metadata options.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct MetadataOptions {
    /// HTTP endpoint.
    #[schema(optional)]
    http_endpoint: String,
    /// HTTP protocol IPv6.
    #[schema(optional)]
    http_protocol_ipv6: String,
    /// HTTP put response hop limit.
    #[schema(optional)]
    http_put_response_hop_limit: i64,
    /// HTTP tokens.
    #[schema(optional)]
    http_tokens: String,
    /// Instance metadata tags.
    #[schema(optional)]
    instance_metadata_tags: String,
}

/// Maintenance options.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct MaintenanceOptions {
    /// Auto recovery.
    #[schema(optional)]
    auto_recovery: String,
}

/// Ephemeral block device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct EphemeralBlockDevice {
    /// Device name.
    #[schema(optional)]
    device_name: String,
    /// No device.
    #[schema(optional)]
    no_device: bool,
    /// Virtual name.
    #[schema(optional)]
    virtual_name: String,
}

/// Enclave options.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct EnclaveOptions {
    /// Enabled.
    #[schema(optional)]
    enabled: bool,
}

/// EBS block device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ShownVolume {
    /// Delete on termination.
    #[schema(optional)]
    delete_on_termination: bool,
    /// Device name.
    #[schema(optional)]
    device_name: String,
    /// Encrypted.
    #[schema(optional)]
    encrypted: bool,
    /// IOPS.
    #[schema(optional)]
    iops: i64,
    /// KMS key id.
    #[schema(optional)]
    kms_key_id: String,
    /// Snapshot id.
    #[schema(optional)]
    snapshot_id: String,
    /// Tags.
    #[schema(optional)]
    tags: BTreeMap<String, String>,
    /// Throughput.
    #[schema(optional)]
    throughput: i64,
    /// Volume id.
    #[schema(optional)]
    volume_id: String,
    /// Volume size.
    #[schema(optional)]
    volume_size: i64,
    /// Volume type.
    #[schema(optional)]
    volume_type: String,
}

/// Credit specification.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct CreditSpecification {
    /// CPU credits.
    #[schema(optional)]
    cpu_credits: String,
}

impl DataSource for Instance {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let tags: Tags = config.instance_tags.clone().or_else(|| config.tags.clone());
        let filters = query::filters([("instance-id", config.instance_id.as_ref())], &tags, &config.filter);
        let pages = client.ec2().describe_instances().set_filters(filters).into_paginator().items().send();
        let found = pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeInstances")?;
        let ended = |one: &aws_sdk_ec2::types::Instance| one.state().and_then(|state| state.name()).is_some_and(|state| state.as_str() == "terminated");
        let all = found.into_iter().flat_map(|reservation| reservation.instances.unwrap_or_default()).filter(|one| !ended(one));
        let found = query::only("instance", all.collect())?;
        let id = found.instance_id.clone().unwrap_or_default();
        let mut state = view::state::<Resource>(client, &id).await?.ok_or_else(|| view::none("instance"))?;
        if let Some(primary) = state.get("primary_network_interface_id").cloned() {
            state.insert("network_interface_id".to_owned(), primary);
        }
        for name in ["network_interface", "instance_market_options", "launch_template"] {
            state.remove(name);
        }
        for name in ["get_password_data", "user_data_base64", "password_data"] {
            state.insert(name.to_owned(), Json::Null);
        }
        let shown: Self = view::data(state, &config)?;
        let wants = |flag: Option<bool>| flag == Some(true);
        let encoded = if wants(config.get_user_data) { Some(user_data(client, &id).await?) } else { None };
        let password =
            if wants(config.get_password_data) { client.ec2().get_password_data().instance_id(&id).send().await.api("ec2:GetPasswordData")?.password_data } else { None };
        Ok(Self {
            launch_time: found.launch_time.and_then(|time| time.fmt(Format::DateTime).ok()),
            password_data: password,
            user_data_base64: encoded,
            instance_tags: config.instance_tags,
            instance_id: config.instance_id,
            ..shown
        })
    }
}

/// The user data in Base64.
async fn user_data(client: &Client, id: &str) -> Result<String, Fault> {
    let call = client.ec2().describe_instance_attribute().instance_id(id).attribute(aws_sdk_ec2::types::InstanceAttributeName::UserData);
    let found = call.send().await.api("ec2:DescribeInstanceAttribute")?.user_data.and_then(|value| value.value).unwrap_or_default();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn by_id_and_tag() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.120.0.0/16"})).await, "id");
        let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.120.1.0/24"})).await, "id");
        let config = json!({"ami": "ami-12c6146b", "instance_type": "t3.micro", "subnet_id": subnet, "user_data": "hello", "tags": {"Data": "instance"}});
        let made = lab.make("aws_instance", config).await;
        for query in [json!({"instance_id": text(&made, "id")}), json!({"instance_tags": {"Data": "instance"}, "get_user_data": true})] {
            let found = lab.data("aws_instance", query).await.expect("instance");
            for name in ["id", "arn", "ami", "instance_type", "private_ip", "subnet_id", "availability_zone"] {
                assert_eq!(found.get(name), made.get(name), "{name}");
            }
            assert_eq!(text(&found, "network_interface_id"), text(&made, "primary_network_interface_id"));
            assert!(["", "aGVsbG8="].contains(&text(&found, "user_data_base64").as_str()));
        }
    }
}
