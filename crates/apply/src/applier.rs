//! The applier.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::sync::Semaphore;
use weir_addr::{GateName, InstanceAddr, ModulePath, ProviderConfigAddr, ResourceAddr};
use weir_config::{Config, Resource};
use weir_diag::{Diagnostic, Diagnostics};
use weir_eval::Instances;
use weir_plan::{
    Action, Blocked, Catalog, Change, DiskHost, Executor, Job, Made, Mode, Nodes, Options, Outcome, Plan, Reuse, Walk, final_plan, mark_object, split, walk,
};
use weir_state::{Journal, OutputValue, RawJson, Record, State, Status};
use weir_value::Value;

use crate::adopt::adopt;
use crate::delete::{Deletion, delete};
use crate::operation::{Counts, Effects, Operation, record};
use crate::provision::{Destroyers, Provisioning};
use crate::{Event, Stop};

/// What an apply needs.
pub struct Applying<'a> {
    /// The configuration that was planned.
    pub config: &'a Config,
    /// Its graph.
    pub nodes: &'a Nodes,
    /// The providers.
    pub catalog: &'a Catalog,
    /// Files and clocks, of the apply.
    pub host: &'a DiskHost,
    /// The state that was planned on.
    pub prior: &'a State,
    /// How it was planned.
    pub options: &'a Options,
    /// The working directory.
    pub cwd: PathBuf,
    /// `terraform.workspace`
    pub workspace: String,
    /// Values given for the root module's variables.
    pub given: &'a BTreeMap<Arc<str>, Value>,
    /// The plan.
    pub made: &'a Made,
    /// Where every effect is recorded.
    pub journal: &'a Journal,
    /// Told as it goes on.
    pub events: &'a (dyn Fn(Event) + Sync),
    /// Asked before each operation.
    pub stop: &'a Stop,
}

/// What an apply did.
pub struct Applied {
    /// The state now.
    pub state: State,
    /// What was wrong.
    pub diags: Diagnostics,
    /// Objects added, changed and destroyed.
    pub counts: (usize, usize, usize),
    /// Objects taken into the state.
    pub imported: usize,
    /// New objects that may carry a creation marker: provider configuration, type, state. To be settled once the state is safe.
    pub created: Vec<(ProviderConfigAddr, Arc<str>, Value)>,
    /// Some operation failed or was not begun.
    pub incomplete: bool,
}

/// Brings a state up to what the plan found there to be.
pub fn refreshed(state: &mut State, catalog: &Catalog, plan: &Plan) {
    for (addr, value) in &plan.refreshed {
        refresh(state, catalog, addr, value.as_ref());
    }
    for (addr, key) in &plan.gone {
        let Some(provider) = state.resources.get(&addr.resource).map(|resource| resource.provider.clone()) else { continue };
        state.set_deposed(addr, key, &provider, None);
    }
    for (addr, private) in &plan.private {
        // An object that is to be imported has no record yet.
        let Some(old) = state.record(addr).cloned() else { continue };
        let Some(provider) = state.resources.get(&addr.resource).map(|resource| resource.provider.clone()) else { continue };
        let private = private.clone();
        state.set_instance(addr, &provider, Some(Arc::new(Record { private, ..(*old).clone() })));
    }
}

