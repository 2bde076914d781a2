//! When a certificate is to be made anew, and what all certificate types check.

use weir_provider::Fault;
use weir_provider::native::ResourcePlan;
use weir_value::{Path, Value};

use crate::x509::{certificate, uses};

/// The uses are known words, the hours no negative numbers.
pub(crate) fn validate(config: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (at, used) in config.get("allowed_uses").iter().flat_map(Value::elements).enumerate() {
        if let Some(name) = used.as_str()
            && !uses::is_known(name)
        {
            let path = Path::attr("allowed_uses").index(at as u64);
            faults.push(Fault::attribute(path, "Unknown use", format!("\"{name}\" is no key usage or extended key usage.")));
        }
    }
    for name in ["validity_period_hours", "early_renewal_hours"] {
        if config.get(name).and_then(|value| value.as_i64()).is_some_and(i64::is_negative) {
            faults.push(Fault::attribute(Path::attr(name), "Negative number of hours", "The number of hours has to be 0 or more."));
        }
    }
    faults
}

/// A certificate that is due, because a reading said so or by the clock, is replaced: what will be made is not ready for renewal.
pub(crate) fn plan(plan: &mut ResourcePlan<'_>) {
    plan.set("ready_for_renewal", Value::from(false));
    let hours = plan.planned("early_renewal_hours").as_i64().unwrap_or_default();
    let due = plan.prior("validity_end_time").as_str().is_some_and(|end| certificate::is_due(end, hours));
    if due && !plan.changed("ready_for_renewal") {
        plan.unknown("ready_for_renewal");
    }
}
