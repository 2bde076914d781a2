//! `data "aws_ami"`

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{BlockDeviceMapping, Image};
use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::Client;
use crate::api::Explain;
use crate::data::availability_zones::{Filter, filters};
use crate::tags::{self, Tags};
use crate::timeouts::timeouts;

/// A machine image.
///
/// ```hcl
/// data "aws_ami" "debian" {
///   owners      = ["136693071363"]
///   most_recent = true
///
///   filter {
///     name   = "name"
///     values = ["debian-12-arm64-*"]
///   }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_ami")]
pub(crate) struct Ami {
    /// `x86_64` or `arm64`.
    #[schema(computed)]
    architecture: Option<String>,
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Volumes.
    #[schema(computed, set)]
    block_device_mappings: Option<Vec<Mapping>>,
    /// `uefi` or `legacy-bios`.
    #[schema(computed)]
    boot_mode: Option<String>,
    /// When it was made.
    #[schema(computed)]
    creation_date: Option<String>,
    /// When it is to be deprecated.
    #[schema(computed)]
    deprecation_time: Option<String>,
    /// Description.
    #[schema(computed)]
    description: Option<String>,
    /// Enhanced networking.
    #[schema(computed)]
    ena_support: Option<bool>,
    /// Only images that these may start.
    #[schema(optional)]
    executable_users: Option<Vec<String>>,
    /// Hypervisor.
    #[schema(computed)]
    hypervisor: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Id again.
    #[schema(computed)]
    image_id: Option<String>,
    /// Where it lies.
    #[schema(computed)]
    image_location: Option<String>,
    /// `amazon`, `aws-marketplace` or `self`.
    #[schema(computed)]
    image_owner_alias: Option<String>,
    /// `machine`, `kernel` or `ramdisk`.
    #[schema(computed)]
    image_type: Option<String>,
    /// `v2.0` when instances take metadata requests with tokens only.
    #[schema(computed)]
    imds_support: Option<String>,
    /// Deprecated images too.
    #[schema(optional)]
    include_deprecated: Option<bool>,
    /// Kernel.
    #[schema(computed)]
    kernel_id: Option<String>,
    /// When it was last started.
    #[schema(computed)]
    last_launched_time: Option<String>,
    /// The newest of several.
    #[schema(optional)]
    most_recent: Option<bool>,
    /// Name.
    #[schema(computed)]
    name: Option<String>,
    /// Only images whose name fits.
    #[schema(optional)]
    name_regex: Option<String>,
    /// Account of the owner.
    #[schema(computed)]
    owner_id: Option<String>,
    /// Only images of these accounts, or of `self`, `amazon`, `aws-marketplace`.
    #[schema(optional)]
    owners: Option<Vec<String>>,
    /// `windows` or empty.
    #[schema(computed)]
    platform: Option<String>,
    /// Platform for billing.
    #[schema(computed)]
    platform_details: Option<String>,
    /// Product codes.
    #[schema(computed, set)]
    product_codes: Option<Vec<ProductCode>>,
    /// Everybody may start it.
    #[schema(computed)]
    public: Option<bool>,
    /// RAM disk.
    #[schema(computed)]
    ramdisk_id: Option<String>,
    /// Device of the root volume.
    #[schema(computed)]
    root_device_name: Option<String>,
    /// `ebs` or `instance-store`.
    #[schema(computed)]
    root_device_type: Option<String>,
    /// Snapshot of the root volume.
    #[schema(computed)]
    root_snapshot_id: Option<String>,
    /// Networking with a virtual function.
    #[schema(computed)]
    sriov_net_support: Option<String>,
    /// State.
    #[schema(computed)]
    state: Option<String>,
    /// Why it is in that state.
    #[schema(computed)]
    state_reason: Option<BTreeMap<String, String>>,
    /// Tags.
    #[schema(optional, computed)]
    tags: Tags,
    /// `v2.0` with a TPM.
    #[schema(computed)]
    tpm_support: Option<String>,
    /// Kept as it is written.
    #[schema(optional)]
    uefi_data: Option<String>,
    /// Operation for billing.
    #[schema(computed)]
    usage_operation: Option<String>,
    /// `hvm` or `paravirtual`.
    #[schema(computed)]
    virtualization_type: Option<String>,
    /// Filters of the API.
    #[schema(block, set)]
    filter: Vec<Filter>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(read);

/// A volume.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Mapping {
    /// Device.
    #[schema(optional)]
    device_name: String,
    /// Its volume.
    #[schema(optional)]
    ebs: BTreeMap<String, String>,
    /// Suppressed device.
    #[schema(optional)]
    no_device: String,
    /// Instance store.
    #[schema(optional)]
    virtual_name: String,
}

