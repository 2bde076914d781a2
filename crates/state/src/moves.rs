//! `state rm` and `state mv`: records change their address, objects do not change.

use std::collections::BTreeMap;
use std::sync::Arc;

use thiserror::Error;
use weir_addr::{InstanceAddr, InstanceKey, ModulePath, ModuleStep, ResourceAddr, Target};

use crate::{InstanceObjects, ResourceState, State};

/// Why nothing was moved.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MoveError {
    /// Nothing has that address.
    #[error("the state has no object at {from}. List what it has with: weir state list")]
    NotFound {
        /// The address.
        from: Target,
    },
    /// Something is there already.
    #[error("cannot move {from} to {to}: the state has an object there. Remove or move that one first")]
    Occupied {
        /// What would be moved.
        from: InstanceAddr,
        /// Where.
        to: InstanceAddr,
    },
    /// A module and a resource, or the like.
    #[error("cannot move {from} to {to}: {reason}")]
    Mismatch {
        /// What would be moved.
        from: Target,
        /// Where.
        to: Target,
        /// Why not.
        reason: &'static str,
    },
}

impl State {
    /// Forgets everything that `target` names, and returns what that was. The objects themselves stay.
    pub fn remove(&mut self, target: &Target) -> Vec<InstanceAddr> {
        let gone: Vec<InstanceAddr> = self.instances().map(|(addr, _)| addr).filter(|addr| target.matches(addr)).collect();
        for addr in &gone {
            self.take(addr);
        }
        gone
    }

    /// Gives what `from` names the address `to`, and returns each instance's old and new address. Either all are moved or none.
    ///
    /// A module or resource without key, where the state has it with keys, is moved as a whole and keeps its keys.
    pub fn mv(&mut self, from: &Target, to: &Target) -> Result<Vec<(InstanceAddr, InstanceAddr)>, MoveError> {
        let mismatch = |reason| MoveError::Mismatch { from: from.clone(), to: to.clone(), reason };
        let moves: Vec<(InstanceAddr, InstanceAddr)> = match (module_of(from), module_of(to)) {
            (Some(old), Some(new)) => {
                let each = self.instances().filter_map(|(addr, _)| {
                    let module = moved_module(addr.module(), &old, &new)?;
                    let moved = ResourceAddr { module, ..addr.resource.clone() };
                    Some((addr.clone(), InstanceAddr { resource: moved, key: addr.key }))
                });
                each.collect()
            }
            (None, None) => {
                let ((old, old_key), (new, new_key)) = (resource_of(from), resource_of(to));
                if (old.mode, &old.type_) != (new.mode, &new.type_) {
                    return Err(mismatch("an object keeps its type"));
                }
                let keys: Vec<Option<InstanceKey>> = self.resources.get(&old).map(|resource| resource.instances.keys().cloned().collect()).unwrap_or_default();
                let whole = matches!(from, Target::Resource(_));
                let chosen = keys.into_iter().filter(|key| whole || *key == old_key);
                let key_of = |key: Option<InstanceKey>| if whole && new_key.is_none() { key } else { new_key.clone() };
                chosen.map(|key| (old.instance(key.clone()), new.instance(key_of(key)))).collect()
            }
            _ => return Err(mismatch("one is a module and the other a resource")),
        };
        if moves.is_empty() {
            return Err(MoveError::NotFound { from: from.clone() });
        }
        self.relocate(&moves)?;
        Ok(moves)
    }

    /// Gives each instance its new address, all at once: either all are moved or none.
    pub fn relocate(&mut self, moves: &[(InstanceAddr, InstanceAddr)]) -> Result<(), MoveError> {
        self.check_free(moves)?;
        let mut taken = Vec::with_capacity(moves.len());
        for (old, new) in moves {
            if let Some((objects, resource)) = self.take(old) {
                taken.push((new, objects, resource));
            }
        }
        for (new, objects, resource) in taken {
            let entry = self.resources.entry(new.resource.clone());
            entry.or_insert(resource).instances.insert(new.key.clone(), objects);
        }
        self.follow_dependencies(moves);
        Ok(())
    }

