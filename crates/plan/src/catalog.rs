//! The providers at hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_addr::{InstanceAddr, Mode, ProviderAddr, ProviderConfigAddr, Target};
use weir_config::{Module, ProviderRef};
use weir_provider::{Fault, Provider, ProviderSchema, Session};

/// Providers by their source address; the host takes no part, since the same provider is published on several registries.
#[derive(Clone, Default)]
pub struct Catalog {
    providers: BTreeMap<(Arc<str>, Arc<str>), (ProviderAddr, Arc<dyn Provider>)>,
    /// Providers that a module may use without naming their source.
    implied: BTreeMap<Arc<str>, ProviderAddr>,
    /// Why providers that a configuration names are not there.
    missing: BTreeMap<ProviderAddr, Fault>,
    /// What takes the place of configured providers.
    stand_ins: BTreeMap<ProviderConfigAddr, Arc<dyn Session>>,
    /// What takes the place of the providers of single objects, the nearest last.
    object_stand_ins: Vec<(Target, Mode, Arc<dyn Session>)>,
}

impl Catalog {
    /// Adds a provider. `local` is the name under which it is found when a module does not say a source.
    pub fn add(&mut self, addr: ProviderAddr, local: &str, provider: Arc<dyn Provider>) {
        self.implied.entry(local.into()).or_insert_with(|| addr.clone());
        self.providers.insert((addr.namespace.clone(), addr.name.clone()), (addr, provider));
    }

    /// Says why a provider is not there.
    pub fn miss(&mut self, addr: ProviderAddr, why: Fault) {
        self.missing.insert(addr, why);
    }

    /// Why a provider is not there, if that was said.
    pub fn why_missing(&self, addr: &ProviderAddr) -> Option<&Fault> {
        self.missing.get(addr)
    }

    /// Puts something in the place of a configured provider: a mock.
    pub fn stand_in(&mut self, of: ProviderConfigAddr, session: Arc<dyn Session>) {
        self.stand_ins.insert(of, session);
    }

    /// Puts something in the place of the provider of some objects. What is said last counts.
    pub fn stand_in_for(&mut self, objects: Target, mode: Mode, session: Arc<dyn Session>) {
        self.object_stand_ins.push((objects, mode, session));
    }

    /// What stands in for a configured provider.
    pub fn stand_in_of(&self, of: &ProviderConfigAddr) -> Option<&Arc<dyn Session>> {
        self.stand_ins.get(of)
    }

    /// What stands in for the provider of one object.
    pub fn stand_in_of_object(&self, addr: &InstanceAddr) -> Option<&Arc<dyn Session>> {
        self.object_stand_ins.iter().rev().find(|(target, mode, _)| *mode == addr.resource.mode && target.matches(addr)).map(|(.., session)| session)
    }

    /// The provider of that address.
    pub fn get(&self, addr: &ProviderAddr) -> Option<&Arc<dyn Provider>> {
        self.providers.get(&(addr.namespace.clone(), addr.name.clone())).map(|(_, provider)| provider)
    }

    /// Its schema.
    pub fn schema(&self, addr: &ProviderAddr) -> Option<Arc<ProviderSchema>> {
        self.get(addr).map(|provider| provider.schema())
    }

    /// What a module means by a local name.
    pub fn resolve(&self, module: &Module, local: &Arc<str>) -> ProviderAddr {
        let source = module.required_providers.get(local).and_then(|required| required.source.as_deref()).and_then(|source| source.parse().ok());
        source.or_else(|| self.implied.get(local).cloned()).unwrap_or_else(|| ProviderAddr::implied(local))
    }

    /// The address of a provider configuration of a module, as the state has it.
    pub fn config_addr(&self, module: &Module, of: &ProviderRef) -> ProviderConfigAddr {
        ProviderConfigAddr { module: module.path.clone(), provider: self.resolve(module, &of.name), alias: of.alias.clone() }
    }

    /// The local names that are found without a source.
    pub fn local_names(&self) -> impl Iterator<Item = &str> {
        self.implied.keys().map(|name| &**name)
    }
}
