//! How an instance is launched.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::types as ec2;
use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use weir_provider::Fault;
use weir_value::Path;

use crate::api::{ApiError, Explain};
use crate::instance_parts::{EbsDevice, EphemeralDevice, Interface, Template};
use crate::resource::instance::Instance;
use crate::wire::ToSdk;
use crate::{Client, wait};

fn given(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}

impl Instance {
    /// User data as the API takes it.
    pub(crate) fn data(&self) -> Option<String> {
        given(&self.user_data_base64).or_else(|| given(&self.user_data).map(|text| STANDARD.encode(text)))
    }

    /// The volumes of the launch; the root's device is the image's.
    async fn mappings(&self, client: &Client) -> Result<Vec<ec2::BlockDeviceMapping>, Fault> {
        let mut mappings: Vec<_> = self.ebs_block_device.iter().map(EbsDevice::request).collect();
        mappings.extend(self.ephemeral_block_device.iter().map(EphemeralDevice::request));
        if let Some(root) = self.root_block_device.first() {
            let image = given(&self.ami)
                .ok_or_else(|| Fault::attribute(Path::attr("root_block_device"), "No image", "A root_block_device needs ami: the image says which device it is."))?;
            let answer = client.ec2().describe_images().image_ids(&image).send().await.api("ec2:DescribeImages")?;
            let device = answer.images().first().and_then(|image| image.root_device_name()).unwrap_or("/dev/xvda").to_owned();
            mappings.push(root.request(&device));
        }
        Ok(mappings)
    }

    fn placement(&self) -> Option<ec2::Placement> {
        let placement = ec2::Placement::builder()
            .set_availability_zone(given(&self.availability_zone))
            .set_group_name(given(&self.placement_group))
            .set_tenancy(given(&self.tenancy).map(|kind| kind.as_str().into()))
            .set_host_id(given(&self.host_id))
            .set_host_resource_group_arn(given(&self.host_resource_group_arn))
            .set_partition_number(self.placement_partition_number.filter(|number| *number > 0).map(|number| number as i32))
            .build();
        (placement != ec2::Placement::builder().build()).then_some(placement)
    }

    /// Interfaces of the launch, where the arguments of the instance alone do not do.
    fn interfaces(&self) -> Option<Vec<ec2::InstanceNetworkInterfaceSpecification>> {
        if !self.network_interface.is_empty() {
            return Some(self.network_interface.iter().map(Interface::request).collect());
        }
        let public = self.associate_public_ip_address?;
        let first = given(&self.private_ip);
        let further = self.secondary_private_ips.clone().filter(|ips| !ips.is_empty());
        let addresses =
            further.map(|ips| ips.into_iter().map(|ip| ec2::PrivateIpAddressSpecification::builder().private_ip_address(ip).primary(false).build()).collect());
        let one = ec2::InstanceNetworkInterfaceSpecification::builder()
            .device_index(0)
            .associate_public_ip_address(public)
            .set_subnet_id(given(&self.subnet_id))
            .set_private_ip_address(first)
            .set_private_ip_addresses(addresses)
            .set_groups(self.vpc_security_group_ids.clone().filter(|groups| !groups.is_empty()))
            .set_ipv6_address_count(self.ipv6_address_count.filter(|count| *count > 0).map(|count| count as i32))
            .set_ipv6_addresses(self.six());
        Some(vec![one.build()])
    }

    fn six(&self) -> Option<Vec<ec2::InstanceIpv6Address>> {
        let all = self.ipv6_addresses.clone().filter(|all| !all.is_empty())?;
        Some(all.into_iter().map(|address| ec2::InstanceIpv6Address::builder().ipv6_address(address).build()).collect())
    }

    fn tag_specifications(&self, client: &Client, token: &str) -> Vec<TagSpecification> {
        let mut all = vec![client.new_tags(ResourceType::Instance, &self.tags, token)];
        // Tags of volumes that are written with the volumes are set when their ids are known.
        let volumes: BTreeMap<String, String> = self.volume_tags.clone().unwrap_or_default();
        if !volumes.is_empty() {
            let tags = volumes.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
            all.push(TagSpecification::builder().resource_type(ResourceType::Volume).set_tags(Some(tags)).build());
        }
        all
    }

