//! What a node's user data says: the files that cloud-init would write.

use std::collections::BTreeMap;
use std::io::Read;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

/// The path whose presence makes an instance a node.
const CONFIGURATION: &str = "/etc/vault.d/vault.hcl";
const ENVIRONMENT: &str = "/etc/vault.d/node.env";

/// What a node boots from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seed {
    /// The server's configuration, placeholders still in it.
    pub(crate) configuration: String,
    /// The lines of node.env.
    pub(crate) environment: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct CloudConfig {
    #[serde(default)]
    write_files: Vec<WriteFile>,
}

#[derive(Deserialize)]
struct WriteFile {
    path: String,
    #[serde(default)]
    content: String,
    #[serde(default)]
    encoding: String,
}

impl Seed {
    /// Reads user data; None when it is not that of a node.
    pub(crate) fn read(user_data: &[u8]) -> Result<Option<Seed>, String> {
        let bytes = unzip(user_data.to_vec())?;
        let text = String::from_utf8(bytes).map_err(|_| "user data is not text".to_owned())?;
        if !text.starts_with("#cloud-config") {
            return Ok(None);
        }
        let config: CloudConfig = yaml_serde::from_str(&text).map_err(|error| format!("user data: {error}"))?;
        let file = |path: &str| config.write_files.iter().rfind(|file| file.path == path).map(content).transpose();
        let Some(configuration) = file(CONFIGURATION)? else { return Ok(None) };
        let environment = file(ENVIRONMENT)?.ok_or_else(|| format!("user data has no {ENVIRONMENT}"))?;
        let environment = environment
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.trim().to_owned(), unquote(value.trim()).to_owned()))
            .collect();
        Ok(Some(Seed { configuration, environment }))
    }

    /// A line of node.env that must be there.
    pub(crate) fn variable(&self, name: &str) -> Result<&str, String> {
        match self.environment.get(name) {
            Some(value) if !value.is_empty() => Ok(value),
            _ => Err(format!("{ENVIRONMENT} does not set {name}")),
        }
    }

    /// The tag by which nodes of one cluster find each other.
    pub(crate) fn cluster(&self) -> Result<String, String> {
        Ok(format!("{}={}", self.variable("CLUSTER_TAG_KEY")?, self.variable("CLUSTER_TAG_VALUE")?))
    }
}

fn unquote(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner;
        }
    }
    value
}

/// A file's content in the encodings that cloud-init's write_files takes.
fn content(file: &WriteFile) -> Result<String, String> {
    let wrong = |message: &dyn std::fmt::Display| format!("{}: {message}", file.path);
    let bytes = match file.encoding.as_str() {
        "" | "text/plain" => return Ok(file.content.clone()),
        "b64" | "base64" | "gz+b64" | "gz+base64" | "gzip+b64" | "gzip+base64" => {
            let packed: String = file.content.split_whitespace().collect();
            BASE64_STANDARD.decode(packed).map_err(|error| wrong(&error))?
        }
        other => return Err(wrong(&format!("encoding {other} is not known"))),
    };
    String::from_utf8(unzip(bytes)?).map_err(|error| wrong(&error))
}

/// Inflates what is gzip, and leaves the rest as it is.
fn unzip(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut plain).map_err(|error| format!("gzip: {error}"))?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).expect("write");
        encoder.finish().expect("finish")
    }

    fn user_data(encoding: &str, configuration: &str) -> String {
        let files = serde_json::json!([
            {"path": "/etc/vault.d/node.env", "content": "# made by the stack\nA=1\nCLUSTER_TAG_KEY=vault\nCLUSTER_TAG_VALUE=\"c 1\"\n"},
            {"path": "/etc/vault.d/vault.hcl", "encoding": encoding, "content": configuration},
        ]);
        format!("#cloud-config\n{}", serde_json::json!({"write_files": files, "runcmd": [["x"]]}))
    }

    #[test]
    fn reads_plain_and_packed_files() {
        let packed = BASE64_STANDARD.encode(gzip("ui = true\n"));
        let plain = user_data("", "ui = true\n");
        for data in [plain.clone().into_bytes(), user_data("gz+b64", &packed).into_bytes(), gzip(&plain)] {
            let seed = Seed::read(&data).expect("valid").expect("a node");
            assert_eq!(seed.configuration, "ui = true\n");
            assert_eq!(seed.cluster().as_deref(), Ok("vault=c 1"));
            assert_eq!(seed.variable("TLS_SECRET_ID"), Err("/etc/vault.d/node.env does not set TLS_SECRET_ID".to_owned()));
        }
    }

    #[test]
    fn other_instances_are_no_nodes() {
        assert_eq!(Seed::read(b""), Ok(None));
        assert_eq!(Seed::read(b"#!/bin/sh\necho hello\n"), Ok(None));
        assert_eq!(Seed::read(b"#cloud-config\n{\"packages\":[\"jq\"]}"), Ok(None));
        assert!(Seed::read(b"#cloud-config\n{\"write_files\":[").is_err());
    }
}
