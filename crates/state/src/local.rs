//! States as files in the folder of the stack.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::lock::LockFile;
use crate::replace::{Replacement, sweep};
use crate::store::{Store, StoreError, Written, check_successor};
use crate::{Header, Lock, LockInfo, State};

/// The workspace that is always there.
pub const DEFAULT_WORKSPACE: &str = "default";

/// `terraform.tfstate` in a folder, and `terraform.tfstate.d/NAME/terraform.tfstate` for other workspaces.
///
/// The version before the first write of a run is kept as `.backup`. The lock keeps other runs of Weir out, and is seen by people; the incumbents lock the state file itself, by a
/// lock that this one cannot see, so a lock file of theirs counts as held until it is broken.
#[derive(Debug)]
pub struct LocalStore {
    /// The file of the default workspace.
    base: PathBuf,
    workspace: String,
    /// Where the other workspaces are, if not beside the file.
    others: Option<PathBuf>,
    backup: Option<PathBuf>,
    backed_up: AtomicBool,
}

impl LocalStore {
    /// The default workspace, kept in the file `path`, with its backup beside it.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let base: PathBuf = path.into();
        let backup = Some(suffixed(&base, ".backup"));
        Self { base, workspace: DEFAULT_WORKSPACE.to_owned(), others: None, backup, backed_up: AtomicBool::new(false) }
    }

    /// The same store with its backup elsewhere, or with none.
    #[must_use]
    pub fn with_backup(mut self, path: Option<PathBuf>) -> Self {
        self.backup = path;
        self
    }

    /// The same store with its other workspaces in a folder, each as `NAME/terraform.tfstate`.
    #[must_use]
    pub fn with_workspaces(mut self, folder: PathBuf) -> Self {
        self.others = Some(folder);
        self
    }

    /// The state file of this workspace.
    pub fn path(&self) -> PathBuf {
        self.path_of(&self.workspace)
    }

    fn path_of(&self, workspace: &str) -> PathBuf {
        if workspace == DEFAULT_WORKSPACE {
            return self.base.clone();
        }
        let name = if self.others.is_some() { "terraform.tfstate".as_ref() } else { self.base.file_name().unwrap_or_default() };
        self.folder().join(workspace).join(name)
    }

    /// Where the other workspaces are.
    fn folder(&self) -> PathBuf {
        self.others.clone().unwrap_or_else(|| suffixed(&self.base, ".d"))
    }

    fn header(&self, path: &Path) -> Result<Option<Header>, StoreError> {
        match File::open(path) {
            Ok(file) => match Header::read(BufReader::new(file)) {
                Ok(header) => Ok(Some(header)),
                Err(crate::StateError::Io(source)) => Err(StoreError::read(path, source)),
                Err(source) => Err(StoreError::Content { location: path.display().to_string(), source }),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            // Whatever is in the way, writing will say it better.
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(None),
            Err(error) => Err(StoreError::read(path, error)),
        }
    }

    fn prepare(&self, path: &Path, state: &State, serial: u64) -> Result<Replacement, StoreError> {
        let mut next = Replacement::of(path).map_err(|error| StoreError::write(path, error))?;
        state.write_as(serial, next.writer()).map_err(|error| StoreError::encode(path, error))?;
        Ok(next)
    }

    fn commit(&self, path: &Path, next: Replacement) -> Result<(), StoreError> {
        self.back_up(path)?;
        next.commit().map_err(|error| StoreError::write(path, error))
    }

    fn back_up(&self, path: &Path) -> Result<(), StoreError> {
        let Some(backup) = self.backup.as_ref().filter(|_| !self.backed_up.load(Ordering::Relaxed)) else { return Ok(()) };
        let mut old = match File::open(path) {
            Ok(old) => old,
            Err(_) => return Ok(()),
        };
        let mut copy = || {
            let mut copy = Replacement::of(backup)?;
            io::copy(&mut old, copy.writer())?;
            copy.commit()
        };
        copy().map_err(|error| StoreError::write(backup, error))?;
        self.backed_up.store(true, Ordering::Relaxed);
        Ok(())
    }
}

impl Store for LocalStore {
    fn location(&self) -> String {
        self.path().display().to_string()
    }

    fn read(&self) -> Result<Option<State>, StoreError> {
        let path = self.path();
        match fs::read(&path) {
            Ok(bytes) => State::parse(&bytes).map(Some).map_err(|source| StoreError::Content { location: self.location(), source }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::read(&path, error)),
        }
    }