    /// Launches it; its id.
    pub(crate) async fn launch(&self, client: &Client, token: &str) -> Result<String, Fault> {
        let interfaces = self.interfaces();
        let alone = interfaces.is_none();
        let mappings = self.mappings(client).await?;
        let groups = |groups: &Option<Vec<String>>| groups.clone().filter(|groups| alone && !groups.is_empty());
        let cpu = self.cpu_options.first().map(ToSdk::to_sdk).or_else(|| {
            let cores = self.cpu_core_count.filter(|cores| *cores > 0)?;
            let threads = self.cpu_threads_per_core.filter(|threads| *threads > 0).unwrap_or(2);
            Some(ec2::CpuOptionsRequest::builder().core_count(cores as i32).threads_per_core(threads as i32).build())
        });
        let profile = given(&self.iam_instance_profile).map(|name| ec2::IamInstanceProfileSpecification::builder().name(name).build());
        let credit = self.credit_specification.first().and_then(|credit| given(&credit.cpu_credits));
        let monitoring = self.monitoring.filter(|on| *on).map(|on| ec2::RunInstancesMonitoringEnabled::builder().enabled(on).build());
        let hibernation = self.hibernation.filter(|on| *on).map(|on| ec2::HibernationOptionsRequest::builder().configured(on).build());
        let call = client
            .ec2()
            .run_instances()
            .min_count(1)
            .max_count(1)
            .client_token(token)
            .set_image_id(given(&self.ami))
            .set_instance_type(given(&self.instance_type).map(|kind| kind.as_str().into()))
            .set_key_name(given(&self.key_name))
            .set_subnet_id(given(&self.subnet_id).filter(|_| alone))
            .set_security_group_ids(groups(&self.vpc_security_group_ids))
            .set_security_groups(groups(&self.security_groups))
            .set_private_ip_address(given(&self.private_ip).filter(|_| alone))
            .set_ipv6_address_count(self.ipv6_address_count.filter(|count| alone && *count > 0).map(|count| count as i32))
            .set_ipv6_addresses(self.six().filter(|_| alone))
            .set_enable_primary_ipv6(self.enable_primary_ipv6.filter(|on| alone && *on))
            .set_network_interfaces(interfaces)
            .set_block_device_mappings((!mappings.is_empty()).then_some(mappings))
            .set_placement(self.placement())
            .set_ebs_optimized(self.ebs_optimized.filter(|on| *on))
            .set_monitoring(monitoring)
            .set_iam_instance_profile(profile)
            .set_user_data(self.data())
            .set_disable_api_stop(self.disable_api_stop.filter(|on| *on))
            .set_disable_api_termination(self.disable_api_termination.filter(|on| *on))
            .set_instance_initiated_shutdown_behavior(given(&self.instance_initiated_shutdown_behavior).map(|kind| kind.as_str().into()))
            .set_cpu_options(cpu)
            .set_credit_specification(credit.map(|credit| ec2::CreditSpecificationRequest::builder().cpu_credits(credit).build()))
            .set_enclave_options(self.enclave_options.first().map(ToSdk::to_sdk))
            .set_hibernation_options(hibernation)
            .set_maintenance_options(self.maintenance_options.first().map(ToSdk::to_sdk))
            .set_metadata_options(self.metadata_options.first().map(ToSdk::to_sdk))
            .set_private_dns_name_options(self.private_dns_name_options.first().map(ToSdk::to_sdk))
            .set_capacity_reservation_specification(self.capacity_reservation_specification.first().map(ToSdk::to_sdk))
            .set_instance_market_options(self.instance_market_options.first().map(ToSdk::to_sdk))
            .set_launch_template(self.launch_template.first().map(Template::request))
            .set_tag_specifications(Some(self.tag_specifications(client, token)));
        // A new instance profile, or a role in it, is not seen everywhere at once.
        let passing = |error: &ApiError| {
            error.is(&["InvalidParameterValue"]) && error.message.contains("IAM Instance Profile") || error.message.contains("no associated IAM Roles")
        };
        let answer = wait::retry(Duration::from_secs(120), passing, || async { call.clone().send().await.api("ec2:RunInstances") }).await?;
        let id = answer.instances.and_then(|all| all.into_iter().next()?.instance_id);
        id.ok_or_else(|| Fault::uncertain("ec2:RunInstances failed", "The answer holds no instance."))
    }
}
