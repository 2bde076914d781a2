//! What is known of an unknown value.

use std::sync::Arc;

use crate::Type;

/// A value that is not known yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Unknown {
    /// Its type, as far as it is known.
    pub ty: Type,
    /// What else is known of it.
    pub refinement: Refinement,
    /// What it waits for when that is more than an apply: `gate.root_ca`. Shown as `(known after gate.root_ca)`.
    pub cause: Option<Arc<str>>,
}

/// Facts about a value that is not known yet. The default says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Refinement {
    /// It will not be null.
    pub not_null: bool,
    /// A string that it will start with.
    pub prefix: Arc<str>,
    /// The least number of elements of a collection.
    pub min_length: u64,
    /// The greatest number of elements of a collection.
    pub max_length: Option<u64>,
}

impl Refinement {
    /// What is true of either of two values.
    #[must_use]
    pub fn either(&self, other: &Self) -> Self {
        let common: String = self.prefix.chars().zip(other.prefix.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect();
        Self {
            not_null: self.not_null && other.not_null,
            prefix: common.into(),
            min_length: self.min_length.min(other.min_length),
            max_length: self.max_length.zip(other.max_length).map(|(a, b)| a.max(b)),
        }
    }
}
