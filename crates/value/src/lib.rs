//! Typed values that may be unknown or marked (sensitive, ephemeral).
//!
//! A [`Value`] is immutable and cheap to clone: everything that is not a scalar lies behind an `Arc`. It is *not* an evaluator: operators
//! and functions live in `eval`; here are types, conversion, unification, comparison, and the encodings that a state or plan needs.
//!
//! A marked value has no text of its own: `Value` implements no `Display`, its `Debug` hides what is sensitive or ephemeral, and the only way to the content of such a value
//! is [`Value::expose`].

mod convert;
mod json;
mod marks;
mod number;
mod path;
mod refine;
mod set;
mod ty;
mod unify;
mod value;

pub use convert::{ConvertError, convert};
pub use json::{JsonError, decode_json, decode_json_untyped, encode_json, encode_json_typed, json_string};
pub use marks::Marks;
pub use number::Number;
pub use path::{Path, PathStep};
pub use refine::{Refinement, Unknown};
pub use set::SetValue;
pub use ty::{ObjectType, Type};
pub use unify::unify;
pub use value::{Marked, Value};
