//! `weir gate show`

use crate::context::Context;
use crate::exit::{Exit, Outcome};
use crate::stack::VariableFlags;
use crate::stored::ChangeFlags;
use crate::view;

/// Show what a gate asks for, what it checks, and who did what with it
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
        let (_, state, gates) = super::plans(context, &self.variables, &self.state)?;
        let gate = super::named(&gates, &self.name)?;
        let (out, paint) = (&context.out, context.paint());
        out.line(format!("{}: {}", paint.bold(gate.name.to_string()), view::plan::status(gate, paint)));
        if !gate.description.is_empty() {
            out.line(&gate.description);
        }
        if let Some(instructions) = &gate.instructions {
            out.line(format!("\n{}", instructions.trim_end()));
        }
        if !gate.inputs.is_empty() {
            out.line("\nInputs:");
            for input in &gate.inputs {
                let optional = if input.optional { ", optional" } else { "" };
                out.line(format!("  {} ({}{optional})  {}", input.name, input.ty, input.description));
            }
        }
        if !gate.checks.is_empty() {
            out.line("\nChecks:");
            for check in &gate.checks {
                let result = match check.ok {
                    Some(true) => paint.good("holds"),
                    Some(false) => format!("does not hold: {}", check.message),
                    None => format!("not known: {}", check.message),
                };
                out.line(format!("  {}: {result}", check.name));
            }
        }
        if let Some(record) = state.weir.gates.get(&gate.name) {
            out.line(format!("\nApprovals: {} of {}", record.approvals.len(), gate.approvals));
            out.line("History:");
            for event in &record.history {
                let reason = event.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
                out.line(format!("  {}  {:?} by {}{reason}", event.when, event.action, event.who).to_lowercase());
            }
        }
        Ok(Exit::DONE)
    }
}
