//! A stack as the commands that plan see it: configuration, variables, state, providers.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use weir_addr::{InstanceAddr, Target};
use weir_apply::{Recovered, recover};
use weir_config::syntax::parse_expression;
use weir_config::{Config, FileSystem, load, parse_assignments};
use weir_diag::{Diagnostic, Diagnostics, Severity, Sources, Span};
use weir_eval::Evaluator;
use weir_plan::{Catalog, DiskHost, GateCandidate, Made, Mode, Nodes, Options, Planning, plan};
use weir_state::{Replay, State, Store};
use weir_value::{Type, Value};

use crate::context::Context;
use crate::environment::Environment;
use crate::exit::Failure;
use crate::given::Given;
pub(crate) use crate::given::VariableFlags;
use crate::stored::{ChangeFlags, selected_workspace, store_failure};
use crate::{plugins, providers};

/// How to plan.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct PlanFlags {
    #[command(flatten)]
    pub(crate) variables: VariableFlags,
    /// Plan the destruction of everything
    #[arg(long)]
    pub(crate) destroy: bool,
    /// Only bring the state up to date with what there is
    #[arg(long, conflicts_with = "destroy")]
    pub(crate) refresh_only: bool,
    /// Whether to read the present state of objects first
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    pub(crate) refresh: bool,
    /// Replace this object in any case; may be given more than once
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) replace: Vec<InstanceAddr>,
    /// Only this object, resource, module or stage and what it needs; may be given more than once
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) target: Vec<Target>,
    /// File with such addresses, one a line; may be given more than once
    #[arg(long, value_name = "FILE")]
    pub(crate) target_file: Vec<PathBuf>,
    /// All but this object, resource, module or stage and what needs it; may be given more than once
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["target", "target_file"])]
    pub(crate) exclude: Vec<Target>,
    /// File with such addresses, one a line; may be given more than once
    #[arg(long, value_name = "FILE", conflicts_with_all = ["target", "target_file"])]
    pub(crate) exclude_file: Vec<PathBuf>,
    /// Operations that may be under way at once
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) parallelism: usize,
}

impl PlanFlags {
    /// The options of the planner.
    pub(crate) fn options(&self) -> Result<Options, Failure> {
        let with_files = |addresses: &[Target], files: &[PathBuf]| -> Result<Vec<Target>, Failure> {
            let mut all = addresses.to_vec();
            for file in files {
                all.extend(addresses_in(file)?);
            }
            Ok(all)
        };
        Ok(Options {
            mode: if self.destroy {
                Mode::Destroy
            } else if self.refresh_only {
                Mode::RefreshOnly
            } else {
                Mode::Normal
            },
            no_refresh: !self.refresh,
            targets: with_files(&self.target, &self.target_file)?,
            excludes: with_files(&self.exclude, &self.exclude_file)?,
            replace: self.replace.clone(),
            imports: Vec::new(),
            parallelism: self.parallelism.max(1),
            ..Options::default()
        })
    }
}

/// The addresses in a file: one a line, with comments that begin with `#`.
fn addresses_in(file: &Path) -> Result<Vec<Target>, Failure> {
    let text =
        std::fs::read_to_string(file).map_err(|error| Failure::error("Unable to read the file of addresses", format!("{} cannot be read: {error}.", file.display())))?;
    let mut sources = Sources::new();
    let id = sources.add(file.display().to_string(), text.clone());
    let (mut found, mut diags, mut start) = (Vec::new(), Diagnostics::new(), 0_usize);
    for line in text.split_inclusive('\n') {
        let address = line.trim();
        let at = start + line.len() - line.trim_start().len();
        start += line.len();
        if address.is_empty() || address.starts_with('#') {
            continue;
        }
        match address.parse::<Target>() {
            Ok(target) => found.push(target),
            Err(error) => {
                let detail = format!("{error}. Each line holds the address of an object, a resource, a module or a stage.");
                diags.error(weir_diag::Span::new(id, at, at + address.len()), "Invalid address", detail);
            }
        }
    }
    if diags.has_errors() {
        return Err(Failure::new(diags, &sources));
    }
    Ok(found)
}

/// Files on disk.
pub(crate) struct Disk;

impl FileSystem for Disk {
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let entries = std::fs::read_dir(dir)?;
        Ok(entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect())
    }
    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(file)
    }
    fn data_dir(&self) -> PathBuf {
        crate::context::data_dir(&Environment::of_process())
    }
}

/// A loaded stack.
pub(crate) struct Stack {
    pub(crate) config: Config,
    pub(crate) nodes: Nodes,
    pub(crate) catalog: Catalog,
    pub(crate) given: BTreeMap<Arc<str>, Value>,
    pub(crate) workspace: String,
    pub(crate) timestamp: Arc<str>,
    /// The folder of the files that expressions read.
    base: PathBuf,
    home: Option<String>,
}

