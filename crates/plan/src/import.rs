//! `import` blocks: objects that exist already and are taken into the state.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use weir_addr::{InstanceAddr, InstanceKey, ModulePath, ModuleStep, ResourceAddr};
use weir_config::syntax::Expr;
use weir_config::{Import, ImportStep, Repeat};
use weir_diag::{Diagnostic, Diagnostics, Span};
use weir_eval::{Evaluator, Instances, expand};
use weir_provider::{Fault, ReadRequest, Refreshed, Session};
use weir_value::{Type, Value, convert, encode_json};

use crate::decode;
use crate::nodes::Nodes;
use crate::plan::Mode;
use crate::scope::ModuleScope;
use crate::walk::{Job, Walk};

/// What an object is imported by.
#[derive(Clone, Debug)]
pub struct ImportKey {
    /// Its id, or its identity as text.
    pub id: Arc<str>,
    /// Its identity, when it is imported by that.
    pub identity: Option<Value>,
}

/// What blocks say of one resource; `None` while it is not known.
type Ids = BTreeMap<InstanceAddr, (Option<ImportKey>, Span)>;

/// The `import` blocks, evaluated when the first instance of their resource has its turn.
#[derive(Default)]
pub(crate) struct Imports {
    known: RefCell<HashMap<ResourceAddr, Rc<Ids>>>,
    /// What was read, with the ids.
    pub(crate) read: RefCell<BTreeMap<InstanceAddr, (Arc<str>, Value)>>,
}

/// Asks a provider for the object of an id, and reads it.
pub async fn import_object(session: &Arc<dyn Session>, addr: &InstanceAddr, key: &ImportKey) -> Result<Refreshed, Vec<Fault>> {
    let (type_name, id) = (&*addr.resource.type_, &*key.id);
    let found = match &key.identity {
        Some(identity) => session.import_identified(type_name, identity).await?,
        None => session.import(type_name, id).await?,
    };
    let Some(imported) = found.into_iter().find(|imported| *imported.type_name == *type_name) else {
        return Err(vec![Fault::error("Invalid import", format!("Asked for {addr}, the provider gave an object of another type for the id \"{id}\"."))]);
    };
    let read = session.refresh(ReadRequest { type_name, prior: &imported.state, private: imported.private.as_deref() }).await?;
    read.ok_or_else(|| {
        vec![Fault::error(
            "Cannot import non-existent remote object",
            format!(
                "While attempting to import an existing object to \"{addr}\", the provider detected that no object exists with the given id \"{id}\". Only pre-existing objects can be imported; check that the id is correct and that it is associated with the provider's configured region or endpoint, or use \"weir apply\" to create a new remote object for this resource."
            ),
        )]
    })
}

impl Imports {
    /// The object that an instance is to be imported from, with its id; `None` when it is not imported, or not now. `Err` when that failed (reported).
    pub(crate) async fn of(&self, walk: &Walk<'_>, job: &Job<'_>) -> Result<Option<(Arc<str>, Refreshed)>, ()> {
        if walk.validating || walk.options.mode != Mode::Normal || walk.prior.record(&job.addr).is_some() {
            return Ok(None);
        }
        let ids = self.ids(walk, &job.addr.resource.config());
        let asked =
            walk.options.imports.iter().find(|(addr, _)| *addr == job.addr).map(|(_, id)| (Some(ImportKey { id: id.clone(), identity: None }), job.resource.span));
        let Some((key, span)) = asked.as_ref().or_else(|| ids.get(&job.addr)) else { return Ok(None) };
        // Without a provider it is not imported now; what is behind a gate may get its id there.
        let (Some(session), Some(key)) = (job.state.session(), key) else {
            if job.blocked.is_some() {
                return Ok(None);
            }
            if key.is_none() {
                let detail =
                    "The import block \"id\" argument depends on resource attributes that cannot be determined until apply, so Weir cannot plan to import this resource.";
                walk.report([Diagnostic::error("Invalid import id argument", detail).at(*span).of(job.addr.to_string())]);
            }
            return Err(());
        };
        if walk.options.offline {
            let detail = "Only its provider knows what the object is like, so -offline leaves out the import and what follows from it.";
            walk.report([Diagnostic::warning("Import is not planned", detail).at(*span).of(job.addr.to_string())]);
            return Err(());
        }
        let id = &key.id;
        match import_object(session, &job.addr, key).await {
            Ok(found) => {
                let state = decode::mark_schema(&found.state, job.schema);
                self.read.borrow_mut().insert(job.addr.clone(), (id.clone(), state.clone()));
                Ok(Some((id.clone(), Refreshed { state, ..found })))
            }
            Err(faults) => {
                walk.report(decode::report(faults, None, Some(*span), &job.addr.to_string()));
                Err(())
            }
        }
    }

