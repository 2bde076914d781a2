//! `data "null_data_source"`: gives out what is put in. A `locals` block does the same.
//!
//! ```hcl
//! data "null_data_source" "values" {
//!   inputs = { name = var.name }
//! }
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::random::Source;
use crate::unconfigured::NoClient;

/// Gives out what is put in.
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "null_data_source")]
pub(crate) struct NullDataSource {
    /// Any values.
    #[schema(optional)]
    inputs: Option<BTreeMap<String, Option<String>>>,
    /// The same values.
    #[schema(computed, mirrors = "inputs")]
    outputs: Option<BTreeMap<String, Option<String>>>,
    /// A random number.
    #[schema(computed)]
    random: String,
    /// A text; `default` when it is not set.
    #[schema(optional, computed)]
    has_computed_default: Option<String>,
    /// Always `static`.
    #[schema(computed, deprecated = "It is always the same.")]
    id: String,
}

impl DataSource for NullDataSource {
    type Client = NoClient;
    const OFFLINE: bool = true;

    async fn read(_: &NoClient, config: Self) -> Result<Self, Fault> {
        Ok(Self {
            outputs: config.inputs.clone(),
            random: Source::System.below(1 << 63)?.to_string(),
            has_computed_default: Some(config.has_computed_default.unwrap_or_else(|| "default".to_owned())),
            id: "static".to_owned(),
            inputs: config.inputs,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{World, text};
    use crate::null::Null;

    #[tokio::test]
    async fn reads() {
        let world = World::new::<Null>().await;
        let read = world.data("null_data_source", json!({"inputs": {"a": "1"}})).await.unwrap();
        assert_eq!((read.get("outputs"), text(&read, "has_computed_default")), (read.get("inputs"), "default".into()));
    }
}
