//! The record of installed modules: `modules/modules.json` in the folder that `TF_DATA_DIR` names, by default `.terraform`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use weir_diag::{Diagnostic, Diagnostics, Sources};
use weir_value::decode_json_untyped;

use crate::load::FileSystem;

/// What is installed: by the path of the call, its source and folder.
#[derive(Debug, Default)]
pub(crate) struct Manifest {
    modules: BTreeMap<String, (String, PathBuf)>,
    /// The file, for messages.
    shown: String,
}

impl Manifest {
    /// Reads the record of the stack in `dir`, kept in the folder `data`; none is an empty one. It becomes one of the sources, so that a saved plan finds its modules again.
    pub(crate) fn read(files: &dyn FileSystem, dir: &Path, data: &Path, sources: &mut Sources, diags: &mut Diagnostics) -> Self {
        let folder = dir.join(data).join("modules");
        let file = folder.join("modules.json");
        let shown = file.strip_prefix(".").unwrap_or(&file).display().to_string();
        let none = || Self { modules: BTreeMap::new(), shown: shown.clone() };
        if !files.list(&folder).is_ok_and(|names| names.iter().any(|name| name == "modules.json")) {
            return none();
        }
        let mut fault = |message: String| {
            diags.push(Diagnostic::error("Unreadable module record", format!("{shown} cannot be read: {message}. Remove the file and install the modules again.")));
            none()
        };
        let text = match files.read(&file).map(String::from_utf8) {
            Ok(Ok(text)) => text,
            Ok(Err(_)) => return fault("it is not UTF-8 text".to_owned()),
            Err(error) => return fault(error.to_string()),
        };
        let value = match decode_json_untyped(&text) {
            Ok(value) => value,
            Err(error) => return fault(error.to_string()),
        };
        let Some(modules) = value.get("Modules") else { return fault("it has no \"Modules\"".to_owned()) };
        let text_of = |entry: &weir_value::Value, name: &str| entry.get(name).and_then(|value| value.as_str().map(ToOwned::to_owned));
        let mut found = BTreeMap::new();
        for entry in modules.elements() {
            let (Some(key), Some(source), Some(folder)) = (text_of(entry, "Key"), text_of(entry, "Source"), text_of(entry, "Dir")) else {
                return fault("an entry lacks \"Key\", \"Source\" or \"Dir\"".to_owned());
            };
            found.insert(key, (source, dir.join(folder)));
        }
        sources.add(shown.clone(), text);
        Self { modules: found, shown }
    }

    /// The folder of the module that is called at `key`, `a.b` for `module.a.module.b`, or why there is none.
    pub(crate) fn dir(&self, key: &str, source: &str) -> Result<&Path, String> {
        match self.modules.get(key) {
            Some((recorded, dir)) if recorded == source => Ok(dir),
            Some((recorded, _)) => Err(format!(
                "The module is installed from \"{recorded}\", and its source is now \"{source}\". Weir does not download modules yet: install it anew, or copy the module into the repository and name its folder."
            )),
            None => Err(format!(
                "\"{source}\" is not a local folder, and {} does not name it as installed. Weir does not download modules yet: copy the module into the repository and name its folder.",
                self.shown
            )),
        }
    }
}
