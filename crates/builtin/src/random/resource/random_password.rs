//! `random_password`: a random secret text; it stands in the state.
//!
//! ```hcl
//! resource "random_password" "this" {
//!   length           = 24
//!   override_special = "_-"
//! }
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use crate::random::characters::{self, Characters};
use crate::unconfigured::{NoClient, remembered};

/// A random secret text.
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "random_password", version = 3)]
pub(crate) struct RandomPassword {
    /// Any values; a change makes a new one.
    #[schema(optional, force_new)]
    keepers: Option<BTreeMap<String, Option<String>>>,
    /// The number of characters, at least 1 and at least the sum of the `min_` arguments.
    #[schema(required, force_new)]
    length: u64,
    /// Has upper-case letters.
    #[schema(optional, computed, force_new, default = true)]
    upper: bool,
    /// The least number of upper-case letters.
    #[schema(optional, computed, force_new, default = 0)]
    min_upper: u64,
    /// Has lower-case letters.
    #[schema(optional, computed, force_new, default = true)]
    lower: bool,
    /// The least number of lower-case letters.
    #[schema(optional, computed, force_new, default = 0)]
    min_lower: u64,
    /// Has digits.
    #[schema(optional, computed, force_new, default = true)]
    numeric: bool,
    /// The least number of digits.
    #[schema(optional, computed, force_new, default = 0)]
    min_numeric: u64,
    /// Has digits.
    #[schema(optional, computed, force_new, default = true, deprecated = "Use `numeric`.")]
    number: bool,
    /// Has special characters: `!@#$%&*()-_=+[]{}<>:?`.
    #[schema(optional, computed, force_new, default = true)]
    special: bool,
    /// The least number of special characters.
    #[schema(optional, computed, force_new, default = 0)]
    min_special: u64,
    /// Other special characters; `special` still has to be true.
    #[schema(optional, force_new)]
    override_special: Option<String>,
    /// The text.
    #[schema(computed, sensitive)]
    result: String,
    /// The bcrypt hash of the text.
    #[schema(computed, sensitive)]
    bcrypt_hash: String,
    /// Always `none`.
    #[schema(computed)]
    id: String,
}

impl Resource for RandomPassword {
    type Client = NoClient;
    const LOCAL: bool = true;

    fn validate(config: &Value) -> Vec<Fault> {
        characters::validate(config)
    }

    fn plan(_: &NoClient, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        characters::plan(plan);
        Ok(())
    }

    async fn create(_: &NoClient, planned: Self, _: &Operation<'_>) -> Result<Self, Fault> {
        let size = |number: u64| usize::try_from(number).unwrap_or_default();
        let wanted = Characters {
            length: size(planned.length),
            upper: (planned.upper, size(planned.min_upper)),
            lower: (planned.lower, size(planned.min_lower)),
            numeric: (planned.numeric, size(planned.min_numeric)),
            special: (planned.special, size(planned.min_special)),
            override_special: planned.override_special.as_deref(),
        };
        let result = wanted.draw()?;
        planned.with(result)
    }

    remembered!();

    /// The text itself.
    async fn import(_: &NoClient, id: &str) -> Result<Self, Fault> {
        let all = Self { length: id.chars().count() as u64, upper: true, lower: true, numeric: true, number: true, special: true, ..Self::default() };
        all.with(id.to_owned())
    }
}

impl RandomPassword {
    fn with(self, result: String) -> Result<Self, Fault> {
        // bcrypt takes 72 bytes; the rest of a longer text has no part in the hash.
        let hash = bcrypt::hash(&result.as_bytes()[..result.len().min(72)], bcrypt::DEFAULT_COST.min(10));
        let bcrypt_hash = hash.map_err(|error| Fault::error("Cannot hash the password", error.to_string()))?;
        Ok(Self { id: "none".to_owned(), bcrypt_hash, result, ..self })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use weir_provider::Intent;

    use crate::harness::{World, text};
    use crate::random::Random;

    #[tokio::test]
    async fn lifecycle() {
        let world = World::new::<Random>().await;
        let state = world.create("random_password", json!({"length": 20, "special": false, "min_numeric": 2})).await;
        assert!(text(&state, "result").len() == 20 && text(&state, "result").chars().all(|letter| letter.is_ascii_alphanumeric()));
        assert!(bcrypt::verify(text(&state, "result"), &text(&state, "bcrypt_hash")).unwrap());
        assert_eq!(text(&state, "id"), "none");
        let old = world.create("random_password", json!({"length": 8, "number": false})).await;
        assert_eq!(old.get("numeric"), Some(false.into()));
        assert_eq!(world.replaces("random_password", &state, json!({"length": 21, "special": false, "min_numeric": 2})).await, ["length"]);
        let imported = world.import("random_password", "Abc-1").await;
        assert_eq!((text(&imported, "result"), imported.get("length")), ("Abc-1".into(), Some(5.into())));
        assert_eq!(world.validate(Intent::Resource, "random_password", json!({"length": 2, "min_upper": 3})).len(), 1);
        world.delete("random_password", &state).await;
    }
}
