//! Files that a command leaves behind.

use std::fs::{DirBuilder, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use weir_diag::Diagnostic;

/// The mode of a file that only its owner may read.
pub(crate) const SECRET: u32 = 0o600;
/// The mode of a file that everybody may read.
pub(crate) const PUBLIC: u32 = 0o644;

/// Reads a text.
pub(crate) fn read(path: &Path) -> Result<String, Diagnostic> {
    std::fs::read_to_string(path).map_err(|error| Diagnostic::error("Cannot read a file", format!("{}: {error}.", path.display())))
}

/// Writes a new file as a whole or not at all. One that is there already stays as it is, and is an error.
pub(crate) fn write_new(path: &Path, content: impl AsRef<[u8]>, mode: u32) -> Result<(), Diagnostic> {
    let wrong = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => Diagnostic::error("The file exists already", format!("{} is not overwritten. Name another place, or move it away.", path.display())),
        _ => Diagnostic::error("Cannot write a file", format!("{}: {error}. Nothing of it was written.", path.display())),
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().permissions(Permissions::from_mode(mode)).tempfile_in(folder).map_err(wrong)?;
    file.write_all(content.as_ref()).and_then(|()| file.as_file().sync_all()).map_err(wrong)?;
    file.persist_noclobber(path).map_err(|error| wrong(error.error))?;
    Ok(())
}

/// Writes a file as a whole or not at all, over what was there; its folder is made if need be.
pub(crate) fn replace(path: &Path, content: impl AsRef<[u8]>) -> Result<(), Diagnostic> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || {
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new().permissions(Permissions::from_mode(PUBLIC)).tempfile_in(folder)?;
        file.write_all(content.as_ref())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)
    };
    write().map(drop).map_err(|error: std::io::Error| Diagnostic::error("Cannot write a file", format!("{}: {error}. It is as it was before.", path.display())))
}

/// Gives a file that is there a new content, as a whole or not at all. Its permissions stay, and a link to it stays a link.
pub(crate) fn rewrite(path: &Path, content: impl AsRef<[u8]>) -> Result<(), Diagnostic> {
    let write = || {
        let path = path.canonicalize()?;
        let permissions = path.metadata()?.permissions();
        let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new("/")))?;
        file.write_all(content.as_ref())?;
        file.as_file().set_permissions(permissions)?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|error| error.error)
    };
    write().map(drop).map_err(|error: std::io::Error| Diagnostic::error("Cannot write a file", format!("{}: {error}. It is as it was before.", path.display())))
}

/// Makes a folder, and those above it, that only their owner may enter; one that is there stays as it is.
pub(crate) fn make_private_folder(path: &Path) -> Result<(), Diagnostic> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| Diagnostic::error("Cannot make a folder", format!("{}: {error}.", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rewritten_in_place() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        write_new(&file, "one", 0o640).unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        rewrite(&link, "two").unwrap();
        assert_eq!(read(&file).unwrap(), "two");
        assert!(link.is_symlink());
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no leftovers");
        assert_eq!(rewrite(&folder.path().join("none"), "").unwrap_err().summary, "Cannot write a file");
    }

    #[test]
    fn new_files_only() {
        let folder = tempfile::tempdir().unwrap();
        let private = folder.path().join("a/b");
        make_private_folder(&private).unwrap();
        let file = private.join("key");
        write_new(&file, "one", SECRET).unwrap();
        assert_eq!(write_new(&file, "two", SECRET).unwrap_err().summary, "The file exists already");
        assert_eq!(read(&file).unwrap(), "one");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(&private).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(std::fs::read_dir(&private).unwrap().count(), 1, "no leftovers");
        assert_eq!(write_new(&folder.path().join("none/x"), "", PUBLIC).unwrap_err().summary, "Cannot write a file");
    }
}
