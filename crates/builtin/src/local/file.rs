//! Writing and reading files, and what the types say of their content.

use std::io::Write;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use weir_provider::Fault;
use weir_value::Value;

use super::Files;

/// Every digest of a content.
pub(super) struct Digests {
    pub(super) md5: String,
    pub(super) sha1: String,
    pub(super) sha256: String,
    pub(super) base64sha256: String,
    pub(super) sha512: String,
    pub(super) base64sha512: String,
}

impl Digests {
    pub(super) fn of(content: &[u8]) -> Self {
        let (sha256, sha512) = (Sha256::digest(content), Sha512::digest(content));
        Self {
            md5: hex::encode(Md5::digest(content)),
            sha1: hex::encode(Sha1::digest(content)),
            sha256: hex::encode(sha256),
            base64sha256: STANDARD.encode(sha256),
            sha512: hex::encode(sha512),
            base64sha512: STANDARD.encode(sha512),
        }
    }
}

/// The content that one of the arguments gives: as text, in Base64, or as another file.
pub(super) async fn content(files: &Files, text: Option<&str>, base64: Option<&str>, source: Option<&str>) -> Result<Vec<u8>, Fault> {
    match (text, base64, source) {
        (Some(text), ..) => Ok(text.as_bytes().to_vec()),
        (_, Some(base64), _) => STANDARD.decode(base64).map_err(|error| Fault::error("Invalid content_base64", format!("This is not Base64: {error}."))),
        (.., Some(source)) => {
            let path = files.path(source);
            tokio::fs::read(&path).await.map_err(|error| failed("read", &path, &error))
        }
        _ => Ok(Vec::new()),
    }
}

/// Exactly one of the arguments is set.
pub(super) fn exactly_one(config: &Value, names: &[&str]) -> Vec<Fault> {
    let value = |name: &&str| config.get(name).unwrap_or_else(Value::null);
    let unknown = names.iter().filter(|name| !value(name).is_known()).count();
    let set = names.iter().filter(|name| value(name).is_known() && !value(name).is_null()).count();
    if set > 1 || set == 0 && unknown == 0 {
        return vec![Fault::error("One content is needed", format!("Set exactly one of {}; {set} are set.", names.join(", ")))];
    }
    Vec::new()
}

pub(super) fn failed(what: &str, path: &Path, error: &std::io::Error) -> Fault {
    Fault::error(format!("Cannot {what} the file"), format!("{}: {error}", path.display()))
}

fn mode(text: &str) -> Result<u32, Fault> {
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o7777);
    mode.ok_or_else(|| Fault::error("Invalid permission", format!("\"{text}\" is no permission in octal digits, as \"0644\" is.")))
}

/// Writes the file whole or not at all: readers see the old content or the new one.
pub(super) async fn write(path: &Path, content: Vec<u8>, file_mode: &str, folder_mode: &str) -> Result<(), Fault> {
    let (file_mode, folder_mode, path) = (mode(file_mode)?, mode(folder_mode)?, path.to_owned());
    let done = tokio::task::spawn_blocking(move || write_now(&path, &content, file_mode, folder_mode).map_err(|error| failed("write", &path, &error))).await;
    done.map_err(|error| Fault::error("Cannot write the file", error.to_string()))?
}

fn write_now(path: &Path, content: &[u8], file_mode: u32, folder_mode: u32) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    let mut file = tempfile::Builder::new();
    file.prefix(".weir-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
        builder.mode(folder_mode);
        // As for any new file, the process's mask is taken off.
        file.permissions(std::fs::Permissions::from_mode(file_mode));
    }
    #[cfg(not(unix))]
    let _ = (file_mode, folder_mode);
    builder.create(folder)?;
    let mut written = file.tempfile_in(folder)?;
    written.write_all(content)?;
    written.as_file().sync_all()?;
    written.persist(path)?;
    Ok(())
}

/// The content of a file; `None` when there is none.
pub(super) async fn read(path: &Path) -> Result<Option<Vec<u8>>, Fault> {
    match tokio::fs::read(path).await {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", path, &error)),
    }
}

/// Removes a file; one that is gone is no error.
pub(super) async fn remove(path: &Path) -> Result<(), Fault> {
    match tokio::fs::remove_file(path).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed("remove", path, &error)),
        _ => Ok(()),
    }
}