/// Does what a plan says, as far as gates and providers let it.
pub async fn apply(applying: Applying<'_>) -> Applied {
    let plan = &applying.made.plan;
    let mut state = applying.prior.clone();
    refreshed(&mut state, applying.catalog, plan);
    state.weir.stages = plan.stages.iter().map(|stage| stage.name.clone()).collect();
    let destroyers = Destroyers { nodes: applying.nodes, host: applying.host, workspace: &applying.workspace };
    let effects = Effects {
        destroyers: &destroyers,
        journal: applying.journal,
        events: applying.events,
        stop: applying.stop,
        permits: Semaphore::new(applying.options.parallelism.max(1)),
        state: Mutex::new(state),
        diags: Mutex::new(Diagnostics::new()),
        created: Mutex::new(Vec::new()),
        failed: Mutex::new(Vec::new()),
        done: Mutex::new(Counts::default()),
    };
    // What changes the state only comes before everything, …
    adopt(&effects, applying.catalog, plan);
    // … then what has to go before its replacement can come, …
    let first = first(plan, applying.prior);
    let gone_first: HashSet<&InstanceAddr> = first.iter().filter(|deletion| deletion.deposed.is_none()).map(|deletion| &deletion.change.addr).collect();
    delete(&effects, applying.catalog, &applying.made.providers, first).await;
    // … then everything that is made or changed, …
    let mut changed = Changed::default();
    if plan.mode != Mode::Destroy {
        changed = make(&applying, &effects).await;
    }
    // … and at last what nobody needs any more. An object that was not changed as planned still needs what it needed.
    let failed: HashSet<InstanceAddr> = effects.failures().iter().cloned().collect();
    let later = plan.pending().filter(|change| matches!(change.blocked, Some(Blocked::Confirm(_))));
    let unchanged = plan
        .executable()
        .chain(later)
        .filter(|change| plan.mode != Mode::Destroy && makes(change.action) && !changed.done.contains(&change.addr))
        .map(|change| &change.addr);
    let needed = needed(applying.prior, failed.iter().chain(unchanged));
    let last = plan
        .executable()
        .filter(|change| change.action == Action::Delete && !gone_first.contains(&change.addr) && !needed.contains(&change.addr.resource.config()))
        .map(|change| Deletion { change, deposed: change.deposed.clone() })
        .chain(
            changed
                .deposed
                .iter()
                .filter(|(change, _)| !failed.contains(&change.addr) && !needed.contains(&change.addr.resource.config()))
                .map(|(change, key)| Deletion { change, deposed: Some(key.clone()) }),
        )
        .collect();
    delete(&effects, applying.catalog, &applying.made.providers, last).await;
    if plan.mode == Mode::Destroy && effects.failures().is_empty() && !applying.options.is_partial() && plan.executable().count() == plan.pending().count() {
        let mut state = effects.state();
        state.outputs.clear();
        state.resources.retain(|addr, _| addr.mode == weir_addr::Mode::Managed);
        state.check_results = None;
        state.weir.gates.clear();
        state.weir.approval = None;
    }
    let counts = *effects.counts();
    let created = std::mem::take(&mut *effects.created());
    let incomplete = !effects.failures().is_empty();
    let diags = std::mem::take(&mut *effects.diags.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    let state = effects.state.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    Applied { state, diags, counts: (counts.added, counts.changed, counts.destroyed), imported: counts.imported, created, incomplete }
}

fn makes(action: Action) -> bool {
    matches!(action, Action::Create | Action::Update | Action::DeleteThenCreate | Action::CreateThenDelete)
}

/// What goes before anything is made: objects that make room for their replacements, and those that go for good and need one of them.
fn first<'a>(plan: &'a Plan, prior: &State) -> Vec<Deletion<'a>> {
    let mut first: Vec<Deletion<'a>> =
        plan.executable().filter(|change| change.action == Action::DeleteThenCreate).map(|change| Deletion { change, deposed: None }).collect();
    let mut for_good = plan.executable().filter(|change| change.action == Action::Delete && change.deposed.is_none()).peekable();
    if first.is_empty() || for_good.peek().is_none() {
        return first;
    }
    let mut dependants: HashMap<ResourceAddr, Vec<ResourceAddr>> = HashMap::new();
    for (addr, resource) in &prior.resources {
        let records = resource.instances.values().filter_map(|objects| objects.current.as_ref());
        let needs: HashSet<ResourceAddr> = records.flat_map(|record| record.dependencies.iter().map(ResourceAddr::config)).collect();
        for need in needs {
            dependants.entry(need).or_default().push(addr.config());
        }
    }
    let mut stack: Vec<ResourceAddr> = first.iter().map(|deletion| deletion.change.addr.resource.config()).collect();
    let mut found = HashSet::new();
    while let Some(addr) = stack.pop() {
        if let Some(more) = dependants.remove(&addr) {
            stack.extend(more);
        }
        found.insert(addr);
    }
    first.extend(for_good.filter(|change| found.contains(&change.addr.resource.config())).map(|change| Deletion { change, deposed: None }));
    first
}

/// The resources that objects of the state need, directly or not.
fn needed<'a>(prior: &State, objects: impl Iterator<Item = &'a InstanceAddr>) -> HashSet<ResourceAddr> {
    let mut stack: Vec<ResourceAddr> = objects.filter_map(|addr| prior.record(addr)).flat_map(|record| record.dependencies.iter().map(ResourceAddr::config)).collect();
    if stack.is_empty() {
        return HashSet::new();
    }
    let mut further: HashMap<ResourceAddr, Vec<ResourceAddr>> = HashMap::new();
    for (addr, resource) in &prior.resources {
        let records = resource.instances.values().filter_map(|objects| objects.current.as_ref());
        further.entry(addr.config()).or_default().extend(records.flat_map(|record| record.dependencies.iter().map(ResourceAddr::config)));
    }
    let mut found = HashSet::new();
    while let Some(addr) = stack.pop() {
        if let Some(more) = further.remove(&addr) {
            stack.extend(more);
        }
        found.insert(addr);
    }
    found
}

