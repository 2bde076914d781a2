//! `vault_auth_backend`

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use crate::client::{Client, Scope};
use crate::duration;
use crate::fields::{Field, body, is_empty, overlay, plain, settle};
use crate::resource::mount::remount;

/// An auth method at a path. A change of the path moves it, unless `disable_remount`.
///
/// ```hcl
/// resource "vault_auth_backend" "machines" {
///   type = "approle"
///
///   tune {
///     max_lease_ttl = "1h"
///   }
/// }
/// ```
///
/// Import id: the path.
#[derive(Clone, Default, Deserialize, Serialize, Schema)]
#[serde(default)]
#[schema(name = "vault_auth_backend", version = 1)]
pub(crate) struct AuthBackend {
    /// The path.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Namespace, relative to the provider's.
    #[schema(optional, force_new)]
    namespace: Option<String>,
    /// Type of the auth method, such as `approle`.
    #[schema(required, force_new)]
    r#type: String,
    /// Where it is; the type by default.
    #[schema(optional, computed)]
    path: Option<String>,
    /// A change of the path makes a new auth method.
    #[schema(optional, default = false)]
    disable_remount: Option<bool>,
    /// Text for people.
    #[schema(optional)]
    description: Option<String>,
    /// Is not replicated.
    #[schema(optional, force_new)]
    local: Option<bool>,
    /// Key that signs its identity tokens.
    #[schema(optional)]
    identity_token_key: Option<String>,
    /// The auth method's identifier.
    #[schema(computed)]
    accessor: Option<String>,
    /// Its settings.
    #[schema(block, set, computed, max = 1)]
    tune: Vec<Tune>,
}

/// Settings of an auth method.
#[derive(Clone, Default, PartialEq, Deserialize, Serialize, Schema)]
#[serde(default)]
pub(crate) struct Tune {
    /// Lease of a token unless asked for otherwise: a duration.
    #[schema(optional)]
    default_lease_ttl: Option<String>,
    /// Longest lease of a token: a duration.
    #[schema(optional)]
    max_lease_ttl: Option<String>,
    /// Keys of requests that audit devices write as they are.
    #[schema(optional)]
    audit_non_hmac_request_keys: Option<Vec<String>>,
    /// Keys of answers that audit devices write as they are.
    #[schema(optional)]
    audit_non_hmac_response_keys: Option<Vec<String>>,
    /// Whether listings for unauthenticated users show it: `unauth` or `hidden`.
    #[schema(optional)]
    listing_visibility: Option<String>,
    /// Headers of requests that reach it.
    #[schema(optional)]
    passthrough_request_headers: Option<Vec<String>>,
    /// Headers that an answer may have.
    #[schema(optional)]
    allowed_response_headers: Option<Vec<String>>,
    /// Type of its tokens: `default-service`, `default-batch`, `service` or `batch`.
    #[schema(optional)]
    token_type: Option<String>,
}

const FIXED: &[Field] = &[plain("type"), plain("local")];
const DESCRIPTION: &[Field] = &[plain("description")];
const IDENTITY: &[Field] = &[plain("identity_token_key")];
const ACCESSOR: &[Field] = &[plain("accessor")];

impl Tune {
    fn object(&self) -> Map<String, Json> {
        serde_json::to_value(self).ok().and_then(|json| json.as_object().cloned()).unwrap_or_default()
    }

    /// What the server says: of what is written only that, else everything that is set at all.
    fn of(written: Option<&Self>, settings: &Map<String, Json>) -> Self {
        let mut object = written.cloned().unwrap_or_default().object();
        for (name, value) in &mut object {
            let Some(said) = settings.get(name) else { continue };
            let said = match said {
                Json::Number(seconds) if name.ends_with("_ttl") => match seconds.as_u64() {
                    Some(0) | None => Json::from(""),
                    Some(seconds) => duration::text(seconds).into(),
                },
                said => said.clone(),
            };
            let same = value == &said || matches!((value.as_str(), said.as_str()), (Some(a), Some(b)) if duration::same(a, b));
            let unset = value.is_null() && (written.is_some() || is_empty(&said));
            if !(same || unset || is_empty(value) && is_empty(&said)) {
                *value = said;
            }
        }
        serde_json::from_value(Json::Object(object)).unwrap_or_default()
    }
}

