//! Where the state is kept, as the configuration says and as `weir init` has recorded it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use weir_addr::ModulePath;
use weir_config::{Backend, load_module};
use weir_diag::{Diagnostic, Diagnostics, Sources, Span, did_you_mean};
use weir_eval::Evaluator;
use weir_plan::DiskHost;
use weir_state::{LocalStore, State, Store};

use crate::context::Context;
use crate::exit::Failure;
use crate::stack::Disk;
use crate::stored::store_failure;
use crate::{file, prompt};

/// Arguments of the local backend.
const LOCAL: [&str; 2] = ["path", "workspace_dir"];

/// A backend with its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    #[serde(rename = "type")]
    kind: String,
    config: BTreeMap<String, Option<String>>,
    /// The incumbents' sum of the block; ours is not theirs, so it is never compared.
    #[serde(default)]
    hash: u64,
}

/// `.terraform/terraform.tfstate`, in the form of the incumbents.
#[derive(Serialize, Deserialize)]
struct Record {
    version: u32,
    terraform_version: String,
    backend: Option<Settings>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { kind: "local".to_owned(), config: BTreeMap::new(), hash: 0 }
    }
}

impl Settings {
    fn get(&self, name: &str) -> Option<&str> {
        self.config.get(name).and_then(Option::as_deref).filter(|text| !text.is_empty())
    }

    /// The place of the default workspace.
    pub(crate) fn store(&self) -> LocalStore {
        let local = LocalStore::new(self.get("path").unwrap_or("terraform.tfstate"));
        match self.get("workspace_dir") {
            Some(folder) => local.with_workspaces(PathBuf::from(folder)),
            None => local,
        }
    }

    /// Whether all that this one says is what the other one has. What is not written may have been given to `init`.
    fn is_part_of(&self, recorded: &Self) -> bool {
        let same = |(name, value): (&String, &Option<String>)| value.is_none() || recorded.config.get(name) == Some(value);
        self.kind == recorded.kind && self.config.iter().all(same)
    }

    fn is_usual(&self) -> bool {
        self.config.values().all(Option::is_none)
    }
}

/// The backend that the configuration of this folder declares; `None` when it declares none, or cannot be read.
fn declared() -> Result<Option<(Settings, Span, Sources)>, Failure> {
    let mut sources = Sources::new();
    let module = load_module(&Disk, Path::new("."), ModulePath::root(), &mut sources, &mut Diagnostics::new());
    let Some(backend) = module.backend else { return Ok(None) };
    let mut diags = Diagnostics::new();
    let settings = evaluated(&backend, &mut diags);
    if diags.has_errors() {
        return Err(Failure::new(diags, &sources));
    }
    Ok(Some((settings, backend.span, sources)))
}

fn evaluated(backend: &Backend, diags: &mut Diagnostics) -> Settings {
    let host = DiskHost::new(PathBuf::from("."), None, crate::stack::now());
    let mut config: BTreeMap<String, Option<String>> = LOCAL.iter().map(|name| ((*name).to_owned(), None)).collect();
    for attribute in &backend.body.attributes {
        let name = &*attribute.name.name;
        if !LOCAL.contains(&name) {
            let hint = did_you_mean(name, LOCAL);
            diags.error(attribute.name.span, "Unsupported argument", format!("An argument named \"{name}\" is not expected here.{hint}"));
            continue;
        }
        let mut evaluator = Evaluator::new(&(), &host);
        let value = evaluator.eval(&attribute.expr);
        diags.extend(evaluator.diags);
        match value.as_str() {
            Some(text) => drop(config.insert(name.to_owned(), Some(text.to_owned()))),
            None if value.is_null() => {}
            None => diags.error(attribute.expr.span, "Incorrect attribute value type", format!("Inappropriate value for attribute \"{name}\": string required.")),
        }
    }
    Settings { config, ..Settings::default() }
}

fn record_file(context: &Context) -> PathBuf {
    context.data_dir().join("terraform.tfstate")
}

