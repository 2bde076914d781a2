//! Distinguished names.

use serde::{Deserialize, Serialize};
use weir_provider::Schema;

use super::der;

/// The subject of a certificate or a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub struct Subject {
    /// Common name (CN).
    #[schema(optional, force_new)]
    pub common_name: Option<String>,
    /// Organization (O).
    #[schema(optional, force_new)]
    pub organization: Option<String>,
    /// Organizational unit (OU).
    #[schema(optional, force_new)]
    pub organizational_unit: Option<String>,
    /// Street address (STREET).
    #[schema(optional, force_new)]
    pub street_address: Option<Vec<String>>,
    /// Locality (L).
    #[schema(optional, force_new)]
    pub locality: Option<String>,
    /// State or province (ST).
    #[schema(optional, force_new)]
    pub province: Option<String>,
    /// Country (C).
    #[schema(optional, force_new)]
    pub country: Option<String>,
    /// Postal code (PC).
    #[schema(optional, force_new)]
    pub postal_code: Option<String>,
    /// Serial number (SERIALNUMBER) of the subject.
    #[schema(optional, force_new)]
    pub serial_number: Option<String>,
    /// E-mail address (emailAddress, PKCS #9).
    #[schema(optional, force_new)]
    pub email_address: Option<String>,
}

impl Subject {
    /// A subject with a common name and, where given, an organization.
    pub fn new(common_name: impl Into<String>, organization: Option<String>) -> Self {
        Self { common_name: Some(common_name.into()), organization, ..Self::default() }
    }

    /// The name in DER, its parts in the order in which Go's crypto/x509 writes them.
    pub(crate) fn to_der(&self) -> Vec<u8> {
        let one = |value: &Option<String>| value.iter().filter(|value| !value.is_empty()).cloned().collect::<Vec<_>>();
        let parts: [(u64, Vec<String>); 9] = [
            (6, one(&self.country)),
            (10, one(&self.organization)),
            (11, one(&self.organizational_unit)),
            (7, one(&self.locality)),
            (8, one(&self.province)),
            (9, self.street_address.clone().unwrap_or_default()),
            (17, one(&self.postal_code)),
            (3, one(&self.common_name)),
            (5, one(&self.serial_number)),
        ];
        let mut names: Vec<Vec<u8>> = parts
            .iter()
            .filter(|(_, values)| !values.is_empty())
            .map(|(arc, values)| der::set(values.iter().map(|value| der::sequence(&[der::oid(&[2, 5, 4, *arc]), der::text(value)])).collect()))
            .collect();
        for address in one(&self.email_address) {
            let value = der::element(0x16, address.as_bytes());
            names.push(der::set(vec![der::sequence(&[der::oid(&[1, 2, 840, 113549, 1, 9, 1]), value])]));
        }
        der::sequence(&names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order() {
        let subject = Subject { country: Some("DE".into()), email_address: Some("x@y.z".into()), ..Subject::new("a", Some("b".into())) };
        let (_, name) = x509_parser::x509::X509Name::from_der(&subject.to_der()).map(|(rest, name)| (rest.len(), name.to_string())).unwrap();
        assert_eq!(name, "C=DE, O=b, CN=a, Email=x@y.z");
    }

    use x509_parser::prelude::FromDer;
}
