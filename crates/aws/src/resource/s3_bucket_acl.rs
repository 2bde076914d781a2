//! `aws_s3_bucket_acl`

use aws_sdk_s3::types::{self, AccessControlPolicy, BucketCannedAcl, Permission};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use super::s3_bucket::passing;
use crate::api::Explain;
use crate::s3_grantee::Grantee;
use crate::{Client, keep, plan, wait};

/// Who may read and write a bucket, in the old form; new buckets take no ACLs until their ownership controls allow it.
///
/// Every bucket has an ACL: a deletion leaves it as it is, and so does a crash: it is set again.
///
/// ```hcl
/// resource "aws_s3_bucket_acl" "logs" {
///   depends_on = [aws_s3_bucket_ownership_controls.logs]
///
///   bucket = aws_s3_bucket.logs.id
///   acl    = "log-delivery-write"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_s3_bucket_acl")]
pub(crate) struct S3BucketAcl {
    /// One of Amazon's, such as `private`; not together with `access_control_policy`.
    #[schema(optional)]
    acl: Option<String>,
    /// Bucket.
    #[schema(required, force_new)]
    bucket: Option<String>,
    /// Account that must own the bucket.
    #[schema(optional, force_new)]
    expected_bucket_owner: Option<String>,
    /// Bucket, expected owner and `acl`, with commas between.
    #[schema(optional, computed)]
    id: Option<String>,
    /// The single grants.
    #[schema(block, max = 1, computed)]
    access_control_policy: Vec<Policy>,
}

/// Owner and grants.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Policy {
    /// The grants.
    #[schema(block, set)]
    grant: Vec<Grant>,
    /// The owner of the bucket.
    #[schema(block, min = 1, max = 1)]
    owner: Vec<Owner>,
}

/// What somebody may do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Grant {
    /// `READ`, `WRITE`, `READ_ACP`, `WRITE_ACP` or `FULL_CONTROL`.
    #[schema(required)]
    permission: Option<String>,
    /// Who.
    #[schema(block, max = 1)]
    grantee: Vec<Grantee>,
}

/// An account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Owner {
    /// What it is called.
    #[schema(optional, computed)]
    display_name: Option<String>,
    /// Its canonical id.
    #[schema(required)]
    id: Option<String>,
}

/// ACLs that Amazon has made.
const CANNED: [&str; 8] =
    ["private", "public-read", "public-read-write", "aws-exec-read", "authenticated-read", "bucket-owner-read", "bucket-owner-full-control", "log-delivery-write"];

fn given(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}

impl Policy {
    fn request(&self) -> Result<AccessControlPolicy, Fault> {
        let mut grants = Vec::new();
        for grant in &self.grant {
            let who = grant.grantee.first().map(Grantee::asked).transpose()?;
            grants.push(types::Grant::builder().set_grantee(who).set_permission(grant.permission.as_deref().map(Permission::from)).build());
        }
        let owner = self.owner.first().map(|owner| types::Owner::builder().set_id(given(&owner.id)).set_display_name(given(&owner.display_name)).build());
        Ok(AccessControlPolicy::builder().set_grants(Some(grants)).set_owner(owner).build())
    }
}

impl S3BucketAcl {
    fn full_id(&self) -> Option<String> {
        let parts = [given(&self.bucket), given(&self.expected_bucket_owner), given(&self.acl)];
        Some(parts.into_iter().flatten().collect::<Vec<_>>().join(","))
    }

    async fn put(client: &Client, planned: &Self) -> Result<(), Fault> {
        let canned = planned.acl.as_deref().filter(|acl| !acl.is_empty());
        let policy = planned.access_control_policy.first().filter(|_| canned.is_none()).map(Policy::request).transpose()?;
        let done = wait::retry(wait::limit(None, 2)?, passing, || async {
            let call = client.s3().put_bucket_acl().set_bucket(planned.bucket.clone()).set_expected_bucket_owner(given(&planned.expected_bucket_owner));
            call.set_acl(canned.map(BucketCannedAcl::from)).set_access_control_policy(policy.clone()).send().await.api("s3:PutBucketAcl")
        })
        .await;
        done.map(drop).map_err(|error| {
            let refuses = error.is(&["AccessControlListNotSupported"]);
            let mut fault = Fault::from(error);
            if refuses {
                fault.detail.push_str(" Objects of this bucket belong to its owner, so ACLs have no effect: leave this resource out, or set object_ownership of aws_s3_bucket_ownership_controls to BucketOwnerPreferred and let this depend on it.");
            }
            fault
        })
    }
}