/// Takes what the refresh found into the state.
fn refresh(state: &mut State, catalog: &Catalog, addr: &InstanceAddr, value: Option<&Value>) {
    let Some(old) = state.record(addr).cloned() else { return };
    let Some(provider) = state.resources.get(&addr.resource).map(|resource| resource.provider.clone()) else { return };
    let Some(value) = value else {
        state.set_instance(addr, &provider, None);
        return;
    };
    let schema = catalog.schema(&provider.provider).and_then(|schemas| schemas.resources.get(&addr.resource.type_).cloned());
    let Some(schema) = schema else { return };
    if let Ok(attributes) = weir_state::RawJson::encode(value, schema.ty()) {
        let mut new = (*old).clone();
        new.attributes = attributes;
        new.schema_version = schema.version;
        state.set_instance(addr, &provider, Some(Arc::new(new)));
    }
}

/// What was made and changed.
#[derive(Default)]
struct Changed<'a> {
    /// Old objects that were set aside for their replacements, with their keys.
    deposed: Vec<(&'a Change, Arc<str>)>,
    /// The objects that are as planned now.
    done: HashSet<InstanceAddr>,
}

/// Walks the configuration again, with real values, and makes and changes objects.
async fn make<'a>(applying: &Applying<'a>, effects: &Effects<'_>) -> Changed<'a> {
    let made = applying.made;
    let index: HashMap<&InstanceAddr, &Change> = made.plan.changes.iter().filter(|change| change.deposed.is_none()).map(|change| (&change.addr, change)).collect();
    let busy = made.plan.executable().map(|change| &change.addr);
    let needed = weir_plan::ephemerals_needed(applying.nodes, applying.catalog, applying.prior, applying.options, busy);
    let guards = made.plan.gates.iter().filter(|gate| gate.guards_destroy).map(|gate| gate.name.clone()).collect();
    let executor = Maker { effects, index, catalog: applying.catalog, changed: Mutex::new(Changed::default()), data: Mutex::new(Vec::new()), guards };
    let walking = Walk::applying(
        applying.config,
        applying.nodes,
        applying.catalog,
        applying.host,
        applying.prior,
        applying.options,
        (applying.cwd.clone(), applying.workspace.clone()),
        applying.given,
        Reuse { world: &made.world, providers: &made.providers, data: &made.plan.data, gates: &made.plan.gates },
        needed,
    );
    walk(&walking, &executor).await;
    effects.report(walking.take_diags());
    let mut state = effects.state();
    for (addr, (provider, value, _)) in &made.plan.data {
        keep_data(&mut state, applying.catalog, addr, provider, value);
    }
    for (addr, provider, value) in executor.data.into_inner().unwrap_or_default() {
        keep_data(&mut state, applying.catalog, &addr, &provider, &value);
    }
    if !applying.options.is_partial() {
        let conditions = walking.conditions().state();
        state.check_results = (!conditions.is_null()).then(|| RawJson::parse(&conditions.to_string()).ok()).flatten();
    }
    let root = &applying.nodes.modules[0];
    state.outputs.retain(|name, _| root.outputs.contains_key(name) || !walking.updates_output(name));
    for (name, output) in root.outputs.iter().filter(|(name, _)| walking.updates_output(name)) {
        let value = walking.output(name).unwrap_or_else(Value::null);
        if output.ephemeral || !value.is_wholly_known() {
            continue;
        }
        if value.is_null() {
            state.outputs.remove(name);
            continue;
        }
        let sensitive = output.sensitive;
        let value = value.expose("outputs are kept in the state, which is readable by its owner only");
        state.outputs.insert(name.clone(), OutputValue { sensitive, ..OutputValue::new(value) });
    }
    drop(state);
    executor.changed.into_inner().unwrap_or_default()
}

fn keep_data(state: &mut State, catalog: &Catalog, addr: &InstanceAddr, provider: &ProviderConfigAddr, value: &Value) {
    let Some(schema) = catalog.schema(&provider.provider).and_then(|schemas| schemas.data_sources.get(&addr.resource.type_).cloned()) else { return };
    let (_, marks) = split(value);
    let bare = value.expose("data sources are kept in the state, which is readable by its owner only");
    if let Ok(kept) = record(&bare, &schema, &marks, Arc::from([]), false, Status::Ready) {
        state.set_instance(addr, provider, Some(Arc::new(kept)));
    }
}

struct Maker<'a, 'e> {
    effects: &'e Effects<'e>,
    index: HashMap<&'a InstanceAddr, &'a Change>,
    catalog: &'e Catalog,
    changed: Mutex<Changed<'a>>,
    data: Mutex<Vec<(InstanceAddr, ProviderConfigAddr, Value)>>,
    /// The gates that guard destruction.
    guards: HashSet<GateName>,
}

