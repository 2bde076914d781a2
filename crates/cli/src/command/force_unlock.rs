//! `weir force-unlock`

use crate::context::Context;
use crate::exit::{Exit, Outcome};
use crate::prompt;
use crate::stored::{StateFlags, store_failure};

/// Break the lock of a run that does not exist any more
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    state: StateFlags,
    /// Do not ask
    #[arg(long)]
    force: bool,
    /// ID of the lock, as the message about the lock says
    #[arg(value_name = "LOCK_ID")]
    id: String,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let detail = "Weir will remove the lock. If the run that holds it is still alive, both may\nspoil each other's work: make sure that it is not.";
        if !self.force && !prompt::approve(context, "Do you really want to break the lock?", detail, "Use -force.")? {
            context.out.line("The lock stays.");
            return Ok(Exit::ERROR);
        }
        self.state.store(context)?.force_unlock(&self.id).map_err(store_failure)?;
        context.out.line("The state has been unlocked.");
        Ok(Exit::DONE)
    }
}
