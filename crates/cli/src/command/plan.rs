//! `weir plan`

use std::path::PathBuf;

use weir_plan::{Approval, Mode};

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::generate::configuration;
use crate::plan_file::PlanFile;
use crate::stack::{Disk, PlanFlags, Stack, locked};
use crate::stored::{ChangeFlags, store_failure, who};
use crate::view::report::Report;
use crate::view::{self, Paint};

/// Show what an apply would do, now and behind every gate
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    flags: PlanFlags,
    #[command(flatten)]
    state: ChangeFlags,
    /// Save the plan to this file, for weir apply FILE
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Exit with 0 for no changes, 1 for an error, 2 for changes
    #[arg(long)]
    detailed_exitcode: bool,
    /// Write configuration for import blocks that have none to this new file
    #[arg(long, value_name = "FILE")]
    generate_config_out: Option<PathBuf>,
    /// As JSON, plan format 1.2
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let options = self.flags.options();
        let (store, _lock) = locked(context, &self.state, "plan")?;
        let generated = match &self.generate_config_out {
            Some(file) => {
                let state = store.read().map_err(store_failure)?.unwrap_or_default();
                configuration(context, file, &self.flags.variables, &state, &options)?
            }
            None => None,
        };
        let stack = match &generated {
            Some(files) => Stack::load(context, files, &self.flags.variables)?,
            None => Stack::load(context, &Disk, &self.flags.variables)?,
        };
        let (state, made) = context.block_on(async {
            let state = stack.state(context, &*store).await?;
            let made = stack.plan(&state, &options, None).await;
            Ok::<_, Failure>((state, made))
        })??;
        if made.diags.has_errors() {
            return Err(Failure::new(made.diags, &stack.config.sources));
        }
        context.report(&made.diags, &stack.config.sources);
        let json = view::plan_json::document(&made.plan);
        if self.json {
            context.out.line(json.to_string());
        } else {
            context.out.text(view::plan::text(&made.plan, context.paint()));
        }
        if let Some(path) = &self.out {
            let approval = Approval::of(&made.plan, who(context), salt());
            let report = Report { order: view::report::order(&stack.nodes), ..view::plan::report(&made.plan, Paint(false)) };
            PlanFile::new(&stack, &made.plan, &options, &state.lineage, approval, report, json).write(path)?;
            if !self.json {
                context.out.line(format!(
                    "\nSaved the plan to: {0}\n\nTo perform exactly these actions, run the following command to apply:\n    weir apply \"{0}\"",
                    path.display()
                ));
            }
        }
        let found = options.mode == Mode::RefreshOnly && !made.plan.drift.is_empty();
        let changes = found || !made.plan.is_empty();
        Ok(if self.detailed_exitcode && changes { Exit(2) } else { Exit::DONE })
    }
}

/// Keeps the digests of different plans apart.
pub(crate) fn salt() -> String {
    weir_state::Intent::new(
        weir_state::Op::Import,
        weir_addr::ResourceAddr::managed(weir_addr::ModulePath::root(), "a", "b").instance(None),
        weir_addr::ProviderConfigAddr::root(weir_addr::ProviderAddr::builtin("terraform")),
    )
    .token
}
