//! Folders in which providers lie by address, version and platform.

use std::path::{Path, PathBuf};

use semver::Version;
use weir_addr::ProviderAddr;
use weir_provider::Fault;

use super::{hash_folder, hash_zip, seen};

/// A folder in the layout of a filesystem mirror.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mirror {
    /// The folder.
    pub path: PathBuf,
    /// Patterns of the providers that are taken from it, such as `hashicorp/*`; all when empty.
    pub include: Vec<String>,
    /// Patterns of those that are not.
    pub exclude: Vec<String>,
}

/// How a provider is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Folder,
    Zip,
}

/// One version of a provider in a mirror.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) version: Version,
    pub(super) path: PathBuf,
    pub(super) shape: Shape,
}

impl Stored {
    /// Its hashes, as a lock file names them.
    pub(super) fn hashes(&self, memory: Option<&Path>) -> Result<Vec<String>, Fault> {
        let hashed = seen::hashes(&self.path, memory, || match self.shape {
            Shape::Folder => hash_folder(&self.path).map(|hash| vec![hash]),
            Shape::Zip => hash_zip(&self.path),
        });
        hashed.map_err(|error| Fault::error("Provider cannot be read", format!("{}: {error}.", self.path.display())))
    }
}

impl Mirror {
    /// A folder for all providers.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), ..Self::default() }
    }

    fn serves(&self, addr: &ProviderAddr) -> bool {
        let matches = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, addr));
        (self.include.is_empty() || matches(&self.include)) && !matches(&self.exclude)
    }

    /// Why nothing was found here, for a message.
    pub(super) fn why_not(&self, addr: &ProviderAddr) -> &'static str {
        if !self.serves(addr) {
            " (not for this provider)"
        } else if self.path.is_dir() {
            ""
        } else {
            " (no such folder)"
        }
    }

    /// The versions of a provider for a platform.
    pub(super) fn packages(&self, addr: &ProviderAddr, platform: &str) -> Vec<Stored> {
        if !self.serves(addr) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for (host, path) in entries(&self.path) {
            // The public registries have the same providers, so either name will do.
            if (ProviderAddr { host: host.into(), ..addr.clone() }) != *addr {
                continue;
            }
            for (name, path) in entries(&path.join(&*addr.namespace).join(&*addr.name)) {
                let unpacked = path.join(platform);
                if let (Ok(version), true) = (Version::parse(&name), unpacked.is_dir()) {
                    found.push(Stored { version, path: unpacked, shape: Shape::Folder });
                } else if let Some(version) = packed(&name, &addr.name, platform) {
                    found.push(Stored { version, path, shape: Shape::Zip });
                }
            }
        }
        found
    }
}

/// The version in `terraform-provider-NAME_VERSION_PLATFORM.zip`.
fn packed(file: &str, name: &str, platform: &str) -> Option<Version> {
    let version = file.strip_prefix("terraform-provider-")?.strip_prefix(name)?.strip_prefix('_')?.strip_suffix(".zip")?.strip_suffix(platform)?.strip_suffix('_')?;
    Version::parse(version).ok()
}

/// What lies in a folder, by name in order; nothing when it cannot be read.
fn entries(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut found: Vec<(String, PathBuf)> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().into_string().ok()?, entry.path()))
        })
        .collect();
    found.sort();
    found
}

/// Whether a provider is one of a pattern: `[HOST/]NAMESPACE/NAME`, each part `*` for any.
pub(super) fn matches(pattern: &str, addr: &ProviderAddr) -> bool {
    let parts: Vec<&str> = pattern.split('/').collect();
    let (host, namespace, name) = match *parts.as_slice() {
        [host, namespace, name] => (Some(host), namespace, name),
        [namespace, name] => (None, namespace, name),
        _ => return false,
    };
    let part = |pattern: &str, text: &str| pattern == "*" || pattern == text;
    let host = match host {
        Some("*") => true,
        Some(host) => ProviderAddr { host: host.into(), ..addr.clone() } == *addr,
        // Without a host the default registry is meant.
        None => ProviderAddr::new(addr.namespace.clone(), addr.name.clone()) == *addr,
    };
    host && part(namespace, &addr.namespace) && part(name, &addr.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_by_part() {
        let check = |pattern: &str, addr: &str, wanted: bool| assert_eq!(matches(pattern, &addr.parse().unwrap()), wanted, "{pattern} {addr}");
        check("hashicorp/*", "hashicorp/aws", true);
        check("hashicorp/*", "example.com/hashicorp/aws", false);
        check("*/*/*", "example.com/hashicorp/aws", true);
        check("*/*", "acme/aws", true);
        check("example.com/*/*", "example.com/acme/aws", true);
        check("example.com/*/*", "acme/aws", false);
        check("hashicorp/aws", "hashicorp/awscc", false);
        check("hashicorp", "hashicorp/aws", false);
    }

    #[test]
    fn packed_files_say_their_version() {
        let check = |file: &str, wanted: Option<&str>| assert_eq!(packed(file, "aws", "linux_amd64").map(|version| version.to_string()).as_deref(), wanted, "{file}");
        check("terraform-provider-aws_5.100.0_linux_amd64.zip", Some("5.100.0"));
        check("terraform-provider-aws_5.100.0_darwin_amd64.zip", None);
        check("terraform-provider-awscc_1.0.0_linux_amd64.zip", None);
    }
}