    fn write(&self, state: &mut State) -> Result<Written, StoreError> {
        let path = self.path();
        let stored = self.header(&path)?;
        if let Some(stored) = &stored {
            check_successor(stored, state)?;
        }
        let serial = state.serial + 1;
        let mut next = self.prepare(&path, state, serial)?;
        if stored.is_some_and(|stored| stored.serial == state.serial) {
            let same = next.reopen().and_then(|next| same_but_serial(File::open(&path)?, next));
            if same.map_err(|error| StoreError::write(&path, error))? {
                return Ok(Written::Unchanged);
            }
        }
        self.commit(&path, next)?;
        state.serial = serial;
        Ok(Written::Changed)
    }

    fn push(&self, state: &State, force: bool) -> Result<(), StoreError> {
        let path = self.path();
        if !force && let Some(stored) = self.header(&path)? {
            check_successor(&stored, state)?;
        }
        let next = self.prepare(&path, state, state.serial)?;
        self.commit(&path, next)
    }

    fn lock(&self, info: &LockInfo, wait: Duration) -> Result<Lock, StoreError> {
        let path = self.path();
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|error| StoreError::write(folder, error))?;
        }
        let info = LockInfo { path: self.location(), ..info.clone() };
        let lock = LockFile::beside(&path).acquire(&info, wait)?;
        sweep(&path);
        Ok(lock)
    }

    fn force_unlock(&self, id: &str) -> Result<(), StoreError> {
        LockFile::beside(&self.path()).break_lock(id)
    }

    fn workspaces(&self) -> Result<Vec<String>, StoreError> {
        let folder = self.folder();
        let mut names = vec![DEFAULT_WORKSPACE.to_owned()];
        match fs::read_dir(&folder) {
            Ok(entries) => {
                let folders = entries.flatten().filter(|entry| entry.path().is_dir());
                names.extend(folders.map(|entry| entry.file_name().to_string_lossy().into_owned()));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::read(&folder, error)),
        }
        names[1..].sort();
        Ok(names)
    }

    fn workspace(&self, name: &str) -> Result<Box<dyn Store>, StoreError> {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
            return Err(StoreError::WorkspaceName { name: name.to_owned() });
        }
        let path = self.path_of(name);
        let backup = self.backup.is_some().then(|| suffixed(&path, ".backup"));
        Ok(Box::new(Self { base: self.base.clone(), workspace: name.to_owned(), others: self.others.clone(), backup, backed_up: AtomicBool::new(false) }))
    }

    fn delete_workspace(&self, name: &str, force: bool) -> Result<(), StoreError> {
        let in_use = |reason| Err(StoreError::WorkspaceInUse { name: name.to_owned(), reason });
        if name == DEFAULT_WORKSPACE {
            return in_use("it is always there");
        }
        if name == self.workspace {
            return in_use("it is the selected one; select another first");
        }
        let other = self.workspace(name)?;
        if !force && other.read()?.is_some_and(|state| !state.resources.is_empty()) {
            return in_use("its state still has objects; destroy them first, or delete with -force to forget them");
        }
        let folder = self.folder().join(name);
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::write(&folder, error)),
            _ => Ok(()),
        }
    }

    fn journal_path(&self) -> PathBuf {
        suffixed(&self.path(), ".journal")
    }
}

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Whether two state files are the same byte for byte, but for the number after `"serial": `.
fn same_but_serial(mut a: File, mut b: File) -> io::Result<bool> {
    let (a_head, b_head) = (head(&mut a)?, head(&mut b)?);
    let (Some((a_before, a_after)), Some((b_before, b_after))) = (around_serial(&a_head), around_serial(&b_head)) else {
        return Ok(false);
    };
    if a_before != b_before {
        return Ok(false);
    }
    let mut a = BufReader::with_capacity(1 << 16, Cursor::new(a_after).chain(a));
    let mut b = BufReader::with_capacity(1 << 16, Cursor::new(b_after).chain(b));
    loop {
        let (x, y) = (a.fill_buf()?, b.fill_buf()?);
        let length = x.len().min(y.len());
        if length == 0 {
            return Ok(x.len() == y.len());
        }
        if x[..length] != y[..length] {
            return Ok(false);
        }
        a.consume(length);
        b.consume(length);
    }
}

fn head(file: &mut File) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(512);
    file.take(512).read_to_end(&mut head)?;
    Ok(head)
}

fn around_serial(head: &[u8]) -> Option<(&[u8], &[u8])> {
    const MEMBER: &[u8] = b"\n  \"serial\": ";
    let start = head.windows(MEMBER.len()).position(|window| window == MEMBER)? + MEMBER.len();
    let digits = head[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    Some((&head[..start], &head[start + digits..]))
}
