//! What can go wrong between here and the server.

use weir_provider::Fault;

/// A call that failed, or that could not be made. Holds no token and no request body.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The server could not be reached, or the connection broke.
    #[error("cannot reach Vault at {address}: {message}")]
    Transport {
        /// The server's URL.
        address: String,
        /// The innermost cause.
        message: String,
        /// False when the request certainly did not arrive.
        arrived: bool,
    },
    /// The server answered with an error.
    #[error("{method} {path}: HTTP {status}: {}", .errors.join("; "))]
    Api {
        /// The request's method.
        method: String,
        /// The request's path, without `/v1/`.
        path: String,
        /// The HTTP status.
        status: u16,
        /// The server's own words.
        errors: Vec<String>,
    },
    /// The answer is not what the API promises.
    #[error("{path}: unexpected answer: {message}")]
    Answer {
        /// The request's path, without `/v1/`.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// The connection's settings are wrong.
    #[error("{0}")]
    Setup(String),
    /// What was waited for did not come.
    #[error("{0}")]
    Timeout(String),
}

impl Error {
    /// The HTTP status, if there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Api { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// True when what was asked for does not exist: also when its whole mount does not.
    pub fn is_missing(&self) -> bool {
        match self {
            Self::Api { status: 404, .. } => true,
            // The PKI engine answers 400 or 500 for an issuer or key that is not there.
            Self::Api { errors, .. } => errors
                .iter()
                .any(|error| error.contains("unable to find PKI issuer") || error.contains("unable to find PKI key") || error.contains("no handler for route")),
            _ => false,
        }
    }

    /// True when the same call may succeed in a moment: the server restarts, elects a leader, is sealed for now, or asks to slow down.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Transport { message, .. } => !message.contains("certificate") && !message.contains("builder error"),
            Self::Api { status: 412 | 429 | 502 | 503 | 504, .. } => true,
            Self::Api { status: 500, errors, .. } => errors.iter().any(|error| {
                ["not active", "forwarding", "leadership", "leader", "no active", "context canceled", "transaction commit failed"].iter().any(|sign| error.contains(sign))
            }),
            _ => false,
        }
    }

    /// True when the call may have had its effect all the same.
    pub(crate) fn may_have_arrived(&self) -> bool {
        match self {
            Self::Transport { arrived, .. } => *arrived,
            // A transaction that another call got in the way of has changed nothing.
            Self::Api { status: 500, errors, .. } if errors.iter().any(|error| error.contains("transaction commit failed")) => false,
            Self::Api { status, .. } => matches!(status, 500 | 502 | 504),
            _ => false,
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let said = error.to_string();
        match &error {
            Error::Transport { .. } => Fault::error("Vault cannot be reached", format!("{said}. Check the provider's address, ca_cert_file and tls_server_name.")),
            Error::Api { status: 403, .. } => {
                Fault::error("Permission denied by Vault", format!("{said}. The token is not valid any more, or its policies do not allow this path."))
            }
            Error::Api { status: 503, .. } if said.contains("sealed") => Fault::error("Vault is sealed", said),
            Error::Api { .. } if error.is_missing() => Fault::not_found(said),
            Error::Api { .. } => Fault::error("Vault refused the call", said),
            Error::Answer { .. } => Fault::error("Unexpected answer from Vault", said),
            Error::Setup(_) => Fault::error("Invalid Vault connection", said),
            Error::Timeout(_) => Fault::error("Timed out waiting for Vault", said),
        }
    }
}
