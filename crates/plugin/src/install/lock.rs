//! What the dependency lock file says of one provider.

use semver::Version;

/// One `provider` block of `.terraform.lock.hcl`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockEntry {
    /// The version that is used.
    pub version: Version,
    /// Hashes of packages that are accepted: `h1:…` of their content, `zh:…` of the zip file.
    pub hashes: Vec<String>,
}
