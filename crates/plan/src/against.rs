//! What one configuration changes compared with another one, on the same state.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_addr::InstanceAddr;

use crate::plan::{Action, Change, OutputChange, Plan};

/// The difference of two plans.
pub struct Against {
    /// What only the first plan does, as a plan of its own: an object that both change is shown as it would be after the second plan, and as it will be.
    pub plan: Plan,
    /// Objects that both change, each in its way, with what the second plan does to them.
    pub both: Vec<(InstanceAddr, Action)>,
    /// Objects that only the second plan changes, and how: the first one leaves them as they are.
    pub undone: Vec<(InstanceAddr, Action)>,
    /// Objects that both plans change in the same way.
    pub shared: Vec<(InstanceAddr, Action)>,
}

/// Takes away from the plan `ours` what the plan `theirs` does as well. What has drifted belongs to neither.
pub fn against(ours: &Plan, theirs: &Plan) -> Against {
    let key = |change: &Change| (change.addr.clone(), change.deposed.clone());
    let mut others: BTreeMap<(InstanceAddr, Option<Arc<str>>), &Change> = theirs.pending().map(|change| (key(change), change)).collect();
    let mut found = Against { plan: ours.clone(), both: Vec::new(), undone: Vec::new(), shared: Vec::new() };
    found.plan.drift.clear();
    found.plan.changes.clear();
    for change in &ours.changes {
        match (change.is_pending(), others.remove(&key(change))) {
            (true, None) => found.plan.changes.push(change.clone()),
            (true, Some(other)) if same(change, other) => found.shared.push((change.addr.clone(), change.action)),
            (true, Some(other)) => {
                found.both.push((change.addr.clone(), other.action));
                let before = other.after.clone().or_else(|| change.before.clone());
                found.plan.changes.push(Change { before, ..change.clone() });
            }
            (false, Some(other)) => found.undone.push((change.addr.clone(), other.action)),
            (false, None) => {}
        }
    }
    found.undone.extend(others.into_values().map(|change| (change.addr.clone(), change.action)));
    found.undone.sort();
    let (old, new) = (&theirs.outputs, &ours.outputs);
    found.plan.outputs = old
        .keys()
        .chain(new.keys())
        .map(|name| {
            let (before, after) = (old.get(name), new.get(name));
            let sensitive = before.or(after).is_some_and(|output| output.sensitive) || after.is_some_and(|output| output.sensitive);
            let value = |output: Option<&OutputChange>| output.and_then(|output| output.after.clone());
            (name.clone(), OutputChange { before: value(before), after: value(after), sensitive })
        })
        .collect();
    found
}

fn same(a: &Change, b: &Change) -> bool {
    a.action == b.action && a.before == b.before && a.after == b.after && a.blocked == b.blocked && a.previous == b.previous && a.importing == b.importing
}
