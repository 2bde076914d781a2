//! Versions of providers are constrained as those of modules are.

pub use weir_addr::{Constraint, ConstraintError};
