//! `weir taint`

use weir_addr::{InstanceAddr, Mode, Target};
use weir_diag::{Diagnostic, Diagnostics, Sources};
use weir_state::{State, Status};

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::stored::{self, ChangeFlags};

/// Mark an object to be replaced by the next apply
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    flags: TaintFlags,
}

/// What `taint` and `untaint` are told.
#[derive(Debug, clap::Args)]
#[group(id = "taint_flags")]
pub(crate) struct TaintFlags {
    #[command(flatten)]
    state: ChangeFlags,
    /// Only warn when there is no such object
    #[arg(long)]
    allow_missing: bool,
    /// Address of the object
    address: String,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let addr = self.flags.addr("tainted")?;
        self.flags.run(context, "taint", &addr, |state| {
            set(state, &addr, Status::Tainted);
            Ok(format!("Resource instance {addr} has been marked as tainted."))
        })
    }
}

impl TaintFlags {
    /// The object that is meant.
    pub(crate) fn addr(&self, word: &str) -> Result<InstanceAddr, Failure> {
        let addr = match stored::target(&self.address)? {
            Target::Instance(addr) => addr,
            Target::Resource(resource) => resource.instance(None),
            Target::Module(_) | Target::Stage(_) => {
                return Err(Failure::error("Invalid address", format!("{} is not the address of one object: a type and a name are needed.", self.address)));
            }
        };
        if addr.resource.mode == Mode::Managed { Ok(addr) } else { Err(Failure::error("Invalid address", format!("Resource instance {addr} cannot be {word}."))) }
    }

    /// Changes the state and says what was done.
    pub(crate) fn run(&self, context: &Context, operation: &str, addr: &InstanceAddr, change: impl FnOnce(&mut State) -> Result<String, Failure>) -> Outcome {
        let known = self.state.place.read(context)?.is_some_and(|state| state.record(addr).is_some());
        if !known {
            let summary = "No such resource instance";
            if self.allow_missing {
                let detail = format!("Resource instance {addr} was not found, but this is not an error because -allow-missing was set.");
                context.report(&Diagnostics::from(Diagnostic::warning(summary, detail)), &Sources::new());
                return Ok(Exit::DONE);
            }
            let detail = format!(
                "There is no resource instance in the state with the address {addr}. If the resource configuration has just been added, you must run \"weir apply\" once to create the corresponding instance(s) before they can be tainted."
            );
            return Err(Failure::error(summary, detail));
        }
        let text = self.state.change(context, operation, change)?;
        context.out.line(text);
        Ok(Exit::DONE)
    }
}

/// Gives the current object of an instance another status.
pub(crate) fn set(state: &mut State, addr: &InstanceAddr, status: Status) {
    let Some(provider) = state.resources.get(&addr.resource).map(|resource| resource.provider.clone()) else { return };
    let Some(record) = state.record(addr).cloned() else { return };
    let mut changed = (*record).clone();
    changed.status = status;
    state.set_instance(addr, &provider, Some(changed.into()));
}
