//! One file of tests.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use weir_addr::{InstanceAddr, Target};
use weir_apply::{Applying, Stop, apply};
use weir_config::syntax::Traversal;
use weir_config::{Assignment, CheckRule, Config, TestFile, TestRun, load_after};
use weir_diag::{Diagnostic, Diagnostics, Severity, Sources, Span};
use weir_eval::{Evaluator, Scope};
use weir_plan::{ASSERTION_FAILED, Console, Made, Mode, Options, Planning, console};
use weir_state::{Journal, State};
use weir_value::{Type, Value, convert};

use super::expected::{Expected, shown};
use super::names::Names;
use super::report::{Report, Status};
use super::stand_in::{self, Mocks, replace_modules, replace_providers};
use crate::command::show::state_text;
use crate::context::Context;
use crate::exit::Failure;
use crate::given::Given;
use crate::stack::{Disk, Stack, VariableFlags, now, settle};
use crate::view;

/// What some runs have made, and how it is destroyed.
struct Kept {
    state: State,
    stack: Stack,
    /// The last run that used it.
    run: Arc<str>,
    at: usize,
}

/// A file of tests under way.
pub(super) struct Suite<'a> {
    context: &'a Context,
    path: &'a str,
    file: &'a TestFile,
    sources: Sources,
    flags: &'a VariableFlags,
    directory: &'a Path,
    parallelism: usize,
    /// Outputs of the runs so far.
    runs: BTreeMap<Arc<str>, Value>,
    states: BTreeMap<String, Kept>,
}

/// What became of a run.
struct Ran {
    status: Status,
    diags: Diagnostics,
    sources: Sources,
    details: Option<String>,
}

/// A module with the values of its variables.
struct Prepared {
    stack: Stack,
    /// Variables that the module does not declare.
    others: BTreeMap<Arc<str>, Value>,
    /// About the test itself.
    warnings: Diagnostics,
}

impl<'a> Suite<'a> {
    pub(super) fn new(
        context: &'a Context,
        path: &'a str,
        file: &'a TestFile,
        sources: Sources,
        flags: &'a VariableFlags,
        directory: &'a Path,
        parallelism: usize,
    ) -> Self {
        Self { context, path, file, sources, flags, directory, parallelism, runs: BTreeMap::new(), states: BTreeMap::new() }
    }

    /// Carries out its runs, then destroys what they made.
    pub(super) async fn run(&mut self, report: &mut Report<'_>) {
        report.file(self.path);
        let mut all = Status::Pass;
        let mut executed = false;
        for (at, run) in self.file.runs.iter().enumerate() {
            if all == Status::Error {
                report.ran(self.path, &run.name, Status::Skip, None, &Diagnostics::new(), &self.sources);
                continue;
            }
            report.run(self.path, &run.name);
            let ran = match self.one(at, run, report.verbose).await {
                Ok(ran) => ran,
                Err(failure) => Ran { status: Status::Error, diags: failure.diagnostics, sources: failure.sources, details: None },
            };
            executed = true;
            all = all.max(ran.status);
            report.ran(self.path, &run.name, ran.status, ran.details, &ran.diags, &ran.sources);
        }
        if executed || self.file.runs.is_empty() {
            report.tearing_down(self.path);
        }
        if !self.tear_down(report).await {
            all = Status::Error;
        }
        report.filed(self.path, all);
    }

