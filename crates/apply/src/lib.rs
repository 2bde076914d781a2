//! Executes a plan, pausing at gates.
//!
//! [`apply`] does what the plan says and nothing else: each effect is a change of the plan, and what is computed again must agree with what was planned. Every call that
//! changes the outside world lies between two records of the journal. What is behind a closed gate, or needs a provider that is not known yet, is left for a
//! later run. [`recover`] takes up what an interrupted run has left.
//!
//! It does not ask, does not print and does not write the state: it returns it.

mod adopt;
mod applier;
mod delete;
mod event;
mod lookout;
mod operation;
mod provision;
mod recover;

pub use adopt::imported;
pub use applier::{Applied, Applying, apply, refreshed};
pub use event::{Event, Stop};
pub use recover::{Recovered, recover};
