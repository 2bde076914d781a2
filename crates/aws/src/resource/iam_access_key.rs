//! `aws_iam_access_key`

use std::collections::HashMap;

use aws_sdk_iam::types::{AccessKeyMetadata, StatusType};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use super::iam_role::time;
use crate::api::Explain;
use crate::{Client, plan, wait};

/// A key that a user signs requests with. Its secret is shown once, when it is made, and stays in the state.
///
/// The API has neither token nor name for a key: one whose answer was lost is not found again, and nobody knows its secret. It counts towards the two keys that a user may have.
///
/// ```hcl
/// resource "aws_iam_access_key" "backup" {
///   user = aws_iam_user.backup.name
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_iam_access_key")]
pub(crate) struct IamAccessKey {
    /// When it was created.
    #[schema(computed)]
    create_date: Option<String>,
    /// The secret, encrypted with `pgp_key`, in base64.
    #[schema(computed)]
    encrypted_secret: Option<String>,
    /// The SMTP password, encrypted with `pgp_key`, in base64.
    #[schema(computed)]
    encrypted_ses_smtp_password_v4: Option<String>,
    /// Id of the key.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Fingerprint of the PGP key.
    #[schema(computed)]
    key_fingerprint: Option<String>,
    /// Public PGP key in base64 that secret and password are encrypted with.
    #[schema(optional, force_new)]
    pgp_key: Option<String>,
    /// Secret part of the key.
    #[schema(computed, sensitive)]
    secret: Option<String>,
    /// Password for SES over SMTP in the provider's region, which follows from the secret.
    #[schema(computed, sensitive)]
    ses_smtp_password_v4: Option<String>,
    /// `Active` or `Inactive`.
    #[schema(optional, default = "Active")]
    status: Option<String>,
    /// Name of the user.
    #[schema(required, force_new)]
    user: Option<String>,
}

/// The keys of a user: one listing for all that ask for the same user.
async fn keys(client: &Client, user: &str) -> Result<Option<Vec<AccessKeyMetadata>>, Fault> {
    client
        .batch("iam access keys", 1, user.to_owned(), |client, users: Vec<String>| async move {
            let mut found = HashMap::new();
            for user in users {
                let pages = client.iam().list_access_keys().user_name(&user).into_paginator().items().send();
                found.insert(user, pages.collect::<Result<Vec<_>, _>>().await.api("iam:ListAccessKeys")?);
            }
            Ok(found)
        })
        .await
}

/// The password that goes with a secret in a region ("Obtaining Amazon SES SMTP credentials" in the Developer Guide): signatures of fixed texts, one made with the other, and a version in front.
fn smtp_password(secret: &str, region: &str) -> Option<String> {
    let mut key = format!("AWS4{secret}").into_bytes();
    for text in ["11111111", region, "ses", "aws4_request", "SendRawEmail"] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
        mac.update(text.as_bytes());
        key = mac.finalize().into_bytes().to_vec();
    }
    Some(STANDARD.encode([&[4], &key[..]].concat()))
}

impl IamAccessKey {
    async fn set_status(client: &Client, key: &Self) -> Result<(), Fault> {
        let status = StatusType::from(key.status.as_deref().unwrap_or("Active"));
        let call = client.iam().update_access_key().set_user_name(key.user.clone()).set_access_key_id(key.id.clone()).status(status);
        call.send().await.api("iam:UpdateAccessKey")?;
        Ok(())
    }

    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        wait::appear("access key", || async { Ok(Self::read(client, planned.clone()).await?.filter(|found| found.status == planned.status)) }).await
    }
}

