//! The offline root and what is signed with it.

use time::{Date, Duration, OffsetDateTime};

use crate::x509::X509Error;
use crate::x509::certificate::{self, Authority, NameConstraints, Template, now};
use crate::x509::key::{Curve, PrivateKey};
use crate::x509::name::Subject;
use crate::x509::request::{self, AltNames, Request};

/// Clocks differ: a certificate is valid from a little before it was made.
const BACKDATE: Duration = Duration::minutes(1);

/// How an intermediate is made.
#[derive(Clone, Copy, Debug)]
pub struct IntermediateProfile {
    /// Valid for so many years, or as long as its issuer if that is shorter.
    pub years: u16,
    /// How many CAs may stand below it.
    pub path_length: Option<u32>,
}

/// How a server certificate is made.
#[derive(Clone, Debug)]
pub struct ServerProfile {
    /// Valid for so many hours; no longer than its issuer.
    pub hours: u32,
    /// Also good for a client's authentication.
    pub client: bool,
}

/// A new root: its private key (ECDSA P-384, PKCS #8, PEM) and its certificate (PEM). `path_length` is the number of CAs that may stand below it.
pub fn make_root(subject: &Subject, years: u16, path_length: Option<u32>) -> Result<(String, String), X509Error> {
    let key = PrivateKey::ec(Curve::P384)?;
    let template = ca_template(subject.to_der(), key.public_key(), path_length, years)?;
    let made = certificate::sign_self(&template, &key)?;
    Ok((key.to_pkcs8_pem()?, made.pem))
}

/// The certificate (PEM) of an intermediate CA from its request, signed by the CA of that certificate and key. The request's subject is kept, its other wishes are not.
pub fn make_intermediate(request: &str, ca_certificate: &str, ca_key: &str, profile: IntermediateProfile) -> Result<String, X509Error> {
    let request = Request::from_pem(request)?;
    let authority = Authority::new(ca_certificate, PrivateKey::from_pem(ca_key)?)?;
    if request.subject == crate::x509::der::sequence(&[]) {
        return Err(X509Error::new("the certificate request of a CA needs a subject"));
    }
    if let Some(limit) = authority.path_length
        && profile.path_length.is_none_or(|length| length >= limit)
    {
        let asked = profile.path_length.map_or_else(|| "no limit".to_owned(), |length| length.to_string());
        return Err(X509Error::new(format!("the CA allows {limit} CAs below it: the path length of this one ({asked}) has to be less than that")));
    }
    let mut template = ca_template(request.subject, request.public_key, profile.path_length, profile.years)?;
    template.not_before = template.not_before.max(authority.not_before);
    template.not_after = template.not_after.min(authority.not_after);
    Ok(certificate::sign(&template, &authority)?.pem)
}

/// A server certificate (PEM) from its request, signed by the CA of that certificate and key.
pub fn sign_server(request: &str, ca_certificate: &str, ca_key: &str, profile: &ServerProfile) -> Result<String, X509Error> {
    let request = Request::from_pem(request)?;
    let authority = Authority::new(ca_certificate, PrivateKey::from_pem(ca_key)?)?;
    let mut uses = vec!["digital_signature", "key_agreement", "server_auth"];
    if profile.client {
        uses.push("client_auth");
    }
    let from = (now() - BACKDATE).max(authority.not_before);
    let template = Template {
        subject: request.subject,
        public_key: request.public_key,
        alt_names: request.alt_names,
        uses: uses.into_iter().map(str::to_owned).collect(),
        ca: false,
        max_path_length: None,
        name_constraints: NameConstraints::default(),
        not_before: from,
        not_after: (from + Duration::hours(i64::from(profile.hours))).min(authority.not_after),
        subject_key_id: true,
        authority_key_id: true,
    };
    Ok(certificate::sign(&template, &authority)?.pem)
}

/// A new private key (ECDSA P-384, PKCS #8, PEM).
pub fn make_private_key() -> Result<String, X509Error> {
    PrivateKey::ec(Curve::P384)?.to_pkcs8_pem()
}

/// A certificate request (PEM) of that key.
pub fn make_certificate_request(key: &str, subject: &Subject, names: &AltNames, ca: bool) -> Result<String, X509Error> {
    request::make(&PrivateKey::from_pem(key)?, subject, names, ca)
}

fn ca_template(subject: Vec<u8>, public_key: Vec<u8>, path_length: Option<u32>, years: u16) -> Result<Template, X509Error> {
    let not_before = now() - BACKDATE;
    Ok(Template {
        subject,
        public_key,
        alt_names: None,
        uses: vec!["cert_signing".to_owned(), "crl_signing".to_owned()],
        ca: true,
        max_path_length: path_length.map(u64::from),
        name_constraints: NameConstraints::default(),
        not_before,
        not_after: years_later(not_before, years)?,
        subject_key_id: true,
        authority_key_id: true,
    })
}

/// The same day so many years later; 1 March for 29 February.
fn years_later(at: OffsetDateTime, years: u16) -> Result<OffsetDateTime, X509Error> {
    let wrong = || X509Error::new(format!("{years} years are no validity"));
    let year = at.year() + i32::from(years);
    if years == 0 || year > 9999 {
        return Err(wrong());
    }
    let date = Date::from_calendar_date(year, at.month(), at.day());
    let date = date.or_else(|_| Date::from_calendar_date(year, time::Month::March, 1)).map_err(|_| wrong())?;
    Ok(at.replace_date(date))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leap_days() {
        let day = time::macros::datetime!(2028-02-29 12:00 UTC);
        assert_eq!(years_later(day, 1).unwrap(), time::macros::datetime!(2029-03-01 12:00 UTC));
        assert_eq!(years_later(day, 4).unwrap(), time::macros::datetime!(2032-02-29 12:00 UTC));
        assert!(years_later(day, 0).is_err() && years_later(day, 9000).is_err());
    }
}
