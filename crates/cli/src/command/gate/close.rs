//! `weir gate close`

use weir_state::{GateAction, GateState};

use super::open::record;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::stack::VariableFlags;
use crate::stored::{ChangeFlags, store_failure};

/// Close an open gate
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    variables: VariableFlags,
    #[command(flatten)]
    state: ChangeFlags,
    /// Why; recorded
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The gate
    name: String,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let (_, _, gates) = super::plans(context, &self.variables, &self.state)?;
        let gate = super::named(&gates, &self.name)?;
        let store = self.state.store(context)?;
        let _lock = self.state.lock(context, &*store, "gate close")?;
        let mut state = store.read().map_err(store_failure)?.unwrap_or_default();
        let Some(entry) = state.weir.gates.get_mut(&gate.name).filter(|entry| entry.state == GateState::Open) else {
            return Err(Failure::error("The gate is not open", format!("{} is not open, so it cannot be closed.", gate.name)));
        };
        entry.state = GateState::Closed;
        entry.approvals.clear();
        record(context, &mut state, gate, GateAction::Close, Some(self.reason));
        store.write(&mut state).map_err(store_failure)?;
        context.out.line(format!("Closed: {}.", gate.name));
        Ok(Exit::DONE)
    }
}
