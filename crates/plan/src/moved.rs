//! `moved` blocks: objects that get another address before anything is planned.

use std::collections::{BTreeMap, HashMap, HashSet};

use weir_addr::{InstanceAddr, InstanceKey, Mode, ModulePath, ModuleStep, ResourceAddr, Target};
use weir_config::{Config, Moved, Repeat};
use weir_diag::{Diagnostic, Diagnostics, Sources, Span};
use weir_eval::Instances;
use weir_state::State;

use crate::catalog::Catalog;
use crate::nodes::Nodes;
use crate::takeover;
use crate::walk::Walk;

/// One end of a statement, relative to the module that the statement stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    /// A module; of all instances, or of the one whose key the last step has.
    Module { path: ModulePath, all: bool },
    /// A resource; all instances (`None`), or the one of that key.
    Resource { addr: ResourceAddr, key: Option<Option<InstanceKey>> },
}

/// One move.
#[derive(Clone, Debug)]
struct Statement {
    module: ModulePath,
    from: End,
    to: End,
    /// Where it is written; `None` for one that `count` implies.
    span: Option<Span>,
}

/// What the `moved` blocks of a configuration do to a state.
#[derive(Default)]
pub(crate) struct Moves {
    /// The state afterwards, when something moved.
    pub(crate) state: Option<State>,
    /// Where each moved object was, by where it is now.
    pub(crate) previous: BTreeMap<InstanceAddr, InstanceAddr>,
    /// What was wrong.
    pub(crate) diags: Diagnostics,
    statements: Vec<Statement>,
}

impl Moves {
    /// Reads the blocks and moves the objects of `prior`.
    pub(crate) fn of(config: &Config, nodes: &Nodes, prior: &State, catalog: &Catalog) -> Self {
        let mut moves = Self::default();
        for module in &nodes.modules {
            moves.statements.extend(module.moved.iter().map(|moved| Statement::of(&module.path, moved)));
        }
        moves.check(&config.sources);
        let implied = implied(nodes, prior, &moves.statements);
        moves.statements.extend(implied);
        let Some(order) = moves.order(&config.sources) else { return moves };
        if !moves.diags.has_errors() {
            moves.carry_out(&order, prior, nodes, catalog);
        }
        moves
    }

    /// What is wrong whatever the state says.
    fn check(&mut self, sources: &Sources) {
        let place = |span: Option<Span>| span.map_or_else(String::new, |span| column(sources, span));
        let mut from: HashMap<String, (&Statement, String)> = HashMap::new();
        let mut into: HashMap<String, (&Statement, String)> = HashMap::new();
        let mut found = Diagnostics::new();
        for statement in &self.statements {
            let Some(span) = statement.span else { continue };
            let (old, new) = (statement.text(&statement.from), statement.text(&statement.to));
            let what = if matches!(statement.from, End::Module { .. }) { "module" } else { "resource" };
            if statement.from == statement.to {
                if old == new {
                    let detail =
                        format!("This statement declares a move from {old} to the same address, which is the same as not declaring this move at all. Remove it.");
                    found.error(span, "Redundant move statement", detail);
                }
                continue;
            }
            if let Some((first, other)) = from.get(&old) {
                if *other != new {
                    let detail = format!(
                        "A statement at {} declared that {old} moved to {other}, but this statement instead declares that it moved to {new}.\n\nEach {what} can move to only one destination {what}.",
                        place(first.span)
                    );
                    found.error(span, "Ambiguous move statements", detail);
                }
            } else if let Some((first, other)) = into.get(&new) {
                let detail = format!(
                    "A statement at {} declared that {other} moved to {new}, but this statement instead declares that {old} moved there.\n\nEach {what} can have moved from only one source {what}.",
                    place(first.span)
                );
                found.error(span, "Ambiguous move statements", detail);
            }
            from.entry(old.clone()).or_insert((statement, new.clone()));
            into.entry(new).or_insert((statement, old));
        }
        self.diags.extend(found);
    }

