//! Stages that ask before they are applied.

use std::collections::{HashMap, HashSet};

use weir_addr::{ResourceAddr, StageName};
use weir_state::State;

use crate::nodes::{Node, NodeId, Nodes};
use crate::plan::{Action, Blocked, Change, Mode, Options, Plan, StagePlan};

/// Holds back the changes of each stage with `confirm = true` that nobody has confirmed in this run, and all that has to come after them: what is made from
/// them, and the destruction of what they still need.
pub(crate) fn hold(changes: &mut [Change], stages: &[StagePlan], nodes: &Nodes, prior: &State, options: &Options) {
    let mut asking: Vec<&StageName> = stages.iter().filter(|stage| stage.confirm && !options.confirmed.contains(&stage.name)).map(|stage| &stage.name).collect();
    if options.mode == Mode::Destroy {
        // What goes last is asked for last.
        asking.reverse();
    }
    for stage in asking {
        let own: Vec<usize> = (0..changes.len()).filter(|at| changes[*at].stage().as_ref() == Some(stage) && acts(&changes[*at])).collect();
        if own.iter().all(|at| changes[*at].blocked.is_some()) {
            continue;
        }
        let after = if options.mode == Mode::Destroy { HashSet::new() } else { dependants(nodes, own.iter().filter_map(|at| node(nodes, &changes[*at]))) };
        let needed = needed(prior, own.iter().map(|at| &changes[*at]));
        for change in changes.iter_mut().filter(|change| change.blocked.is_none() && change.action != Action::NoOp) {
            let inside = change.stage().as_ref() == Some(stage);
            let made_from = change.action != Action::Delete && node(nodes, change).is_some_and(|node| after.contains(&node));
            let still_needed = change.action == Action::Delete && needed.contains(&change.addr.resource.config());
            if inside || made_from || still_needed {
                change.blocked = Some(Blocked::Confirm(stage.clone()));
            }
        }
    }
}

/// True for what does something to an object; reading is none of it.
fn acts(change: &Change) -> bool {
    !matches!(change.action, Action::NoOp | Action::Read)
}

pub(crate) fn node(nodes: &Nodes, change: &Change) -> Option<NodeId> {
    let resource = &change.addr.resource;
    let module = nodes.module_at(&resource.module.without_keys())?;
    nodes.find(&Node::Resource { module, mode: resource.mode, type_: resource.type_.clone(), name: resource.name.clone() })
}

/// Everything that depends on one of these nodes, directly or not.
fn dependants(nodes: &Nodes, from: impl Iterator<Item = NodeId>) -> HashSet<NodeId> {
    let next = nodes.needing();
    let mut stack: Vec<NodeId> = from.flat_map(|id| next[id].clone()).collect();
    let mut found = HashSet::new();
    while let Some(id) = stack.pop() {
        if found.insert(id) {
            stack.extend(next[id].iter().copied());
        }
    }
    found
}

/// The resources that the objects of these changes need as they are now, directly or not.
fn needed<'a>(prior: &State, held: impl Iterator<Item = &'a Change>) -> HashSet<ResourceAddr> {
    let mut stack: Vec<ResourceAddr> =
        held.filter_map(|change| prior.record(&change.addr)).flat_map(|record| record.dependencies.iter().map(ResourceAddr::config)).collect();
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

impl StagePlan {
    /// True when this stage is the next to ask: it has changes, and all that comes before them is done or goes on at the same time.
    pub fn asks(&self, plan: &Plan) -> bool {
        let waits: Vec<&StageName> = plan
            .pending()
            .filter(|change| change.stage().as_ref() == Some(&self.name))
            .filter_map(|change| if let Some(Blocked::Confirm(stage)) = &change.blocked { Some(stage) } else { None })
            .collect();
        !waits.is_empty() && waits.iter().all(|stage| **stage == self.name)
    }

    /// How many objects of the stage are added, changed and destroyed.
    pub fn counts(&self, plan: &Plan) -> (usize, usize, usize) {
        let own = plan.pending().filter(|change| change.stage().as_ref() == Some(&self.name));
        own.fold((0, 0, 0), |(added, changed, destroyed), change| {
            let (a, c, d) = change.action.counts();
            (added + a, changed + c, destroyed + d)
        })
    }
}
