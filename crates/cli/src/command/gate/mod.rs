//! `weir gate`

mod answers;
mod approve;
mod close;
mod list;
mod open;
mod show;

use crate::context::Context;
use crate::exit::Outcome;

pub(crate) use answers::Answers;
pub(crate) use open::{ask, open, open_named, wanted};

/// Look at gates, open and close them
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    List(list::Arguments),
    Show(show::Arguments),
    Open(open::Arguments),
    Approve(approve::Arguments),
    Close(close::Arguments),
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        match self.command {
            Command::List(arguments) => arguments.run(context),
            Command::Show(arguments) => arguments.run(context),
            Command::Open(arguments) => arguments.run(context),
            Command::Approve(arguments) => arguments.run(context),
            Command::Close(arguments) => arguments.run(context),
        }
    }
}

/// The gates of the stack as they are now.
pub(crate) fn plans(
    context: &Context,
    variables: &crate::stack::VariableFlags,
    state: &crate::stored::ChangeFlags,
) -> Result<(crate::stack::Stack, weir_state::State, Vec<weir_plan::GatePlan>), crate::exit::Failure> {
    use crate::exit::Failure;
    let stack = crate::stack::Stack::load(context, &crate::stack::Disk, variables)?;
    let (store, _lock) = crate::stack::locked(context, state, "gate")?;
    let options = weir_plan::Options { no_refresh: true, parallelism: 10, ..weir_plan::Options::default() };
    let (state, made) = context.block_on(async {
        let state = stack.state(context, &*store).await?;
        let made = stack.plan(&state, &options, None).await;
        Ok::<_, Failure>((state, made))
    })??;
    if made.diags.has_errors() {
        return Err(Failure::new(made.diags, &stack.config.sources));
    }
    Ok((stack, state, made.plan.gates))
}

/// The gate of that name, or an error that offers the nearest.
pub(crate) fn named<'a>(gates: &'a [weir_plan::GatePlan], name: &str) -> Result<&'a weir_plan::GatePlan, crate::exit::Failure> {
    let name = name.strip_prefix("gate.").unwrap_or(name);
    gates.iter().find(|gate| gate.name.as_str() == name).ok_or_else(|| {
        let hint = weir_diag::did_you_mean(name, gates.iter().map(|gate| gate.name.as_str()));
        crate::exit::Failure::error("No such gate", format!("The stack has no gate \"{name}\".{hint}"))
    })
}