impl Resource for S3BucketAcl {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let mut faults = Vec::new();
        let acl = config.get("acl").filter(|acl| !acl.is_null());
        let policy = config.get("access_control_policy").and_then(|policy| policy.length()).unwrap_or(0) > 0;
        match &acl {
            Some(_) if policy => faults.push(Fault::attribute(Path::attr("acl"), "Conflicting arguments", "Set either `acl` or `access_control_policy`, not both.")),
            None if !policy && config.get("access_control_policy").is_some_and(|policy| policy.is_known()) => {
                faults.push(Fault::error("Missing argument", "Set one of `acl`, `access_control_policy`."));
            }
            _ => {}
        }
        if let Some(text) = acl.as_ref().and_then(|acl| acl.as_str())
            && !CANNED.contains(&text)
        {
            faults.push(Fault::attribute(Path::attr("acl"), "Invalid ACL", format!("\"{text}\" is none of {}.", CANNED.join(", "))));
        }
        faults
    }

    fn plan(_client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::zeros(plan);
        if !plan.creating() && plan.changed("acl") {
            plan.unknown("id");
            if plan.config("access_control_policy").length().unwrap_or(0) == 0 {
                let block = plan.planned("access_control_policy");
                plan.set("access_control_policy", Value::unknown(block.ty()));
            }
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        Self::put(client, &planned).await?;
        let created = Self { id: planned.full_id(), ..planned };
        operation.created(&created)?;
        wait::appear("ACL of the bucket", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let call = client.s3().get_bucket_acl().set_bucket(prior.bucket.clone()).set_expected_bucket_owner(given(&prior.expected_bucket_owner));
        let answer = call.send().await.api("s3:GetBucketAcl")?;
        let grants = answer.grants.unwrap_or_default().into_iter().map(|grant| Grant {
            permission: grant.permission.map(|permission| permission.as_str().to_owned()),
            grantee: grant.grantee.into_iter().map(Grantee::shown).collect(),
        });
        let owner = answer.owner.into_iter().map(|owner| Owner { display_name: Some(owner.display_name.unwrap_or_default()), id: owner.id });
        let policy = Policy { grant: grants.collect(), owner: owner.collect() };
        let read = Self { access_control_policy: vec![policy], ..prior.clone() };
        Ok(Some(keep::form(&prior, &read)?))
    }

    async fn update(client: &Client, _prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: planned.full_id(), ..planned };
        Self::put(client, &planned).await?;
        wait::appear("ACL of the bucket", || Self::read(client, planned.clone())).await
    }

    async fn delete(_client: &Client, _prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        // A bucket always has an ACL.
        Ok(())
    }

    async fn import(_client: &Client, id: &str) -> Result<Self, Fault> {
        let mut parts = id.split(',');
        let mut state = Self { id: Some(id.to_owned()), bucket: parts.next().map(str::to_owned), ..Self::default() };
        for part in parts {
            if CANNED.contains(&part) {
                state.acl = Some(part.to_owned());
            } else if part.len() == 12 && part.chars().all(|digit| digit.is_ascii_digit()) {
                state.expected_bucket_owner = Some(part.to_owned());
            } else {
                return Err(Fault::error(
                    "Invalid import id",
                    format!("\"{id}\" should be BUCKET, then the account that owns it and the name of an ACL where they are set, with commas between."),
                ));
            }
        }
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, client, lab, text};

    #[tokio::test]
    async fn canned() {
        let lab = lab().await;
        lab.make("aws_s3_bucket", json!({"bucket": "acl-canned"})).await;
        lab.make("aws_s3_bucket_ownership_controls", json!({"bucket": "acl-canned", "rule": [{"object_ownership": "BucketOwnerPreferred"}]})).await;
        let config = |acl: &str| json!({"bucket": "acl-canned", "acl": acl});
        let state = Lifecycle::new(&lab, "aws_s3_bucket_acl", config("private")).update(config("public-read")).adopts().stays().run().await;
        assert_eq!(text(&state, "id"), "acl-canned,public-read");
        let grants = state.get("access_control_policy").and_then(|policy| policy.elements().next().and_then(|policy| policy.get("grant")));
        assert_eq!(grants.and_then(|grants| grants.length()), Some(2));
    }

    #[tokio::test]
    async fn single_grants() {
        let lab = lab().await;
        lab.make("aws_s3_bucket", json!({"bucket": "acl-grants"})).await;
        lab.make("aws_s3_bucket_ownership_controls", json!({"bucket": "acl-grants", "rule": [{"object_ownership": "ObjectWriter"}]})).await;
        let owner = client().await.s3().get_bucket_acl().bucket("acl-grants").send().await.expect("acl").owner.and_then(|owner| owner.id).expect("owner");
        let config = |permission: &str| {
            let own = json!({"permission": "FULL_CONTROL", "grantee": [{"type": "CanonicalUser", "id": owner}]});
            let group = json!({"permission": permission, "grantee": [{"type": "Group", "uri": "http://acs.amazonaws.com/groups/global/AllUsers"}]});
            json!({"bucket": "acl-grants", "access_control_policy": [{"grant": [own, group], "owner": [{"id": owner}]}]})
        };
        let state = Lifecycle::new(&lab, "aws_s3_bucket_acl", config("READ")).update(config("READ_ACP")).adopts().stays().run().await;
        assert_eq!(text(&state, "id"), "acl-grants");
    }

    #[tokio::test]
    async fn refused() {
        let lab = lab().await;
        let summaries = |faults: Vec<weir_provider::Fault>| faults.into_iter().map(|fault| fault.summary).collect::<Vec<_>>();
        assert_eq!(summaries(lab.validate("aws_s3_bucket_acl", &json!({"bucket": "b"}))), ["Missing argument"]);
        assert_eq!(summaries(lab.validate("aws_s3_bucket_acl", &json!({"bucket": "b", "acl": "open"}))), ["Invalid ACL"]);
    }
}
