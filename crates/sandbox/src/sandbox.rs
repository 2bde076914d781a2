//! The sandbox as a whole: started, asked, stopped.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::api::Api;
use crate::balancer::Balancer;
use crate::emulator::{self, Emulator};
use crate::keeper::Keeper;
use crate::node::Stage;
use crate::progress::{Progress, Report};
use crate::roster::{Node, Order, Roster};
use crate::{Error, install, player};

/// How to start a sandbox.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the emulators are installed, once for all sandboxes; made when missing.
    pub cache_dir: PathBuf,
    /// Where this sandbox keeps its nodes and logs; made when missing. One sandbox at a time can use it.
    pub work_dir: PathBuf,
    /// The AWS region in which autoscaling groups are played.
    pub region: String,
    /// Whether to play the instances and the load balancer.
    pub nodes: bool,
    /// The Python interpreter (CPython 3.11 or newer) that the environment is made with.
    pub python: PathBuf,
}

impl Options {
    /// Options with nodes, in eu-central-1, with the `python3` of the search path.
    pub fn new(cache_dir: impl Into<PathBuf>, work_dir: impl Into<PathBuf>) -> Options {
        Options { cache_dir: cache_dir.into(), work_dir: work_dir.into(), region: "eu-central-1".to_owned(), nodes: true, python: "python3".into() }
    }
}

/// A running sandbox; dropping it kills what it started, [`Sandbox::stop`] also waits and wipes.
pub struct Sandbox {
    // Dropped in this order: first those who would start processes again, last the one who kills what is left.
    player: Option<JoinHandle<()>>,
    balancer: Option<JoinHandle<()>>,
    warm_up: JoinHandle<()>,
    emulator: Emulator,
    _keeper: Arc<Keeper>,
    stop: watch::Sender<bool>,
    roster: Arc<Roster>,
    vault_address: Option<String>,
    region: String,
    work_dir: PathBuf,
    _lock: fs::File,
}

impl Sandbox {
    /// Installs the emulators if need be, starts the AWS API, and begins to play instances.
    ///
    /// Returns once the API listens; nodes come and go with the autoscaling groups from then on. `on_progress` is
    /// called from several tasks. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The environment cannot be made, another sandbox works in the folder, or the emulator does not start.
    pub async fn start(options: Options, on_progress: impl Fn(Progress) + Send + Sync + 'static) -> Result<Sandbox, Error> {
        // Somebody else may have chosen a provider already; any will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let report: Report = Arc::new(on_progress);
        let (work_dir, lock) = claim(&options.work_dir)?;
        let (nodes, logs) = (work_dir.join("nodes"), work_dir.join("logs"));
        for folder in [&nodes, &logs] {
            fs::create_dir_all(folder).map_err(Error::io(format!("make {}", folder.display())))?;
        }
        let tools = install::ensure(&options.cache_dir, &options.python, &report).await?;
        let keeper = Keeper::start()?;
        let emulator = Emulator::start(&keeper, &tools, &work_dir, &logs, options.nodes).await?;
        report(Progress::EmulatorReady(emulator.endpoint.clone()));
        let api = Api::new(emulator.endpoint.clone(), options.region.clone())?;
        let warm_up = tokio::spawn(emulator::warm_up(api.clone()));

        let roster = Arc::new(Roster::new());
        let (stop, stopped) = watch::channel(false);
        let (mut player, mut balancer, mut vault_address) = (None, None, None);
        if options.nodes {
            let bound = Balancer::bind().await?;
            vault_address = Some(format!("https://{}", bound.address));
            balancer = Some(tokio::spawn(bound.serve(Arc::clone(&roster))));
            let stage = Stage { api, keeper: Arc::clone(&keeper), roster: Arc::clone(&roster), report, bao: tools.bao, nodes, logs, region: options.region.clone() };
            player = Some(tokio::spawn(player::play(Arc::new(stage), stopped)));
        }
        Ok(Sandbox { player, balancer, warm_up, emulator, _keeper: keeper, stop, roster, vault_address, region: options.region, work_dir, _lock: lock })
    }

