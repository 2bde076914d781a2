//! Evaluates a configuration node by node.

mod data;
mod provider;
mod resource;
mod rules;
mod trigger;
mod values;

pub(crate) use self::trigger::Changing;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::task::JoinHandle;
use weir_addr::{GateName, InstanceAddr, Mode, ModulePath, ProviderConfigAddr, ResourceAddr};
use weir_config::{Config, Module, Resource};
use weir_diag::{Diagnostic, Diagnostics};
use weir_eval::{Evaluator, Instances};
use weir_provider::{Fault, Refreshed, Schema};
use weir_state::State;
use weir_value::{Type, Value};

use crate::catalog::Catalog;
use crate::condition::{Checked, Conditions};
use crate::decode::Decoded;
use crate::gate::{GateCandidate, GatePlan};
use crate::host::DiskHost;
use crate::nodes::{Node, NodeId, Nodes};
use crate::plan::{Blocked, Options, Reason};
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

    /// A data source was read.
    fn data(&self, walk: &Walk<'_>, addr: &InstanceAddr, provider: &ProviderConfigAddr, value: &Value);

    /// A data source has to wait for the apply.
    fn unread(&self, addr: &InstanceAddr, provider: &ProviderConfigAddr, planned: &Value, blocked: Option<Blocked>, reason: Reason) {
        let _ = (addr, provider, planned, blocked, reason);
    }

    /// What an object is and what it will be, when it is updated or replaced.
    fn changing(&self, addr: &InstanceAddr) -> Option<(Value, Value)> {
        let _ = addr;
        None
    }

    /// Whether some instance of a resource is updated or replaced.
    fn changes_in(&self, resource: &ResourceAddr) -> bool {
        let _ = resource;
        false
    }

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

type Read = (Value, Option<JoinHandle<Present>>);

/// What a read found: the object as it is, `None` when it is gone.
pub(crate) type Present = Result<Option<Refreshed>, Vec<Fault>>;

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
