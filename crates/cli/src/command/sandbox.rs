//! `weir sandbox`

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;

use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use weir_sandbox::{Options, Sandbox};

use crate::context::Context;
use crate::environment::Environment;
use crate::exit::{Exit, Failure, Outcome};

/// How often Ctrl-C has to come until the command is no longer waited for.
const PATIENCE: u32 = 3;

/// Run a command, or Weir itself, with an AWS and a Vault on this machine only
///
/// `weir sandbox -- apply` runs `weir apply`, `weir sandbox -exec CMD ARGS...` any other command. With neither it keeps running and prints what to export in another terminal.
/// The first time it installs the emulators (moto and OpenBao) into a cache folder.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folder for the nodes' data and the logs [default: a temporary one, kept if the command fails]
    #[arg(long, value_name = "DIR")]
    work_dir: Option<PathBuf>,
    /// AWS region in which autoscaling groups are played
    #[arg(long, default_value = "eu-central-1")]
    region: String,
    /// Whether to play instances as Vault nodes
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    nodes: bool,
    /// Python interpreter (3.11 or newer) that runs the emulator
    #[arg(long, value_name = "FILE", default_value = "python3")]
    python: PathBuf,
    /// Command to run, with its arguments
    #[arg(long, value_name = "CMD", num_args = 1.., allow_hyphen_values = true, conflicts_with = "weir")]
    exec: Vec<OsString>,
    /// Arguments of Weir
    #[arg(last = true, value_name = "WEIR ARGS")]
    weir: Vec<OsString>,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let own = std::env::current_exe();
        let own = own.map_err(|error| Failure::error("Cannot find the program itself", format!("{error}.")))?;
        let temporary = if self.work_dir.is_none() { Some(temporary()?) } else { None };
        let work_dir = self.work_dir.clone().or_else(|| Some(temporary.as_ref()?.path().to_owned())).unwrap_or_default();
        let mut options = Options::new(cache_dir(&context.env)?, work_dir);
        (options.region, options.nodes, options.python) = (self.region.clone(), self.nodes, self.python.clone());
        let exit = context.block_on(self.inside(context, options, &own))??;
        if exit != Exit::DONE
            && let Some(folder) = temporary
        {
            context.err.line(format!("sandbox: its logs are in {}", folder.keep().join("logs").display()));
        }
        Ok(exit)
    }

    async fn inside(&self, context: &Context, options: Options, own: &Path) -> Outcome {
        let err = Arc::clone(&context.err);
        let started = Sandbox::start(options, move |progress| err.line(format!("sandbox: {progress}"))).await;
        let sandbox = started.map_err(|error| Failure::error("The sandbox did not start", format!("{error}.")))?;
        let ended = match (self.exec.split_first(), self.weir.is_empty()) {
            (Some((program, arguments)), _) => run(program, arguments, &sandbox, context, own).await,
            (None, false) => run(own.as_os_str(), &self.weir, &sandbox, context, own).await,
            (None, true) => keep(&sandbox, context, own).await,
        };
        context.err.line("sandbox: stopping");
        sandbox.stop().await;
        ended
    }
}

fn temporary() -> Result<tempfile::TempDir, Failure> {
    let made = tempfile::Builder::new().prefix("weir-sandbox-").tempdir();
    made.map_err(|error| Failure::error("Cannot make a temporary folder", format!("{error}. Name another one: -work-dir=DIR.")))
}

/// Where the emulators are installed: WEIR_CACHE_DIR, or the place that the system has for such.
fn cache_dir(env: &Environment) -> Result<PathBuf, Failure> {
    let home = || env.get("HOME").map(|home| Path::new(home).join(if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" }));
    let system = || env.get("XDG_CACHE_HOME").map(PathBuf::from).or_else(home).map(|folder| folder.join("weir"));
    let found = env.get("WEIR_CACHE_DIR").map(PathBuf::from).or_else(system);
    found.ok_or_else(|| Failure::error("No place for the emulators", "Neither WEIR_CACHE_DIR nor HOME is set. Set WEIR_CACHE_DIR to a folder that can be written."))
}

/// The variables of the sandbox, and those that say where Weir is.
fn variables(sandbox: &Sandbox, context: &Context, own: &Path) -> Vec<(String, String)> {
    let mut variables = sandbox.env();
    variables.push(("WEIR".to_owned(), own.display().to_string()));
    let folder = own.parent().unwrap_or(Path::new("/")).display().to_string();
    let path = context.env.get("PATH").map_or_else(|| folder.clone(), |path| format!("{folder}:{path}"));
    variables.push(("PATH".to_owned(), path));
    variables
}

async fn run(program: &std::ffi::OsStr, arguments: &[OsString], sandbox: &Sandbox, context: &Context, own: &Path) -> Outcome {
    let mut command = Command::new(program);
    command.args(arguments).envs(variables(sandbox, context, own)).kill_on_drop(true);
    for (name, _) in context.env.iter().filter(|(name, _)| sandbox.hides(name)) {
        command.env_remove(name);
    }
    let child = command.spawn();
    let child = child.map_err(|error| Failure::error("Cannot run the command", format!("{}: {error}.", program.to_string_lossy())))?;
    let status = wait(child).await;
    status.map(|status| exit_of(&status)).map_err(|error| Failure::error("Lost the command", format!("{error}.")))
}

/// Waits for the command's end. Ctrl-C in the terminal reaches it as well as us: it decides what to make of it.
async fn wait(mut child: Child) -> std::io::Result<ExitStatus> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut interrupts = 0;
    loop {
        tokio::select! {
            status = child.wait() => return status,
            _ = interrupt.recv() => interrupts += 1,
            _ = terminate.recv() => interrupts = PATIENCE,
        }
        if interrupts >= PATIENCE {
            child.start_kill()?;
        }
    }
}

fn exit_of(status: &ExitStatus) -> Exit {
    // As shells say which signal ended a command.
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    Exit(u8::try_from(code).unwrap_or(1))
}

async fn keep(sandbox: &Sandbox, context: &Context, own: &Path) -> Outcome {
    for (name, _) in context.env.iter().filter(|(name, _)| sandbox.hides(name)) {
        context.out.line(format!("unset {name}"));
    }
    for (name, value) in variables(sandbox, context, own) {
        context.out.line(format!("export {name}='{}'", value.replace('\'', r"'\''")));
    }
    context.err.line(format!("sandbox: running; logs in {}; Ctrl-C stops it", sandbox.log_dir().display()));
    let stopped = async {
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        std::io::Result::Ok(())
    };
    stopped.await.map_err(|error| Failure::error("Cannot wait for Ctrl-C", format!("{error}.")))?;
    Ok(Exit::DONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_where_the_system_has_it() {
        let at = |env| cache_dir(&env).ok();
        assert_eq!(at(Environment::from([("WEIR_CACHE_DIR", "/c"), ("HOME", "/h")])), Some("/c".into()));
        assert_eq!(at(Environment::from([("XDG_CACHE_HOME", "/x"), ("HOME", "/h")])), Some("/x/weir".into()));
        assert_eq!(at(Environment::default()), None);
    }

    #[test]
    fn a_signal_is_told_as_shells_do() {
        assert_eq!(exit_of(&ExitStatus::from_raw(3 << 8)), Exit(3));
        assert_eq!(exit_of(&ExitStatus::from_raw(9)), Exit(137));
    }
}
