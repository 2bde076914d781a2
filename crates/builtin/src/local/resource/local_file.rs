//! `local_file`: a file on this machine.
//!
//! ```hcl
//! resource "local_file" "this" {
//!   filename        = "out/config.json"
//!   content         = jsonencode({ a = 1 })
//!   file_permission = "0644"
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

/// A file on this machine.
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "local_file")]
pub(crate) struct LocalFile {
    /// Its path; a relative one starts at the root module's folder.
    #[schema(required, force_new)]
    filename: String,
    /// Its content, as text.
    #[schema(optional, force_new)]
    content: Option<String>,
    /// Its content, in Base64.
    #[schema(optional, force_new)]
    content_base64: Option<String>,
    /// Its content, as text that is not shown.
    #[schema(optional, force_new, sensitive, deprecated = "Use local_sensitive_file.")]
    sensitive_content: Option<String>,
    /// The file to copy.
    #[schema(optional, force_new)]
    source: Option<String>,
    /// Its permission in octal digits; the process's mask is taken off.
    #[schema(optional, computed, force_new, default = "0777")]
    file_permission: String,
    /// The permission of folders that have to be made.
    #[schema(optional, computed, force_new, default = "0777")]
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

impl Resource for LocalFile {
    type Client = Files;

    fn validate(config: &Value) -> Vec<Fault> {
        file::exactly_one(config, &["content", "sensitive_content", "content_base64", "source"])
    }

    async fn create(files: &Files, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let text = planned.content.as_deref().or(planned.sensitive_content.as_deref());
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
        Err(Fault::error("Import not supported", "A local_file cannot be imported."))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use weir_provider::Intent;

    use crate::harness::{World, text};
    use crate::local::Local;

    const TYPE: &str = "local_file";

    #[tokio::test]
    async fn lifecycle() {
        let folder = tempfile::tempdir().unwrap();
        let world = World::at::<Local>(folder.path()).await;
        let config = json!({"filename": "a/b.txt", "content": "hello"});
        let state = world.create(TYPE, config.clone()).await;
        assert_eq!(text(&state, "id"), "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d");
        assert_eq!(text(&state, "content_md5"), "5d41402abc4b2a76b9719d911017c592");
        assert_eq!(text(&state, "content_base64sha256"), "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=");
        let path = folder.path().join("a/b.txt");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "hello");
        assert_eq!(std::fs::read_dir(folder.path().join("a")).unwrap().count(), 1, "nothing else is left");
        assert_eq!(world.replaces(TYPE, &state, json!({"filename": "a/b.txt", "content": "other"})).await, ["content"]);
        std::fs::write(&path, "changed").unwrap();
        assert_eq!(world.read(TYPE, &state).await, None);
        let state = world.create(TYPE, config).await;
        let copy = world.create(TYPE, json!({"filename": "copy", "source": "a/b.txt"})).await;
        let binary = world.create(TYPE, json!({"filename": "binary", "content_base64": "/wA="})).await;
        assert_eq!((text(&copy, "id"), std::fs::read(folder.path().join("binary")).unwrap()), (text(&state, "id"), vec![255, 0]));
        world.delete(TYPE, &state).await;
        assert_eq!(world.read(TYPE, &state).await, None);
        world.delete(TYPE, &binary).await;
    }

    #[tokio::test]
    async fn refusals() {
        let folder = tempfile::tempdir().unwrap();
        let world = World::at::<Local>(folder.path()).await;
        assert_eq!(world.validate(Intent::Resource, TYPE, json!({"filename": "x"})).len(), 1);
        assert_eq!(world.validate(Intent::Resource, TYPE, json!({"filename": "x", "content": "", "source": "y"})).len(), 1);
        let fault = world.try_create(TYPE, json!({"filename": "x", "content": "", "file_permission": "rw"})).await.unwrap_err();
        assert_eq!(fault.summary, "Invalid permission");
        std::fs::write(folder.path().join("plain"), "").unwrap();
        let fault = world.try_create(TYPE, json!({"filename": "plain/x", "content": ""})).await.unwrap_err();
        assert_eq!(fault.summary, "Cannot write the file");
        assert_eq!(world.try_create(TYPE, json!({"filename": "x", "source": "none"})).await.unwrap_err().summary, "Cannot read the file");
    }
}
