//! One node: a real server process for one instance, from its boot to the instance's end.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::sync::watch;

use crate::Error;
use crate::api::Api;
use crate::configuration::{Moved, Place, relocate};
use crate::install::BAO_VERSION;
use crate::keeper::{Guarded, Keeper, Program};
use crate::probe::Probe;
use crate::progress::{Progress, Report};
use crate::roster::{Health, Order, Roster};
use crate::user_data::Seed;

/// How often a node is asked for its health.
const PROBE_EVERY: Duration = Duration::from_millis(400);

/// How long a node must be healthy until an instance refresh goes on: raft's autopilot makes it a voter after ten seconds.
const STABLE: Duration = Duration::from_secs(15);

/// In a node's folder, what stands for the `/` of its machine.
const ROOT: &str = "root";

/// What all nodes share.
pub(crate) struct Stage {
    pub(crate) api: Api,
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) roster: Arc<Roster>,
    pub(crate) report: Report,
    pub(crate) bao: PathBuf,
    /// One folder per node, wiped with it.
    pub(crate) nodes: PathBuf,
    pub(crate) logs: PathBuf,
    pub(crate) region: String,
}

/// The JSON document in the TLS secret.
#[derive(Deserialize)]
struct Tls {
    private_key: String,
    certificate: String,
    ca_chain: String,
}

/// Why a server is not to run any longer.
enum End {
    Exited(String),
    Ordered,
    NewPeers,
}

/// Plays the node until it is ordered to go, then wipes it.
pub(crate) async fn play(stage: Arc<Stage>, id: String, seed: Seed, mut orders: watch::Receiver<Order>) {
    let folder = stage.nodes.join(&id);
    let asked = |name: &str| seed.environment.get(name).map_or("", String::as_str);
    let wanted = format!("{} {}", asked("VAULT_DISTRIBUTION"), asked("VAULT_VERSION"));
    if wanted != format!("openbao {BAO_VERSION}") {
        (stage.report)(Progress::OtherServer { id: id.clone(), wanted });
    }
    let mut last_problem = String::new();
    while *orders.borrow_and_update() != Order::Gone {
        let problem = match boot(&stage, &id, &seed, &folder, &mut orders).await {
            Ok(None) => continue,
            Ok(Some(status)) => {
                (stage.report)(Progress::NodeCrashed { id: id.clone(), status });
                String::new()
            }
            Err(Error::Node { message, .. }) => message,
            Err(error) => error.to_string(),
        };
        if !problem.is_empty() && problem != last_problem {
            (stage.report)(Progress::NodeWaiting { id: id.clone(), reason: problem.clone() });
        }
        last_problem = problem;
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            _ = orders.changed() => {}
        }
    }
    stage.roster.dismiss(&id);
    if let Err(error) = fs::remove_dir_all(&folder)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%id, %error, "wiping the node");
    }
    (stage.report)(Progress::NodeGone { id });
}

