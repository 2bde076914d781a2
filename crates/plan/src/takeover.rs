//! `moved` blocks between types: the provider of the new type makes the object its own.

use std::sync::Arc;

use weir_addr::{InstanceAddr, Mode, ProviderConfigAddr};
use weir_diag::{Diagnostic, Diagnostics};
use weir_provider::{Provider, Schema, TakeOver};
use weir_state::{RawJson, Record, State};

use crate::catalog::Catalog;
use crate::decode::report;
use crate::nodes::Nodes;

/// Converts the objects that `prior` had at `was` and `state` has at `now`, whose type is another one.
pub(crate) fn convert(state: &mut State, prior: &State, was: &InstanceAddr, now: &InstanceAddr, nodes: &Nodes, catalog: &Catalog) -> Diagnostics {
    let refused = |reason: &str| {
        let detail = format!("{was} cannot become {now}: {reason} Declare {} with the old type, or let the old object go.", now.resource);
        Diagnostics::from(Diagnostic::error("Unsupported `moved` across resource types", detail).of(now.to_string()))
    };
    let Some((config, provider, schema)) = target(now, nodes, catalog) else {
        return refused("the configuration has no such resource, or its provider is not there.");
    };
    let (Some(objects), Some(from)) = (state.instance(now).cloned(), prior.resources.get(&was.resource)) else { return Diagnostics::new() };
    let source = from.provider.provider.to_string();
    let taken = |record: &Record| -> Result<Arc<Record>, Diagnostics> {
        let request = TakeOver {
            type_name: &now.resource.type_,
            from_provider: &source,
            from_type: &was.resource.type_,
            from_version: record.schema_version,
            attributes: record.attributes.as_str(),
            private: record.private.as_deref(),
        };
        let answer = provider.take_over(&request).map_err(|faults| report(faults, None, None, &now.to_string()))?;
        let Some(found) = answer else {
            return Err(refused(&format!("{} takes over no {} of {}.", config.provider.for_display(), was.resource.type_, from.provider.provider.for_display())));
        };
        let attributes = RawJson::encode(&found.state, schema.ty())
            .map_err(|error| Diagnostics::from(Diagnostic::error("Provider returned an invalid object", format!("{error}.")).of(now.to_string())))?;
        let sensitive_paths = schema.block.sensitive_paths(&found.state);
        Ok(Arc::new(Record { schema_version: schema.version, attributes, private: found.private, sensitive_paths, ..record.clone() }))
    };
    let mut diags = Diagnostics::new();
    match objects.current.as_deref().map(taken).transpose() {
        Ok(current) => state.set_instance(now, &config, current),
        Err(faults) => diags.extend(faults),
    }
    for (key, record) in &objects.deposed {
        match taken(record) {
            Ok(record) => state.set_deposed(now, key, &config, Some(record)),
            Err(faults) => diags.extend(faults),
        }
    }
    if let Some(resource) = state.resources.get_mut(&now.resource) {
        resource.provider = config;
    }
    diags
}

/// Who has the new type.
fn target(now: &InstanceAddr, nodes: &Nodes, catalog: &Catalog) -> Option<(ProviderConfigAddr, Arc<dyn Provider>, Arc<Schema>)> {
    let at = nodes.module_at(&now.resource.module.without_keys())?;
    let resource = nodes.modules[at].resources.get(&(Mode::Managed, now.resource.type_.clone(), now.resource.name.clone()))?;
    let (module, of) = nodes.provider(at, &resource.provider)?;
    let config = catalog.config_addr(&nodes.modules[module], &of);
    let provider = catalog.get(&config.provider)?.clone();
    let schema = provider.schema().resources.get(&now.resource.type_)?.clone();
    Some((config, provider, schema))
}
