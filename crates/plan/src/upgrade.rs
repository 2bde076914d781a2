//! Objects of the state that were written under an older version of their type.

use std::sync::Arc;

use weir_addr::Mode;
use weir_diag::{Diagnostic, Diagnostics};
use weir_provider::{Provider, Schema};
use weir_state::{RawJson, Record, State};

use crate::catalog::Catalog;
use crate::decode::report;

/// Brings what the state says up to the schemas that there are now, where a provider does that itself.
pub fn upgrade(state: &mut State, catalog: &Catalog) -> Diagnostics {
    let mut diags = Diagnostics::new();
    for (addr, resource) in state.resources.iter_mut().filter(|(addr, _)| addr.mode == Mode::Managed) {
        let Some(provider) = catalog.get(&resource.provider.provider) else { continue };
        let schemas = provider.schema();
        let Some(schema) = schemas.resources.get(&addr.type_) else { continue };
        for (key, objects) in &mut resource.instances {
            for record in objects.current.iter_mut().chain(objects.deposed.values_mut()) {
                match upgraded(&**provider, &addr.type_, record, schema) {
                    Ok(Some(new)) => *record = Arc::new(new),
                    Ok(None) => {}
                    Err(faults) => diags.extend(faults.map(|diagnostic| diagnostic.of(addr.instance(key.clone()).to_string()))),
                }
            }
        }
    }
    diags
}

fn upgraded(provider: &dyn Provider, type_name: &str, record: &Record, schema: &Schema) -> Result<Option<Record>, Diagnostics> {
    if record.schema_version >= schema.version {
        return Ok(None);
    }
    let value = provider.upgrade(type_name, record.schema_version, record.attributes.as_str()).map_err(|faults| report(faults, None, None, ""))?;
    let Some(value) = value else { return Ok(None) };
    let attributes = RawJson::encode(&value, schema.ty()).map_err(|error| {
        Diagnostics::from(Diagnostic::error("Provider returned an invalid object", format!("The upgraded state of a {type_name} cannot be kept: {error}.")))
    })?;
    Ok(Some(Record { schema_version: schema.version, attributes, ..record.clone() }))
}
