//! `local_sensitive_file`: a file on this machine whose content is not shown. It stands in the state all the same.
//!
//! ```hcl
//! resource "local_sensitive_file" "this" {
//!   filename        = "out/config.json"
//!   content         = jsonencode({ a = 1 })
//!   file_permission = "0600"
//! }
//! ```
//!
//! The path is the identity: writing it again after a crash makes nothing twice.

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use crate::local::Files;
use crate::local::file::{self, Digests};

/// A file whose content is not shown.
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "local_sensitive_file")]
pub(crate) struct LocalSensitiveFile {
    /// Its path; a relative one starts at the root module's folder.
    #[schema(required, force_new)]
    filename: String,
    /// Its content, as text.
    #[schema(optional, force_new, sensitive)]
    content: Option<String>,
    /// Its content, in Base64.
    #[schema(optional, force_new, sensitive)]
    content_base64: Option<String>,
    /// The file to copy.
    #[schema(optional, force_new)]
    source: Option<String>,
    /// Its permission in octal digits; the process's mask is taken off.
    #[schema(optional, computed, force_new, default = "0700")]
    file_permission: String,
    /// The permission of folders that have to be made.
    #[schema(optional, computed, force_new, default = "0700")]
    directory_permission: String,
    /// MD5 of the content, hexadecimal.
    #[schema(computed)]
    content_md5: String,
    /// SHA-1 of the content, hexadecimal.
    #[schema(computed)]
    content_sha1: String,
    /// SHA-256 of the content, hexadecimal.
    #[schema(computed)]
    content_sha256: String,
    /// SHA-256 of the content, Base64.
    #[schema(computed)]
    content_base64sha256: String,
    /// SHA-512 of the content, hexadecimal.
    #[schema(computed)]
    content_sha512: String,
    /// SHA-512 of the content, Base64.
    #[schema(computed)]
    content_base64sha512: String,
    /// SHA-1 of the content, hexadecimal.
    #[schema(computed)]
    id: String,
}

impl Resource for LocalSensitiveFile {
    type Client = Files;

    fn validate(config: &Value) -> Vec<Fault> {
        file::exactly_one(config, &["content", "content_base64", "source"])
    }

    async fn create(files: &Files, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let text = planned.content.as_deref();
        let content = file::content(files, text, planned.content_base64.as_deref(), planned.source.as_deref()).await?;
        let digests = Digests::of(&content);
        file::write(&files.path(&planned.filename), content, &planned.file_permission, &planned.directory_permission).await?;
        let state = Self {
            content_md5: digests.md5,
            content_sha1: digests.sha1.clone(),
            content_sha256: digests.sha256,
            content_base64sha256: digests.base64sha256,
            content_sha512: digests.sha512,
            content_base64sha512: digests.base64sha512,
            id: digests.sha1,
            ..planned
        };
        operation.created(&state)?;
        Ok(state)
    }

    /// A file with another content is not the one that was written.
    async fn read(files: &Files, prior: Self) -> Result<Option<Self>, Fault> {
        let content = file::read(&files.path(&prior.filename)).await?;
        Ok(content.filter(|content| Digests::of(content).sha1 == prior.id).map(|_| prior))
    }

    async fn update(_: &Files, _: Self, planned: Self, _: &Operation<'_>) -> Result<Self, Fault> {
        Ok(planned)
    }

    async fn delete(files: &Files, prior: Self, _: &Operation<'_>) -> Result<(), Fault> {
        file::remove(&files.path(&prior.filename)).await
    }

    async fn import(_: &Files, _: &str) -> Result<Self, Fault> {
        Err(Fault::error("Import not supported", "A local_sensitive_file cannot be imported."))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use weir_provider::Intent;

    use crate::harness::{World, text};
    use crate::local::Local;

    const TYPE: &str = "local_sensitive_file";

    #[tokio::test]
    async fn lifecycle() {
        let folder = tempfile::tempdir().unwrap();
        let world = World::at::<Local>(folder.path()).await;
        let state = world.create(TYPE, json!({"filename": "key", "content": "hello", "file_permission": "0600"})).await;
        let path = folder.path().join("key");
        assert_eq!((text(&state, "content"), std::fs::read_to_string(&path).unwrap()), ("hello".into(), "hello".into()));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(world.replaces(TYPE, &state, json!({"filename": "key", "content": "hello"})).await, ["file_permission"]);
        assert_eq!(world.validate(Intent::Resource, TYPE, json!({"filename": "x"})).len(), 1);
        world.delete(TYPE, &state).await;
        assert!(!path.exists());
    }
}
