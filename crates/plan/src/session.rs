//! Configured providers.

use std::sync::Arc;

use weir_provider::Session;

/// How far the configuration of a provider got.
#[derive(Clone)]
pub enum ProviderState {
    /// It is connected.
    Ready(Arc<dyn Session>),
    /// Its configuration is not known yet; what it waits for.
    Deferred(Arc<str>),
    /// It could not be configured; that has been reported.
    Failed,
}

impl ProviderState {
    /// The session, if there is one.
    pub fn session(&self) -> Option<&Arc<dyn Session>> {
        if let Self::Ready(session) = self { Some(session) } else { None }
    }
}
