//! Secrets for one reader: encrypted with somebody's public OpenPGP key.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pgp::composed::{Deserializable, MessageBuilder, SignedPublicKey};
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::types::KeyDetails;

/// Who can read what is encrypted.
pub(crate) struct Recipient(SignedPublicKey);

impl Recipient {
    /// The key in the form that `pgp_key` arguments have: base64 of the binary key.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("keybase:") {
            return Err("Keys are not fetched from Keybase. Give the key itself: `gpg --export NAME | base64 -w0`.".to_owned());
        }
        let compact: String = text.split_whitespace().collect();
        let bytes =
            STANDARD.decode(compact).map_err(|error| format!("It is not base64 of a binary public key ({error}). Make it by `gpg --export NAME | base64 -w0`."))?;
        let key = SignedPublicKey::from_bytes(&bytes[..]).map_err(|error| format!("It is not a public OpenPGP key ({error})."))?;
        Ok(Self(key))
    }

    /// Fingerprint of the key, in hexadecimal digits.
    pub(crate) fn fingerprint(&self) -> String {
        self.0.fingerprint().to_string().to_lowercase()
    }

    /// The text as a message that only the owner of the key can read, in base64.
    ///
    /// # Errors
    /// The key is not one for encryption.
    pub(crate) fn encrypt(&self, text: &str) -> Result<String, String> {
        let failed = |error: pgp::errors::Error| format!("The text cannot be encrypted with this key ({error}).");
        let mut builder = MessageBuilder::from_bytes("", text.as_bytes().to_vec()).seipd_v1(rand_08::thread_rng(), SymmetricKeyAlgorithm::AES256);
        let meant = |subkey: &&pgp::composed::SignedPublicSubKey| {
            let flags = subkey.signatures.iter().map(|signature| signature.key_flags());
            subkey.algorithm().can_encrypt() && flags.into_iter().any(|flags| flags.encrypt_comms() || flags.encrypt_storage())
        };
        match self.0.public_subkeys.iter().rfind(meant) {
            Some(subkey) => builder.encrypt_to_key(rand_08::thread_rng(), &subkey).map_err(failed)?,
            None if self.0.primary_key.algorithm().can_encrypt() => builder.encrypt_to_key(rand_08::thread_rng(), &self.0.primary_key).map_err(failed)?,
            None => return Err("The key has no part that is for encryption.".to_owned()),
        };
        Ok(STANDARD.encode(builder.to_vec(rand_08::thread_rng()).map_err(failed)?))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use pgp::composed::{EncryptionCaps, KeyType, Message, SecretKeyParamsBuilder, SignedSecretKey, SubkeyParamsBuilder};
    use pgp::crypto::ecc_curve::ECCCurve;
    use pgp::ser::Serialize;
    use pgp::types::Password;

    /// Somebody's key, with a part for encryption or without.
    pub(crate) fn key(encrypts: bool) -> SignedSecretKey {
        let mut params = SecretKeyParamsBuilder::default();
        params.key_type(KeyType::Ed25519Legacy).can_certify(true).can_sign(true).primary_user_id("Somebody <somebody@example.com>".into());
        if encrypts {
            let subkey = SubkeyParamsBuilder::default().key_type(KeyType::ECDH(ECCCurve::Curve25519Legacy)).can_encrypt(EncryptionCaps::All).build().expect("subkey");
            params.subkey(subkey);
        }
        params.build().expect("parameters").generate(rand_08::thread_rng()).expect("key")
    }

    /// The public half as `pgp_key` has it.
    pub(crate) fn public(key: &SignedSecretKey) -> String {
        STANDARD.encode(SignedPublicKey::from(key.clone()).to_bytes().expect("bytes"))
    }

    /// What the owner of the key reads.
    pub(crate) fn decrypt(key: &SignedSecretKey, message: &str) -> String {
        let bytes = STANDARD.decode(message).expect("base64");
        let message = Message::from_bytes(&bytes[..]).expect("message");
        message.decrypt(&Password::empty(), key).expect("decrypted").as_data_string().expect("text")
    }

    #[test]
    fn only_the_owner_reads() {
        let (mine, other) = (key(true), key(true));
        let recipient = Recipient::parse(&public(&mine)).expect("key");
        let message = recipient.encrypt("a secret").expect("message");
        assert!(!STANDARD.decode(&message).expect("base64").windows(8).any(|part| part == b"a secret"));
        assert_eq!(decrypt(&mine, &message), "a secret");
        let bytes = STANDARD.decode(&message).expect("base64");
        assert!(Message::from_bytes(&bytes[..]).expect("message").decrypt(&Password::empty(), &other).is_err());
        assert_eq!(recipient.fingerprint().len(), 40);
    }

    #[test]
    fn bad_keys() {
        let why = |text: &str| Recipient::parse(text).err().unwrap_or_default();
        assert!(why("keybase:somebody").contains("Keybase"));
        assert!(why("%").contains("not base64"));
        assert!(why("AAAA").contains("not a public OpenPGP key"));
        let signs = Recipient::parse(&public(&key(false))).expect("key");
        assert_eq!(signs.encrypt("a secret"), Err("The key has no part that is for encryption.".to_owned()));
    }
}
