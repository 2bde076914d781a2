//! `aws_ebs_volume`

use std::time::Duration;

use aws_sdk_ec2::types::{ResourceType, SnapshotState, Volume as Remote, VolumeModificationState, VolumeState, VolumeType};
use aws_smithy_types::date_time::Format;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::api::{ApiError, Explain};
use crate::marker::{self, filter};
use crate::tags::{self, Tags};
use crate::timeouts::timeouts;
use crate::{Client, plan, wait};

/// A volume of the Elastic Block Store.
///
/// ```hcl
/// resource "aws_ebs_volume" "data" {
///   availability_zone = "eu-central-1a"
///   type              = "gp3"
///   size              = 40
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_ebs_volume")]
pub(crate) struct EbsVolume {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Availability zone.
    #[schema(required, force_new)]
    availability_zone: Option<String>,
    /// When it was made (RFC 3339).
    #[schema(computed)]
    create_time: Option<String>,
    /// Encrypted.
    #[schema(optional, computed, force_new)]
    encrypted: Option<bool>,
    /// Take a snapshot before deletion.
    #[schema(optional)]
    final_snapshot: Option<bool>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// I/O operations per second.
    #[schema(optional, computed)]
    iops: Option<i64>,
    /// Key that it is encrypted with, by ARN.
    #[schema(optional, computed, force_new)]
    kms_key_id: Option<String>,
    /// Several instances may use it at once.
    #[schema(optional, force_new)]
    multi_attach_enabled: Option<bool>,
    /// Outpost.
    #[schema(optional, force_new)]
    outpost_arn: Option<String>,
    /// GiB.
    #[schema(optional, computed)]
    size: Option<i64>,
    /// Snapshot that it begins with.
    #[schema(optional, computed, force_new)]
    snapshot_id: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// MiB per second, of `gp3`.
    #[schema(optional, computed)]
    throughput: Option<i64>,
    /// `gp2`, `gp3`, `io1`, `io2`, `sc1`, `st1` or `standard`.
    #[schema(optional, computed)]
    r#type: Option<String>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(create, delete, update);

/// A volume, asked for together with others.
pub(crate) async fn describe(client: &Client, id: &str) -> Result<Option<Remote>, Fault> {
    client
        .batch("ec2 volume", 150, id.to_owned(), |client, ids: Vec<String>| async move {
            let pages = client.ec2().describe_volumes().filters(filter("volume-id", ids)).into_paginator().items().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeVolumes")?;
            Ok(found.into_iter().filter_map(|volume| Some((volume.volume_id.clone()?, volume))).collect())
        })
        .await
}

/// Waits until a changed volume can be used with its new size and speed; that its blocks are still being moved does not matter.
pub(crate) async fn modified(client: &Client, id: &str, limit: Duration) -> Result<(), Fault> {
    wait::until("the change of the volume", limit, || async {
        let answer = client.ec2().describe_volumes_modifications().volume_ids(id).send().await.api("ec2:DescribeVolumesModifications")?;
        // The last one counts; a volume has a history of them.
        let last = answer.volumes_modifications.unwrap_or_default().into_iter().max_by_key(|change| change.start_time.map(|time| time.secs()));
        match last.as_ref().map(|change| (change.modification_state(), change)) {
            Some((Some(VolumeModificationState::Failed), change)) => Err(Fault::error("The volume could not be changed", change.status_message().unwrap_or_default())),
            Some((Some(VolumeModificationState::Modifying), _)) => Ok(None),
            _ => Ok(Some(())),
        }
    })
    .await
}

/// Waits until the volume is there to be used, or is in use.
async fn available(client: &Client, id: &str, limit: Duration) -> Result<(), Fault> {
    wait::until("the volume", limit, || async {
        let Some(volume) = describe(client, id).await? else { return Ok(None) };
        match volume.state() {
            Some(VolumeState::Available | VolumeState::InUse) => Ok(Some(())),
            Some(VolumeState::Error) => Err(Fault::error("The volume could not be made", "Its state is `error`; often the KMS key cannot be used by EBS.")),
            _ => Ok(None),
        }
    })
    .await
}

impl EbsVolume {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    async fn snapshot(&self, client: &Client, limit: Duration) -> Result<(), Fault> {
        let answer = client.ec2().create_snapshot().volume_id(self.id()).description("Taken before the volume was deleted").send().await.api("ec2:CreateSnapshot")?;
        let id = answer.snapshot_id.unwrap_or_default();
        wait::until("the final snapshot", limit, || async {
            let answer = client.ec2().describe_snapshots().snapshot_ids(&id).send().await.api("ec2:DescribeSnapshots")?;
            match answer.snapshots().first().and_then(|snapshot| snapshot.state()) {
                Some(SnapshotState::Completed) => Ok(Some(())),
                Some(SnapshotState::Error) => Err(Fault::error("The final snapshot failed", format!("{id} is in state `error`: the volume was not deleted."))),
                _ => Ok(None),
            }
        })
        .await
    }
}

impl Resource for EbsVolume {
    type Client = Client;
    const MARKED: bool = true;

