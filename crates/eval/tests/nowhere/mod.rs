//! Where expressions of tests are evaluated.

use std::sync::Arc;

use weir_eval::function::{Answer, EntryKind, FileError, FunctionError, Host};
use weir_value::Value;

/// A world without anything.
pub(crate) struct Nowhere;

impl Host for Nowhere {
    fn read_file(&self, _: &str) -> Result<Vec<u8>, FileError> {
        Err(FileError::NotFound)
    }
    fn entry(&self, _: &str) -> Result<Option<EntryKind>, FileError> {
        Ok(None)
    }
    fn list(&self, _: &str) -> Result<Vec<String>, FileError> {
        Err(FileError::NotFound)
    }
    fn working_directory(&self) -> Result<String, FileError> {
        Err(FileError::NotFound)
    }
    fn home_directory(&self) -> Option<String> {
        None
    }
    fn plan_timestamp(&self) -> Option<Arc<str>> {
        None
    }
    fn timestamp(&self) -> Option<Arc<str>> {
        None
    }
    fn random(&self) -> Option<[u8; 16]> {
        None
    }
    fn render_template(&self, _: &str, _: &str, _: &Value) -> Answer {
        Err(FunctionError::argument(0, "there are no templates here"))
    }
}
