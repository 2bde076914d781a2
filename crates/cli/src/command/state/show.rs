//! `weir state show`

use weir_addr::{InstanceAddr, Target};

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::providers;
use crate::stored::{self, StateFlags};
use crate::view::object;

/// Show the attributes of one object
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    state: StateFlags,
    address: String,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let state = self.state.read_existing(context)?;
        let none = |hint: &str| {
            let detail = format!("The state has no object {}{hint}. To see what there is, use \"weir state list\".", self.address);
            Failure::error("No instance found for the given address", detail)
        };
        let addr = match stored::target(&self.address)? {
            Target::Instance(addr) => addr,
            Target::Resource(resource) => InstanceAddr { resource, key: None },
            Target::Module(_) | Target::Stage(_) => return Err(none(", as that is not the address of one object")),
        };
        let (Some(resource), Some(record)) = (state.resources.get(&addr.resource), state.record(&addr)) else {
            let keyed = state.resources.contains_key(&addr.resource);
            return Err(none(if keyed { ": the resource has several, each with a key" } else { "" }));
        };
        let schema = providers::find(&resource.provider.provider).map(|provider| provider.schema());
        context.out.text(object::text(&addr, record, schema.as_deref())?);
        Ok(Exit::DONE)
    }
}