    async fn one(&mut self, at: usize, run: &TestRun, verbose: bool) -> Result<Ran, Failure> {
        let Prepared { stack, others, warnings } = self.prepare(run)?;
        let mut diags = warnings;
        let expected = Expected::of(&run.expect_failures, &stack.config.root, &mut diags);
        let options = self.options(run, &mut diags);
        if diags.has_errors() {
            return Ok(Ran { status: Status::Error, diags, sources: stack.config.sources, details: None });
        }
        let key = run.state_key.as_ref().map_or_else(|| run.module.as_ref().map_or(String::new(), |(source, _)| source.to_string()), |key| format!("key:{key}"));
        let prior = self.states.get(&key).map(|kept| kept.state.clone()).unwrap_or_default();
        let made = stack.plan(&prior, &options, None).await;
        let host = stack.host();
        let mut names = Names { variables: others, runs: self.runs.clone(), declared: self.file.runs.iter().map(|run| &*run.name).collect(), ..Names::default() };
        let mut found = expected.sort(made.diags.clone());
        found.rest.extend(diags);
        let stopped = made.diags.has_errors();
        if run.plan_only || stopped {
            let details = (verbose && !stopped).then(|| view::plan::text(&made.plan, self.context.paint()));
            let mut diags = found.rest;
            diags.extend(expected.missing(&found.met).into_iter().filter(|_| run.plan_only || !stopped || found.met.is_empty()));
            if stopped && !run.plan_only && !found.met.is_empty() {
                let detail = format!(
                    "A condition of {} failed while planning, so that nothing could be applied. It was expected, but the run asked for an apply: set command = plan in it.",
                    expected.first_met(&found.met)
                );
                diags.push(Diagnostic::warning("Expected failure while planning", detail));
                diags.extend(found.met);
                return Ok(Ran { status: Status::Error, diags, sources: stack.config.sources, details });
            }
            let mut status = if diags.has_errors() { Status::Error } else { Status::Pass };
            if status == Status::Pass {
                let console = Console::planned(planning(&stack, &host, &prior, &options), made.world);
                names.outputs = console.outputs();
                status = judge(&console, &names, &run.rules, run.plan_only, &mut diags);
                self.runs.insert(run.name.clone(), Value::object(names.outputs.clone()));
            }
            return Ok(Ran { status, diags, sources: stack.config.sources, details });
        }
        let (state, applied) = self.apply(&stack, prior, made, &options).await?;
        let applied = expected.sort(applied);
        found.met.extend(applied.met);
        // A check is judged when planning and again after the apply; the latter counts.
        let mut diags: Diagnostics = found.rest.into_iter().filter(|diag| diag.severity == Severity::Warning).collect();
        diags.extend(applied.rest);
        diags.extend(expected.missing(&found.met));
        let failed = diags.has_errors();
        let details = if verbose && !failed { Some(state_text(&state)?) } else { None };
        let mut status = if failed { Status::Error } else { Status::Pass };
        if !failed {
            let refreshed = Options { no_refresh: true, parallelism: 1, ..Options::default() };
            let (judged, outputs, more) = console(planning(&stack, &host, &state, &refreshed), |console, _| {
                let mut more = Diagnostics::new();
                names.outputs = console.outputs();
                (judge(console, &names, &run.rules, false, &mut more), names.outputs.clone(), more)
            })
            .await;
            status = judged;
            diags.extend(more);
            self.runs.insert(run.name.clone(), Value::object(outputs));
        }
        let sources = stack.config.sources.clone();
        self.states.insert(key, Kept { state, stack, run: run.name.clone(), at });
        Ok(Ran { status, diags, sources, details })
    }

