//! `random_uuid`: a random UUID (version 4).
//!
//! ```hcl
//! resource "random_uuid" "tenant" {}
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource};
use weir_provider::{Fault, Schema};

use crate::unconfigured::{NoClient, remembered};

/// A random UUID.
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "random_uuid")]
pub(crate) struct RandomUuid {
    /// Any values; a change makes a new one.
    #[schema(optional, force_new)]
    keepers: Option<BTreeMap<String, Option<String>>>,
    /// The UUID.
    #[schema(computed)]
    id: String,
    /// The UUID.
    #[schema(computed)]
    result: String,
}

impl Resource for RandomUuid {
    type Client = NoClient;
    const LOCAL: bool = true;

    async fn create(_: &NoClient, planned: Self, _: &Operation<'_>) -> Result<Self, Fault> {
        let id = uuid::Uuid::new_v4().to_string();
        Ok(Self { result: id.clone(), id, ..planned })
    }

    remembered!();

    /// The UUID itself.
    async fn import(_: &NoClient, id: &str) -> Result<Self, Fault> {
        let id = uuid::Uuid::parse_str(id).map_err(|error| Fault::error("Invalid import id", format!("\"{id}\" is no UUID: {error}.")))?;
        Ok(Self { keepers: None, id: id.to_string(), result: id.to_string() })
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
        let state = world.create("random_uuid", json!({})).await;
        assert_eq!((text(&state, "result").len(), text(&state, "id")), (36, text(&state, "result")));
        assert_eq!(world.replaces("random_uuid", &state, json!({"keepers": {"a": "1"}})).await, ["keepers"]);
        let id = "6b0f8a3e-55b1-4f5c-9c50-0d4b6a8f0001";
        assert_eq!(text(&world.import("random_uuid", id).await, "result"), id);
        world.delete("random_uuid", &state).await;
    }
}
