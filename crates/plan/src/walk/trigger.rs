//! `replace_triggered_by`: what is about to change.

use std::collections::{HashMap, HashSet};

use weir_addr::{InstanceAddr, InstanceKey, Mode, ModulePath, ResourceAddr};
use weir_config::syntax::{Expr, ExprKind, Ident};
use weir_eval::Evaluator;
use weir_value::{Path, PathStep, Value};

use super::{Executor, Walk};
use crate::plan::{Action, Change};
use crate::scope::ModuleScope;

/// A step behind the name that an expression starts with.
enum Link<'a> {
    Attr(&'a Ident),
    Index(&'a Expr),
}

/// The name and the steps of a chain; `None` for anything else.
fn chain(expr: &Expr) -> Option<(&Ident, Vec<Link<'_>>)> {
    let mut links = Vec::new();
    let mut at = expr;
    loop {
        at = match &at.kind {
            ExprKind::Variable(root) => {
                links.reverse();
                return Some((root, links));
            }
            ExprKind::GetAttr { object, name } => {
                links.push(Link::Attr(name));
                object
            }
            ExprKind::Index { collection, key } => {
                links.push(Link::Index(key));
                collection
            }
            ExprKind::Parens(inner) => inner,
            _ => return None,
        };
    }
}

/// The objects that are updated or replaced.
#[derive(Debug, Default)]
pub(crate) struct Changing {
    /// Each, as it is and as it will be.
    pub(crate) objects: HashMap<InstanceAddr, (Value, Value)>,
    /// Their resources.
    pub(crate) resources: HashSet<ResourceAddr>,
}

impl Changing {
    /// Takes in a change, if it is one of these.
    pub(crate) fn note(&mut self, change: &Change) {
        let (Some(before), Some(after), None) = (&change.before, &change.after, &change.deposed) else { return };
        if change.action == Action::Update || change.action.is_replace() {
            self.objects.insert(change.addr.clone(), (before.clone(), after.clone()));
            self.resources.insert(change.addr.resource.clone());
        }
    }
}

impl Walk<'_> {
    /// True when what an entry refers to is updated or replaced: the resource or instance, or of it the attribute that is named. A creation or deletion is no change of what is there.
    pub(super) fn triggers(&self, expr: &Expr, scope: &ModuleScope<'_>, module: &ModulePath, executor: &dyn Executor) -> bool {
        let Some((root, links)) = chain(expr) else { return false };
        let mut links = links.as_slice();
        let type_ = match (&*root.name, links) {
            ("resource", [Link::Attr(type_), rest @ ..]) => {
                links = rest;
                type_.name.clone()
            }
            _ => root.name.clone(),
        };
        let [Link::Attr(name), rest @ ..] = links else { return false };
        let resource = ResourceAddr { module: module.clone(), mode: Mode::Managed, type_, name: name.name.clone() };
        let value = |key: &Expr| {
            let mut evaluator = Evaluator::new(scope, self.host);
            let value = evaluator.eval(key).unmark_deep().0;
            self.report(evaluator.diags);
            value
        };
        let (key, rest) = match rest {
            [Link::Index(key), rest @ ..] => {
                let key = match value(key) {
                    Value::String(key) => InstanceKey::Str(key),
                    other => match other.as_u64() {
                        Some(at) => InstanceKey::Int(at),
                        None => return false,
                    },
                };
                (Some(key), rest)
            }
            rest => (None, rest),
        };
        if key.is_none() && rest.is_empty() {
            return executor.changes_in(&resource);
        }
        let addr = InstanceAddr { resource, key };
        let Some((before, after)) = executor.changing(&addr) else { return false };
        let steps = rest.iter().map(|link| match link {
            Link::Attr(name) => PathStep::Attr(name.name.clone()),
            Link::Index(key) => PathStep::Index(value(key)),
        });
        let path = Path(steps.collect());
        path.0.is_empty() || part(&before, &path) != part(&after, &path)
    }
}

/// What stands at a path; of something unknown, or null, the thing itself.
fn part(value: &Value, path: &Path) -> Value {
    path.0.iter().fold(value.clone().unmark_deep().0, |value, step| match step {
        _ if !value.is_known() || value.is_null() => value,
        PathStep::Attr(name) => value.get(name).unwrap_or_else(Value::null),
        PathStep::Index(Value::String(name)) => value.get(name).unwrap_or_else(Value::null),
        PathStep::Index(at) => at.as_u64().and_then(|at| value.elements().nth(usize::try_from(at).ok()?).cloned()).unwrap_or_else(Value::null),
    })
}
