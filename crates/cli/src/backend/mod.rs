//! Where the state is kept, as the configuration says and as `weir init` has recorded it.

mod s3;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use weir_addr::ModulePath;
use weir_config::{Backend, load_module};
use weir_diag::{Diagnostic, Diagnostics, Sources, Span, did_you_mean};
use weir_eval::Evaluator;
use weir_plan::DiskHost;
use weir_state::{LocalStore, State, Store};
use weir_value::Value;

use crate::context::Context;
use crate::exit::Failure;
use crate::stack::Disk;
use crate::stored::store_failure;
use crate::{file, prompt};

/// The arguments of a kind of backend.
fn arguments(kind: &str) -> &'static [&'static str] {
    if kind == "s3" { &s3::ARGUMENTS } else { &["path", "workspace_dir"] }
}

/// A backend with its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    #[serde(rename = "type")]
    kind: String,
    config: BTreeMap<String, Json>,
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
        self.value(name).and_then(Json::as_str).filter(|text| !text.is_empty())
    }

    fn value(&self, name: &str) -> Option<&Json> {
        self.config.get(name).filter(|value| !value.is_null())
    }

    /// A file that is named on the command line.
    pub(crate) fn file(path: &Path) -> Self {
        let config = BTreeMap::from([("path".to_owned(), path.display().to_string().into())]);
        Self { config, ..Self::default() }
    }

    /// The place of the default workspace; `backup` is where a file's last version is kept, and `-` keeps none.
    pub(crate) fn store(&self, backup: Option<&Path>) -> Result<Box<dyn Store>, Failure> {
        if self.kind == "s3" {
            return Ok(Box::new(s3::S3Store::open(self)?));
        }
        let local = match backup {
            Some(path) if path.as_os_str() == "-" => self.local().with_backup(None),
            Some(path) => self.local().with_backup(Some(path.to_owned())),
            None => self.local(),
        };
        Ok(Box::new(local))
    }

    fn local(&self) -> LocalStore {
        let local = LocalStore::new(self.get("path").unwrap_or("terraform.tfstate"));
        match self.get("workspace_dir") {
            Some(folder) => local.with_workspaces(PathBuf::from(folder)),
            None => local,
        }
    }

    /// Whether all that this one says is what the other one has. What is not written may have been given to `init`.
    fn is_part_of(&self, recorded: &Self) -> bool {
        let same = |(name, value): (&String, &Json)| value.is_null() || recorded.config.get(name) == Some(value);
        self.kind == recorded.kind && self.config.iter().all(same)
    }

    fn is_usual(&self) -> bool {
        self.kind == "local" && self.config.values().all(Json::is_null)
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
    let known = arguments(&backend.kind);
    let mut config: BTreeMap<String, Json> = known.iter().map(|name| ((*name).to_owned(), Json::Null)).collect();
    for attribute in &backend.body.attributes {
        let name = &*attribute.name.name;
        if !known.contains(&name) {
            let hint = did_you_mean(name, known.iter().copied());
            diags.error(attribute.name.span, "Unsupported argument", format!("An argument named \"{name}\" is not expected here.{hint}"));
            continue;
        }
        let mut evaluator = Evaluator::new(&(), &host);
        let value = evaluator.eval(&attribute.expr);
        diags.extend(evaluator.diags);
        match json(&value).filter(|value| &*backend.kind == "s3" || value.is_string() || value.is_null()) {
            Some(value) => drop(config.insert(name.to_owned(), value)),
            None => diags.error(attribute.expr.span, "Incorrect attribute value type", format!("Inappropriate value for attribute \"{name}\": string required.")),
        }
    }
    Settings { kind: backend.kind.to_string(), config, hash: 0 }
}

fn json(value: &Value) -> Option<Json> {
    weir_value::encode_json(value).ok().and_then(|text| serde_json::from_str(&text).ok())
}

fn record_file(context: &Context) -> PathBuf {
    context.data_dir().join("terraform.tfstate")
}

