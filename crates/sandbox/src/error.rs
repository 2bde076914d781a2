//! What can go wrong with the sandbox itself.

use std::io;
use std::path::PathBuf;

/// A failure of the sandbox.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file, folder, socket or process could not be used.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was tried, as the end of the sentence "cannot …".
        what: String,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The given Python cannot make the environment.
    #[error("{python} cannot be used: {message}. The sandbox needs CPython 3.11 or newer with its venv module")]
    Python {
        /// The interpreter that was tried.
        python: PathBuf,
        /// What it answered.
        message: String,
    },
    /// pip did not install the pinned packages.
    #[error("the emulators could not be installed: {message}\nThe whole output is in {log}")]
    Install {
        /// The last lines of the output.
        message: String,
        /// Where the whole output is.
        log: PathBuf,
    },
    /// The emulator ended, or did not answer in time.
    #[error("the AWS emulator did not start: {message}\nIts log is {log}")]
    Emulator {
        /// The last lines of its log.
        message: String,
        /// Where the whole log is.
        log: PathBuf,
    },
    /// A call to the emulated API failed.
    #[error("{call} on the emulated API failed: {message}")]
    Api {
        /// Service and action.
        call: String,
        /// Status and body, or the transport's error.
        message: String,
    },
    /// A node's user data, TLS secret or configuration is not as a node needs it.
    #[error("node {id}: {message}")]
    Node {
        /// The instance id.
        id: String,
        /// What is wrong with it.
        message: String,
    },
    /// There is no node of this name.
    #[error("the sandbox plays no node {0}")]
    NoNode(String),
    /// Another sandbox works in the same folder.
    #[error("another sandbox is running in {0}")]
    Busy(PathBuf),
}

impl Error {
    /// Wraps an operating system error; `what` ends the sentence "cannot …".
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
        let what = what.into();
        move |source| Error::Io { what, source }
    }

    pub(crate) fn node(id: &str, message: impl ToString) -> Error {
        Error::Node { id: id.to_owned(), message: message.to_string() }
    }
}
