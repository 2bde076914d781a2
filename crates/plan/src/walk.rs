//! Evaluates a configuration node by node.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::task::JoinHandle;
use weir_addr::{GateName, InstanceAddr, InstanceKey, Mode, ModulePath, ModuleStep, ProviderConfigAddr, ResourceAddr, StepKind};
use weir_config::{CheckRule, Config, Module, ProviderRef, Repeat, Resource, Variable};
use weir_diag::{Diagnostic, Diagnostics, Span};
use weir_eval::{Evaluator, Instances, convert_variable, expand};
use weir_provider::{Fault, Intent, ReadRequest, Schema, SessionRequest};
use weir_state::State;
use weir_value::{Marks, Type, Value, convert};

use crate::catalog::Catalog;
use crate::condition::{CheckStatus, Checked, CheckedInstance, Conditions};
use crate::decode::{self, Decoded, decode_instance};
use crate::gate::{GateCandidate, GatePlan};
use crate::host::DiskHost;
use crate::nodes::{Node, NodeId, Nodes};
use crate::plan::{Blocked, Options};
use crate::scope::ModuleScope;
use crate::session::ProviderState;
use crate::world::{ModuleInstance, World};

/// One instance of a managed resource whose turn has come.
pub struct Job<'a> {
    /// Its address.
    pub addr: InstanceAddr,
    /// Its node.
    pub node: NodeId,
    /// Its module.
    pub module: &'a Arc<Module>,
    /// Its block.
    pub resource: &'a Arc<Resource>,
    /// Its schema.
    pub schema: &'a Arc<Schema>,
    /// Its provider configuration.
    pub provider: &'a ProviderConfigAddr,
    /// How far that is.
    pub state: ProviderState,
    /// Its configuration; `None` in a destroy run, where nothing is evaluated.
    pub decoded: Option<Decoded>,
    /// Why nothing can be done with it now.
    pub blocked: Option<Blocked>,
    /// The resources that it refers to.
    pub dependencies: Arc<[ResourceAddr]>,
    /// Something in `replace_triggered_by` changes.
    pub triggered: bool,
    /// `each.key` and `each.value`.
    pub each: Option<(Value, Value)>,
    /// `count.index`
    pub count: Option<u64>,
}

/// What became of an instance.
pub struct Outcome {
    /// What references to it get.
    pub value: Value,
    /// It differs from what was before, or will.
    pub pending: bool,
    /// It failed: nothing that depends on it may be done.
    pub failed: bool,
}

/// What a walk does with managed objects.
#[async_trait(?Send)]
pub trait Executor {
    /// Deals with one instance.
    async fn managed(&self, walk: &Walk<'_>, job: Job<'_>) -> Outcome;

    /// A resource whose instances are not known yet.
    fn unexpanded(&self, walk: &Walk<'_>, job: Job<'_>);

    /// A data source was read, or (`value` `None`) has to wait for the apply.
    fn data(&self, walk: &Walk<'_>, addr: &InstanceAddr, provider: &ProviderConfigAddr, value: Option<&Value>, planned: &Value, blocked: Option<Blocked>);

    /// All instances of a managed resource are done.
    fn resource_done(&self, walk: &Walk<'_>, module: &ModulePath, resource: &Resource, instances: &Instances);
}

/// What an earlier walk of the same configuration found, to be used again.
pub struct Reuse<'a> {
    /// Its values of gates, data sources and ephemeral resources.
    pub world: &'a World,
    /// Its providers.
    pub providers: &'a HashMap<ProviderConfigAddr, ProviderState>,
    /// Its data sources.
    pub data: &'a BTreeMap<InstanceAddr, (ProviderConfigAddr, Value, Type)>,
    /// Its gates.
    pub gates: &'a [GatePlan],
}

type Read = (Value, Option<JoinHandle<Result<Option<Value>, Vec<Fault>>>>);

/// A walk under way.
pub struct Walk<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// Its graph.
    pub nodes: &'a Nodes,
    /// The providers.
    pub catalog: &'a Catalog,
    /// Files and clocks.
    pub host: &'a DiskHost,
    /// What was before.
    pub prior: &'a State,
    /// How.
    pub options: &'a Options,
    /// `path.cwd`
    pub cwd: PathBuf,
    /// `terraform.workspace`
    pub workspace: String,
    /// Values given for the root module's variables.
    pub given: &'a BTreeMap<Arc<str>, Value>,
    /// A gate that is to be opened.
    pub candidate: Option<&'a GateCandidate>,
    /// True during an apply.
    pub applying: bool,
    /// Nothing is configured or read: only the configuration is checked.
    pub validating: bool,
    /// What an earlier walk found.
    pub reuse: Option<Reuse<'a>>,
    /// Ephemeral resources that have to be opened.
    pub needed: HashSet<NodeId>,
    /// Nodes that take part; all when `None`.
    pub included: Option<HashSet<NodeId>>,
    pub(crate) found: Mutex<Found>,
}

/// What a walk finds.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) world: World,
    pub(crate) diags: Diagnostics,
    pub(crate) providers: HashMap<ProviderConfigAddr, ProviderState>,
    pub(crate) gates: Vec<GatePlan>,
    pub(crate) conditions: Conditions,
    pub(crate) blocked: Vec<Option<Arc<str>>>,
    pub(crate) pending: Vec<bool>,
    pub(crate) failed: Vec<bool>,
    pub(crate) dependencies: Vec<Option<Arc<[ResourceAddr]>>>,
    pub(crate) reads: HashMap<InstanceAddr, Read>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The world behind the lock of a walk.
pub(crate) struct WorldGuard<'a>(MutexGuard<'a, Found>);
impl std::ops::Deref for WorldGuard<'_> {
    type Target = World;
    fn deref(&self) -> &World {
        &self.0.world
    }
}

