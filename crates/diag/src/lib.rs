//! What went wrong and where, as data.
//!
//! A [`Diagnostic`] says what is wrong and what to do about it, and points into a source file by a [`Span`]. Functions that read
//! user input return their result *and* [`Diagnostics`], and go on after an error, so that one error never hides another.
//!
//! This crate does not print: the text of a diagnostic is made by the roof (`cli`), which owns the terminal.

mod diagnostic;
mod source;
mod suggest;

pub use diagnostic::{Diagnostic, Diagnostics, Label, Severity};
pub use source::{Position, SourceFile, SourceId, Sources, Span, Spanned};
pub use suggest::{did_you_mean, nearest};
