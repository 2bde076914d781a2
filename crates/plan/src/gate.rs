//! Gates: what a person has to do, what has to hold, and whether the way is open.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use sha2::{Digest, Sha256};
use weir_addr::{GateName, Mode, ModulePath, ResourceAddr};
use weir_config::syntax::{Expr, Step, Traversal};
use weir_config::{Gate, Resource};
use weir_diag::{Diagnostic, Diagnostics};
use weir_eval::{Evaluator, convert_variable};
use weir_state::{GateRecord, GateState};
use weir_value::{Marks, Type, Value, convert};

use crate::decode::{self, Decoded, decode_instance};
use crate::nodes::Node;
use crate::scope::ModuleScope;
use crate::walk::Walk;

/// How far a gate is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GateStatus {
    /// What it depends on is not applied.
    Waiting,
    /// A person can act now.
    Ready,
    /// Its inputs are accepted and its checks hold.
    Open,
    /// It was open, but is not any more; why.
    Stale(String),
}

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckResult {
    /// Its label.
    pub name: Arc<str>,
    /// Whether it holds; `None` when that is not known yet.
    pub ok: Option<bool>,
    /// What is wrong.
    pub message: String,
}

/// An input of a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateInput {
    /// Its name.
    pub name: Arc<str>,
    /// Its type.
    pub ty: Type,
    /// What it is.
    pub description: Arc<str>,
    /// It need not be given.
    pub optional: bool,
    /// Never shown.
    pub sensitive: bool,
    /// Never stored.
    pub ephemeral: bool,
}

/// A gate as the plan sees it.
#[derive(Clone, Debug)]
pub struct GatePlan {
    /// Its name.
    pub name: GateName,
    /// How far it is.
    pub status: GateStatus,
    /// One line.
    pub description: String,
    /// What to do; `None` while that is not known.
    pub instructions: Option<String>,
    /// Digest of the instructions, for telling when they change.
    pub instructions_digest: Option<String>,
    /// What must be given.
    pub inputs: Vec<GateInput>,
    /// What must hold, as far as it was looked at.
    pub checks: Vec<CheckResult>,
    /// How many people have to approve.
    pub approvals: u64,
    /// Until when it stays open, RFC 3339.
    pub valid_until: Option<String>,
    /// It guards the destruction of these, not a creation.
    pub guards: Vec<Guarded>,
    /// True for `when = "destroy"`.
    pub guards_destroy: bool,
    /// The values of a candidate, converted; `None` without one.
    pub candidate: Option<BTreeMap<Arc<str>, Value>>,
}

/// What a gate guards from destruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guarded {
    /// A module or stage.
    Module(ModulePath),
    /// A resource.
    Resource(ResourceAddr),
}

impl GatePlan {
    /// True when what lies behind it may be done.
    pub fn lets_pass(&self) -> bool {
        self.guards_destroy || self.status == GateStatus::Open
    }
    /// True when it forbids the destruction of that object.
    pub fn forbids_destroying(&self, addr: &weir_addr::InstanceAddr) -> bool {
        self.guards_destroy && self.status != GateStatus::Open && self.guards.iter().any(|guarded| guarded.covers(addr))
    }
    /// True when something of the plan waits for it: a person can be asked to open it.
    pub fn holds_up(&self, plan: &crate::plan::Plan) -> bool {
        let named = || plan.pending().any(|change| matches!(&change.blocked, Some(crate::plan::Blocked::Gate(gate)) if *gate == self.name));
        match (&self.status, plan.mode) {
            (GateStatus::Open | GateStatus::Waiting, _) => false,
            (_, crate::plan::Mode::Destroy) => named(),
            _ => !self.guards_destroy || named(),
        }
    }
}

impl Guarded {
    /// True when the object is it, or in it.
    pub(crate) fn covers(&self, addr: &weir_addr::InstanceAddr) -> bool {
        match self {
            Self::Module(path) => addr.module().without_keys().starts_with(path),
            Self::Resource(resource) => addr.resource.config() == *resource,
        }
    }
}

/// Values with which a gate is to be opened.
#[derive(Clone)]
pub struct GateCandidate {
    /// The gate.
    pub gate: GateName,
    /// Its inputs.
    pub inputs: BTreeMap<Arc<str>, Value>,
    /// The salt-free digest of the plan in force is recorded by the caller; `wait` says whether checks are retried as they ask for.
    pub wait: bool,
}