    /// The order in which they are carried out; `None` when there is none.
    fn order(&mut self, sources: &Sources) -> Option<Vec<usize>> {
        let count = self.statements.len();
        let mut missing = vec![0_usize; count];
        let mut next: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (at, one) in self.statements.iter().enumerate() {
            for (before, other) in self.statements.iter().enumerate() {
                if at != before && one.waits_for(other) {
                    missing[at] += 1;
                    next[before].push(at);
                }
            }
        }
        let mut order = Vec::with_capacity(count);
        let mut ready: std::collections::BTreeSet<usize> = (0..count).filter(|at| missing[*at] == 0).collect();
        while let Some(at) = ready.pop_first() {
            order.push(at);
            for then in &next[at] {
                missing[*then] -= 1;
                if missing[*then] == 0 {
                    ready.insert(*then);
                }
            }
        }
        if order.len() == count {
            return Some(order);
        }
        // What only waits for the circle is no part of it.
        let mut left: HashSet<usize> = (0..count).filter(|at| !order.contains(at)).collect();
        while let Some(at) = left.iter().copied().find(|at| !next[*at].iter().any(|then| left.contains(then))) {
            left.remove(&at);
        }
        let mut circle: Vec<&Statement> = (0..count).filter(|at| left.contains(at)).map(|at| &self.statements[at]).collect();
        circle.sort_by_key(|statement| statement.span.map(|span| column(sources, span)));
        let lines: Vec<String> = circle
            .iter()
            .map(|statement| {
                let place = statement.span.map_or_else(|| "implied".to_owned(), |span| column(sources, span));
                format!("\n  - {place}: {} → {}", statement.text(&statement.from), statement.text(&statement.to))
            })
            .collect();
        let detail = format!(
            "The following chained move statements form a cycle, and so there is no final location to move objects to:{}\n\nA chain of move statements must end with an address that doesn't appear in any other statements, and which typically also refers to an object still declared in the configuration.",
            lines.concat()
        );
        let diagnostic = Diagnostic::error("Cyclic dependency in move statements", detail);
        self.diags.push(circle.iter().find_map(|statement| statement.span).into_iter().fold(diagnostic, Diagnostic::at));
        None
    }

    fn carry_out(&mut self, order: &[usize], prior: &State, nodes: &Nodes, catalog: &Catalog) {
        if order.is_empty() {
            return;
        }
        let mut places: Vec<(InstanceAddr, InstanceAddr)> = prior.instances().map(|(addr, _)| (addr.clone(), addr)).collect();
        let mut taken: HashSet<InstanceAddr> = places.iter().map(|(_, now)| now.clone()).collect();
        let mut stuck: Vec<String> = Vec::new();
        let mut crossed: HashMap<InstanceAddr, Option<Span>> = HashMap::new();
        for statement in order.iter().map(|at| &self.statements[*at]) {
            for (_, now) in &mut places {
                let Some(new) = statement.moved(now).filter(|new| new != now) else { continue };
                if taken.contains(&new) {
                    stuck.push(format!("\n  - {now} could not move to {new}"));
                    continue;
                }
                if new.resource.type_ != now.resource.type_ {
                    crossed.insert(new.clone(), statement.span);
                }
                taken.remove(now);
                taken.insert(new.clone());
                *now = new;
            }
        }
        if !stuck.is_empty() {
            self.diags.push(Diagnostic::warning(
                "Unresolved resource instance address changes",
                format!(
                    "Weir tried to adjust resource instance addresses in the prior state based on change information recorded in the configuration, but some adjustments did not succeed due to existing objects already at the intended addresses:{}\n\nWeir has planned to destroy these objects. If the proposed changes aren't appropriate, you must first resolve the conflicts using the \"weir state\" subcommands and then create a new plan.",
                    stuck.concat()
                ),
            ));
        }
        places.retain(|(was, now)| was != now);
        if places.is_empty() {
            return;
        }
        let mut state = prior.clone();
        // Where each goes was found free above, so this cannot be refused.
        if state.relocate(&places).is_ok() {
            for (was, now) in places.iter().filter(|(was, now)| was.resource.type_ != now.resource.type_) {
                let wrong = takeover::convert(&mut state, prior, was, now, nodes, catalog);
                let span = crossed.get(now).copied().flatten();
                self.diags.extend(wrong.into_iter().map(|wrong| span.into_iter().fold(wrong, Diagnostic::at)));
            }
            if self.diags.has_errors() {
                return;
            }
            self.state = Some(state);
            self.previous = places.into_iter().filter(|(was, _)| was.resource.mode == Mode::Managed).map(|(was, now)| (now, was)).collect();
        }
    }

    /// Complains about statements whose source is still declared, once it is known how many instances there are.
    pub(crate) fn still_there(&self, walk: &Walk<'_>, repetitions: &HashMap<ResourceAddr, Instances>) -> Diagnostics {
        let mut found = Diagnostics::new();
        for statement in self.statements.iter().filter(|statement| statement.from != statement.to) {
            let (Some(span), Some((what, declared))) = (statement.span, statement.declared(walk, repetitions)) else { continue };
            let (old, new) = (statement.text(&statement.from), statement.text(&statement.to));
            let detail = format!(
                "This statement declares a move from {old}, but that {what} is still declared at {}.\n\nChange your configuration so that this {what} will be declared as {new} instead.",
                column(&walk.config.sources, declared)
            );
            found.push(Diagnostic::error("Moved object still exists", detail).at(span).label(declared, "still declared here"));
        }
        found
    }

