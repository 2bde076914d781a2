//! `removed` blocks: objects that are not managed any more.

use weir_addr::{InstanceAddr, ModulePath, ProviderConfigAddr, ResourceAddr, Target};
use weir_config::Removed;
use weir_diag::{Diagnostic, Diagnostics};

use crate::decode;
use crate::nodes::Nodes;
use crate::plan::{Action, Change};
use crate::session::ProviderState;
use crate::walk::Walk;

/// Whether a block says that an object is to be forgotten instead of destroyed.
pub(crate) fn forgotten(nodes: &Nodes, addr: &InstanceAddr) -> bool {
    nodes.modules.iter().any(|module| module.removed.iter().any(|removed| !removed.destroy && absolute(&module.path, &removed.from).matches(addr)))
}

/// Complains about blocks whose resource or module is still declared.
pub(crate) fn still_there(nodes: &Nodes) -> Diagnostics {
    let mut found = Diagnostics::new();
    for module in &nodes.modules {
        for Removed { from, span, .. } in &module.removed {
            let target = absolute(&module.path, from);
            let declared = match &target {
                Target::Module(path) => {
                    let call = path.parent().and_then(|parent| nodes.module_at(&parent)).zip(path.last());
                    call.and_then(|(parent, step)| nodes.modules[parent].calls.get(&step.name)).map(|call| ("module", call.span))
                }
                Target::Resource(addr) => {
                    let block = nodes.module_at(&addr.module).and_then(|at| nodes.modules[at].resources.get(&(addr.mode, addr.type_.clone(), addr.name.clone())));
                    block.map(|block| ("resource", block.span))
                }
                Target::Stage(_) | Target::Instance(_) => None,
            };
            if let Some((what, place)) = declared {
                found.push(
                    Diagnostic::error(
                        format!("Removed {what} still exists"),
                        format!("This statement declares that {target} was removed, but it is still declared in configuration. Remove one of the two."),
                    )
                    .at(place)
                    .label(*span, "declared as removed here"),
                );
            }
        }
    }
    found
}

/// What is said about the objects that a plan forgets.
pub(crate) fn warning(changes: &[Change]) -> Option<Diagnostic> {
    let lines: Vec<String> = changes.iter().filter(|change| change.action == Action::Forget).map(|change| format!("\n - {}", change.addr)).collect();
    (!lines.is_empty()).then(|| {
        Diagnostic::warning(
            "Some objects will no longer be managed by Weir",
            format!(
                "If you apply this plan, Weir will discard its tracking information for the following objects, but it will not delete them:{}\n\nAfter applying this plan, Weir will no longer manage these objects. You will need to import them into Weir to manage them again.",
                lines.concat()
            ),
        )
    })
}

/// An address that is relative to a module, from the root.
fn absolute(module: &ModulePath, target: &Target) -> Target {
    let under = |path: &ModulePath| ModulePath::new([module.steps(), path.steps()].concat());
    match target {
        Target::Stage(name) => Target::Module(under(&ModulePath::stage(name.name().clone(), None))),
        Target::Module(path) => Target::Module(under(path)),
        Target::Resource(addr) => Target::Resource(ResourceAddr { module: under(&addr.module), ..addr.clone() }),
        Target::Instance(addr) => {
            Target::Instance(InstanceAddr { resource: ResourceAddr { module: under(&addr.resource.module), ..addr.resource.clone() }, key: addr.key.clone() })
        }
    }
}

/// A provider that only removed objects use: configured from the root's block, or without arguments.
pub(crate) async fn configure(walk: &Walk<'_>, addr: &ProviderConfigAddr) {
    if let Some(session) = walk.catalog.stand_in_of(addr) {
        walk.found().providers.insert(addr.clone(), ProviderState::Ready(session.clone()));
        return;
    }
    let Some(provider) = walk.catalog.get(&addr.provider) else { return };
    let schema = provider.schema();
    let config = decode::only_null(&schema.config);
    let request = weir_provider::SessionRequest { config, parallelism: walk.options.parallelism.max(1), root: walk.cwd.clone(), offline: walk.options.offline };
    let state = match provider.configure(request).await {
        Ok(session) => ProviderState::Ready(session),
        Err(faults) => {
            walk.report(decode::report(faults, None, None, ""));
            ProviderState::Failed
        }
    };
    walk.found().providers.insert(addr.clone(), state);
}
