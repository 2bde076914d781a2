//! Finding private keys where none should be.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Texts that only a private key has.
const MARKERS: [&str; 3] = ["PRIVATE KEY-----", "AGE-SECRET-KEY-1", "-----BEGIN AGE ENCRYPTED FILE-----"];

/// True when a text holds a private key: in PEM (encrypted or not), as an age identity, or in Base64 (either of them, or DER). A file that age has encrypted counts as one, as that is how `weir pki root`
/// keeps its key, and what else may be in it cannot be seen.
pub fn contains_private_key(text: &str) -> bool {
    shows(text) || encoded(text).iter().any(|decoded| shows(&String::from_utf8_lossy(decoded)) || starts_a_key(decoded))
}

/// True when somewhere in the bytes the start of a private key in DER stands: PKCS #8 (version 0 and an algorithm), SEC 1 (version 1 and a number as long as a curve's), PKCS #1 (version 0 and a
/// long number). In certificates and requests other things follow the version.
fn starts_a_key(bytes: &[u8]) -> bool {
    bytes.windows(6).any(|window| matches!(*window, [2, 1, 0, 0x30, _, 6] | [2, 1, 1, 4, 28 | 32 | 48 | 66, _] | [2, 1, 0, 2, 0x81 | 0x82, _]))
}

fn shows(text: &str) -> bool {
    MARKERS.iter().any(|marker| text.contains(marker))
}

/// What long runs of Base64 in the text hold, however they are broken into lines.
fn encoded(text: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut run = String::new();
    for letter in text.chars().chain(['\0']) {
        match letter {
            letter if letter.is_ascii_alphanumeric() || matches!(letter, '+' | '/') => run.push(letter),
            '-' => run.push('+'),
            '_' => run.push('/'),
            '\r' | '\n' => {}
            _ => {
                // Where the run starts is not sure when a word stands before it: every alignment is tried.
                for skip in 0..4.min(run.len()) {
                    let part = &run[skip..];
                    let whole = &part[..part.len() / 4 * 4];
                    if whole.len() >= 40
                        && let Ok(bytes) = STANDARD.decode(whole)
                    {
                        found.push(bytes);
                    }
                }
                run.clear();
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::key::{Curve, PrivateKey};

    #[test]
    fn keys_are_found() {
        let key = PrivateKey::ed25519().to_pem().unwrap();
        assert!(contains_private_key(&key));
        assert!(contains_private_key(&key.replace("PRIVATE", "ENCRYPTED PRIVATE")));
        let base64 = STANDARD.encode(&key);
        assert!(contains_private_key(&format!("{{\"key\": \"{base64}\"}}")));
        let lines: Vec<String> = base64.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        assert!(contains_private_key(&lines.join("\n")));
        assert!(contains_private_key("AGE-SECRET-KEY-1QQQ"));
        assert!(contains_private_key("-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n"));
        for key in [PrivateKey::ed25519(), PrivateKey::rsa(2048).unwrap(), PrivateKey::ec(Curve::P384).unwrap(), PrivateKey::ec(Curve::P521).unwrap()] {
            for form in [key.to_pem().unwrap(), key.to_pkcs8_pem().unwrap()] {
                let bare: String = form.lines().filter(|line| !line.starts_with('-')).collect();
                assert!(contains_private_key(&format!("key={bare}")), "{}", key.algorithm());
            }
        }
    }

    #[test]
    fn public_things_are_not() {
        for key in [PrivateKey::ed25519(), PrivateKey::rsa(2048).unwrap(), PrivateKey::ec(Curve::P384).unwrap()] {
            assert!(!contains_private_key(&key.public_key_pem()));
            let request = crate::x509::request::make(&key, &crate::pki::Subject::new("a", None), &crate::pki::AltNames::default(), true).unwrap();
            assert!(!contains_private_key(&request), "{}", key.algorithm());
        }
        let (_, root) = crate::pki::make_root(&crate::pki::Subject::new("Root", None), 1, None).unwrap();
        assert!(!contains_private_key(&format!("{root}{root}")));
        assert!(!contains_private_key("the private key is elsewhere; -----BEGIN CERTIFICATE-----"));
    }
}
