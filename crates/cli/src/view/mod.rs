//! What the lower floors answer, as text.

pub(crate) mod diagnostic;
pub(crate) mod diagnostic_json;
pub(crate) mod expression;
pub(crate) mod object;
mod paint;
pub(crate) mod plan;
pub(crate) mod plan_json;
pub(crate) mod progress;
pub(crate) mod report;
mod snippet;
pub(crate) mod stream;
mod wrap;

pub(crate) use paint::Paint;
