//! `aws_launch_template`

use aws_sdk_ec2::types::{LaunchTemplate as Remote, LaunchTemplateVersion, RequestLaunchTemplateData, ResourceType, ResponseLaunchTemplateData};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::Explain;
use crate::launch_data::{
    BlockDeviceMappings, CapacityReservationSpecification, CpuOptions, CreditSpecification, ElasticGpuSpecifications, ElasticInferenceAccelerator, EnclaveOptions,
    HibernationOptions, IamInstanceProfile, InstanceMarketOptions, LicenseSpecification, MaintenanceOptions, MetadataOptions, Monitoring, NetworkInterfaces, Placement,
    PrivateDnsNameOptions, TagSpecifications,
};
use crate::marker::{self};
use crate::requirements::TemplateRequirements;
use crate::tags::{self, Tags};
use crate::wire::{FromSdk, ToSdk, wire};
use crate::{Client, keep, name, plan, wait};

/// What instances are launched from: image, type, disks, network, user data. Each change makes a new version.
///
/// ```hcl
/// resource "aws_launch_template" "web" {
///   name                   = "web"
///   image_id               = data.aws_ami.this.id
///   instance_type          = "t4g.small"
///   update_default_version = true
///   user_data              = base64encode("#!/bin/sh\n")
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_launch_template")]
pub(crate) struct LaunchTemplate {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// The version that is used when none is named.
    #[schema(optional, computed)]
    default_version: Option<i64>,
    /// What the version is.
    #[schema(optional)]
    description: Option<String>,
    /// Instances cannot be stopped by the API.
    #[schema(optional)]
    disable_api_stop: Option<bool>,
    /// Instances cannot be terminated by the API.
    #[schema(optional)]
    disable_api_termination: Option<bool>,
    /// Bandwidth of its own to EBS volumes.
    #[schema(optional)]
    ebs_optimized: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// AMI, or `resolve:ssm:` and a parameter.
    #[schema(optional)]
    image_id: Option<String>,
    /// `stop` or `terminate`.
    #[schema(optional)]
    instance_initiated_shutdown_behavior: Option<String>,
    /// Instance type.
    #[schema(optional)]
    instance_type: Option<String>,
    /// Kernel.
    #[schema(optional)]
    kernel_id: Option<String>,
    /// SSH key.
    #[schema(optional)]
    key_name: Option<String>,
    /// Number of the newest version; each change makes one.
    #[schema(computed)]
    latest_version: Option<i64>,
    /// Name; one is made when it is not set.
    #[schema(optional, computed, force_new)]
    name: Option<String>,
    /// What a made name begins with.
    #[schema(optional, computed, force_new)]
    name_prefix: Option<String>,
    /// RAM disk.
    #[schema(optional)]
    ram_disk_id: Option<String>,
    /// Security groups of EC2-Classic, by name.
    #[schema(optional, set)]
    security_group_names: Option<Vec<String>>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// Each new version becomes the default one.
    #[schema(optional)]
    update_default_version: Option<bool>,
    /// User data in base64; 16 KiB at most before encoding.
    #[schema(optional)]
    user_data: Option<String>,
    /// Security groups; not with `network_interfaces`.
    #[schema(optional, set)]
    vpc_security_group_ids: Option<Vec<String>>,
    /// Block device mappings.
    #[schema(block)]
    block_device_mappings: Vec<BlockDeviceMappings>,
    /// Capacity reservation specification.
    #[schema(block, max = 1)]
    capacity_reservation_specification: Vec<CapacityReservationSpecification>,
    /// Cpu options.
    #[schema(block, max = 1)]
    cpu_options: Vec<CpuOptions>,
    /// Credit specification.
    #[schema(block, max = 1)]
    credit_specification: Vec<CreditSpecification>,
    /// Elastic gpu specifications.
    #[schema(block)]
    elastic_gpu_specifications: Vec<ElasticGpuSpecifications>,
    /// Elastic inference accelerator.
    #[schema(block, max = 1)]
    elastic_inference_accelerator: Vec<ElasticInferenceAccelerator>,
    /// Enclave options.
    #[schema(block, max = 1)]
    enclave_options: Vec<EnclaveOptions>,
    /// Hibernation options.
    #[schema(block, max = 1)]
    hibernation_options: Vec<HibernationOptions>,
    /// Iam instance profile.
    #[schema(block, max = 1)]
    iam_instance_profile: Vec<IamInstanceProfile>,
    /// Instance market options.
    #[schema(block, max = 1)]
    instance_market_options: Vec<InstanceMarketOptions>,
    /// Instance requirements.
    #[schema(block, max = 1)]
    instance_requirements: Vec<TemplateRequirements>,
    /// License specification.
    #[schema(block, set)]
    license_specification: Vec<LicenseSpecification>,
    /// Maintenance options.
    #[schema(block, max = 1)]
    maintenance_options: Vec<MaintenanceOptions>,
    /// Metadata options.
    #[schema(block, max = 1)]
    metadata_options: Vec<MetadataOptions>,
    /// Monitoring.
    #[schema(block, max = 1)]
    monitoring: Vec<Monitoring>,
    /// Network interfaces.
    #[schema(block)]
    network_interfaces: Vec<NetworkInterfaces>,
    /// Placement.
    #[schema(block, max = 1)]
    placement: Vec<Placement>,
    /// Private dns name options.
    #[schema(block, max = 1)]
    private_dns_name_options: Vec<PrivateDnsNameOptions>,
    /// Tag specifications.
    #[schema(block)]
    tag_specifications: Vec<TagSpecifications>,
}

