//! `weir untaint`

use weir_state::Status;

use super::taint::{TaintFlags, set};
use crate::context::Context;
use crate::exit::{Failure, Outcome};

/// Take the mark of taint off an object
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    flags: TaintFlags,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let addr = self.flags.addr("untainted")?;
        self.flags.run(context, "untaint", &addr, |state| {
            if state.record(&addr).is_none_or(|record| record.status != Status::Tainted) {
                let detail = format!("Resource instance {addr} is not currently tainted, and so it cannot be untainted.");
                return Err(Failure::error("Resource instance is not tainted", detail));
            }
            set(state, &addr, Status::Ready);
            Ok(format!("Resource instance {addr} has been successfully untainted."))
        })
    }
}
