//! The stages and gates of a stack, and which comes after which.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use weir_addr::{GateName, StageName};
use weir_config::CallKind;

use crate::nodes::{Node, NodeId, Nodes};

/// A stage or a gate.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// A stage.
    Stage(StageName),
    /// A gate.
    Gate(GateName),
}

/// What part a node belongs to; `None` for what stands outside of stages.
fn part(nodes: &Nodes, id: NodeId) -> Option<Part> {
    let calls = &nodes.modules[0].calls;
    let stage = |name: &std::sync::Arc<str>| calls.get(name).filter(|call| call.kind == CallKind::Stage).map(|call| Part::Stage(StageName::new(call.name.clone())));
    let module = match &nodes.nodes[id] {
        Node::Gate { name } => return Some(Part::Gate(name.clone())),
        Node::Call { module: 0, name } => return stage(name),
        Node::Call { module, .. }
        | Node::Done { module }
        | Node::Variable { module, .. }
        | Node::Local { module, .. }
        | Node::Output { module, .. }
        | Node::Provider { module, .. }
        | Node::Check { module, .. }
        | Node::Resource { module, .. } => *module,
    };
    stage(&nodes.modules[module].path.steps().first()?.name)
}

/// Each part with the parts that come directly before it. A way that leads over a third part is left out.
pub fn outline(nodes: &Nodes) -> BTreeMap<Part, BTreeSet<Part>> {
    let parts: Vec<Option<Part>> = (0..nodes.nodes.len()).map(|id| part(nodes, id)).collect();
    let mut members: HashMap<&Part, Vec<NodeId>> = HashMap::new();
    for (id, part) in parts.iter().enumerate() {
        if let Some(part) = part {
            members.entry(part).or_default().push(id);
        }
    }
    let mut before: BTreeMap<Part, BTreeSet<Part>> = BTreeMap::new();
    for (part, ids) in &members {
        let (mut seen, mut found): (HashSet<NodeId>, BTreeSet<Part>) = (HashSet::new(), BTreeSet::new());
        let mut stack = ids.clone();
        while let Some(id) = stack.pop() {
            if !seen.insert(id) {
                continue;
            }
            match &parts[id] {
                Some(other) if other != *part => drop(found.insert(other.clone())),
                _ => stack.extend(nodes.deps[id].iter().copied()),
            }
        }
        before.insert((*part).clone(), found);
    }
    let all = before.clone();
    for found in before.values_mut() {
        let beyond: BTreeSet<&Part> = found.iter().flat_map(|part| reach(&all, part)).collect();
        let beyond: Vec<Part> = found.iter().filter(|part| beyond.contains(part)).cloned().collect();
        found.retain(|part| !beyond.contains(part));
    }
    before
}

/// Everything that comes before a part, in any number of steps.
fn reach<'a>(all: &'a BTreeMap<Part, BTreeSet<Part>>, from: &Part) -> BTreeSet<&'a Part> {
    let (mut seen, mut stack) = (BTreeSet::new(), Vec::from_iter(all.get(from)));
    while let Some(next) = stack.pop() {
        for part in next {
            if seen.insert(part) {
                stack.extend(all.get(part));
            }
        }
    }
    seen
}
