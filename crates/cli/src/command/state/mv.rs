//! `weir state mv`

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::stored::{self, ChangeFlags};

/// Give objects another address
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    state: ChangeFlags,
    /// Only say what would be moved
    #[arg(long)]
    dry_run: bool,
    /// The address that it has
    source: String,
    /// The address that it gets
    destination: String,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let (from, to) = (stored::target(&self.source)?, stored::target(&self.destination)?);
        let refuse = |error| Failure::error("Cannot move", format!("{error}."));
        let moved = if self.dry_run {
            self.state.place.read_existing(context)?.mv(&from, &to).map_err(refuse)?
        } else {
            self.state.change(context, "state mv", |state| state.mv(&from, &to).map_err(refuse))?
        };
        let word = if self.dry_run { "Would move" } else { "Move" };
        for (old, new) in &moved {
            context.out.line(format!("{word} \"{old}\" to \"{new}\""));
        }
        if !self.dry_run {
            context.out.line(format!("Successfully moved {} object(s).", moved.len()));
        }
        Ok(Exit::DONE)
    }
}