impl Stack {
    /// Loads the configuration from `files` and the values of its variables. Warnings are reported, errors end it.
    pub(crate) fn load(context: &Context, files: &dyn FileSystem, flags: &VariableFlags) -> Result<Self, Failure> {
        Self::load_in(context, files, PathBuf::from("."), flags)
    }

    /// Installs the providers that a configuration needs; gives what to tell about it.
    pub(crate) fn install(context: &Context, files: &dyn FileSystem, locking: plugins::Locking) -> Result<plugins::Installed, Failure> {
        Self::without_plugins(files, |nodes, catalog, sources| plugins::install(context, nodes, catalog, sources, locking))
    }

    /// Works on a configuration whose plugins need not be there: with what it consists of, and the native providers.
    pub(crate) fn without_plugins<T>(files: &dyn FileSystem, work: impl FnOnce(&Nodes, &Catalog, &mut Sources) -> Result<T, Diagnostics>) -> Result<T, Failure> {
        let (config, mut diags) = load(files, Path::new("."));
        let (nodes, more) = Nodes::build(&config);
        diags.extend(more);
        if diags.has_errors() {
            return Err(Failure::new(diags, &config.sources));
        }
        let mut catalog = Catalog::default();
        for (addr, local, provider) in providers::all() {
            catalog.add(addr, local, provider);
        }
        let mut sources = config.sources.clone();
        work(&nodes, &catalog, &mut sources).map_err(|diags| Failure::new(diags, &sources))
    }

    /// Loads what another folder than the present one has in its place.
    pub(crate) fn load_in(context: &Context, files: &dyn FileSystem, base: PathBuf, flags: &VariableFlags) -> Result<Self, Failure> {
        let (config, mut diags) = load(files, Path::new("."));
        let empty = config.sources.iter().all(|file| file.name.ends_with("/modules.json"));
        if empty && !diags.has_errors() {
            diags.push(Diagnostic::error(
                "No configuration files",
                "This folder holds no .tf or .stack.hcl file. Go to the folder of a stack, or name it with -chdir=DIR.",
            ));
        }
        let mut stack = Self::of(context, config, base, &mut diags)?;
        let broken = diags.has_errors();
        let mut sources = stack.config.sources.clone();
        stack.variables(context, flags, &mut sources, &mut diags);
        stack.config.sources = sources;
        if diags.has_errors() {
            if broken && !empty {
                stack.tell_the_rest(context, &mut diags)?;
            }
            return Err(Failure::new(diags, &stack.config.sources));
        }
        context.report(&diags, &stack.config.sources);
        Ok(stack)
    }

    /// Checks what does not depend on the mistakes that were found before: one error shall not hide another.
    fn tell_the_rest(&mut self, context: &Context, diags: &mut Diagnostics) -> Result<(), Failure> {
        self.assume_variables();
        let options = Options { no_refresh: true, parallelism: 1, ..Options::default() };
        let found = context.block_on(self.validate(&State::default(), &options))?;
        let known: Vec<Span> = diags.iter().filter_map(|diag| diag.span).collect();
        // What was told of a place is not told again in other words.
        let told = |span: Span| known.iter().any(|known| known.touches(span));
        diags.extend(found.into_iter().filter(|diag| diag.severity == Severity::Error && diag.span.is_some_and(|span| !told(span))));
        Ok(())
    }

    /// Takes variables that have no value for not known.
    pub(crate) fn assume_variables(&mut self) {
        for (name, variable) in &self.config.root.variables {
            if variable.default.is_none() {
                self.given.entry(name.clone()).or_insert_with(|| Value::unknown(variable.constraint.ty.clone()));
            }
        }
    }

    /// A loaded configuration with its graph and providers; no variable has a value yet. `diags` is what was found on loading it.
    pub(crate) fn of(context: &Context, mut config: Config, base: PathBuf, diags: &mut Diagnostics) -> Result<Self, Failure> {
        let (nodes, more) = Nodes::build(&config);
        diags.extend(more);
        // What needs itself cannot be walked.
        if nodes.cycles().has_errors() {
            return Err(Failure::new(std::mem::take(diags), &config.sources));
        }
        let mut catalog = Catalog::default();
        for (addr, local, provider) in providers::all() {
            catalog.add(addr, local, provider);
        }
        let mut seen = config.sources.clone();
        let found = plugins::add(context, &nodes, &mut catalog, &mut seen);
        config.sources = seen;
        let without = found.has_errors();
        diags.extend(found);
        if without {
            return Err(Failure::new(std::mem::take(diags), &config.sources));
        }
        let timestamp = now();
        Ok(Self {
            config,
            nodes,
            catalog,
            given: BTreeMap::new(),
            workspace: selected_workspace(context),
            timestamp,
            base,
            home: context.env.get("HOME").map(ToOwned::to_owned),
        })
    }

