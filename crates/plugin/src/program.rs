//! A program that is to run as a plugin.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A program, and how it is run as a plugin.
#[derive(Clone, Debug)]
pub struct Program {
    /// What messages call it.
    pub(crate) name: Arc<str>,
    pub(crate) path: PathBuf,
    /// How long it may take to say where it listens.
    pub(crate) patience: Duration,
    /// Where its schemas are kept between runs.
    pub(crate) schemas: Option<PathBuf>,
}

impl Program {
    /// How long a plugin may take to start, where nothing else is said.
    pub const PATIENCE: Duration = Duration::from_secs(60);

    /// A program, which messages call `name`.
    pub fn new(name: &str, path: impl Into<PathBuf>) -> Self {
        Self { name: name.into(), path: path.into(), patience: Self::PATIENCE, schemas: None }
    }

    /// The same, with another time that it may take to start.
    #[must_use]
    pub fn within(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The same, whose schemas are kept in a file. The name of the file has to tell this program from all others: what is in it is believed.
    #[must_use]
    pub fn remembered_in(self, file: impl Into<PathBuf>) -> Self {
        Self { schemas: Some(file.into()), ..self }
    }
}
