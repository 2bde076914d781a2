//! `weir gate approve`

use weir_state::{Approval, GateAction, GateState};

use super::open::{approvers, record};
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::stack::{VariableFlags, now};
use crate::stored::{ChangeFlags, store_failure, who};

/// Approve a gate whose inputs another person has given
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    variables: VariableFlags,
    #[command(flatten)]
    state: ChangeFlags,
    /// The gate
    name: String,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let (_, _, gates) = super::plans(context, &self.variables, &self.state)?;
        let gate = super::named(&gates, &self.name)?;
        let store = self.state.store(context)?;
        let _lock = self.state.lock(context, &*store, "gate approve")?;
        let mut state = store.read().map_err(store_failure)?.unwrap_or_default();
        let me = who(context);
        let Some(entry) = state.weir.gates.get_mut(&gate.name).filter(|entry| !entry.approvals.is_empty()) else {
            return Err(Failure::error("Nothing to approve", format!("Nobody has given the inputs of {} yet: weir gate open {}.", gate.name, gate.name.as_str())));
        };
        if entry.approvals.iter().any(|approval| approval.who == me) {
            return Err(Failure::error("Already approved", format!("{me} has approved {} already; it needs different people.", gate.name)));
        }
        entry.approvals.push(Approval { who: me, when: now().to_string() });
        let count = approvers(entry);
        if count >= gate.approvals {
            entry.state = GateState::Open;
        }
        record(context, &mut state, gate, GateAction::Approve, None);
        store.write(&mut state).map_err(store_failure)?;
        context.out.line(format!("Approved: {} has {count} of {} approvals.", gate.name, gate.approvals));
        Ok(Exit::DONE)
    }
}
