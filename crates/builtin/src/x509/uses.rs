//! Key usages and extended key usages by the names that `allowed_uses` has.

use super::der;

/// Key usages in the order of their bits (RFC 5280, 4.2.1.3).
pub(crate) const KEY_USAGES: [&str; 9] = [
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "cert_signing",
    "crl_signing",
    "encipher_only",
    "decipher_only",
];

const PKIX: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3];
const MICROSOFT: &[u64] = &[1, 3, 6, 1, 4, 1, 311];

/// Extended key usages: name, the start of the object identifier, its end.
const EXTENDED: [(&str, &[u64], &[u64]); 14] = [
    ("any_extended", &[2, 5, 29, 37], &[0]),
    ("server_auth", PKIX, &[1]),
    ("client_auth", PKIX, &[2]),
    ("code_signing", PKIX, &[3]),
    ("email_protection", PKIX, &[4]),
    ("ipsec_end_system", PKIX, &[5]),
    ("ipsec_tunnel", PKIX, &[6]),
    ("ipsec_user", PKIX, &[7]),
    ("timestamping", PKIX, &[8]),
    ("ocsp_signing", PKIX, &[9]),
    ("microsoft_server_gated_crypto", MICROSOFT, &[10, 3, 3]),
    ("netscape_server_gated_crypto", &[2, 16, 840, 1, 113730], &[4, 1]),
    ("microsoft_commercial_code_signing", MICROSOFT, &[2, 1, 22]),
    ("microsoft_kernel_code_signing", MICROSOFT, &[61, 1, 1]),
];

/// The bits of the key usages among the names.
pub(crate) fn key_usage_bits(uses: &[String]) -> Vec<u8> {
    (0..).zip(KEY_USAGES).filter(|(_, name)| uses.iter().any(|used| used == name)).map(|(bit, _)| bit).collect()
}

/// The object identifiers (DER) of the extended key usages among the names, in the order of the names.
pub(crate) fn extended_oids(uses: &[String]) -> Vec<Vec<u8>> {
    let found = uses.iter().filter_map(|used| EXTENDED.iter().find(|(name, ..)| name == used));
    found.map(|(_, start, end)| der::oid(&[*start, *end].concat())).collect()
}

/// The name of an extended key usage by its object identifier in dotted form.
pub(crate) fn extended_name(dotted: &str) -> Option<&'static str> {
    let join = |arcs: Vec<u64>| arcs.iter().map(ToString::to_string).collect::<Vec<_>>().join(".");
    EXTENDED.iter().find(|(_, start, end)| join([*start, *end].concat()) == dotted).map(|(name, ..)| *name)
}

/// True for a name that means something.
pub(crate) fn is_known(name: &str) -> bool {
    KEY_USAGES.contains(&name) || EXTENDED.iter().any(|(known, ..)| *known == name)
}