/// What processing a node gave.
#[derive(Default)]
struct Done {
    blocked: Option<Arc<str>>,
    pending: bool,
    failed: bool,
}

/// True for a resource with preconditions or postconditions.
fn conditional(resource: &Resource) -> bool {
    !resource.lifecycle.preconditions.is_empty() || !resource.lifecycle.postconditions.is_empty()
}

/// A resource as what has conditions.
fn checked(module: &Module, resource: &Resource) -> Checked {
    Checked::Resource(ResourceAddr { module: module.path.clone(), mode: resource.mode, type_: resource.type_.clone(), name: resource.name.clone() })
}

/// Walks all nodes; each starts as soon as what it depends on is done.
pub async fn walk(walk: &Walk<'_>, executor: &dyn Executor) {
    let count = walk.nodes.nodes.len();
    {
        let mut found = walk.found();
        found.world = World::new(walk.nodes.modules.len());
        found.blocked = vec![None; count];
        found.pending = vec![false; count];
        found.failed = vec![false; count];
        found.dependencies = vec![None; count];
    }
    let mut dependants: Vec<Vec<NodeId>> = vec![Vec::new(); count];
    let mut missing: Vec<usize> = Vec::with_capacity(count);
    for (id, deps) in walk.nodes.deps.iter().enumerate() {
        missing.push(deps.len());
        for dep in deps {
            dependants[*dep].push(id);
        }
    }
    let mut ready: Vec<NodeId> = (0..count).rev().filter(|id| missing[*id] == 0).collect();
    let mut running = FuturesUnordered::new();
    loop {
        while let Some(id) = ready.pop() {
            running.push(async move { (id, walk.node(id, executor).await) });
        }
        let Some((id, done)) = running.next().await else { break };
        walk.finish(id, done);
        for next in &dependants[id] {
            missing[*next] -= 1;
            if missing[*next] == 0 {
                ready.push(*next);
            }
        }
    }
    walk.checks().await;
}