/// Attributes of the template itself; all others are a version's.
const OF_THE_TEMPLATE: [&str; 9] = ["arn", "default_version", "id", "latest_version", "name", "name_prefix", "tags", "tags_all", "update_default_version"];

/// The largest user data that EC2 takes, before encoding, in bytes.
const USER_DATA_LIMIT: usize = 16 * 1024;

wire! {
#[expect(deprecated, reason = "the schema still has what EC2 gives up")]
LaunchTemplate => RequestLaunchTemplateData, ResponseLaunchTemplateData {
    flag disable_api_stop, flag disable_api_termination, truth ebs_optimized, text image_id, word instance_initiated_shutdown_behavior, word instance_type, text kernel_id, text key_name,
    text ram_disk_id, texts security_group_names: security_groups, text user_data, texts vpc_security_group_ids: security_group_ids, many block_device_mappings,
    one capacity_reservation_specification, one cpu_options, one credit_specification, many elastic_gpu_specifications, many elastic_inference_accelerator: elastic_inference_accelerators,
    one enclave_options, one hibernation_options, one iam_instance_profile, one instance_market_options, one instance_requirements, many license_specification: license_specifications,
    one maintenance_options, one metadata_options, one monitoring, one placement, one private_dns_name_options, many tag_specifications,
} }

async fn describe(client: &Client, id: &str) -> Result<Option<Remote>, Fault> {
    client
        .batch("ec2 launch template", 150, id.to_owned(), |client, ids: Vec<String>| async move {
            let pages = client.ec2().describe_launch_templates().set_launch_template_ids(Some(ids)).into_paginator().items().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeLaunchTemplates")?;
            Ok(found.into_iter().filter_map(|template| Some((template.launch_template_id.clone()?, template))).collect())
        })
        .await
}

/// The newest version. One call gives those of one template or those of all in the account: for more than a few, the latter is less.
async fn latest(client: &Client, id: &str) -> Result<Option<LaunchTemplateVersion>, Fault> {
    client
        .batch("ec2 launch template version", 10_000, id.to_owned(), |client, ids: Vec<String>| async move {
            let call = || client.ec2().describe_launch_template_versions().versions("$Latest");
            let calls = if ids.len() > 3 { vec![call()] } else { ids.into_iter().map(|id| call().launch_template_id(id)).collect() };
            let pages = calls.into_iter().map(|call| call.into_paginator().items().send().collect::<Result<Vec<_>, _>>());
            let found = try_join_all(pages).await.api("ec2:DescribeLaunchTemplateVersions")?;
            Ok(found.into_iter().flatten().filter_map(|version| Some((version.launch_template_id.clone()?, version))).collect())
        })
        .await
}

