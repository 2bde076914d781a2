//! What an apply tells while it goes on, and how it is told to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use weir_addr::InstanceAddr;
use weir_plan::Action;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// An operation began.
    Started {
        /// On which object.
        addr: InstanceAddr,
        /// What; of a replacement its two halves, as `Delete` and `Create`.
        action: Action,
        /// The object's id, when it has one.
        id: Option<String>,
    },
    /// An operation ended well.
    Finished {
        /// On which object.
        addr: InstanceAddr,
        /// What.
        action: Action,
        /// The object's id, when it has one.
        id: Option<String>,
        /// How long it took.
        elapsed: Duration,
    },
    /// An object that exists is about to be taken into the state.
    Importing {
        /// Which object.
        addr: InstanceAddr,
        /// What the provider knows it by.
        id: Arc<str>,
    },
    /// An object was taken into the state.
    Imported {
        /// Which object.
        addr: InstanceAddr,
        /// What the provider knows it by.
        id: Arc<str>,
    },
    /// A provisioner begins.
    Provisioning {
        /// Of which object.
        addr: InstanceAddr,
        /// `local-exec`
        kind: &'static str,
    },
    /// A provisioner has printed a line.
    Output {
        /// Of which object.
        addr: InstanceAddr,
        /// `local-exec`
        kind: &'static str,
        /// The line, or what stands for one that may not be shown.
        line: String,
    },
    /// An operation failed; what was wrong stands in the diagnostics.
    Failed {
        /// On which object.
        addr: InstanceAddr,
        /// What.
        action: Action,
        /// How long it took.
        elapsed: Duration,
    },
}

/// A request to stop: operations that run are brought to their end, none is begun any more.
#[derive(Debug, Default)]
pub struct Stop(AtomicBool);

impl Stop {
    /// Asks to stop.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
    /// True once asked.
    pub fn requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
