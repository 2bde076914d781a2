//! The planner.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use weir_addr::{InstanceAddr, InstanceKey, Mode as ResourceMode, ModulePath, ProviderConfigAddr, ResourceAddr};
use weir_config::{Config, Resource};
use weir_diag::{Diagnostic, Diagnostics};
use weir_eval::Instances;
use weir_provider::{PlanRequest, Planned, Refreshed, Schema};
use weir_state::{Record, State, Status};
use weir_value::{Marks, Path, Type, Value};

use crate::catalog::Catalog;
use crate::decode;
use crate::gate::GateCandidate;
use crate::guard::{guarded, hold};
use crate::host::DiskHost;
use crate::ignore::ignored;
use crate::import::Imports;
use crate::moved::Moves;
use crate::nodes::{Node, NodeId, Nodes};
use crate::order::{before_destroy, stages};
use crate::plan::{Action, Blocked, Change, Drift, Mode, Options, OutputChange, Plan, Reason};
use crate::private::Private;
use crate::removed;
use crate::session::ProviderState;
use crate::targeting::included;
use crate::walk::{Changing, Executor, Found, Job, Outcome, Walk, walk};
use crate::world::World;

/// What a plan is made from.
pub struct Planning<'a> {
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
    /// The working directory.
    pub cwd: PathBuf,
    /// `terraform.workspace`
    pub workspace: String,
    /// Values given for the root module's variables.
    pub given: &'a BTreeMap<Arc<str>, Value>,
    /// A gate that is to be opened.
    pub candidate: Option<&'a GateCandidate>,
}

/// A plan, and what the apply goes on with.
pub struct Made {
    /// The plan.
    pub plan: Plan,
    /// What was evaluated.
    pub world: World,
    /// The configured providers.
    pub providers: HashMap<ProviderConfigAddr, ProviderState>,
    /// What was wrong; with an error in it the plan must not be applied.
    pub diags: Diagnostics,
    /// The state that was planned on, where `moved` blocks have changed it; it has to be written before the plan is carried out.
    pub moved: Option<State>,
    /// The objects that are imported, with their ids.
    pub imported: BTreeMap<InstanceAddr, (Arc<str>, Value)>,
}

/// Makes a plan.
pub async fn plan(planning: Planning<'_>) -> Made {
    make(planning, false).await
}

/// Checks a configuration without asking any provider's API.
pub async fn validate(planning: Planning<'_>) -> Diagnostics {
    make(planning, true).await.diags
}

pub(crate) async fn make(planning: Planning<'_>, validating: bool) -> Made {
    let nodes = planning.nodes;
    let moves = if validating { Moves::default() } else { Moves::of(planning.config, nodes, planning.prior, planning.catalog) };
    let executor = Planner { before_destroy: before_destroy(nodes), ..Planner::default() };
    let walking = Walk {
        config: planning.config,
        nodes,
        catalog: planning.catalog,
        host: planning.host,
        prior: moves.state.as_ref().unwrap_or(planning.prior),
        options: planning.options,
        cwd: planning.cwd,
        workspace: planning.workspace,
        given: planning.given,
        candidate: planning.candidate,
        applying: false,
        validating,
        reuse: None,
        needed: ephemerals_of(nodes, configured(nodes, planning.catalog, moves.state.as_ref().unwrap_or(planning.prior), planning.options).into_iter()),
        included: included(nodes, planning.options),
        found: Mutex::new(Found::default()),
    };
    walk(&walking, &executor).await;
    executor.orphans(&walking).await;
    if !validating {
        walking.report(moves.still_there(&walking, &executor.repetitions.borrow()));
        walking.report(moves.left_out(&walking));
        walking.report(removed::still_there(nodes));
        walking.report(executor.imports.unused(&walking, &executor.visited.borrow()));
    }
    let mut made = executor.finish(&walking);
    made.diags.extend(moves.diags);
    for change in made.plan.changes.iter_mut().filter(|change| change.deposed.is_none()) {
        change.previous = moves.previous.get(&change.addr).cloned();
    }
    made.diags.extend(removed::warning(&made.plan.changes));
    made.diags.extend(planning.options.partial_warning().filter(|_| !validating));
    made.moved = moves.state;
    for addr in &planning.options.replace {
        if made.moved.as_ref().unwrap_or(planning.prior).record(addr).is_none() {
            made.diags.push(Diagnostic::warning(
                "Incompletely-matched force-replace resource instance",
                format!("There is no object {addr} in the state, so -replace={addr} has no effect."),
            ));
        }
    }
    made
}

