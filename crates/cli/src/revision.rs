//! The configuration of a stack as git has it at some revision.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use weir_config::FileSystem;

use crate::exit::Failure;
use crate::stack::Disk;

/// A revision, checked out into a temporary folder that goes with it. The repository is not changed by that.
pub(crate) struct Revision {
    /// As it was named.
    pub(crate) name: String,
    /// Its commit, shortened as git does it.
    pub(crate) commit: String,
    tree: TempDir,
    /// The stack's folder in the repository.
    prefix: PathBuf,
}

fn git<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>, index: Option<&Path>) -> Result<String, Failure> {
    let mut command = Command::new("git");
    command.args(arguments);
    if let Some(index) = index {
        command.env("GIT_INDEX_FILE", index);
    }
    let failed = |why: String| Failure::error("Git cannot be asked", format!("-against needs git and a repository: {why}"));
    let output = command.output().map_err(|error| failed(format!("git cannot be run: {error}.")))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
}

impl Revision {
    /// Checks out a branch, tag or commit of the repository that this folder is in.
    pub(crate) fn checked_out(name: &str) -> Result<Self, Failure> {
        let top = git(["rev-parse", "--show-toplevel"], None)?;
        let prefix = git(["rev-parse", "--show-prefix"], None)?;
        let unknown = |_| {
            Failure::error(
                "Unknown revision",
                format!("Git knows no revision \"{name}\" here. Name a branch, a tag or a commit; one of a remote has to be fetched first."),
            )
        };
        let commit = git(["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{name}^{{commit}}")], None).map_err(unknown)?;
        let short = git(["rev-parse", "--short", &commit], None)?;
        let tree = tempfile::tempdir().map_err(|error| Failure::error("No temporary folder", format!("{error}.")))?;
        let index = tree.path().join("index");
        git(["read-tree", &commit], Some(&index))?;
        let into = format!("--prefix={}/", tree.path().join("tree").display());
        git(["-C", &top, "checkout-index", "--all", "--quiet", &into], Some(&index))?;
        let revision = Self { name: name.to_owned(), commit: short, tree, prefix: prefix.into() };
        revision.take_ignored()?;
        Ok(revision)
    }

    /// Values that git shall not know of belong to no revision: both sides are planned with them.
    fn take_ignored(&self) -> Result<(), Failure> {
        let listed = git(["ls-files", "--others", "--ignored", "--exclude-standard", "-z", "--", "*.tfvars", "*.tfvars.json"], None)?;
        // The listing goes into folders below, whose values are none of this stack's.
        for file in listed.split('\0').filter(|file| !file.is_empty() && !file.contains('/')) {
            let to = self.folder().join(file);
            if self.folder().is_dir() && !to.exists() {
                std::fs::copy(file, &to).map_err(|error| Failure::error("Values cannot be read", format!("{file}: {error}.")))?;
            }
        }
        Ok(())
    }

    /// The stack's folder as it was; it may not have been there.
    pub(crate) fn folder(&self) -> PathBuf {
        self.tree.path().join("tree").join(&self.prefix)
    }
}

/// Paths are as they are in the working tree. Modules that were fetched are taken from there: no repository has them.
impl FileSystem for Revision {
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        if is_fetched(dir) {
            Disk.list(dir)
        } else {
            std::fs::read_dir(self.folder().join(dir))?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
        }
    }
    fn data_dir(&self) -> PathBuf {
        Disk.data_dir()
    }
    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        if is_fetched(file) { Disk.read(file) } else { std::fs::read(self.folder().join(file)) }
    }
}

fn is_fetched(path: &Path) -> bool {
    path.strip_prefix(".").unwrap_or(path).starts_with(Disk.data_dir())
}
