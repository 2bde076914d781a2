//! The record of installed modules: `.terraform/modules/modules.json`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use weir_addr::ModuleSource;
use weir_diag::{Diagnostic, Diagnostics, Sources};
use weir_value::decode_json_untyped;

use crate::load::{FileSystem, clean};
use crate::module::Call;

/// What is installed: by the path of the call.
#[derive(Debug, Default)]
pub(crate) struct Manifest {
    /// The folder of the record, with one folder for each package.
    folder: PathBuf,
    entries: BTreeMap<String, Entry>,
}

#[derive(Debug)]
struct Entry {
    source: String,
    version: Option<String>,
    dir: PathBuf,
}

impl Manifest {
    /// Reads the record of the stack in `dir`; none is an empty one. It becomes one of the sources, so that a saved plan finds its modules again.
    pub(crate) fn read(files: &dyn FileSystem, dir: &Path, sources: &mut Sources, diags: &mut Diagnostics) -> Self {
        let folder = dir.join(files.data_dir()).join("modules");
        if !files.list(&folder).is_ok_and(|names| names.iter().any(|name| name == "modules.json")) {
            return Self::default();
        }
        let file = folder.join("modules.json");
        let shown = file.strip_prefix(".").unwrap_or(&file).display().to_string();
        let mut fault = |message: String| {
            diags.push(Diagnostic::error(
                "Unreadable module record",
                format!("{shown} cannot be read: {message}. Remove the file and install the modules again: weir init."),
            ));
            Self::default()
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
        let mut entries = BTreeMap::new();
        for entry in modules.elements() {
            let (Some(key), Some(source), Some(folder)) = (text_of(entry, "Key"), text_of(entry, "Source"), text_of(entry, "Dir")) else {
                return fault("an entry lacks \"Key\", \"Source\" or \"Dir\"".to_owned());
            };
            entries.insert(key, Entry { source, version: text_of(entry, "Version"), dir: dir.join(folder) });
        }
        sources.add(shown, text);
        Self { folder: clean(&folder), entries }
    }

    /// The folder of the module that is called at `key`, `a.b` for `module.a.module.b`, and that of its package, or why there is none.
    pub(crate) fn installed(&self, key: &str, call: &Call, address: &ModuleSource) -> Result<(PathBuf, PathBuf), Diagnostic> {
        let Some(entry) = self.entries.get(key) else {
            let detail = "This module is not yet installed. Run \"weir init\" to install all modules required by this configuration.";
            return Err(Diagnostic::error("Module not installed", detail).at(call.span));
        };
        // What others have recorded may be written in another way.
        let same = entry.source == *call.source || entry.source.parse::<ModuleSource>().is_ok_and(|recorded| recorded == *address);
        if !same {
            let detail = format!("The module is installed from \"{}\", and its source is now \"{}\". Run \"weir init\" to install it anew.", entry.source, call.source);
            return Err(Diagnostic::error("Module source has changed", detail).at(call.source_span));
        }
        if let Some(wanted) = &call.version
            && !entry.version.as_deref().is_some_and(|version| wanted.allows_text(version))
        {
            let installed = entry.version.as_deref().unwrap_or("none");
            let detail = format!("Version {installed} of the module is installed, and {wanted} is required. Run \"weir init\" to install another one.");
            return Err(Diagnostic::error("Module version requirements have changed", detail).at(call.source_span));
        }
        let dir = clean(&entry.dir);
        let package = self.folder.join(key);
        let package = if dir.starts_with(&package) { package } else { dir.clone() };
        Ok((dir, package))
    }
}
