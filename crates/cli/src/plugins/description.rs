//! What the providers of a configuration offer.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use weir_addr::ProviderAddr;
use weir_diag::{Diagnostic, Diagnostics, Sources};
use weir_plan::{Catalog, Nodes};
use weir_plugin::install::find;
use weir_plugin::{Description, Plugin};
use weir_provider::Fault;

use super::{LOCK_FILE, Need, Reader, installation, needs, patience, program, told};
use crate::context::Context;

/// What each provider offers that the configuration or one of `stored` needs, by source address.
pub(crate) fn describe(
    context: &Context,
    nodes: &Nodes,
    catalog: &Catalog,
    sources: &mut Sources,
    stored: BTreeSet<ProviderAddr>,
) -> Result<BTreeMap<String, Description>, Diagnostics> {
    let mut diags = Diagnostics::new();
    let mut needs = needs(context, nodes, catalog, &mut diags);
    for addr in stored {
        let local: Arc<str> = addr.name.clone();
        needs.entry(addr).or_insert_with(|| Need { local, constraints: Vec::new(), used: true, native: true });
    }
    let mut reader = Reader { sources, diags: &mut diags };
    let folders = installation(context, &mut reader).folders;
    let lock = reader.lock(Path::new(LOCK_FILE));
    let patience = patience(context, &mut diags);
    let mut found = BTreeMap::new();
    for (addr, need) in needs {
        let described = match catalog.get(&addr).filter(|_| need.native) {
            Some(native) => Description::of_native(&native.schema()).map_err(|fault| vec![fault]),
            None => find(&addr, &need.constraints, lock.get(&addr), &folders)
                .map_err(|fault| vec![fault])
                .and_then(|found| Plugin::describe(&program(context, &addr, found, patience))),
        };
        let all = |faults: Vec<Fault>| -> Vec<Diagnostic> { faults.into_iter().map(|fault| told(nodes, catalog, &addr, fault)).collect() };
        match described {
            Ok(description) => drop(found.insert(addr.to_string(), description)),
            Err(faults) => diags.extend(all(faults)),
        }
    }
    if diags.has_errors() { Err(diags) } else { Ok(found) }
}