/// A product code.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct ProductCode {
    /// Code.
    #[schema(optional)]
    product_code_id: String,
    /// Type.
    #[schema(optional)]
    product_code_type: String,
}

fn mapping(device: &BlockDeviceMapping) -> Mapping {
    let ebs = device.ebs().map(|ebs| {
        BTreeMap::from([
            ("delete_on_termination".to_owned(), ebs.delete_on_termination.unwrap_or(false).to_string()),
            ("encrypted".to_owned(), ebs.encrypted.unwrap_or(false).to_string()),
            ("iops".to_owned(), ebs.iops.unwrap_or(0).to_string()),
            ("snapshot_id".to_owned(), ebs.snapshot_id.clone().unwrap_or_default()),
            ("throughput".to_owned(), ebs.throughput.unwrap_or(0).to_string()),
            ("volume_size".to_owned(), ebs.volume_size.unwrap_or(0).to_string()),
            ("volume_type".to_owned(), ebs.volume_type.as_ref().map(|kind| kind.as_str().to_owned()).unwrap_or_default()),
        ])
    });
    Mapping {
        device_name: device.device_name.clone().unwrap_or_default(),
        ebs: ebs.unwrap_or_default(),
        no_device: device.no_device.clone().unwrap_or_default(),
        virtual_name: device.virtual_name.clone().unwrap_or_default(),
    }
}

impl Ami {
    fn of(self, client: &Client, image: Image) -> Self {
        let text = |text: Option<&str>| Some(text.unwrap_or_default().to_owned());
        let id = image.image_id.clone().unwrap_or_default();
        let root = image.block_device_mappings().iter().find(|device| device.device_name() == image.root_device_name());
        let reason = |text: Option<&str>| text.unwrap_or("UNSET").to_owned();
        let why = image.state_reason();
        let codes = image.product_codes().iter().map(|code| ProductCode {
            product_code_id: code.product_code_id.clone().unwrap_or_default(),
            product_code_type: code.product_code_type.as_ref().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        });
        Self {
            architecture: text(image.architecture().map(|kind| kind.as_str())),
            // Images may belong to others, so the ARN has no account.
            arn: Some(format!("arn:{}:ec2:{}::image/{id}", client.partition(), client.region())),
            block_device_mappings: Some(image.block_device_mappings().iter().map(mapping).collect()),
            boot_mode: text(image.boot_mode().map(|kind| kind.as_str())),
            creation_date: text(image.creation_date()),
            deprecation_time: text(image.deprecation_time()),
            description: text(image.description()),
            ena_support: Some(image.ena_support.unwrap_or(false)),
            hypervisor: text(image.hypervisor().map(|kind| kind.as_str())),
            id: Some(id.clone()),
            image_id: Some(id),
            image_location: text(image.image_location()),
            image_owner_alias: text(image.image_owner_alias()),
            image_type: text(image.image_type().map(|kind| kind.as_str())),
            imds_support: text(image.imds_support().map(|kind| kind.as_str())),
            kernel_id: text(image.kernel_id()),
            last_launched_time: text(image.last_launched_time()),
            name: text(image.name()),
            owner_id: text(image.owner_id()),
            platform: text(image.platform().map(|kind| kind.as_str())),
            platform_details: text(image.platform_details()),
            product_codes: Some(codes.collect()),
            public: Some(image.public.unwrap_or(false)),
            ramdisk_id: text(image.ramdisk_id()),
            root_device_name: text(image.root_device_name()),
            root_device_type: text(image.root_device_type().map(|kind| kind.as_str())),
            root_snapshot_id: text(root.and_then(|device| device.ebs()).and_then(|ebs| ebs.snapshot_id())),
            sriov_net_support: text(image.sriov_net_support()),
            state: text(image.state().map(|kind| kind.as_str())),
            state_reason: Some(BTreeMap::from([
                ("code".to_owned(), reason(why.and_then(|why| why.code()))),
                ("message".to_owned(), reason(why.and_then(|why| why.message()))),
            ])),
            tags: client.tag_rules().read(tags::of_ec2(image.tags()), &None).1,
            tpm_support: text(image.tpm_support().map(|kind| kind.as_str())),
            usage_operation: text(image.usage_operation()),
            virtualization_type: text(image.virtualization_type().map(|kind| kind.as_str())),
            ..self
        }
    }
}

