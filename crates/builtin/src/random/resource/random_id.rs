//! `random_id`: random bytes in several spellings.
//!
//! ```hcl
//! resource "random_id" "suffix" {
//!   byte_length = 4
//!   keepers     = { vpc = aws_vpc.main.id }
//! }
//! ```

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rsa::BigUint;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::random::source::Source;
use crate::unconfigured::{NoClient, remembered};

/// Random bytes, as an identifier.
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "random_id")]
pub(crate) struct RandomId {
    /// Any values; a change makes a new one.
    #[schema(optional, force_new)]
    keepers: Option<BTreeMap<String, Option<String>>>,
    /// The number of random bytes, at least 1.
    #[schema(required, force_new)]
    byte_length: u64,
    /// A text that stands before every spelling.
    #[schema(optional, force_new)]
    prefix: Option<String>,
    /// URL-safe Base64 without padding.
    #[schema(computed)]
    b64_url: String,
    /// Base64.
    #[schema(computed)]
    b64_std: String,
    /// Hexadecimal digits, two for each byte.
    #[schema(computed)]
    hex: String,
    /// Decimal digits.
    #[schema(computed)]
    dec: String,
    /// URL-safe Base64 without padding and prefix.
    #[schema(computed)]
    id: String,
}

impl RandomId {
    fn spell(mut self, bytes: &[u8]) -> Self {
        let prefix = self.prefix.clone().unwrap_or_default();
        self.id = URL_SAFE_NO_PAD.encode(bytes);
        self.b64_url = format!("{prefix}{}", self.id);
        self.b64_std = format!("{prefix}{}", STANDARD.encode(bytes));
        self.hex = format!("{prefix}{}", hex::encode(bytes));
        self.dec = format!("{prefix}{}", BigUint::from_bytes_be(bytes));
        self
    }
}

impl Resource for RandomId {
    type Client = NoClient;
    const LOCAL: bool = true;

    fn validate(config: &Value) -> Vec<Fault> {
        match config.get("byte_length").and_then(|length| length.as_i64()) {
            Some(..1) => vec![Fault::attribute(Path::attr("byte_length"), "Invalid length", "The length has to be at least 1 byte.")],
            _ => Vec::new(),
        }
    }

    async fn create(_: &NoClient, planned: Self, _: &Operation<'_>) -> Result<Self, Fault> {
        let mut bytes = vec![0; usize::try_from(planned.byte_length).unwrap_or_default()];
        Source::System.fill(&mut bytes)?;
        Ok(planned.spell(&bytes))
    }

    remembered!();

    /// `ID` or `PREFIX,ID`
    async fn import(_: &NoClient, id: &str) -> Result<Self, Fault> {
        let (prefix, id) = id.rsplit_once(',').map_or((None, id), |(prefix, id)| (Some(prefix.to_owned()), id));
        let bytes = URL_SAFE_NO_PAD.decode(id).map_err(|error| Fault::error("Invalid import id", format!("\"{id}\" is not URL-safe Base64: {error}.")))?;
        Ok(Self { prefix, byte_length: bytes.len() as u64, ..Self::default() }.spell(&bytes))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{World, text};
    use crate::random::Random;

    #[tokio::test]
    async fn lifecycle() {
        let world = World::new::<Random>().await;
        let state = world.create("random_id", json!({"byte_length": 4, "keepers": {"a": "1"}})).await;
        assert_eq!((text(&state, "hex").len(), text(&state, "b64_url")), (8, text(&state, "id")));
        assert_eq!(world.replaces("random_id", &state, json!({"byte_length": 4, "keepers": {"a": "2"}})).await, ["keepers"]);
        assert_eq!(world.replaces("random_id", &state, json!({"byte_length": 5, "keepers": {"a": "1"}})).await, ["byte_length"]);
        let imported = world.import("random_id", "my-prefix,p-9hUg").await;
        assert_eq!(text(&imported, "b64_std"), "my-prefixp+9hUg==");
        assert_eq!((text(&imported, "hex"), text(&imported, "dec")), ("my-prefixa7ef6152".into(), "my-prefix2817483090".into()));
        world.delete("random_id", &state).await;
    }
}
