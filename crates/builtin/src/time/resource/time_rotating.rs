//! `time_rotating`: a point in time that is replaced when it is old enough.
//!
//! ```hcl
//! resource "time_rotating" "key" {
//!   rotation_days = 90
//! }
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::{Date, Duration, OffsetDateTime};
use weir_provider::native::{Operation, Resource};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use crate::time::clock;
use crate::unconfigured::{NoClient, remembered};
use crate::x509::certificate::rfc3339;

/// A point in time that is replaced when it is old enough.
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "time_rotating")]
pub(crate) struct TimeRotating {
    /// Any values; a change makes a new one.
    #[schema(optional, force_new)]
    triggers: Option<BTreeMap<String, Option<String>>>,
    /// The time from which the age counts, in RFC 3339; now when it is not set.
    #[schema(optional, computed, force_new)]
    rfc3339: String,
    /// The time of the rotation in RFC 3339, or one of the spans.
    #[schema(optional, computed, force_new)]
    rotation_rfc3339: String,
    /// The age in years.
    #[schema(optional, force_new)]
    rotation_years: Option<i64>,
    /// The age in months.
    #[schema(optional, force_new)]
    rotation_months: Option<i64>,
    /// The age in days.
    #[schema(optional, force_new)]
    rotation_days: Option<i64>,
    /// The age in hours.
    #[schema(optional, force_new)]
    rotation_hours: Option<i64>,
    /// The age in minutes.
    #[schema(optional, force_new)]
    rotation_minutes: Option<i64>,
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

/// So many months later; a day that the month does not have is counted into the next one.
fn months_later(at: OffsetDateTime, months: i64) -> Option<OffsetDateTime> {
    let index = i64::from(at.year()) * 12 + i64::from(u8::from(at.month())) - 1 + months;
    let month = time::Month::try_from(u8::try_from(index.rem_euclid(12) + 1).ok()?).ok()?;
    let first = Date::from_calendar_date(i32::try_from(index.div_euclid(12)).ok()?, month, 1).ok()?;
    at.replace_date(first).checked_add(Duration::days(i64::from(at.day()) - 1))
}

impl TimeRotating {
    fn rotation(&self, from: OffsetDateTime) -> Option<OffsetDateTime> {
        let months = self.rotation_years.unwrap_or_default().checked_mul(12)?.checked_add(self.rotation_months.unwrap_or_default())?;
        let minutes = [(self.rotation_days, 1440), (self.rotation_hours, 60), (self.rotation_minutes, 1)];
        let minutes = minutes.into_iter().try_fold(0i64, |sum, (count, each)| sum.checked_add(count.unwrap_or_default().checked_mul(each)?))?;
        months_later(from, months)?.checked_add(Duration::seconds(minutes.checked_mul(60)?))
    }
}

impl Resource for TimeRotating {
    type Client = NoClient;
    const LOCAL: bool = true;

    fn validate(config: &Value) -> Vec<Fault> {
        let names = ["rotation_rfc3339", "rotation_years", "rotation_months", "rotation_days", "rotation_hours", "rotation_minutes"];
        if names.iter().all(|name| config.get(name).is_none_or(|value| value.is_null())) {
            return vec![Fault::error("No rotation", format!("Set one of {}.", names.join(", ")))];
        }
        Vec::new()
    }

    async fn create(_: &NoClient, planned: Self, _: &Operation<'_>) -> Result<Self, Fault> {
        let text = if planned.rfc3339.is_empty() { clock::now() } else { planned.rfc3339.clone() };
        let at = clock::parse(&text)?;
        let rotation = if planned.rotation_rfc3339.is_empty() {
            let rotation = planned.rotation(at).ok_or_else(|| Fault::error("Invalid rotation", "The rotation lies beyond the year 9999."))?;
            rfc3339(rotation)
        } else {
            clock::parse(&planned.rotation_rfc3339)?;
            planned.rotation_rfc3339.clone()
        };
        Ok(Self {
            rotation_rfc3339: rotation,
            year: i64::from(at.year()),
            month: i64::from(u8::from(at.month())),
            day: i64::from(at.day()),
            hour: i64::from(at.hour()),
            minute: i64::from(at.minute()),
            second: i64::from(at.second()),
            unix: at.unix_timestamp(),
            id: text.clone(),
            rfc3339: text,
            ..planned
        })
    }

    /// One whose time has come is gone, so that another is made.
    async fn read(_: &NoClient, prior: Self) -> Result<Option<Self>, Fault> {
        let due = OffsetDateTime::now_utc() >= clock::parse(&prior.rotation_rfc3339)?;
        Ok((!due).then_some(prior))
    }

    remembered!(change);

    async fn import(_: &NoClient, _: &str) -> Result<Self, Fault> {
        Err(Fault::error("Import not supported", "A time_rotating cannot be imported."))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use weir_provider::Intent;

    use super::*;
    use crate::harness::{World, text};
    use crate::time::Time;

    const TYPE: &str = "time_rotating";

    #[tokio::test]
    async fn lifecycle() {
        let world = World::new::<Time>().await;
        let config = json!({"rfc3339": "2999-01-31T00:00:00Z", "rotation_months": 1, "rotation_hours": 2});
        let state = world.create(TYPE, config).await;
        assert_eq!(text(&state, "rotation_rfc3339"), "2999-03-03T02:00:00Z");
        assert_eq!(world.validate(Intent::Resource, TYPE, json!({})).len(), 1);
        let old = Value::object([("rotation_rfc3339", Value::from("2020-01-01T00:00:00Z"))]);
        assert_eq!(world.read(TYPE, &old).await, None);
        assert_eq!(world.replaces(TYPE, &state, json!({"rfc3339": "2999-01-31T00:00:00Z", "rotation_months": 2, "rotation_hours": 2})).await, ["rotation_months"]);
        world.delete(TYPE, &state).await;
    }
}
