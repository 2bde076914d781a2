//! What functions ask of the world.

use std::sync::Arc;

use weir_value::Value;

use super::Answer;

/// Why a file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileError {
    /// There is nothing of that name.
    NotFound,
    /// It is a directory.
    IsDirectory,
    /// Anything else, in the words of the system.
    Other(String),
}

/// What stands at a path, links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A device, a socket, …
    Other,
}

/// The world outside an expression: paths are as the expression has them, relative ones against [`Host::working_directory`].
pub trait Host {
    /// The content of a file.
    fn read_file(&self, path: &str) -> Result<Vec<u8>, FileError>;
    /// What stands at a path; `None` for nothing.
    fn entry(&self, path: &str) -> Result<Option<EntryKind>, FileError>;
    /// The names in a directory, in any order.
    fn list(&self, path: &str) -> Result<Vec<String>, FileError>;
    /// The absolute path against which relative ones are read.
    fn working_directory(&self) -> Result<String, FileError>;
    /// The home directory of the user.
    fn home_directory(&self) -> Option<String>;
    /// The time of the plan as RFC 3339 in UTC; `None` while there is no plan (validation).
    fn plan_timestamp(&self) -> Option<Arc<str>>;
    /// The time now as RFC 3339 in UTC; `None` during a plan, since the apply will have another.
    fn timestamp(&self) -> Option<Arc<str>>;
    /// Random bytes, fit for secrets; `None` during a plan, since the apply will have others.
    fn random(&self) -> Option<[u8; 16]>;
    /// Renders a template. `name` is that of its file, for messages; `vars` an object or map; the error may lay the fault to argument 0 (the template) or 1 (the variables).
    /// Limits on recursion are the evaluator's.
    fn render_template(&self, source: &str, name: &str, vars: &Value) -> Answer;
}
