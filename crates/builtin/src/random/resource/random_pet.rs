//! `random_pet`: a name that a person can remember.
//!
//! ```hcl
//! resource "random_pet" "cluster" {
//!   length = 3
//! }
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource};
use weir_provider::{Fault, Schema};

use crate::random::source::Source;
use crate::random::words::{ADJECTIVES, ADVERBS, ANIMALS};
use crate::unconfigured::{NoClient, remembered};

/// A name of several words.
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "random_pet")]
pub(crate) struct RandomPet {
    /// Any values; a change makes a new one.
    #[schema(optional, force_new)]
    keepers: Option<BTreeMap<String, Option<String>>>,
    /// The number of words.
    #[schema(optional, computed, force_new, default = 2)]
    length: i64,
    /// A text that stands before the words, with a separator.
    #[schema(optional, force_new)]
    prefix: Option<String>,
    /// What stands between the words.
    #[schema(optional, computed, force_new, default = "-")]
    separator: String,
    /// The name.
    #[schema(computed)]
    id: String,
}

impl Resource for RandomPet {
    type Client = NoClient;
    const LOCAL: bool = true;

    async fn create(_: &NoClient, mut planned: Self, _: &Operation<'_>) -> Result<Self, Fault> {
        let mut source = Source::System;
        let mut words: Vec<&str> = planned.prefix.as_deref().filter(|prefix| !prefix.is_empty()).into_iter().collect();
        for left in (1..=planned.length).rev() {
            let list = match left {
                1 => ANIMALS,
                2 => ADJECTIVES,
                _ => ADVERBS,
            };
            words.extend(source.pick(list)?);
        }
        planned.id = words.join(&planned.separator);
        Ok(planned)
    }

    remembered!();

    async fn import(_: &NoClient, _: &str) -> Result<Self, Fault> {
        Err(Fault::error("Import not supported", "A random_pet cannot be imported."))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::harness::{World, text};
    use crate::random::Random;

    #[tokio::test]
    async fn lifecycle() {
        let world = World::new::<Random>().await;
        let state = world.create("random_pet", json!({})).await;
        assert_eq!(text(&state, "id").split('-').count(), 2);
        let long = world.create("random_pet", json!({"length": 4, "prefix": "p", "separator": "_"})).await;
        assert!(text(&long, "id").starts_with("p_") && text(&long, "id").split('_').count() == 5);
        assert_eq!(world.replaces("random_pet", &state, json!({"length": 3, "separator": "."})).await, ["length", "separator"]);
        world.delete("random_pet", &state).await;
    }

    #[test]
    fn words_are_many_and_distinct() {
        for list in [ADVERBS, ADJECTIVES, ANIMALS] {
            let mut sorted = list.to_vec();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), list.len());
            assert!(list.len() >= 96 && list.iter().all(|word| word.bytes().all(|letter| letter.is_ascii_lowercase())));
        }
    }
}