    /// Applies a plan and what it had to defer, in memory. What went wrong stands in the diagnostics; the state is what there is then.
    async fn apply(&self, stack: &Stack, mut state: State, mut made: Made, options: &Options) -> Result<(State, Diagnostics), Failure> {
        let mut told = Diagnostics::new();
        let mut touched: HashSet<InstanceAddr> = HashSet::new();
        // A journal for its form: a test that is interrupted has no state that another run could go on with.
        let folder = tempfile::tempdir().map_err(|error| Failure::error("A temporary folder cannot be made", format!("{error}.")))?;
        loop {
            touched.extend(made.plan.executable().map(|change| change.addr.clone()));
            if let Some(moved) = made.moved.take() {
                state = moved;
            }
            let journal = Journal::open(folder.path().join(format!("journal-{}", state.serial)), &state.lineage, state.serial)
                .map_err(|error| Failure::error("The journal cannot be written", format!("{error}.")))?;
            let applied = apply(Applying {
                config: &stack.config,
                nodes: &stack.nodes,
                catalog: &stack.catalog,
                host: &stack.host().applying(now()),
                prior: &state,
                options,
                cwd: PathBuf::from("."),
                workspace: stack.workspace.clone(),
                given: &stack.given,
                made: &made,
                journal: &journal,
                events: &|_| {},
                stop: &Stop::default(),
            })
            .await;
            state = applied.state;
            state.serial += 1;
            // What an earlier round said of check blocks may hold by now.
            told = told.into_iter().filter(|diag| diag.summary != ASSERTION_FAILED).collect();
            told.extend(applied.diags);
            settle(self.context, &made, applied.created).await;
            if told.has_errors() {
                return Ok((state, told));
            }
            if !made.plan.pending().any(|change| change.blocked.is_some()) {
                return Ok((state, told));
            }
            made = stack.plan(&state, options, None).await;
            told.extend(std::mem::take(&mut made.diags).into_iter().filter(|diag| diag.severity == Severity::Error));
            if told.has_errors() {
                return Ok((state, told));
            }
            if !made.plan.executable().any(|change| !touched.contains(&change.addr)) {
                let waiting: Vec<_> = made.plan.pending().filter(|change| change.blocked.is_some()).map(|change| change.addr.to_string()).collect();
                if !waiting.is_empty() {
                    let detail = format!(
                        "These wait for a gate, a stage or a value that never becomes known in a test: {}. Use command = plan, or test the module behind the gate.",
                        waiting.join(", ")
                    );
                    told.push(Diagnostic::error("The run does not come to its end", detail));
                }
                return Ok((state, told));
            }
        }
    }

    /// Destroys everything, what was used last first. False when something is left.
    async fn tear_down(&mut self, report: &mut Report<'_>) -> bool {
        let mut kept: Vec<Kept> = std::mem::take(&mut self.states).into_values().filter(|kept| kept.state.instances().next().is_some()).collect();
        kept.sort_by_key(|kept| std::cmp::Reverse(kept.at));
        let mut well = true;
        for Kept { state, stack, run, .. } in kept {
            report.tearing_down_run(self.path, &run);
            let options = Options { mode: Mode::Destroy, parallelism: self.parallelism, ..Options::default() };
            let made = stack.plan(&state, &options, None).await;
            let mut diags = Diagnostics::new();
            let mut left = state.clone();
            if made.diags.has_errors() {
                diags.extend(made.diags);
            } else {
                match self.apply(&stack, state, made, &options).await {
                    Ok((state, found)) => {
                        left = state;
                        diags.extend(found.into_iter().filter(|diag| diag.severity == Severity::Error));
                    }
                    Err(failure) => diags.extend(failure.diagnostics),
                }
            }
            let there: Vec<String> = left.instances().filter(|(addr, _)| addr.resource.mode == weir_addr::Mode::Managed).map(|(addr, _)| addr.to_string()).collect();
            report.tell(self.path, Some(&run), &diags, &stack.config.sources);
            if !there.is_empty() {
                well = false;
                report.left_over(self.path, &run, &there);
            }
        }
        well
    }