/// The provider configurations that a run may use. A destruction uses those that have objects in the state: what the others are configured from may never have come to be, as the token of a server
/// that was never initialised.
fn configured(nodes: &Nodes, catalog: &Catalog, prior: &State, options: &Options) -> Vec<NodeId> {
    // The host takes no part: the state may name another registry.
    let key = |addr: &ProviderConfigAddr| (addr.module.clone(), addr.provider.namespace.clone(), addr.provider.name.clone(), addr.alias.clone());
    let used: Option<HashSet<_>> = (options.mode == Mode::Destroy).then(|| {
        let managed = prior.resources.iter().filter(|(resource, _)| resource.mode == ResourceMode::Managed);
        managed.map(|(_, state)| key(&state.provider)).collect()
    });
    let is_used = |id: &NodeId| {
        let Node::Provider { module, of } = &nodes.nodes[*id] else { return false };
        used.as_ref().is_none_or(|used| used.contains(&key(&catalog.config_addr(&nodes.modules[*module], of))))
    };
    (0..nodes.nodes.len()).filter(is_used).collect()
}

/// The ephemeral resources that some nodes need, directly or not.
pub(crate) fn ephemerals_of(nodes: &Nodes, from: impl Iterator<Item = NodeId>) -> HashSet<NodeId> {
    let mut seen = HashSet::new();
    let mut stack: Vec<NodeId> = from.collect();
    let mut needed = HashSet::new();
    while let Some(id) = stack.pop() {
        if !seen.insert(id) {
            continue;
        }
        match &nodes.nodes[id] {
            Node::Resource { mode: ResourceMode::Ephemeral, .. } => {
                needed.insert(id);
            }
            // A managed object keeps nothing ephemeral, so the way ends here.
            Node::Resource { .. } if seen.len() > 1 => continue,
            Node::Call { .. } | Node::Done { .. } | Node::Gate { .. } => continue,
            _ => {}
        }
        stack.extend(nodes.deps[id].iter().copied());
    }
    needed
}

#[derive(Default)]
struct Planner {
    before_destroy: HashSet<NodeId>,
    changes: RefCell<Vec<Change>>,
    drift: RefCell<Vec<Drift>>,
    refreshed: RefCell<BTreeMap<InstanceAddr, Option<Value>>>,
    gone: RefCell<Vec<(InstanceAddr, Arc<str>)>>,
    private: Private,
    data: RefCell<BTreeMap<InstanceAddr, (ProviderConfigAddr, Value, Type)>>,
    visited: RefCell<HashSet<InstanceAddr>>,
    repetitions: RefCell<HashMap<ResourceAddr, Instances>>,
    changing: RefCell<Changing>,
    imports: Imports,
}