/// How far a gate is, and what references to it get.
pub(crate) async fn evaluate(walk: &Walk<'_>, gate: &Gate, waiting: bool) -> (GatePlan, Value) {
    let record = walk.prior.weir.gates.get(&gate.name);
    let candidate = walk.candidate.filter(|candidate| candidate.gate == gate.name);
    let inputs = inputs(walk, gate, record, candidate);
    let module = &walk.nodes.modules[0];
    let root = ModulePath::root();
    let mut scope = ModuleScope::new(walk, module, &root);
    scope.inputs = Some(&inputs);
    let text = |expr: &Option<Arc<Expr>>| expr.as_ref().and_then(|expr| text(walk, &scope, expr));
    let instructions = text(&gate.instructions);
    let digest = instructions.as_deref().map(digest);
    let approvals = gate.approvals.as_ref().and_then(|expr| walk.eval(&scope, |evaluator| evaluator.eval(expr)).unmark().0.as_u64()).unwrap_or(1).max(1);
    let mut plan = GatePlan {
        name: gate.name.clone(),
        status: if waiting { GateStatus::Waiting } else { GateStatus::Ready },
        description: text(&gate.description).unwrap_or_default(),
        instructions,
        instructions_digest: digest,
        inputs: described(gate),
        checks: Vec::new(),
        approvals,
        valid_until: None,
        guards: guards(walk, gate),
        guards_destroy: gate.guards_destroy,
        candidate: candidate.map(|_| inputs.clone()),
    };
    let opened = record.is_some_and(|record| record.state == GateState::Open);
    if candidate.is_some() && !waiting {
        let retry = candidate.is_some_and(|candidate| candidate.wait);
        examine(walk, gate, &inputs, &mut plan, retry).await;
    } else if let Some(record) = record.filter(|_| opened) {
        reexamine(walk, gate, record, &inputs, waiting, &mut plan).await;
    }
    let open = plan.status == GateStatus::Open;
    let value = Value::object(inputs.iter().map(|(name, value)| {
        let ty = gate.inputs.get(name).map_or(Type::Dynamic, |input| input.constraint.ty.clone());
        let value = if open { value.clone() } else { Value::unknown_because(ty, gate.name.to_string()).with_marks(value.marks_deep()) };
        (name.clone(), value)
    }));
    (plan, value)
}

/// Checks an open gate again: it was open, so what cannot be told now does not close it.
async fn reexamine(walk: &Walk<'_>, gate: &Gate, record: &GateRecord, inputs: &BTreeMap<Arc<str>, Value>, waiting: bool, plan: &mut GatePlan) {
    let mut people: Vec<&str> = record.approvals.iter().map(|approval| approval.who.as_str()).collect();
    people.sort_unstable();
    people.dedup();
    if (people.len() as u64) < plan.approvals {
        plan.status = GateStatus::Stale(format!("it needs {} approvals and has {}", plan.approvals, people.len()));
        return;
    }
    if let (Some(before), Some(now)) = (&record.instructions_digest, &plan.instructions_digest)
        && before != now
    {
        plan.status = GateStatus::Stale("what its instructions were made from has changed since it was opened".to_owned());
        return;
    }
    plan.status = GateStatus::Open;
    if walk.options.mode == crate::plan::Mode::Destroy {
        return;
    }
    examine(walk, gate, inputs, plan, false).await;
    // While something before it changes, a check that cannot be told yet may fail afterwards: nothing passes before that is known.
    if waiting && plan.status == GateStatus::Open && plan.checks.iter().any(|check| check.ok.is_none()) {
        plan.status = GateStatus::Waiting;
    }
}

/// Runs the checks and sets the status.
async fn examine(walk: &Walk<'_>, gate: &Gate, inputs: &BTreeMap<Arc<str>, Value>, plan: &mut GatePlan, retry: bool) {
    let known_open = plan.status == GateStatus::Open;
    let module = &walk.nodes.modules[0];
    let root = ModulePath::root();
    let started = Instant::now();
    let mut probes = HashMap::new();
    if !gate.probes.is_empty() {
        probes = probe(walk, gate, inputs).await;
    }
    for check in &gate.checks {
        let mut result;
        loop {
            let mut scope = ModuleScope::new(walk, module, &root);
            scope.inputs = Some(inputs);
            scope.probes = Some(&probes);
            let (ok, message) = walk.condition(&scope, &check.rule);
            result = CheckResult { name: check.name.clone(), ok, message };
            match check.retry.filter(|_| retry && ok != Some(true)) {
                Some(pause) if started.elapsed() < pause.for_ => tokio::time::sleep(pause.every).await,
                _ => break,
            }
            probes = probe(walk, gate, inputs).await;
        }
        plan.checks.push(result);
    }
    let failed = plan.checks.iter().find(|check| if known_open { check.ok == Some(false) } else { check.ok != Some(true) });
    if let Some(failed) = failed {
        let why = if failed.message.is_empty() { "it cannot be decided yet".to_owned() } else { failed.message.clone() };
        plan.status = GateStatus::Stale(format!("the check \"{}\" does not hold: {why}", failed.name));
        return;
    }
    plan.status = GateStatus::Open;
    let mut scope = ModuleScope::new(walk, module, &root);
    scope.inputs = Some(inputs);
    if let Some(until) = gate.valid_until.as_ref().and_then(|expr| text(walk, &scope, expr)) {
        match until.parse::<jiff::Timestamp>() {
            Ok(end) if end <= jiff::Timestamp::now() => plan.status = GateStatus::Stale(format!("it was valid until {until}")),
            Ok(_) => {}
            Err(_) => {
                let span = gate.valid_until.as_ref().map_or(gate.span, |expr| expr.span);
                walk.report([Diagnostic::error("Invalid valid_until", format!("\"{until}\" is not a time in RFC 3339 format, such as 2030-01-31T12:00:00Z.")).at(span)]);
            }
        }
        plan.valid_until = Some(until);
    }
}

