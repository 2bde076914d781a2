//! How a command ends.

use std::process::ExitCode;

use weir_diag::{Diagnostic, Diagnostics, Sources};

/// An exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exit(pub(crate) u8);

impl Exit {
    /// Done, nothing left.
    pub(crate) const DONE: Self = Self(0);
    /// Something went wrong.
    pub(crate) const ERROR: Self = Self(1);
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.0)
    }
}

/// Why a command could not do what it was asked to.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What is told to the user.
    pub(crate) diagnostics: Diagnostics,
    /// The files that the diagnostics point into.
    pub(crate) sources: Sources,
    /// How the process ends.
    pub(crate) exit: Exit,
}

impl Failure {
    /// Diagnostics that point into these files.
    pub(crate) fn new(diagnostics: Diagnostics, sources: &Sources) -> Self {
        Self { diagnostics, sources: sources.clone(), exit: Exit::ERROR }
    }

    /// One error without a place.
    pub(crate) fn error(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Diagnostic::error(summary, detail).into()
    }
}

impl From<Diagnostics> for Failure {
    fn from(diagnostics: Diagnostics) -> Self {
        Self { diagnostics, sources: Sources::new(), exit: Exit::ERROR }
    }
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Diagnostics::from(diagnostic).into()
    }
}

/// What a command returns.
pub(crate) type Outcome = Result<Exit, Failure>;
