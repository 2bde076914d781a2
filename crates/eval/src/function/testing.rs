//! What the tests of the families share: a world in memory, and values written short.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_value::{Type, Value, decode_json_untyped};

use super::{Answer, EntryKind, FileError, FunctionError, Host, lookup};

/// A world without anything.
pub(crate) struct Nowhere;

/// A world with files, in `/work`.
#[derive(Default)]
pub(super) struct Files(pub(super) BTreeMap<&'static str, Vec<u8>>);

impl Host for Files {
    fn read_file(&self, path: &str) -> Result<Vec<u8>, FileError> {
        match self.entry(path)? {
            Some(EntryKind::File) => Ok(self.0[path.trim_start_matches("./")].clone()),
            Some(_) => Err(FileError::IsDirectory),
            None => Err(FileError::NotFound),
        }
    }
    fn entry(&self, path: &str) -> Result<Option<EntryKind>, FileError> {
        let path = path.trim_start_matches("./").trim_end_matches('/');
        let folder = format!("{path}/");
        Ok(if self.0.contains_key(path) {
            Some(EntryKind::File)
        } else if path == "." || self.0.keys().any(|name| name.starts_with(&folder)) {
            Some(EntryKind::Directory)
        } else {
            None
        })
    }
    fn list(&self, path: &str) -> Result<Vec<String>, FileError> {
        let path = path.trim_start_matches("./");
        let folder = if path == "." { String::new() } else { format!("{path}/") };
        let rest = self.0.keys().filter_map(|name| name.strip_prefix(&folder));
        let mut names: Vec<String> = rest.map(|rest| rest.split('/').next().unwrap_or_default().to_owned()).collect();
        names.dedup();
        Ok(names)
    }
    fn working_directory(&self) -> Result<String, FileError> {
        Ok("/work".to_owned())
    }
    fn home_directory(&self) -> Option<String> {
        Some("/home/me".to_owned())
    }
    fn plan_timestamp(&self) -> Option<Arc<str>> {
        Some("2024-02-29T12:00:00Z".into())
    }
    fn timestamp(&self) -> Option<Arc<str>> {
        Some("2024-02-29T12:00:01Z".into())
    }
    fn random(&self) -> Option<[u8; 16]> {
        Some([7; 16])
    }
    fn render_template(&self, source: &str, name: &str, vars: &Value) -> Answer {
        if !vars.is_wholly_known() {
            return Ok(Value::unknown_not_null(Type::String));
        }
        let marks = vars.marks_deep();
        Ok(Value::from(format!("{name}: {source} with {:?}", vars.clone().unmark_deep().0)).with_marks(marks))
    }
}

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
        Err(FileError::Other("no such place".to_owned()))
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
        Err(FunctionError::argument(0, "no templates here"))
    }
}

/// The arguments of a JSON array, tuples and objects as the language would write them.
pub(super) fn args(json: &str) -> Vec<Value> {
    decode_json_untyped(json).unwrap().elements().cloned().collect()
}

/// Checks a function on a JSON array of arguments against the text of the result, or `!`, the argument at fault and the message of the error.
#[track_caller]
pub(super) fn check(name: &str, json: &str, expected: &str) {
    check_in(&Nowhere, name, json, expected);
}

/// The same with files.
#[track_caller]
pub(super) fn check_in(host: &dyn Host, name: &str, json: &str, expected: &str) {
    check_values(host, name, &args(json), expected);
}

/// The same with values.
#[track_caller]
pub(super) fn check_values(host: &dyn Host, name: &str, args: &[Value], expected: &str) {
    let function = lookup(name).unwrap();
    let found = match function.call(host, args) {
        Ok(value) => format!("{value:?}"),
        Err(error) => match error.argument {
            Some(at) => format!("!{at} {}", error.message),
            None => format!("! {}", error.message),
        },
    };
    assert_eq!(found, expected, "{name}({args:?})");
}