    fn ids(&self, walk: &Walk<'_>, resource: &ResourceAddr) -> Rc<Ids> {
        if let Some(known) = self.known.borrow().get(resource) {
            return known.clone();
        }
        let mut ids = Ids::new();
        for import in walk.nodes.modules[0].imports.iter().filter(|import| import.target() == *resource) {
            evaluate(walk, import, &mut ids);
        }
        let ids = Rc::new(ids);
        self.known.borrow_mut().insert(resource.clone(), ids.clone());
        ids
    }

    /// Complains about imports for instances that the configuration does not have.
    pub(crate) fn unused(&self, walk: &Walk<'_>, visited: &HashSet<InstanceAddr>) -> Diagnostics {
        let mut found = Diagnostics::new();
        if walk.options.mode != Mode::Normal || walk.options.is_partial() || walk.found().diags.has_errors() {
            return found;
        }
        let targets: HashSet<ResourceAddr> = walk.nodes.modules[0].imports.iter().map(|import| import.target()).collect();
        for target in targets {
            for (addr, (_, span)) in self.ids(walk, &target).iter().filter(|(addr, _)| !visited.contains(addr) && walk.prior.record(addr).is_none()) {
                let detail =
                    format!("The configuration for the given import {addr} does not exist. All target instances must have an associated configuration to be imported.");
                found.error(*span, "Configuration for import target does not exist", detail);
            }
        }
        found
    }
}

/// Adds what one block says.
fn evaluate(walk: &Walk<'_>, import: &Import, ids: &mut Ids) {
    let (root, module) = (ModulePath::root(), &walk.nodes.modules[0]);
    let mut scope = ModuleScope::new(walk, module, &root);
    let rounds: Vec<Option<(Value, Value)>> = match &import.repeat {
        Repeat::ForEach(expr) => match walk.eval(&scope, |evaluator| expand(&import.repeat, evaluator)) {
            Instances::Keys(keys) => keys.into_iter().map(|(key, value)| Some((Value::String(key), value))).collect(),
            Instances::Unknown(_) if !walk.found().diags.has_errors() => {
                let detail = "The import block \"for_each\" argument depends on resource attributes that cannot be determined until apply, so Weir cannot plan to import these resources.";
                walk.report([Diagnostic::error("Invalid for_each argument", detail).at(expr.span)]);
                Vec::new()
            }
            _ => Vec::new(),
        },
        Repeat::Once | Repeat::Count(_) => vec![None],
    };
    for each in rounds {
        scope.each = each;
        let found =
            walk.eval(&scope, |evaluator| address(evaluator, import).zip(if import.by_identity { identity(evaluator, &import.id) } else { id(evaluator, &import.id) }));
        let Some((addr, key)) = found else { continue };
        if let Some((_, first)) = ids.get(&addr) {
            let detail = format!("{addr} is to be imported twice. A resource instance can be imported from one object only: remove one of the blocks.");
            walk.report([Diagnostic::error(format!("Duplicate import configuration for \"{addr}\""), detail).at(import.to.span).label(*first, "imported here first")]);
            continue;
        }
        ids.insert(addr, (key, import.id.span));
    }
}

fn address(evaluator: &mut Evaluator<'_>, import: &Import) -> Option<InstanceAddr> {
    let mut steps = Vec::new();
    for (step, kind) in &import.module {
        steps.push(ModuleStep { name: step.0.clone(), key: key(evaluator, step)?, kind: *kind });
    }
    let key = key(evaluator, &import.resource)?;
    Some(ResourceAddr::managed(ModulePath::new(steps), import.type_.clone(), import.resource.0.clone()).instance(key))
}

/// The key of a step: `Some(None)` for none, `None` for a bad one (reported).
fn key(evaluator: &mut Evaluator<'_>, (_, expr): &ImportStep) -> Option<Option<InstanceKey>> {
    let Some(expr) = expr else { return Some(None) };
    let (value, _) = evaluator.eval(expr).unmark();
    match &value {
        Value::String(text) => Some(Some(InstanceKey::Str(text.clone()))),
        other => {
            let number = other.as_u64();
            if number.is_none() {
                evaluator.diags.error(
                    expr.span,
                    "Invalid import 'to' expression",
                    "The key of an instance must be a string or a whole number that is known before anything is applied.",
                );
            }
            Some(Some(InstanceKey::Int(number?)))
        }
    }
}