impl DataSource for Ami {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let pattern = config.get("name_regex").and_then(|value| value.as_str().map(str::to_owned));
        match pattern.map(|pattern| regex::Regex::new(&pattern)) {
            Some(Err(error)) => vec![Fault::attribute(Path::attr("name_regex"), "Invalid regular expression", error.to_string())],
            _ => Vec::new(),
        }
    }

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let wanted = filters(&config.filter);
        let pages = client
            .ec2()
            .describe_images()
            .set_executable_users(config.executable_users.clone())
            .set_owners(config.owners.clone())
            .set_include_deprecated(config.include_deprecated)
            .set_filters((!wanted.is_empty()).then_some(wanted))
            .into_paginator();
        let mut images = pages.items().send().collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeImages")?;
        if let Some(pattern) = &config.name_regex {
            let pattern = regex::Regex::new(pattern).map_err(|error| Fault::attribute(Path::attr("name_regex"), "Invalid regular expression", error.to_string()))?;
            images.retain(|image| image.name().is_some_and(|name| pattern.is_match(name)));
        }
        // Dates are in one form, so that the order of the texts is that of time.
        images.sort_by(|a, b| b.creation_date().cmp(&a.creation_date()));
        if images.len() > 1 && config.most_recent != Some(true) {
            let names: Vec<&str> = images.iter().take(5).filter_map(|image| image.name()).collect();
            let detail = format!("{} images fit, such as {}. Give stricter filters, or set most_recent = true.", images.len(), names.join(", "));
            return Err(Fault::error("More than one image", detail));
        }
        match images.into_iter().next() {
            Some(image) => Ok(config.of(client, image)),
            None => Err(Fault::error("No such image", "No image fits. Check owners, filters, name_regex and the region.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn newest_of_many() {
        let lab = lab().await;
        let amazon = json!([{"name": "name", "values": ["amzn2-ami-*"]}, {"name": "architecture", "values": ["x86_64"]}]);
        let found = lab.data("aws_ami", json!({"owners": ["amazon"], "most_recent": true, "filter": amazon})).await.expect("image");
        assert!(text(&found, "id").starts_with("ami-"));
        assert_eq!(text(&found, "arn"), format!("arn:aws:ec2:eu-central-1::image/{}", text(&found, "id")));
        let faults = lab.data("aws_ami", json!({"owners": ["amazon"]})).await.expect_err("many");
        assert_eq!(faults[0].summary, "More than one image");
        let faults = lab.data("aws_ami", json!({"name_regex": "^no such image$"})).await.expect_err("none");
        assert_eq!(faults[0].summary, "No such image");
    }
}