impl AuthBackend {
    fn path(&self) -> String {
        self.path.as_deref().unwrap_or(&self.r#type).trim_matches('/').to_owned()
    }

    /// The settings to send; with `prior`, empty ones for those that are not written any more.
    fn settings(&self, prior: Option<&Self>) -> Result<Map<String, Json>, Fault> {
        let mut settings = body(self, prior, IDENTITY)?;
        let before = prior.and_then(|prior| prior.tune.first()).cloned().unwrap_or_default().object();
        for (name, value) in self.tune.first().cloned().unwrap_or_default().object() {
            match (&value, before.get(&name)) {
                (Json::Null, None | Some(Json::Null)) => {}
                (Json::Null, Some(Json::Array(_))) => drop(settings.insert(name, Json::Array(Vec::new()))),
                // The server's own choice: "0" is its default lease, and token_type has no empty value.
                (Json::Null, _) if name.ends_with("_ttl") => drop(settings.insert(name, "0".into())),
                (Json::Null, _) if name == "token_type" => drop(settings.insert(name, "default-service".into())),
                (Json::Null, _) => drop(settings.insert(name, "".into())),
                _ => drop(settings.insert(name, value)),
            }
        }
        Ok(settings)
    }

    async fn find(self, scope: Scope<'_>) -> Result<Option<Self>, Fault> {
        let Some(data) = scope.mounted("sys/auth", &self.path()).await? else { return Ok(None) };
        let mut known = self;
        known.id = Some(known.path());
        known.path = Some(known.path.clone().unwrap_or_else(|| known.path()));
        known.disable_remount.get_or_insert(false);
        if let Some(Json::Object(settings)) = data.get("config") {
            known = overlay(&known, settings, IDENTITY)?;
            known.tune = vec![Tune::of(known.tune.first(), settings)];
        }
        known = overlay(&known, &data, DESCRIPTION)?;
        known = overlay(&known, &data, FIXED)?;
        overlay(&known, &data, ACCESSOR).map(Some)
    }

    async fn find_written(self, scope: Scope<'_>) -> Result<Self, Fault> {
        let path = self.path();
        let found = self.find(scope).await?;
        found.ok_or_else(|| Fault::not_found(format!("The auth method {path} is not there although Vault had accepted it.")))
    }
}

/// True when everything that `planned` writes is so in `prior`.
fn covers(prior: &Value, planned: &Value) -> bool {
    let (Some(prior), Some(planned)) = (prior.elements().next(), planned.elements().next()) else { return false };
    let Value::Object(written) = planned else { return false };
    written.iter().all(|(name, wanted)| {
        let there = prior.get(name).unwrap_or_else(Value::null);
        wanted.is_null() || *wanted == there || matches!((wanted.as_str(), there.as_str()), (Some(a), Some(b)) if duration::same(a, b))
    })
}

impl Resource for AuthBackend {
    type Client = Client;