/// An id: `Some(None)` while it is not known, `None` for a bad one (reported).
fn id(evaluator: &mut Evaluator<'_>, expr: &Expr) -> Option<Option<ImportKey>> {
    let errors = evaluator.diags.len();
    let (value, marks) = evaluator.eval(expr).unmark();
    if evaluator.diags.len() > errors {
        return None;
    }
    let wrong = if !marks.is_empty() {
        "The import ID must be neither sensitive nor ephemeral, since it is shown and stored."
    } else {
        match convert(&value, &Type::String) {
            Ok(Value::String(text)) if text.is_empty() => "The import ID value evaluates to an empty string, please provide a non-empty value.",
            Ok(Value::String(text)) => return Some(Some(ImportKey { id: text, identity: None })),
            Ok(Value::Unknown(_)) => return Some(None),
            Ok(_) => "The import ID cannot be null.",
            Err(_) => "The import ID must be a string.",
        }
    };
    let diagnostic = evaluator.describe(Diagnostic::error("Invalid import id argument", wrong).at(expr.span), expr);
    evaluator.diags.push(diagnostic);
    None
}

/// An identity: `Some(None)` while it is not known, `None` for a bad one (reported).
fn identity(evaluator: &mut Evaluator<'_>, expr: &Expr) -> Option<Option<ImportKey>> {
    let errors = evaluator.diags.len();
    let value = evaluator.eval(expr);
    if evaluator.diags.len() > errors {
        return None;
    }
    let wrong = if !value.marks_deep().is_empty() {
        "The identity must be neither sensitive nor ephemeral, since it is shown."
    } else if !value.is_wholly_known() {
        return Some(None);
    } else if let Value::Object(parts) | Value::Map(_, parts) = &value {
        let parts: Vec<String> = parts.iter().filter_map(|(name, part)| Some(format!("{name} = {}", encode_json(part).ok()?))).collect();
        return Some(Some(ImportKey { id: parts.join(", ").into(), identity: Some(value) }));
    } else {
        "The identity must be an object, such as { region = \"eu-central-1\", name = \"web\" }."
    };
    let diagnostic = evaluator.describe(Diagnostic::error("Invalid import identity argument", wrong).at(expr.span), expr);
    evaluator.diags.push(diagnostic);
    None
}

/// What is wrong with import blocks whatever their values are.
pub(crate) fn check(nodes: &Nodes) -> Diagnostics {
    let mut found = Diagnostics::new();
    let mut seen: HashMap<ResourceAddr, Span> = HashMap::new();
    for import in &nodes.modules[0].imports {
        let target = import.target();
        let keyed = import.resource.1.is_some() || import.module.iter().any(|((_, key), _)| key.is_some());
        if !keyed {
            if let Some(first) = seen.get(&target) {
                found.push(
                    Diagnostic::error(
                        format!("Duplicate import configuration for \"{target}\""),
                        format!("An import block for the resource \"{target}\" was already declared. A resource can have only one import block."),
                    )
                    .at(import.to.span)
                    .label(*first, "declared here first"),
                );
                continue;
            }
            seen.insert(target.clone(), import.to.span);
        }
        let block = nodes.module_at(&target.module).and_then(|module| nodes.modules[module].resources.get(&(target.mode, target.type_.clone(), target.name.clone())));
        let wrong = match block.map(|block| &block.repeat) {
            None => {
                let generate = target.module.is_root() && import.resource.1.is_none() && matches!(import.repeat, Repeat::Once);
                let way = if generate {
                    " If you wish to automatically generate config for this resource, use the -generate-config-out option within weir plan. Otherwise, make sure the target resource exists within your configuration. For example:\n\n  weir plan -generate-config-out=generated.tf"
                } else {
                    " All target instances must have an associated configuration to be imported."
                };
                let detail = format!("The configuration for the given import target {target} does not exist.{way}");
                found.error(import.to.span, "Configuration for import target does not exist", detail);
                continue;
            }
            Some(Repeat::Count(_)) if import.resource.1.is_none() => "The target resource is using count.",
            Some(Repeat::ForEach(_)) if import.resource.1.is_none() => "The target resource is using for_each.",
            Some(_) => continue,
        };
        let detail = format!("{wrong} Add the key of the instance to the address.");
        found.error(import.to.span, "Invalid import 'to' expression", detail);
    }
    found
}
