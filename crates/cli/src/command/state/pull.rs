//! `weir state pull`

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::stored::StateFlags;

/// Write the state to standard output, secrets in it included
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    state: StateFlags,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        // As with the incumbents, no state is no output.
        let Some(state) = self.state.read(context)? else { return Ok(Exit::DONE) };
        let bytes = state.to_bytes().map_err(|error| Failure::error("Cannot write the state", format!("{error}.")))?;
        context.out.text(String::from_utf8_lossy(&bytes));
        Ok(Exit::DONE)
    }
}