impl Resource for IamAccessKey {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let text = |name: &str| config.get(name).and_then(|value| value.as_str().map(str::to_owned));
        let mut faults = Vec::new();
        if text("status").is_some_and(|status| !["Active", "Inactive"].contains(&status.as_str())) {
            faults.push(Fault::attribute(Path::attr("status"), "Invalid status", "`status` is Active or Inactive."));
        }
        if let Some(key) = text("pgp_key").filter(|key| !key.is_empty()) {
            faults.extend(crate::pgp::Recipient::parse(&key).err().map(|why| Fault::attribute(Path::attr("pgp_key"), "Invalid PGP key", why)));
        }
        faults
    }

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        // Either the secrets show, or they are encrypted.
        if plan.creating() && plan.planned("pgp_key").is_known() {
            let encrypts = plan.planned("pgp_key").as_str().is_some_and(|key| !key.is_empty());
            let empty: &[&str] = if encrypts { &["secret", "ses_smtp_password_v4"] } else { &["encrypted_secret", "encrypted_ses_smtp_password_v4", "key_fingerprint"] };
            for name in empty {
                plan.set(name, Value::null());
            }
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let recipient = match planned.pgp_key.as_deref().filter(|key| !key.is_empty()) {
            Some(key) => Some(crate::pgp::Recipient::parse(key).map_err(|why| Fault::attribute(Path::attr("pgp_key"), "Invalid PGP key", why))?),
            None => None,
        };
        let answer = client.iam().create_access_key().set_user_name(planned.user.clone()).send().await.api("iam:CreateAccessKey").map_err(|error| {
            let full = error.is(&["LimitExceeded"]);
            let mut fault = Fault::from(error);
            if full {
                fault.detail.push_str(" A user may have two access keys: delete one that is not in use (also one that an interrupted run may have left).");
            }
            fault
        })?;
        let key = answer.access_key.ok_or_else(|| Fault::uncertain("iam:CreateAccessKey failed", "The answer holds no key."))?;
        let password = smtp_password(&key.secret_access_key, client.region());
        let mut created = Self { id: Some(key.access_key_id), ..planned };
        if let Some(recipient) = recipient {
            let failed = |why| Fault::error("Secret cannot be encrypted", format!("{why} Use another pgp_key."));
            created.encrypted_secret = Some(recipient.encrypt(&key.secret_access_key).map_err(failed)?);
            created.encrypted_ses_smtp_password_v4 = password.map(|password| recipient.encrypt(&password)).transpose().map_err(failed)?;
            created.key_fingerprint = Some(recipient.fingerprint());
        } else {
            created.secret = Some(key.secret_access_key);
            created.ses_smtp_password_v4 = password;
        }
        operation.created(&created)?;
        if created.status.as_deref() == Some("Inactive") {
            wait::appear("access key", || Self::read(client, created.clone())).await?;
            Self::set_status(client, &created).await?;
        }
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let all = keys(client, prior.user.as_deref().unwrap_or_default()).await?.unwrap_or_default();
        let key = all.into_iter().find(|key| key.access_key_id == prior.id);
        Ok(key.map(|key| Self {
            create_date: key.create_date.as_ref().and_then(time).or(prior.create_date),
            status: key.status.map(|status| status.as_str().to_owned()),
            user: key.user_name.or(prior.user),
            ..prior
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id, ..planned };
        Self::set_status(client, &planned).await?;
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        client.iam().delete_access_key().set_user_name(prior.user).set_access_key_id(prior.id).send().await.api("iam:DeleteAccessKey")?;
        Ok(())
    }

    async fn import(client: &Client, id: &str) -> Result<Self, Fault> {
        let answer = client.iam().get_access_key_last_used().access_key_id(id).send().await.api("iam:GetAccessKeyLastUsed")?;
        Ok(Self { id: Some(id.to_owned()), user: answer.user_name, ..Self::default() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::smtp_password;
    use crate::harness::{Lifecycle, client, lab, text};
    use crate::pgp::tests as pgp;

    /// As the Python program of the Developer Guide computes it for the secret of AWS's examples.
    #[test]
    fn passwords() {
        let password = smtp_password("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1");
        assert_eq!(password.as_deref(), Some("BLBM/9hSUELfq8Gw+rU1YcBjkOxGbhT2XG763xVLGWL9"));
    }

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        client().await.iam().create_user().user_name("keyed").send().await.expect("user");
        let config = |status: &str| json!({"user": "keyed", "status": status});
        // The API has no way to find a key again, nor to tell its secret again.
        let state = Lifecycle::new(&lab, "aws_iam_access_key", json!({"user": "keyed"}))
            .update(config("Inactive"))
            .update(config("Active"))
            .adopts()
            .import_ignores(&["secret", "ses_smtp_password_v4"])
            .run()
            .await;
        assert!(!text(&state, "secret").is_empty() && text(&state, "ses_smtp_password_v4").len() == 44);
        let faults = lab.refused("aws_iam_access_key", json!({"user": "keyed", "status": "On"})).await;
        assert_eq!(faults[0].summary, "Invalid status");
    }

    #[tokio::test]
    async fn encrypted() {
        let lab = lab().await;
        client().await.iam().create_user().user_name("keyed-pgp").send().await.expect("user");
        let owner = pgp::key(true);
        let state = lab.make("aws_iam_access_key", json!({"user": "keyed-pgp", "pgp_key": pgp::public(&owner)})).await;
        assert_eq!((text(&state, "secret"), text(&state, "ses_smtp_password_v4")), (String::new(), String::new()));
        let secret = pgp::decrypt(&owner, &text(&state, "encrypted_secret"));
        assert_eq!(Some(pgp::decrypt(&owner, &text(&state, "encrypted_ses_smtp_password_v4"))), smtp_password(&secret, "eu-central-1"));
        assert_eq!(text(&state, "key_fingerprint").len(), 40);
        let faults = lab.refused("aws_iam_access_key", json!({"user": "keyed-pgp", "pgp_key": "keybase:somebody"})).await;
        assert_eq!(faults[0].summary, "Invalid PGP key");
    }
}