    /// Loads the module that a run is about, with the file's providers in place of its own.
    fn prepare(&self, run: &TestRun) -> Result<Prepared, Failure> {
        let dir = run.module.as_ref().map_or(".", |(source, _)| source);
        let (mut config, mut diags) = load_after(&Disk, Path::new(dir), self.sources.clone());
        let host = host_of(self.context);
        let (mut mocks, mut said) = (Mocks::new(), Vec::new());
        if let Some(root) = Arc::get_mut(&mut config.root) {
            mocks = replace_providers(root, self.file, run, &mut diags);
            said = stand_in::said(self.file, run, &mocks, &host, &self.sources, &mut diags);
            replace_modules(root, &said, &mut diags);
        }
        if let Some((source, place)) = &run.module
            && !diags.has_errors()
            && !Path::new(&**source).is_dir()
        {
            diags.error(*place, "Unreadable module directory", format!("{source} is no folder."));
        }
        let mut stack = Stack::of(self.context, config, PathBuf::from("."), &mut diags)?;
        stand_in::add(&mut stack.catalog, &stack.config, &mocks, said, &host, &mut diags);
        let mut sources = stack.config.sources.clone();
        let (flags, mut others) = self.flags_for(&stack.config);
        stack.variables(self.context, &flags, &mut sources, &mut diags);
        stack.config.sources = sources;
        let own = |diag: &Diagnostic| diag.severity == Severity::Error || diag.summary == "Invalid override target";
        let mut diags: Diagnostics = diags.into_iter().filter(own).collect();
        for (list, with_runs) in [(&self.file.variables, false), (&run.variables, true)] {
            let mut variables = stack.given.clone();
            variables.extend(others.iter().map(|(name, value)| (name.clone(), value.clone())));
            let runs = if with_runs { self.runs.clone() } else { BTreeMap::new() };
            let names = Names { variables, runs, declared: self.file.runs.iter().map(|run| &*run.name).collect(), ..Names::default() };
            for (name, value, place) in values(list, &names, &host, &mut diags) {
                if stack.config.root.variables.contains_key(&name) {
                    stack.config.assigned.insert(name.clone(), place);
                    stack.given.insert(name, value);
                } else {
                    others.insert(name, value);
                }
            }
        }
        for (name, variable) in &stack.config.root.variables {
            if variable.default.is_none() && !stack.given.contains_key(name) {
                diags.push(stand_in::no_value(name, run, variable.span));
            }
        }
        if diags.has_errors() {
            return Err(Failure::new(diags, &stack.config.sources));
        }
        Ok(Prepared { stack, others, warnings: diags })
    }

    /// Values from the command line for the variables that a module declares, and the others as they are written.
    fn flags_for(&self, config: &Config) -> (VariableFlags, BTreeMap<Arc<str>, Value>) {
        let (mut ours, mut others) = (Vec::new(), BTreeMap::new());
        for given in &self.flags.given {
            match given {
                Given::Value(text) => match text.split_once('=') {
                    Some((name, value)) if !config.root.variables.contains_key(name.trim()) => drop(others.insert(Arc::from(name.trim()), Value::string(value))),
                    _ => ours.push(given.clone()),
                },
                Given::File(_) => ours.push(given.clone()),
            }
        }
        let mut files: Vec<PathBuf> = Vec::new();
        // Values for the tests of a folder lie beside them.
        if let Some(dir) = Path::new(self.path).parent().filter(|dir| *dir == plain(self.directory)) {
            let named =
                |name: &str| name == "terraform.tfvars" || name == "terraform.tfvars.json" || name.ends_with(".auto.tfvars") || name.ends_with(".auto.tfvars.json");
            let entries = std::fs::read_dir(if dir.as_os_str().is_empty() { Path::new(".") } else { dir }).into_iter().flatten();
            files.extend(entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).filter(|name| named(name)).map(|name| dir.join(name)));
            files.sort();
        }
        (VariableFlags { given: files.into_iter().map(Given::File).chain(ours).collect() }, others)
    }

    fn options(&self, run: &TestRun, diags: &mut Diagnostics) -> Options {
        let mut addresses = |list: &[Traversal]| -> Vec<(Target, weir_diag::Span)> {
            let read = |reference: &Traversal| {
                let read = shown(reference).parse::<Target>().map_err(|error| Diagnostic::error("Invalid address", format!("{error}.")).at(reference.span));
                diags.take(read).map(|target| (target, reference.span))
            };
            list.iter().filter_map(read).collect()
        };
        let (targets, replaced) = (addresses(&run.options.target), addresses(&run.options.replace));
        let mut replace = Vec::new();
        for (target, span) in replaced {
            let read = target.to_string().parse::<InstanceAddr>().map_err(|error| Diagnostic::error("Invalid address", format!("{error}.")).at(span));
            replace.extend(diags.take(read));
        }
        Options {
            mode: if run.options.refresh_only { Mode::RefreshOnly } else { Mode::Normal },
            no_refresh: run.options.no_refresh,
            targets: targets.into_iter().map(|(target, _)| target).collect(),
            replace,
            parallelism: self.parallelism,
            ..Options::default()
        }
    }
}

