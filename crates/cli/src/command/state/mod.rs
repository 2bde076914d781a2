//! `weir state`

mod list;
mod mv;
mod pull;
mod push;
mod replace_provider;
mod rm;
mod show;

use crate::context::Context;
use crate::exit::Outcome;

/// Look at the state, and mend it
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    List(list::Arguments),
    Mv(mv::Arguments),
    Pull(pull::Arguments),
    Push(push::Arguments),
    ReplaceProvider(replace_provider::Arguments),
    Rm(rm::Arguments),
    Show(show::Arguments),
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        match self.command {
            Command::List(arguments) => arguments.run(context),
            Command::Mv(arguments) => arguments.run(context),
            Command::Pull(arguments) => arguments.run(context),
            Command::Push(arguments) => arguments.run(context),
            Command::ReplaceProvider(arguments) => arguments.run(context),
            Command::Rm(arguments) => arguments.run(context),
            Command::Show(arguments) => arguments.run(context),
        }
    }
}