impl<'a> Walk<'a> {
    pub(crate) fn found(&self) -> MutexGuard<'_, Found> {
        lock(&self.found)
    }
    pub(crate) fn world(&self) -> WorldGuard<'_> {
        WorldGuard(self.found())
    }
    /// Reports.
    pub fn report(&self, diags: impl IntoIterator<Item = Diagnostic>) {
        let diags: Vec<Diagnostic> = diags.into_iter().collect();
        if !diags.is_empty() {
            self.found().diags.extend(diags);
        }
    }
    /// What was reported.
    pub fn take_diags(&self) -> Diagnostics {
        std::mem::take(&mut self.found().diags)
    }

    fn finish(&self, id: NodeId, done: Done) {
        let mut found = self.found();
        let deps = &self.nodes.deps[id];
        found.blocked[id] = done.blocked;
        found.pending[id] = done.pending || deps.iter().any(|dep| found.pending[*dep]);
        found.failed[id] = done.failed || deps.iter().any(|dep| found.failed[*dep]);
    }

    /// The resources that a node needs, the nearest of each way.
    fn dependencies(&self, id: NodeId) -> Arc<[ResourceAddr]> {
        let mut found = self.found();
        if let Some(known) = &found.dependencies[id] {
            return known.clone();
        }
        let mut all: Vec<ResourceAddr> = Vec::new();
        let mut shared: Option<Arc<[ResourceAddr]>> = None;
        for dep in &self.nodes.deps[id] {
            match &self.nodes.nodes[*dep] {
                Node::Resource { module, mode: Mode::Managed, type_, name } => {
                    all.push(ResourceAddr::managed(self.nodes.modules[*module].path.clone(), type_.clone(), name.clone()));
                }
                Node::Resource { module, mode: Mode::Data, type_, name } => {
                    all.push(ResourceAddr::data(self.nodes.modules[*module].path.clone(), type_.clone(), name.clone()));
                }
                _ => {
                    if let Some(inner) = &found.dependencies[*dep] {
                        if all.is_empty() && shared.is_none() {
                            shared = Some(inner.clone());
                        }
                        all.extend(inner.iter().cloned());
                    }
                }
            }
        }
        all.sort();
        all.dedup();
        // Nodes that only pass on what one other node needs share its list.
        let list = match shared {
            Some(shared) if shared.len() == all.len() => shared,
            _ => all.into(),
        };
        found.dependencies[id] = Some(list.clone());
        list
    }

    async fn node(&self, id: NodeId, executor: &dyn Executor) -> Done {
        let dependencies = self.dependencies(id);
        let blocked = {
            let found = self.found();
            self.nodes.deps[id].iter().find_map(|dep| found.blocked[*dep].clone())
        };
        let mut done = Done { blocked, ..Done::default() };
        match &self.nodes.nodes[id] {
            Node::Done { .. } | Node::Check { .. } => {}
            Node::Variable { module, name } => self.variable(*module, name),
            Node::Local { module, name } => self.local(*module, name),
            Node::Output { module, name } => self.output_value(*module, name),
            Node::Call { module, name } => self.call(*module, name, &done),
            Node::Provider { module, of } => done.failed = self.provider(id, *module, of, &done).await,
            Node::Gate { name } => {
                let pending = {
                    let found = self.found();
                    self.nodes.deps[id].iter().any(|dep| found.pending[*dep])
                };
                done.blocked = self.gate(name, done.blocked.is_some() || pending).await;
            }
            Node::Resource { module, mode, type_, name } => {
                let module = &self.nodes.modules[*module];
                if let Some(resource) = module.resources.get(&(*mode, type_.clone(), name.clone())) {
                    self.resource(id, module, resource, dependencies, &mut done, executor).await;
                }
            }
        }
        done
    }

    /// The instances of a module.
    pub(crate) fn instances(&self, module: usize) -> Vec<ModuleInstance> {
        self.world().instances.get(module).cloned().unwrap_or_default()
    }

    fn index(&self, module: &Module) -> usize {
        self.nodes.module_at(&module.path).unwrap_or(0)
    }

    pub(crate) fn eval<T>(&self, scope: &ModuleScope<'_>, run: impl FnOnce(&mut Evaluator<'_>) -> T) -> T {
        let mut evaluator = Evaluator::new(scope, self.host);
        let result = run(&mut evaluator);
        self.report(evaluator.diags);
        result
    }

    /// A value that others need. A destruction may find that what it is made of was never created: then nobody needs it, and it is no error.
    fn eval_needed(&self, scope: &ModuleScope<'_>, expr: &weir_config::syntax::Expr) -> Value {
        let mut evaluator = Evaluator::new(scope, self.host);
        let value = evaluator.eval(expr);
        if self.options.mode == crate::plan::Mode::Destroy && evaluator.diags.has_errors() {
            return Value::unknown(Type::Dynamic);
        }
        self.report(evaluator.diags);
        value
    }

    fn variable(&self, at: usize, name: &Arc<str>) {
        let module = &self.nodes.modules[at];
        let Some(variable) = module.variables.get(name) else { return };
        for instance in self.instances(at) {
            let value = if at == 0 {
                let given = self.given.get(name);
                if given.is_none() && variable.default.is_none() {
                    self.report([Diagnostic::error(
                        "No value for required variable",
                        format!("The root module input variable \"{name}\" is not set, and has no default value. Use a -var or -var-file command line argument, the environment variable TF_VAR_{name}, or a .tfvars file to provide a value for this variable."),
                    )
                    .at(variable.span)]);
                }
                given.cloned()
            } else {
                self.argument(module, &instance, name)
            };
            let mut diags = Diagnostics::new();
            let value = convert_variable(variable, value.as_ref(), self.host, &mut diags);
            self.report(diags);
            self.found().world.of(&instance.path).variables.insert(name.clone(), value);
            self.validate(module, &instance.path, variable);
        }
    }

    /// What a call gives for a variable.
    fn argument(&self, module: &Module, instance: &ModuleInstance, name: &Arc<str>) -> Option<Value> {
        let call_name = &module.path.last()?.name;
        let parent = &self.nodes.modules[self.nodes.module_at(&module.path.parent()?)?];
        let (expr, _) = parent.calls.get(call_name)?.args.get(name)?;
        let mut scope = ModuleScope::new(self, parent, &instance.parent);
        scope.each = instance.each.clone();
        scope.count = instance.count;
        Some(self.eval_needed(&scope, expr))
    }

    fn validate(&self, module: &Module, path: &ModulePath, variable: &Variable) {
        let scope = ModuleScope::new(self, module, path);
        let checked = Checked::Variable(module.path.clone(), variable.name.clone());
        for rule in &variable.validations {
            self.noted(&scope, rule, ("Invalid value for variable", variable.span, None), (&checked, (path.clone(), None)));
        }
    }

    /// Evaluates a condition; reports and gives `Some(false)` when it does not hold, `None` when it is not known.
    pub(crate) fn rule(&self, scope: &ModuleScope<'_>, rule: &CheckRule, summary: &str, span: Span, address: Option<&str>) -> Option<bool> {
        self.judged(scope, rule, summary, span, address).0
    }

    /// The same of a condition whose result is kept. `told` is what is reported when it does not hold: summary, place and address.
    fn noted(&self, scope: &ModuleScope<'_>, rule: &CheckRule, told: (&str, Span, Option<&str>), of: (&Checked, CheckedInstance)) -> Option<bool> {
        let (summary, span, address) = told;
        let (holds, message) = self.judged(scope, rule, summary, span, address);
        let status = match holds {
            Some(true) => CheckStatus::Pass,
            Some(false) => CheckStatus::Fail,
            None => CheckStatus::Unknown,
        };
        self.found().conditions.note(of.0, of.1, status, Some(message));
        holds
    }

    fn judged(&self, scope: &ModuleScope<'_>, rule: &CheckRule, summary: &str, span: Span, address: Option<&str>) -> (Option<bool>, String) {
        let (holds, message) = self.condition(scope, rule);
        if holds == Some(false) {
            let mut diagnostic = Diagnostic::error(summary, message.clone()).at(rule.condition.span).label(span, "demanded here");
            if let Some(address) = address {
                diagnostic = diagnostic.of(address);
            }
            let mut evaluator = Evaluator::new(scope, self.host);
            let diagnostic = evaluator.describe(diagnostic, &rule.condition);
            self.report([diagnostic]);
        }
        (holds, message)
    }

    /// Whether a condition holds, and what to say when it does not.
    pub(crate) fn condition(&self, scope: &ModuleScope<'_>, rule: &CheckRule) -> (Option<bool>, String) {
        let mut evaluator = Evaluator::new(scope, self.host);
        let value = evaluator.eval(&rule.condition);
        let failed = evaluator.diags.has_errors();
        let holds = match convert(&value, &Type::Bool).map(|value| value.unmark().0) {
            _ if failed => Some(false),
            Ok(Value::Bool(truth)) => Some(truth),
            Ok(Value::Unknown(_)) => None,
            Ok(_) | Err(_) => {
                evaluator.diags.error(rule.condition.span, "Invalid condition result", "The condition must be true or false.");
                Some(false)
            }
        };
        let mut message = value.cause().filter(|_| holds.is_none()).map(|cause| cause.to_string()).unwrap_or_default();
        if holds == Some(false) {
            if failed {
                message = evaluator.diags.iter().map(|d| format!("{}: {}", d.summary, d.detail)).collect::<Vec<_>>().join(" ");
            } else {
                let text = evaluator.eval(&rule.error_message);
                message = match convert(&text, &Type::String).map(Value::unmark) {
                    Ok((Value::String(text), marks)) if marks.is_empty() => text.trim_end().to_owned(),
                    Ok((_, marks)) if !marks.is_empty() => "The error message included a sensitive or ephemeral value, so it is not shown.".to_owned(),
                    _ => "The condition does not hold; its error message is not known.".to_owned(),
                };
            }
        }
        (holds, message)
    }

    fn local(&self, at: usize, name: &Arc<str>) {
        let module = &self.nodes.modules[at];
        let Some(local) = module.locals.get(name) else { return };
        for instance in self.instances(at) {
            let scope = ModuleScope::new(self, module, &instance.path);
            let value = self.eval_needed(&scope, &local.expr);
            self.found().world.of(&instance.path).locals.insert(name.clone(), value);
        }
    }

    fn output_value(&self, at: usize, name: &Arc<str>) {
        let module = &self.nodes.modules[at];
        let Some(output) = module.outputs.get(name) else { return };
        for instance in self.instances(at) {
            let scope = ModuleScope::new(self, module, &instance.path);
            if self.options.mode != crate::plan::Mode::Destroy {
                let checked = Checked::Output(module.path.clone(), name.clone());
                for rule in &output.preconditions {
                    let of = (&checked, (instance.path.clone(), None));
                    self.noted(&scope, rule, ("Module output value precondition failed", output.span, None), of);
                }
            }
            let mut value = self.eval_needed(&scope, &output.expr);
            let marks = value.marks_deep();
            if at == 0 && marks.is_sensitive() && !output.sensitive {
                self.report([Diagnostic::error(
                    "Output refers to sensitive values",
                    "To reduce the risk of accidentally exporting sensitive data that was intended to be only internal, an output that contains sensitive data must be explicitly marked as such: sensitive = true.",
                )
                .at(output.expr.span)]);
            }
            if marks.is_ephemeral() && !output.ephemeral {
                self.report([Diagnostic::error("Ephemeral value not allowed", "This output refers to an ephemeral value, so it must be declared with ephemeral = true (in a module that is called by another) or the reference removed.").at(output.expr.span)]);
            }
            if output.sensitive {
                value = value.with_marks(Marks::SENSITIVE);
            }
            if output.ephemeral {
                value = value.with_marks(Marks::EPHEMERAL);
            }
            self.found().world.of(&instance.path).outputs.insert(name.clone(), value);
        }
    }

    fn call(&self, at: usize, name: &Arc<str>, done: &Done) {
        let module = &self.nodes.modules[at];
        let (Some(call), Some(child)) = (module.calls.get(name), self.nodes.child(at, name)) else { return };
        let kind = if call.kind == weir_config::CallKind::Stage { StepKind::Stage } else { StepKind::Module };
        for instance in self.instances(at) {
            let scope = ModuleScope::new(self, module, &instance.path);
            let instances = self.eval(&scope, |evaluator| expand(&call.repeat, evaluator));
            let path = |key: Option<InstanceKey>| {
                let mut steps = instance.path.steps().to_vec();
                steps.push(ModuleStep { name: name.clone(), key, kind });
                ModulePath::new(steps)
            };
            let made =
                |key: Option<InstanceKey>, each, count| ModuleInstance { path: path(key), parent: instance.path.clone(), each, count, partial: instance.partial.clone() };
            let all: Vec<ModuleInstance> = match &instances {
                Instances::Single => vec![made(None, None, None)],
                Instances::Count(count) => (0..*count).map(|at| made(Some(InstanceKey::Int(at)), None, Some(at))).collect(),
                Instances::Keys(keys) => {
                    keys.iter().map(|(key, value)| made(Some(InstanceKey::Str(key.clone())), Some((Value::String(key.clone()), value.clone())), None)).collect()
                }
                Instances::Unknown(cause) => {
                    let cause = cause.clone().or_else(|| done.blocked.clone()).unwrap_or_else(|| "apply".into());
                    let unknown = || Value::unknown_because(Type::Dynamic, cause.clone());
                    let mut one = made(None, Some((Value::unknown_because(Type::String, cause.clone()), unknown())), None);
                    one.partial = Some(cause.clone());
                    vec![one]
                }
            };
            let mut found = self.found();
            found.world.of(&instance.path).calls.insert(name.clone(), instances);
            if let Some(list) = found.world.instances.get_mut(child) {
                list.extend(all);
            }
        }
    }

    /// The address of a provider configuration, as the state has it.
    pub fn provider_addr(&self, module: usize, of: &ProviderRef) -> ProviderConfigAddr {
        let module = &self.nodes.modules[module];
        let provider = self.catalog.resolve(module, &of.name);
        ProviderConfigAddr { module: module.path.clone(), provider, alias: of.alias.clone() }
    }

    /// Configures a provider; true when that failed.
    async fn provider(&self, id: NodeId, at: usize, of: &ProviderRef, done: &Done) -> bool {
        let addr = self.provider_addr(at, of);
        if let Some(state) = self.reuse.as_ref().and_then(|reuse| reuse.providers.get(&addr)) {
            self.found().providers.insert(addr, state.clone());
            return false;
        }
        let module = &self.nodes.modules[at];
        let block = module.providers.get(of);
        let span = block.map(|block| block.span);
        let Some(provider) = self.catalog.get(&addr.provider) else {
            let fault = match self.catalog.why_missing(&addr.provider) {
                Some(fault) => Diagnostic::error(fault.summary.clone(), fault.detail.clone()),
                None => {
                    let known: Vec<&str> = self.catalog.local_names().collect();
                    Diagnostic::error(
                        "Unknown provider",
                        format!(
                            "Weir has no provider {}. It brings {}; running other providers as plugins is not supported yet.",
                            addr.provider.for_display(),
                            known.join(", ")
                        ),
                    )
                }
            };
            let used = self.nodes.deps.iter().position(|deps| deps.contains(&id)).and_then(|user| self.nodes.span(user));
            self.report([span.or(used).into_iter().fold(fault, Diagnostic::at)]);
            self.found().providers.insert(addr, ProviderState::Failed);
            return true;
        };
        let schema = provider.schema();
        let empty = weir_config::syntax::Body::default();
        let body = block.map_or(&empty, |block| &block.body);
        let path = self.instances(at).into_iter().next().map_or_else(ModulePath::root, |instance| instance.path);
        let scope = ModuleScope::new(self, module, &path);
        let errors = self.found().diags.has_errors();
        let decoded = self.eval(&scope, |evaluator| decode_instance(evaluator, body, &schema.config, true));
        if self.found().diags.has_errors() && !errors {
            self.found().providers.insert(addr, ProviderState::Failed);
            return true;
        }
        let faults = provider.validate(Intent::Provider, "", &decoded.config);
        self.report(decode::report(faults, Some(body), span, ""));
        let state = if self.validating {
            ProviderState::Deferred("apply".into())
        } else if decoded.config.is_wholly_known() {
            let request = SessionRequest { config: decoded.config, parallelism: self.options.parallelism.max(1), root: self.cwd.clone() };
            match provider.configure(request).await {
                Ok(session) => ProviderState::Ready(session),
                Err(faults) => {
                    self.report(decode::report(faults, Some(body), span, ""));
                    ProviderState::Failed
                }
            }
        } else {
            let cause = decoded.config.cause().or_else(|| done.blocked.clone());
            ProviderState::Deferred(cause.unwrap_or_else(|| "apply".into()))
        };
        let failed = matches!(state, ProviderState::Failed);
        self.found().providers.insert(addr.clone(), state);
        self.prefetch(&addr);
        failed
    }

    /// Begins to read every object of a provider that the state knows, all at once, so that its session can gather the calls.
    fn prefetch(&self, addr: &ProviderConfigAddr) {
        if self.applying {
            return;
        }
        let Some(ProviderState::Ready(session)) = self.found().providers.get(addr).cloned() else { return };
        let Some(schemas) = self.catalog.schema(&addr.provider) else { return };
        let mut reads = Vec::new();
        for (resource, state) in &self.prior.resources {
            if resource.mode != Mode::Managed || state.provider.provider != addr.provider || state.provider.alias != addr.alias || state.provider.module != addr.module {
                continue;
            }
            let Some(schema) = schemas.resources.get(&resource.type_) else { continue };
            for (key, objects) in &state.instances {
                let Some(record) = &objects.current else { continue };
                let instance = resource.instance(key.clone());
                match record.value(schema.ty()) {
                    Ok(value) => reads.push((instance, value, record.private.clone())),
                    Err(error) => self
                        .report([Diagnostic::error("Invalid object in the state", format!("The state of {instance} does not fit its schema: {error}."))
                            .of(instance.to_string())]),
                }
            }
        }
        let mut handles = HashMap::with_capacity(reads.len());
        for (instance, value, private) in reads {
            let type_name = instance.resource.type_.clone();
            let skip = self.options.no_refresh || session.is_local(&type_name) || !self.targeted(&instance);
            let handle = (!skip).then(|| {
                let (session, prior) = (session.clone(), value.clone());
                tokio::spawn(async move { session.read(ReadRequest { type_name: &type_name, prior: &prior, private: private.as_deref() }).await })
            });
            handles.insert(instance, (value, handle));
        }
        self.found().reads.extend(handles);
    }

    pub(crate) fn targeted(&self, addr: &InstanceAddr) -> bool {
        self.options.targets.is_empty() || self.options.targets.iter().any(|target| target.matches(addr)) || self.included_resource(&addr.resource)
    }

    fn included_resource(&self, resource: &ResourceAddr) -> bool {
        let Some(included) = &self.included else { return true };
        let module = self.nodes.module_at(&resource.module.without_keys());
        module
            .and_then(|module| self.nodes.find(&Node::Resource { module, mode: resource.mode, type_: resource.type_.clone(), name: resource.name.clone() }))
            .is_some_and(|id| included.contains(&id) && !self.options.targets.iter().any(|target| target.matches_config(&resource.config())))
    }

    /// What the state says of an object, and what there is: waits for the read that was begun.
    pub async fn present(&self, addr: &InstanceAddr) -> Option<(Value, Result<Option<Value>, Vec<Fault>>)> {
        let read = self.found().reads.remove(addr);
        let (recorded, handle) = read?;
        let Some(handle) = handle else { return Some((recorded.clone(), Ok(Some(recorded)))) };
        let present = handle.await.unwrap_or_else(|error| Err(vec![Fault::error("The read was aborted", error.to_string())]));
        Some((recorded, present))
    }

    async fn gate(&self, name: &GateName, waiting: bool) -> Option<Arc<str>> {
        if let Some(reuse) = &self.reuse {
            let value = reuse.world.gates.get(name).cloned();
            let open = reuse.gates.iter().find(|gate| gate.name == *name).is_some_and(GatePlan::lets_pass);
            let mut found = self.found();
            if let Some(value) = value {
                found.world.gates.insert(name.clone(), value);
            }
            return (!open).then(|| Arc::from(name.to_string()));
        }
        let gate = self.nodes.modules[0].gates.get(name)?;
        let (plan, value) = crate::gate::evaluate(self, gate, waiting).await;
        let passes = plan.lets_pass();
        let mut found = self.found();
        found.gates.push(plan);
        found.world.gates.insert(name.clone(), value);
        (!passes).then(|| Arc::from(name.to_string()))
    }

    fn blocked(&self, done: &Done, state: &ProviderState, instance: &ModuleInstance) -> Option<Blocked> {
        // A destruction waits for no gate but those that guard it.
        if self.options.mode == crate::plan::Mode::Destroy {
            return None;
        }
        if let Some(cause) = &done.blocked {
            let name = cause.strip_prefix("gate.").unwrap_or(cause);
            return Some(Blocked::Gate(GateName::new(name)));
        }
        if let ProviderState::Deferred(cause) = state {
            return Some(Blocked::Provider(cause.clone()));
        }
        instance.partial.clone().map(Blocked::Instances)
    }

    async fn resource(&self, id: NodeId, module: &Arc<Module>, resource: &Arc<Resource>, dependencies: Arc<[ResourceAddr]>, done: &mut Done, executor: &dyn Executor) {
        if self.included.as_ref().is_some_and(|included| !included.contains(&id)) {
            // Left out by -target: what it is, nobody needs.
            return;
        }
        let at = self.index(module);
        let Some((provider_module, of)) = self.nodes.provider(at, &resource.provider) else {
            done.failed = true;
            return;
        };
        let provider = self.provider_addr(provider_module, &of);
        let state = self.found().providers.get(&provider).cloned().unwrap_or(ProviderState::Failed);
        let Some(schemas) = self.catalog.schema(&provider.provider) else {
            done.failed = true;
            return;
        };
        let (schemas, what) = match resource.mode {
            Mode::Managed => (&schemas.resources, "resource type"),
            Mode::Data => (&schemas.data_sources, "data source"),
            Mode::Ephemeral => (&schemas.ephemeral, "ephemeral resource type"),
        };
        let Some(schema) = schemas.get(&resource.type_) else {
            let hint = weir_diag::did_you_mean(&resource.type_, schemas.keys().map(|name| &**name));
            let detail = format!("The provider {} does not support {what} \"{}\".{hint}", provider.provider.for_display(), resource.type_);
            self.report([Diagnostic::error(format!("Invalid {what}"), detail).at(resource.span)]);
            done.failed = true;
            return;
        };
        if self.found().failed[..].get(id).copied().unwrap_or(false) {
            done.failed = true;
        }
        let upstream_failed = {
            let found = self.found();
            self.nodes.deps[id].iter().any(|dep| found.failed[*dep])
        };
        if conditional(resource) && self.options.mode == crate::plan::Mode::Normal {
            self.found().conditions.declare(&checked(module, resource));
        }
        let key = (resource.mode, resource.type_.clone(), resource.name.clone());
        for instance in self.instances(at) {
            let blocked = self.blocked(done, &state, &instance);
            let address = ResourceAddr { module: instance.path.clone(), mode: resource.mode, type_: resource.type_.clone(), name: resource.name.clone() };
            let instances = self.expand(module, resource, &instance, &address);
            let job = |addr: InstanceAddr, decoded: Option<Decoded>, blocked: Option<Blocked>| Job {
                each: None,
                count: None,
                addr,
                node: id,
                module,
                resource,
                schema,
                provider: &provider,
                state: state.clone(),
                decoded,
                blocked,
                dependencies: dependencies.clone(),
                triggered: false,
            };
            let value = match &instances {
                Instances::Unknown(cause) => {
                    let cause = cause.clone().or_else(|| done.blocked.clone()).unwrap_or_else(|| "apply".into());
                    let blocked = blocked.clone().unwrap_or_else(|| Blocked::Instances(cause.clone()));
                    if resource.mode == Mode::Managed {
                        let unknown = || Value::unknown_because(Type::Dynamic, cause.clone());
                        let decoded =
                            self.decode(module, resource, schema, &instance, (Some((unknown(), unknown())), Some(Value::unknown_because(Type::Number, cause.clone()))));
                        executor.unexpanded(self, job(address.instance(None), decoded, Some(blocked)));
                        done.pending = true;
                    }
                    Value::unknown_because(Type::Dynamic, cause)
                }
                Instances::Single => {
                    let decoded = self.decode(module, resource, schema, &instance, (None, None));
                    self.instance(job(address.instance(None), decoded, blocked), &instance, upstream_failed, done, executor).await
                }
                Instances::Count(_) | Instances::Keys(_) => {
                    let mut jobs = Vec::new();
                    for key in instances.keys() {
                        let repetition = match (&key, &instances) {
                            (Some(InstanceKey::Int(at)), _) => (None, Some(Value::from(*at))),
                            (Some(InstanceKey::Str(key)), Instances::Keys(keys)) => {
                                let value = keys.get(key).cloned().unwrap_or_else(Value::null);
                                (Some((Value::String(key.clone()), value)), None)
                            }
                            _ => (None, None),
                        };
                        let (each, count) = (repetition.0.clone(), repetition.1.as_ref().and_then(Value::as_u64));
                        let decoded = self.decode(module, resource, schema, &instance, repetition);
                        jobs.push((key.clone(), Job { each, count, ..job(address.instance(key), decoded, blocked.clone()) }));
                    }
                    self.repeated(jobs, &instances, &instance, upstream_failed, done, executor).await
                }
            };
            self.found().world.of(&instance.path).resources.insert(key.clone(), value);
            if resource.mode == Mode::Managed {
                executor.resource_done(self, &instance.path, resource, &instances);
            }
        }
    }

    /// All instances of a repeated resource, at the same time.
    async fn repeated(
        &self,
        jobs: Vec<(Option<InstanceKey>, Job<'_>)>,
        instances: &Instances,
        instance: &ModuleInstance,
        upstream_failed: bool,
        done: &mut Done,
        executor: &dyn Executor,
    ) -> Value {
        let count = jobs.len();
        let mut running = FuturesUnordered::new();
        for (at, (key, job)) in jobs.into_iter().enumerate() {
            running.push(async move {
                let mut own = Done::default();
                let value = self.instance(job, instance, upstream_failed, &mut own, executor).await;
                (at, key, value, own)
            });
        }
        let mut values: Vec<Option<(Option<InstanceKey>, Value)>> = vec![None; count];
        while let Some((at, key, value, own)) = running.next().await {
            done.pending |= own.pending;
            done.failed |= own.failed;
            values[at] = Some((key, value));
        }
        match instances {
            Instances::Keys(_) => Value::object(values.into_iter().flatten().filter_map(|(key, value)| match key {
                Some(InstanceKey::Str(key)) => Some((key, value)),
                _ => None,
            })),
            _ => Value::tuple(values.into_iter().flatten().map(|(_, value)| value)),
        }
    }

    fn expand(&self, module: &Arc<Module>, resource: &Resource, instance: &ModuleInstance, address: &ResourceAddr) -> Instances {
        if self.options.mode == crate::plan::Mode::Destroy && resource.mode == Mode::Managed {
            // What there is says how many there are.
            let Some(state) = self.prior.resources.get(address) else {
                return match resource.repeat {
                    Repeat::Once => Instances::Single,
                    Repeat::Count(_) => Instances::Count(0),
                    Repeat::ForEach(_) => Instances::Keys(BTreeMap::new()),
                };
            };
            let keys: Vec<&InstanceKey> = state.instances.keys().flatten().collect();
            return match keys.first() {
                None => Instances::Single,
                Some(InstanceKey::Int(_)) => {
                    Instances::Count(keys.iter().filter_map(|key| if let InstanceKey::Int(at) = key { Some(at + 1) } else { None }).max().unwrap_or(0))
                }
                Some(InstanceKey::Str(_)) => Instances::Keys(
                    keys.iter().filter_map(|key| if let InstanceKey::Str(key) = key { Some((key.clone(), Value::unknown(Type::Dynamic))) } else { None }).collect(),
                ),
            };
        }
        let scope = ModuleScope::new(self, module, &instance.path);
        self.eval(&scope, |evaluator| expand(&resource.repeat, evaluator))
    }

    fn decode(
        &self,
        module: &Arc<Module>,
        resource: &Resource,
        schema: &Schema,
        instance: &ModuleInstance,
        repetition: (Option<(Value, Value)>, Option<Value>),
    ) -> Option<Decoded> {
        if self.options.mode == crate::plan::Mode::Destroy && resource.mode == Mode::Managed {
            return None;
        }
        let mut scope = ModuleScope::new(self, module, &instance.path);
        scope.each = repetition.0;
        scope.count = repetition.1.and_then(|count| count.as_u64());
        Some(self.eval(&scope, |evaluator| decode_instance(evaluator, &resource.body, schema, resource.mode == Mode::Ephemeral)))
    }

    async fn instance(&self, mut job: Job<'_>, instance: &ModuleInstance, upstream_failed: bool, done: &mut Done, executor: &dyn Executor) -> Value {
        let resource = job.resource;
        let mut scope = ModuleScope::new(self, job.module, &instance.path);
        scope.each = job.each.clone();
        scope.count = job.count;
        let (checked, normal) = (checked(job.module, resource), self.options.mode == crate::plan::Mode::Normal);
        let object: CheckedInstance = (instance.path.clone(), job.addr.key.clone());
        if matches!(job.state, ProviderState::Failed) || (self.applying && upstream_failed) {
            done.failed = true;
            if conditional(resource) && normal {
                self.found().conditions.note(&checked, object, CheckStatus::Unknown, None);
            }
            let known = self.applying.then(|| self.prior_value(&job.addr, job.schema)).flatten();
            return known.unwrap_or_else(|| Value::unknown(job.schema.ty().clone()));
        }
        let address = job.addr.to_string();
        if let Some(decoded) = &job.decoded
            && !self.applying
        {
            let intent = match resource.mode {
                Mode::Managed => Intent::Resource,
                Mode::Data => Intent::Data,
                Mode::Ephemeral => Intent::Ephemeral,
            };
            if let Some(provider) = self.catalog.get(&job.provider.provider) {
                let faults = provider.validate(intent, &resource.type_, &decoded.config);
                self.report(decode::report(faults, Some(&resource.body), Some(resource.span), &address));
            }
        }
        let mut unmet = false;
        if normal {
            for rule in &resource.lifecycle.preconditions {
                let told = ("Resource precondition failed", resource.span, Some(&*address));
                unmet |= self.noted(&scope, rule, told, (&checked, object.clone())) == Some(false);
            }
        }
        if unmet {
            done.failed = true;
            return Value::unknown(job.schema.ty().clone());
        }
        let value = match resource.mode {
            Mode::Managed => {
                job.triggered = resource.lifecycle.replace_triggered_by.iter().any(|expr| self.triggers(expr, job.module));
                let outcome = executor.managed(self, job).await;
                done.pending |= outcome.pending;
                done.failed |= outcome.failed;
                outcome.value
            }
            Mode::Data => self.data(&job, done, executor).await,
            Mode::Ephemeral => self.ephemeral(&job).await,
        };
        if normal && !resource.lifecycle.postconditions.is_empty() {
            scope.this = Some(value.clone());
            for rule in &resource.lifecycle.postconditions {
                let told = ("Resource postcondition failed", resource.span, Some(&*address));
                done.failed |= self.noted(&scope, rule, told, (&checked, object.clone())) == Some(false);
            }
        }
        value
    }

    /// True when what a `replace_triggered_by` entry refers to is about to change.
    fn triggers(&self, expr: &weir_config::syntax::Expr, module: &Arc<Module>) -> bool {
        let mut found = false;
        weir_config::syntax::for_each_variable(expr, &mut |traversal| {
            let names: Vec<Arc<str>> =
                traversal.steps.iter().map_while(|step| if let weir_config::syntax::Step::Attr(name, _) = step { Some(name.clone()) } else { None }).collect();
            if let Some(name) = names.first() {
                let node = Node::Resource { module: self.index(module), mode: Mode::Managed, type_: traversal.root.name.clone(), name: name.clone() };
                found |= self.nodes.find(&node).is_some_and(|id| self.found().pending[id]);
            }
        });
        found
    }

    /// What the state says of an object, with its marks.
    pub fn prior_value(&self, addr: &InstanceAddr, schema: &Schema) -> Option<Value> {
        let record = self.prior.record(addr)?;
        let value = record.value(schema.ty()).ok()?;
        let marks: Vec<_> = record.sensitive_paths.iter().map(|path| (path.clone(), Marks::SENSITIVE)).collect();
        Some(decode::mark_schema(&decode::mark(&value, &marks), schema))
    }

    async fn data(&self, job: &Job<'_>, done: &mut Done, executor: &dyn Executor) -> Value {
        let Some(decoded) = &job.decoded else { return Value::unknown(job.schema.ty().clone()) };
        if let Some((_, value, _)) = self.reuse.as_ref().and_then(|reuse| reuse.data.get(&job.addr)) {
            return value.clone();
        }
        let waits = {
            let found = self.found();
            // Only what the block itself names in depends_on can change what it would read.
            !job.resource.depends_on.is_empty() && self.nodes.deps[job.node].iter().any(|dep| found.pending[*dep])
        };
        let session = job.state.session().filter(|_| decoded.config.is_wholly_known() && !waits);
        let Some(session) = session else {
            let cause = decoded.config.cause().or_else(|| done.blocked.clone());
            let planned = decode::only_configured(job.schema, &decoded.config, cause.as_deref());
            let planned = decode::mark_schema(&decode::mark(&planned, &decoded.marks), job.schema);
            executor.data(self, &job.addr, job.provider, None, &planned, job.blocked.clone());
            done.pending = true;
            return planned;
        };
        match session.read_data(&job.resource.type_, &decoded.config).await {
            Ok(value) => {
                let value = decode::mark_schema(&decode::mark(&value, &decoded.marks), job.schema);
                executor.data(self, &job.addr, job.provider, Some(&value), &value, None);
                value
            }
            Err(faults) => {
                self.report(decode::report(faults, Some(&job.resource.body), Some(job.resource.span), &job.addr.to_string()));
                done.failed = true;
                Value::unknown(job.schema.ty().clone())
            }
        }
    }

    async fn ephemeral(&self, job: &Job<'_>) -> Value {
        let key = (Mode::Ephemeral, job.resource.type_.clone(), job.resource.name.clone());
        if let Some(known) = self.reuse.as_ref().and_then(|reuse| reuse.world.values.get(job.addr.module())).and_then(|values| values.resources.get(&key))
            && known.is_wholly_known()
        {
            return known.clone();
        }
        let unknown = |cause: Option<Arc<str>>| {
            let config = job
                .decoded
                .as_ref()
                .map_or_else(|| Value::unknown(job.schema.ty().clone()), |decoded| decode::only_configured(job.schema, &decoded.config, cause.as_deref()));
            config.with_marks(Marks::EPHEMERAL)
        };
        let Some(decoded) = &job.decoded else { return unknown(None) };
        let gate = match &job.blocked {
            Some(Blocked::Gate(gate)) => Some(Arc::from(gate.to_string())),
            _ => None,
        };
        if !self.needed.contains(&job.node) || gate.is_some() || !decoded.config.is_wholly_known() {
            return unknown(gate.or_else(|| decoded.config.cause()));
        }
        self.open(job.resource, &job.state, job.schema, decoded, &job.addr.to_string()).await.unwrap_or_else(|| unknown(None))
    }

    /// Opens an ephemeral resource; failures are reported.
    pub(crate) async fn open(&self, resource: &Resource, state: &ProviderState, schema: &Schema, decoded: &Decoded, address: &str) -> Option<Value> {
        let session = state.session()?;
        match session.open(&resource.type_, &decoded.config).await {
            Ok(opened) => Some(decode::mark_schema(&opened.value, schema).with_marks(Marks::EPHEMERAL)),
            Err(faults) => {
                self.report(decode::report(faults, Some(&resource.body), Some(resource.span), address));
                None
            }
        }
    }
}

