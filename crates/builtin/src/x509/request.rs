//! Certificate requests (PKCS #10, RFC 2986).

use std::net::IpAddr;

use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;

use super::key::PrivateKey;
use super::name::Subject;
use super::{X509Error, der, pem, public};

const SUBJECT_ALT_NAME: &[u64] = &[2, 5, 29, 17];

/// Subject alternative names.
#[derive(Clone, Debug, Default)]
pub struct AltNames {
    /// DNS names.
    pub dns_names: Vec<String>,
    /// IP addresses.
    pub ip_addresses: Vec<String>,
    /// URIs.
    pub uris: Vec<String>,
}

impl AltNames {
    /// The extension's value (GeneralNames); `None` when there is no name.
    pub(crate) fn to_der(&self) -> Result<Option<Vec<u8>>, X509Error> {
        let mut names = Vec::new();
        for dns in &self.dns_names {
            if dns.is_empty() || !dns.is_ascii() {
                return Err(X509Error::new(format!("\"{dns}\" is no DNS name")));
            }
            names.push(der::element(0x82, dns.as_bytes()));
        }
        for address in &self.ip_addresses {
            let octets = match address.parse().map_err(|_| X509Error::new(format!("\"{address}\" is no IP address")))? {
                IpAddr::V4(address) => address.octets().to_vec(),
                IpAddr::V6(address) => address.octets().to_vec(),
            };
            names.push(der::element(0x87, &octets));
        }
        for uri in &self.uris {
            reqwest::Url::parse(uri).map_err(|error| X509Error::new(format!("\"{uri}\" is no URI: {error}")))?;
            names.push(der::element(0x86, uri.as_bytes()));
        }
        Ok((!names.is_empty()).then(|| der::sequence(&names)))
    }
}

/// An extension of a certificate or a request.
pub(crate) fn extension(oid: &[u64], critical: bool, value: &[u8]) -> Vec<u8> {
    let mut parts = vec![der::oid(oid)];
    if critical {
        parts.push(der::truth());
    }
    parts.push(der::octets(value));
    der::sequence(&parts)
}

/// The extension with the alternative names; critical when the subject is empty (RFC 5280, 4.2.1.6).
pub(crate) fn alt_names_extension(subject: &[u8], value: &[u8]) -> Vec<u8> {
    extension(SUBJECT_ALT_NAME, subject == der::sequence(&[]), value)
}

/// A request for that subject and these names, signed by the key, in PEM. With `ca` it asks for a CA certificate.
pub(crate) fn make(key: &PrivateKey, subject: &Subject, names: &AltNames, ca: bool) -> Result<String, X509Error> {
    let subject = subject.to_der();
    let mut extensions = Vec::new();
    if ca {
        extensions.push(extension(&[2, 5, 29, 19], true, &der::sequence(&[der::truth()])));
        extensions.push(extension(&[2, 5, 29, 15], true, &der::named_bits(&[5, 6])));
    }
    if let Some(names) = names.to_der()? {
        extensions.push(alt_names_extension(&subject, &names));
    }
    let mut attributes = Vec::new();
    if !extensions.is_empty() {
        let list = der::set(vec![der::sequence(&extensions)]);
        attributes = der::sequence(&[der::oid(&[1, 2, 840, 113549, 1, 9, 14]), list]);
    }
    let info = der::sequence(&[der::integer(&[0]), subject, key.public_key(), der::tagged(0, &attributes)]);
    let signature = key.sign(&info)?;
    Ok(pem::encode("CERTIFICATE REQUEST", &der::sequence(&[info, key.signature_algorithm(), der::bits(&signature)])))
}

/// What a request asks for; its signature is good.
pub(crate) struct Request {
    /// The subject in DER.
    pub(crate) subject: Vec<u8>,
    /// The SubjectPublicKeyInfo in DER.
    pub(crate) public_key: Vec<u8>,
    /// The value of the alternative names' extension.
    pub(crate) alt_names: Option<Vec<u8>>,
}

impl Request {
    /// The first request in a text.
    pub(crate) fn from_pem(text: &str) -> Result<Self, X509Error> {
        Self::from_der(&pem::first(text, &["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"])?.der)
    }

    /// Reads a request and checks its signature.
    pub(crate) fn from_der(bytes: &[u8]) -> Result<Self, X509Error> {
        let (_, request) = X509CertificationRequest::from_der(bytes).map_err(|error| X509Error::new(format!("not a certificate request: {error}")))?;
        let info = &request.certification_request_info;
        if !public::has_signed(&info.subject_pki, &request.signature_algorithm, &request.signature_value, info.raw) {
            return Err(X509Error::new("the signature of the certificate request is wrong"));
        }
        let mut alt_names = None;
        for attribute in info.iter_attributes() {
            if let x509_parser::cri_attributes::ParsedCriAttribute::ExtensionRequest(requested) = attribute.parsed_attribute() {
                let found = requested.extensions.iter().find(|extension| matches!(extension.parsed_extension(), ParsedExtension::SubjectAlternativeName(_)));
                alt_names = found.map(|extension| extension.value.to_vec());
            }
        }
        Ok(Self { subject: info.subject.as_raw().to_vec(), public_key: info.subject_pki.raw.to_vec(), alt_names })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::key::Curve;

    #[test]
    fn requests_read_back() {
        let names = AltNames { dns_names: vec!["a.b".into()], ip_addresses: vec!["10.0.0.1".into(), "::1".into()], uris: vec!["spiffe://a/b".into()] };
        for key in [PrivateKey::ed25519(), PrivateKey::ec(Curve::P224).unwrap(), PrivateKey::ec(Curve::P521).unwrap(), PrivateKey::ec(Curve::P256).unwrap()] {
            let request = Request::from_pem(&make(&key, &Subject::new("x", None), &names, true).unwrap()).unwrap();
            assert_eq!((request.public_key, request.alt_names), (key.public_key(), names.to_der().unwrap()));
        }
    }

    #[test]
    fn a_changed_request_is_refused() {
        let key = PrivateKey::ed25519();
        let text = make(&key, &Subject::new("x", None), &AltNames::default(), false).unwrap();
        let mut block = pem::first(&text, &["CERTIFICATE REQUEST"]).unwrap();
        let at = block.der.iter().rposition(|byte| *byte == b'x').unwrap();
        block.der[at] = b'y';
        assert_eq!(Request::from_der(&block.der).err().unwrap().to_string(), "the signature of the certificate request is wrong");
        assert_eq!(AltNames { ip_addresses: vec!["1.2".into()], ..AltNames::default() }.to_der().unwrap_err().to_string(), "\"1.2\" is no IP address");
    }
}