#[async_trait(?Send)]
impl Executor for Planner {
    async fn managed(&self, walk: &Walk<'_>, job: Job<'_>) -> Outcome {
        self.visited.borrow_mut().insert(job.addr.clone());
        let Ok(mut current) = self.current(walk, &job.addr, job.schema).await else {
            return Outcome { value: Value::unknown(job.schema.ty().clone()), pending: false, failed: true };
        };
        if !walk.targeted(&job.addr) {
            let value = current.unwrap_or_else(|| Value::unknown(job.schema.ty().clone()));
            return Outcome { value, pending: false, failed: false };
        }
        let Ok(imported) = self.imports.of(walk, &job).await else {
            return Outcome { value: Value::unknown(job.schema.ty().clone()), pending: false, failed: true };
        };
        let importing = imported.map(|(id, found)| {
            self.private.note(walk, &job.addr, found.private);
            current = Some(found.state);
            id
        });
        let mut change = Change {
            addr: job.addr.clone(),
            deposed: None,
            provider: job.provider.clone(),
            action: Action::NoOp,
            reason: None,
            before: current.clone(),
            after: current.clone(),
            replace_paths: Vec::new(),
            blocked: job.blocked.clone(),
            dependencies: job.dependencies.clone(),
            create_before_destroy: self.before_destroy.contains(&job.node),
            previous: None,
            importing,
        };
        let decoded = match (walk.options.mode, &job.decoded) {
            (Mode::Normal, Some(decoded)) => decoded,
            (Mode::Destroy, _) => {
                // One that was never created has no attributes that anybody could need.
                let value = current.unwrap_or_else(|| Value::unknown(job.schema.ty().clone()));
                if change.before.is_some() {
                    change.action = Action::Delete;
                    change.after = None;
                    self.prevented(walk, &job, &change);
                    self.push(change);
                }
                return Outcome { value, pending: false, failed: false };
            }
            _ => {
                let value = current.unwrap_or_else(|| Value::unknown(job.schema.ty().clone()));
                if change.before.is_some() {
                    self.push(change);
                }
                return Outcome { value, pending: false, failed: false };
            }
        };
        let failed = !self.decide(walk, &job, decoded, &mut change).await;
        // Until a gate lets the old object go, all that needs it goes on with it.
        let held = change.blocked.is_some() && job.blocked.is_none();
        let value = if held { &change.before } else { &change.after }.clone().unwrap_or_else(|| Value::unknown(job.schema.ty().clone()));
        let pending = change.action != Action::NoOp && !held;
        if !failed {
            self.prevented(walk, &job, &change);
            self.push(change);
        }
        Outcome { value, pending, failed }
    }

    fn unexpanded(&self, walk: &Walk<'_>, job: Job<'_>) {
        if !walk.targeted(&job.addr) {
            return;
        }
        let cause = match &job.blocked {
            Some(Blocked::Gate(gate)) => Arc::from(gate.to_string()),
            Some(Blocked::Provider(cause) | Blocked::Instances(cause)) => cause.clone(),
            // That a stage asks is found out when all is planned.
            Some(Blocked::Confirm(_) | Blocked::Deferred(_)) | None => "apply".into(),
        };
        // Instances that exist already are neither confirmed nor taken away before it is known how many there shall be.
        let mut visited = self.visited.borrow_mut();
        if let Some(state) = walk.prior.resources.get(&job.addr.resource) {
            visited.extend(state.instances.keys().map(|key| job.addr.resource.instance(key.clone())));
        }
        let after = job
            .decoded
            .as_ref()
            .map(|decoded| decode::mark_schema(&decode::mark(&decode::only_configured(job.schema, &decoded.config, Some(&cause)), &decoded.marks), job.schema));
        self.push(Change {
            addr: job.addr,
            deposed: None,
            provider: job.provider.clone(),
            action: Action::Create,
            reason: None,
            before: None,
            after,
            replace_paths: Vec::new(),
            blocked: Some(Blocked::Instances(cause)),
            dependencies: job.dependencies,
            create_before_destroy: false,
            previous: None,
            importing: None,
        });
    }

    fn data(&self, _: &Walk<'_>, addr: &InstanceAddr, provider: &ProviderConfigAddr, value: &Value) {
        self.data.borrow_mut().insert(addr.clone(), (provider.clone(), value.clone(), value.ty()));
    }

    fn unread(&self, addr: &InstanceAddr, provider: &ProviderConfigAddr, planned: &Value, blocked: Option<Blocked>, reason: Reason) {
        self.push(Change {
            addr: addr.clone(),
            deposed: None,
            provider: provider.clone(),
            action: Action::Read,
            reason: Some(reason),
            before: None,
            after: Some(planned.clone()),
            replace_paths: Vec::new(),
            blocked,
            dependencies: Arc::from([]),
            create_before_destroy: false,
            previous: None,
            importing: None,
        });
    }

    fn changing(&self, addr: &InstanceAddr) -> Option<(Value, Value)> {
        self.changing.borrow().objects.get(addr).cloned()
    }

