//! Locks: who works on a state, since when and why.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::StoreError;

/// What a lock tells others, in the members of the incumbents' lock files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LockInfo {
    /// Random; what `force-unlock` wants.
    #[serde(rename = "ID")]
    pub id: String,
    /// The command: `apply`.
    pub operation: String,
    /// Why, in the words of whoever took it.
    pub info: String,
    /// `user@host`
    pub who: String,
    /// The program: `weir 0.1.0`. The incumbents put their bare version.
    pub version: String,
    /// RFC 3339, UTC.
    pub created: String,
    /// What is locked.
    pub path: String,
}

const PROGRAM: &str = concat!("weir ", env!("CARGO_PKG_VERSION"));

impl LockInfo {
    /// A lock taken now by `who` (`user@host`) for `operation`.
    pub fn new(operation: impl Into<String>, who: impl Into<String>, info: impl Into<String>) -> Self {
        Self {
            id: uuid::Uuid::new_v4().to_string(),
            operation: operation.into(),
            info: info.into(),
            who: who.into(),
            version: PROGRAM.to_owned(),
            created: jiff::Timestamp::now().to_string(),
            path: String::new(),
        }
    }

    fn is_ours(&self) -> bool {
        self.version.starts_with("weir ")
    }
}

/// The lines that a person reads.
impl fmt::Display for LockInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  ID:        {}", self.id)?;
        writeln!(f, "  Path:      {}", self.path)?;
        writeln!(f, "  Operation: {}", self.operation)?;
        writeln!(f, "  Who:       {}", self.who)?;
        writeln!(f, "  Version:   {}", self.version)?;
        write!(f, "  Created:   {}", self.created)?;
        if self.info.is_empty() { Ok(()) } else { write!(f, "\n  Info:      {}", self.info) }
    }
}

/// A lock that is held; released when dropped.
#[must_use = "the lock is released when it is dropped"]
pub struct Lock {
    info: LockInfo,
    release: Option<Box<dyn FnOnce() -> Result<(), StoreError> + Send>>,
}

impl Lock {
    /// A lock that `release` ends.
    pub fn new(info: LockInfo, release: impl FnOnce() -> Result<(), StoreError> + Send + 'static) -> Self {
        Self { info, release: Some(Box::new(release)) }
    }

    /// What it tells others.
    pub fn info(&self) -> &LockInfo {
        &self.info
    }

    /// Ends it, and says if that failed.
    pub fn release(mut self) -> Result<(), StoreError> {
        self.release.take().map_or(Ok(()), |release| release())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(release) = self.release.take() {
            let _ = release();
        }
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock").field("info", &self.info).finish_non_exhaustive()
    }
}

/// The lock file of a state file: `.NAME.lock.info` beside it.
///
/// The file holds the [`LockInfo`], and an operating system lock on it says whether its writer still lives: what a killed process left behind does not stop the next one.
/// Files of the incumbents, whose locks cannot be seen this way, count as held.
pub(crate) struct LockFile {
    path: PathBuf,
}

impl LockFile {
    pub(crate) fn beside(state: &Path) -> Self {
        let name = state.file_name().unwrap_or_default().to_string_lossy();
        Self { path: state.with_file_name(format!(".{name}.lock.info")) }
    }

    pub(crate) fn acquire(&self, info: &LockInfo, wait: Duration) -> Result<Lock, StoreError> {
        let deadline = Instant::now() + wait;
        let mut pause = Duration::from_millis(20);
        loop {
            let held = match self.attempt(info).map_err(|error| StoreError::write(&self.path, error))? {
                Ok(lock) => return Ok(lock),
                Err(held) => held,
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(StoreError::Locked { info: Box::new(held) });
            }
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    /// The lock, or who has it.
    fn attempt(&self, info: &LockInfo) -> io::Result<Result<Lock, LockInfo>> {
        loop {
            let mut file = self.open()?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(Err(self.holder().unwrap_or_else(unknown_holder))),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            // Between open and lock, the holder may have removed the file: then the lock is on nothing.
            if !is_still_at(&file, &self.path) {
                continue;
            }
            let mut text = String::new();
            let _ = file.read_to_string(&mut text);
            if let Ok(left) = serde_json::from_str::<LockInfo>(&text)
                && !left.is_ours()
            {
                return Ok(Err(left));
            }
            file.set_len(0)?;
            file.rewind()?;
            let written = serde_json::to_vec(info).map_err(io::Error::from).and_then(|json| file.write_all(&json));
            if let Err(error) = written {
                let _ = fs::remove_file(&self.path);
                return Err(error);
            }
            let path = self.path.clone();
            return Ok(Ok(Lock::new(info.clone(), move || release(&file, &path))));
        }
    }

    fn open(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&self.path)
    }

    fn holder(&self) -> Option<LockInfo> {
        serde_json::from_str(&fs::read_to_string(&self.path).ok()?).ok()
    }

    pub(crate) fn break_lock(&self, id: &str) -> Result<(), StoreError> {
        let held = self.holder().map(|info| info.id);
        if held.as_deref() != Some(id) {
            return Err(StoreError::NoSuchLock { id: id.to_owned(), held });
        }
        fs::remove_file(&self.path).map_err(|error| StoreError::write(&self.path, error))
    }
}

/// The holder has the file open but its text is not there yet.
fn unknown_holder() -> LockInfo {
    LockInfo { id: "(unknown)".to_owned(), version: PROGRAM.to_owned(), ..LockInfo::default() }
}

/// Removes the file, unless the lock was broken and the file is somebody else's by now.
fn release(file: &File, path: &Path) -> Result<(), StoreError> {
    if is_still_at(file, path) {
        fs::remove_file(path).map_err(|error| StoreError::write(path, error))?;
    }
    file.unlock().map_err(|error| StoreError::write(path, error))
}

#[cfg(unix)]
fn is_still_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(there)) => (open.dev(), open.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// Elsewhere an open file cannot be removed.
#[cfg(not(unix))]
fn is_still_at(_: &File, path: &Path) -> bool {
    path.exists()
}
