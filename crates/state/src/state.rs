//! The state as a whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_addr::{InstanceAddr, ProviderConfigAddr, ResourceAddr};

use crate::{Extra, InstanceObjects, OutputValue, RawJson, Record, ResourceState, WeirSection};

/// The version of Terraform that new files name: the one whose format they have.
pub const TERRAFORM_VERSION: &str = "1.11.0";

/// What is known about everything that a stack made.
///
/// Records lie behind an `Arc`: a clone shares them.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Names this history of states; two files of different lineage have nothing to do with each other.
    pub lineage: Arc<str>,
    /// Grows by one with each change; 0 before the first is written.
    pub serial: u64,
    /// The version that the file names.
    pub terraform_version: Arc<str>,
    /// Outputs of the root module.
    pub outputs: BTreeMap<Arc<str>, OutputValue>,
    /// Every resource that has an object.
    pub resources: BTreeMap<ResourceAddr, ResourceState>,
    /// The results of `check` blocks, as they were read.
    pub check_results: Option<RawJson>,
    /// Stages, gates and approvals.
    pub weir: WeirSection,
    /// Further members of the file.
    pub extra: Extra,
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    /// An empty state of a new lineage.
    pub fn new() -> Self {
        Self {
            lineage: uuid::Uuid::new_v4().to_string().into(),
            serial: 0,
            terraform_version: TERRAFORM_VERSION.into(),
            outputs: BTreeMap::new(),
            resources: BTreeMap::new(),
            check_results: None,
            weir: WeirSection::default(),
            extra: Vec::new(),
        }
    }

    /// Whether there is neither an object nor an output.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.outputs.is_empty()
    }

    /// Every instance, in the order of addresses.
    pub fn instances(&self) -> impl Iterator<Item = (InstanceAddr, &InstanceObjects)> {
        self.resources.iter().flat_map(|(addr, resource)| resource.instances.iter().map(|(key, objects)| (addr.instance(key.clone()), objects)))
    }

    /// The objects of one instance.
    pub fn instance(&self, addr: &InstanceAddr) -> Option<&InstanceObjects> {
        self.resources.get(&addr.resource)?.instances.get(&addr.key)
    }

    /// The current object of one instance.
    pub fn record(&self, addr: &InstanceAddr) -> Option<&Arc<Record>> {
        self.instance(addr)?.current.as_ref()
    }

    /// Records, or with `None` forgets, the current object of an instance.
    pub fn set_instance(&mut self, addr: &InstanceAddr, provider: &ProviderConfigAddr, record: Option<Arc<Record>>) {
        self.change(addr, Some(provider), |objects| objects.current = record);
    }

    /// Records, or with `None` forgets, a deposed object.
    pub fn set_deposed(&mut self, addr: &InstanceAddr, key: &str, provider: &ProviderConfigAddr, record: Option<Arc<Record>>) {
        self.change(addr, Some(provider), |objects| match record {
            Some(record) => drop(objects.deposed.insert(key.into(), record)),
            None => drop(objects.deposed.remove(key)),
        });
    }

    /// Makes the current object of an instance a deposed one, before its replacement is created. Does nothing when there is a deposed object of that key
    /// already, so that it can be repeated.
    pub fn depose(&mut self, addr: &InstanceAddr, key: &str) {
        self.change(addr, None, |objects| {
            if !objects.deposed.contains_key(key)
                && let Some(record) = objects.current.take()
            {
                objects.deposed.insert(key.into(), record);
            }
        });
    }

    /// A key that no deposed object of the instance has.
    pub fn deposed_key(&self, addr: &InstanceAddr) -> Arc<str> {
        loop {
            let random = uuid::Uuid::new_v4().simple().to_string();
            let key: Arc<str> = random[..8].into();
            if !self.instance(addr).is_some_and(|objects| objects.deposed.contains_key(&key)) {
                return key;
            }
        }
    }

    fn change(&mut self, addr: &InstanceAddr, provider: Option<&ProviderConfigAddr>, change: impl FnOnce(&mut InstanceObjects)) {
        let resource = match (self.resources.get_mut(&addr.resource), provider) {
            (Some(resource), None) => resource,
            (Some(resource), Some(provider)) => {
                if resource.provider != *provider {
                    resource.provider = provider.clone();
                }
                resource
            }
            (None, None) => return,
            (None, Some(provider)) => {
                let new = ResourceState { provider: provider.clone(), instances: BTreeMap::new(), extra: Vec::new() };
                self.resources.entry(addr.resource.clone()).or_insert(new)
            }
        };
        let objects = resource.instances.entry(addr.key.clone()).or_default();
        change(objects);
        if objects.is_empty() {
            resource.instances.remove(&addr.key);
        }
        if resource.instances.is_empty() {
            self.resources.remove(&addr.resource);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(text: &str) -> Arc<Record> {
        Arc::new(Record::new(0, RawJson::parse(text).unwrap()))
    }

    #[test]
    fn objects_come_and_go() {
        let provider: ProviderConfigAddr = "provider.aws".parse().unwrap();
        let (a, b): (InstanceAddr, InstanceAddr) = ("t.x[1]".parse().unwrap(), "module.m.t.x".parse().unwrap());
        let mut state = State::new();
        state.set_instance(&b, &provider, Some(record("1")));
        state.set_instance(&a, &provider, Some(record("2")));
        let listed: Vec<String> = state.instances().map(|(addr, _)| addr.to_string()).collect();
        assert_eq!(listed, ["t.x[1]", "module.m.t.x"]);
        state.depose(&a, "00000001");
        state.set_instance(&a, &provider, Some(record("3")));
        state.depose(&a, "00000001");
        assert_eq!(state.record(&a), Some(&record("3")));
        assert_eq!(state.instance(&a).unwrap().deposed.get("00000001"), Some(&record("2")));
        state.set_instance(&a, &provider, None);
        assert!(state.record(&a).is_none() && state.instance(&a).is_some());
        state.set_deposed(&a, "00000001", &provider, None);
        state.set_instance(&b, &provider, None);
        state.depose(&b, "00000002");
        assert!(state.is_empty());
    }
}
