//! `data "local_sensitive_file"`: a file on this machine whose content is not shown.
//!
//! ```hcl
//! data "local_sensitive_file" "this" {
//!   filename = "in/config.json"
//! }
//! ```

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::local::Files;
use crate::local::file::{self, Digests};

/// A file on this machine whose content is not shown.
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "local_sensitive_file")]
pub(crate) struct LocalSensitiveFile {
    /// Its path; a relative one starts at the root module's folder.
    #[schema(required)]
    filename: String,
    /// Its content as text; what is not UTF-8 is replaced.
    #[schema(computed, sensitive)]
    content: String,
    /// Its content in Base64.
    #[schema(computed, sensitive)]
    content_base64: String,
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

impl DataSource for LocalSensitiveFile {
    type Client = Files;
    const OFFLINE: bool = true;

    async fn read(files: &Files, config: Self) -> Result<Self, Fault> {
        let path = files.path(&config.filename);
        let content = file::read(&path).await?;
        let content = content.ok_or_else(|| Fault::error("No such file", format!("There is no file {}.", path.display())))?;
        let digests = Digests::of(&content);
        Ok(Self {
            filename: config.filename,
            content: String::from_utf8_lossy(&content).into_owned(),
            content_base64: STANDARD.encode(&content),
            content_md5: digests.md5,
            content_sha1: digests.sha1.clone(),
            content_sha256: digests.sha256,
            content_base64sha256: digests.base64sha256,
            content_sha512: digests.sha512,
            content_base64sha512: digests.base64sha512,
            id: digests.sha1,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{World, text};
    use crate::local::Local;

    #[tokio::test]
    async fn reads() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("f"), "hello").unwrap();
        let world = World::at::<Local>(folder.path()).await;
        let read = world.data("local_sensitive_file", json!({"filename": "f"})).await.unwrap();
        assert_eq!((text(&read, "content"), text(&read, "content_base64")), ("hello".into(), "aGVsbG8=".into()));
        assert_eq!(text(&read, "id"), "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d");
        assert_eq!(world.data("local_sensitive_file", json!({"filename": "g"})).await.unwrap_err().summary, "No such file");
    }
}
