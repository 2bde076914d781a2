//! `aws_iam_user`

use std::collections::{BTreeMap, HashMap};

use aws_sdk_iam::types::{EntityType, Tag};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use super::iam_role::{iam_tags, pairs};
use crate::api::{ApiError, Explain, ignore_gone};
use crate::tags::{self, Tags};
use crate::{Client, name, plan, unset, wait};

/// From this number of users on, the account is listed.
const MANY: usize = 8;

/// A person, or a program outside AWS.
///
/// ```hcl
/// resource "aws_iam_user" "backup" {
///   name = "backup"
///   path = "/machines/"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_iam_user")]
pub(crate) struct IamUser {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Deletes access keys, passwords, certificates and devices with the user, also those that are in no configuration.
    #[schema(optional, default = false)]
    force_destroy: Option<bool>,
    /// The name again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Name; users are renamed in place.
    #[schema(required)]
    name: Option<String>,
    /// Path.
    #[schema(optional, default = "/")]
    path: Option<String>,
    /// ARN of the policy that bounds what the user can be allowed.
    #[schema(optional)]
    permissions_boundary: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// Unique id.
    #[schema(computed)]
    unique_id: Option<String>,
}

/// What both forms of asking tell of a user.
#[derive(Clone, Debug)]
struct Found {
    arn: String,
    name: String,
    path: String,
    unique_id: String,
    boundary: Option<String>,
    tags: Vec<Tag>,
}

/// One user. The API asks for one at a time; where many are asked for, one listing of the account shows them all.
async fn describe(client: &Client, user: &str) -> Result<Option<Found>, Fault> {
    client
        .batch("iam user", 10_000, user.to_owned(), |client, names: Vec<String>| async move {
            if names.len() >= MANY {
                match listed(&client).await {
                    Err(error) if error.code.starts_with("AccessDenied") => {}
                    found => return Ok(found?),
                }
            }
            let mut found = HashMap::new();
            for name in names {
                let answer = match client.iam().get_user().user_name(&name).send().await.api("iam:GetUser") {
                    Err(error) if error.not_found() => continue,
                    answer => answer?,
                };
                let Some(user) = answer.user else { continue };
                let boundary = user.permissions_boundary.and_then(|boundary| boundary.permissions_boundary_arn);
                let tags = user.tags.unwrap_or_default();
                found.insert(name, Found { arn: user.arn, name: user.user_name, path: user.path, unique_id: user.user_id, boundary, tags });
            }
            Ok(found)
        })
        .await
}

async fn listed(client: &Client) -> Result<HashMap<String, Found>, ApiError> {
    let mut pages = client.iam().get_account_authorization_details().filter(EntityType::User).max_items(1000).into_paginator().send();
    let mut all = HashMap::new();
    while let Some(page) = pages.next().await {
        for user in page.api("iam:GetAccountAuthorizationDetails")?.user_detail_list.unwrap_or_default() {
            let found = Found {
                arn: user.arn.unwrap_or_default(),
                name: user.user_name.unwrap_or_default(),
                path: user.path.unwrap_or_default(),
                unique_id: user.user_id.unwrap_or_default(),
                boundary: user.permissions_boundary.and_then(|boundary| boundary.permissions_boundary_arn),
                tags: user.tags.unwrap_or_default(),
            };
            all.insert(found.name.clone(), found);
        }
    }
    Ok(all)
}

impl IamUser {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn boundary(&self) -> Option<String> {
        self.permissions_boundary.clone().filter(|arn| !arn.is_empty())
    }

    /// Reads until the user is as planned: IAM takes some seconds to agree with itself.
    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        let tags = client.tag_rules().all(&planned.tags);
        wait::appear("state of the user", || async {
            let found = Self::read(client, planned.clone()).await?;
            Ok(found.filter(|found| found.path == planned.path && found.boundary() == planned.boundary() && found.tags_all.as_ref() == Some(&tags)))
        })
        .await
    }
}

/// A user who belongs to a group cannot be deleted.
async fn leave_groups(client: &Client, user: &str) -> Result<(), ApiError> {
    let groups = client.iam().list_groups_for_user().user_name(user).into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    for group in groups.api("iam:ListGroupsForUser")? {
        ignore_gone(client.iam().remove_user_from_group().user_name(user).group_name(group.group_name).send().await.api("iam:RemoveUserFromGroup"))?;
    }
    Ok(())
}

