//! Saved plans: the configuration, the values of variables and what was approved.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use weir_addr::{InstanceAddr, Target};
use weir_config::FileSystem;
use weir_diag::Diagnostic;
use weir_plan::{Approval, Mode, Options, Plan};
use weir_value::{Type, Value};

use crate::exit::Failure;
use crate::file;
use crate::stack::Stack;
use crate::view::report::Report;

const FORMAT: u32 = 2;

/// A saved plan. It outlives the first stage: applying it plans its configuration anew and compares with what was approved.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PlanFile {
    weir_plan: u32,
    /// Lineage of the state that it was made on.
    pub(crate) lineage: String,
    mode: String,
    refresh: bool,
    targets: Vec<Target>,
    replace: Vec<InstanceAddr>,
    /// The files of the configuration, by path.
    files: BTreeMap<String, String>,
    /// Values of root variables: type and value. Sensitive and ephemeral ones are not kept.
    variables: BTreeMap<String, (String, String)>,
    /// Names of variables whose values must be given again.
    missing: Vec<String>,
    /// What it would do.
    pub(crate) approval: Approval,
    /// For readers.
    pub(crate) report: Report,
    /// As `show -json` prints it.
    pub(crate) json: serde_json::Value,
}

impl PlanFile {
    pub(crate) fn new(stack: &Stack, plan: &Plan, options: &Options, lineage: &str, approval: Approval, report: Report, json: serde_json::Value) -> Self {
        let mut variables = BTreeMap::new();
        let mut missing = Vec::new();
        for name in stack.given.keys() {
            let Some(value) = plan.variables.get(name) else { continue };
            let encoded = if value.marks_deep().is_empty() && value.is_wholly_known() { weir_value::encode_json_typed(value, &value.ty()).ok() } else { None };
            match encoded {
                Some(text) => drop(variables.insert(name.to_string(), (value.ty().to_json(), text))),
                None => missing.push(name.to_string()),
            }
        }
        let mode = match options.mode {
            Mode::Normal => "normal",
            Mode::Destroy => "destroy",
            Mode::RefreshOnly => "refresh-only",
        };
        Self {
            weir_plan: FORMAT,
            lineage: lineage.to_owned(),
            mode: mode.to_owned(),
            refresh: !options.no_refresh,
            targets: options.targets.clone(),
            replace: options.replace.clone(),
            files: stack.config.sources.iter().filter(|file| is_configuration(&file.name)).map(|file| (file.name.to_string(), file.text.to_string())).collect(),
            variables,
            missing,
            approval,
            report,
            json,
        }
    }

    /// Writes it, readable by its owner only.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let bytes = serde_json::to_vec(self).map_err(|error| Failure::error("Cannot write the plan", format!("{error}.")))?;
        file::replace(path, &bytes).map_err(Failure::from)
    }

    /// Reads one; `None` when the file is something else.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = std::fs::read(path).map_err(|error| Failure::error("Failed to load the plan", format!("{} cannot be read: {error}.", path.display())))?;
        let plan: Self = serde_json::from_slice(&bytes).map_err(|error| {
            Failure::error("Failed to load the plan", format!("{} is not a plan of Weir ({error}). Make one with weir plan -out=FILE.", path.display()))
        })?;
        if plan.weir_plan != FORMAT {
            return Err(Failure::error("Failed to load the plan", format!("{} was made by another version of Weir. Make a new one.", path.display())));
        }
        Ok(plan)
    }

    /// The options that it was made with.
    pub(crate) fn options(&self, parallelism: usize) -> Options {
        let mode = match self.mode.as_str() {
            "destroy" => Mode::Destroy,
            "refresh-only" => Mode::RefreshOnly,
            _ => Mode::Normal,
        };
        Options { mode, no_refresh: !self.refresh, targets: self.targets.clone(), replace: self.replace.clone(), parallelism, ..Options::default() }
    }

    /// Puts the values of the plan in place of what is set now; those that it may not keep have to be set again.
    pub(crate) fn restore(&self, stack: &mut Stack) -> Result<(), Failure> {
        let mut given = BTreeMap::new();
        for (name, (ty, text)) in &self.variables {
            let value: Option<Value> = Type::from_json(ty).ok().and_then(|ty| weir_value::decode_json(text, &ty).ok());
            given.extend(value.map(|value| (name.as_str().into(), value)));
        }
        for name in &self.missing {
            match stack.given.get(name.as_str()) {
                Some(value) => drop(given.insert(name.as_str().into(), value.clone())),
                None => {
                    return Err(Diagnostic::error(
                        "No value for a sensitive variable",
                        format!("The plan was made with a value for var.{name}, which is sensitive and therefore not in the plan file. Give it again, for example as TF_VAR_{name}."),
                    )
                    .into());
                }
            }
        }
        stack.given = given;
        Ok(())
    }
}

fn is_configuration(name: &str) -> bool {
    [".tf", ".tofu", ".tf.json", ".tofu.json", ".stack.hcl", "modules/modules.json"].iter().any(|ending| name.ends_with(ending))
}

/// The files of a saved plan.
impl FileSystem for PlanFile {
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let clean = |path: &Path| path.strip_prefix(".").unwrap_or(path).to_owned();
        let wanted = clean(dir);
        Ok(self
            .files
            .keys()
            .filter_map(|name| {
                let path = Path::new(name);
                (clean(path.parent().unwrap_or(Path::new(""))) == wanted).then(|| path.file_name()?.to_str().map(ToOwned::to_owned)).flatten()
            })
            .collect())
    }
    fn data_dir(&self) -> PathBuf {
        // The folder that it was when the plan was made.
        let record = self.files.keys().find_map(|name| name.strip_suffix("/modules/modules.json"));
        PathBuf::from(record.unwrap_or(".terraform"))
    }
    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        let name = file.strip_prefix("./").unwrap_or(file).display().to_string();
        self.files.get(&name).map(|text| text.clone().into_bytes()).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}