    /// Complains when `-target` leaves out what has moved.
    pub(crate) fn left_out(&self, walk: &Walk<'_>) -> Option<Diagnostic> {
        let lines: Vec<String> = self.previous.keys().filter(|addr| !walk.targeted(addr)).map(|addr| format!("\n  -target='{addr}'")).collect();
        (!lines.is_empty()).then(|| {
            Diagnostic::error(
                "Moved resource instances excluded by targeting",
                format!(
                    "Resource instances in your current state have moved to new addresses in the latest configuration. Weir must include those resource instances while planning in order to ensure a correct result, but your -target=... options do not fully cover all of those resource instances.\n\nTo create a valid plan, either remove your -target=... options altogether or add the following additional target options:{}",
                    lines.concat()
                ),
            )
        })
    }
}

/// `main.tf:3,1`
fn column(sources: &Sources, span: Span) -> String {
    let Some(file) = sources.get(span.source) else { return String::new() };
    let position = file.position(span.start);
    format!("{}:{},{}", file.name, position.line, position.column)
}

impl Statement {
    fn of(module: &ModulePath, moved: &Moved) -> Self {
        // Without keys on both sides, all instances move and keep their keys; else a side without a key is the one instance that has none.
        let keyed = |target: &Target| match target {
            Target::Module(path) => path.last().is_some_and(|step| step.key.is_some()),
            Target::Instance(_) => true,
            Target::Stage(_) | Target::Resource(_) => false,
        };
        let all = !keyed(&moved.from) && !keyed(&moved.to);
        let end = |target: &Target| match target {
            Target::Stage(name) => End::Module { path: ModulePath::stage(name.name().clone(), None), all },
            Target::Module(path) => End::Module { path: path.clone(), all },
            Target::Resource(addr) => End::Resource { addr: addr.clone(), key: (!all).then_some(None) },
            Target::Instance(addr) => End::Resource { addr: addr.resource.clone(), key: Some(addr.key.clone()) },
        };
        Self { module: module.clone(), from: end(&moved.from), to: end(&moved.to), span: Some(moved.span) }
    }

    fn text(&self, end: &End) -> String {
        let prefix = if self.module.is_root() { String::new() } else { format!("{}.", self.module) };
        match end {
            End::Module { path, .. } => format!("{prefix}{path}"),
            End::Resource { addr, key } => format!("{prefix}{}", addr.instance(key.clone().flatten())),
        }
    }

    /// The end of this statement as a path from the root and, for a resource, what is in it.
    fn absolute<'a>(&self, end: &'a End) -> Absolute<'a> {
        let (path, resource, all) = match end {
            End::Module { path, all } => (path, None, *all),
            End::Resource { addr, key } => (&addr.module, Some((addr, key)), false),
        };
        (ModulePath::new([self.module.steps(), path.steps()].concat()), resource, all)
    }

    /// Whether another statement has to be carried out before this one.
    fn waits_for(&self, other: &Self) -> bool {
        let from = self.absolute(&self.from);
        let (other_from, other_to) = (other.absolute(&other.from), other.absolute(&other.to));
        let prefix = self.module.steps().len().max(other.module.steps().len());
        let chains = match (&from.1, &other_to.1) {
            (Some((a, a_key)), Some((b, b_key))) => {
                let keys = a_key.is_none() || b_key.is_none() || a_key == b_key;
                keys && same_path(&from.0, &other_to.0, prefix, false) && (&a.type_, &a.name) == (&b.type_, &b.name)
            }
            (None, None) => same_path(&from.0, &other_to.0, prefix, from.2 || other_to.2),
            _ => false,
        };
        // What lies deeper goes first where both take from the same module, and last where the other brings its module.
        chains || nested(&other_from, &from, prefix) || nested(&from, &other_to, prefix) || nested(&other_to, &from, prefix)
    }

    /// Where this statement moves an instance to; `None` when it is not about it.
    fn moved(&self, addr: &InstanceAddr) -> Option<InstanceAddr> {
        let steps = addr.module().steps();
        let own = self.module.steps();
        if steps.len() < own.len() || steps.iter().zip(own).any(|(step, own)| step.name != own.name) {
            return None;
        }
        let (prefix, rest) = steps.split_at(own.len());
        let under = |path: &ModulePath, more: &[ModuleStep]| ModulePath::new([prefix, path.steps(), more].concat());
        match (&self.from, &self.to) {
            (End::Module { path: old, all }, End::Module { path: new, .. }) => {
                let (last, callers) = old.steps().split_last()?;
                let here = rest.get(callers.len())?;
                if !rest.starts_with(callers) || here.name != last.name || !all && here.key != last.key {
                    return None;
                }
                let (new_last, new_callers) = new.steps().split_last()?;
                let key = if *all { here.key.clone() } else { new_last.key.clone() };
                let call = [new_callers, &[ModuleStep { key, ..new_last.clone() }]].concat();
                let module = under(&ModulePath::new(call), &rest[old.steps().len()..]);
                Some(InstanceAddr { resource: ResourceAddr { module, ..addr.resource.clone() }, key: addr.key.clone() })
            }
            (End::Resource { addr: old, key }, End::Resource { addr: new, key: new_key }) => {
                let same = *rest == *old.module.steps() && (old.mode, &old.type_, &old.name) == (addr.resource.mode, &addr.resource.type_, &addr.resource.name);
                if !same || key.as_ref().is_some_and(|key| *key != addr.key) {
                    return None;
                }
                let resource = ResourceAddr { module: under(&new.module, &[]), ..new.clone() };
                Some(InstanceAddr { resource, key: new_key.clone().unwrap_or_else(|| addr.key.clone()) })
            }
            _ => None,
        }
    }

    /// What the source still is, and where it is declared.
    fn declared(&self, walk: &Walk<'_>, repetitions: &HashMap<ResourceAddr, Instances>) -> Option<(&'static str, Span)> {
        let (path, resource, all) = self.absolute(&self.from);
        let module = walk.nodes.module_at(&path.without_keys())?;
        let prefix = self.module.steps().len();
        let exists = walk.instances(module).into_iter().any(|instance| instance.partial.is_none() && same_path(&instance.path, &path, prefix, all));
        if !exists {
            return None;
        }
        let Some((addr, key)) = resource else {
            let call = walk.nodes.modules[walk.nodes.module_at(&path.parent()?.without_keys())?].calls.get(&path.last()?.name)?;
            return Some((if all { "module call" } else { "module instance" }, call.span));
        };
        let block = walk.nodes.modules[module].resources.get(&(addr.mode, addr.type_.clone(), addr.name.clone()))?;
        let Some(key) = key else { return Some(("resource", block.span)) };
        let own =
            |other: &ResourceAddr| (other.mode, &other.type_, &other.name) == (addr.mode, &addr.type_, &addr.name) && same_path(&other.module, &path, prefix, false);
        let there = repetitions.iter().any(|(other, instances)| own(other) && instances.keys().contains(key));
        there.then_some(("resource instance", block.span))
    }
}