impl<'a> Maker<'a, '_> {
    async fn operate(&self, walk: &Walk<'_>, job: &Job<'_>, change: &'a Change) -> Result<Value, ()> {
        let effects = self.effects;
        let refuse = |summary: &str, detail: String| {
            effects.report([Diagnostic::error(summary, detail).at(job.resource.span).of(job.addr.to_string())]);
            effects.fail(&job.addr);
        };
        let (Some(session), Some(decoded)) = (job.state.session(), &job.decoded) else {
            refuse("Provider is not configured", "The provider was configured when this was planned, and is not now. Run the command again.".to_owned());
            return Err(());
        };
        let prior =
            if change.action == Action::Update { change.before.as_ref().map(|before| before.expose("handed to the provider that changes the object")) } else { None };
        let private = prior.as_ref().and_then(|_| effects.state().record(&job.addr).and_then(|record| record.private.clone()));
        let (config, planned) = match final_plan(job, session, prior.as_ref(), private.as_deref(), change).await {
            Ok(made) => made,
            Err(diags) => {
                effects.report(diags);
                effects.fail(&job.addr);
                return Err(());
            }
        };
        if !config.is_wholly_known() {
            refuse(
                "Configuration is not known",
                "Some value of this block is still unknown although everything before it is done. An ephemeral value that it needs may not have been readable."
                    .to_owned(),
            );
            return Err(());
        }
        if change.action == Action::DeleteThenCreate && effects.failures().contains(&job.addr) {
            // The old object is still there.
            return Err(());
        }
        if change.action == Action::CreateThenDelete {
            let Some(key) = effects.depose(change) else { return Err(()) };
            if let Ok(mut changed) = self.changed.lock() {
                changed.deposed.push((change, key));
            }
        }
        let provisioners: Vec<_> = job.resource.provisioners.iter().filter(|provisioner| !provisioner.on_destroy).collect();
        let provisioning = (prior.is_none() && !provisioners.is_empty()).then(|| Provisioning {
            provisioners,
            arguments: Box::new(|provisioner, this| walk.provisioner_arguments(job, provisioner, this)),
            this: Box::new(|made| mark_object(made, decoded, job.schema)),
        });
        let operation = Operation {
            change,
            session: &**session,
            schema: job.schema,
            prior,
            planned: Some(planned.state),
            private: planned.private,
            config: Some(config),
            marks: decoded.marks.clone(),
            deposed: None,
            dependencies: job.dependencies.clone(),
            provisioning,
        };
        let state = effects.run(operation).await?;
        if let Ok(mut changed) = self.changed.lock() {
            changed.done.insert(job.addr.clone());
        }
        let state = state.unwrap_or_else(|| Value::Null(job.schema.ty().clone()));
        Ok(mark_object(&state, decoded, job.schema))
    }
}

#[async_trait(?Send)]
impl Executor for Maker<'_, '_> {
    async fn managed(&self, walk: &Walk<'_>, job: Job<'_>) -> Outcome {
        let unknown = || Value::unknown(job.schema.ty().clone());
        let Some(change) = self.index.get(&job.addr).copied() else {
            return Outcome { value: unknown(), pending: false, failed: false };
        };
        let planned = || change.after.clone().unwrap_or_else(unknown);
        if change.action == Action::NoOp {
            return Outcome { value: planned(), pending: false, failed: false };
        }
        if let Some(blocked) = &change.blocked {
            // A gate that guards the old object leaves it to all that need it.
            let guards = matches!(blocked, Blocked::Gate(name) if self.guards.contains(name));
            let value = if guards && change.action.is_replace() { change.before.clone().unwrap_or_else(unknown) } else { planned() };
            return Outcome { value, pending: !guards, failed: false };
        }
        match self.operate(walk, &job, change).await {
            Ok(value) => Outcome { value, pending: false, failed: false },
            Err(()) => Outcome { value: planned(), pending: true, failed: true },
        }
    }

    fn unexpanded(&self, _: &Walk<'_>, _: Job<'_>) {}

    fn data(&self, _: &Walk<'_>, addr: &InstanceAddr, provider: &ProviderConfigAddr, value: &Value) {
        if let Ok(mut data) = self.data.lock() {
            data.push((addr.clone(), provider.clone(), value.clone()));
        }
        debug_assert!(self.catalog.get(&provider.provider).is_some());
    }

    fn resource_done(&self, _: &Walk<'_>, _: &ModulePath, _: &Resource, _: &Instances) {}
}