    fn changes_in(&self, resource: &ResourceAddr) -> bool {
        self.changing.borrow().resources.contains(resource)
    }

    fn resource_done(&self, _: &Walk<'_>, module: &ModulePath, resource: &Resource, instances: &Instances) {
        let addr = ResourceAddr { module: module.clone(), mode: resource.mode, type_: resource.type_.clone(), name: resource.name.clone() };
        self.repetitions.borrow_mut().insert(addr, instances.clone());
    }
}

impl Planner {
    fn push(&self, change: Change) {
        self.changing.borrow_mut().note(&change);
        self.changes.borrow_mut().push(change);
    }

    /// What there is of an object, with marks; notes drift. `Err` when it could not be read (reported).
    async fn current(&self, walk: &Walk<'_>, addr: &InstanceAddr, schema: &Schema) -> Result<Option<Value>, ()> {
        let Some((recorded, present)) = walk.present(addr).await else {
            return Ok(walk.prior_value(addr, schema));
        };
        match present {
            Ok(Some(Refreshed { state: value, private })) => {
                self.private.note(walk, addr, private);
                let marks: Vec<(Path, Marks)> =
                    walk.prior.record(addr).map(|record| record.sensitive_paths.iter().map(|path| (path.clone(), Marks::SENSITIVE)).collect()).unwrap_or_default();
                let marked = |value: &Value| decode::mark_schema(&decode::mark(value, &marks), schema);
                if value != recorded {
                    self.drift.borrow_mut().push(Drift { addr: addr.clone(), before: marked(&recorded), after: Some(marked(&value)), relevant: false });
                    self.refreshed.borrow_mut().insert(addr.clone(), Some(value.clone()));
                }
                Ok(Some(marked(&value)))
            }
            Ok(None) => {
                self.drift.borrow_mut().push(Drift { addr: addr.clone(), before: decode::mark_schema(&recorded, schema), after: None, relevant: true });
                self.refreshed.borrow_mut().insert(addr.clone(), None);
                Ok(None)
            }
            Err(faults) => {
                walk.report(decode::report(faults, None, None, &addr.to_string()));
                Err(())
            }
        }
    }

    /// Chooses the action; false when the provider refused (reported).
    async fn decide(&self, walk: &Walk<'_>, job: &Job<'_>, decoded: &decode::Decoded, change: &mut Change) -> bool {
        let before = change.before.clone().map(|value| value.unmark_deep().0);
        let ProviderState::Ready(session) = &job.state else {
            if change.before.is_none() {
                let cause = match &job.state {
                    ProviderState::Deferred(cause) => Some(&**cause),
                    _ => None,
                };
                let after = decode::only_configured(job.schema, &decoded.config, cause);
                change.action = Action::Create;
                change.after = Some(decode::mark_schema(&decode::mark(&after, &decoded.marks), job.schema));
            }
            return true;
        };
        let config = match &before {
            Some(before) => ignored(&job.resource.lifecycle.ignore_changes, &decoded.config, before, job.schema),
            None => decoded.config.clone(),
        };
        let type_name = &*job.resource.type_;
        let ask = async |prior: Option<&Value>| -> Option<Planned> {
            let private = prior.and_then(|_| self.private.of(walk, &job.addr));
            // A new object has nothing that could be kept.
            let config = if prior.is_some() { &config } else { &decoded.config };
            match session.plan(PlanRequest { type_name, prior, config, private: private.as_deref() }).await {
                Ok(planned) => {
                    walk.report(decode::report(planned.warnings.clone(), Some(&job.resource.body), Some(job.resource.span), &job.addr.to_string()));
                    Some(planned)
                }
                Err(faults) => {
                    walk.report(decode::report(faults, Some(&job.resource.body), Some(job.resource.span), &job.addr.to_string()));
                    None
                }
            }
        };
        let Some(mut planned) = ask(before.as_ref()).await else { return false };
        if let (Some(cause), None) = (&planned.deferred, &change.blocked) {
            change.blocked = Some(Blocked::Deferred(cause.clone()));
        }
        if let Some(before) = &before {
            let tainted = walk.prior.record(&job.addr).is_some_and(|record| record.status == Status::Tainted);
            let changed: Vec<Path> = planned.requires_replace.clone();
            change.reason = if tainted {
                Some(Reason::Tainted)
            } else if walk.options.replace.contains(&job.addr) {
                Some(Reason::Requested)
            } else if !changed.is_empty() {
                Some(Reason::CannotUpdate)
            } else if job.triggered {
                Some(Reason::Triggered)
            } else {
                None
            };
            if change.reason.is_some() {
                let Some(anew) = ask(None).await else { return false };
                planned = anew;
                change.replace_paths = changed;
                change.action = if change.create_before_destroy { Action::CreateThenDelete } else { Action::DeleteThenCreate };
                if change.blocked.is_none() {
                    change.blocked = guarded(walk, &job.addr);
                }
            } else if planned.state != *before {
                change.action = Action::Update;
            }
        } else {
            change.action = Action::Create;
        }
        let cause = match &job.blocked {
            Some(Blocked::Gate(gate)) => Some(Arc::from(gate.to_string())),
            Some(Blocked::Provider(cause) | Blocked::Instances(cause)) => Some(cause.clone()),
            Some(Blocked::Confirm(_) | Blocked::Deferred(_)) | None => None,
        };
        let state = match cause {
            Some(cause) if change.action != Action::NoOp => decode::because(&planned.state, &cause),
            _ => planned.state,
        };
        change.after = Some(decode::mark_schema(&decode::mark(&state, &decoded.marks), job.schema));
        true
    }

