//! `weir refresh`

use crate::context::Context;
use crate::exit::Outcome;

/// Bring the state up to date with what there is
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    apply: super::apply::Arguments,
}

impl Arguments {
    /// Whether a program is to be told, message by message.
    pub(crate) fn streams(&self) -> bool {
        self.apply.json
    }

    pub(crate) fn run(mut self, context: &Context) -> Outcome {
        self.apply.flags.refresh_only = true;
        self.apply.auto_approve = true;
        self.apply.run(context)
    }
}
