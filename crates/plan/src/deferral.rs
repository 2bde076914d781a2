//! Objects that have to wait for others which this run cannot make.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use weir_addr::InstanceAddr;

use crate::confirm::node;
use crate::nodes::{NodeId, Nodes};
use crate::plan::{Action, Blocked, Change};

/// Holds back what is made from objects that wait for their provider, or for how many there are: what they will be is not known before they are there.
pub(crate) fn hold(changes: &mut [Change], nodes: &Nodes) {
    let waits = |change: &&Change| change.action != Action::NoOp && matches!(change.blocked, Some(Blocked::Provider(_) | Blocked::Instances(_) | Blocked::Deferred(_)));
    let waiting: Vec<(NodeId, InstanceAddr)> = changes.iter().filter(waits).filter_map(|change| Some((node(nodes, change)?, change.addr.clone()))).collect();
    if waiting.is_empty() {
        return;
    }
    // Each node is reached once, from the first that it needs, however many objects wait.
    let needing = nodes.needing();
    let mut behind: HashMap<NodeId, InstanceAddr> = HashMap::new();
    let mut begun = HashSet::new();
    for (id, addr) in waiting.into_iter().filter(|(id, _)| begun.insert(*id)) {
        let mut stack = vec![id];
        while let Some(id) = stack.pop() {
            for next in &needing[id] {
                if let Entry::Vacant(new) = behind.entry(*next) {
                    new.insert(addr.clone());
                    stack.push(*next);
                }
            }
        }
    }
    for change in changes.iter_mut().filter(|change| change.blocked.is_none() && !matches!(change.action, Action::NoOp | Action::Delete | Action::Forget)) {
        if let Some(addr) = node(nodes, change).and_then(|node| behind.get(&node)) {
            change.blocked = Some(Blocked::Deferred(format!("it needs {addr}, which has to wait").into()));
        }
    }
}
