//! Why a call failed.

use thiserror::Error;
use weir_value::Marks;

/// Why a call failed; [`Function::explain`](super::Function::explain) makes a diagnostic of it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct FunctionError {
    /// Which kind of failure.
    pub kind: ErrorKind,
    /// The argument at fault, from 0; of too few, the first missing one; of too many, the first one too many.
    pub argument: Option<usize>,
    /// What is wrong, without a full stop.
    pub message: String,
}

/// Kinds of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Too few arguments.
    NotEnough,
    /// Too many arguments.
    TooMany,
    /// One argument is wrong.
    Argument,
    /// The call as a whole is wrong.
    Call,
}

impl FunctionError {
    /// One argument is wrong.
    pub fn argument(at: usize, message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Argument, argument: Some(at), message: message.into() }
    }
    /// The call as a whole is wrong.
    pub fn call(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Call, argument: None, message: message.into() }
    }
    /// The same fault without a reason that would show an argument with these marks.
    pub(super) fn without_reason(self, marks: Marks) -> Self {
        let kind = if marks.is_sensitive() { "sensitive" } else { "ephemeral" };
        let message = match self.kind {
            ErrorKind::Argument => format!("the value is not accepted; the reason is not shown, because an argument is {kind}"),
            _ => format!("the reason is not shown, because an argument is {kind}"),
        };
        Self { message, ..self }
    }
    /// The same fault, laid to an argument.
    #[must_use]
    pub fn of_argument(self, at: usize) -> Self {
        Self { kind: ErrorKind::Argument, argument: Some(at), ..self }
    }
}

pub(super) fn fail<T>(message: impl Into<String>) -> Result<T, FunctionError> {
    Err(FunctionError::call(message))
}

pub(super) fn refuse<T>(at: usize, message: impl Into<String>) -> Result<T, FunctionError> {
    Err(FunctionError::argument(at, message))
}
