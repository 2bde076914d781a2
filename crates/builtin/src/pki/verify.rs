//! Path validation (RFC 5280, section 6, for chains without policies and revocation, with name constraints on DNS names).

use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, GeneralSubtree, ParsedExtension};

use super::summary::{certificate_blocks, parse};
use crate::x509::certificate::rfc3339;
use crate::x509::{X509Error, public};

/// The longest path that is followed.
const LONGEST: usize = 10;

/// Extensions that this validation understands, or that do not concern it: object identifiers in dotted form.
const UNDERSTOOD: [&str; 7] = ["2.5.29.15", "2.5.29.30", "2.5.29.17", "2.5.29.19", "2.5.29.37", "2.5.29.14", "2.5.29.35"];

/// Checks the first certificate of `leaf` up to a self-signed root among the certificates of `chain`, now. Gives the subjects from the leaf to the root.
///
/// Checked: signatures, CA flags, key usages, path lengths, validity now, validity inside the issuer's, critical extensions. Further certificates in `leaf` may be part of the path.
pub fn verify(leaf: &str, chain: &str) -> Result<Vec<String>, X509Error> {
    verify_at(leaf, chain, OffsetDateTime::now_utc())
}

/// [`verify`] at another time.
pub fn verify_at(leaf: &str, chain: &str, at: OffsetDateTime) -> Result<Vec<String>, X509Error> {
    let own = certificate_blocks(leaf)?;
    let given = certificate_blocks(chain)?;
    if own.is_empty() {
        return Err(X509Error::new("there is no certificate to verify"));
    }
    if given.is_empty() {
        return Err(X509Error::new("the chain holds no certificate"));
    }
    let read = |blocks: &'static str, list: &'_ [Vec<u8>]| -> Result<(), X509Error> {
        for (at, block) in (1..).zip(list) {
            parse(at, block).map_err(|error| X509Error::new(format!("{blocks}: {error}")))?;
        }
        Ok(())
    };
    read("the certificate", &own)?;
    read("the chain", &given)?;
    let first = parse(1, &own[0])?;
    let mut pool = Vec::new();
    for (number, block) in (1..).zip(given.iter().chain(&own[1..])) {
        pool.push(parse(number, block)?);
    }
    // Only a root that the chain holds is an end of the path: one that comes with the leaf proves nothing.
    let roots = given.len();
    let mut path = vec![first];
    extend(&mut path, &pool, roots, at)?;
    Ok(path.iter().map(|certificate| certificate.subject().to_string()).collect())
}

fn name(certificate: &X509Certificate<'_>) -> String {
    format!("\"{}\"", certificate.subject())
}

fn is_self_issued(certificate: &X509Certificate<'_>) -> bool {
    certificate.subject().as_raw() == certificate.issuer().as_raw()
}