impl LaunchTemplate {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// What a version holds.
    fn data(&self) -> RequestLaunchTemplateData {
        let mut data: RequestLaunchTemplateData = self.to_sdk();
        if !self.network_interfaces.is_empty() {
            data.network_interfaces = Some(self.network_interfaces.iter().map(NetworkInterfaces::request).collect());
        }
        data
    }

    async fn set_default(client: &Client, id: &str, version: i64) -> Result<(), Fault> {
        client.ec2().modify_launch_template().launch_template_id(id).default_version(version.to_string()).send().await.api("ec2:ModifyLaunchTemplate")?;
        Ok(())
    }
}

/// What is wrong with a name, if it is known.
fn check_name(config: &Value, attribute: &str) -> Option<Fault> {
    let value = config.get(attribute)?;
    let name = value.as_str()?;
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-().\\/_".contains(letter);
    let fits = (attribute == "name_prefix" || name.len() >= 3) && name.len() <= if attribute == "name" { 128 } else { 99 } && name.chars().all(allowed);
    let detail = "It may have 3 to 128 (a prefix up to 99) characters out of letters, digits and ( ) . - / _";
    (!fits).then(|| Fault::attribute(Path::attr(attribute), "Invalid name of a launch template", detail))
}

impl Resource for LaunchTemplate {
    type Client = Client;
    const MARKED: bool = true;