fn plain(dir: &Path) -> PathBuf {
    dir.components().filter(|part| !matches!(part, std::path::Component::CurDir)).collect()
}

/// Files and clocks for what a test says before anything is loaded.
fn host_of(context: &Context) -> weir_plan::DiskHost {
    weir_plan::DiskHost::new(PathBuf::from("."), context.env.get("HOME").map(ToOwned::to_owned), now())
}

fn planning<'s>(stack: &'s Stack, host: &'s weir_plan::DiskHost, prior: &'s State, options: &'s Options) -> Planning<'s> {
    Planning {
        config: &stack.config,
        nodes: &stack.nodes,
        catalog: &stack.catalog,
        host,
        prior,
        options,
        cwd: PathBuf::from("."),
        workspace: stack.workspace.clone(),
        given: &stack.given,
        candidate: None,
    }
}

/// The values of assignments.
fn values(list: &[Assignment], scope: &dyn Scope, host: &weir_plan::DiskHost, diags: &mut Diagnostics) -> Vec<(Arc<str>, Value, Span)> {
    let mut values = Vec::new();
    for assignment in list {
        let mut evaluator = Evaluator::new(scope, host);
        values.push((assignment.name.clone(), evaluator.eval(&assignment.expr), assignment.expr.span));
        diags.extend(evaluator.diags);
    }
    values
}

/// Checks what a run asserts.
fn judge(console: &Console<'_>, names: &Names<'_>, rules: &[CheckRule], planned: bool, diags: &mut Diagnostics) -> Status {
    let mut status = Status::Pass;
    for rule in rules {
        let find = |root: &weir_config::syntax::Ident, rest: &[(&Arc<str>, weir_diag::Span)]| names.find(root, rest);
        let (judged, found) = console.with(&find, |evaluator| assertion(evaluator, rule, planned));
        status = status.max(if found.has_errors() { Status::Error } else { Status::Pass });
        diags.extend(found);
        if let Some((worse, told)) = judged {
            status = status.max(worse);
            diags.push(told);
        }
    }
    status
}

/// What there is to say about one assertion that does not hold.
fn assertion(evaluator: &mut Evaluator<'_>, rule: &CheckRule, planned: bool) -> Option<(Status, Diagnostic)> {
    let value = evaluator.eval(&rule.condition);
    if evaluator.diags.has_errors() {
        return None;
    }
    match convert(&value, &Type::Bool).map(|value| value.unmark().0) {
        Ok(Value::Bool(true)) => None,
        Ok(Value::Bool(false)) => {
            let text = evaluator.eval(&rule.error_message);
            let message = match convert(&text, &Type::String).map(Value::unmark) {
                Ok((Value::String(text), marks)) if marks.is_empty() => text.trim_end().to_owned(),
                Ok((_, marks)) if !marks.is_empty() => "The error message included a sensitive or ephemeral value, so it is not shown.".to_owned(),
                _ => "The assertion does not hold; its error message is not known.".to_owned(),
            };
            let told = Diagnostic::error("Test assertion failed", message).at(rule.condition.span);
            Some((Status::Fail, evaluator.describe(told, &rule.condition)))
        }
        Ok(Value::Unknown(_)) => {
            let detail = if planned {
                "The condition depends on a value that is known only after an apply. Use command = apply in this run, or leave the value out of the condition."
            } else {
                "The condition depends on a value that is not known even after the apply. Leave it out of the condition."
            };
            let told = Diagnostic::error("Unknown condition value", detail).at(rule.condition.span);
            Some((Status::Error, evaluator.describe(told, &rule.condition)))
        }
        Ok(_) | Err(_) => Some((Status::Error, Diagnostic::error("Invalid condition result", "The condition must be true or false.").at(rule.condition.span))),
    }
}
