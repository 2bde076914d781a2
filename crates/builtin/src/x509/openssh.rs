//! The keys of OpenSSH: the one-line public key, its fingerprints, and the private key file (PROTOCOL.key of OpenSSH), unencrypted.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use md5::Md5;
use sha2::{Digest, Sha256};

use super::{X509Error, pem};

const MAGIC: &[u8] = b"openssh-key-v1\0";

/// A `string` of the SSH protocol.
pub(crate) fn string(content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32).to_be_bytes(), content].concat()
}

/// An `mpint` of a non-negative number.
pub(crate) fn mpint(bytes: &[u8]) -> Vec<u8> {
    let skip = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = &bytes[skip..];
    match bytes.first() {
        Some(first) if first & 0x80 != 0 => string(&[&[0], bytes].concat()),
        _ => string(bytes),
    }
}

/// `ssh-ed25519 AAAA…` with an end of line.
pub(crate) fn public_line(algorithm: &str, wire: &[u8]) -> String {
    format!("{algorithm} {}\n", STANDARD.encode(wire))
}

/// `16:27:ac:…`
pub(crate) fn fingerprint_md5(wire: &[u8]) -> String {
    Md5::digest(wire).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

/// `SHA256:…`
pub(crate) fn fingerprint_sha256(wire: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(wire)))
}

/// The private key file of a key whose public key is `wire` and whose private part (with its algorithm) is `private`; `check` is any number.
pub(crate) fn private_file(wire: &[u8], private: &[u8], check: [u8; 4]) -> String {
    let mut secret = [&check[..], &check, private, &string(b"")].concat();
    for padding in 1..=8 {
        if secret.len() % 8 == 0 {
            break;
        }
        secret.push(padding);
    }
    let none = string(b"none");
    let file = [MAGIC, &none, &none, &string(b""), &1u32.to_be_bytes(), &string(wire), &string(&secret)].concat();
    pem::encode("OPENSSH PRIVATE KEY", &file)
}

/// Reads what the SSH protocol has written.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next `string` (or `mpint`).
    pub(crate) fn string(&mut self) -> Result<&'a [u8], X509Error> {
        let cut = || X509Error::new("the OpenSSH key is cut off");
        let (length, rest) = self.0.split_first_chunk::<4>().ok_or_else(cut)?;
        let (content, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize).ok_or_else(cut)?;
        self.0 = rest;
        Ok(content)
    }

    /// Passes over a number of bytes.
    pub(crate) fn skip(&mut self, count: usize) -> Result<(), X509Error> {
        self.0 = self.0.get(count..).ok_or_else(|| X509Error::new("the OpenSSH key is cut off"))?;
        Ok(())
    }
}

/// The private part (algorithm and numbers) of a key file.
pub(crate) fn private_part(file: &[u8]) -> Result<Vec<u8>, X509Error> {
    let rest = file.strip_prefix(MAGIC).ok_or_else(|| X509Error::new("not an OpenSSH private key"))?;
    let mut reader = Reader(rest);
    if reader.string()? != b"none" {
        return Err(X509Error::new("the OpenSSH key is encrypted"));
    }
    reader.string()?;
    reader.string()?;
    reader.skip(4)?;
    reader.string()?;
    let mut secret = Reader(reader.string()?);
    secret.skip(8)?;
    Ok(secret.0.to_vec())
}
