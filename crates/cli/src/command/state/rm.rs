//! `weir state rm`

use weir_addr::{InstanceAddr, Target};
use weir_state::State;

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::stored::{self, ChangeFlags};

/// Forget objects without destroying them
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    state: ChangeFlags,
    /// Only say what would be forgotten
    #[arg(long)]
    dry_run: bool,
    /// Modules, stages, resources or instances
    #[arg(value_name = "ADDRESS", required = true)]
    addresses: Vec<String>,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let targets: Vec<Target> = self.addresses.iter().map(|text| stored::target(text)).collect::<Result<_, _>>()?;
        let gone = if self.dry_run {
            remove(&mut self.state.place.read_existing(context)?, &targets)?
        } else {
            self.state.change(context, "state rm", |state| remove(state, &targets))?
        };
        let word = if self.dry_run { "Would remove" } else { "Removed" };
        for addr in &gone {
            context.out.line(format!("{word} {addr}"));
        }
        if !self.dry_run {
            context.out.line(format!("Successfully removed {} resource instance(s).", gone.len()));
        }
        Ok(Exit::DONE)
    }
}

fn remove(state: &mut State, targets: &[Target]) -> Result<Vec<InstanceAddr>, Failure> {
    let gone: Vec<InstanceAddr> = targets.iter().flat_map(|target| state.remove(target)).collect();
    if gone.is_empty() {
        let detail = "No matching objects found. To see what there is, use \"weir state list\".";
        return Err(Failure::error("Invalid target address", detail));
    }
    Ok(gone)
}
