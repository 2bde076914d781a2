//! What the dependency lock file says of one provider.

use std::collections::BTreeMap;
use std::fmt::Write;

use semver::Version;
use weir_addr::ProviderAddr;

/// One `provider` block of `.terraform.lock.hcl`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockEntry {
    /// The version that is used.
    pub version: Version,
    /// What was required when it was chosen; empty for anything.
    pub constraints: String,
    /// Hashes of packages that are accepted: `h1:…` of their content, `zh:…` of the zip file.
    pub hashes: Vec<String>,
}

/// The text of a lock file.
pub fn lock_file(entries: &BTreeMap<ProviderAddr, LockEntry>) -> String {
    let mut out = "# This file is maintained automatically by \"weir init\".\n# Manual edits may be lost in future updates.\n".to_owned();
    for (addr, entry) in entries {
        let _ = write!(out, "\nprovider \"{addr}\" {{\n");
        if entry.constraints.is_empty() {
            let _ = writeln!(out, "  version = \"{}\"", entry.version);
        } else {
            let _ = write!(out, "  version     = \"{}\"\n  constraints = \"{}\"\n", entry.version, entry.constraints);
        }
        if !entry.hashes.is_empty() {
            out.push_str("  hashes = [\n");
            for hash in &entry.hashes {
                let _ = writeln!(out, "    \"{hash}\",");
            }
            out.push_str("  ]\n");
        }
        out.push_str("}\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_incumbent_writes_it() {
        let entry = |constraints: &str, hashes: &[&str]| LockEntry {
            version: "1.2.3".parse().unwrap(),
            constraints: constraints.to_owned(),
            hashes: hashes.iter().map(ToString::to_string).collect(),
        };
        let entries = [("b/b".parse().unwrap(), entry("", &[])), ("example.com/a/a".parse().unwrap(), entry("~> 1.0", &["h1:x=", "zh:00"]))];
        let wanted = "provider \"example.com/a/a\" {\n  version     = \"1.2.3\"\n  constraints = \"~> 1.0\"\n  hashes = [\n    \"h1:x=\",\n    \"zh:00\",\n  ]\n}\n";
        let text = lock_file(&BTreeMap::from(entries));
        assert!(text.contains(wanted) && text.contains("/b/b\" {\n  version = \"1.2.3\"\n}\n"), "{text}");
    }
}