    fn prevented(&self, walk: &Walk<'_>, job: &Job<'_>, change: &Change) {
        let Some(span) = job.resource.lifecycle.prevent_destroy else { return };
        if change.action == Action::Delete || change.action.is_replace() {
            let attributes: Vec<String> = change.replace_paths.iter().map(|path| path.to_string().trim_start_matches('.').to_owned()).collect();
            let why = if attributes.is_empty() { String::new() } else { format!(" Its replacement is forced by {}.", attributes.join(", ")) };
            walk.report([Diagnostic::error(
                "Instance cannot be destroyed",
                format!("Resource {} has lifecycle.prevent_destroy set, but the plan calls for this resource to be destroyed.{why} To avoid this error and continue with the plan, either disable lifecycle.prevent_destroy or reduce the scope of the plan using the -target option.", change.addr),
            )
            .at(job.resource.span)
            .label(span, "set here")
            .of(change.addr.to_string())]);
        }
    }

    /// Objects that the state knows and the configuration does not, and those that wait for their deletion.
    async fn orphans(&self, walk: &Walk<'_>) {
        let mut candidates: Vec<(InstanceAddr, ProviderConfigAddr, Option<Arc<str>>, Arc<Record>)> = Vec::new();
        for (resource, state) in walk.prior.resources.iter().filter(|(resource, _)| resource.mode == ResourceMode::Managed) {
            for (key, objects) in &state.instances {
                let addr = resource.instance(key.clone());
                if let Some(record) = objects.current.as_ref().filter(|_| !self.visited.borrow().contains(&addr)) {
                    candidates.push((addr.clone(), state.provider.clone(), None, record.clone()));
                }
                for (deposed, record) in &objects.deposed {
                    candidates.push((addr.clone(), state.provider.clone(), Some(deposed.clone()), record.clone()));
                }
            }
        }
        for (addr, provider, deposed, record) in candidates {
            if walk.options.mode == Mode::RefreshOnly || !walk.targeted(&addr) {
                continue;
            }
            let named = addr.resource.module.stage_kind(walk.nodes);
            let addr = InstanceAddr { resource: ResourceAddr { module: named, ..addr.resource }, key: addr.key };
            let schema = walk.catalog.schema(&provider.provider).and_then(|schemas| schemas.resources.get(&addr.resource.type_).cloned());
            let known = walk.found().providers.get(&provider).cloned();
            if known.is_none() {
                removed::configure(walk, &provider).await;
            }
            let Some(schema) = schema else {
                walk.report([Diagnostic::error(
                    "Provider configuration not present",
                    format!("To work with {addr} its provider {} is needed, which Weir does not have.", provider.provider),
                )
                .of(addr.to_string())]);
                continue;
            };
            let found = match &deposed {
                None => self.current(walk, &addr, &schema).await,
                Some(_) => crate::deposed::present(walk, &provider, &addr, &schema, &record).await,
            };
            let Ok(Some(before)) = found else {
                if let (Ok(None), Some(key)) = (found, deposed) {
                    self.gone.borrow_mut().push((addr, key));
                }
                continue;
            };
            let action = if removed::forgotten(walk.nodes, &addr) { Action::Forget } else { Action::Delete };
            let reason = if deposed.is_some() { Reason::Deposed } else { self.why_gone(walk, &addr) };
            self.push(Change {
                blocked: None,
                addr,
                deposed,
                provider,
                action,
                reason: Some(reason),
                before: Some(before),
                after: None,
                replace_paths: Vec::new(),
                dependencies: record.dependencies.clone(),
                create_before_destroy: record.create_before_destroy,
                previous: None,
                importing: None,
            });
        }
    }

