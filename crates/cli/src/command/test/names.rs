//! What names mean in a file of tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_config::syntax::Ident;
use weir_diag::{Diagnostic, Span};
use weir_eval::{Found, Scope};
use weir_value::Value;

/// `var`, `run` and `output` in a file of tests.
#[derive(Default)]
pub(super) struct Names<'a> {
    /// Variables that do not belong to the module, or all of them where there is no module.
    pub(super) variables: BTreeMap<Arc<str>, Value>,
    /// The outputs of the runs so far.
    pub(super) runs: BTreeMap<Arc<str>, Value>,
    /// All runs of the file.
    pub(super) declared: Vec<&'a str>,
    /// The outputs of the run that is checked.
    pub(super) outputs: BTreeMap<Arc<str>, Value>,
}

impl Names<'_> {
    /// What a name means here; `None` when it is the module's.
    pub(super) fn find(&self, root: &Ident, names: &[(&Arc<str>, Span)]) -> Option<Result<Found, Diagnostic>> {
        let first = names.first().map(|(name, _)| &***name);
        let found = |value: &Value| Some(Ok(Found { value: value.clone(), used: 1 }));
        match (&*root.name, first) {
            ("var", Some(name)) => found(self.variables.get(name)?),
            ("output", Some(name)) => match self.outputs.get(name) {
                Some(value) => found(value),
                None => {
                    let hint = weir_diag::did_you_mean(name, self.outputs.keys().map(|name| &**name));
                    Some(Err(Diagnostic::error("Reference to undeclared output value", format!("The module has no output \"{name}\".{hint}")).at(root.span)))
                }
            },
            ("run", Some(name)) => match self.runs.get(name) {
                Some(value) => found(value),
                None if self.declared.contains(&name) => {
                    let detail = format!("The run \"{name}\" was not carried out before this one: only outputs of earlier runs can be used.");
                    Some(Err(Diagnostic::error("Reference to unavailable run block", detail).at(root.span)))
                }
                None => {
                    let hint = weir_diag::did_you_mean(name, self.declared.iter().copied());
                    let detail = format!("There is no run \"{name}\" in this file.{hint}");
                    Some(Err(Diagnostic::error("Reference to undeclared run block", detail).at(root.span)))
                }
            },
            _ => None,
        }
    }
}

/// Outside of any module: where values of variables stand.
impl Scope for Names<'_> {
    fn lookup(&self, root: &Ident, names: &[(&Arc<str>, Span)]) -> Result<Found, Diagnostic> {
        self.find(root, names).unwrap_or_else(|| {
            let detail =
                "Values of variables in a test can refer only to var.NAME, of variables that are set for the whole file or from outside, and to run.NAME.OUTPUT.";
            Err(Diagnostic::error("Invalid reference", detail).at(root.span))
        })
    }
}
