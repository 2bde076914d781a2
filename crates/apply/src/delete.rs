//! Destruction in reverse order of dependencies.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use futures::StreamExt;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use weir_addr::{ProviderConfigAddr, ResourceAddr};
use weir_diag::Diagnostic;
use weir_plan::{Catalog, Change, ProviderState};

use crate::operation::{Effects, Operation};

/// One object to destroy.
pub(crate) struct Deletion<'a> {
    pub(crate) change: &'a Change,
    /// Its key, when it is a deposed one.
    pub(crate) deposed: Option<Arc<str>>,
}

/// Destroys objects: each after everything that depends on it.
pub(crate) async fn delete(effects: &Effects<'_>, catalog: &Catalog, providers: &HashMap<ProviderConfigAddr, ProviderState>, deletions: Vec<Deletion<'_>>) {
    let mut groups: BTreeMap<ResourceAddr, Vec<Deletion<'_>>> = BTreeMap::new();
    for deletion in deletions {
        groups.entry(deletion.change.addr.resource.config()).or_default().push(deletion);
    }
    let names: Vec<ResourceAddr> = groups.keys().cloned().collect();
    let index: HashMap<&ResourceAddr, usize> = names.iter().enumerate().map(|(at, name)| (name, at)).collect();
    // before[at]: how many groups still have to go; after[at]: the groups that wait for it.
    let mut before = vec![0_usize; names.len()];
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); names.len()];
    for (at, group) in groups.values().enumerate() {
        let needs: HashSet<usize> = group
            .iter()
            .flat_map(|deletion| deletion.change.dependencies.iter())
            .filter_map(|need| index.get(&need.config()).copied())
            .filter(|need| *need != at)
            .collect();
        for need in needs {
            before[need] += 1;
            after[at].push(need);
        }
    }
    let mut waiting: Vec<Option<Vec<Deletion<'_>>>> = groups.into_values().map(Some).collect();
    let mut ready: Vec<usize> = (0..names.len()).filter(|at| before[*at] == 0).collect();
    let mut blocked: HashSet<usize> = HashSet::new();
    let mut running = FuturesUnordered::new();
    loop {
        while let Some(at) = ready.pop() {
            let Some(group) = waiting[at].take() else { continue };
            let skip = blocked.contains(&at);
            if skip {
                // Something that needs these is still there, so they stay; whoever would replace them has to know.
                group.iter().for_each(|deletion| effects.fail(&deletion.change.addr));
            }
            running.push(async move { (at, !skip && all(effects, catalog, providers, group).await) });
        }
        if running.is_empty() {
            // Records that depend on each other in a circle cannot come from one configuration; they are destroyed in any order.
            match waiting.iter().position(Option::is_some) {
                Some(at) => ready.push(at),
                None => break,
            }
            continue;
        }
        let Some((at, well)) = running.next().await else { break };
        for next in &after[at] {
            if !well {
                blocked.insert(*next);
            }
            before[*next] = before[*next].saturating_sub(1);
            if before[*next] == 0 {
                ready.push(*next);
            }
        }
    }
}

/// Destroys the objects of one resource; true when all went.
async fn all(effects: &Effects<'_>, catalog: &Catalog, providers: &HashMap<ProviderConfigAddr, ProviderState>, group: Vec<Deletion<'_>>) -> bool {
    let one = async |deletion: Deletion<'_>| {
        let change = deletion.change;
        let schema = catalog.schema(&change.provider.provider).and_then(|schemas| schemas.resources.get(&change.addr.resource.type_).cloned());
        let session = providers.get(&change.provider).and_then(ProviderState::session);
        let (Some(schema), Some(session)) = (schema, session) else {
            effects.report([Diagnostic::error(
                "Provider is not configured",
                format!("{} cannot be destroyed now: the configuration of its provider {} is not known.", change.addr, change.provider.provider),
            )
            .of(change.addr.to_string())]);
            effects.fail(&change.addr);
            return false;
        };
        let prior = change.before.as_ref().map(|before| before.expose("handed to the provider that destroys the object"));
        let provisioning = effects.destroyer(change, deletion.deposed.is_some());
        let operation = Operation {
            change,
            provisioning,
            session: &**session,
            schema: &schema,
            prior,
            planned: None,
            private: None,
            config: None,
            marks: Vec::new(),
            deposed: deletion.deposed,
            dependencies: change.dependencies.clone(),
        };
        effects.run(operation).await.is_ok()
    };
    join_all(group.into_iter().map(one)).await.into_iter().all(|well| well)
}
