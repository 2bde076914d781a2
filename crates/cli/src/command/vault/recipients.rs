//! Who gets the recovery keys, and in what form.

use std::io::Write;
use std::path::{Path, PathBuf};

use age::armor::{ArmoredWriter, Format};
use age::x25519::Recipient;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use weir_vault::Secret;

use crate::exit::Failure;
use crate::file;

/// The holders, in order; each gets one key.
pub(super) enum Holders {
    /// age recipients: keys are encrypted here, as they arrive.
    Age(Vec<Recipient>),
    /// PGP public keys, base64: the server encrypts, and no key is ever here in the clear.
    Pgp(Vec<String>),
}

impl Holders {
    /// Reads recipients (`age1…`) or files with PGP public keys, armoured or not.
    pub(super) fn new(recipients: &[String], pgp_keys: &[PathBuf]) -> Result<Self, Failure> {
        if !pgp_keys.is_empty() {
            return pgp_keys.iter().map(|path| pgp_key(path)).collect::<Result<_, _>>().map(Self::Pgp);
        }
        let parse = |text: &String| {
            let wrong = |error| Failure::error("Invalid age recipient", format!("\"{text}\": {error}. It looks like age1…; age-keygen makes one."));
            text.trim().parse().map_err(wrong)
        };
        recipients.iter().map(parse).collect::<Result<_, _>>().map(Self::Age)
    }

    /// How many they are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Age(recipients) => recipients.len(),
            Self::Pgp(keys) => keys.len(),
        }
    }

    /// The file of the holder number `at` (from 0).
    pub(super) fn file(&self, folder: &Path, at: usize) -> PathBuf {
        let ending = if matches!(self, Self::Age(_)) { "age" } else { "pgp" };
        folder.join(format!("holder-{}.{ending}", at + 1))
    }

    /// What is written for the holder number `at` (from 0): the share as only the holder can read it.
    pub(super) fn seal(&self, at: usize, share: &Secret) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Age(recipients) => encrypt(&recipients[at..=at], share),
            Self::Pgp(_) => hex::decode(share.expose()).map_err(|_| Failure::error("Unexpected answer from Vault", "A recovery key is not hexadecimal.")),
        }
    }
}

/// An armoured age file that each of the recipients can open.
pub(super) fn encrypt(recipients: &[Recipient], secret: &Secret) -> Result<Vec<u8>, Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::error("Cannot encrypt for a holder", format!("{error}."));
    let encryptor = age::Encryptor::with_recipients(recipients.iter().map(|recipient| recipient as _)).map_err(|error| wrong(&error))?;
    let mut out = Vec::new();
    let armor = ArmoredWriter::wrap_output(&mut out, Format::AsciiArmor).map_err(|error| wrong(&error))?;
    let mut writer = encryptor.wrap_output(armor).map_err(|error| wrong(&error))?;
    writer.write_all(secret.expose().as_bytes()).map_err(|error| wrong(&error))?;
    writer.finish().and_then(ArmoredWriter::finish).map_err(|error| wrong(&error))?;
    Ok(out)
}

/// A public key as the server wants it: base64 without armour.
fn pgp_key(path: &Path) -> Result<String, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::error("Cannot read a file", format!("{}: {error}.", path.display())))?;
    let text = String::from_utf8_lossy(&bytes);
    let wrong = |what: &str| Failure::error("Invalid PGP key", format!("{}: {what}. Export it with gpg --export.", path.display()));
    if text.contains("PRIVATE KEY BLOCK") {
        return Err(wrong("it is a private key"));
    }
    if !text.contains("-----BEGIN PGP PUBLIC KEY BLOCK-----") {
        // Packets have the highest bit set; other text is no key.
        return if bytes.first().is_some_and(|byte| byte & 0x80 != 0) { Ok(STANDARD.encode(bytes)) } else { Err(wrong("it is no public key")) };
    }
    let body = text.lines().skip_while(|line| !line.starts_with("-----BEGIN")).skip(1);
    // After the header lines comes an empty one; a line that begins with = is the checksum.
    let body = body.skip_while(|line| line.contains(": ")).take_while(|line| !line.starts_with("-----END"));
    let joined: String = body.map(str::trim).filter(|line| !line.starts_with('=')).collect();
    STANDARD.decode(&joined).map(|_| joined).map_err(|_| wrong("its armour is damaged"))
}

/// Makes sure that the files can be written before there is anything to lose.
pub(super) fn prepare(folder: &Path, files: &[PathBuf]) -> Result<(), Failure> {
    if let Some(there) = files.iter().find(|file| file.exists()) {
        let detail = format!("{} may hold keys of another server and is not overwritten. Name another place.", there.display());
        return Err(Failure::error("The file exists already", detail));
    }
    file::make_private_folder(folder)?;
    let probe = folder.join(".weir-probe");
    file::write_new(&probe, vec![0; 64 * 1024], file::SECRET)?;
    std::fs::remove_file(&probe).map_err(|error| Failure::error("Cannot remove a file", format!("{}: {error}.", probe.display())))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn only_the_holder_can_read() {
        let identities: Vec<_> = (0..2).map(|_| age::x25519::Identity::generate()).collect();
        let recipients: Vec<String> = identities.iter().map(|identity| identity.to_public().to_string()).collect();
        let holders = Holders::new(&recipients, &[]).unwrap_or_else(|_| panic!("recipients"));
        assert_eq!((holders.len(), holders.file(Path::new("d"), 1)), (2, "d/holder-2.age".into()));
        let sealed = holders.seal(1, &Secret::new("share")).unwrap();
        let open = |identity: &age::x25519::Identity| {
            let decryptor = age::Decryptor::new(age::armor::ArmoredReader::new(sealed.as_slice())).unwrap();
            let mut text = String::new();
            decryptor.decrypt(std::iter::once(identity as _)).ok()?.read_to_string(&mut text).ok()?;
            Some(text)
        };
        assert_eq!(open(&identities[1]).as_deref(), Some("share"));
        assert_eq!(open(&identities[0]), None);
        assert!(Holders::new(&["age1nonsense".into()], &[]).is_err());
    }

    #[test]
    fn pgp_keys_lose_their_armour() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.asc");
        let check = |text: &str| {
            std::fs::write(&path, text).unwrap();
            pgp_key(&path).map_err(|failure| failure.diagnostics.iter().next().unwrap().summary.clone())
        };
        let armoured = "-----BEGIN PGP PUBLIC KEY BLOCK-----\nComment: x\n\nmQENBFNl\nAQAB\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n";
        assert_eq!(check(armoured).as_deref(), Ok("mQENBFNlAQAB"));
        assert!(check(&armoured.replace("PUBLIC", "PRIVATE")).is_err() && check("hello").is_err() && check("").is_err());
    }
}
