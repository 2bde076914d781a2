//! `weir state push`

use std::io::Read;
use std::path::PathBuf;

use weir_state::State;

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::stored::{ChangeFlags, store_failure};

/// Replace the state by a file
///
/// Refuses a file of another stack or one that is older than what is stored.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    state: ChangeFlags,
    /// Replace it all the same
    #[arg(long)]
    force: bool,
    /// State file; "-" for standard input
    path: PathBuf,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let wrong = |error: &dyn std::fmt::Display| Failure::error("Cannot read the new state", format!("{}: {error}.", self.path.display()));
        let mut bytes = Vec::new();
        if self.path.as_os_str() == "-" {
            std::io::stdin().lock().read_to_end(&mut bytes).map_err(|error| wrong(&error))?;
        } else {
            bytes = std::fs::read(&self.path).map_err(|error| wrong(&error))?;
        }
        let state = State::parse(&bytes).map_err(|error| wrong(&error))?;
        let store = self.state.store(context)?;
        let _lock = self.state.lock(context, &*store, "state push")?;
        store.push(&state, self.force).map_err(store_failure)?;
        Ok(Exit::DONE)
    }
}