    fn why_gone(&self, walk: &Walk<'_>, addr: &InstanceAddr) -> Reason {
        let Some(module) = walk.nodes.module_at(&addr.module().without_keys()) else { return Reason::NoResource };
        let resource = &addr.resource;
        if !walk.nodes.modules[module].resources.contains_key(&(resource.mode, resource.type_.clone(), resource.name.clone())) {
            return Reason::NoResource;
        }
        match (self.repetitions.borrow().get(resource), &addr.key) {
            (None, _) => Reason::NoModule,
            (Some(Instances::Count(_)), Some(InstanceKey::Int(_))) => Reason::Count,
            (Some(Instances::Keys(_)), Some(InstanceKey::Str(_))) => Reason::Each,
            _ => Reason::Repetition,
        }
    }

    fn finish(self, walk: &Walk<'_>) -> Made {
        let mut found = std::mem::take(&mut *walk.found());
        let mut changes = self.changes.into_inner();
        hold(&mut changes, &found.gates, walk.prior);
        let stages = stages(walk.nodes);
        crate::deferral::hold(&mut changes, walk.nodes);
        crate::confirm::hold(&mut changes, &stages, walk.nodes, walk.prior, walk.options);
        changes.sort_by(|a, b| (&a.addr, &a.deposed).cmp(&(&b.addr, &b.deposed)));
        let root = found.world.values.get(&ModulePath::root());
        let mut outputs = BTreeMap::new();
        for (name, output) in &walk.nodes.modules[0].outputs {
            let mark = |value: Value| if output.sensitive { value.with_marks(Marks::SENSITIVE) } else { value };
            // One that was sensitive or becomes so changes with that alone.
            let before = walk.prior.outputs.get(name).map(|output| output.value.clone());
            let after = root.and_then(|values| values.outputs.get(name)).cloned().map(mark);
            let after = after.filter(|value| walk.options.mode != Mode::Destroy && (before.is_some() || !value.is_null()));
            if !output.ephemeral && walk.updates_output(name) && (before.is_some() || after.is_some()) {
                outputs.insert(name.clone(), OutputChange { before, after, sensitive: output.sensitive });
            }
        }
        for (name, output) in &walk.prior.outputs {
            if !walk.nodes.modules[0].outputs.contains_key(name) && walk.updates_output(name) {
                outputs.insert(name.clone(), OutputChange { before: Some(output.value.clone()), after: None, sensitive: output.sensitive });
            }
        }
        let mut drift = self.drift.into_inner();
        crate::drift::weigh(&mut drift, &changes, &outputs, walk.nodes);
        let variables = root.map(|values| values.variables.iter().map(|(name, value)| (name.clone(), value.clone())).collect()).unwrap_or_default();
        let plan = Plan {
            mode: walk.options.mode,
            changes,
            drift,
            outputs,
            gates: std::mem::take(&mut found.gates),
            stages,
            variables,
            data: self.data.into_inner(),
            refreshed: self.refreshed.into_inner(),
            gone: self.gone.into_inner(),
            private: self.private.into_inner(),
            timestamp: walk.host.plan_timestamp.clone(),
            conditions: std::mem::take(&mut found.conditions),
            modules: found.world.values.keys().cloned().collect(),
        };
        Made { plan, world: found.world, providers: found.providers, diags: found.diags, moved: None, imported: self.imports.read.into_inner() }
    }
}

