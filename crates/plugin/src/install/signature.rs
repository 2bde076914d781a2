//! OpenPGP signatures of registries.

use pgp::composed::{Deserializable, DetachedSignature, SignedPublicKey};
use pgp::types::KeyDetails;

/// The id of the key that has signed `content`; `None` when none of these keys has.
pub(super) fn signer(content: &[u8], signature: &[u8], keys: &[String]) -> Option<String> {
    let signature = DetachedSignature::from_bytes(signature).ok()?;
    for armored in keys {
        let Ok((key, _)) = SignedPublicKey::from_string(armored) else { continue };
        let by_subkey = || key.verify_bindings().is_ok() && key.public_subkeys.iter().any(|subkey| signature.verify(subkey, content).is_ok());
        if signature.verify(&key, content).is_ok() || by_subkey() {
            let fingerprint = key.fingerprint().to_string().to_uppercase();
            return Some(fingerprint[fingerprint.len().saturating_sub(16)..].to_owned());
        }
    }
    None
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use pgp::composed::{ArmorOptions, KeyType, SecretKeyParamsBuilder, SignedSecretKey};
    use pgp::crypto::hash::HashAlgorithm;
    use pgp::ser::Serialize;
    use pgp::types::Password;

    /// A key of somebody's.
    pub(crate) fn key() -> SignedSecretKey {
        let mut params = SecretKeyParamsBuilder::default();
        params.key_type(KeyType::Ed25519Legacy).can_certify(true).can_sign(true).primary_user_id("Somebody <somebody@example.com>".into());
        params.build().unwrap().generate(rand_08::thread_rng()).unwrap()
    }

    pub(crate) fn armored(key: &SignedSecretKey) -> String {
        SignedPublicKey::from(key.clone()).to_armored_string(ArmorOptions::default()).unwrap()
    }

    pub(crate) fn signed(key: &SignedSecretKey, content: &[u8]) -> Vec<u8> {
        let signature = DetachedSignature::sign_binary_data(rand_08::thread_rng(), &key.primary_key, &Password::empty(), HashAlgorithm::Sha256, content).unwrap();
        signature.to_bytes().unwrap()
    }

    #[test]
    fn only_the_right_key_has_signed() {
        let (mine, other) = (key(), key());
        let signature = signed(&mine, b"sums");
        let fingerprint = SignedPublicKey::from(mine.clone()).fingerprint().to_string().to_uppercase();
        let found = signer(b"sums", &signature, &[armored(&other), "no key".to_owned(), armored(&mine)]).unwrap();
        assert!(fingerprint.ends_with(&found) && found.len() == 16, "{found}");
        assert_eq!(signer(b"sums", &signature, &[armored(&other)]), None);
        assert_eq!(signer(b"other sums", &signature, &[armored(&mine)]), None);
        assert_eq!(signer(b"sums", b"no signature", &[armored(&mine)]), None);
    }
}
