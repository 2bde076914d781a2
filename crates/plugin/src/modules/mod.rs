//! Modules from elsewhere: what a registry says of them, and packages from git, archives and object storage.
//!
//! Whoever calls this says where a package shall lie; which modules are needed, and what is recorded of them, is not known here.

mod archive;
mod git;
mod http;
mod link;
mod registry;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use semver::Version;
use weir_addr::{Constraint, RegistryModule};
use weir_provider::Fault;

use crate::install::remote::Web;

/// What is known of the hosts that modules come from.
#[derive(Clone, Debug, Default)]
pub struct Fetcher {
    /// Tokens by host.
    pub tokens: BTreeMap<String, String>,
}

/// A version that a registry has, and where its package is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The version.
    pub version: Version,
    /// The source of its package.
    pub source: String,
}

/// The summary of everything that goes wrong on the way.
const SUMMARY: &str = "Failed to download module";

pub(crate) fn fault(detail: impl Into<String>) -> Fault {
    Fault::error(SUMMARY, detail)
}

/// The layer below speaks of providers.
fn of_module(fault: Fault) -> Fault {
    Fault { summary: SUMMARY.to_owned(), ..fault }
}

impl Fetcher {
    /// Asks a registry for the newest version that meets the constraint.
    pub async fn locate(&self, module: &RegistryModule, constraint: Option<&Constraint>) -> Result<Located, Fault> {
        let web = Web::new(&self.tokens).map_err(of_module)?;
        registry::locate(&web, module, constraint).await
    }

    /// Puts a package into a folder that is not there yet, and gives the folder in it that its source names. `package` is in its long form.
    pub async fn fetch(&self, package: &str, into: &Path) -> Result<Option<String>, Fault> {
        let subdir = match package.split_once("::") {
            Some(("git", url)) => git::clone(url, into).await.map(|()| None)?,
            Some(("s3", url)) => http::object(&self.web()?, url, into).await.map(|()| None)?,
            Some(("http" | "https", url)) => Box::pin(http::fetch(self, url, into)).await?,
            _ if package.starts_with("git://") => git::clone(package, into).await.map(|()| None)?,
            _ if package.starts_with("file://") => local(package, into).map(|()| None)?,
            _ => Box::pin(http::fetch(self, package, into)).await?,
        };
        link::check(into)?;
        Ok(subdir)
    }

    fn web(&self) -> Result<Web<'_>, Fault> {
        Web::new(&self.tokens).map_err(of_module)
    }
}

/// An archive on this machine.
fn local(url: &str, into: &Path) -> Result<(), Fault> {
    let query = http::Query::of(url)?;
    let path = PathBuf::from(query.url.path());
    let Some(kind) = query.kind()? else {
        return Err(fault(format!("{} is no archive. Name a folder by its path alone, and a repository as git::{url}.", path.display())));
    };
    let bytes = std::fs::read(&path).map_err(|error| fault(format!("{} cannot be read: {error}.", path.display())))?;
    query.check(&bytes)?;
    archive::unpack(&bytes, kind, into)
}

/// The folder of a package that is meant: `*` stands for the one folder that there is.
pub fn subdir(package: &Path, subdir: &str) -> Result<String, Fault> {
    let mut found = Vec::new();
    for part in subdir.split('/').filter(|part| !part.is_empty() && *part != ".") {
        let folder = package.join(found.join("/"));
        if part == ".." {
            return Err(fault(format!("\"{subdir}\" leads out of the package.")));
        }
        if part == "*" {
            let mut folders: Vec<String> = std::fs::read_dir(&folder)
                .into_iter()
                .flatten()
                .filter_map(|entry| entry.ok().filter(|entry| entry.path().is_dir())?.file_name().into_string().ok())
                .collect();
            folders.sort();
            match folders.as_slice() {
                [one] => found.push(one.clone()),
                several => return Err(fault(format!("\"{subdir}\" must name one folder in the package, and it has {} there: {}.", several.len(), several.join(", ")))),
            }
        } else {
            found.push(part.to_owned());
        }
    }
    let path = found.join("/");
    if !package.join(&path).is_dir() {
        return Err(fault(format!("The package has no folder \"{path}\". Look at what stands after // in the source.")));
    }
    Ok(path)
}
