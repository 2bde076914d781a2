//! `random_integer`: a whole number between two others, both included.
//!
//! ```hcl
//! resource "random_integer" "priority" {
//!   min = 1
//!   max = 50000
//! }
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::random::source::Source;
use crate::unconfigured::{NoClient, remembered};

/// A random whole number.
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "random_integer")]
pub(crate) struct RandomInteger {
    /// Any values; a change makes a new one.
    #[schema(optional, force_new)]
    keepers: Option<BTreeMap<String, Option<String>>>,
    /// The least number.
    #[schema(required, force_new)]
    min: i64,
    /// The greatest number.
    #[schema(required, force_new)]
    max: i64,
    /// Fixes the result.
    #[schema(optional, force_new)]
    seed: Option<String>,
    /// The number.
    #[schema(computed)]
    result: i64,
    /// The number as a text.
    #[schema(computed)]
    id: String,
}

impl Resource for RandomInteger {
    type Client = NoClient;
    const LOCAL: bool = true;

    fn validate(config: &Value) -> Vec<Fault> {
        let number = |name| config.get(name).and_then(|value| value.as_i64());
        match (number("min"), number("max")) {
            (Some(min), Some(max)) if min > max => {
                vec![Fault::attribute(Path::attr("min"), "Invalid range", format!("min ({min}) is greater than max ({max})."))]
            }
            _ => Vec::new(),
        }
    }

    async fn create(_: &NoClient, planned: Self, _: &Operation<'_>) -> Result<Self, Fault> {
        let span = planned.max.abs_diff(planned.min).saturating_add(1);
        let step = Source::seeded(planned.seed.as_deref()).below(span)?;
        let result = planned.min.wrapping_add_unsigned(step);
        Ok(Self { result, id: result.to_string(), ..planned })
    }

    remembered!();

    /// `RESULT,MIN,MAX` or `RESULT,MIN,MAX,SEED`
    async fn import(_: &NoClient, id: &str) -> Result<Self, Fault> {
        let wrong = || Fault::error("Invalid import id", format!("\"{id}\" is not RESULT,MIN,MAX or RESULT,MIN,MAX,SEED."));
        let parts: Vec<&str> = id.splitn(4, ',').collect();
        let number = |at: usize| parts.get(at).and_then(|text| text.parse().ok()).ok_or_else(wrong);
        let (result, min, max) = (number(0)?, number(1)?, number(2)?);
        Ok(Self { keepers: None, min, max, seed: parts.get(3).map(ToString::to_string), result, id: result.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::harness::World;
    use crate::random::Random;

    #[tokio::test]
    async fn lifecycle() {
        let world = World::new::<Random>().await;
        let state = world.create("random_integer", json!({"min": 3, "max": 5})).await;
        assert!((3..=5).contains(&state.get("result").unwrap().as_i64().unwrap()));
        assert_eq!(world.replaces("random_integer", &state, json!({"min": 3, "max": 6})).await, ["max"]);
        assert_eq!(world.import("random_integer", "7,1,9,s").await.get("seed"), Some(Value::from("s")));
        let seeded = json!({"min": 0, "max": 1_000_000, "seed": "x"});
        assert_eq!(world.create("random_integer", seeded.clone()).await, world.create("random_integer", seeded).await);
        world.delete("random_integer", &state).await;
    }
}
