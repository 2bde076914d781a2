//! `weir metadata`

mod functions;

use crate::context::Context;
use crate::exit::Outcome;

/// What Weir offers, for other programs
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Functions(functions::Arguments),
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        match self.command {
            Command::Functions(arguments) => arguments.run(context),
        }
    }
}
