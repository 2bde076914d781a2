//! `weir get`

use crate::context::Context;
use crate::exit::{Exit, Outcome};
use crate::stack::{Disk, Stack, VariableFlags};

/// Check that the modules which are called are there
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Accepted as with the incumbents; modules in local folders are always up to date
    #[arg(long)]
    update: bool,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let stack = Stack::load(context, &Disk, &VariableFlags::default())?;
        list(context, &stack);
        Ok(Exit::DONE)
    }
}

/// Names each called module and its folder.
pub(crate) fn list(context: &Context, stack: &Stack) {
    for module in stack.nodes.modules.iter().filter(|module| !module.path.is_root()) {
        let names: Vec<&str> = module.path.steps().iter().map(|step| &*step.name).collect();
        context.out.line(format!("- {} in {}", names.join("."), module.dir.display()));
    }
}
