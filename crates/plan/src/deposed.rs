//! Objects that were replaced and wait for their deletion.

use weir_addr::{InstanceAddr, ProviderConfigAddr};
use weir_provider::{ReadRequest, Schema};
use weir_state::Record;
use weir_value::Value;

use crate::decode;
use crate::walk::Walk;

/// What there is of one, with marks; `None` when it is gone. `Err` when it could not be read (reported).
pub(crate) async fn present(walk: &Walk<'_>, provider: &ProviderConfigAddr, addr: &InstanceAddr, schema: &Schema, record: &Record) -> Result<Option<Value>, ()> {
    let known = record.value(schema.ty()).map_err(|error| {
        let detail = format!("The state of a deposed object of {addr} does not fit its schema: {error}.");
        walk.report([weir_diag::Diagnostic::error("Invalid object in the state", detail).of(addr.to_string())]);
    })?;
    let type_name = &*addr.resource.type_;
    let state = walk.found().providers.get(provider).cloned();
    let session = state.as_ref().and_then(|state| state.session()).filter(|session| !walk.options.no_refresh && !walk.options.offline && !session.is_local(type_name));
    let found = match session {
        Some(session) => {
            let prior = known.expose("handed to the provider that reads the object");
            session.refresh(ReadRequest { type_name, prior: &prior, private: record.private.as_deref() }).await
        }
        None => return Ok(Some(decode::mark_schema(&known, schema))),
    };
    match found {
        Ok(found) => Ok(found.map(|found| {
            let marks: Vec<_> = record.sensitive_paths.iter().map(|path| (path.clone(), weir_value::Marks::SENSITIVE)).collect();
            decode::mark_schema(&decode::mark(&found.state, &marks), schema)
        })),
        Err(faults) => {
            walk.report(decode::report(faults, None, None, &addr.to_string()));
            Err(())
        }
    }
}
