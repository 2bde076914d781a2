//! Provider configurations, and what is asked of them early.

use std::collections::HashMap;

use weir_addr::{Mode, ModulePath, ProviderConfigAddr};
use weir_config::{ProviderRef, Resource};
use weir_diag::Diagnostic;
use weir_provider::{Intent, ReadRequest, Schema, SessionRequest};
use weir_value::{Marks, Value};

use super::{Done, Walk};
use crate::decode;
use crate::decode::{Decoded, decode_instance};
use crate::nodes::NodeId;
use crate::scope::ModuleScope;
use crate::session::ProviderState;

impl Walk<'_> {
    /// The address of a provider configuration, as the state has it.
    pub fn provider_addr(&self, module: usize, of: &ProviderRef) -> ProviderConfigAddr {
        self.catalog.config_addr(&self.nodes.modules[module], of)
    }

    /// Configures a provider; true when that failed.
    pub(super) async fn provider(&self, id: NodeId, at: usize, of: &ProviderRef, done: &Done) -> bool {
        let addr = self.provider_addr(at, of);
        if let Some(state) = self.reuse.as_ref().and_then(|reuse| reuse.providers.get(&addr)) {
            self.found().providers.insert(addr, state.clone());
            return false;
        }
        if let Some(session) = self.catalog.stand_in_of(&addr)
            && !self.validating
        {
            self.found().providers.insert(addr.clone(), ProviderState::Ready(session.clone()));
            self.prefetch(&addr);
            return false;
        }
        let module = &self.nodes.modules[at];
        let block = module.providers.get(of);
        let span = block.map(|block| block.span);
        let Some(provider) = self.catalog.get(&addr.provider) else {
            let fault = match self.catalog.why_missing(&addr.provider) {
                Some(fault) => Diagnostic::error(fault.summary.clone(), fault.detail.clone()),
                None => {
                    let known: Vec<&str> = self.catalog.local_names().collect();
                    Diagnostic::error("Unknown provider", format!("Weir has no provider {}. It brings {}.", addr.provider.for_display(), known.join(", ")))
                }
            };
            let used = self.nodes.deps.iter().position(|deps| deps.contains(&id)).and_then(|user| self.nodes.span(user));
            self.report([span.or(used).into_iter().fold(fault, Diagnostic::at)]);
            self.found().providers.insert(addr, ProviderState::Failed);
            return true;
        };
        let schema = provider.schema();
        let empty = weir_config::syntax::Body::default();
        let body = block.map_or(&empty, |block| &block.body);
        let path = self.instances(at).into_iter().next().map_or_else(ModulePath::root, |instance| instance.path);
        let scope = ModuleScope::new(self, module, &path);
        let errors = self.found().diags.has_errors();
        let decoded = self.eval(&scope, |evaluator| decode_instance(evaluator, body, &schema.config, true));
        if self.found().diags.has_errors() && !errors {
            self.found().providers.insert(addr, ProviderState::Failed);
            return true;
        }
        let faults = provider.validate(Intent::Provider, "", &decoded.config);
        self.report(decode::report(faults, Some(body), span, ""));
        // One that nothing uses, or only what is left out, is checked and not asked: its credentials need not be there.
        let state = if self.validating || !self.is_used(id) && !self.has_objects(&addr) {
            ProviderState::Deferred("apply".into())
        } else if decoded.config.is_wholly_known() || self.options.offline && self.has_objects(&addr) {
            // Objects that are there already can be planned without what only a connection needs.
            let config = if decoded.config.is_wholly_known() { decoded.config } else { decode::without_unknown(&decoded.config) };
            let offline = self.options.offline;
            let request = SessionRequest { config, parallelism: self.options.parallelism.max(1), root: self.cwd.clone(), offline };
            match provider.configure(request).await {
                Ok(session) => ProviderState::Ready(session),
                Err(faults) => {
                    self.report(decode::report(faults, Some(body), span, ""));
                    ProviderState::Failed
                }
            }
        } else {
            let cause = decoded.config.cause().or_else(|| done.blocked.clone());
            ProviderState::Deferred(cause.unwrap_or_else(|| "apply".into()))
        };
        let failed = matches!(state, ProviderState::Failed);
        self.found().providers.insert(addr.clone(), state);
        self.prefetch(&addr);
        failed
    }

    /// True when something in the configuration needs a node.
    fn is_used(&self, id: NodeId) -> bool {
        self.nodes.deps.iter().any(|deps| deps.contains(&id))
    }

    /// True when the state knows objects of this provider configuration.
    fn has_objects(&self, addr: &ProviderConfigAddr) -> bool {
        self.prior.resources.iter().any(|(resource, state)| resource.mode == Mode::Managed && state.provider == *addr)
    }

    /// Begins to read every object of a provider that the state knows, all at once, so that its session can gather the calls.
    pub(super) fn prefetch(&self, addr: &ProviderConfigAddr) {
        if self.applying {
            return;
        }
        let Some(ProviderState::Ready(session)) = self.found().providers.get(addr).cloned() else { return };
        let Some(schemas) = self.catalog.schema(&addr.provider) else { return };
        let mut reads = Vec::new();
        for (resource, state) in &self.prior.resources {
            if resource.mode != Mode::Managed || state.provider.provider != addr.provider || state.provider.alias != addr.alias || state.provider.module != addr.module {
                continue;
            }
            let Some(schema) = schemas.resources.get(&resource.type_) else { continue };
            for (key, objects) in &state.instances {
                let Some(record) = &objects.current else { continue };
                let instance = resource.instance(key.clone());
                match record.value(schema.ty()) {
                    Ok(value) => reads.push((instance, value, record.private.clone())),
                    Err(error) => self
                        .report([Diagnostic::error("Invalid object in the state", format!("The state of {instance} does not fit its schema: {error}."))
                            .of(instance.to_string())]),
                }
            }
        }
        let mut handles = HashMap::with_capacity(reads.len());
        for (instance, value, private) in reads {
            let type_name = instance.resource.type_.clone();
            let skip = self.options.no_refresh || session.is_local(&type_name) || self.catalog.stand_in_of_object(&instance).is_some() || !self.targeted(&instance);
            let handle = (!skip).then(|| {
                let (session, prior) = (session.clone(), value.clone());
                tokio::spawn(async move { session.refresh(ReadRequest { type_name: &type_name, prior: &prior, private: private.as_deref() }).await })
            });
            handles.insert(instance, (value, handle));
        }
        self.found().reads.extend(handles);
    }

    /// Opens an ephemeral resource; failures are reported.
    pub(crate) async fn open(&self, resource: &Resource, state: &ProviderState, schema: &Schema, decoded: &Decoded, address: &str) -> Option<Value> {
        let session = state.session()?;
        match session.open(&resource.type_, &decoded.config).await {
            Ok(opened) => Some(decode::mark_schema(&opened.value, schema).with_marks(Marks::EPHEMERAL)),
            Err(faults) => {
                self.report(decode::report(faults, Some(&resource.body), Some(resource.span), address));
                None
            }
        }
    }
}
