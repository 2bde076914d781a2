//! What the lower floors answer, as text.

pub(crate) mod diagnostic;
pub(crate) mod diagnostic_json;
mod paint;
mod snippet;
mod wrap;

pub(crate) use paint::Paint;