    fn validate(config: &Value) -> Vec<Fault> {
        let get = |name: &str| config.get(name).unwrap_or_else(Value::null);
        let mut faults = Vec::new();
        if get("size").is_null() && get("snapshot_id").is_null() {
            faults.push(Fault::attribute(Path::attr("size"), "No size", "Set size, or snapshot_id to take it from a snapshot."));
        }
        let kind = get("type");
        let kind = kind.as_str().unwrap_or_default();
        if get("iops").as_i64().is_some_and(|iops| iops > 0) && ["gp2", "sc1", "st1", "standard"].contains(&kind) {
            faults.push(Fault::attribute(
                Path::attr("iops"),
                "Conflicting arguments",
                format!("The speed of {kind} volumes cannot be chosen: leave out iops, or use gp3, io1 or io2."),
            ));
        }
        if ["io1", "io2"].contains(&kind) && get("iops").is_null() {
            faults.push(Fault::attribute(Path::attr("iops"), "Missing argument", format!("Volumes of type {kind} need iops.")));
        }
        if get("throughput").as_i64().is_some_and(|throughput| throughput > 0) && !kind.is_empty() && kind != "gp3" {
            faults.push(Fault::attribute(
                Path::attr("throughput"),
                "Conflicting arguments",
                format!("Volumes of type {kind} have no throughput to choose; those of gp3 do."),
            ));
        }
        faults
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        if !plan.creating() && (plan.changed("type") || plan.changed("size")) {
            // Speeds that were not chosen follow from type and size.
            for name in ["iops", "throughput"] {
                if plan.config(name).is_null() {
                    plan.unknown(name);
                }
            }
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_ref()), 5)?;
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let number = |number: Option<i64>| number.filter(|number| *number > 0).map(|number| number as i32);
        let call = client
            .ec2()
            .create_volume()
            .set_availability_zone(given(&planned.availability_zone))
            .set_encrypted(planned.encrypted)
            .set_iops(number(planned.iops))
            .set_kms_key_id(given(&planned.kms_key_id))
            .set_multi_attach_enabled(planned.multi_attach_enabled)
            .set_outpost_arn(given(&planned.outpost_arn))
            .set_size(number(planned.size))
            .set_snapshot_id(given(&planned.snapshot_id))
            .set_throughput(number(planned.throughput))
            .set_volume_type(given(&planned.r#type).map(|kind| VolumeType::from(kind.as_str())))
            .client_token(operation.token)
            .tag_specifications(client.new_tags(ResourceType::Volume, &planned.tags, operation.token));
        let answer = call.send().await.api("ec2:CreateVolume")?;
        let id = answer.volume_id.ok_or_else(|| Fault::uncertain("ec2:CreateVolume failed", "The answer holds no volume."))?;
        let created = Self { id: Some(id.clone()), ..planned };
        operation.created(&created)?;
        available(client, &id, limit).await?;
        wait::appear("volume", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(volume) = describe(client, prior.id()).await? else { return Ok(None) };
        if matches!(volume.state(), Some(VolumeState::Deleted | VolumeState::Deleting)) {
            return Ok(None);
        }
        let (tags, tags_all) = client.tag_rules().read(tags::of_ec2(volume.tags()), &prior.tags);
        let account = client.account_of(prior.arn.as_ref()).await?;
        let text = |text: Option<&str>| Some(text.unwrap_or_default().to_owned());
        Ok(Some(Self {
            arn: Some(client.arn("ec2", account, &format!("volume/{}", prior.id()))),
            availability_zone: volume.availability_zone.clone(),
            create_time: volume.create_time.and_then(|time| time.fmt(Format::DateTime).ok()),
            encrypted: Some(volume.encrypted.unwrap_or(false)),
            final_snapshot: prior.final_snapshot,
            id: volume.volume_id.clone(),
            iops: Some(volume.iops.map_or(0, i64::from)),
            kms_key_id: text(volume.kms_key_id()),
            multi_attach_enabled: crate::unset::flag(prior.multi_attach_enabled, volume.multi_attach_enabled.unwrap_or(false)),
            outpost_arn: crate::unset::text(prior.outpost_arn.as_ref(), volume.outpost_arn()),
            size: volume.size.map(i64::from),
            snapshot_id: text(volume.snapshot_id()),
            tags,
            tags_all,
            throughput: Some(volume.throughput.map_or(0, i64::from)),
            r#type: volume.volume_type().map(|kind| kind.as_str().to_owned()),
            timeouts: prior.timeouts,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.update.as_ref()), 5)?;
        let number = |before: Option<i64>, after: Option<i64>| after.filter(|after| Some(*after) != before && *after > 0).map(|after| after as i32);
        let kind = planned.r#type.clone().filter(|kind| prior.r#type.as_ref() != Some(kind));
        let (size, iops, throughput) = (number(prior.size, planned.size), number(prior.iops, planned.iops), number(prior.throughput, planned.throughput));
        if kind.is_some() || size.is_some() || iops.is_some() || throughput.is_some() {
            let call = client.ec2().modify_volume().volume_id(prior.id()).set_size(size).set_iops(iops).set_throughput(throughput);
            let call = call.set_volume_type(kind.map(|kind| VolumeType::from(kind.as_str())));
            call.send().await.api("ec2:ModifyVolume")?;
            modified(client, prior.id(), limit).await?;
        }
        client.retag(prior.id(), &prior.tags_all, &planned.tags).await?;
        Self::read(client, Self { id: prior.id, ..planned }).await?.ok_or_else(|| Fault::not_found("The volume is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let limit = wait::limit(prior.timeouts.as_ref().and_then(|timeouts| timeouts.delete.as_ref()), 10)?;
        if prior.final_snapshot == Some(true) && describe(client, prior.id()).await?.is_some() {
            prior.snapshot(client, limit).await?;
        }
        let passing = |error: &ApiError| error.is(&["VolumeInUse"]);
        wait::retry(limit, passing, || async { client.ec2().delete_volume().volume_id(prior.id()).send().await.api("ec2:DeleteVolume") }).await?;
        wait::until("the volume to go", limit, || async { Ok(Self::read(client, prior.clone()).await?.is_none().then_some(())) }).await
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        let Some(id) = marker::find(client, "volume", token).await? else { return Ok(None) };
        available(client, &id, wait::limit(None, 5)?).await?;
        Self::read(client, Self { id: Some(id), ..planned }).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let config = json!({"availability_zone": "eu-central-1a", "size": 8, "type": "gp3"});
        let mut larger = config.clone();
        larger["size"] = json!(16);
        larger["tags"] = json!({"Name": "data"});
        let mut kept = larger.clone();
        kept["final_snapshot"] = json!(true);
        let state = Lifecycle::new(&lab, "aws_ebs_volume", config).update(larger).update(kept).import_ignores(&["final_snapshot"]).run().await;
        assert!(text(&state, "arn").contains(":volume/vol-"));
        let snapshots = crate::harness::client().await.ec2().describe_snapshots().owner_ids("self").send().await.expect("snapshots");
        assert!(snapshots.snapshots().iter().any(|snapshot| snapshot.volume_id() == Some(&text(&state, "id"))), "the final snapshot");
        let planned = lab.plan("aws_ebs_volume", Some(&state), &json!({"availability_zone": "eu-central-1b", "size": 16, "type": "gp3"})).await.expect("plan");
        assert_eq!(planned.requires_replace.len(), 1);
        let faults = lab.refused("aws_ebs_volume", json!({"availability_zone": "eu-central-1a", "size": 8, "type": "gp2", "iops": 100})).await;
        assert_eq!(faults[0].summary, "Conflicting arguments");
    }
}
