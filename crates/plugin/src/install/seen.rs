//! Hashes that were taken before. A provider has hundreds of megabytes; who has hashed them once need not do it again while the file system says that nothing was written to them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::hash::list;

/// What was written so shortly before may be written again without another time on it.
const UNSETTLED: i64 = 2;

#[derive(Default, Serialize, Deserialize)]
struct Entry {
    stamp: String,
    hashes: Vec<String>,
}

/// The hashes of a file or folder: those of `memory` if nothing has changed since, else what `take` gives.
pub(super) fn hashes(path: &Path, memory: Option<&Path>, take: impl FnOnce() -> io::Result<Vec<String>>) -> io::Result<Vec<String>> {
    let Some(memory) = memory else { return take() };
    let (stamp, settled) = stamp(path)?;
    let key = path.canonicalize()?.display().to_string();
    let mut known: BTreeMap<String, Entry> = fs::read(memory).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    if let Some(entry) = known.get(&key).filter(|entry| entry.stamp == stamp) {
        return Ok(entry.hashes.clone());
    }
    let hashes = take()?;
    if settled {
        known.insert(key, Entry { stamp, hashes: hashes.clone() });
        if let Err(error) = write(memory, &known) {
            tracing::debug!("hashes are not kept in {}: {error}", memory.display());
        }
    }
    Ok(hashes)
}

/// What the file system says of every file in it. Nobody who writes to a file can keep its change time. Also: whether all this is long enough ago to be told from what happens now.
fn stamp(path: &Path) -> io::Result<(String, bool)> {
    let mut names = vec![String::new()];
    if path.is_dir() {
        names.clear();
        list(path, "", &mut names)?;
        names.sort();
    }
    let (mut text, mut newest) = (String::new(), 0);
    for name in names {
        let file = if name.is_empty() { fs::metadata(path)? } else { fs::metadata(path.join(&name))? };
        newest = newest.max(file.ctime());
        let (written, changed) = ((file.mtime(), file.mtime_nsec()), (file.ctime(), file.ctime_nsec()));
        text.push_str(&format!("{name:?} {} {} {} {} {written:?} {changed:?}\n", file.dev(), file.ino(), file.size(), file.mode()));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(0));
    let sum = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((sum, newest + UNSETTLED < now))
}

fn write(memory: &Path, known: &BTreeMap<String, Entry>) -> io::Result<()> {
    let folder = memory.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut aside = tempfile::NamedTempFile::new_in(folder)?;
    aside.write_all(&serde_json::to_vec(known)?)?;
    aside.persist(memory)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_to_is_hashed_again() {
        let root = tempfile::tempdir().unwrap();
        let (folder, memory) = (root.path().join("provider"), root.path().join("kept/hashes.json"));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("program"), "one").unwrap();
        let taken = std::cell::Cell::new(0);
        let ask = || {
            hashes(&folder, Some(&memory), || {
                taken.set(taken.get() + 1);
                Ok(vec![format!("h1:{}", taken.get())])
            })
            .unwrap()
        };
        // Just written: it may be written again within the same tick.
        assert_eq!((ask(), ask(), memory.exists()), (vec!["h1:1".to_owned()], vec!["h1:2".to_owned()], false));
        std::thread::sleep(std::time::Duration::from_millis(3100));
        assert_eq!((ask(), ask()), (vec!["h1:3".to_owned()], vec!["h1:3".to_owned()]));
        // Content, size and the time of writing are as before; the change time cannot be.
        let before = fs::metadata(folder.join("program")).unwrap();
        fs::write(folder.join("program"), "two").unwrap();
        fs::File::options().write(true).open(folder.join("program")).unwrap().set_modified(before.modified().unwrap()).unwrap();
        assert_eq!(ask(), ["h1:4"]);
        fs::write(&memory, "no json").unwrap();
        assert_eq!(ask(), ["h1:5"]);
    }
}