    fn check_free(&self, moves: &[(InstanceAddr, InstanceAddr)]) -> Result<(), MoveError> {
        let leaving: std::collections::BTreeSet<&InstanceAddr> = moves.iter().map(|(old, _)| old).collect();
        let mut arriving = std::collections::BTreeSet::new();
        for (old, new) in moves {
            let there = self.instance(new).is_some() && !leaving.contains(new);
            if there || !arriving.insert(new) {
                return Err(MoveError::Occupied { from: old.clone(), to: new.clone() });
            }
        }
        Ok(())
    }

    /// Takes an instance out, with what a resource for it would need.
    fn take(&mut self, addr: &InstanceAddr) -> Option<(InstanceObjects, ResourceState)> {
        let resource = self.resources.get_mut(&addr.resource)?;
        let objects = resource.instances.remove(&addr.key)?;
        let provider = resource.provider.clone();
        let extra = resource.extra.clone();
        if resource.instances.is_empty() {
            self.resources.remove(&addr.resource);
        }
        Some((objects, ResourceState { provider, instances: BTreeMap::new(), extra }))
    }

    /// Dependencies name blocks: those on a block of which nothing is left follow it.
    fn follow_dependencies(&mut self, moves: &[(InstanceAddr, InstanceAddr)]) {
        let left: std::collections::BTreeSet<ResourceAddr> = self.resources.keys().map(ResourceAddr::config).collect();
        let renamed: BTreeMap<ResourceAddr, ResourceAddr> =
            moves.iter().map(|(old, new)| (old.resource.config(), new.resource.config())).filter(|(old, new)| old != new && !left.contains(old)).collect();
        if renamed.is_empty() {
            return;
        }
        for objects in self.resources.values_mut().flat_map(|resource| resource.instances.values_mut()) {
            for record in objects.current.iter_mut().chain(objects.deposed.values_mut()) {
                if record.dependencies.iter().any(|addr| renamed.contains_key(addr)) {
                    let list = record.dependencies.iter().map(|addr| renamed.get(addr).unwrap_or(addr).clone()).collect();
                    Arc::make_mut(record).dependencies = list;
                }
            }
        }
    }
}

fn module_of(target: &Target) -> Option<ModulePath> {
    match target {
        Target::Stage(name) => Some(ModulePath::stage(name.name().clone(), None)),
        Target::Module(module) => Some(module.clone()),
        Target::Resource(_) | Target::Instance(_) => None,
    }
}

fn resource_of(target: &Target) -> (ResourceAddr, Option<InstanceKey>) {
    match target {
        Target::Instance(addr) => (addr.resource.clone(), addr.key.clone()),
        Target::Resource(addr) => (addr.clone(), None),
        Target::Stage(_) | Target::Module(_) => (ResourceAddr::managed(ModulePath::root(), "", ""), None),
    }
}

