//! X.509 with what `tls` and `pki` need of it: keys, names, requests, certificates, written so that equal input gives the bytes the incumbents' providers give.
//!
//! Certificates are read with `x509-parser`; here they are written.

pub(crate) mod certificate;
pub(crate) mod der;
pub(crate) mod key;
pub(crate) mod name;
pub(crate) mod openssh;
pub(crate) mod pem;
pub(crate) mod public;
pub(crate) mod request;
pub(crate) mod uses;

/// Why something cannot be made or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct X509Error(pub String);

impl X509Error {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}
