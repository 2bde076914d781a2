//! Objects that are written to and read from one path: most of Vault's configuration.

use serde_json::{Map, Value as Json};
use weir_provider::Fault;
use weir_provider::native::{Operation, Typed};

use crate::client::Client;
use crate::fields::{Field, body, overlay};

/// A resource type with a path of its own, whose name is its identity.
pub(crate) trait Stored: Typed {
    /// What is written and read.
    const FIELDS: &'static [Field];

    /// Its namespace.
    fn namespace(&self) -> &Option<String>;
    /// Where it is.
    fn path(&self) -> String;
    /// Its id from its other attributes.
    fn identify(&mut self);
}

/// Creates or, with `prior`, changes it; and reads it back.
pub(crate) async fn write<T: Stored>(client: &Client, planned: T, prior: Option<&T>, operation: &Operation<'_>) -> Result<T, Fault> {
    write_with(client, planned, prior, operation, Map::new()).await
}

/// The same with more in the request.
pub(crate) async fn write_with<T: Stored>(client: &Client, planned: T, prior: Option<&T>, operation: &Operation<'_>, more: Map<String, Json>) -> Result<T, Fault> {
    let mut request = body(&planned, prior, T::FIELDS)?;
    request.extend(more);
    let scope = client.scope(planned.namespace());
    let path = planned.path();
    scope.write(&path, request).await?;
    let mut known = planned.clone();
    known.identify();
    if prior.is_none() {
        operation.created(&known)?;
    }
    let data = scope.read_back(&path).await?;
    overlay(&known, &data, T::FIELDS)
}

/// Reads it.
pub(crate) async fn read<T: Stored>(client: &Client, mut prior: T) -> Result<Option<T>, Fault> {
    let Some(data) = client.scope(prior.namespace()).read(&prior.path()).await? else { return Ok(None) };
    prior.identify();
    overlay(&prior, &data, T::FIELDS).map(Some)
}

/// Deletes it.
pub(crate) async fn delete<T: Stored>(client: &Client, prior: &T) -> Result<(), Fault> {
    client.scope(prior.namespace()).delete(&prior.path()).await
}

/// Writes defaults over an object that cannot be deleted; its mount may be gone already.
pub(crate) async fn reset<T: Stored>(client: &Client, prior: &T, defaults: Map<String, Json>) -> Result<(), Fault> {
    match client.scope(prior.namespace()).write(&prior.path(), defaults).await {
        Err(fault) if !fault.not_found => Err(fault),
        _ => Ok(()),
    }
}

/// The two halves of an import id around `middle`: backend and name.
pub(crate) fn split_id<'a>(id: &'a str, middle: &str) -> Result<(&'a str, &'a str), Fault> {
    let wrong = || {
        let name = if middle.ends_with('/') { "NAME" } else { "" };
        Fault::error("Invalid import id", format!("\"{id}\" is not of the form BACKEND{middle}{name}."))
    };
    let (backend, name) = id.rsplit_once(middle).ok_or_else(wrong)?;
    let complete = !backend.is_empty() && (name.is_empty() != middle.ends_with('/'));
    if complete { Ok((backend.trim_matches('/'), name)) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn import_ids_are_taken_apart() {
        assert_eq!(split_id("a/pki/roles/web", "/roles/"), Ok(("a/pki", "web")));
        assert_eq!(split_id("pki/config/urls", "/config/urls"), Ok(("pki", "")));
        for (id, middle) in [("web", "/roles/"), ("pki/roles/", "/roles/"), ("/roles/web", "/roles/"), ("pki/config/urls/x", "/config/urls")] {
            let fault = split_id(id, middle).unwrap_err();
            assert!(fault.detail.contains("of the form BACKEND/"), "{}", fault.detail);
        }
    }
}
