//! Public keys, as the DER of SubjectPublicKeyInfo.

use sha1::{Digest, Sha1};
use x509_parser::der_parser::asn1_rs::BitString;
use x509_parser::prelude::{AlgorithmIdentifier, FromDer, SubjectPublicKeyInfo};

use super::key::Curve;
use super::{X509Error, pem};

/// The public key in a text: of a certificate, a request, a public key or a private key, whichever stands first.
pub(crate) fn of_pem(text: &str) -> Result<Vec<u8>, X509Error> {
    let blocks = pem::decode(text)?;
    for block in &blocks {
        match block.label.as_str() {
            "CERTIFICATE" => {
                let (_, certificate) = x509_parser::parse_x509_certificate(&block.der).map_err(|error| X509Error::new(format!("not a certificate: {error}")))?;
                return Ok(certificate.public_key().raw.to_vec());
            }
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => {
                return Ok(super::request::Request::from_der(&block.der)?.public_key);
            }
            "PUBLIC KEY" => {
                SubjectPublicKeyInfo::from_der(&block.der).map_err(|error| X509Error::new(format!("not a public key: {error}")))?;
                return Ok(block.der.clone());
            }
            label if label.ends_with("PRIVATE KEY") => return Ok(super::key::PrivateKey::from_block(block)?.public_key()),
            _ => {}
        }
    }
    Err(X509Error::new("there is no key, certificate or certificate request in PEM"))
}

/// The SHA-1 of the key's bits: the usual key identifier (RFC 5280, 4.2.1.2, method 1).
pub(crate) fn identifier(public_key: &[u8]) -> Result<Vec<u8>, X509Error> {
    let (_, info) = SubjectPublicKeyInfo::from_der(public_key).map_err(|error| X509Error::new(format!("not a public key: {error}")))?;
    Ok(Sha1::digest(&info.subject_public_key.data).to_vec())
}

/// True when the signature over the message is by that key.
pub(crate) fn has_signed(key: &SubjectPublicKeyInfo<'_>, algorithm: &AlgorithmIdentifier<'_>, signature: &BitString<'_>, message: &[u8]) -> bool {
    if x509_parser::verify::verify_signature(key, algorithm, signature, message).is_ok() {
        return true;
    }
    // The curves that the parser's crypto library does not know.
    let curve = match algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.10045.4.3.2" => Curve::P224,
        "1.2.840.10045.4.3.4" => Curve::P521,
        _ => return false,
    };
    curve.verify(&key.subject_public_key.data, message, &signature.data)
}