/// Starts the server and stays with it to its end; the text says how it ended by itself.
async fn boot(stage: &Stage, id: &str, seed: &Seed, folder: &Path, orders: &mut watch::Receiver<Order>) -> Result<Option<String>, Error> {
    if *orders.borrow_and_update() == Order::Down {
        // The sender lives in the roster as long as this task.
        let _ = orders.changed().await;
        return Ok(None);
    }
    let tls = tls(stage, id, seed).await?;
    let (api, raft) = stage.roster.ports(id).ok_or_else(|| Error::NoNode(id.to_owned()))?;
    let peers = stage.roster.peers(id);
    let place = Place { id, api, raft, peers: &peers, kms: stage.api.endpoint() };
    let moved = relocate(&seed.configuration, &place).map_err(|message| Error::node(id, message))?;
    let name = seed.variable("TLS_SERVER_NAME").map_err(|message| Error::node(id, message))?;
    let probe = Probe::new(name, api, &tls.ca_chain).map_err(|message| Error::node(id, message))?;
    let file = lay_out(folder, &moved, &tls)?;

    let mut argument = std::ffi::OsString::from("-config=");
    argument.push(&file);
    let program = Program {
        path: stage.bao.clone(),
        args: vec!["server".into(), argument],
        env: vec![
            ("HOME", folder.as_os_str().to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".into()),
            ("AWS_SECRET_ACCESS_KEY", "test".into()),
            ("AWS_REGION", stage.region.clone().into()),
            ("AWS_EC2_METADATA_DISABLED", "true".into()),
        ],
        folder: folder.join(ROOT),
        log: stage.logs.join(format!("{id}.log")),
    };
    let mut server = stage.keeper.spawn(&program).await?;
    stage.roster.set_pid(id, Some(server.pid()));
    let address = format!("https://127.0.0.1:{api}");
    (stage.report)(Progress::NodeStarted { id: id.to_owned(), address, pid: server.pid() });
    let end = tend(stage, id, &peers, &probe, &mut server, orders).await;
    server.kill().await;
    stage.roster.set_pid(id, None);
    Ok(match end {
        End::Exited(status) => Some(status),
        End::Ordered | End::NewPeers => None,
    })
}

/// Watches a running server until there is a reason to stop.
async fn tend(stage: &Stage, id: &str, known: &[u16], probe: &Probe, server: &mut Guarded, orders: &mut watch::Receiver<Order>) -> End {
    let watch_health = watch_health(stage, id, probe);
    tokio::pin!(watch_health);
    let mut members = stage.roster.members();
    loop {
        tokio::select! {
            status = server.wait() => {
                return End::Exited(status.map_or_else(|error| error.to_string(), |status| status.to_string()));
            }
            _ = orders.changed() => {
                if *orders.borrow_and_update() != Order::Run {
                    return End::Ordered;
                }
            }
            // A server looks up its peers only when it starts. One that belongs to no cluster yet is started again to
            // learn of new ones, unless it is the one that is being initialised.
            _ = members.changed() => {
                let stranger = stage.roster.peers(id).iter().any(|peer| !known.contains(peer));
                let idle = stage.roster.health(id) == Health::Uninitialized && !stage.roster.is_anchor(id);
                if stranger && idle {
                    return End::NewPeers;
                }
            }
            () = &mut watch_health => {}
        }
    }
}

/// Keeps the roster's word on the node's health; never ends.
async fn watch_health(stage: &Stage, id: &str, probe: &Probe) {
    let mut failures = 0;
    let mut since: Option<Instant> = None;
    let mut told = false;
    let mut last = Health::Unreachable;
    loop {
        tokio::time::sleep(PROBE_EVERY).await;
        match probe.ask().await {
            Ok(health) => {
                if health != last {
                    tracing::debug!(%id, ?health, "health");
                }
                (failures, last) = (0, health);
                stage.roster.set_health(id, health);
            }
            Err(error) => {
                tracing::trace!(%id, %error, "health");
                failures += 1;
                // One slow answer on a loaded machine is not a dead node.
                if failures == 2 {
                    last = Health::Unreachable;
                    stage.roster.set_health(id, last);
                }
            }
        }
        match last {
            Health::Unreachable | Health::Sealed => since = None,
            _ if since.is_none() => since = Some(Instant::now()),
            _ => {}
        }
        let stable = since.is_some_and(|since| since.elapsed() >= STABLE);
        if !told && stable {
            told = stage.api.get("autoscaling", &format!("/weir-sandbox/ready/{id}")).await.is_ok();
        }
    }
}

/// Reads the TLS secret, as the node's boot script does with the instance's role.
async fn tls(stage: &Stage, id: &str, seed: &Seed) -> Result<Tls, Error> {
    let secret = seed.variable("TLS_SECRET_ID").map_err(|message| Error::node(id, message))?;
    let body = serde_json::json!({ "SecretId": secret });
    let answer = stage
        .api
        .json("secretsmanager", "secretsmanager.GetSecretValue", &body)
        .await
        .map_err(|_| Error::node(id, format!("the TLS secret {secret} has no value yet")))?;
    let text = answer["SecretString"].as_str().unwrap_or_default();
    // The parser's message could quote the key.
    serde_json::from_str(text).map_err(|_| Error::node(id, format!("the TLS secret {secret} is not JSON with private_key, certificate and ca_chain")))
}

/// Writes the node's files; the answer is the configuration's path.
fn lay_out(folder: &Path, moved: &Moved, tls: &Tls) -> Result<PathBuf, Error> {
    let root = folder.join(ROOT);
    for path in moved.paths.iter().filter_map(|path| path.parent()).chain(moved.folders.iter().map(PathBuf::as_path)) {
        let path = root.join(path);
        fs::create_dir_all(&path).map_err(Error::io(format!("make {}", path.display())))?;
    }
    for (paths, text) in [(&moved.certificates, &tls.certificate), (&moved.keys, &tls.private_key), (&moved.authorities, &tls.ca_chain)] {
        for path in paths {
            write_private(&root.join(path), text)?;
        }
    }
    let file = folder.join("vault.hcl");
    write_private(&file, &moved.text)?;
    Ok(file)
}

fn write_private(path: &Path, text: &str) -> Result<(), Error> {
    let mut options = fs::File::options();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(Error::io(format!("write {}", path.display())))
}
