//! `random_shuffle`: a list in random order.
//!
//! ```hcl
//! resource "random_shuffle" "zones" {
//!   input        = ["a", "b", "c"]
//!   result_count = 2
//! }
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource};
use weir_provider::{Fault, Schema};

use crate::random::source::Source;
use crate::unconfigured::{NoClient, remembered};

/// A list in random order.
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "random_shuffle")]
pub(crate) struct RandomShuffle {
    /// Any values; a change makes a new one.
    #[schema(optional, force_new)]
    keepers: Option<BTreeMap<String, Option<String>>>,
    /// Fixes the result.
    #[schema(optional, force_new)]
    seed: Option<String>,
    /// The list.
    #[schema(required, force_new)]
    input: Vec<String>,
    /// The number of results; more than the list is long repeats it.
    #[schema(optional, force_new)]
    result_count: Option<u64>,
    /// The shuffled list.
    #[schema(computed)]
    result: Vec<String>,
    /// Always `-`.
    #[schema(computed)]
    id: String,
}

impl Resource for RandomShuffle {
    type Client = NoClient;
    const LOCAL: bool = true;

    async fn create(_: &NoClient, planned: Self, _: &Operation<'_>) -> Result<Self, Fault> {
        let count = planned.result_count.map_or(planned.input.len(), |count| usize::try_from(count).unwrap_or_default());
        let mut source = Source::seeded(planned.seed.as_deref());
        let mut result = Vec::new();
        while result.len() < count && !planned.input.is_empty() {
            let mut round = planned.input.clone();
            source.shuffle(&mut round)?;
            result.extend(round);
        }
        result.truncate(count);
        Ok(Self { result, id: "-".to_owned(), ..planned })
    }

    remembered!();

    async fn import(_: &NoClient, _: &str) -> Result<Self, Fault> {
        Err(Fault::error("Import not supported", "A random_shuffle cannot be imported."))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use weir_value::Value;

    use crate::harness::World;
    use crate::random::Random;

    #[tokio::test]
    async fn lifecycle() {
        let world = World::new::<Random>().await;
        let state = world.create("random_shuffle", json!({"input": ["a", "b", "c"]})).await;
        let mut result: Vec<String> = state.get("result").unwrap().elements().filter_map(Value::as_str).map(str::to_owned).collect();
        result.sort();
        assert_eq!(result, ["a", "b", "c"]);
        let long = world.create("random_shuffle", json!({"input": ["a", "b"], "result_count": 5})).await;
        assert_eq!(long.get("result").unwrap().length(), Some(5));
        assert_eq!(world.replaces("random_shuffle", &state, json!({"input": ["a"]})).await, ["input"]);
        world.delete("random_shuffle", &state).await;
    }
}
