//! `weir state list`

use weir_addr::Target;
use weir_diag::Diagnostics;
use weir_state::InstanceObjects;

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::stored::{self, StateFlags};

/// List the objects in the state
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    state: StateFlags,
    /// Only objects whose attribute "id" is this
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Only what is in these modules, stages and resources
    #[arg(value_name = "ADDRESS")]
    addresses: Vec<String>,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let state = self.state.read_existing(context)?;
        let wanted: Vec<Target> = self.addresses.iter().map(|text| stored::target(text)).collect::<Result<_, _>>()?;
        let mut unknown = Diagnostics::new();
        for target in wanted.iter().filter(|target| !state.instances().any(|(addr, _)| target.matches(&addr))) {
            let detail = format!("The state contains nothing at {target}. If you have just added it to the configuration, apply first.");
            unknown.push(weir_diag::Diagnostic::error("Unknown resource", detail));
        }
        unknown.into_result(()).map_err(Failure::from)?;
        for (addr, objects) in state.instances() {
            let chosen = wanted.is_empty() || wanted.iter().any(|target| target.matches(&addr));
            if chosen && self.id.as_ref().is_none_or(|id| has_id(objects, id)) {
                context.out.line(addr.to_string());
            }
        }
        Ok(Exit::DONE)
    }
}

fn has_id(objects: &InstanceObjects, id: &str) -> bool {
    let attributes = objects.current.as_ref().map(|record| serde_json::from_str::<serde_json::Value>(record.attributes.as_str()));
    matches!(attributes, Some(Ok(attributes)) if attributes["id"] == id)
}