/// What `init` has recorded.
fn recorded(context: &Context) -> Result<Option<Settings>, Failure> {
    let path = record_file(context);
    let wrong = |detail: String| Failure::error("The backend of this folder cannot be used", detail);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        // Were it taken for none, another state would be used than the one that belongs here.
        Err(error) => return Err(wrong(format!("{} cannot be read: {error}.", path.display()))),
    };
    let record: Record = serde_json::from_slice(&bytes).map_err(|error| {
        wrong(format!("{} cannot be read: {error}. Run \"weir init -reconfigure\" to write it anew; the state itself is not touched.", path.display()))
    })?;
    match record.backend {
        Some(settings) if matches!(settings.kind.as_str(), "local" | "s3") => Ok(Some(settings)),
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
        let to = wanted.store(None)?;
        // A bucket that is not there, or may not be seen, is told now.
        to.workspaces().map_err(store_failure)?;
        let mut states = Vec::new();
        if !change.reconfigure {
            let from = old.store(None)?;
            let others = ["workspace_dir", "workspace_key_prefix"];
            let moves = from.location() != to.location() || others.iter().any(|name| old.get(name) != wanted.get(name));
            if moves {
                states = states_in(&*from)?;
            }
        }
        if !states.is_empty() {
            if !change.migrate && !change.force {
                let detail = "The state of this folder would be kept in another place from now on, and there is one in the present place. Take it along with \"weir init -migrate-state\", or leave it there with \"weir init -reconfigure\". Nothing was changed.";
                return Err(Failure::error("Backend configuration changed", detail));
            }
            migrate(context, &old.store(None)?.location(), &*to, states, change.force)?;
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
    let known = arguments(&wanted.kind);
    let mut set = |name: &str, value: Json| {
        if !known.contains(&name) {
            let hint = did_you_mean(name, known.iter().copied());
            let detail = format!("The backend configuration argument \"{name}\" given on the command line is not expected for the selected backend type.{hint}");
            return Err(Failure::error("Invalid backend configuration argument", detail));
        }
        wanted.config.insert(name.to_owned(), value);
        Ok(())
    };
    if let Some((name, value)) = text.split_once('=').filter(|_| !Path::new(text).is_file()) {
        return set(name.trim(), value.into());
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
        values.push((assignment.name, json(&value).unwrap_or_default()));
    }
    if diags.has_errors() {
        return Err(Failure::new(diags, &sources));
    }
    values.into_iter().try_for_each(|(name, value)| set(&name, value))
}

/// The states of all workspaces that have one.
fn states_in(store: &dyn Store) -> Result<Vec<(String, State)>, Failure> {
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

fn migrate(context: &Context, from: &str, to: &dyn Store, states: Vec<(String, State)>, force: bool) -> Result<(), Failure> {
    let names: Vec<&str> = states.iter().map(|(name, _)| name.as_str()).collect();
    let title = "Do you want to copy the existing state to the new backend?";
    let detail = format!(
        "The state of {} is in {}, and would be copied to {}.\nWhat is there already, of the same stack and newer, is not overwritten.",
        names.join(", "),
        from,
        to.location()
    );
    if !force && !prompt::approve(context, title, &detail, "Use -force-copy to copy without a question, or -reconfigure to copy nothing.")? {
        return Err(Failure::error("Migration cancelled", "Nothing was copied, and the backend is as it was."));
    }
    for (name, state) in &states {
        let place = to.workspace(name).map_err(store_failure)?;
        if let Some(folder) = place.journal_path().parent().filter(|folder| !folder.as_os_str().is_empty()) {
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
    // A key can be in it.
    let wrong = |error: std::io::Error| Failure::error("Cannot write a file", format!("{}: {error}. It is as it was before.", path.display()));
    let folder = context.data_dir();
    std::fs::create_dir_all(&folder).map_err(wrong)?;
    let mut written = tempfile::NamedTempFile::new_in(&folder).map_err(wrong)?;
    written.write_all(text.as_bytes()).and_then(|()| written.as_file().sync_all()).map_err(wrong)?;
    written.persist(&path).map_err(|error| wrong(error.error))?;
    Ok(())
}