/// Deletes all that the user logs in with.
async fn strip(client: &Client, user: &str) -> Result<(), ApiError> {
    let iam = client.iam();
    let keys = iam.list_access_keys().user_name(user).into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.api("iam:ListAccessKeys")?;
    for key in keys {
        ignore_gone(iam.delete_access_key().user_name(user).set_access_key_id(key.access_key_id).send().await.api("iam:DeleteAccessKey"))?;
    }
    let keys = iam.list_ssh_public_keys().user_name(user).into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.api("iam:ListSSHPublicKeys")?;
    for key in keys {
        ignore_gone(iam.delete_ssh_public_key().user_name(user).ssh_public_key_id(key.ssh_public_key_id).send().await.api("iam:DeleteSSHPublicKey"))?;
    }
    let devices = iam.list_mfa_devices().user_name(user).into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.api("iam:ListMFADevices")?;
    for device in devices {
        let serial = device.serial_number;
        ignore_gone(iam.deactivate_mfa_device().user_name(user).serial_number(&serial).send().await.api("iam:DeactivateMFADevice"))?;
        // A virtual device is an object of its own, which nobody else uses.
        if serial.contains(":mfa/") {
            ignore_gone(iam.delete_virtual_mfa_device().serial_number(serial).send().await.api("iam:DeleteVirtualMFADevice"))?;
        }
    }
    ignore_gone(iam.delete_login_profile().user_name(user).send().await.api("iam:DeleteLoginProfile"))?;
    let certificates = iam.list_signing_certificates().user_name(user).into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    for certificate in certificates.api("iam:ListSigningCertificates")? {
        let call = iam.delete_signing_certificate().user_name(user).certificate_id(certificate.certificate_id);
        ignore_gone(call.send().await.api("iam:DeleteSigningCertificate"))?;
    }
    let credentials = iam.list_service_specific_credentials().user_name(user).send().await.api("iam:ListServiceSpecificCredentials")?;
    for credential in credentials.service_specific_credentials.unwrap_or_default() {
        let call = iam.delete_service_specific_credential().user_name(user).service_specific_credential_id(credential.service_specific_credential_id);
        ignore_gone(call.send().await.api("iam:DeleteServiceSpecificCredential"))?;
    }
    Ok(())
}

