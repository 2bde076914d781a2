//! `weir destroy`

use crate::context::Context;
use crate::exit::Outcome;

/// Destroy everything that the stack manages
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
        self.apply.flags.destroy = true;
        self.apply.run(context)
    }
}
