//! Finding a certificate again that was signed just before a crash.

use serde_json::Value as Json;
use weir_provider::Fault;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::client::Scope;
use crate::duration;

/// Beyond so many certificates a mount is not searched: it is one of leaves.
const MOST: usize = 1000;

/// The server lets the validity begin so many seconds before the signature.
const BACKDATED: i64 = 30;

/// What was asked for.
pub(crate) struct Wanted<'a> {
    /// The signing request, PEM.
    pub(crate) csr: &'a str,
    /// How long it should be valid; not compared when it is not said.
    pub(crate) ttl: Option<&'a str>,
    /// The path length; negative for none.
    pub(crate) path_length: i64,
    /// Certificate of the issuer, PEM.
    pub(crate) issuer: &'a str,
}

/// Serial number and certificate of the youngest certificate of the mount that is what was wanted, and not revoked.
pub(crate) async fn find(scope: Scope<'_>, backend: &str, wanted: &Wanted<'_>) -> Result<Option<(String, String)>, Fault> {
    let serials = scope.names(&format!("{backend}/certs")).await?;
    if serials.len() > MOST {
        return Ok(None);
    }
    let mut best: Option<(i64, String, String)> = None;
    for serial in serials {
        let Some(found) = scope.read(&format!("{backend}/cert/{serial}")).await? else { continue };
        let revoked = found.get("revocation_time").and_then(Json::as_i64).is_some_and(|time| time > 0);
        let Some(pem) = found.get("certificate").and_then(Json::as_str).filter(|_| !revoked) else { continue };
        if let Some(since) = matches(pem, wanted)
            && best.as_ref().is_none_or(|(youngest, ..)| since > *youngest)
        {
            best = Some((since, serial.replace('-', ":"), pem.trim().to_owned()));
        }
    }
    Ok(best.map(|(_, serial, pem)| (serial, pem)))
}

fn der(pem: &str) -> Option<Vec<u8>> {
    x509_parser::pem::parse_x509_pem(pem.trim().as_bytes()).ok().map(|(_, pem)| pem.contents)
}

/// The beginning of its validity when the certificate has the request's key, the issuer, the path length and the validity that were wanted.
fn matches(pem: &str, wanted: &Wanted<'_>) -> Option<i64> {
    let (certificate, csr, issuer) = (der(pem)?, der(wanted.csr)?, der(wanted.issuer)?);
    let (_, certificate) = X509Certificate::from_der(&certificate).ok()?;
    let (_, csr) = X509CertificationRequest::from_der(&csr).ok()?;
    let (_, issuer) = X509Certificate::from_der(&issuer).ok()?;
    let same_key = certificate.tbs_certificate.subject_pki.raw == csr.certification_request_info.subject_pki.raw;
    let signed = certificate.issuer() == issuer.subject() && certificate.verify_signature(Some(issuer.public_key())).is_ok();
    let length = certificate.basic_constraints().ok()??.value.path_len_constraint;
    let same_length = length.map(i64::from) == Some(wanted.path_length).filter(|length| *length >= 0);
    let (begin, end) = (certificate.validity().not_before.timestamp(), certificate.validity().not_after.timestamp());
    let same_validity = wanted.ttl.and_then(duration::milliseconds).is_none_or(|ttl| {
        let difference = end - begin - BACKDATED - i64::try_from(ttl / 1000).unwrap_or(i64::MAX);
        difference.abs() <= 5
    });
    (same_key && signed && same_length && same_validity).then_some(begin)
}
