//! `weir show`

use std::path::PathBuf;

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::plan_file::PlanFile;
use crate::providers;
use crate::stored::StateFlags;
use crate::view::{expression, object};

/// Show a saved plan, or the state
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    state: StateFlags,
    /// As JSON (of a plan)
    #[arg(long)]
    json: bool,
    /// A plan saved by weir plan -out=FILE; the state when not given
    #[arg(value_name = "PLAN")]
    plan: Option<PathBuf>,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        if let Some(path) = &self.plan {
            let plan = PlanFile::read(path)?;
            if self.json {
                context.out.line(plan.json.to_string())
            } else {
                context.out.text(&plan.text)
            }
            return Ok(Exit::DONE);
        }
        if self.json {
            return Err(Failure::error("Unsupported", "The state is not shown as JSON yet: weir state pull prints the state file, weir output -json the outputs."));
        }
        let Some(state) = self.state.read(context)? else {
            context.out.line("No state.");
            return Ok(Exit::DONE);
        };
        for (addr, objects) in state.instances() {
            let (Some(record), Some(resource)) = (&objects.current, state.resources.get(&addr.resource)) else { continue };
            let schema = providers::find(&resource.provider.provider).map(|provider| provider.schema());
            context.out.line(object::text(&addr, record, schema.as_deref())?);
        }
        if !state.outputs.is_empty() {
            context.out.line("\nOutputs:\n");
        }
        for (name, output) in &state.outputs {
            let text = if output.sensitive { "(sensitive value)".to_owned() } else { expression::text(&output.value) };
            context.out.line(format!("{name} = {text}"));
        }
        Ok(Exit::DONE)
    }
}