fn inputs(walk: &Walk<'_>, gate: &Gate, record: Option<&GateRecord>, candidate: Option<&GateCandidate>) -> BTreeMap<Arc<str>, Value> {
    let mut values = BTreeMap::new();
    let mut diags = Diagnostics::new();
    for (name, input) in &gate.inputs {
        let unknown = || Value::unknown_because(input.constraint.ty.clone(), gate.name.to_string());
        let recorded = record.filter(|record| record.state == GateState::Open).and_then(|record| record.inputs.get(name)).and_then(|input| input.value().ok().flatten());
        let given = match candidate {
            Some(candidate) => candidate.inputs.get(name).cloned(),
            None => recorded,
        };
        let value = match (given, &input.default) {
            (Some(value), _) => convert_variable(input, Some(&value), input.span, walk.host, &mut diags),
            (None, Some(_)) if candidate.is_some() || record.is_some() => convert_variable(input, None, input.span, walk.host, &mut diags),
            (None, _) => {
                if candidate.is_some() {
                    diags.push(
                        Diagnostic::error(
                            "Missing gate input",
                            format!("The input \"{name}\" of {} is required: give it with -input {name}=VALUE or -file {name}=PATH.", gate.name),
                        )
                        .at(input.span),
                    );
                }
                let marks = if input.ephemeral { Marks::EPHEMERAL } else { Marks::NONE };
                unknown().with_marks(if input.sensitive { marks.union(Marks::SENSITIVE) } else { marks })
            }
        };
        values.insert(name.clone(), value);
    }
    if candidate.is_some() && !diags.has_errors() {
        let root = ModulePath::root();
        let mut scope = ModuleScope::new(walk, &walk.nodes.modules[0], &root);
        scope.inputs = Some(&values);
        for input in gate.inputs.values() {
            for rule in &input.validations {
                walk.rule(&scope, rule, "Invalid value for gate input", input.span, None);
            }
        }
    }
    walk.report(diags);
    values
}

fn described(gate: &Gate) -> Vec<GateInput> {
    gate.inputs
        .values()
        .map(|input| GateInput {
            name: input.name.clone(),
            ty: input.constraint.ty.clone(),
            description: input.description.clone(),
            optional: input.default.is_some(),
            sensitive: input.sensitive,
            ephemeral: input.ephemeral,
        })
        .collect()
}

pub(crate) fn guards(walk: &Walk<'_>, gate: &Gate) -> Vec<Guarded> {
    gate.depends_on
        .iter()
        .filter_map(|Traversal { root, steps, .. }| {
            let name = |at: usize| match steps.get(at) {
                Some(Step::Attr(name, _)) => Some(name.clone()),
                _ => None,
            };
            match &*root.name {
                "stage" | "module" => Some(Guarded::Module(walk.nodes.modules[0].children.get(&name(0)?)?.path.clone())),
                "gate" | "data" | "var" | "local" => None,
                _ => Some(Guarded::Resource(ResourceAddr::managed(ModulePath::root(), root.name.clone(), name(0)?))),
            }
        })
        .collect()
}

/// A string that may be shown; `None` while it is not known.
fn text(walk: &Walk<'_>, scope: &ModuleScope<'_>, expr: &Expr) -> Option<String> {
    let value = walk.eval(scope, |evaluator| evaluator.eval(expr));
    match convert(&value, &Type::String).map(Value::unmark) {
        Ok((Value::String(text), marks)) if marks.is_empty() => Some(text.to_string()),
        Ok((_, marks)) if !marks.is_empty() => {
            walk.report([Diagnostic::error(
                "Sensitive value in a gate",
                "Instructions and descriptions of gates are shown, so they must not hold sensitive or ephemeral values.",
            )
            .at(expr.span)]);
            None
        }
        _ => None,
    }
}

