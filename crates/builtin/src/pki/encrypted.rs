//! Private keys at rest: in an age file, for a passphrase or for recipients.

use std::io::{Read, Write};

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::secrecy::SecretString;
use age::{Decryptor, Encryptor, scrypt, x25519};

use crate::x509::X509Error;

/// Who can read a key.
pub enum Protection {
    /// Who knows the passphrase.
    Passphrase(String),
    /// The holders of these age identities: on encryption recipients (`age1…`), on decryption identities (`AGE-SECRET-KEY-1…`).
    Age(Vec<String>),
}

fn failed(what: &str, error: &dyn std::fmt::Display) -> X509Error {
    X509Error::new(format!("cannot {what} the key: {error}"))
}

/// The key as an armoured age file.
pub fn encrypt_key(key: &str, protection: &Protection) -> Result<String, X509Error> {
    let failed = |error: &dyn std::fmt::Display| failed("encrypt", error);
    let encryptor = match protection {
        Protection::Passphrase(passphrase) => {
            let recipient = scrypt::Recipient::new(SecretString::from(passphrase.clone()));
            Encryptor::with_recipients(std::iter::once(&recipient as _))
        }
        Protection::Age(recipients) => {
            let recipients: Result<Vec<x25519::Recipient>, _> = recipients.iter().map(|text| text.trim().parse()).collect();
            let recipients = recipients.map_err(|error| failed(&error))?;
            Encryptor::with_recipients(recipients.iter().map(|recipient| recipient as _))
        }
    };
    let mut file = Vec::new();
    let armor = ArmoredWriter::wrap_output(&mut file, Format::AsciiArmor).map_err(|error| failed(&error))?;
    let mut writer = encryptor.map_err(|error| failed(&error))?.wrap_output(armor).map_err(|error| failed(&error))?;
    writer.write_all(key.as_bytes()).map_err(|error| failed(&error))?;
    writer.finish().and_then(ArmoredWriter::finish).map_err(|error| failed(&error))?;
    String::from_utf8(file).map_err(|error| failed(&error))
}

/// The key in an age file.
pub fn decrypt_key(file: &str, protection: &Protection) -> Result<String, X509Error> {
    let failed = |error: &dyn std::fmt::Display| failed("decrypt", error);
    let decryptor = Decryptor::new(ArmoredReader::new(file.as_bytes())).map_err(|error| failed(&error))?;
    let mut reader = match protection {
        Protection::Passphrase(passphrase) => {
            let identity = scrypt::Identity::new(SecretString::from(passphrase.clone()));
            decryptor.decrypt(std::iter::once(&identity as _))
        }
        Protection::Age(identities) => {
            let identities: Result<Vec<x25519::Identity>, _> = identities.iter().map(|text| text.trim().parse()).collect();
            let identities = identities.map_err(|error| failed(&error))?;
            decryptor.decrypt(identities.iter().map(|identity| identity as _))
        }
    }
    .map_err(|error| failed(&error))?;
    let mut key = String::new();
    reader.read_to_string(&mut key).map_err(|error| failed(&error))?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use age::secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn recipients() {
        let identity = x25519::Identity::generate();
        let file = encrypt_key("secret", &Protection::Age(vec![identity.to_public().to_string()])).unwrap();
        assert!(file.starts_with("-----BEGIN AGE ENCRYPTED FILE-----") && !file.contains("secret"));
        let own = Protection::Age(vec![identity.to_string().expose_secret().to_owned()]);
        assert_eq!(decrypt_key(&file, &own).unwrap(), "secret");
        let other = Protection::Age(vec![x25519::Identity::generate().to_string().expose_secret().to_owned()]);
        assert!(decrypt_key(&file, &other).unwrap_err().to_string().starts_with("cannot decrypt the key: "));
        assert!(encrypt_key("secret", &Protection::Age(vec!["age1x".into()])).is_err());
    }

    #[test]
    fn passphrase() {
        let right = Protection::Passphrase("correct horse".into());
        let file = encrypt_key("secret", &right).unwrap();
        assert_eq!(decrypt_key(&file, &right).unwrap(), "secret");
        assert!(decrypt_key(&file, &Protection::Passphrase("wrong".into())).is_err());
    }
}
