//! `weir plan`

use std::path::PathBuf;

use weir_plan::{Approval, Made, Mode, Options, Plan};
use weir_state::State;

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::generate::configuration;
use crate::plan_file::PlanFile;
use crate::revision::Revision;
use crate::stack::{Disk, PlanFlags, Stack, locked};
use crate::stored::{ChangeFlags, store_failure, who};
use crate::view::report::{Format, Report};
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
    /// Tell everything as a stream of JSON messages, one a line
    #[arg(long, conflicts_with_all = ["format", "against"])]
    pub(crate) json: bool,
    /// The format: markdown and html are for reviewers, json is plan format 1.2, mermaid and svg draw the order of stages and gates
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Ask nobody: objects and data sources are as the state has them. Needs no credentials
    #[arg(long, conflicts_with_all = ["out", "generate_config_out", "refresh_only"])]
    offline: bool,
    /// Show only what the working tree changes, compared with this git revision on the same state
    #[arg(long, value_name = "REF", conflicts_with_all = ["out", "generate_config_out", "refresh_only"])]
    against: Option<String>,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let mut options = self.flags.options();
        options.offline = self.offline;
        options.no_refresh |= self.offline;
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
            let state = if self.offline { stack.state_offline(context, &*store)? } else { stack.state(context, &*store).await? };
            let made = stack.plan(&state, &options, None).await;
            Ok::<_, Failure>((state, made))
        })??;
        if made.diags.has_errors() {
            return Err(Failure::new(made.diags, &stack.config.sources));
        }
        context.report(&made.diags, &stack.config.sources);
        let format = self.format.unwrap_or(Format::Text);
        if let Some(revision) = &self.against {
            return self.compare(context, revision, format, &options, &stack, &state, &made);
        }
        if let Some(stream) = &context.stream {
            stream.plan(&made.plan);
        }
        let json = view::plan_json::document(&made.plan, &stack, &state);
        let report = |paint| Report { order: view::report::order(&stack.nodes), ..view::plan::report(&made.plan, paint) };
        // Only a terminal's text is coloured.
        match report(if format == Format::Text { context.paint() } else { Paint(false) }).render(format) {
            Some(text) => context.out.text(text),
            None => context.out.line(json.to_string()),
        }
        if let Some(path) = &self.out {
            let approval = Approval::of(&made.plan, who(context), salt());
            PlanFile::new(&stack, &made.plan, &options, &state.lineage, approval, report(Paint(false)), json).write(path)?;
            if format == Format::Text {
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

impl Arguments {
    /// Plans a revision on the state that our own plan has found, and shows the difference.
    #[expect(clippy::too_many_arguments, reason = "all that run() has found so far")]
    fn compare(&self, context: &Context, name: &str, format: Format, options: &Options, stack: &Stack, state: &State, made: &Made) -> Outcome {
        let revision = Revision::checked_out(name)?;
        // What there is was read once; what has moved is the revision's own to move.
        let mut state = state.clone();
        weir_apply::refreshed(&mut state, &stack.catalog, &made.plan);
        let theirs = if revision.folder().exists() {
            let stack = Stack::load_in(context, &revision, revision.folder(), &self.flags.variables)?;
            let options = Options { no_refresh: true, ..options.clone() };
            let theirs = context.block_on(stack.plan(&state, &options, None))?;
            if theirs.diags.has_errors() {
                return Err(Failure::new(theirs.diags, &stack.config.sources));
            }
            theirs.plan
        } else {
            Plan::default()
        };
        let found = weir_plan::against(&made.plan, &theirs);
        let title = format!("{} ({})", revision.name, revision.commit);
        let drifted: Vec<_> = made.plan.drift.iter().map(|drift| drift.addr.clone()).collect();
        let paint = if format == Format::Text { context.paint() } else { Paint(false) };
        let report = Report { order: view::report::order(&stack.nodes), ..view::plan::against(&found, &title, &drifted, paint) };
        match report.render(format) {
            Some(text) => context.out.text(text),
            None => {
                let mut json = view::plan_json::changes(&found.plan);
                let list = |objects: &[(weir_addr::InstanceAddr, weir_plan::Action)]| -> serde_json::Value {
                    objects.iter().map(|(addr, action)| serde_json::json!({ "address": addr.to_string(), "actions": action.names() })).collect()
                };
                json["against"] = serde_json::json!({ "revision": revision.name, "commit": revision.commit, "both": list(&found.both), "undone": list(&found.undone),
                    "shared": list(&found.shared), "drifted": drifted.iter().map(ToString::to_string).collect::<Vec<_>>() });
                context.out.line(json.to_string());
            }
        }
        let changes = !found.plan.is_empty() || !found.undone.is_empty();
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