/// What `init` has recorded.
fn recorded(context: &Context) -> Result<Option<Settings>, Failure> {
    let path = record_file(context);
    let Ok(bytes) = std::fs::read(&path) else { return Ok(None) };
    let wrong = |detail: String| Failure::error("The backend of this folder cannot be used", detail);
    let record: Record = serde_json::from_slice(&bytes).map_err(|error| {
        wrong(format!("{} cannot be read: {error}. Run \"weir init -reconfigure\" to write it anew; the state itself is not touched.", path.display()))
    })?;
    match record.backend {
        Some(settings) if settings.kind == "local" => Ok(Some(settings)),
        None => Ok(None),
        Some(other) => Err(wrong(format!(
            "{} says that the state of this folder is in a backend \"{}\", which Weir does not have. Move the state with the tool that has it: change its configuration to the local backend and run its init -migrate-state.",
            path.display(),
            other.kind
        ))),
    }
}

/// The backend in use. What is configured must have been taken up by `weir init`.
pub(crate) fn current(context: &Context) -> Result<Settings, Failure> {
    let recorded = recorded(context)?;
    let needed = |span: Option<(Span, Sources)>, reason: &str| {
        let detail = format!(
            "{reason}. The backend says where the state is kept: run \"weir init\", with -migrate-state to take the state along or with -reconfigure to leave it where it is. Nothing was changed."
        );
        let fault = Diagnostic::error("Backend initialization required: please run \"weir init\"", detail);
        match span {
            Some((span, sources)) => Failure::new(Diagnostics::from_iter([fault.at(span)]), &sources),
            None => fault.into(),
        }
    };
    match (declared()?, recorded) {
        (None, None) => Ok(Settings::default()),
        (None, Some(recorded)) if recorded.is_usual() => Ok(recorded),
        (None, Some(_)) => Err(needed(None, "The configuration has no backend block any more, and this folder was set up with one")),
        (Some((declared, ..)), None) if declared.is_usual() => Ok(declared),
        (Some((_, span, sources)), None) => Err(needed(Some((span, sources)), "The configured backend was not taken up yet")),
        (Some((declared, ..)), Some(recorded)) if declared.is_part_of(&recorded) => Ok(recorded),
        (Some((_, span, sources)), Some(_)) => Err(needed(Some((span, sources)), "The backend block has changed")),
    }
}

/// How `init` deals with a backend that has changed.
pub(crate) struct Change<'a> {
    /// `-backend-config`: a file, or `NAME=VALUE`.
    pub(crate) given: &'a [String],
    /// Leave the state where it is.
    pub(crate) reconfigure: bool,
    /// Take the state along.
    pub(crate) migrate: bool,
    /// Without asking.
    pub(crate) force: bool,
}

/// Takes up the configured backend.
pub(crate) fn initialize(context: &Context, change: &Change<'_>) -> Result<(), Failure> {
    let before = if change.reconfigure { None } else { recorded(context)? };
    let found = declared()?;
    let mut wanted = match &found {
        Some((settings, ..)) => settings.clone(),
        None if !change.given.is_empty() => {
            return Err(Failure::error(
                "Missing backend configuration",
                "-backend-config was given, and the configuration has no backend block: add terraform { backend \"local\" {} }.",
            ));
        }
        None => Settings::default(),
    };
    for text in change.given {
        add(&mut wanted, text)?;
    }
    // What was given when it was taken up stays, until something else is said.
    if let Some(before) = before.as_ref().filter(|before| change.given.is_empty() && found.is_some() && wanted.is_part_of(before)) {
        wanted = before.clone();
    }
    if found.is_none() && before.is_none() {
        return if change.reconfigure && record_file(context).exists() { write(context, None) } else { Ok(()) };
    }
    if found.is_some() && before.is_none() && wanted.is_usual() && !record_file(context).exists() {
        return Ok(());
    }
    let old = before.clone().unwrap_or_default();
    if before.as_ref() != Some(&wanted) {
        let moves = !change.reconfigure && old.store().location() != wanted.store().location() || old.get("workspace_dir") != wanted.get("workspace_dir");
        let states = if moves && !change.reconfigure { states(&old)? } else { Vec::new() };
        if !states.is_empty() {
            if !change.migrate && !change.force {
                let detail = "The state of this folder would be kept in another place from now on, and there is one in the present place. Take it along with \"weir init -migrate-state\", or leave it there with \"weir init -reconfigure\". Nothing was changed.";
                return Err(Failure::error("Backend configuration changed", detail));
            }
            migrate(context, &old, &wanted, states, change.force)?;
        }
        write(context, found.is_some().then_some(&wanted))?;
        if found.is_some() {
            let text =
                format!("Successfully configured the backend \"{}\"! Weir will automatically\nuse this backend unless the backend configuration changes.", wanted.kind);
            context.out.line(format!("\n{}", context.paint().good(text)));
        } else {
            context.out.line(format!("\n{}", context.paint().good("Successfully unset the backend. Weir now keeps the state in this folder.")));
        }
    }
    Ok(())
}

