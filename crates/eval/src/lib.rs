//! Expressions and blocks to instances and values; pure and synchronous.
//!
//! [`Evaluator`] computes an expression in a [`Scope`] (what names mean) with a [`Host`](function::Host) (what files and clocks say); [`decode_body`] makes a value of a block by a schema.
//! Nothing here reads a file, a clock or the network, and nothing here knows what a plan is.

mod access;
mod body;
mod constraint;
mod evaluator;
#[cfg(test)]
mod expressions;
pub mod function;
mod operator;
mod repeat;
mod scope;
mod template;

pub use body::{decode_body, span_of};
pub use constraint::{check_defaults, convert_to, convert_variable};
pub use evaluator::Evaluator;
pub use repeat::{Instances, expand, expand_now};
pub use scope::{Found, Scope};
pub use template::MAX_TEMPLATE_DEPTH;
