//! Gates that guard destruction.

use std::collections::{HashMap, HashSet};

use weir_addr::{GateName, InstanceAddr, ResourceAddr};
use weir_state::State;

use crate::gate::GatePlan;
use crate::plan::{Action, Blocked, Change};
use crate::walk::Walk;

/// The gate that forbids the replacement of an object. Such a gate is looked at after what it guards, so here its record has to do.
pub(crate) fn guarded(walk: &Walk<'_>, addr: &InstanceAddr) -> Option<Blocked> {
    let open = |name: &GateName| walk.prior.weir.gates.get(name).is_some_and(|record| record.state == weir_state::GateState::Open);
    let mut gates = walk.nodes.modules[0].gates.values().filter(|gate| gate.guards_destroy && !open(&gate.name));
    gates.find(|gate| crate::gate::guards(walk, gate).iter().any(|guarded| guarded.covers(addr))).map(|gate| Blocked::Gate(gate.name.clone()))
}

/// Holds back the deletions that a gate forbids, and those of everything that the held back objects need.
pub(crate) fn hold(changes: &mut [Change], gates: &[GatePlan], prior: &State) {
    let mut needs: Vec<(ResourceAddr, GateName)> = Vec::new();
    for change in changes.iter_mut() {
        if matches!(change.action, Action::Delete | Action::DeleteThenCreate | Action::CreateThenDelete)
            && let Some(gate) = gates.iter().find(|gate| gate.forbids_destroying(&change.addr))
        {
            change.blocked.get_or_insert_with(|| Blocked::Gate(gate.name.clone()));
            needs.extend(change.dependencies.iter().map(|need| (need.config(), gate.name.clone())));
        }
    }
    if needs.is_empty() {
        return;
    }
    let mut further: HashMap<ResourceAddr, HashSet<ResourceAddr>> = HashMap::new();
    for (addr, resource) in &prior.resources {
        let records = resource.instances.values().filter_map(|objects| objects.current.as_ref());
        further.entry(addr.config()).or_default().extend(records.flat_map(|record| record.dependencies.iter().map(ResourceAddr::config)));
    }
    let mut held: HashMap<ResourceAddr, GateName> = HashMap::new();
    while let Some((addr, gate)) = needs.pop() {
        needs.extend(further.remove(&addr).into_iter().flatten().map(|need| (need, gate.clone())));
        held.entry(addr).or_insert(gate);
    }
    for change in changes.iter_mut().filter(|change| change.action == Action::Delete && change.blocked.is_none()) {
        change.blocked = held.get(&change.addr.resource.config()).map(|gate| Blocked::Gate(gate.clone()));
    }
}
