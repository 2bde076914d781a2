//! Making certificates (RFC 5280).

use sha1::{Digest, Sha1};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;

use super::key::PrivateKey;
use super::request::{alt_names_extension, extension};
use super::{X509Error, der, pem, public, uses};

/// What a certificate shall say.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    /// The subject in DER.
    pub(crate) subject: Vec<u8>,
    /// The SubjectPublicKeyInfo in DER.
    pub(crate) public_key: Vec<u8>,
    /// The value of the alternative names' extension.
    pub(crate) alt_names: Option<Vec<u8>>,
    /// Names of key usages and extended key usages.
    pub(crate) uses: Vec<String>,
    /// A certificate of a CA.
    pub(crate) ca: bool,
    /// How many CAs may stand below it before the last certificate; of a CA only.
    pub(crate) max_path_length: Option<u64>,
    /// The DNS names below it.
    pub(crate) name_constraints: NameConstraints,
    /// Valid from.
    pub(crate) not_before: OffsetDateTime,
    /// Valid until.
    pub(crate) not_after: OffsetDateTime,
    /// With a subject key identifier; a CA has one always.
    pub(crate) subject_key_id: bool,
    /// With an authority key identifier also when it is self-signed.
    pub(crate) authority_key_id: bool,
}

/// Which DNS names may, and must not, stand in certificates below a CA (RFC 5280, 4.2.1.10).
#[derive(Clone, Debug, Default)]
pub(crate) struct NameConstraints {
    /// These domains and what is below them; any when empty.
    pub(crate) permitted: Vec<String>,
    /// Not these domains, nor what is below them.
    pub(crate) excluded: Vec<String>,
    /// Who does not understand it must refuse.
    pub(crate) critical: bool,
}

impl NameConstraints {
    fn to_der(&self) -> Option<Vec<u8>> {
        let trees = |names: &[String]| names.iter().flat_map(|name| der::sequence(&[der::element(0x82, name.as_bytes())])).collect::<Vec<u8>>();
        let parts = [(0, &self.permitted), (1, &self.excluded)];
        let parts: Vec<Vec<u8>> = parts.iter().filter(|(_, names)| !names.is_empty()).map(|(tag, names)| der::tagged(*tag, &trees(names))).collect();
        (!parts.is_empty()).then(|| der::sequence(&parts))
    }
}

/// A CA to sign with.
pub(crate) struct Authority {
    is_ca: bool,
    subject: Vec<u8>,
    key_id: Option<Vec<u8>>,
    /// Its certificate begins then.
    pub(crate) not_before: OffsetDateTime,
    /// Its certificate ends then.
    pub(crate) not_after: OffsetDateTime,
    /// How many CAs may stand below it.
    pub(crate) path_length: Option<u32>,
    key: PrivateKey,
}

/// A certificate that was made.
pub(crate) struct Made {
    /// In PEM.
    pub(crate) pem: String,
    /// The serial number in decimal digits.
    pub(crate) serial_number: String,
}

impl Authority {
    /// The CA of that certificate and key; they must belong together, and the certificate must be a CA's.
    pub(crate) fn new(certificate: &str, key: PrivateKey) -> Result<Self, X509Error> {
        let authority = Self::lenient(certificate, key)?;
        if authority.is_ca { Ok(authority) } else { Err(X509Error::new("the certificate to sign with is not that of a CA")) }
    }

    /// [`Authority::new`], also with a certificate that is not a CA's: hashicorp/tls signs with any, though nobody will accept what it signs.
    pub(crate) fn lenient(certificate: &str, key: PrivateKey) -> Result<Self, X509Error> {
        let block = pem::first(certificate, &["CERTIFICATE"])?;
        let (_, parsed) = X509Certificate::from_der(&block.der).map_err(|error| X509Error::new(format!("not a certificate: {error}")))?;
        if parsed.public_key().raw != key.public_key() {
            return Err(X509Error::new(format!("the private key is not that of the CA certificate of \"{}\"", parsed.subject())));
        }
        let constraints = parsed.basic_constraints().ok().flatten();
        let key_id = parsed.extensions().iter().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
            _ => None,
        });
        Ok(Self {
            is_ca: constraints.as_ref().is_some_and(|constraints| constraints.value.ca),
            subject: parsed.subject().as_raw().to_vec(),
            key_id,
            not_before: parsed.validity().not_before.to_datetime(),
            not_after: parsed.validity().not_after.to_datetime(),
            path_length: constraints.and_then(|constraints| constraints.value.path_len_constraint),
            key,
        })
    }
}

