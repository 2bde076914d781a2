//! `weir show`

use std::path::PathBuf;

use clap::ValueEnum;
use weir_state::State;

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::plan_file::PlanFile;
use crate::providers;
use crate::stored::StateFlags;
use crate::view::report::Format;
use crate::view::{expression, object, state_json};

/// Show a saved plan, or the state
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    state: StateFlags,
    /// As JSON: the state in format 1.0, a plan in 1.2
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// The format: markdown and html are for reviewers, mermaid and svg draw the order of stages and gates
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// A plan saved by weir plan -out=FILE; the state when not given
    #[arg(value_name = "PLAN")]
    plan: Option<PathBuf>,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        if let Some(path) = &self.plan {
            let plan = PlanFile::read(path)?;
            let format = if self.json { Format::Json } else { self.format.unwrap_or(Format::Text) };
            match plan.report.render(format) {
                Some(text) => context.out.text(text),
                None => context.out.line(plan.json.to_string()),
            }
            return Ok(Exit::DONE);
        }
        if let Some(format) = self.format.filter(|format| *format != Format::Text && *format != Format::Json) {
            let name = format.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
            return Err(Failure::error(
                "A plan is needed",
                format!("Only a plan is shown as {name}: save one with weir plan -out=FILE, then weir show -format={name} FILE."),
            ));
        }
        if self.json || self.format == Some(Format::Json) {
            context.out.line(state_json::document(self.state.read(context)?.as_ref())?.to_string());
            return Ok(Exit::DONE);
        }
        let Some(state) = self.state.read(context)? else {
            context.out.line("No state.");
            return Ok(Exit::DONE);
        };
        context.out.text(state_text(&state)?);
        Ok(Exit::DONE)
    }
}

/// Every object as a block, then the outputs.
pub(super) fn state_text(state: &State) -> Result<String, Failure> {
    let mut text = String::new();
    for (addr, objects) in state.instances() {
        let (Some(record), Some(resource)) = (&objects.current, state.resources.get(&addr.resource)) else { continue };
        let schema = providers::find(&resource.provider.provider).map(|provider| provider.schema());
        text += &object::text(&addr, record, schema.as_deref())?;
        text.push('\n');
    }
    if !state.outputs.is_empty() {
        text += "\nOutputs:\n\n";
    }
    for (name, output) in &state.outputs {
        let shown = if output.sensitive { "(sensitive value)".to_owned() } else { expression::text(&output.value) };
        text += &format!("{name} = {shown}\n");
    }
    Ok(text)
}
