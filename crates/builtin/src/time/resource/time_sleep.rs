//! `time_sleep`: waits when it is created or destroyed.
//!
//! ```hcl
//! resource "time_sleep" "propagation" {
//!   create_duration = "30s"
//!   depends_on      = [aws_iam_role.node]
//! }
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::time::clock;
use crate::unconfigured::NoClient;

/// Waits.
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "time_sleep")]
pub(crate) struct TimeSleep {
    /// Any values; a change makes a new one, which waits again.
    #[schema(optional, force_new)]
    triggers: Option<BTreeMap<String, Option<String>>>,
    /// How long the creation waits: `30s`, `5m`.
    #[schema(optional)]
    create_duration: Option<String>,
    /// How long the destruction waits.
    #[schema(optional)]
    destroy_duration: Option<String>,
    /// The time of its creation in RFC 3339.
    #[schema(computed)]
    id: String,
}

impl Resource for TimeSleep {
    type Client = NoClient;
    const LOCAL: bool = true;

    fn validate(config: &Value) -> Vec<Fault> {
        let text = |name| config.get(name).and_then(|value| value.as_str().map(str::to_owned));
        let faults = ["create_duration", "destroy_duration"].into_iter().filter_map(|name| {
            let fault = clock::span(&text(name)?).err()?;
            Some(Fault { path: Some(Path::attr(name)), ..fault })
        });
        faults.collect()
    }

    async fn create(_: &NoClient, planned: Self, _: &Operation<'_>) -> Result<Self, Fault> {
        if let Some(span) = &planned.create_duration {
            tokio::time::sleep(clock::span(span)?).await;
        }
        Ok(Self { id: clock::now(), ..planned })
    }

    async fn read(_: &NoClient, prior: Self) -> Result<Option<Self>, Fault> {
        Ok(Some(prior))
    }

    async fn update(_: &NoClient, _: Self, planned: Self, _: &Operation<'_>) -> Result<Self, Fault> {
        Ok(planned)
    }

    async fn delete(_: &NoClient, prior: Self, _: &Operation<'_>) -> Result<(), Fault> {
        if let Some(span) = &prior.destroy_duration {
            tokio::time::sleep(clock::span(span)?).await;
        }
        Ok(())
    }

    /// `CREATE_DURATION,DESTROY_DURATION`, either of them empty.
    async fn import(_: &NoClient, id: &str) -> Result<Self, Fault> {
        let (create, destroy) = id.split_once(',').ok_or_else(|| Fault::error("Invalid import id", format!("\"{id}\" is not CREATE_DURATION,DESTROY_DURATION.")))?;
        let set = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Ok(Self { triggers: None, create_duration: set(create), destroy_duration: set(destroy), id: clock::now() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use weir_provider::Intent;
    use weir_value::{Type, Value};

    use crate::harness::World;
    use crate::time::Time;

    #[tokio::test(start_paused = true)]
    async fn lifecycle() {
        let world = World::new::<Time>().await;
        let start = tokio::time::Instant::now();
        let state = world.create("time_sleep", json!({"create_duration": "1h"})).await;
        assert_eq!(start.elapsed().as_secs(), 3600);
        let state = world.update("time_sleep", &state, json!({"destroy_duration": "1m"})).await;
        assert_eq!(world.replaces("time_sleep", &state, json!({"triggers": {"a": "1"}})).await, ["triggers"]);
        assert_eq!(world.import("time_sleep", "30s,").await.get("destroy_duration"), Some(Value::Null(Type::String)));
        assert_eq!(world.validate(Intent::Resource, "time_sleep", json!({"create_duration": "x"})).len(), 1);
        world.delete("time_sleep", &state).await;
        assert_eq!(start.elapsed().as_secs(), 3720);
    }
}