/// The digest by which a later run sees that the instructions are other ones.
fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// Reads the probes of a gate. What cannot be read has an unknown value, and its fault stands in the check that needs it.
async fn probe(walk: &Walk<'_>, gate: &Gate, inputs: &BTreeMap<Arc<str>, Value>) -> HashMap<(Arc<str>, Arc<str>), Value> {
    let mut values = HashMap::new();
    ephemerals(walk, gate).await;
    for (key, probe) in &gate.probes {
        let value = read_probe(walk, probe, inputs).await.unwrap_or_else(|why| {
            tracing::debug!(gate = %gate.name, probe = %key.1, "{why}");
            // A failed probe is an empty answer: conditions on it fail, and say so.
            Value::unknown_because(Type::Dynamic, why)
        });
        values.insert(key.clone(), value);
    }
    values
}

async fn read_probe(walk: &Walk<'_>, probe: &Resource, inputs: &BTreeMap<Arc<str>, Value>) -> Result<Value, String> {
    let (module, of) = walk.nodes.provider(0, &probe.provider).ok_or("its provider is not configured")?;
    let addr = walk.provider_addr(module, &of);
    let state = walk.found().providers.get(&addr).cloned();
    let session = state.as_ref().and_then(|state| state.session()).ok_or("its provider is not configured yet")?;
    if walk.options.offline && !session.is_offline(&probe.type_) {
        return Err("-offline asks nobody".to_owned());
    }
    let schemas = walk.catalog.schema(&addr.provider).ok_or("its provider is unknown")?;
    let Some(schema) = schemas.data_sources.get(&probe.type_) else {
        walk.report([Diagnostic::error(
            "Invalid data source",
            format!("The provider {} does not support data source \"{}\".", addr.provider.for_display(), probe.type_),
        )
        .at(probe.span)]);
        return Err("there is no such data source".to_owned());
    };
    let root = ModulePath::root();
    let mut scope = ModuleScope::new(walk, &walk.nodes.modules[0], &root);
    scope.inputs = Some(inputs);
    let decoded: Decoded = walk.eval(&scope, |evaluator: &mut Evaluator<'_>| decode_instance(evaluator, &probe.body, schema, true));
    if !decoded.config.is_wholly_known() {
        return Err(decoded.config.cause().map_or_else(|| "its arguments are not known yet".to_owned(), |cause| format!("its arguments are known only after {cause}")));
    }
    let marks = decoded.marks.iter().fold(Marks::NONE, |all, (_, marks)| all.union(*marks));
    match session.read_data(&probe.type_, &decoded.config).await {
        Ok(value) => Ok(if marks.is_ephemeral() { value } else { decode::mark(&value, &decoded.marks) }),
        Err(faults) => Err(faults.first().map_or_else(|| "it failed".to_owned(), ToString::to_string)),
    }
}

/// Opens the ephemeral resources that the probes refer to and that nothing else has needed yet.
async fn ephemerals(walk: &Walk<'_>, gate: &Gate) {
    let Some(id) = walk.nodes.find(&Node::Gate { name: gate.name.clone() }).filter(|_| !walk.options.offline) else { return };
    let module = &walk.nodes.modules[0];
    for dep in &walk.nodes.deps[id] {
        let Node::Resource { module: 0, mode: Mode::Ephemeral, type_, name } = &walk.nodes.nodes[*dep] else { continue };
        let key = (Mode::Ephemeral, type_.clone(), name.clone());
        let root = ModulePath::root();
        let known = walk.world().values.get(&root).and_then(|values| values.resources.get(&key)).is_some_and(Value::is_wholly_known);
        let Some(resource) = module.resources.get(&key).filter(|_| !known) else { continue };
        let Some((at, of)) = walk.nodes.provider(0, &resource.provider) else { continue };
        let addr = walk.provider_addr(at, &of);
        let (Some(state), Some(schemas)) = (walk.found().providers.get(&addr).cloned(), walk.catalog.schema(&addr.provider)) else { continue };
        let Some(schema) = schemas.ephemeral.get(type_) else { continue };
        let scope = ModuleScope::new(walk, module, &root);
        let decoded = walk.eval(&scope, |evaluator| decode_instance(evaluator, &resource.body, schema, true));
        let Some(session) = state.session().filter(|_| decoded.config.is_wholly_known()) else { continue };
        // What it holds may not be there yet: then the check that needs it does not hold.
        if let Ok(opened) = session.open(type_, &decoded.config).await {
            let value = decode::mark_schema(&opened.value, schema).with_marks(Marks::EPHEMERAL);
            walk.found().world.of(&root).resources.insert(key, value);
        }
    }
}