    /// The variables that a command needs in its environment to use the sandbox.
    pub fn env(&self) -> Vec<(String, String)> {
        let none = self.work_dir.join("no-profile").to_string_lossy().into_owned();
        let mut env = vec![
            ("AWS_ENDPOINT_URL", self.emulator.endpoint.clone()),
            ("AWS_REGION", self.region.clone()),
            ("AWS_DEFAULT_REGION", self.region.clone()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            // A profile of the user's could name other endpoints.
            ("AWS_CONFIG_FILE", none.clone()),
            ("AWS_SHARED_CREDENTIALS_FILE", none),
            ("NO_PROXY", "127.0.0.1,localhost".to_owned()),
            ("no_proxy", "127.0.0.1,localhost".to_owned()),
        ];
        if let Some(address) = &self.vault_address {
            env.push(("VAULT_ADDR", address.clone()));
            env.push(("TF_VAR_vault_address", address.clone()));
        }
        env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Whether a variable of the caller's environment must be taken out, besides setting those of [`Sandbox::env`]:
    /// any other of AWS or Vault, as it could lead a command out of the sandbox, to a real account or server.
    pub fn hides(&self, name: &str) -> bool {
        ["AWS_", "VAULT_", "BAO_"].iter().any(|prefix| name.starts_with(prefix)) && !self.env().iter().any(|(own, _)| own == name)
    }

    /// The URL of the emulated AWS API.
    pub fn endpoint(&self) -> &str {
        &self.emulator.endpoint
    }

    /// The URL of the load balancer before the nodes; None without nodes.
    pub fn vault_address(&self) -> Option<&str> {
        self.vault_address.as_deref()
    }

    /// A file with one line per request to the emulated API that the sandbox did not make itself:
    /// service, action (or method and path), status, duration.
    pub fn request_log(&self) -> &Path {
        &self.emulator.request_log
    }

    /// The folder with the log of the emulator and of each node (`INSTANCE.log`); it stays after [`Sandbox::stop`].
    pub fn log_dir(&self) -> PathBuf {
        self.work_dir.join("logs")
    }

    /// The nodes that are played now, by instance id.
    pub fn nodes(&self) -> Vec<Node> {
        self.roster.nodes()
    }

    /// Kills a node's server and keeps it down, as a machine that lost its power. (A server that is killed otherwise
    /// is started again after a second, as by its service manager.)
    ///
    /// # Errors
    /// There is no such node.
    pub fn kill_node(&self, id: &str) -> Result<(), Error> {
        self.roster.order(id, Order::Down)
    }

    /// Starts a killed node again, with the data it had.
    ///
    /// # Errors
    /// There is no such node.
    pub fn revive_node(&self, id: &str) -> Result<(), Error> {
        self.roster.order(id, Order::Run)
    }

    /// Stops every process that was started, waits for their end, and wipes the nodes' data; logs stay.
    pub async fn stop(mut self) {
        self.warm_up.abort();
        if let Some(balancer) = self.balancer.take() {
            balancer.abort();
        }
        self.stop.send_replace(true);
        if let Some(player) = self.player.take()
            && let Err(error) = player.await
        {
            tracing::warn!(%error, "stopping the nodes");
        }
        self.emulator.process.kill().await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        for task in [self.player.take(), self.balancer.take()].into_iter().flatten() {
            task.abort();
        }
        self.warm_up.abort();
        let _ = fs::remove_dir_all(self.work_dir.join("nodes"));
    }
}

/// Takes the working folder for this process alone, and clears what a killed sandbox left there.
fn claim(folder: &Path) -> Result<(PathBuf, fs::File), Error> {
    let what = || format!("use {}", folder.display());
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(Error::io(what()))?;
    // Servers are started with absolute paths.
    let folder = folder.canonicalize().map_err(Error::io(what()))?;
    let lock = fs::File::create(folder.join("lock")).map_err(Error::io(what()))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => return Err(Error::Busy(folder)),
        Err(fs::TryLockError::Error(error)) => return Err(Error::io(what())(error)),
    }
    let nodes = folder.join("nodes");
    if nodes.exists() {
        fs::remove_dir_all(&nodes).map_err(Error::io(format!("clear {}", nodes.display())))?;
    }
    Ok((folder, lock))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_working_folder_is_for_one_sandbox() {
        let dir = tempfile::tempdir().expect("tempdir");
        let work = dir.path().join("work");
        let (folder, lock) = claim(&work).expect("free");
        fs::create_dir_all(folder.join("nodes/i-1")).expect("leftover");
        assert!(matches!(claim(&work), Err(Error::Busy(_))));
        assert!(folder.join("nodes/i-1").exists(), "untouched while in use");
        drop(lock);
        claim(&work).expect("free again");
        assert!(!folder.join("nodes").exists());
    }
}
