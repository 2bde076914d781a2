//! `data "cloudinit_config"`: a MIME message of several parts for cloud-init.
//!
//! ```hcl
//! data "cloudinit_config" "node" {
//!   gzip          = false
//!   base64_encode = true
//!
//!   part {
//!     content_type = "text/cloud-config"
//!     content      = yamlencode({ packages = ["jq"] })
//!   }
//! }
//! ```

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, Crc, GzBuilder};
use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::unconfigured::NoClient;

/// One part.
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Part {
    /// Its content.
    #[schema(required)]
    content: String,
    /// Its MIME type; `text/plain` when it is not set.
    #[schema(optional)]
    content_type: Option<String>,
    /// Its file name.
    #[schema(optional)]
    filename: Option<String>,
    /// How cloud-init merges it: the value of `X-Merge-Type`.
    #[schema(optional)]
    merge_type: Option<String>,
}

/// A MIME message of several parts.
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "cloudinit_config")]
pub(crate) struct CloudinitConfig {
    /// Compresses; true when it is not set.
    #[schema(optional, computed)]
    gzip: Option<bool>,
    /// Encodes in Base64; true when it is not set, and needed with `gzip`.
    #[schema(optional, computed)]
    base64_encode: Option<bool>,
    /// What separates the parts; `MIMEBOUNDARY` when it is not set.
    #[schema(optional, computed)]
    boundary: Option<String>,
    /// The parts.
    #[schema(block, min = 1)]
    part: Vec<Part>,
    /// The message.
    #[schema(computed, mirrors = "part")]
    rendered: String,
    /// The CRC-32 of the message.
    #[schema(computed)]
    id: String,
}

impl CloudinitConfig {
    /// The message before compression: the line ends are those of the incumbents' provider, byte for byte.
    fn message(&self, boundary: &str) -> String {
        let mut message = format!("Content-Type: multipart/mixed; boundary=\"{boundary}\"\nMIME-Version: 1.0\r\n\r\n");
        for (at, part) in self.part.iter().enumerate() {
            let start = if at == 0 { "" } else { "\r\n" };
            message.push_str(&format!("{start}--{boundary}\r\n"));
            if let Some(name) = part.filename.as_deref().filter(|name| !name.is_empty()) {
                message.push_str(&format!("Content-Disposition: attachment; filename=\"{name}\"\r\n"));
            }
            let content_type = part.content_type.as_deref().filter(|kind| !kind.is_empty()).unwrap_or("text/plain");
            message.push_str(&format!("Content-Transfer-Encoding: 7bit\r\nContent-Type: {content_type}\r\nMime-Version: 1.0\r\n"));
            if let Some(merge) = part.merge_type.as_deref().filter(|merge| !merge.is_empty()) {
                message.push_str(&format!("X-Merge-Type: {merge}\r\n"));
            }
            message.push_str("\r\n");
            message.push_str(&part.content);
        }
        message.push_str(&format!("\r\n--{boundary}--\r\n"));
        message
    }
}

fn compress(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    // No time and no system in the header: equal input gives equal bytes.
    let mut encoder = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

impl DataSource for CloudinitConfig {
    type Client = NoClient;
    const OFFLINE: bool = true;

    fn validate(config: &Value) -> Vec<Fault> {
        let is = |name, truth| config.get(name).and_then(|value| value.as_bool()) == Some(truth);
        let unset = config.get("gzip").is_none_or(|gzip| gzip.is_null());
        if is("base64_encode", false) && (is("gzip", true) || unset) {
            let detail = "What is compressed is no text: base64_encode has to be true with gzip (which is true when it is not set).";
            return vec![Fault::attribute(Path::attr("base64_encode"), "Base64 is needed", detail)];
        }
        Vec::new()
    }

    async fn read(_: &NoClient, config: Self) -> Result<Self, Fault> {
        let (gzip, base64) = (config.gzip.unwrap_or(true), config.base64_encode.unwrap_or(true));
        let boundary = config.boundary.clone().unwrap_or_else(|| "MIMEBOUNDARY".to_owned());
        let message = config.message(&boundary);
        let rendered = if gzip {
            STANDARD.encode(compress(message.as_bytes()).map_err(|error| Fault::error("Cannot compress the parts", error.to_string()))?)
        } else if base64 {
            STANDARD.encode(&message)
        } else {
            message
        };
        let mut crc = Crc::new();
        crc.update(rendered.as_bytes());
        Ok(Self { gzip: Some(gzip), base64_encode: Some(base64), boundary: Some(boundary), id: crc.sum().to_string(), rendered, ..config })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use serde_json::json;
    use weir_provider::Intent;

    use super::*;
    use crate::cloudinit::Cloudinit;
    use crate::harness::{World, text};

    const TYPE: &str = "cloudinit_config";

    #[tokio::test]
    async fn plain() {
        let world = World::new::<Cloudinit>().await;
        let parts = json!([
            {"content_type": "text/x-shellscript", "content": "baz", "filename": "foobar.sh"},
            {"content": "ho", "merge_type": "list()+dict()"},
        ]);
        let read = world.data(TYPE, json!({"gzip": false, "base64_encode": false, "part": parts})).await.unwrap();
        let expected = "Content-Type: multipart/mixed; boundary=\"MIMEBOUNDARY\"\nMIME-Version: 1.0\r\n\r\n--MIMEBOUNDARY\r\nContent-Disposition: attachment; filename=\"foobar.sh\"\r\nContent-Transfer-Encoding: 7bit\r\nContent-Type: text/x-shellscript\r\nMime-Version: 1.0\r\n\r\nbaz\r\n--MIMEBOUNDARY\r\nContent-Transfer-Encoding: 7bit\r\nContent-Type: text/plain\r\nMime-Version: 1.0\r\nX-Merge-Type: list()+dict()\r\n\r\nho\r\n--MIMEBOUNDARY--\r\n";
        assert_eq!(text(&read, "rendered"), expected);
        assert!(text(&read, "id").parse::<u32>().is_ok());
    }

    #[tokio::test]
    async fn encoded() {
        let world = World::new::<Cloudinit>().await;
        let part = json!([{"content": "x"}]);
        let plain = text(&world.data(TYPE, json!({"gzip": false, "base64_encode": false, "boundary": "B", "part": part})).await.unwrap(), "rendered");
        let base64 = text(&world.data(TYPE, json!({"gzip": false, "boundary": "B", "part": part})).await.unwrap(), "rendered");
        assert_eq!(STANDARD.decode(base64).unwrap(), plain.as_bytes());
        let gzip = STANDARD.decode(text(&world.data(TYPE, json!({"boundary": "B", "part": part})).await.unwrap(), "rendered")).unwrap();
        assert_eq!(gzip[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
        let mut text = String::new();
        flate2::read::GzDecoder::new(&*gzip).read_to_string(&mut text).unwrap();
        assert_eq!(text, plain);
        assert_eq!(world.validate(Intent::Data, TYPE, json!({"base64_encode": false, "part": part})).len(), 1);
        assert_eq!(world.validate(Intent::Data, TYPE, json!({"base64_encode": false, "gzip": false, "part": part})).len(), 0);
    }
}
