//! Packages that are archives.

use std::fs;
use std::io::{self, Cursor, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use flate2::read::GzDecoder;
use weir_provider::Fault;

use super::fault;

/// How an archive is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Zip,
    Tar,
    TarGz,
}

/// Endings, and whether we can unpack what has them.
const ENDINGS: [(&str, Option<Kind>); 11] = [
    ("zip", Some(Kind::Zip)),
    ("tar.gz", Some(Kind::TarGz)),
    ("tgz", Some(Kind::TarGz)),
    ("tar", Some(Kind::Tar)),
    ("tar.bz2", None),
    ("tbz2", None),
    ("tar.xz", None),
    ("txz", None),
    ("tar.zst", None),
    ("tzst", None),
    ("7z", None),
];

/// What a name of an archive says, `zip` or `net.zip`; `None` when it is none. One that we cannot unpack is an error.
pub(super) fn kind(name: &str) -> Result<Option<Kind>, Fault> {
    let fits = |ending: &str| name == ending || name.strip_suffix(ending).is_some_and(|rest| rest.ends_with('.'));
    match ENDINGS.iter().find(|(ending, _)| fits(ending)) {
        None => Ok(None),
        Some((_, Some(kind))) => Ok(Some(*kind)),
        Some((ending, None)) => Err(fault(format!("Weir unpacks zip, tar and tar.gz, and not {ending}: offer the module as one of these."))),
    }
}

/// Something in an archive.
enum Entry {
    Folder,
    File(u32),
    Link(PathBuf),
}

/// Unpacks into a new folder. Links are made after everything else, so that nothing is written through one.
pub(super) fn unpack(bytes: &[u8], kind: Kind, into: &Path) -> Result<(), Fault> {
    fs::create_dir_all(into).map_err(|error| fault(format!("{}: {error}.", into.display())))?;
    let mut links = Vec::new();
    let done = match kind {
        Kind::Zip => unzip(bytes, into, &mut links),
        Kind::Tar => untar(bytes, into, &mut links),
        Kind::TarGz => untar(GzDecoder::new(bytes), into, &mut links),
    };
    let linked = done.and_then(|()| links.iter().try_for_each(|(path, target)| symlink(target, path)));
    linked.map_err(|error| fault(format!("The archive cannot be unpacked: {error}. Nothing was installed.")))
}

fn unzip(bytes: &[u8], into: &Path, links: &mut Vec<(PathBuf, PathBuf)>) -> io::Result<()> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(io::Error::other)?;
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).map_err(io::Error::other)?;
        let name = file.name().to_owned();
        let entry = if file.is_dir() {
            Entry::Folder
        } else if file.is_symlink() {
            let mut target = String::new();
            file.read_to_string(&mut target)?;
            Entry::Link(target.into())
        } else {
            Entry::File(file.unix_mode().unwrap_or(0o644))
        };
        place(Path::new(&name), entry, &mut file, into, links)?;
    }
    Ok(())
}

fn untar(from: impl Read, into: &Path, links: &mut Vec<(PathBuf, PathBuf)>) -> io::Result<()> {
    for entry in tar::Archive::new(from).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let kind = entry.header().entry_type();
        let what = if kind.is_dir() {
            Entry::Folder
        } else if kind.is_symlink() {
            Entry::Link(entry.link_name()?.ok_or_else(|| io::Error::other("a link has no target"))?.into_owned())
        } else if kind.is_file() {
            Entry::File(entry.header().mode().unwrap_or(0o644))
        } else if kind.is_hard_link() {
            return Err(io::Error::other(format!("{} is a hard link", path.display())));
        } else {
            // Such as the comment that git puts first.
            continue;
        };
        place(&path, what, &mut entry, into, links)?;
    }
    Ok(())
}

fn place(name: &Path, entry: Entry, content: &mut impl Read, into: &Path, links: &mut Vec<(PathBuf, PathBuf)>) -> io::Result<()> {
    let mut path = into.to_owned();
    for part in name.components() {
        match part {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            _ => return Err(io::Error::other(format!("\"{}\" leads out of it", name.display()))),
        }
    }
    if path == into {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    match entry {
        Entry::Folder => fs::create_dir_all(&path),
        Entry::Link(target) => {
            links.push((path, target));
            Ok(())
        }
        Entry::File(mode) => {
            let mut file = fs::File::create(&path)?;
            io::copy(content, &mut file)?;
            // Only whether it can be run matters.
            fs::set_permissions(&path, fs::Permissions::from_mode(if mode & 0o111 == 0 { 0o644 } else { 0o755 }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::write::SimpleFileOptions;

    fn zipped(files: &[(&str, &str)]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in files {
            match name.strip_prefix("-> ") {
                Some(name) => zip.add_symlink(name, *text, SimpleFileOptions::default()).unwrap(),
                None => {
                    zip.start_file(*name, SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
                    zip.write_all(text.as_bytes()).unwrap();
                }
            }
        }
        zip.finish().unwrap().into_inner()
    }

    /// The path is written as it is, which the library would refuse.
    fn tarred(files: &[(&str, &str)]) -> Vec<u8> {
        let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
        for (name, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            tar.append(&header, text.as_bytes()).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn archives_are_unpacked() {
        let folder = tempfile::tempdir().unwrap();
        for (kind, bytes) in [(Kind::Zip, zipped(&[("a/b.tf", "one"), ("-> a/l", "b.tf")])), (Kind::TarGz, tarred(&[("a/b.tf", "one")]))] {
            let into = folder.path().join(format!("{kind:?}"));
            unpack(&bytes, kind, &into).unwrap();
            assert_eq!(fs::read_to_string(into.join("a/b.tf")).unwrap(), "one");
        }
        assert_eq!(fs::read_to_string(folder.path().join("Zip/a/l")).unwrap(), "one");
        assert_eq!(fs::metadata(folder.path().join("Zip/a/b.tf")).unwrap().permissions().mode() & 0o111, 0o111);
    }

    #[test]
    fn nothing_is_written_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let check = |kind: Kind, bytes: Vec<u8>| {
            let fault = unpack(&bytes, kind, &folder.path().join("in/to")).unwrap_err();
            assert!(fault.detail.contains("Nothing was installed"), "{fault}");
            fs::remove_dir_all(folder.path().join("in")).unwrap();
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        };
        check(Kind::Zip, zipped(&[("../x", "evil")]));
        check(Kind::Zip, zipped(&[("/x", "evil")]));
        check(Kind::TarGz, tarred(&[("../../x", "evil")]));
        // Through a link to a folder outside.
        check(Kind::Zip, zipped(&[("-> out", "../.."), ("out/x", "evil")]));
        check(Kind::Zip, b"no archive".to_vec());
        check(Kind::TarGz, b"no archive".to_vec());
    }

    #[test]
    fn endings_say_how_it_is_packed() {
        for (name, wanted) in [("net.zip", Some(Kind::Zip)), ("v1.2.tar.gz", Some(Kind::TarGz)), ("tgz", Some(Kind::TarGz)), ("net", None), ("mytar", None)] {
            assert_eq!(kind(name).unwrap(), wanted, "{name}");
        }
        assert!(kind("net.tar.xz").unwrap_err().detail.contains("not tar.xz"));
    }
}