/// `-backend-config`
fn add(wanted: &mut Settings, text: &str) -> Result<(), Failure> {
    let mut set = |name: &str, value: Option<String>| {
        if !LOCAL.contains(&name) {
            let hint = did_you_mean(name, LOCAL);
            let detail = format!("The backend configuration argument \"{name}\" given on the command line is not expected for the selected backend type.{hint}");
            return Err(Failure::error("Invalid backend configuration argument", detail));
        }
        wanted.config.insert(name.to_owned(), value);
        Ok(())
    };
    if let Some((name, value)) = text.split_once('=').filter(|_| !Path::new(text).is_file()) {
        return set(name.trim(), Some(value.to_owned()));
    }
    let content = file::read(Path::new(text))?;
    let mut sources = Sources::new();
    let id = sources.add(text, content);
    let (assignments, mut diags) = weir_config::parse_assignments(&sources, id);
    let host = DiskHost::new(PathBuf::from("."), None, crate::stack::now());
    let mut values = Vec::new();
    for assignment in assignments {
        let mut evaluator = Evaluator::new(&(), &host);
        let value = evaluator.eval(&assignment.expr);
        diags.extend(evaluator.diags);
        values.push((assignment.name, value.as_str().map(str::to_owned)));
    }
    if diags.has_errors() {
        return Err(Failure::new(diags, &sources));
    }
    values.into_iter().try_for_each(|(name, value)| set(&name, value))
}

/// The states of all workspaces that have one.
fn states(settings: &Settings) -> Result<Vec<(String, State)>, Failure> {
    let store = settings.store();
    let mut found = Vec::new();
    for name in store.workspaces().map_err(store_failure)? {
        let place = store.workspace(&name).map_err(store_failure)?;
        if place.journal_path().exists() {
            let detail = format!("The last run in workspace \"{name}\" was interrupted. Take it up first, with the backend as it was: weir plan.");
            return Err(Failure::error("An interrupted run is not taken up", detail));
        }
        if let Some(state) = place.read().map_err(store_failure)?.filter(|state| !state.is_empty()) {
            found.push((name, state));
        }
    }
    Ok(found)
}

fn migrate(context: &Context, old: &Settings, new: &Settings, states: Vec<(String, State)>, force: bool) -> Result<(), Failure> {
    let (from, to) = (old.store(), new.store());
    let names: Vec<&str> = states.iter().map(|(name, _)| name.as_str()).collect();
    let title = "Do you want to copy the existing state to the new backend?";
    let detail = format!(
        "The state of {} is in {}, and would be copied to {}.\nWhat is there already, of the same stack and newer, is not overwritten.",
        names.join(", "),
        from.location(),
        to.location()
    );
    if !force && !prompt::approve(context, title, &detail, "Use -force-copy to copy without a question, or -reconfigure to copy nothing.")? {
        return Err(Failure::error("Migration cancelled", "Nothing was copied, and the backend is as it was."));
    }
    for (name, state) in &states {
        let place = to.workspace(name).map_err(store_failure)?;
        if let Some(folder) = Path::new(&place.location()).parent() {
            std::fs::create_dir_all(folder).map_err(|error| Failure::error("Cannot make a folder", format!("{}: {error}.", folder.display())))?;
        }
        place.push(state, false).map_err(store_failure)?;
    }
    Ok(())
}

fn write(context: &Context, settings: Option<&Settings>) -> Result<(), Failure> {
    let path = record_file(context);
    let Some(settings) = settings else {
        return std::fs::remove_file(&path).map_err(|error| Failure::error("Cannot write a file", format!("{}: {error}.", path.display())));
    };
    let record = Record { version: 3, terraform_version: weir_state::TERRAFORM_VERSION.to_owned(), backend: Some(settings.clone()) };
    let text = serde_json::to_string_pretty(&record).map_err(|error| Failure::error("The backend cannot be recorded", format!("{error}.")))?;
    file::replace(&path, text).map_err(Failure::from)
}