impl Resource for IamUser {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        name::check(config, 64, "+=,.@_-")
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        // Both are made of name and path.
        if plan.changed("name") || plan.changed("path") {
            plan.unknown("arn");
        }
        if plan.changed("name") {
            plan.unknown("id");
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let tags = iam_tags(client.tag_rules().all(&planned.tags));
        let passing = |error: &ApiError| error.is(&["ConcurrentModification"]);
        wait::retry(wait::limit(None, 2)?, passing, || async {
            let call = client.iam().create_user().set_user_name(planned.name.clone()).set_path(planned.path.clone());
            let call = call.set_permissions_boundary(planned.boundary()).set_tags(Some(tags.clone()).filter(|tags| !tags.is_empty()));
            call.send().await.api("iam:CreateUser")
        })
        .await?;
        let created = Self { id: planned.name.clone(), ..planned };
        operation.created(&created)?;
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(user) = describe(client, prior.id()).await? else { return Ok(None) };
        let (tags, tags_all) = client.tag_rules().read(pairs(&user.tags), &prior.tags);
        Ok(Some(Self {
            arn: Some(user.arn),
            force_destroy: prior.force_destroy.or(Some(false)),
            id: Some(user.name.clone()),
            name: Some(user.name),
            path: Some(user.path),
            permissions_boundary: unset::text(prior.permissions_boundary.as_ref(), user.boundary.as_deref()),
            tags,
            tags_all,
            unique_id: Some(user.unique_id),
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        if planned.name != prior.name || planned.path != prior.path {
            let call = client.iam().update_user().user_name(prior.id()).set_new_user_name(planned.name.clone().filter(|name| name != prior.id()));
            call.set_new_path(planned.path.clone()).send().await.api("iam:UpdateUser")?;
        }
        let planned = Self { id: planned.name.clone(), ..planned };
        let user = planned.id();
        // The new name may not be known everywhere at once.
        let renamed = planned.name != prior.name;
        let passing = |error: &ApiError| renamed && error.not_found() || error.is(&["ConcurrentModification"]);
        let limit = wait::limit(None, 2)?;
        if planned.boundary() != prior.boundary() {
            wait::retry(limit, passing, || async {
                match planned.boundary() {
                    Some(arn) => client
                        .iam()
                        .put_user_permissions_boundary()
                        .user_name(user)
                        .permissions_boundary(arn)
                        .send()
                        .await
                        .api("iam:PutUserPermissionsBoundary")
                        .map(drop),
                    None => client.iam().delete_user_permissions_boundary().user_name(user).send().await.api("iam:DeleteUserPermissionsBoundary").map(drop),
                }
            })
            .await?;
        }
        let (set, removed) = tags::difference(prior.tags_all.as_ref().unwrap_or(&BTreeMap::new()), &client.tag_rules().all(&planned.tags));
        if !removed.is_empty() {
            wait::retry(limit, passing, || async { client.iam().untag_user().user_name(user).set_tag_keys(Some(removed.clone())).send().await.api("iam:UntagUser") })
                .await?;
        }
        if !set.is_empty() {
            let set = iam_tags(set);
            wait::retry(limit, passing, || async { client.iam().tag_user().user_name(user).set_tags(Some(set.clone())).send().await.api("iam:TagUser") }).await?;
        }
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let user = prior.id();
        leave_groups(client, user).await?;
        if prior.force_destroy == Some(true) {
            strip(client, user).await?;
        }
        let done = client.iam().delete_user().user_name(user).send().await.api("iam:DeleteUser");
        done.map_err(|error| {
            let used = error.is(&["DeleteConflict"]);
            let mut fault = Fault::from(error);
            if used && prior.force_destroy != Some(true) {
                fault.detail.push_str(" The user still has access keys, a password, certificates or devices that are in no configuration: delete them, or set force_destroy = true and apply that first.");
            }
            fault
        })?;
        wait::until("the user to go", wait::limit(None, 2)?, || async { Ok(describe(client, user).await?.is_none().then_some(())) }).await
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        Self::read(client, Self { id: planned.name.clone(), ..planned }).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::json;

    use crate::harness::{Lifecycle, client, endpoint, endpoints, lab, lab_with, text};
    use crate::proxy::{Made, Proxy};

    /// The emulator has no boundaries of users, nor credentials for one service: these as the API reference describes them.
    async fn with_boundaries() -> Proxy {
        let boundary = Mutex::new(String::new());
        let field = |body: &str, name: &str| body.split('&').find_map(|pair| pair.strip_prefix(name).map(str::to_owned)).unwrap_or_default();
        let done = |action: &str, inner: &str| Made::Answer(format!("<{action}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">{inner}</{action}Response>"));
        let maker = move |action: &str, body: &str| {
            let mut boundary = boundary.lock().expect("lock");
            match action {
                "PutUserPermissionsBoundary" => {
                    *boundary = field(body, "PermissionsBoundary=").replace("%3A", ":").replace("%2F", "/");
                    done(action, "")
                }
                "DeleteUserPermissionsBoundary" => {
                    boundary.clear();
                    done(action, "")
                }
                "ListServiceSpecificCredentials" => {
                    done(action, "<ListServiceSpecificCredentialsResult><ServiceSpecificCredentials/></ListServiceSpecificCredentialsResult>")
                }
                "GetUser" if !boundary.is_empty() => {
                    let shown = format!("<PermissionsBoundary><PermissionsBoundaryArn>{boundary}</PermissionsBoundaryArn></PermissionsBoundary></User>");
                    Made::Edited(Box::new(move |text| text.replace("</User>", &shown)))
                }
                _ => Made::Passed,
            }
        };
        Proxy::extending(endpoint(), maker).await
    }

    #[tokio::test]
    async fn lifecycle() {
        let proxy = with_boundaries().await;
        let lab = lab_with(json!({"endpoints": [endpoints(&proxy.url)]})).await;
        let boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess";
        let state = Lifecycle::new(&lab, "aws_iam_user", json!({"name": "life-user", "path": "/staff/", "tags": {"a": "b"}}))
            .update(json!({"name": "life-user", "path": "/staff/", "permissions_boundary": boundary, "tags": {"c": "d"}}))
            .update(json!({"name": "life-user-2", "path": "/people/", "permissions_boundary": boundary}))
            .update(json!({"name": "life-user-2", "path": "/people/"}))
            .run()
            .await;
        assert_eq!(text(&state, "arn"), "arn:aws:iam::123456789012:user/people/life-user-2");
        let faults = lab.refused("aws_iam_user", json!({"name": "a b"})).await;
        assert_eq!(faults[0].summary, "Invalid name");
    }

    #[tokio::test]
    async fn with_keys_and_groups() {
        let proxy = with_boundaries().await;
        let lab = lab_with(json!({"endpoints": [endpoints(&proxy.url)]})).await;
        let user = lab.make("aws_iam_user", json!({"name": "equipped", "force_destroy": true})).await;
        let client = client().await;
        client.iam().create_access_key().user_name("equipped").send().await.expect("key");
        client.iam().create_login_profile().user_name("equipped").password("Secret-1-secret").send().await.expect("password");
        client.iam().create_group().group_name("equipped").send().await.expect("group");
        client.iam().add_user_to_group().user_name("equipped").group_name("equipped").send().await.expect("member");
        lab.delete("aws_iam_user", &user).await;
        assert!(lab.read("aws_iam_user", &user).await.is_none());
        let keys = client.iam().list_access_keys().user_name("equipped").send().await;
        assert!(keys.map(|answer| answer.access_key_metadata.is_empty()).unwrap_or(true));
    }

    #[tokio::test]
    async fn many_are_listed() {
        let lab = lab().await;
        let mut states = Vec::new();
        for at in 0..super::MANY + 2 {
            states.push(lab.make("aws_iam_user", json!({"name": format!("crowd-{at}"), "path": "/crowd/", "tags": {"at": at.to_string()}})).await);
        }
        let read = futures::future::join_all(states.iter().map(|state| lab.read("aws_iam_user", state))).await;
        assert_eq!(read.into_iter().flatten().collect::<Vec<_>>(), states);
    }
}
