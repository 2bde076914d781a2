//! What names mean.

use std::sync::Arc;

use weir_config::syntax::Ident;
use weir_diag::{Diagnostic, Span};
use weir_value::Value;

use crate::function::FunctionError;

/// What a root name and the attribute names behind it lead to.
pub struct Found {
    /// The value.
    pub value: Value,
    /// How many of the names behind the root were used up: `var.x.y` uses one.
    pub used: usize,
}

/// What names mean where an expression stands.
pub trait Scope {
    /// Resolves a root name with the attribute names that follow it.
    fn lookup(&self, root: &Ident, names: &[(&Arc<str>, Span)]) -> Result<Found, Diagnostic>;

    /// Calls `provider::PROVIDER::NAME`; `None` when there is no such function. Arguments may be unknown or marked.
    fn call_provider(&self, provider: &str, name: &str, arguments: &[Value]) -> Option<Result<Value, FunctionError>> {
        let _ = (provider, name, arguments);
        None
    }
}

/// Where nothing has a name: defaults and values from files.
impl Scope for () {
    fn lookup(&self, root: &Ident, _: &[(&Arc<str>, Span)]) -> Result<Found, Diagnostic> {
        Err(Diagnostic::error("Variables not allowed", format!("\"{}\" cannot be used here: only values without references are.", root.name)).at(root.span))
    }
}
