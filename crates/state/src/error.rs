//! Why a text is not a state.

use thiserror::Error;

/// Why a text is not a state, or a state has no text.
#[derive(Debug, Error)]
pub enum StateError {
    /// No byte at all.
    #[error("the file is empty: it was cut off while it was written. Restore it from its backup; if there never was a state, remove the file")]
    Empty,
    /// It ends too early.
    #[error("the file is cut off ({message}). Restore it from its backup")]
    Truncated {
        /// Where it ends.
        message: String,
    },
    /// It is something else.
    #[error("the file is not JSON ({message}). Restore it from its backup, or point to the right file")]
    NotJson {
        /// What is wrong, and where.
        message: String,
    },
    /// It is of a version that this program does not read.
    #[error("the file has state format version {found}, and this program reads version 4. {advice}")]
    Version {
        /// The version it names.
        found: u64,
        /// What to do.
        advice: &'static str,
    },
    /// It is JSON but not a state.
    #[error("the file is not a valid state: {message}")]
    Corrupt {
        /// What is wrong, and where.
        message: String,
    },
    /// An ephemeral value would be stored.
    #[error("output {output:?} is ephemeral and cannot be stored")]
    Ephemeral {
        /// The output.
        output: String,
    },
    /// A value that is not known would be stored.
    #[error("output {output:?} cannot be stored: {source}")]
    Output {
        /// The output.
        output: String,
        /// Why.
        source: weir_value::JsonError,
    },
    /// Something of ours has no JSON form.
    #[error("cannot encode the state: {0}")]
    Encode(#[from] serde_json::Error),
    /// The text cannot be written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl StateError {
    pub(crate) fn corrupt(message: impl Into<String>) -> Self {
        Self::Corrupt { message: message.into() }
    }
}
