//! What the sandbox reports while it works.

use std::fmt;
use std::path::PathBuf;

/// One thing that happened; its `Display` is one line for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// Another process is installing into the same cache; this one waits.
    WaitingForInstall,
    /// The emulators are being installed; the text is the installer's line.
    Installing(String),
    /// The installation is complete.
    Installed(PathBuf),
    /// The emulated AWS API answers at this URL.
    EmulatorReady(String),
    /// A node's server was started.
    NodeStarted {
        /// The instance id.
        id: String,
        /// The node's own API address.
        address: String,
        /// The process id.
        pid: u32,
    },
    /// A node's user data asks for another server than the one that plays it.
    OtherServer {
        /// The instance id.
        id: String,
        /// Distribution and version that it asks for.
        wanted: String,
    },
    /// A node waits for something, such as its TLS secret.
    NodeWaiting {
        /// The instance id.
        id: String,
        /// What it waits for.
        reason: String,
    },
    /// A node's server ended by itself; it will be started again.
    NodeCrashed {
        /// The instance id.
        id: String,
        /// How it ended.
        status: String,
    },
    /// A node was stopped and its data wiped, as its instance is gone or the sandbox ends.
    NodeGone {
        /// The instance id.
        id: String,
    },
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Progress::WaitingForInstall => f.write_str("waiting for another process that installs the emulators"),
            Progress::Installing(line) => write!(f, "installing the emulators: {line}"),
            Progress::Installed(path) => write!(f, "emulators installed in {}", path.display()),
            Progress::EmulatorReady(url) => write!(f, "AWS emulator ready at {url}"),
            Progress::NodeStarted { id, address, pid } => write!(f, "node {id} started at {address} (pid {pid})"),
            Progress::OtherServer { id, wanted } => {
                write!(f, "node {id} asks for {wanted} and is played by openbao {}", crate::install::BAO_VERSION)
            }
            Progress::NodeWaiting { id, reason } => write!(f, "node {id} waits: {reason}"),
            Progress::NodeCrashed { id, status } => write!(f, "node {id} ended ({status}), starting it again"),
            Progress::NodeGone { id } => write!(f, "node {id} stopped and wiped"),
        }
    }
}

/// Where progress goes; shared by all tasks of a sandbox.
pub(crate) type Report = std::sync::Arc<dyn Fn(Progress) + Send + Sync>;
