//! `weir apply`

use std::collections::HashSet;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use weir_addr::InstanceAddr;
use weir_apply::{Applying, Stop, apply};
use weir_diag::{Diagnostic, Diagnostics};
use weir_plan::{Approval, GateStatus, Made, Mode, Options, Plan};
use weir_state::{Journal, RawJson, State, Store};

use super::gate::{self, Answers};
use super::plan::salt;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::plan_file::PlanFile;
use crate::prompt;
use crate::stack::{Disk, PlanFlags, Stack, locked, now, settle};
use crate::stored::{ChangeFlags, store_failure, who};
use crate::view;
use crate::view::progress::{BEAT, Progress};

/// Apply up to the first gate that is not open
///
/// Exit codes: 0 done, 1 error, 3 paused at a gate or before a stage that asks. Run it again after the gate is opened: what was approved is not asked for again.
#[derive(Debug, clap::Args)]
#[group(id = "apply")]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) flags: PlanFlags,
    #[command(flatten)]
    pub(crate) state: ChangeFlags,
    /// Do not ask for approval; stages with confirm = true ask all the same
    #[arg(long)]
    pub(crate) auto_approve: bool,
    /// Tell everything as a stream of JSON messages, one a line; nobody is asked
    #[arg(long)]
    pub(crate) json: bool,
    /// File with answers to gates and stages, for unattended runs
    #[arg(long, value_name = "FILE")]
    pub(crate) answers: Option<PathBuf>,
    /// A plan saved by weir plan -out=FILE
    #[arg(value_name = "PLAN")]
    pub(crate) plan: Option<PathBuf>,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let saved = self.plan.as_deref().map(PlanFile::read).transpose()?;
        let mut stack = match &saved {
            Some(saved) => Stack::load(context, saved, &self.flags.variables)?,
            None => Stack::load(context, &Disk, &self.flags.variables)?,
        };
        let mut options = match &saved {
            Some(saved) => {
                saved.restore(&mut stack)?;
                saved.options(self.flags.parallelism)
            }
            None => self.flags.options()?,
        };
        let answers = self.answers.as_deref().map(|file| Answers::read(&stack, file)).transpose()?.unwrap_or_default();
        options.confirmed = answers.confirmed();
        let (store, _lock) = locked(context, &self.state, "apply")?;
        context.block_on(async {
            let mut state = stack.state(context, &*store).await?;
            if let Some(saved) = &saved
                && !saved.lineage.is_empty()
                && state.serial > 0
                && *saved.lineage != *state.lineage
            {
                return Err(Failure::error(
                    "Saved plan does not match the given state",
                    "The plan was made for another state (its lineage is another one). Make a new plan.",
                ));
            }
            // A state that was never written takes the lineage that it was planned under: the plan outlives its first stage.
            if let Some(saved) = saved.as_ref().filter(|saved| state.serial == 0 && !saved.lineage.is_empty()) {
                state.lineage = saved.lineage.as_str().into();
            }
            let approval = saved.map(|saved| (saved.approval, true)).or_else(|| recorded(&state).map(|approval| (approval, false)));
            let mut run = Run {
                context,
                stack: &mut stack,
                store: &*store,
                options,
                state,
                approval,
                auto_approve: self.auto_approve,
                answers,
                told: false,
                touched: HashSet::new(),
                imported: 0,
            };
            run.rounds().await
        })?
    }
}

/// The approval that an earlier, unfinished run has left.
fn recorded(state: &State) -> Option<Approval> {
    state.weir.approval.as_ref().and_then(|raw| serde_json::from_str(raw.as_str()).ok())
}

struct Run<'a> {
    context: &'a Context,
    stack: &'a mut Stack,
    store: &'a dyn Store,
    options: Options,
    state: State,
    /// What was approved, and whether it comes from a plan file.
    approval: Option<(Approval, bool)>,
    auto_approve: bool,
    answers: Answers,
    /// The whole plan was shown.
    told: bool,
    /// What this run has worked on. A plan that never comes to rest, such as one with timestamp(), must not go round in circles before a closed gate.
    touched: HashSet<InstanceAddr>,
    /// How many objects were taken into the state.
    imported: usize,
}

