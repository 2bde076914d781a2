//! `aws_volume_attachment`

use std::time::Duration;

use aws_sdk_ec2::types::{InstanceStateName, VolumeAttachment as Remote, VolumeAttachmentState};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::api::{ApiError, Explain, ignore_gone};
use crate::resource::ebs_volume;
use crate::timeouts::timeouts;
use crate::{Client, name, plan, wait};

/// A volume at an instance.
///
/// ```hcl
/// resource "aws_volume_attachment" "data" {
///   device_name = "/dev/sdh"
///   volume_id   = aws_ebs_volume.data.id
///   instance_id = aws_instance.web.id
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_volume_attachment")]
pub(crate) struct VolumeAttachment {
    /// Device at the instance.
    #[schema(required, force_new)]
    device_name: Option<String>,
    /// Detach it even if the instance does not let go, at the risk of losing data.
    #[schema(optional)]
    force_detach: Option<bool>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Instance.
    #[schema(required, force_new)]
    instance_id: Option<String>,
    /// Leave it attached when this is deleted.
    #[schema(optional)]
    skip_destroy: Option<bool>,
    /// Stop the instance first.
    #[schema(optional)]
    stop_instance_before_detaching: Option<bool>,
    /// Volume.
    #[schema(required, force_new)]
    volume_id: Option<String>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(create, delete);

impl VolumeAttachment {
    fn volume(&self) -> &str {
        self.volume_id.as_deref().unwrap_or_default()
    }

    fn instance(&self) -> &str {
        self.instance_id.as_deref().unwrap_or_default()
    }

    fn device(&self) -> &str {
        self.device_name.as_deref().unwrap_or_default()
    }

    /// Device, instance and volume as a number: what the incumbent makes of them.
    fn made_id(&self) -> String {
        format!("vai-{}", name::checksum(&format!("{}-{}-{}-", self.device(), self.instance(), self.volume())))
    }

    /// The attachment, as the volume shows it.
    async fn find(&self, client: &Client) -> Result<Option<Remote>, Fault> {
        let Some(volume) = ebs_volume::describe(client, self.volume()).await? else { return Ok(None) };
        let fits = |one: &&Remote| one.instance_id() == Some(self.instance()) && one.device() == Some(self.device());
        Ok(volume.attachments().iter().find(fits).filter(|one| one.state() != Some(&VolumeAttachmentState::Detached)).cloned())
    }

    async fn attached(&self, client: &Client, limit: Duration) -> Result<(), Fault> {
        wait::until("the volume to be attached", limit, || async {
            Ok(self.find(client).await?.filter(|one| one.state().is_none_or(|state| *state == VolumeAttachmentState::Attached)).map(drop))
        })
        .await
    }

    /// Stops the instance, unless it is stopped or gone.
    async fn stop(&self, client: &Client, limit: Duration) -> Result<(), Fault> {
        ignore_gone(client.ec2().stop_instances().instance_ids(self.instance()).send().await.api("ec2:StopInstances"))?;
        wait::until("the instance to stop", limit, || async {
            let answer = match client.ec2().describe_instances().instance_ids(self.instance()).send().await.api("ec2:DescribeInstances") {
                Err(error) if error.not_found() => return Ok(Some(())),
                answer => answer?,
            };
            let state = answer.reservations().iter().flat_map(|one| one.instances()).next().and_then(|one| one.state()).and_then(|state| state.name().cloned());
            Ok(matches!(state, None | Some(InstanceStateName::Stopped | InstanceStateName::Terminated)).then_some(()))
        })
        .await
    }
}

impl Resource for VolumeAttachment {
    type Client = Client;

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_ref()), 5)?;
        let call = client.ec2().attach_volume().volume_id(planned.volume()).instance_id(planned.instance()).device(planned.device());
        // An instance takes a volume only once it has left `pending`.
        let passing = |error: &ApiError| error.is(&["IncorrectState", "IncorrectInstanceState"]) && error.message.contains("pending");
        wait::retry(limit, passing, || async { call.clone().send().await.api("ec2:AttachVolume") }).await?;
        let created = Self { id: Some(planned.made_id()), ..planned };
        operation.created(&created)?;
        created.attached(client, limit).await?;
        Ok(created)
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let found = prior.find(client).await?;
        Ok(found.map(|_| Self { id: Some(prior.made_id()), ..prior }))
    }

    async fn update(_client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        // Only how it is to be deleted changes in place.
        Ok(Self { id: prior.id, ..planned })
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let limit = wait::limit(prior.timeouts.as_ref().and_then(|timeouts| timeouts.delete.as_ref()), 5)?;
        if prior.skip_destroy == Some(true) || prior.find(client).await?.is_none() {
            return Ok(());
        }
        if prior.stop_instance_before_detaching == Some(true) {
            prior.stop(client, limit).await?;
        }
        let call = client.ec2().detach_volume().volume_id(prior.volume()).instance_id(prior.instance()).device(prior.device()).set_force(prior.force_detach);
        match call.send().await.api("ec2:DetachVolume") {
            // It is detached, or was never attached.
            Err(error) if error.is(&["IncorrectState"]) && error.message.contains("available") => {}
            done => ignore_gone(done)?,
        }
        wait::until("the volume to be detached", limit, || async { Ok(prior.find(client).await?.is_none().then_some(())) }).await
    }

    /// `DEVICE:VOLUME:INSTANCE`
    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let parts: Vec<&str> = id.split(':').collect();
        let [device, volume, instance] = parts[..] else {
            return Err(Fault::error("Invalid import id", "Give DEVICE:VOLUME:INSTANCE, such as /dev/sdh:vol-0123:i-0123."));
        };
        let found = Self { device_name: Some(device.to_owned()), volume_id: Some(volume.to_owned()), instance_id: Some(instance.to_owned()), ..Self::default() };
        Ok(Self { id: Some(found.made_id()), ..found })
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        if planned.find(client).await?.is_none() {
            return Ok(None);
        }
        planned.attached(client, wait::limit(None, 5)?).await?;
        Self::read(client, planned).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, client, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let client = client().await;
        let run = client.ec2().run_instances().image_id("ami-12c6146b").min_count(1).max_count(1).send().await.expect("instance");
        let instance = &run.instances()[0];
        let zone = instance.placement().and_then(|placement| placement.availability_zone()).expect("zone");
        let volume = text(&lab.make("aws_ebs_volume", json!({"availability_zone": zone, "size": 1})).await, "id");
        let config = json!({"device_name": "/dev/sdh", "volume_id": volume, "instance_id": instance.instance_id()});
        let mut careful = config.clone();
        careful["stop_instance_before_detaching"] = json!(true);
        let mut forced = careful.clone();
        forced["force_detach"] = json!(true);
        Lifecycle::new(&lab, "aws_volume_attachment", config.clone())
            .update(careful)
            .update(forced)
            .import_id(|state| format!("{}:{}:{}", text(state, "device_name"), text(state, "volume_id"), text(state, "instance_id")))
            .import_ignores(&["force_detach", "stop_instance_before_detaching"])
            .run()
            .await;
        let mut left = config.clone();
        left["skip_destroy"] = json!(true);
        let state = lab.make("aws_volume_attachment", left).await;
        lab.delete("aws_volume_attachment", &state).await;
        assert!(lab.read("aws_volume_attachment", &state).await.is_some(), "it stays attached");
    }
}