    fn validate(config: &Value) -> Vec<Fault> {
        let set = |name: &str| config.get(name).is_some_and(|value| !value.is_null());
        let mut faults: Vec<Fault> = ["name", "name_prefix"].into_iter().filter_map(|name| check_name(config, name)).collect();
        for (a, b) in [("name", "name_prefix"), ("default_version", "update_default_version"), ("vpc_security_group_ids", "security_group_names")] {
            if set(a) && set(b) {
                faults.push(Fault::attribute(Path::attr(b), "Arguments exclude each other", format!("Set either \"{a}\" or \"{b}\".")));
            }
        }
        if set("instance_type") && config.get("instance_requirements").is_some_and(|block| block.length().is_some_and(|length| length > 0)) {
            faults.push(Fault::attribute(Path::attr("instance_type"), "Arguments exclude each other", "Set either \"instance_type\" or \"instance_requirements\"."));
        }
        if let Some(size) = config.get("user_data").and_then(|data| STANDARD.decode(data.as_str()?).ok()).map(|data| data.len()).filter(|size| *size > USER_DATA_LIMIT) {
            let detail = format!(
                "It is {size} bytes; EC2 takes {USER_DATA_LIMIT} before encoding. Compress it (cloud-init takes gzip) or fetch the rest when the instance starts."
            );
            faults.push(Fault::attribute(Path::attr("user_data"), "User data is too long", detail));
        }
        faults
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        let nothing = |name: &str| plan.planned(name).is_null() || plan.planned(name).length() == Some(0);
        if ["image_id", "instance_type", "instance_requirements"].into_iter().all(nothing) && plan.any_changed() {
            let detail =
                "Nothing can be started from it alone: who uses it has to name both an image and an instance type, which Auto Scaling groups cannot do for images.";
            plan.warn(Fault::warning("Launch template without image and instance type", detail));
        }
        if plan.creating() {
            return Ok(());
        }
        let block = <Self as weir_provider::native::Shape>::block();
        let names = block.attributes.keys().chain(block.blocks.keys());
        let new_version = names.filter(|name| !OF_THE_TEMPLATE.contains(&&***name)).any(|name| plan.changed(name));
        if new_version {
            plan.unknown("latest_version");
            if plan.planned("update_default_version").as_bool() == Some(true) {
                plan.unknown("default_version");
            }
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let made = || name::unique(planned.name_prefix.as_deref().filter(|prefix| !prefix.is_empty()).unwrap_or("terraform-"), operation.token);
        let name = planned.name.clone().filter(|name| !name.is_empty()).unwrap_or_else(made);
        let answer = client
            .ec2()
            .create_launch_template()
            .client_token(operation.token)
            .launch_template_name(&name)
            .set_version_description(planned.description.clone().filter(|text| !text.is_empty()))
            .launch_template_data(planned.data())
            .tag_specifications(client.new_tags(ResourceType::LaunchTemplate, &planned.tags, operation.token))
            .send()
            .await
            .api("ec2:CreateLaunchTemplate")?;
        let id = answer.launch_template.and_then(|template| template.launch_template_id);
        let id = id.ok_or_else(|| Fault::error("ec2:CreateLaunchTemplate failed", "The answer holds no template."))?;
        let created = Self { id: Some(id), name: Some(name), ..planned };
        operation.created(&created)?;
        wait::appear("launch template", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(template) = describe(client, prior.id()).await? else { return Ok(None) };
        let account = client.account_of(prior.arn.as_ref()).await?;
        let id = prior.id().to_owned();
        let (tags, tags_all) = client.tag_rules().read(tags::of_ec2(template.tags()), &prior.tags);
        if prior.latest_version.is_some() && template.latest_version_number == prior.latest_version {
            // A version never changes, so the state knows it.
            return Ok(Some(Self { default_version: template.default_version_number, tags, tags_all, ..prior }));
        }
        let Some(version) = latest(client, &id).await? else { return Ok(None) };
        let data = version.launch_template_data.unwrap_or_else(|| ResponseLaunchTemplateData::builder().build());
        let name = template.launch_template_name.unwrap_or_default();
        let read = Self {
            arn: Some(client.arn("ec2", account, &format!("launch-template/{id}"))),
            default_version: template.default_version_number,
            description: version.version_description,
            id: Some(id),
            latest_version: template.latest_version_number,
            name_prefix: Some(name::prefix(&name).to_owned()),
            name: Some(name),
            network_interfaces: data.network_interfaces().iter().map(NetworkInterfaces::of).collect(),
            tags,
            tags_all,
            update_default_version: prior.update_default_version,
            ..Self::from_sdk(&data)
        };
        Ok(Some(keep::form(&prior, &read)?))
    }

    async fn update(client: &Client, prior: Self, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let id = prior.id().to_owned();
        let new_version = if planned.latest_version.is_none() {
            let call = client.ec2().create_launch_template_version().client_token(operation.token).launch_template_id(&id);
            let call = call.set_version_description(planned.description.clone().filter(|text| !text.is_empty())).launch_template_data(planned.data());
            let answer = call.send().await.api("ec2:CreateLaunchTemplateVersion")?;
            answer.launch_template_version.and_then(|version| version.version_number)
        } else {
            None
        };
        match (new_version, planned.default_version) {
            (Some(version), None) => Self::set_default(client, &id, version).await?,
            (_, Some(version)) if prior.default_version != Some(version) => Self::set_default(client, &id, version).await?,
            _ => {}
        }
        client.retag(&id, &prior.tags_all, &planned.tags).await?;
        let expected = Self { id: Some(id), ..planned };
        wait::until("the new version of the launch template", wait::limit(None, 2)?, || async {
            let read = Self::read(client, expected.clone()).await?.ok_or_else(|| Fault::not_found("The launch template is gone."))?;
            Ok(Some(read).filter(|read| new_version.is_none_or(|version| read.latest_version.is_some_and(|latest| latest >= version))))
        })
        .await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        client.ec2().delete_launch_template().launch_template_id(prior.id()).send().await.api("ec2:DeleteLaunchTemplate")?;
        Ok(())
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        match marker::find(client, "launch-template", token).await? {
            Some(id) => Self::read(client, Self { id: Some(id), ..planned }).await,
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn nothing_to_start() {
        let lab = lab().await;
        let warnings =
            async |config| lab.plan("aws_launch_template", None, &config).await.expect("plan").warnings.into_iter().map(|warning| warning.summary).collect::<Vec<_>>();
        assert_eq!(warnings(json!({"name": "lt-bare"})).await, ["Launch template without image and instance type"]);
        assert!(warnings(json!({"name": "lt-bare", "image_id": "ami-1"})).await.is_empty());
        assert!(warnings(json!({"name": "lt-bare", "instance_requirements": [{"memory_mib": [{"min": 1}], "vcpu_count": [{"min": 1}]}]})).await.is_empty());
    }

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let config = json!({
            "name": "lt-lifecycle",
            "description": "Nodes",
            "update_default_version": true,
            "image_id": "ami-12c6146b",
            "vpc_security_group_ids": ["sg-1", "sg-2"],
            "user_data": STANDARD.encode("#cloud-config\n"),
            "iam_instance_profile": [{"arn": "arn:aws:iam::123456789012:instance-profile/node"}],
            "metadata_options": [{"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1}],
            "monitoring": [{"enabled": true}],
            "block_device_mappings": [{"device_name": "/dev/xvda", "ebs": [{"volume_type": "gp3", "volume_size": 20, "encrypted": "true", "delete_on_termination": "true"}]}],
            "tag_specifications": [{"resource_type": "instance", "tags": {"Name": "node"}}, {"resource_type": "volume", "tags": {"Name": "node"}}],
        });
        let mut changed = config.clone();
        changed["user_data"] = json!(STANDARD.encode("#cloud-config\n# 2\n"));
        changed["tags"] = json!({"a": "b"});
        changed["network_interfaces"] = json!([{"device_index": 1, "subnet_id": "subnet-1", "associate_public_ip_address": "false", "security_groups": ["sg-3"]}]);
        changed["instance_requirements"] =
            json!([{"memory_mib": [{"min": 2048}], "vcpu_count": [{"min": 2, "max": 8}], "memory_gib_per_vcpu": [{"min": 0.5, "max": 4}], "local_storage": "excluded"}]);
        let mut tagged = changed.clone();
        tagged["tags"] = json!({"a": "c"});
        let state = Lifecycle::new(&lab, "aws_launch_template", config.clone()).update(changed).update(tagged).import_ignores(&["update_default_version"]).run().await;
        let number = |name: &str| state.get(name).and_then(|value| value.as_i64());
        assert_eq!((number("latest_version"), number("default_version")), (Some(2), Some(2)));
        assert_eq!(text(&state, "name_prefix"), "");

        let planned = lab.plan("aws_launch_template", Some(&state), &config).await.expect("plan").state;
        assert!(!planned.get("latest_version").expect("attribute").is_known());
        assert!(!planned.get("default_version").expect("attribute").is_known());
    }

    #[tokio::test]
    async fn default_version_and_made_name() {
        let lab = lab().await;
        let config = |kind: &str, default: Option<i64>| json!({"name_prefix": "lt-made-", "instance_type": kind, "default_version": default});
        let first = config("t3.small", None);
        let state = Lifecycle::new(&lab, "aws_launch_template", first).update(config("t3.large", None)).update(config("t3.large", Some(2))).run().await;
        assert!(text(&state, "name").starts_with("lt-made-"));
        assert_eq!(state.get("default_version").and_then(|value| value.as_i64()), Some(2));
    }

    /// What is off is off after an import too: otherwise the next plan would make a version that switches it off again.
    #[tokio::test]
    async fn what_is_off() {
        let lab = lab().await;
        let config = json!({"name": "lt-off", "instance_type": "t3.small", "disable_api_stop": false, "ebs_optimized": "false", "monitoring": [{"enabled": false}]});
        let state = Lifecycle::new(&lab, "aws_launch_template", config)
            .update(json!({"name": "lt-off", "disable_api_stop": false, "monitoring": [{"enabled": false}]}))
            .run()
            .await;
        assert_eq!(state.get("disable_api_stop").and_then(|value| value.as_bool()), Some(false));
        assert!(state.get("disable_api_termination").expect("attribute").is_null());
    }

    #[tokio::test]
    async fn refuses() {
        let lab = lab().await;
        let long = STANDARD.encode(vec![b'x'; 17_000]);
        let faults = lab.validate("aws_launch_template", &json!({"name": "a b", "user_data": long, "update_default_version": true, "default_version": 1}));
        let summaries: Vec<&str> = faults.iter().map(|fault| fault.summary.as_str()).collect();
        assert_eq!(summaries, ["Invalid name of a launch template", "Arguments exclude each other", "User data is too long"]);
    }
}
