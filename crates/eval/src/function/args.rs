//! The arguments of a call, as a function reads them.

use std::sync::Arc;

use weir_value::{Number, Value};

use super::error::{FunctionError, fail, refuse};
use super::host::Host;

/// Arguments, and the world.
pub(super) struct Args<'a> {
    pub(super) host: &'a dyn Host,
    pub(super) values: &'a [Value],
}

const WHOLE: &str = "value must be a whole number, between -9223372036854775808 and 9223372036854775807";

impl<'a> Args<'a> {
    pub(super) fn value(&self, at: usize) -> Result<&'a Value, FunctionError> {
        self.values.get(at).map_or_else(|| refuse(at, "argument is missing"), Ok)
    }
    pub(super) fn text(&self, at: usize) -> Result<&'a str, FunctionError> {
        self.value(at)?.as_str().map_or_else(|| refuse(at, "string required"), Ok)
    }
    pub(super) fn number(&self, at: usize) -> Result<&'a Number, FunctionError> {
        self.value(at)?.as_number().map_or_else(|| refuse(at, "number required"), Ok)
    }
    /// A whole number of 64 bits.
    pub(super) fn whole(&self, at: usize) -> Result<i64, FunctionError> {
        self.number(at)?.to_i64().map_or_else(|| fail(WHOLE), Ok)
    }
    pub(super) fn items(&self, at: usize) -> Result<Vec<Value>, FunctionError> {
        Ok(self.value(at)?.elements().cloned().collect())
    }
    /// The keys and elements of a map or object.
    pub(super) fn entries(&self, at: usize) -> Result<Entries<'a>, FunctionError> {
        match self.value(at)? {
            Value::Map(_, entries) | Value::Object(entries) => Ok(entries),
            _ => refuse(at, "map or object required"),
        }
    }
}

pub(super) type Entries<'a> = &'a std::collections::BTreeMap<Arc<str>, Value>;