/// Where `path` lies once `old` has become `new`; none if it does not lie in `old`.
fn moved_module(path: &ModulePath, old: &ModulePath, new: &ModulePath) -> Option<ModulePath> {
    let (old_last, callers) = old.steps().split_last()?;
    let own = path.steps().get(callers.len())?;
    let same_call = own.name == old_last.name && (old_last.key.is_none() || old_last.key == own.key);
    if !same_call || !path.steps().starts_with(callers) {
        return None;
    }
    let (new_last, new_callers) = new.steps().split_last()?;
    let keeps_key = old_last.key.is_none() && new_last.key.is_none();
    let key = if keeps_key { own.key.clone() } else { new_last.key.clone() };
    let mut steps = new_callers.to_vec();
    steps.push(ModuleStep { key, ..new_last.clone() });
    steps.extend_from_slice(&path.steps()[old.steps().len()..]);
    Some(ModulePath::new(steps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RawJson, Record};

    fn state(addrs: &[&str]) -> State {
        let mut state = State::new();
        for addr in addrs {
            let mut record = Record::new(0, RawJson::null());
            record.dependencies = Arc::from(["t.dep".parse().unwrap()]);
            state.set_instance(&addr.parse().unwrap(), &"provider.t".parse().unwrap(), Some(Arc::new(record)));
        }
        state
    }

    fn check(addrs: &[&str], from: &str, to: &str) -> Result<String, String> {
        let mut state = state(addrs);
        let before = state.clone();
        match state.mv(&from.parse().unwrap(), &to.parse().unwrap()) {
            Ok(_) => Ok(state.instances().map(|(addr, _)| addr.to_string()).collect::<Vec<_>>().join(" ")),
            Err(error) => {
                assert_eq!(state, before);
                Err(error.to_string())
            }
        }
    }

    #[test]
    fn moves() {
        let ok = |addrs: &[&str], from, to| check(addrs, from, to).unwrap();
        assert_eq!(ok(&["t.a", "t.c"], "t.a", "t.b"), "t.b t.c");
        assert_eq!(ok(&["t.a[0]", "t.a[1]"], "t.a", "module.m.t.b"), "module.m.t.b[0] module.m.t.b[1]");
        assert_eq!(ok(&["t.a[0]", "t.a[1]"], "t.a[1]", "t.a[\"x\"]"), "t.a[0] t.a[\"x\"]");
        assert_eq!(ok(&["t.a[0]"], "t.a[0]", "t.a"), "t.a");
        assert_eq!(ok(&["t.a"], "t.a", "t.a[0]"), "t.a[0]");
        assert_eq!(ok(&["module.a[0].t.x", "module.a[1].module.b.t.x"], "module.a", "stage.c"), "stage.c[0].t.x stage.c[1].module.b.t.x");
        assert_eq!(ok(&["module.a[0].t.x", "module.a[1].t.x"], "module.a[1]", "module.a[2]"), "module.a[0].t.x module.a[2].t.x");
        assert_eq!(ok(&["module.a.module.b.t.x"], "module.a.module.b", "module.c"), "module.c.t.x");
    }

    #[test]
    fn refusals() {
        let no = |addrs: &[&str], from, to| check(addrs, from, to).unwrap_err();
        assert_eq!(no(&["t.a", "t.b"], "t.a", "t.b"), "cannot move t.a to t.b: the state has an object there. Remove or move that one first");
        assert_eq!(no(&["t.a[0]", "t.a[1]"], "t.a", "t.b[0]"), "cannot move t.a[1] to t.b[0]: the state has an object there. Remove or move that one first");
        assert_eq!(no(&["t.a"], "t.x", "t.b"), "the state has no object at t.x. List what it has with: weir state list");
        assert_eq!(no(&["t.a"], "t.a", "u.a"), "cannot move t.a to u.a: an object keeps its type");
        assert_eq!(no(&["t.a"], "t.a", "module.m"), "cannot move t.a to module.m: one is a module and the other a resource");
    }

    #[test]
    fn dependencies_follow() {
        let mut state = state(&["t.dep", "t.user"]);
        state.mv(&"t.dep".parse().unwrap(), &"module.m[0].t.new".parse().unwrap()).unwrap();
        let user = state.record(&"t.user".parse().unwrap()).unwrap();
        assert_eq!(user.dependencies[0].to_string(), "module.m.t.new");
    }

    #[test]
    fn removal() {
        let mut state = state(&["t.a[0]", "t.a[1]", "module.m.t.x", "module.m.t.y"]);
        assert_eq!(state.remove(&"t.a[1]".parse().unwrap()).len(), 1);
        assert_eq!(state.remove(&"module.m".parse().unwrap()).len(), 2);
        assert_eq!(state.remove(&"t.none".parse().unwrap()).len(), 0);
        assert_eq!(state.instances().map(|(addr, _)| addr.to_string()).collect::<Vec<_>>(), ["t.a[0]"]);
    }
}
