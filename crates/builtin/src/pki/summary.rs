//! What a certificate says, for people and gates.

use serde::Serialize;
use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;

use crate::x509::certificate::rfc3339;
use crate::x509::{X509Error, pem, uses};

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CertificateSummary {
    /// The subject: `C=DE, O=Example, CN=a.example`.
    pub subject: String,
    /// The issuer.
    pub issuer: String,
    /// The subject's common name; empty when it has none.
    pub common_name: String,
    /// The serial number in hexadecimal digits, two for each byte, with colons.
    pub serial_number: String,
    /// Valid from, in RFC 3339.
    pub not_before: String,
    /// Valid until, in RFC 3339.
    pub not_after: String,
    /// True for the certificate of a CA.
    pub is_ca: bool,
    /// How many CAs may stand between this one and the last certificate; `None` without a limit.
    pub path_length: Option<u32>,
    /// Key usages: `digital_signature`, `cert_signing`, …
    pub key_usage: Vec<String>,
    /// Extended key usages: `server_auth`, …; the object identifier of one without a name.
    pub ext_key_usage: Vec<String>,
    /// DNS names among the alternative names.
    pub dns_names: Vec<String>,
    /// The public key.
    pub public_key_pem: String,
    /// SHA-256 of the certificate, in hexadecimal digits.
    pub fingerprint_sha256: String,
    /// True when subject and issuer are the same.
    pub self_signed: bool,
}

impl CertificateSummary {
    pub(crate) fn of(certificate: &X509Certificate<'_>) -> Self {
        let mut summary = Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            common_name: common_name(certificate),
            serial_number: certificate.raw_serial_as_string(),
            not_before: rfc3339(certificate.validity().not_before.to_datetime()),
            not_after: rfc3339(certificate.validity().not_after.to_datetime()),
            is_ca: certificate.is_ca(),
            path_length: None,
            key_usage: Vec::new(),
            ext_key_usage: Vec::new(),
            dns_names: Vec::new(),
            public_key_pem: pem::encode("PUBLIC KEY", certificate.public_key().raw),
            fingerprint_sha256: hex::encode(Sha256::digest(certificate.as_raw())),
            self_signed: certificate.subject().as_raw() == certificate.issuer().as_raw(),
        };
        for extension in certificate.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::BasicConstraints(constraints) => summary.path_length = constraints.path_len_constraint,
                ParsedExtension::KeyUsage(usage) => {
                    let set = |bit: &usize| usage.flags >> bit & 1 == 1;
                    summary.key_usage = (0..uses::KEY_USAGES.len()).filter(set).map(|bit| uses::KEY_USAGES[bit].to_owned()).collect();
                }
                ParsedExtension::ExtendedKeyUsage(usage) => summary.ext_key_usage = extended(usage),
                ParsedExtension::SubjectAlternativeName(names) => {
                    summary.dns_names =
                        names.general_names.iter().filter_map(|name| if let GeneralName::DNSName(name) = name { Some((*name).to_owned()) } else { None }).collect();
                }
                _ => {}
            }
        }
        summary
    }
}

fn extended(usage: &x509_parser::extensions::ExtendedKeyUsage<'_>) -> Vec<String> {
    let named = [
        (usage.any, "any_extended"),
        (usage.server_auth, "server_auth"),
        (usage.client_auth, "client_auth"),
        (usage.code_signing, "code_signing"),
        (usage.email_protection, "email_protection"),
        (usage.time_stamping, "timestamping"),
        (usage.ocsp_signing, "ocsp_signing"),
    ];
    let mut names: Vec<String> = named.iter().filter(|(set, _)| *set).map(|(_, name)| (*name).to_owned()).collect();
    names.extend(usage.other.iter().map(|oid| {
        let dotted = oid.to_id_string();
        uses::extended_name(&dotted).map_or(dotted, str::to_owned)
    }));
    names
}

pub(crate) fn common_name(certificate: &X509Certificate<'_>) -> String {
    certificate.subject().iter_common_name().next().and_then(|name| name.as_str().ok()).unwrap_or_default().to_owned()
}

/// The certificates in a text, in order; at least one.
pub fn certificates(text: &str) -> Result<Vec<CertificateSummary>, X509Error> {
    let blocks = certificate_blocks(text)?;
    if blocks.is_empty() {
        return Err(X509Error::new("there is no PEM block \"CERTIFICATE\""));
    }
    (1..).zip(&blocks).map(|(at, block)| Ok(CertificateSummary::of(&parse(at, block)?))).collect()
}

/// The DER of the certificates in a text.
pub(crate) fn certificate_blocks(text: &str) -> Result<Vec<Vec<u8>>, X509Error> {
    let blocks = pem::decode(text)?;
    Ok(blocks.into_iter().filter(|block| matches!(&*block.label, "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE")).map(|block| block.der).collect())
}

/// Reads the certificate number `at` (from 1).
pub(crate) fn parse(at: usize, bytes: &[u8]) -> Result<X509Certificate<'_>, X509Error> {
    match X509Certificate::from_der(bytes) {
        Ok(([], certificate)) => Ok(certificate),
        Ok(_) => Err(X509Error::new(format!("certificate {at} has bytes after its end"))),
        Err(error) => Err(X509Error::new(format!("certificate {at} cannot be read: {error}"))),
    }
}
