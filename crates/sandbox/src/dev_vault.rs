//! One server by itself, for trying out and testing what speaks to Vault.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Error;
use crate::install::{self, tail};
use crate::keeper::{Guarded, Keeper, Program};
use crate::progress::Report;

/// How long the server may take to listen on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The server's certificate chain and key, PEM files.
#[derive(Debug, Clone)]
pub struct DevTls {
    /// Certificate, then its chain.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// A single OpenBao server on loopback with Raft storage and a Shamir seal, not yet initialised. Killed when dropped, and when this process ends in whatever way.
pub struct DevVault {
    address: String,
    // Dropped in this order.
    _process: Guarded,
    _keeper: Arc<Keeper>,
}

impl DevVault {
    /// Installs the server into `cache_dir` if need be, and starts it with its data and log in `work_dir`, which must be its own. Without `tls` it speaks plain HTTP.
    ///
    /// # Errors
    /// The installation fails, or the server does not come to listen.
    pub async fn start(cache_dir: &Path, work_dir: &Path, python: &Path, tls: Option<&DevTls>) -> Result<DevVault, Error> {
        let report: Report = Arc::new(|progress| tracing::info!("{progress}"));
        let tools = install::ensure(cache_dir, python, &report).await?;
        let folder = std::path::absolute(work_dir).map_err(Error::io(format!("use {}", work_dir.display())))?;
        let data = folder.join("data");
        fs::create_dir_all(&data).map_err(Error::io(format!("make {}", data.display())))?;
        let keeper = Keeper::start()?;
        // A port that is free now may be taken a moment later by another process: then with others.
        let mut tries = 0;
        loop {
            tries += 1;
            match attempt(&keeper, &tools.bao, &folder, &data, tls).await {
                Ok((address, process)) => return Ok(DevVault { address, _process: process, _keeper: keeper }),
                Err(Error::Node { message, .. }) if tries < 3 && message.contains("address already in use") => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Its URL.
    pub fn address(&self) -> &str {
        &self.address
    }
}

async fn attempt(keeper: &Arc<Keeper>, bao: &Path, folder: &Path, data: &Path, tls: Option<&DevTls>) -> Result<(String, Guarded), Error> {
    let (port, cluster_port) = (free_port()?, free_port()?);
    let scheme = if tls.is_some() { "https" } else { "http" };
    let address = format!("{scheme}://127.0.0.1:{port}");
    let configuration = serde_json::json!({
        "listener": [{ "tcp": match tls {
            Some(tls) => serde_json::json!({
                "address": format!("127.0.0.1:{port}"),
                "cluster_address": format!("127.0.0.1:{cluster_port}"),
                "tls_cert_file": tls.certificate,
                "tls_key_file": tls.key,
            }),
            None => serde_json::json!({
                "address": format!("127.0.0.1:{port}"),
                "cluster_address": format!("127.0.0.1:{cluster_port}"),
                "tls_disable": true,
            }),
        } }],
        "storage": { "raft": { "path": data, "node_id": "dev" } },
        "api_addr": address,
        "cluster_addr": format!("https://127.0.0.1:{cluster_port}"),
    });
    let file = folder.join("dev-vault.json");
    fs::write(&file, configuration.to_string()).map_err(Error::io(format!("write {}", file.display())))?;
    let log = folder.join("dev-vault.log");
    let args = vec!["server".into(), format!("-config={}", file.display()).into()];
    let env = vec![("HOME", folder.as_os_str().to_owned())];
    let program = Program { path: bao.to_owned(), args, env, folder: folder.to_owned(), log: log.clone() };
    let mut process = keeper.spawn(&program).await?;
    let begun = Instant::now();
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        if process.ended().is_some() || begun.elapsed() > PATIENCE {
            return Err(Error::node("dev", tail(&fs::read_to_string(&log).unwrap_or_default())));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok((address, process))
}

fn free_port() -> Result<u16, Error> {
    let bound = std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    bound.map(|address| address.port()).map_err(Error::io("find a free port"))
}