/// How the modules of a path are called.
trait StageKind {
    fn stage_kind(&self, nodes: &Nodes) -> ModulePath;
}

impl StageKind for ModulePath {
    fn stage_kind(&self, nodes: &Nodes) -> ModulePath {
        let is_stage = self.steps().first().and_then(|step| nodes.modules[0].calls.get(&step.name)).is_some_and(|call| call.kind == weir_config::CallKind::Stage);
        self.with_first_kind(if is_stage { weir_addr::StepKind::Stage } else { weir_addr::StepKind::Module })
    }
}

/// The ephemeral resources that an apply of these objects needs, and those that providers need.
pub fn ephemerals_needed<'a>(nodes: &Nodes, catalog: &Catalog, prior: &State, options: &Options, busy: impl Iterator<Item = &'a InstanceAddr>) -> HashSet<NodeId> {
    let mut from: HashSet<NodeId> = configured(nodes, catalog, prior, options).into_iter().collect();
    for addr in busy {
        let resource = &addr.resource;
        if let Some(module) = nodes.module_at(&resource.module.without_keys()) {
            from.extend(nodes.find(&Node::Resource { module, mode: resource.mode, type_: resource.type_.clone(), name: resource.name.clone() }));
        }
    }
    // Each start on its own, so that the way through a managed object ends only behind a start.
    from.into_iter().flat_map(|id| ephemerals_of(nodes, std::iter::once(id))).collect()
}

/// The configuration and the plan of an object with everything known: what the planner had planned, filled in. An error when the provider plans something else now.
pub async fn final_plan(
    job: &Job<'_>,
    session: &Arc<dyn weir_provider::Session>,
    prior: Option<&Value>,
    private: Option<&str>,
    change: &Change,
) -> Result<(Value, Planned), Diagnostics> {
    let Some(decoded) = &job.decoded else { return Err(Diagnostics::new()) };
    // A replacement is made from the configuration alone, as the plan did.
    let config = match &change.before {
        Some(before) if !change.action.is_replace() => ignored(&job.resource.lifecycle.ignore_changes, &decoded.config, &before.clone().unmark_deep().0, job.schema),
        _ => decoded.config.clone(),
    };
    let address = job.addr.to_string();
    let planned = session
        .plan(PlanRequest { type_name: &job.resource.type_, prior, config: &config, private })
        .await
        .map_err(|faults| decode::report(faults, Some(&job.resource.body), Some(job.resource.span), &address))?;
    if let Some(cause) = &planned.deferred {
        let detail = format!("The provider now says that {cause}, which it did not when it planned. Nothing was changed; run the command again.");
        return Err(Diagnostic::error("Provider defers the change", detail).at(job.resource.span).of(address).into());
    }
    let approved = change.after.as_ref().map(|after| crate::encode::encode(&after.clone().unmark_deep().0, ""));
    let now = crate::encode::encode(&planned.state, "");
    if approved.is_some_and(|approved| !crate::encode::fills_in(&approved, &now)) || prior.is_some() && !planned.requires_replace.is_empty() {
        let detail = format!(
            "With all values known, the plan for {address} is no longer the one that was shown, so it is not carried out. Nothing was changed; run the command again to see the new plan."
        );
        return Err(Diagnostic::error("Plan changed during apply", detail).at(job.resource.span).of(address).into());
    }
    Ok((config, planned))
}

/// An object with the marks of its configuration and schema.
pub fn mark_object(value: &Value, decoded: &decode::Decoded, schema: &Schema) -> Value {
    decode::mark_schema(&decode::mark(value, &decoded.marks), schema)
}