fn is_signed_by(certificate: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> bool {
    public::has_signed(issuer.public_key(), &certificate.signature_algorithm, &certificate.signature_value, certificate.tbs_certificate.as_ref())
}

/// Follows the path from its last certificate on; of several possible issuers the first that leads to a root is taken.
fn extend<'a>(path: &mut Vec<X509Certificate<'a>>, pool: &[X509Certificate<'a>], roots: usize, at: OffsetDateTime) -> Result<(), X509Error> {
    let Some(last) = path.last().cloned() else { return Err(X509Error::new("there is no certificate to verify")) };
    check_alone(&last, at)?;
    if is_self_issued(&last) {
        if !is_signed_by(&last, &last) {
            return Err(X509Error::new(format!("the signature of {} by itself is wrong", name(&last))));
        }
        if pool[..roots].iter().any(|root| root.as_raw() == last.as_raw()) {
            return Ok(());
        }
        return Err(X509Error::new(format!("{} signs itself, but the chain does not hold it", name(&last))));
    }
    if path.len() >= LONGEST {
        return Err(X509Error::new(format!("the path is longer than {LONGEST} certificates")));
    }
    let mut failure = X509Error::new(format!("the chain holds no certificate of \"{}\", the issuer of {}", last.issuer(), name(&last)));
    for issuer in pool.iter().filter(|candidate| candidate.subject().as_raw() == last.issuer().as_raw()) {
        if path.iter().any(|certificate| certificate.as_raw() == issuer.as_raw()) {
            continue;
        }
        let length = path.len();
        let outcome = check_issued(path, &last, issuer).and_then(|()| {
            path.push(issuer.clone());
            extend(path, pool, roots, at)
        });
        match outcome {
            Ok(()) => return Ok(()),
            Err(error) => {
                path.truncate(length);
                failure = error;
            }
        }
    }
    Err(failure)
}

/// What a certificate has to be by itself.
fn check_alone(certificate: &X509Certificate<'_>, at: OffsetDateTime) -> Result<(), X509Error> {
    let (from, to) = (certificate.validity().not_before.to_datetime(), certificate.validity().not_after.to_datetime());
    if at < from {
        return Err(X509Error::new(format!("{} is not valid before {}", name(certificate), rfc3339(from))));
    }
    if at > to {
        return Err(X509Error::new(format!("{} expired at {}", name(certificate), rfc3339(to))));
    }
    for extension in certificate.extensions() {
        let oid = extension.oid.to_id_string();
        if extension.critical && !UNDERSTOOD.contains(&oid.as_str()) {
            return Err(X509Error::new(format!("{} has a critical extension ({oid}) that cannot be checked", name(certificate))));
        }
        if let ParsedExtension::ParseError { error } = extension.parsed_extension() {
            return Err(X509Error::new(format!("an extension ({oid}) of {} cannot be read: {error}", name(certificate))));
        }
    }
    Ok(())
}

/// What has to hold between a certificate and its issuer. `path` ends with the certificate.
fn check_issued(path: &[X509Certificate<'_>], certificate: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> Result<(), X509Error> {
    let wrong = |message: String| Err(X509Error::new(message));
    if !is_signed_by(certificate, issuer) {
        return wrong(format!("the signature of {} is not by the key of {}", name(certificate), name(issuer)));
    }
    let constraints = match issuer.basic_constraints() {
        Ok(Some(constraints)) if constraints.value.ca => constraints.value.clone(),
        _ => return wrong(format!("{} issued {}, but is not the certificate of a CA", name(issuer), name(certificate))),
    };
    match issuer.key_usage() {
        Ok(Some(usage)) if !usage.value.key_cert_sign() => {
            return wrong(format!("{} issued {}, but its key usage does not include cert_signing", name(issuer), name(certificate)));
        }
        Ok(_) => {}
        Err(error) => return wrong(format!("the key usage of {} cannot be read: {error}", name(issuer))),
    }
    // CAs below the issuer, without those that issued for themselves and without the last certificate.
    let below = path.iter().skip(1).filter(|certificate| !is_self_issued(certificate)).count();
    if let Some(limit) = constraints.path_len_constraint {
        // A first certificate that is itself a CA is one below the issuer as well, when it is to issue.
        let below = below + usize::from(path.first().is_some_and(|first| first.is_ca()));
        if below > limit as usize {
            return wrong(format!("{} allows {limit} CAs below it, but the path has {below}", name(issuer)));
        }
    }
    check_names(path, issuer)?;
    let (own, outer) = (certificate.validity(), issuer.validity());
    if own.not_after > outer.not_after {
        let (own, outer) = (rfc3339(own.not_after.to_datetime()), rfc3339(outer.not_after.to_datetime()));
        return wrong(format!("{} is valid until {own}, longer than its issuer {}: {outer}", name(certificate), name(issuer)));
    }
    if own.not_before < outer.not_before {
        let (own, outer) = (rfc3339(own.not_before.to_datetime()), rfc3339(outer.not_before.to_datetime()));
        return wrong(format!("{} is valid from {own}, earlier than its issuer {}: {outer}", name(certificate), name(issuer)));
    }
    Ok(())
}

/// The DNS names of the first certificate keep to the issuer's name constraints.
fn check_names(path: &[X509Certificate<'_>], issuer: &X509Certificate<'_>) -> Result<(), X509Error> {
    let Ok(Some(constraints)) = issuer.name_constraints() else { return Ok(()) };
    let Some(first) = path.first() else { return Ok(()) };
    let (permitted, excluded) = (&constraints.value.permitted_subtrees, &constraints.value.excluded_subtrees);
    let trees = || permitted.iter().chain(excluded).flatten();
    if constraints.critical && trees().any(|tree| !matches!(tree.base, GeneralName::DNSName(_))) {
        return Err(X509Error::new(format!("{} constrains other names than DNS names, which cannot be checked", name(issuer))));
    }
    let covers = |tree: &GeneralSubtree<'_>, dns: &str| match tree.base {
        GeneralName::DNSName(domain) => is_below(dns, domain),
        _ => false,
    };
    let limits = permitted.iter().flatten().any(|tree| matches!(tree.base, GeneralName::DNSName(_)));
    let names = first.subject_alternative_name().ok().flatten();
    for dns in names.iter().flat_map(|names| &names.value.general_names) {
        let GeneralName::DNSName(dns) = dns else { continue };
        let allowed = !limits || permitted.iter().flatten().any(|tree| covers(tree, dns));
        if !allowed || excluded.iter().flatten().any(|tree| covers(tree, dns)) {
            return Err(X509Error::new(format!("{} does not permit the DNS name \"{dns}\" of {}", name(issuer), name(first))));
        }
    }
    Ok(())
}

/// True when a DNS name is that domain or below it.
fn is_below(dns: &str, domain: &str) -> bool {
    let (dns, domain) = (dns.to_ascii_lowercase(), domain.trim_start_matches('.').to_ascii_lowercase());
    domain.is_empty() || dns == domain || dns.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.'))
}

/// True when the first certificate in `certificate` is of the key in `key`: a private key, a public key, a certificate request or another certificate.
pub fn key_matches(certificate: &str, key: &str) -> Result<bool, X509Error> {
    let blocks = certificate_blocks(certificate)?;
    let block = blocks.first().ok_or_else(|| X509Error::new("there is no PEM block \"CERTIFICATE\""))?;
    Ok(parse(1, block)?.public_key().raw == public::of_pem(key)?)
}
