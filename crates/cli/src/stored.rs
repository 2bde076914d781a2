//! The state that a command works on.

use std::path::PathBuf;
use std::time::Duration;

use weir_addr::Target;
use weir_diag::Diagnostic;
use weir_state::{DEFAULT_WORKSPACE, LocalStore, Lock, LockInfo, State, Store, StoreError, Written};

use crate::backend;
use crate::context::Context;
use crate::exit::Failure;

/// Which state, for commands that only read it.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct StateFlags {
    /// State file [default: terraform.tfstate of the selected workspace]
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
}

/// Which state, and how it is locked, for commands that change it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ChangeFlags {
    #[command(flatten)]
    pub(crate) place: StateFlags,
    /// File for a copy of the state before the change; "-" for none [default: the state file with .backup after its name]
    #[arg(long, value_name = "FILE")]
    pub(crate) backup: Option<PathBuf>,
    /// Whether to lock the state; without a lock two runs may spoil each other's work
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    pub(crate) lock: bool,
    /// How long to wait for the lock (such as 30s or 5m)
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pub(crate) lock_timeout: Duration,
}

/// Reads `1h30m`, `5m`, `30s`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is no duration: write it as 30s, 5m or 1h30m");
    text.parse::<jiff::SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok()).ok_or_else(wrong)
}

impl StateFlags {
    /// Where the state is kept.
    pub(crate) fn store(&self, context: &Context) -> Result<Box<dyn Store>, Failure> {
        self.store_with(context, None)
    }

    fn store_with(&self, context: &Context, backup: Option<&PathBuf>) -> Result<Box<dyn Store>, Failure> {
        let local = match &self.state {
            Some(path) => LocalStore::new(path.clone()),
            None => backend::current(context)?.store(),
        };
        let local = match backup {
            Some(path) if path.as_os_str() == "-" => local.with_backup(None),
            Some(path) => local.with_backup(Some(path.clone())),
            None => local,
        };
        let workspace = selected_workspace(context);
        if self.state.is_some() || workspace == DEFAULT_WORKSPACE {
            return Ok(Box::new(local));
        }
        local.workspace(&workspace).map_err(store_failure)
    }

    /// The state; none if nothing was ever written.
    pub(crate) fn read(&self, context: &Context) -> Result<Option<State>, Failure> {
        self.store(context)?.read().map_err(store_failure)
    }

    /// The state, which has to be there.
    pub(crate) fn read_existing(&self, context: &Context) -> Result<State, Failure> {
        let store = self.store(context)?;
        store.read().map_err(store_failure)?.ok_or_else(|| no_state(&*store))
    }
}

impl ChangeFlags {
    /// Where the state is kept.
    pub(crate) fn store(&self, context: &Context) -> Result<Box<dyn Store>, Failure> {
        self.place.store_with(context, self.backup.as_ref())
    }

    /// Locks the state for an operation, unless locking is turned off. The lock ends when it is dropped.
    pub(crate) fn lock(&self, context: &Context, store: &dyn Store, operation: &str) -> Result<Option<Lock>, Failure> {
        if !self.lock {
            return Ok(None);
        }
        let info = LockInfo::new(operation, who(context), "");
        store.lock(&info, self.lock_timeout).map(Some).map_err(store_failure)
    }

    /// Reads the state, lets `change` work on it and writes it, all under the lock.
    pub(crate) fn change<T>(&self, context: &Context, operation: &str, change: impl FnOnce(&mut State) -> Result<T, Failure>) -> Result<T, Failure> {
        let store = self.store(context)?;
        let _lock = self.lock(context, &*store, operation)?;
        let mut state = store.read().map_err(store_failure)?.ok_or_else(|| no_state(&*store))?;
        let result = change(&mut state)?;
        let _: Written = store.write(&mut state).map_err(store_failure)?;
        Ok(result)
    }
}

/// Who holds a lock or acts on a gate: `user@host`.
pub(crate) fn who(context: &Context) -> String {
    let user = context.env.get("USER").or_else(|| context.env.get("LOGNAME")).unwrap_or("unknown");
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_owned());
    let host = host.or_else(|| context.env.get("HOSTNAME").map(ToOwned::to_owned)).unwrap_or_else(|| "localhost".to_owned());
    format!("{user}@{host}")
}

/// The name of the workspace in use: `WEIR_WORKSPACE` or `TF_WORKSPACE`, else the one that was selected in this folder.
pub(crate) fn selected_workspace(context: &Context) -> String {
    let selected = || std::fs::read_to_string(selection_file(context)).ok().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    context.env.setting("WORKSPACE").map(ToOwned::to_owned).or_else(selected).unwrap_or_else(|| DEFAULT_WORKSPACE.to_owned())
}

/// The file that holds the name of the selected workspace.
pub(crate) fn selection_file(context: &Context) -> PathBuf {
    context.data_dir().join("environment")
}

/// What the user is told when a state cannot be read, written or locked.
pub(crate) fn store_failure(error: StoreError) -> Failure {
    let summary = match &error {
        StoreError::Content { .. } | StoreError::Read { .. } => "Failed to read the state",
        StoreError::Locked { .. } => "Error acquiring the state lock",
        StoreError::NoSuchLock { .. } => "Failed to unlock the state",
        StoreError::WorkspaceName { .. } => "Invalid workspace name",
        StoreError::WorkspaceInUse { .. } => "Workspace in use",
        _ => "Failed to write the state",
    };
    let text = error.to_string();
    let mut detail: String = text.chars().take(1).flat_map(char::to_uppercase).collect();
    detail += &text[detail.len().min(text.len())..];
    let full_stop = if detail.ends_with(['.', '?', '!']) { "" } else { "." };
    Diagnostic::error(summary, detail + full_stop).into()
}

/// Reads an address of a module or of objects.
pub(crate) fn target(text: &str) -> Result<Target, Failure> {
    text.parse().map_err(|error| Failure::error("Invalid address", format!("{error}.")))
}

fn no_state(store: &dyn Store) -> Failure {
    let detail =
        format!("There is no state at {}. Run this where the stack was applied, choose the right workspace, or name the state file with -state=FILE.", store.location());
    Failure::error("No state file was found", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        assert!(duration("-5s").is_err() && duration("soon").is_err());
    }

    #[test]
    fn failures_are_sentences() {
        let failure = store_failure(StoreError::NoSuchLock { id: "x".into(), held: None });
        assert_eq!(failure.diagnostics.iter().next().unwrap().detail, "There is no lock with the ID \"x\".");
    }
}
