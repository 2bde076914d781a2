//! `time_static`: a point in time that stays.
//!
//! ```hcl
//! resource "time_static" "created" {}
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use crate::time::clock;
use crate::unconfigured::{NoClient, remembered};

/// A point in time.
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "time_static")]
pub(crate) struct TimeStatic {
    /// Any values; a change makes a new one.
    #[schema(optional, force_new)]
    triggers: Option<BTreeMap<String, Option<String>>>,
    /// The time in RFC 3339; now when it is not set.
    #[schema(optional, computed, force_new)]
    rfc3339: String,
    /// The year.
    #[schema(computed)]
    year: i64,
    /// The month, 1 to 12.
    #[schema(computed)]
    month: i64,
    /// The day of the month.
    #[schema(computed)]
    day: i64,
    /// The hour.
    #[schema(computed)]
    hour: i64,
    /// The minute.
    #[schema(computed)]
    minute: i64,
    /// The second.
    #[schema(computed)]
    second: i64,
    /// Seconds since 1970.
    #[schema(computed)]
    unix: i64,
    /// The time in RFC 3339.
    #[schema(computed)]
    id: String,
}

impl TimeStatic {
    fn of(self, text: String) -> Result<Self, Fault> {
        let at = clock::parse(&text)?;
        Ok(Self {
            triggers: self.triggers,
            year: i64::from(at.year()),
            month: i64::from(u8::from(at.month())),
            day: i64::from(at.day()),
            hour: i64::from(at.hour()),
            minute: i64::from(at.minute()),
            second: i64::from(at.second()),
            unix: at.unix_timestamp(),
            id: text.clone(),
            rfc3339: text,
        })
    }
}

impl Resource for TimeStatic {
    type Client = NoClient;
    const LOCAL: bool = true;

    fn validate(config: &Value) -> Vec<Fault> {
        let text = config.get("rfc3339").and_then(|value| value.as_str().map(str::to_owned));
        let fault = text.and_then(|text| clock::parse(&text).err());
        fault.map(|fault| Fault { path: Some(Path::attr("rfc3339")), ..fault }).into_iter().collect()
    }

    async fn create(_: &NoClient, planned: Self, _: &Operation<'_>) -> Result<Self, Fault> {
        let text = if planned.rfc3339.is_empty() { clock::now() } else { planned.rfc3339.clone() };
        planned.of(text)
    }

    remembered!();

    /// The time in RFC 3339.
    async fn import(_: &NoClient, id: &str) -> Result<Self, Fault> {
        Self::default().of(id.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{World, text};
    use crate::time::Time;

    #[tokio::test]
    async fn lifecycle() {
        let world = World::new::<Time>().await;
        let state = world.create("time_static", json!({})).await;
        assert_eq!(text(&state, "id"), text(&state, "rfc3339"));
        let imported = world.import("time_static", "2020-02-12T06:36:13Z").await;
        assert_eq!((imported.get("unix"), imported.get("month")), (Some(1_581_489_373.into()), Some(2.into())));
        assert_eq!(world.replaces("time_static", &state, json!({"rfc3339": "2020-02-12T06:36:13Z"})).await, ["rfc3339"]);
        world.delete("time_static", &state).await;
    }
}