/// Whether two paths can name the same module. Of the first `prefix` steps only the names count, and of the last too, if `all`.
fn same_path(a: &ModulePath, b: &ModulePath, prefix: usize, all: bool) -> bool {
    a.steps().len() == b.steps().len() && begins(a, b, prefix, all)
}

fn begins(a: &ModulePath, b: &ModulePath, prefix: usize, all: bool) -> bool {
    let last = b.steps().len();
    a.steps().len() >= last
        && a.steps().iter().zip(b.steps()).enumerate().all(|(at, (a, b))| a.name == b.name && (at < prefix || a.key == b.key || all && at + 1 == last))
}

/// A module, the resource in it, and whether all instances of the module's call are meant.
type Absolute<'a> = (ModulePath, Option<(&'a ResourceAddr, &'a Option<Option<InstanceKey>>)>, bool);

/// Whether `inner` lies within the module `outer`.
fn nested(inner: &Absolute<'_>, outer: &Absolute<'_>, prefix: usize) -> bool {
    let deeper = inner.1.is_some() || inner.0.steps().len() > outer.0.steps().len();
    outer.1.is_none() && deeper && begins(&inner.0, &outer.0, prefix, outer.2)
}

/// Adding or removing `count` moves the one object that there is: no key becomes 0, 0 becomes no key.
fn implied(nodes: &Nodes, prior: &State, explicit: &[Statement]) -> Vec<Statement> {
    let mut found = Vec::new();
    for (addr, state) in prior.resources.iter().filter(|(addr, _)| addr.mode == Mode::Managed) {
        let zero = Some(InstanceKey::Int(0));
        let (bare, first) = (state.instances.contains_key(&None), state.instances.contains_key(&zero));
        if bare == first {
            continue;
        }
        let Some(module) = nodes.module_at(&addr.module.without_keys()) else { continue };
        let Some(block) = nodes.modules[module].resources.get(&(addr.mode, addr.type_.clone(), addr.name.clone())) else { continue };
        let (from, to) = match block.repeat {
            Repeat::Count(_) if bare => (None, zero),
            Repeat::Once if first => (zero, None),
            _ => continue,
        };
        if explicit.iter().any(|statement| statement.moved(&addr.instance(from.clone())).is_some()) {
            continue;
        }
        let end = |key| End::Resource { addr: addr.clone(), key: Some(key) };
        found.push(Statement { module: ModulePath::root(), from: end(from), to: end(to), span: None });
    }
    found
}
