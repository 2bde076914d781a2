//! What a provider says when something is wrong.

use std::fmt;

use weir_value::Path;

/// How bad it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Severity {
    /// The operation failed.
    #[default]
    Error,
    /// The operation went on.
    Warning,
}

/// A problem in the provider's words; the engine adds the object's address and the place in the user's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// How bad it is.
    pub severity: Severity,
    /// One line without a full stop.
    pub summary: String,
    /// What is wrong and what to do.
    pub detail: String,
    /// The attribute concerned.
    pub path: Option<Path>,
    /// True when the object does not exist (any more): a reader then reports it gone, a deleter is content.
    pub not_found: bool,
    /// True when it is not known whether the call took effect: no answer came, or none that can be understood.
    pub uncertain: bool,
    /// True when the provider will answer once more is known: what was asked for waits, and nothing is wrong.
    pub deferred: bool,
}

impl Fault {
    /// An error.
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Error, summary: summary.into(), detail: detail.into(), path: None, not_found: false, uncertain: false, deferred: false }
    }

    /// A warning.
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(summary, detail) }
    }

    /// An error about one attribute.
    pub fn attribute(path: Path, summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { path: Some(path), ..Self::error(summary, detail) }
    }

    /// The object does not exist.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self { not_found: true, ..Self::error("Object not found", what) }
    }

    /// The provider will answer once more is known; `why` in words.
    pub fn deferred(why: impl Into<String>) -> Self {
        Self { deferred: true, ..Self::error("Deferred by the provider", why) }
    }

    /// An error after which it is not known whether the call took effect.
    pub fn uncertain(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { uncertain: true, ..Self::error(summary, detail) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.detail.is_empty() { f.write_str(&self.summary) } else { write!(f, "{}: {}", self.summary, self.detail) }
    }
}

impl std::error::Error for Fault {}
