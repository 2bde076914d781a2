//! `null_resource`: an object without anything behind it. `terraform_data` does the same and holds a value.
//!
//! ```hcl
//! resource "null_resource" "marker" {
//!   triggers = { release = var.release }
//! }
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource};
use weir_provider::{Fault, Schema};

use crate::random::Source;
use crate::unconfigured::{NoClient, remembered};

/// An object without anything behind it.
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "null_resource")]
pub(crate) struct NullResource {
    /// Any values; a change makes a new one.
    #[schema(optional, force_new)]
    triggers: Option<BTreeMap<String, Option<String>>>,
    /// A random number.
    #[schema(computed)]
    id: String,
}

impl Resource for NullResource {
    type Client = NoClient;
    const LOCAL: bool = true;

    async fn create(_: &NoClient, planned: Self, _: &Operation<'_>) -> Result<Self, Fault> {
        Ok(Self { id: Source::System.below(1 << 63)?.to_string(), ..planned })
    }

    remembered!();

    async fn import(_: &NoClient, _: &str) -> Result<Self, Fault> {
        Err(Fault::error("Import not supported", "A null_resource cannot be imported."))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{World, text};
    use crate::null::Null;

    #[tokio::test]
    async fn lifecycle() {
        let world = World::new::<Null>().await;
        let state = world.create("null_resource", json!({"triggers": {"a": "1"}})).await;
        assert!(text(&state, "id").parse::<u64>().is_ok());
        assert_eq!(world.replaces("null_resource", &state, json!({"triggers": {"a": "2"}})).await, ["triggers"]);
        world.delete("null_resource", &state).await;
    }
}
