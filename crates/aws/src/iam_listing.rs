//! Roles with their policies, read by one listing of the account where many are asked for at once.
//!
//! The API has no call for several roles. Two listings (`GetAccountAuthorizationDetails` for trust, tags and policies, `ListRoles` for what that leaves out) cost two calls for up to a thousand
//! roles, and all of them in the account; so single calls are better for a few.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_iam::types::{EntityType, Role, RoleDetail};
use weir_provider::Fault;

use crate::Client;
use crate::api::{ApiError, Explain};

/// From this number of roles on, the account is listed.
const MANY: usize = 8;

/// What the account's listing says of a role.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    /// As `GetRole` has it.
    pub(crate) role: Role,
    /// The ARNs of its managed policies.
    pub(crate) attached: Vec<String>,
    /// Its inline policies by name, percent-encoded.
    pub(crate) inline: HashMap<String, String>,
}

/// The role as the account's listing has it; `None` when it has to be asked for alone: few are asked for, the credentials may not list, or it is not (yet) in the listing.
pub(crate) async fn find(client: &Client, role: &str) -> Result<Option<Arc<Listed>>, Fault> {
    client
        .batch("iam listed role", 10_000, role.to_owned(), |client, names: Vec<String>| async move {
            if names.len() < MANY {
                return Ok(HashMap::new());
            }
            match list(&client).await {
                Ok(roles) => Ok(roles),
                Err(error) if error.code.starts_with("AccessDenied") => Ok(HashMap::new()),
                Err(error) => Err(error.into()),
            }
        })
        .await
}

async fn list(client: &Client) -> Result<HashMap<String, Arc<Listed>>, ApiError> {
    let details = async {
        let pages = client.iam().get_account_authorization_details().filter(EntityType::Role).max_items(1000).into_paginator();
        let mut pages = pages.send();
        let mut all = Vec::new();
        while let Some(page) = pages.next().await {
            all.extend(page.api("iam:GetAccountAuthorizationDetails")?.role_detail_list.unwrap_or_default());
        }
        Ok::<_, ApiError>(all)
    };
    let roles = async { client.iam().list_roles().max_items(1000).into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.api("iam:ListRoles") };
    let (details, roles): (Vec<RoleDetail>, Vec<Role>) = tokio::try_join!(details, roles)?;
    let mut details: HashMap<String, RoleDetail> = details.into_iter().filter_map(|detail| Some((detail.role_name.clone()?, detail))).collect();
    Ok(roles.into_iter().filter_map(|role| Some((role.role_name.clone(), Arc::new(whole(details.remove(&role.role_name)?, role))))).collect())
}

/// The role with what only the details show.
fn whole(detail: RoleDetail, mut role: Role) -> Listed {
    role.tags = detail.tags;
    role.permissions_boundary = detail.permissions_boundary;
    role.assume_role_policy_document = detail.assume_role_policy_document.or(role.assume_role_policy_document);
    let attached = detail.attached_managed_policies.unwrap_or_default().into_iter().filter_map(|policy| policy.policy_arn).collect();
    let inline = detail.role_policy_list.unwrap_or_default().into_iter().filter_map(|policy| Some((policy.policy_name?, policy.policy_document?))).collect();
    Listed { role, attached, inline }
}
