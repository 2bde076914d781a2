//! `weir workspace`

use std::path::PathBuf;

use weir_state::{DEFAULT_WORKSPACE, State, Store};

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::file;
use crate::stored::{ChangeFlags, StateFlags, selected_workspace, selection_file, store_failure};

/// Keep several states of the same configuration apart
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the workspaces
    List,
    /// Show the name of the one in use
    Show,
    /// Make one, and use it
    New {
        #[command(flatten)]
        flags: NewFlags,
        name: String,
    },
    /// Use another one
    Select {
        /// Make it if it is not there
        #[arg(long)]
        or_create: bool,
        name: String,
    },
    /// Remove one
    Delete {
        /// Even if its state has objects, which then are forgotten
        #[arg(long)]
        force: bool,
        name: String,
    },
}

#[derive(Debug, clap::Args)]
struct NewFlags {
    /// State file to begin with
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let store = StateFlags::default().store(context)?;
        let names = store.workspaces().map_err(store_failure)?;
        let current = selected_workspace(context);
        let known = |name: &str| names.iter().any(|own| own == name);
        match self.command {
            Command::List => {
                for name in &names {
                    let mark = if *name == current { "*" } else { " " };
                    context.out.line(format!("{mark} {name}"));
                }
                context.out.line("");
            }
            Command::Show => context.out.line(current),
            Command::New { name, .. } if known(&name) => return Err(Failure::error(format!("Workspace \"{name}\" already exists"), "")),
            Command::New { flags, name } => create(context, &*store, &name, flags.state)?,
            Command::Select { name, .. } if known(&name) => {
                select(context, &name)?;
                context.out.line(context.paint().good(format!("Switched to workspace \"{name}\".")));
            }
            Command::Select { or_create: true, name } => create(context, &*store, &name, None)?,
            Command::Select { name, .. } => return Err(missing(&name, &names)),
            Command::Delete { name, .. } if !known(&name) => return Err(missing(&name, &names)),
            Command::Delete { force, name } => {
                store.delete_workspace(&name, force).map_err(store_failure)?;
                context.out.line(context.paint().good(format!("Deleted workspace \"{name}\"!")));
            }
        }
        Ok(Exit::DONE)
    }
}

fn missing(name: &str, names: &[String]) -> Failure {
    let near = weir_diag::did_you_mean(name, names.iter().map(String::as_str));
    let detail = format!("You can make it with \"weir workspace new {name}\", or with the option -or-create of \"select\".{near}");
    Failure::error(format!("Workspace \"{name}\" doesn't exist"), detail)
}

fn create(context: &Context, store: &dyn Store, name: &str, from: Option<PathBuf>) -> Result<(), Failure> {
    let place = store.workspace(name).map_err(store_failure)?;
    let flags = ChangeFlags { place: StateFlags::default(), backup: None, lock: true, lock_timeout: std::time::Duration::ZERO };
    // The lock makes the place.
    let _lock = flags.lock(context, &*place, "workspace new")?;
    if let Some(path) = from {
        let wrong = |error: &dyn std::fmt::Display| Failure::error("Cannot read the state to begin with", format!("{}: {error}.", path.display()));
        let bytes = std::fs::read(&path).map_err(|error| wrong(&error))?;
        place.push(&State::parse(&bytes).map_err(|error| wrong(&error))?, false).map_err(store_failure)?;
    }
    select(context, name)?;
    context.out.line(context.paint().good(format!("Created and switched to workspace \"{name}\"!")));
    context.out.line(
        "\nYou're now on a new, empty workspace. Workspaces isolate their state,\nso if you run \"weir plan\" Weir will not see any existing state\nfor this configuration.",
    );
    Ok(())
}

fn select(context: &Context, name: &str) -> Result<(), Failure> {
    if context.env.setting("WORKSPACE").is_some() {
        let detail = "TF_WORKSPACE (or WEIR_WORKSPACE) is set and goes before any selection. Unset it.";
        return Err(Failure::error("The workspace is chosen by the environment", detail));
    }
    let path = selection_file(context);
    if name == DEFAULT_WORKSPACE && !path.exists() {
        return Ok(());
    }
    file::replace(&path, name)?;
    Ok(())
}