    /// Environment, terraform.tfvars, *.auto.tfvars, then -var and -var-file; the last one counts.
    pub(crate) fn variables(&mut self, context: &Context, flags: &VariableFlags, sources: &mut Sources, diags: &mut Diagnostics) {
        let declared = self.config.root.variables.clone();
        for (name, text) in context.env.variables() {
            if let Some(variable) = declared.get(name) {
                let value = self.literal(&format!("TF_VAR_{name}"), text, &variable.constraint.ty, sources, diags);
                self.given.insert(name.into(), value);
            }
        }
        let mut files: Vec<PathBuf> = vec!["terraform.tfvars".into(), "terraform.tfvars.json".into()];
        let mut automatic: Vec<PathBuf> = Disk
            .list(&self.base)
            .unwrap_or_default()
            .into_iter()
            .filter(|name| name.ends_with(".auto.tfvars") || name.ends_with(".auto.tfvars.json"))
            .map(PathBuf::from)
            .collect();
        automatic.sort();
        files.extend(automatic);
        files.retain(|file| self.base.join(file).exists());
        for file in files {
            self.file(&file, sources, diags);
        }
        for given in &flags.given {
            let text = match given {
                Given::File(file) => {
                    self.file(file, sources, diags);
                    continue;
                }
                Given::Value(text) => text,
            };
            let Some((name, value)) = text.split_once('=') else {
                diags.push(Diagnostic::error("Invalid -var option", format!("The given -var option \"{text}\" is not correctly specified. It must be a variable name and value separated by an equals sign: -var 'name=value'.")));
                continue;
            };
            let name = name.trim();
            let Some(variable) = declared.get(name) else {
                let hint = weir_diag::did_you_mean(name, declared.keys().map(|name| &**name));
                diags.push(Diagnostic::error(
                    "Value for undeclared variable",
                    format!("A variable named \"{name}\" was assigned on the command line, but the root module does not declare a variable of that name.{hint}"),
                ));
                continue;
            };
            let value = self.literal(&format!("<value for var.{name}>"), value, &variable.constraint.ty, sources, diags);
            self.config.assigned.remove(name);
            self.given.insert(name.into(), value);
        }
    }

    /// A value from a command line or environment: as it is for scalars, else an expression.
    fn literal(&self, name: &str, text: &str, ty: &Type, sources: &mut Sources, diags: &mut Diagnostics) -> Value {
        if ty.is_primitive() || *ty == Type::Dynamic {
            return Value::string(text);
        }
        let id = sources.add(name, text);
        let (expr, found) = parse_expression(sources, id);
        diags.extend(found);
        let host = self.host();
        let mut evaluator = Evaluator::new(&(), &host);
        let value = evaluator.eval(&expr);
        diags.extend(evaluator.diags);
        value
    }

    fn file(&mut self, file: &Path, sources: &mut Sources, diags: &mut Diagnostics) {
        // One that is named and was not there counts as it is now.
        let there = Some(self.base.join(file)).filter(|path| path.exists()).unwrap_or_else(|| file.to_owned());
        let text = match std::fs::read_to_string(there) {
            Ok(text) => text,
            Err(error) => {
                diags.push(Diagnostic::error("Failed to read variables file", format!("{} cannot be read: {error}.", file.display())));
                return;
            }
        };
        let id = sources.add(file.display().to_string(), text);
        let (assignments, found) = parse_assignments(sources, id);
        diags.extend(found);
        let host = self.host();
        for assignment in assignments {
            if !self.config.root.variables.contains_key(&assignment.name) {
                let hint = weir_diag::did_you_mean(&assignment.name, self.config.root.variables.keys().map(|name| &**name));
                diags.warning(
                    assignment.span,
                    "Value for undeclared variable",
                    format!("The root module does not declare a variable named \"{}\", but a value was found in this file.{hint}", assignment.name),
                );
                continue;
            }
            let mut evaluator = Evaluator::new(&(), &host);
            let value = evaluator.eval(&assignment.expr);
            diags.extend(evaluator.diags);
            self.config.assigned.insert(assignment.name.clone(), assignment.expr.span);
            self.given.insert(assignment.name, value);
        }
    }

    /// Files and clocks of a plan.
    pub(crate) fn host(&self) -> DiskHost {
        DiskHost::new(self.base.clone(), self.home.clone(), self.timestamp.clone())
    }

    /// Plans on a state.
    pub(crate) async fn plan(&self, state: &State, options: &Options, candidate: Option<&GateCandidate>) -> Made {
        let host = self.host();
        plan(Planning {
            config: &self.config,
            nodes: &self.nodes,
            catalog: &self.catalog,
            host: &host,
            prior: state,
            options,
            cwd: PathBuf::from("."),
            workspace: self.workspace.clone(),
            given: &self.given,
            candidate,
        })
        .await
    }

