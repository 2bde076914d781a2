//! Finding private keys where none should be.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Texts that only a private key has.
const MARKERS: [&str; 2] = ["PRIVATE KEY-----", "AGE-SECRET-KEY-1"];

/// True when a text holds a private key: in PEM (encrypted or not), as an age identity, or either of them in Base64.
pub fn contains_private_key(text: &str) -> bool {
    shows(text) || encoded(text).iter().any(|decoded| shows(decoded))
}

fn shows(text: &str) -> bool {
    MARKERS.iter().any(|marker| text.contains(marker))
}

/// The texts that long runs of Base64 in the text hold, however they are broken into lines.
fn encoded(text: &str) -> Vec<String> {
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
                        found.push(String::from_utf8_lossy(&bytes).into_owned());
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
    use crate::x509::key::PrivateKey;

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
    }

    #[test]
    fn public_things_are_not() {
        let key = PrivateKey::ed25519();
        assert!(!contains_private_key(&key.public_key_pem()));
        assert!(!contains_private_key("the private key is elsewhere; -----BEGIN CERTIFICATE-----"));
    }
}
