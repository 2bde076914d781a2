//! What the lower floors answer, as text.

pub(crate) mod diagnostic;
pub(crate) mod diagnostic_json;
pub(crate) mod expression;
pub(crate) mod object;
mod paint;
mod snippet;
mod wrap;

pub(crate) use paint::Paint;
