//! What we last knew, locked and versioned, and the journal of what we were about to do.
//!
//! [`State`] is the content of a state file (format v4, as OpenTofu and Terraform read and write it), with what Weir adds under the one key `weir`.
//! A [`Store`] keeps states: locked, versioned, replaced as a whole or not at all. The [`Journal`] lies beside the state and says, before any call that
//! changes the world, what is about to be done; after a crash [`Replay`] says what that means.
//!
//! This crate does *not* know schemas: attributes are raw JSON that the caller decodes with the type of the schema.

mod error;
mod gate;
mod journal;
mod json;
mod local;
mod lock;
mod moves;
mod read;
mod record;
mod replace;
mod state;
mod store;
mod write;

pub use error::StateError;
pub use gate::{Approval, CheckRecord, GateAction, GateEvent, GateRecord, GateState, InputRecord, WeirSection};
pub use journal::{Effect, Entry, Intent, Journal, JournalError, Mark, Meaning, Observer, Op, Opening, Outcome, Replay, meaning};
pub use json::RawJson;
pub use local::{DEFAULT_WORKSPACE, LocalStore};
pub use lock::{Lock, LockInfo};
pub use moves::MoveError;
pub use read::Header;
pub use record::{Extra, InstanceObjects, OutputValue, Record, ResourceState, Status};
pub use state::{State, TERRAFORM_VERSION};
pub use store::{Store, StoreError, Written, check_successor};
