//! The hashes of the lock file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// `h1:` of a folder: the hash over the sorted list of its files, each with its own hash.
pub fn hash_folder(folder: &Path) -> io::Result<String> {
    let mut files = Vec::new();
    list(folder, "", &mut files)?;
    let mut lines = Vec::new();
    for name in files {
        let hash = digest(File::open(folder.join(&name))?)?;
        lines.push((name, hash));
    }
    Ok(h1(lines))
}

/// The hashes of a zip file: `h1:` of what is in it, `zh:` of itself.
pub fn hash_zip(path: &Path) -> io::Result<Vec<String>> {
    let mut archive = zip::ZipArchive::new(File::open(path)?).map_err(io::Error::other)?;
    let mut lines = Vec::new();
    for at in 0..archive.len() {
        let file = archive.by_index(at).map_err(io::Error::other)?;
        if file.is_file() {
            let name = file.name().to_owned();
            lines.push((name, digest(file)?));
        }
    }
    Ok(vec![h1(lines), format!("zh:{}", digest(File::open(path)?)?)])
}

fn h1(mut lines: Vec<(String, String)>) -> String {
    lines.sort();
    let list: String = lines.iter().map(|(name, hash)| format!("{hash}  {name}\n")).collect();
    format!("h1:{}", STANDARD.encode(Sha256::digest(list)))
}

fn digest(mut from: impl Read) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match from.read(&mut buffer)? {
            0 => break,
            read => hash.update(&buffer[..read]),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

pub(super) fn list(folder: &Path, prefix: &str, found: &mut Vec<String>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|_| io::Error::other("a file name is not UTF-8"))?;
        if entry.path().is_dir() {
            list(&entry.path(), &format!("{prefix}{name}/"), found)?;
        } else {
            found.push(format!("{prefix}{name}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_the_hash_that_go_gives_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("b")).unwrap();
        std::fs::write(folder.path().join("a.txt"), "one\n").unwrap();
        std::fs::write(folder.path().join("b/c.txt"), "two\n").unwrap();
        // (cd FOLDER; sha256sum a.txt b/c.txt | sha256sum | xxd -r -p | base64)
        assert_eq!(hash_folder(folder.path()).unwrap(), "h1:tHPu/P53020Va8wcRU9GXhYyoxMWnAVWHqubTRHE5oc=");
    }
}
