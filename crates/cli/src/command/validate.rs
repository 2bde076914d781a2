//! `weir validate`

use weir_plan::Options;
use weir_state::State;

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::stack::{Disk, Stack, VariableFlags};
use crate::view::diagnostic_json::DiagnosticJson;

/// Check the configuration: syntax, references, arguments
///
/// Nothing is asked of any provider's API. Values of variables need not be given: what depends on them counts as not known yet.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    variables: VariableFlags,
    /// As JSON
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let failure = self.check(context).err();
        if self.json {
            let empty = Vec::new();
            let diagnostics: Vec<DiagnosticJson> = match &failure {
                Some(failure) => failure.diagnostics.iter().map(|item| DiagnosticJson::new(item, &failure.sources)).collect(),
                None => empty,
            };
            let errors = diagnostics.len();
            let document =
                serde_json::json!({ "format_version": "1.0", "valid": failure.is_none(), "error_count": errors, "warning_count": 0, "diagnostics": diagnostics });
            context.out.line(serde_json::to_string_pretty(&document).map_err(|error| Failure::error("Cannot write the result", error.to_string()))?);
            return Ok(if failure.is_some() { Exit::ERROR } else { Exit::DONE });
        }
        match failure {
            Some(failure) => Err(failure),
            None => {
                context.out.line(format!("{} The configuration is valid.", context.paint().good("Success!")));
                Ok(Exit::DONE)
            }
        }
    }

    fn check(&self, context: &Context) -> Result<(), Failure> {
        let mut stack = Stack::load(context, &Disk, &self.variables)?;
        stack.assume_variables();
        let diags = context.block_on(stack.validate(&State::default(), &Options { no_refresh: true, parallelism: 1, ..Options::default() }))?;
        if diags.has_errors() {
            return Err(Failure::new(diags, &stack.config.sources));
        }
        context.report(&diags, &stack.config.sources);
        Ok(())
    }
}