    /// The state, with what an interrupted run has completed: nobody is asked about the rest, and nothing is written.
    pub(crate) fn state_offline(&self, context: &Context, store: &dyn Store) -> Result<State, Failure> {
        let mut state = store.read().map_err(store_failure)?.unwrap_or_default();
        let journal_failed = |error: weir_state::JournalError| Failure::error("The journal of an interrupted run cannot be read", format!("{error}."));
        if let Some(replay) = Replay::read(&store.journal_path()).map_err(journal_failed)? {
            replay.apply_to(&mut state).map_err(journal_failed)?;
            if !replay.open.is_empty() {
                let detail =
                    format!("The last run was interrupted during {} operations. -offline asks nobody what became of them; the next run does.", replay.open.len());
                context.report(&Diagnostics::from_iter([Diagnostic::warning("An interrupted run is not taken up", detail)]), &self.config.sources);
            }
        }
        Ok(state)
    }

    /// The state, with everything that an interrupted run has left taken up.
    pub(crate) async fn state(&self, context: &Context, store: &dyn Store) -> Result<State, Failure> {
        let mut state = store.read().map_err(store_failure)?.unwrap_or_default();
        let journal_failed = |error: weir_state::JournalError| Failure::error("The journal of an interrupted run cannot be taken up", format!("{error}."));
        let path = store.journal_path();
        let upgraded = weir_plan::upgrade(&mut state, &self.catalog);
        if upgraded.has_errors() {
            return Err(Failure::new(upgraded, &self.config.sources));
        }
        let Some(replay) = Replay::read(&path).map_err(journal_failed)? else { return Ok(state) };
        replay.apply_to(&mut state).map_err(journal_failed)?;
        let options = Options { no_refresh: true, parallelism: 10, ..Options::default() };
        let made = self.plan(&state, &options, None).await;
        let Recovered { lines, created, diags } = recover(&replay, &mut state, &self.catalog, &made.providers).await;
        if diags.has_errors() {
            return Err(Failure::new(diags, &self.config.sources));
        }
        context.report(&diags, &self.config.sources);
        for line in lines {
            context.err.line(format!("Recovered: {line}."));
        }
        store.write(&mut state).map_err(store_failure)?;
        if settle(context, &made, created).await {
            std::fs::remove_file(&path)
                .map_err(|error| Failure::error("The journal of an interrupted run cannot be removed", format!("{}: {error}.", path.display())))?;
        }
        Ok(state)
    }
}

/// Removes the creation markers of objects that the state knows; false (with a warning) when that failed.
pub(crate) async fn settle(context: &Context, made: &Made, created: Vec<(weir_addr::ProviderConfigAddr, Arc<str>, Value)>) -> bool {
    let mut by_provider: BTreeMap<String, (weir_addr::ProviderConfigAddr, Vec<(Arc<str>, Value)>)> = BTreeMap::new();
    for (provider, type_name, value) in created {
        by_provider.entry(provider.to_string()).or_insert_with(|| (provider, Vec::new())).1.push((type_name, value));
    }
    let mut well = true;
    for (provider, objects) in by_provider.into_values() {
        let session = match made.providers.get(&provider) {
            Some(weir_plan::ProviderState::Ready(session)) => session,
            // Such as without credentials: the journal keeps what was created until it can be asked.
            Some(weir_plan::ProviderState::Failed) => {
                well = false;
                continue;
            }
            Some(weir_plan::ProviderState::Deferred(_)) | None => continue,
        };
        if let Err(faults) = session.settle(&objects).await {
            well = false;
            let diags: Diagnostics =
                faults.into_iter().map(|fault| Diagnostic::warning("Creation markers were not removed", format!("{fault}. The next run tries again."))).collect();
            context.report(&diags, &Sources::new());
        }
    }
    well
}

/// The time now, RFC 3339 in UTC to the second.
pub(crate) fn now() -> Arc<str> {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second()).unwrap_or(now).to_string().into()
}

/// The store and its lock.
pub(crate) fn locked(context: &Context, flags: &ChangeFlags, operation: &str) -> Result<(Box<dyn Store>, Option<weir_state::Lock>), Failure> {
    let store = flags.store(context)?;
    let lock = flags.lock(context, &*store, operation)?;
    Ok((store, lock))
}

impl Stack {
    /// Checks everything that can be checked without configuring a provider.
    pub(crate) async fn validate(&self, state: &State, options: &Options) -> Diagnostics {
        let host = self.host();
        weir_plan::validate(Planning {
            config: &self.config,
            nodes: &self.nodes,
            catalog: &self.catalog,
            host: &host,
            prior: state,
            options,
            cwd: PathBuf::from("."),
            workspace: self.workspace.clone(),
            given: &self.given,
            candidate: None,
        })
        .await
    }
}