    fn plan(_: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        settle::<Self>(plan, &[]);
        // A setting that is taken out of the block goes back to the server's default, so only a block that says no less than the state can be the same.
        let (prior, planned) = (plan.prior("tune"), plan.planned("tune"));
        if prior.length() == Some(1) && planned.length() == Some(1) && planned.is_wholly_known() && covers(&prior, &planned) && !taken_out(&prior, &planned) {
            plan.set("tune", prior);
        }
        if plan.config("path").is_null() {
            let kind = plan.planned("type");
            if plan.creating() && kind.as_str().is_some() {
                plan.set("path", kind);
            }
        }
        if !plan.creating() && plan.changed("path") {
            if plan.planned("disable_remount").as_bool() == Some(true) {
                plan.force_new("path");
            }
            plan.unknown("id");
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let scope = client.scope(&planned.namespace);
        let mut request = body(&planned, None, FIXED)?;
        request.extend(body(&planned, None, DESCRIPTION)?);
        request.insert("config".into(), Json::Object(planned.settings(None)?));
        if let Err(error) = scope.write_once(&format!("sys/auth/{}", planned.path()), request).await {
            // When the answer was lost, the path says whether it was done.
            let done = error.may_have_arrived() && planned.clone().find(scope).await?.is_some_and(|found| found.r#type == planned.r#type);
            if !done {
                return Err(error.into());
            }
        }
        operation.created(&Self { id: Some(planned.path()), path: Some(planned.path()), ..planned.clone() })?;
        planned.clone().find_written(scope).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let path = prior.path.clone().or_else(|| prior.id.clone());
        let prior = Self { path, ..prior };
        let scope = client.scope(&prior.namespace);
        prior.clone().find(scope).await
    }

    async fn update(client: &Client, prior: Self, planned: Self, _: &Operation<'_>) -> Result<Self, Fault> {
        let scope = client.scope(&planned.namespace);
        if prior.path() != planned.path() {
            remount(client, &planned.namespace, &format!("auth/{}", prior.path()), &format!("auth/{}", planned.path())).await?;
        }
        let mut request = body(&planned, Some(&prior), DESCRIPTION)?;
        request.extend(planned.settings(Some(&prior))?);
        scope.write(&format!("sys/auth/{}/tune", planned.path()), request).await?;
        planned.clone().find_written(scope).await
    }

    async fn delete(client: &Client, prior: Self, _: &Operation<'_>) -> Result<(), Fault> {
        client.scope(&prior.namespace).delete(&format!("sys/auth/{}", prior.path())).await
    }

    async fn import(_: &Client, id: &str) -> Result<Self, Fault> {
        let path = id.trim_matches('/').to_owned();
        Ok(Self { id: Some(path.clone()), path: Some(path), ..Self::default() })
    }

    async fn recover(client: &Client, planned: Self, _: &str) -> Result<Option<Self>, Fault> {
        let kind = planned.r#type.clone();
        // Another auth method at the path is not the one that was to be made.
        Ok(Self::read(client, planned).await?.filter(|found| found.r#type == kind))
    }
}

/// True when `prior` has a setting, other than the server's own choice of token type, that `planned` does not write.
fn taken_out(prior: &Value, planned: &Value) -> bool {
    let (Some(Value::Object(before)), Some(planned)) = (prior.elements().next(), planned.elements().next()) else { return false };
    before.iter().any(|(name, there)| {
        let written = planned.get(name).is_some_and(|wanted| !wanted.is_null());
        let empty = there.is_null() || there.as_str() == Some("") || there.length() == Some(0);
        !(written || empty || &**name == "token_type" && there.as_str() == Some("default-service"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_written_block_only_what_is_written_is_read() {
        let settings = serde_json::json!({"default_lease_ttl": 0, "max_lease_ttl": 3600, "token_type": "default-service"});
        let settings = settings.as_object().unwrap();
        let written = Tune { max_lease_ttl: Some("60m".into()), ..Tune::default() };
        assert!(Tune::of(Some(&written), settings) == written);
        let drifted = Tune { max_lease_ttl: Some("2h".into()), ..Tune::default() };
        assert_eq!(Tune::of(Some(&drifted), settings).max_lease_ttl.as_deref(), Some("1h0m0s"));
        let all = Tune::of(None, settings);
        assert_eq!((all.max_lease_ttl.as_deref(), all.default_lease_ttl, all.token_type.as_deref()), (Some("1h0m0s"), None, Some("default-service")));
    }
}