impl Run<'_> {
    /// Plans and applies until nothing is left, or only what waits for a person.
    async fn rounds(&mut self) -> Outcome {
        let mut total = (0, 0, 0);
        loop {
            self.stack.timestamp = now();
            let made = self.stack.plan(&self.state, &self.options, None).await;
            if made.diags.has_errors() {
                return Err(Failure::new(made.diags, &self.stack.config.sources));
            }
            self.context.report(&made.diags, &self.stack.config.sources);
            let fresh = made.plan.executable().any(|change| !self.touched.contains(&change.addr));
            if !fresh && !only_outputs(&made.plan) {
                let left = made.plan.pending().any(|change| change.blocked.is_some());
                if made.plan.stages.iter().any(|stage| stage.asks(&made.plan)) && !self.approved(&made)? {
                    self.context.out.line("\nApply cancelled.");
                    return Ok(Exit::ERROR);
                }
                self.keep(&made, left).await?;
                if left {
                    if self.open_gates(&made).await? || self.confirm_stages(&made)? {
                        continue;
                    }
                    return self.paused(&made, total);
                }
                if total == (0, 0, 0) && !self.told {
                    if let Some(stream) = &self.context.stream {
                        stream.plan(&made.plan);
                    }
                    self.context.out.text(view::plan::text(&made.plan, self.context.paint()));
                }
                return Ok(self.done(total));
            }
            if !self.approved(&made)? {
                self.context.out.line("\nApply cancelled.");
                return Ok(Exit::ERROR);
            }
            self.touched.extend(made.plan.executable().map(|change| change.addr.clone()));
            self.options.replace.retain(|addr| !self.touched.contains(addr));
            let (counts, left) = self.round(&made).await?;
            total = (total.0 + counts.0, total.1 + counts.1, total.2 + counts.2);
            if !left {
                return Ok(self.done(total));
            }
        }
    }

    fn done(&self, (added, changed, destroyed): (usize, usize, usize)) -> Exit {
        let paint = self.context.paint();
        let destroys = self.options.mode == Mode::Destroy;
        let text = if destroys {
            format!("Destroy complete! Resources: {destroyed} destroyed.")
        } else {
            let imported = if self.imported > 0 { format!("{} imported, ", self.imported) } else { String::new() };
            format!("Apply complete! Resources: {imported}{added} added, {changed} changed, {destroyed} destroyed.")
        };
        if let Some(stream) = &self.context.stream {
            stream.summary(&text, if destroys { "destroy" } else { "apply" }, self.imported, (added, changed, destroyed));
            if !destroys {
                stream.results(&self.state);
            }
        }
        self.context.out.line(format!("\n{}", paint.good(text)));
        let outputs: Vec<_> = self.state.outputs.iter().collect();
        if !outputs.is_empty() && !destroys {
            self.context.out.line(format!("\n{}\n", paint.bold("Outputs:")));
            for (name, output) in outputs {
                let text = if output.sensitive { "<sensitive>".to_owned() } else { view::expression::text(&output.value) };
                self.context.out.line(format!("{name} = {text}"));
            }
        }
        Exit::DONE
    }

    /// Asks, unless what is planned was approved before.
    fn approved(&mut self, made: &Made) -> Result<bool, Failure> {
        let (context, paint) = (self.context, self.context.paint());
        if let Some((approval, from_file)) = &self.approval {
            let differences = approval.differences(&made.plan);
            if differences.is_empty() {
                if !self.told {
                    let text = format!("Going on with the plan that {} approved at {}.", approval.who, approval.when);
                    if let Some(stream) = &context.stream {
                        stream.log(&text);
                        stream.plan(&made.plan);
                    }
                    context.out.line(text);
                    self.told = true;
                }
                return Ok(true);
            }
            context.out.text(view::plan::differences(&differences, paint));
            if *from_file && !self.auto_approve {
                return Err(Failure::error(
                    "Saved plan is stale",
                    "Since the plan was made, something has changed besides what it did not know. Make a new plan and look at it, or approve the difference with -auto-approve.",
                ));
            }
            let changed: Vec<_> = made.plan.pending().filter(|change| differences.iter().any(|difference| difference.address == change.addr.to_string())).collect();
            for change in changed {
                context.out.line(view::plan::one(change, paint));
            }
        } else {
            context.out.text(view::plan::text(&made.plan, paint));
        }
        if let Some(stream) = &context.stream {
            stream.plan(&made.plan);
        }
        self.told = true;
        if !self.auto_approve {
            let question = if self.options.mode == Mode::Destroy { "Do you really want to destroy all resources?" } else { "Do you want to perform these actions?" };
            let instead = "Run with -auto-approve, or apply a plan that was saved with weir plan -out=FILE.";
            if !prompt::approve(context, question, "Weir will perform the actions described above, up to the first gate that is not open.", instead)? {
                return Ok(false);
            }
        }
        self.approval = Some((Approval::of(&made.plan, who(context), salt()), false));
        Ok(true)
    }

    /// Applies one plan; gives what was done and whether something is left.
    async fn round(&mut self, made: &Made) -> Result<((usize, usize, usize), bool), Failure> {
        let context = self.context;
        let journal_failed = |error: weir_state::JournalError| Failure::error("The journal cannot be written", format!("{error}."));
        if let Some(moved) = &made.moved {
            // Before anything is done at the new addresses: a crash must not leave objects at both.
            self.state = moved.clone();
            self.store.write(&mut self.state).map_err(store_failure)?;
        }
        let mut journal = Journal::open(self.store.journal_path(), &self.state.lineage, self.state.serial).map_err(journal_failed)?;
        if let Some(last) = context.env.get("WEIR_TEST_CRASH_AFTER_RECORD").and_then(|number| number.parse::<u64>().ok()) {
            journal = journal.with_observer(move |number| {
                if number == last {
                    // As a kill -9 would: nothing is flushed, nobody is told.
                    std::process::abort();
                }
            });
        }
        let stop = Arc::new(Stop::default());
        let sessions = made.providers.values().filter_map(|state| state.session().cloned()).collect();
        let signals = tokio::spawn(interrupted(stop.clone(), Arc::clone(&context.err), sessions));
        let host = self.stack.host().applying(now());
        let progress = Arc::new(Progress::new(context, &made.plan));
        let beats = tokio::spawn(beat(Arc::clone(&progress)));
        let events = |event: weir_apply::Event| progress.event(&event);
        let applied = apply(Applying {
            config: &self.stack.config,
            nodes: &self.stack.nodes,
            catalog: &self.stack.catalog,
            host: &host,
            prior: &self.state,
            options: &self.options,
            cwd: PathBuf::from("."),
            workspace: self.stack.workspace.clone(),
            given: &self.stack.given,
            made,
            journal: &journal,
            events: &events,
            stop: &stop,
        })
        .await;
        signals.abort();
        beats.abort();
        // Only when it has ended nothing is drawn any more.
        let _ = beats.await;
        progress.end();
        self.state = applied.state;
        self.imported += applied.imported;
        let left = applied.incomplete || made.plan.pending().any(|change| change.blocked.is_some());
        self.state.weir.approval =
            if left { self.approval.as_ref().and_then(|(approval, _)| serde_json::to_string(approval).ok()).and_then(|text| RawJson::parse(&text).ok()) } else { None };
        if let Err(error) = self.store.write(&mut self.state) {
            // What is done is in the journal. What went wrong before, perhaps for the same reason, is told as well.
            let mut diags = applied.diags;
            diags.extend(store_failure(error).diagnostics);
            return Err(Failure::new(diags, &self.stack.config.sources));
        }
        if settle(context, made, applied.created).await {
            journal.finish().map_err(journal_failed)?;
        }
        if stop.requested() {
            let mut diags = applied.diags;
            let command = if self.options.mode == Mode::Destroy { "weir destroy" } else { "weir apply" };
            diags.push(Diagnostic::error(
                "Interrupted",
                format!("The running operations were brought to their end and the state was saved. Run {command} again to go on."),
            ));
            return Err(Failure::new(diags, &self.stack.config.sources));
        }
        if applied.diags.has_errors() || applied.incomplete {
            let diags: Diagnostics = applied.diags;
            return Err(Failure::new(diags, &self.stack.config.sources));
        }
        context.report(&applied.diags, &self.stack.config.sources);
        Ok((applied.counts, left))
    }

    /// Writes what the refresh found, what is approved, and outputs, when nothing is applied.
    async fn keep(&mut self, made: &Made, left: bool) -> Result<(), Failure> {
        // What this run has made already and would change again is shown by the next plan, not done unasked.
        if made.plan.executable().next().is_some() {
            return Ok(());
        }
        if !left {
            self.approval = None;
        }
        let conditions = made.plan.conditions.state().to_string();
        let recorded = self.state.check_results.as_ref().map_or("null", RawJson::as_str);
        let same = self.options.is_partial() || self.options.mode == Mode::Destroy || conditions == recorded;
        // Outputs can be all that is missing: a run that took up an interrupted one finds the objects in the state.
        let same = same && !outputs_differ(&made.plan);
        let as_recorded = made.plan.refreshed.is_empty() && made.plan.gone.is_empty() && made.plan.private.is_empty();
        if same && as_recorded && self.approval.is_none() && self.state.weir.approval.is_none() && self.state.serial > 0 {
            return Ok(());
        }
        self.round(made).await.map(drop)
    }

    /// Opens gates from the answers or by asking; true when one was opened.
    async fn open_gates(&mut self, made: &Made) -> Result<bool, Failure> {
        for plan in made.plan.gates.iter().filter(|gate| gate.holds_up(&made.plan)) {
            let inputs = match self.answers.get(&plan.name) {
                Some(inputs) => inputs.clone(),
                None if self.context.terminal.input && std::io::stdin().is_terminal() && gate::wanted(self.context, plan)? => gate::ask(self.context, self.stack, plan)?,
                None => continue,
            };
            gate::open(self.context, self.stack, self.store, &mut self.state, &plan.name, inputs).await?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Asks before the stages that want it; true when one may begin.
    fn confirm_stages(&mut self, made: &Made) -> Result<bool, Failure> {
        let context = self.context;
        for stage in made.plan.stages.iter().filter(|stage| stage.asks(&made.plan)) {
            if self.answers.stage_answer(&stage.name).is_some() || !context.terminal.input || !std::io::stdin().is_terminal() {
                continue;
            }
            context.out.line("");
            let question = format!("Do you want to begin with stage {}?", stage.name.as_str());
            let detail = format!("{} Everything before it is done. Anything else pauses here.", view::plan::actions(stage.counts(&made.plan)));
            if prompt::approve(context, &question, &detail, "")? {
                self.options.confirmed.insert(stage.name.clone());
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn paused(&self, made: &Made, (added, changed, destroyed): (usize, usize, usize)) -> Outcome {
        let (context, paint) = (self.context, self.context.paint());
        if added + changed + destroyed > 0 {
            context.out.line(format!("\n{}", paint.good(format!("Applied so far: {added} added, {changed} changed, {destroyed} destroyed."))));
        }
        if let Some(stream) = context.stream.as_ref().filter(|_| !self.told) {
            stream.plan(&made.plan);
        }
        let mut waits = false;
        for gate in made.plan.gates.iter().filter(|gate| gate.holds_up(&made.plan)) {
            waits = true;
            if let Some(stream) = &context.stream {
                stream.paused(&format!("Paused at {}", gate.name), serde_json::json!({ "gate": view::plan_json::gate(gate) }));
            }
            context.out.line(format!("\n{} {}\n", paint.bold(format!("Paused at {}:", gate.name)), gate.description));
            if let GateStatus::Stale(why) = &gate.status {
                context.out.line(format!("It is not open any more: {why}.\n"));
            }
            match &gate.instructions {
                Some(text) => context.out.line(text.trim_end()),
                None => context.out.line(format!("Open it with: weir gate open {}", gate.name.as_str())),
            }
        }
        for stage in made.plan.stages.iter().filter(|stage| stage.asks(&made.plan)) {
            waits = true;
            let name = stage.name.as_str();
            if let Some(stream) = &context.stream {
                stream.paused(&format!("Paused before stage {name}: it asks for confirmation"), serde_json::json!({ "stage": name }));
            }
            let command = if self.options.mode == Mode::Destroy { "weir destroy" } else { "weir apply" };
            context.out.line(format!(
                "\n{} it asks for confirmation. {}\n",
                paint.bold(format!("Paused before stage {name}:")),
                view::plan::actions(stage.counts(&made.plan))
            ));
            context.out.line(format!(
                "To go on, run {command} at a terminal and answer yes, or give the answer in a file, {command} -answers=FILE:\n\n    stage \"{name}\" {{\n      confirm = true\n    }}"
            ));
        }
        if !waits {
            return Err(Failure::error(
                "Something is left that cannot be known",
                "What is left waits for values that this stack never learns. weir plan shows what each object waits for.",
            ));
        }
        context.out.line(format!("\n{}", view::plan::summary(&made.plan, paint).trim_end()));
        Ok(Exit(3))
    }
}

/// True when only outputs differ.
fn only_outputs(plan: &Plan) -> bool {
    plan.pending().next().is_none() && outputs_differ(plan)
}

/// True when an output is known now and not yet in the state.
fn outputs_differ(plan: &Plan) -> bool {
    plan.outputs.values().any(|output| output.before != output.after && output.after.as_ref().is_none_or(weir_value::Value::is_wholly_known))
}

/// Tells of the time that passes while an apply goes on.
async fn beat(progress: Arc<Progress>) {
    loop {
        tokio::time::sleep(BEAT).await;
        progress.beat();
    }
}

/// Ctrl-C once ends after the running operations, twice at once.
async fn interrupted(stop: Arc<Stop>, err: Arc<crate::output::Output>, sessions: Vec<Arc<dyn weir_provider::Session>>) {
    if tokio::signal::ctrl_c().await.is_err() {
        return;
    }
    stop.request();
    err.line("\nInterrupt received. Waiting for the running operations to end; press Ctrl-C again to leave at once (the next run takes them up).");
    for session in sessions {
        tokio::spawn(async move { session.stop().await });
    }
    if tokio::signal::ctrl_c().await.is_ok() {
        err.line("Left. Operations that were under way are in the journal; the next run finds out what became of them.");
        tokio::time::sleep(Duration::from_millis(50)).await;
        std::process::abort();
    }
}
