//! What plugins have said of themselves, kept in files between runs. A file that is damaged is as good as none.

use std::io::{self, Write};
use std::path::Path;

use prost::Message;
use prost::bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::offer::Told;

/// The format, and its version.
const HEAD: &[u8] = b"weir schemas 1\n";
/// Bytes of a checksum.
const SUM: usize = 32;

/// What a file holds; `None` when there is none, or none that is whole.
pub(crate) fn read(file: &Path) -> Option<Told> {
    let bytes = Bytes::from(std::fs::read(file).ok()?);
    let content = bytes.slice(bytes.len().min(HEAD.len() + SUM)..);
    let sum = bytes.strip_prefix(HEAD)?.get(..SUM)?;
    (Sha256::digest(&content)[..] == *sum).then(|| Told::decode(content).ok()).flatten()
}

/// Keeps it. Where that fails, the next run asks again.
pub(crate) fn write(file: &Path, told: &Told) {
    if let Err(error) = try_write(file, told) {
        tracing::debug!("schemas are not kept in {}: {error}", file.display());
    }
}

fn try_write(file: &Path, told: &Told) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let content = told.encode_to_vec();
    let mut aside = tempfile::NamedTempFile::new_in(folder)?;
    aside.write_all(HEAD)?;
    aside.write_all(&Sha256::digest(&content))?;
    aside.write_all(&content)?;
    aside.persist(file)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::tfplugin6::get_provider_schema::Response;

    #[test]
    fn only_what_is_whole_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/er/schemas");
        assert_eq!(read(&file), None);
        let answer = Response { resource_schemas: [("a".to_owned(), Bytes::from_static(b"b"))].into(), ..Response::default() };
        let told = Told { answer, identities: Default::default() };
        write(&file, &told);
        assert_eq!(read(&file), Some(told));
        let whole = std::fs::read(&file).unwrap();
        for damage in [&whole[..whole.len() - 1], &whole[..HEAD.len()], b"", &[&whole[..], b"x"].concat(), &[b"x", &whole[1..]].concat()] {
            std::fs::write(&file, damage).unwrap();
            assert_eq!(read(&file), None);
        }
    }
}
