//! Files that are replaced as a whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Ends the names of files that are not whole yet.
pub(crate) const UNFINISHED: &str = ".unfinished";

/// The next content of a file, written beside it (mode 0600) and moved into its place by [`Replacement::commit`]; dropped, it leaves nothing behind.
pub(crate) struct Replacement {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
}

impl Replacement {
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        // A symbolic link stays one: its target is replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = folder_of(&path);
        fs::create_dir_all(folder)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let file = tempfile::Builder::new().prefix(&format!(".{name}.")).suffix(UNFINISHED).tempfile_in(folder)?;
        Ok(Self { path, file: BufWriter::with_capacity(1 << 16, file) })
    }

    pub(crate) fn writer(&mut self) -> &mut impl Write {
        &mut self.file
    }

    /// What was written so far, to be read from its beginning.
    pub(crate) fn reopen(&mut self) -> io::Result<File> {
        self.file.flush()?;
        self.file.get_ref().reopen()
    }

    /// Makes it durable and moves it into its place.
    pub(crate) fn commit(self) -> io::Result<()> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        sync_folder(&self.path)
    }
}

pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Makes what was created, renamed or removed beside `path` durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder_of(path))?.sync_all() } else { Ok(()) }
}

/// Removes what killed processes left unfinished beside `path`. Only for who holds the lock.
pub(crate) fn sweep(path: &Path) {
    let prefix = format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy());
    for entry in fs::read_dir(folder_of(path)).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(&prefix) && name.ends_with(UNFINISHED) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
