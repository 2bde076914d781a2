//! `weir/pki`: certificates of a private PKI. The provider, and the library behind `weir pki`.
//!
//! The tiers are an offline root, an intermediate that it signs, and what the intermediate signs. Keys are ECDSA P-384 for the root; any key that can sign may be an
//! intermediate's or a leaf's.

mod authority;
mod encrypted;
mod functions;
#[cfg(test)]
mod path_tests;
mod private;
mod summary;
mod verify;

use weir_provider::list_types;

pub use crate::x509::X509Error;
pub use crate::x509::name::Subject;
pub use crate::x509::request::AltNames;
pub use authority::{IntermediateProfile, ServerProfile, make_certificate_request, make_intermediate, make_private_key, make_root, sign_server};
pub use encrypted::{Protection, decrypt_key, encrypt_key};
pub use private::contains_private_key;
pub use summary::{CertificateSummary, certificates};
pub use verify::{key_matches, verify, verify_at};

list_types! { mod resource in "src/pki/resource": weir_provider::native::ErasedResource<crate::unconfigured::NoClient> = erase_resource }

crate::unconfigured::unconfigured! {
    /// The provider `pki`.
    Pki {
        resources: resource::all(),
        data_sources: Vec::new(),
        ephemeral: Vec::new(),
        functions: functions::all(),
    }
}
