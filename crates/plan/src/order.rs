//! The order of the stages.

use std::collections::HashSet;

use weir_addr::GateName;

use crate::nodes::{Node, NodeId, Nodes};
use crate::plan::StagePlan;

/// The stages in an order in which they can be applied.
pub(crate) fn stages(nodes: &Nodes) -> Vec<StagePlan> {
    let rank = order(nodes);
    let mut found: Vec<(usize, StagePlan)> = Vec::new();
    for call in nodes.modules[0].calls.values().filter(|call| call.kind == weir_config::CallKind::Stage) {
        let Some(done) = nodes.child(0, &call.name).and_then(|module| nodes.find(&Node::Done { module })) else { continue };
        let mut seen = HashSet::new();
        let mut stack = vec![done];
        let mut gates: Vec<(usize, GateName)> = Vec::new();
        while let Some(id) = stack.pop() {
            if !seen.insert(id) {
                continue;
            }
            if let Node::Gate { name } = &nodes.nodes[id] {
                gates.push((rank[id], name.clone()));
            }
            stack.extend(nodes.deps[id].iter().copied());
        }
        gates.sort();
        let behind = gates.into_iter().map(|(_, name)| name).collect();
        found.push((rank[done], StagePlan { name: weir_addr::StageName::new(call.name.clone()), behind, confirm: call.confirm }));
    }
    found.sort_by_key(|(rank, stage)| (stage.behind.len(), *rank));
    found.into_iter().map(|(_, stage)| stage).collect()
}

/// The rank of each node: greater than that of everything it depends on.
fn order(nodes: &Nodes) -> Vec<usize> {
    let count = nodes.nodes.len();
    let mut dependants: Vec<Vec<NodeId>> = vec![Vec::new(); count];
    let mut missing: Vec<usize> = nodes.deps.iter().map(Vec::len).collect();
    for (id, deps) in nodes.deps.iter().enumerate() {
        for dep in deps {
            dependants[*dep].push(id);
        }
    }
    let mut rank = vec![0; count];
    let mut ready: Vec<NodeId> = (0..count).filter(|id| missing[*id] == 0).collect();
    while let Some(id) = ready.pop() {
        for next in &dependants[id] {
            rank[*next] = rank[*next].max(rank[id] + 1);
            missing[*next] -= 1;
            if missing[*next] == 0 {
                ready.push(*next);
            }
        }
    }
    rank
}
/// Resources that are created before they are destroyed: those that say so and everything that they need.
pub(crate) fn before_destroy(nodes: &Nodes) -> HashSet<NodeId> {
    let mut stack: Vec<NodeId> = (0..nodes.nodes.len())
        .filter(|id| match &nodes.nodes[*id] {
            Node::Resource { module, mode, type_, name } => {
                nodes.modules[*module].resources.get(&(*mode, type_.clone(), name.clone())).is_some_and(|resource| resource.lifecycle.create_before_destroy == Some(true))
            }
            _ => false,
        })
        .collect();
    let mut found = HashSet::new();
    while let Some(id) = stack.pop() {
        if found.insert(id) {
            stack.extend(nodes.deps[id].iter().copied());
        }
    }
    found
}
