//! One server for all tests that run at the same time.

use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::Mutex;
use weir_sandbox::{DevTls, DevVault};
use weir_vault::operator::{InitRequest, Operator};
use weir_vault::{Connection, Secret};

/// A running, unsealed server; stopped and wiped with its last user.
pub(crate) struct Server {
    vault: DevVault,
    pub(crate) root: Secret,
    _folder: TempDir,
}

static SHARED: Mutex<Weak<Server>> = Mutex::const_new(Weak::new());

/// The shared server.
pub(crate) async fn shared() -> Arc<Server> {
    let mut shared = SHARED.lock().await;
    if let Some(server) = shared.upgrade() {
        return server;
    }
    let server = Arc::new(ready().await);
    *shared = Arc::downgrade(&server);
    server
}

/// Starts a server that is not initialised.
pub(crate) async fn fresh(folder: &Path, tls: Option<&DevTls>) -> DevVault {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sandbox-cache");
    DevVault::start(&cache, folder, Path::new("python3"), tls).await.unwrap()
}

async fn ready() -> Server {
    let folder = tempfile::tempdir().unwrap();
    let vault = fresh(folder.path(), None).await;
    let operator = Operator::new(&Connection { address: Some(vault.address().into()), ..Connection::default() }).unwrap();
    let status = operator.seal_status().await.unwrap();
    let keys = operator.init(&status, &InitRequest { shares: 1, threshold: 1, ..InitRequest::default() }).await.unwrap();
    operator.unseal(&keys.shares[0]).await.unwrap();
    operator.wait_unsealed(Duration::from_secs(30)).await.unwrap();
    Server { vault, root: keys.root_token, _folder: folder }
}

impl Server {
    pub(crate) fn address(&self) -> &str {
        self.vault.address()
    }

    pub(crate) fn connection(&self) -> Connection {
        Connection { address: Some(self.address().into()), token: Some(self.root.clone()), ..Connection::default() }
    }

    pub(crate) fn operator(&self) -> Operator {
        Operator::new(&self.connection()).unwrap()
    }
}