impl<'a> Walk<'a> {
    /// The walk of an apply, which goes on with what the planner's walk has found.
    #[expect(clippy::too_many_arguments, reason = "each is a different thing that an apply has, and they are named at the one caller")]
    pub fn applying(
        config: &'a Config,
        nodes: &'a Nodes,
        catalog: &'a Catalog,
        host: &'a DiskHost,
        prior: &'a State,
        options: &'a Options,
        place: (PathBuf, String),
        given: &'a BTreeMap<Arc<str>, Value>,
        reuse: Reuse<'a>,
        needed: HashSet<NodeId>,
    ) -> Self {
        let (cwd, workspace) = place;
        Self {
            config,
            nodes,
            catalog,
            host,
            prior,
            options,
            cwd,
            workspace,
            given,
            candidate: None,
            applying: true,
            validating: false,
            reuse: Some(reuse),
            needed,
            included: crate::planner::included(nodes, options),
            found: Mutex::new(Found::default()),
        }
    }

    /// What became of the conditions.
    pub fn conditions(&self) -> Conditions {
        self.found().conditions.clone()
    }

    /// The value of an output of the root module, once it is known.
    pub fn output(&self, name: &str) -> Option<Value> {
        self.world().values.get(&ModulePath::root())?.outputs.get(name).cloned()
    }
}