/// Makes a certificate that the authority signs.
pub(crate) fn sign(template: &Template, authority: &Authority) -> Result<Made, X509Error> {
    let key_id = if template.subject == authority.subject && !template.authority_key_id { None } else { authority.key_id.as_deref() };
    build(template, &authority.subject, key_id, &authority.key)
}

/// Makes a certificate that signs itself.
pub(crate) fn sign_self(template: &Template, key: &PrivateKey) -> Result<Made, X509Error> {
    let key_id = if template.authority_key_id { Some(public::identifier(&template.public_key)?) } else { None };
    build(template, &template.subject, key_id.as_deref(), key)
}

fn build(template: &Template, issuer: &[u8], authority_key_id: Option<&[u8]>, key: &PrivateKey) -> Result<Made, X509Error> {
    // 128 bits from the operating system; the highest bit is left out so that the length is the same for all.
    let mut serial = uuid::Uuid::new_v4().into_bytes();
    rand::TryRngCore::try_fill_bytes(&mut rand::rngs::OsRng, &mut serial).map_err(|error| X509Error::new(format!("no randomness: {error}")))?;
    serial[0] = serial[0] & 0x7f | 0x40;
    let body = der::sequence(&[
        der::tagged(0, &der::integer(&[2])),
        der::integer(&serial),
        key.signature_algorithm(),
        issuer.to_vec(),
        der::sequence(&[der::time(template.not_before), der::time(template.not_after)]),
        template.subject.clone(),
        template.public_key.clone(),
        der::tagged(3, &der::sequence(&extensions(template, authority_key_id)?)),
    ]);
    let signature = key.sign(&body)?;
    let certificate = der::sequence(&[body, key.signature_algorithm(), der::bits(&signature)]);
    Ok(Made { pem: pem::encode("CERTIFICATE", &certificate), serial_number: rsa::BigUint::from_bytes_be(&serial).to_string() })
}

fn extensions(template: &Template, authority_key_id: Option<&[u8]>) -> Result<Vec<Vec<u8>>, X509Error> {
    let mut list = Vec::new();
    let bits = uses::key_usage_bits(&template.uses);
    if !bits.is_empty() {
        list.push(extension(&[2, 5, 29, 15], true, &der::named_bits(&bits)));
    }
    let extended = uses::extended_oids(&template.uses);
    if !extended.is_empty() {
        list.push(extension(&[2, 5, 29, 37], false, &der::sequence(&extended)));
    }
    let mut constraints = Vec::new();
    if template.ca {
        constraints.push(der::truth());
        constraints.extend(template.max_path_length.map(|length| der::integer(&length.to_be_bytes())));
    }
    list.push(extension(&[2, 5, 29, 19], true, &der::sequence(&constraints)));
    if template.subject_key_id || template.ca {
        list.push(extension(&[2, 5, 29, 14], false, &der::octets(&public::identifier(&template.public_key)?)));
    }
    if let Some(id) = authority_key_id {
        list.push(extension(&[2, 5, 29, 35], false, &der::sequence(&[der::element(0x80, id)])));
    }
    if let Some(names) = &template.alt_names {
        list.push(alt_names_extension(&template.subject, names));
    }
    if let Some(constraints) = template.name_constraints.to_der() {
        list.push(extension(&[2, 5, 29, 30], template.name_constraints.critical, &constraints));
    }
    Ok(list)
}

/// The SHA-1 of a text without white space around it, in hexadecimal digits: the id of keys and requests.
pub(crate) fn hash_id(content: &[u8]) -> String {
    hex::encode(Sha1::digest(content.trim_ascii()))
}

/// A time in RFC 3339.
pub(crate) fn rfc3339(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}

/// Now, in whole seconds.
pub(crate) fn now() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    now.replace_nanosecond(0).unwrap_or(now)
}

/// True when the time in RFC 3339 is reached, or will be in that many hours.
pub(crate) fn is_due(validity_end: &str, early_renewal_hours: i64) -> bool {
    let Ok(end) = OffsetDateTime::parse(validity_end, &Rfc3339) else { return false };
    OffsetDateTime::now_utc() >= end.saturating_sub(Duration::hours(early_renewal_hours.clamp(0, 10_000_000)))
}
