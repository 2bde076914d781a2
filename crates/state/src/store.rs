//! Where states are kept.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use crate::{Header, Lock, LockInfo, State, StateError};

/// A place that keeps the states of a stack, one for each workspace. One file of this crate (or of a crate above) is one kind of place.
///
/// The calls block; those of a remote place may take as long as its network.
pub trait Store: Send + Sync {
    /// The place, for messages.
    fn location(&self) -> String;

    /// The state of this workspace; none if nothing was ever written.
    fn read(&self) -> Result<Option<State>, StoreError>;

    /// Replaces the stored state by `state`, wholly or not at all. If the content differs, the serial grows by one, in `state` too.
    ///
    /// Refuses to replace a state of another lineage or of a higher serial than the one `state` was read with.
    fn write(&self, state: &mut State) -> Result<Written, StoreError>;

    /// Replaces the stored state by `state` with the serial it has. Without `force` under the rules of [`Store::write`].
    fn push(&self, state: &State, force: bool) -> Result<(), StoreError>;

    /// Keeps others from writing until the lock is released or dropped. If somebody has it, waits for up to `wait`.
    fn lock(&self, info: &LockInfo, wait: Duration) -> Result<Lock, StoreError>;

    /// Breaks the lock of this ID, which somebody else holds or left behind.
    fn force_unlock(&self, id: &str) -> Result<(), StoreError>;

    /// The names of all workspaces; `default` is always there.
    fn workspaces(&self) -> Result<Vec<String>, StoreError>;

    /// The same place for another workspace, which need not exist: it does once something is written.
    fn workspace(&self, name: &str) -> Result<Box<dyn Store>, StoreError>;

    /// Removes a workspace with its state. Without `force` only if the state has no objects.
    fn delete_workspace(&self, name: &str, force: bool) -> Result<(), StoreError>;

    /// Where the journal of this workspace is: always a local file, since it must be written before each call.
    fn journal_path(&self) -> PathBuf;
}

/// Whether there was something to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// The content differed: it was written, with the next serial.
    Changed,
    /// Nothing differed, and nothing was touched.
    Unchanged,
}

/// The rules of succession, for every kind of place: whether `state` may replace the one with the header `stored`.
pub fn check_successor(stored: &Header, state: &State) -> Result<(), StoreError> {
    if stored.lineage != state.lineage {
        return Err(StoreError::Lineage { stored: stored.lineage.to_string(), offered: state.lineage.to_string() });
    }
    if stored.serial > state.serial {
        return Err(StoreError::Serial { stored: stored.serial, offered: state.serial });
    }
    Ok(())
}

/// Why a state could not be read, written or locked. Each text says what to do.
#[derive(Debug, Error)]
pub enum StoreError {
    /// What is stored is not a state.
    #[error("cannot read the state {location}: {source}")]
    Content {
        /// The place.
        location: String,
        /// Why.
        source: StateError,
    },
    /// The place cannot be read.
    #[error("cannot read {path}: {source}. Check the path and the permissions", path = .path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No room.
    #[error("no space left to write {path} ({source}). What was stored before is untouched; free some space and run the command again", path = .path.display())]
    Full {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No permission, or a file system that takes no writes.
    #[error("{path} cannot be written: {source}. What was stored before is untouched; make its folder writable and run the command again", path = .path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The place cannot be written for another reason.
    #[error("cannot write {path}: {source}. What was stored before is untouched", path = .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A place elsewhere refuses, or cannot be reached.
    #[error("cannot {doing} {location}: {message}. What was stored before is untouched")]
    Remote {
        /// `read`, `write`
        doing: &'static str,
        /// The place.
        location: String,
        /// Why.
        message: String,
    },
    /// The state has no text.
    #[error(transparent)]
    Encode(StateError),
    /// Another history.
    #[error(
        "the stored state has lineage {stored} and the new one {offered}: they belong to different stacks. Nothing was written; \
         if it is meant, push with -force"
    )]
    Lineage {
        /// What is stored.
        stored: String,
        /// What was to replace it.
        offered: String,
    },
    /// Somebody wrote in between.
    #[error(
        "the stored state has serial {stored}, newer than {offered}: somebody changed it in the meantime. Nothing was written; \
         plan again, or if it is meant, push with -force"
    )]
    Serial {
        /// What is stored.
        stored: u64,
        /// What was to replace it.
        offered: u64,
    },
    /// Somebody works on it.
    #[error("the state is locked:\n{info}\nWait until that run ends (-lock-timeout=5m waits), or if it no longer runs: weir force-unlock {id}", id = info.id)]
    Locked {
        /// Who, when and why.
        info: Box<LockInfo>,
    },
    /// The lock to break is not there.
    #[error("there is no lock with the ID {id:?}{held}", held = .held.as_ref().map(|held| format!("; the state is locked with the ID {held:?}")).unwrap_or_default())]
    NoSuchLock {
        /// The ID that was given.
        id: String,
        /// The ID of the lock that is held.
        held: Option<String>,
    },
    /// Not a name for a workspace.
    #[error("{name:?} cannot be the name of a workspace: use letters, digits, \"-\", \"_\" and \".\"")]
    WorkspaceName {
        /// The name.
        name: String,
    },
    /// A workspace that is needed.
    #[error("the workspace {name:?} cannot be deleted: {reason}")]
    WorkspaceInUse {
        /// The name.
        name: String,
        /// Why, and what to do.
        reason: &'static str,
    },
}

impl StoreError {
    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.to_owned(), source }
    }

    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Self::Full { path, source },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::NotADirectory => Self::ReadOnly { path, source },
            _ => Self::Write { path, source },
        }
    }

    pub(crate) fn encode(path: &Path, source: StateError) -> Self {
        match source {
            StateError::Io(source) => Self::write(path, source),
            other => Self::Encode(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_says_what_to_do() {
        let message = |kind: io::ErrorKind| StoreError::write(Path::new("a/terraform.tfstate"), kind.into()).to_string();
        assert_eq!(
            message(io::ErrorKind::StorageFull),
            "no space left to write a/terraform.tfstate (no storage space). What was stored before is untouched; free some space and run the command again"
        );
        assert_eq!(
            message(io::ErrorKind::ReadOnlyFilesystem),
            "a/terraform.tfstate cannot be written: read-only filesystem or storage medium. What was stored before is untouched; make its folder writable and run the command again"
        );
        let error = StoreError::NoSuchLock { id: "a".into(), held: Some("b".into()) };
        assert_eq!(error.to_string(), "there is no lock with the ID \"a\"; the state is locked with the ID \"b\"");
    }

    #[test]
    fn succession() {
        let mut state = State::new();
        state.serial = 4;
        let header = |serial| Header { lineage: state.lineage.clone(), serial };
        assert!(check_successor(&header(4), &state).is_ok() && check_successor(&header(3), &state).is_ok());
        assert!(matches!(check_successor(&header(5), &state), Err(StoreError::Serial { stored: 5, offered: 4 })));
        let other = Header { lineage: "x".into(), serial: 1 };
        assert!(matches!(check_successor(&other, &state), Err(StoreError::Lineage { .. })));
    }
}
