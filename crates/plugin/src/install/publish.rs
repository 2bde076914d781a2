//! Folders from which other machines can install providers: as filesystem mirrors and, behind a web server, as network mirrors.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};
use weir_addr::ProviderAddr;
use weir_provider::Fault;

use super::Package;

/// Puts a package into a folder, and into the lists there by which it is found. Gives where it is.
pub fn publish(addr: &ProviderAddr, package: &Package, platform: &str, folder: &Path) -> Result<PathBuf, Fault> {
    let folder = folder.join(&*addr.host).join(&*addr.namespace).join(&*addr.name);
    let version = package.version.to_string();
    let file = format!("terraform-provider-{}_{version}_{platform}.zip", addr.name);
    let path = folder.join(&file);
    let failed = |path: &Path, error: &dyn std::fmt::Display| Fault::error("Mirror cannot be written", format!("{}: {error}.", path.display()));
    fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
    write(&path, |to| fs::copy(package.file.path(), to).map(drop)).map_err(|error| failed(&path, &error))?;
    let entry = json!({ "hashes": [package.content_hash()], "url": file });
    for (list, key, name, entry) in [(format!("{version}.json"), "archives", platform, entry), ("index.json".to_owned(), "versions", version.as_str(), json!({}))] {
        let list = folder.join(list);
        add(&list, key, name, entry).map_err(|error| failed(&list, &error))?;
    }
    Ok(path)
}

/// Adds an entry to the object under `key` of a JSON file, which may not be there yet.
fn add(list: &Path, key: &str, name: &str, entry: Json) -> io::Result<()> {
    let mut content: Map<String, Json> = match fs::read(list) {
        Ok(bytes) => serde_json::from_slice(&bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Map::new(),
        Err(error) => return Err(error),
    };
    match content.entry(key).or_insert_with(|| json!({})) {
        Json::Object(entries) => drop(entries.insert(name.to_owned(), entry)),
        _ => return Err(io::Error::other(format!("\"{key}\" in it is no object, so it is not a list of a mirror"))),
    }
    let text = serde_json::to_vec_pretty(&content)?;
    write(list, |to| fs::write(to, &text))
}

/// Writes a file aside and puts it in its place when it is whole: a mirror may be in use meanwhile.
fn write(path: &Path, content: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let aside = path.with_extension(format!("{}.new", std::process::id()));
    content(&aside).and_then(|()| fs::rename(&aside, path)).inspect_err(|_| drop(fs::remove_file(&aside)))
}
