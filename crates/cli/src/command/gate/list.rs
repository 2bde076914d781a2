//! `weir gate list`

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::stack::VariableFlags;
use crate::stored::ChangeFlags;
use crate::view;

/// List the gates and how far each is
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    variables: VariableFlags,
    #[command(flatten)]
    state: ChangeFlags,
    /// As JSON
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let (_, _, gates) = super::plans(context, &self.variables, &self.state)?;
        if self.json {
            let list: Vec<_> = gates.iter().map(view::plan_json::gate).collect();
            let text = serde_json::to_string_pretty(&list).map_err(|error| Failure::error("Cannot write the gates", error.to_string()))?;
            context.out.line(text);
            return Ok(Exit::DONE);
        }
        if gates.is_empty() {
            context.out.line("This stack has no gates.");
        }
        let width = gates.iter().map(|gate| gate.name.as_str().len()).max().unwrap_or(0);
        for gate in &gates {
            context.out.line(format!("{:<width$}  {}", gate.name.as_str(), view::plan::status(gate, context.paint())));
        }
        Ok(Exit::DONE)
    }
}
