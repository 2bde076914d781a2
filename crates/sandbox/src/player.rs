//! Plays the instances: one node for each instance in service that is one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::groups;
use crate::node::{self, Stage};
use crate::roster::Order;
use crate::user_data::Seed;

/// How often the groups are looked at.
const POLL_EVERY: Duration = Duration::from_millis(500);

/// Follows the groups until told to stop; then stops and wipes all nodes.
pub(crate) async fn play(stage: Arc<Stage>, mut stop: watch::Receiver<bool>) {
    let mut tasks = JoinSet::new();
    // Whether the last look failed: that is said once.
    let mut silent = false;
    let mut seen = BTreeSet::new();
    let mut nodes: BTreeSet<String> = BTreeSet::new();
    while !*stop.borrow_and_update() {
        match groups::in_service(&stage.api).await {
            Ok(ids) => {
                silent = false;
                let present: BTreeSet<String> = ids.into_iter().collect();
                for id in nodes.extract_if(.., |id| !present.contains(id)) {
                    dismiss(&stage, &id);
                }
                seen.retain(|id| present.contains(id));
                let fresh: Vec<String> = present.difference(&seen).cloned().collect();
                // All are admitted before the first starts, so that each knows the others.
                let mut cast = Vec::new();
                for id in fresh {
                    let seed = match groups::user_data(&stage.api, &id).await {
                        Ok(data) => Seed::read(&data).and_then(|seed| match seed {
                            Some(seed) => Ok(Some((seed.cluster()?, seed))),
                            None => Ok(None),
                        }),
                        Err(error) => {
                            tracing::debug!(%id, %error, "user data");
                            continue;
                        }
                    };
                    seen.insert(id.clone());
                    match seed {
                        Ok(Some((cluster, seed))) => match stage.roster.admit(&id, cluster) {
                            Ok(orders) => cast.push((id, seed, orders)),
                            Err(error) => tracing::error!(%id, %error, "no node"),
                        },
                        Ok(None) => tracing::debug!(%id, "not a node"),
                        Err(message) => {
                            let reason = format!("{message}; it will not be played");
                            (stage.report)(crate::Progress::NodeWaiting { id, reason });
                        }
                    }
                }
                for (id, seed, orders) in cast {
                    nodes.insert(id.clone());
                    tasks.spawn(node::play(Arc::clone(&stage), id, seed, orders));
                }
            }
            Err(error) if silent => tracing::debug!(%error, "looking at the groups"),
            Err(error) => {
                silent = true;
                tracing::warn!(%error, "the emulator does not say what the groups hold");
            }
        }
        while tasks.try_join_next().is_some() {}
        tokio::select! {
            () = tokio::time::sleep(POLL_EVERY) => {}
            _ = stop.changed() => {}
        }
    }
    for id in &nodes {
        dismiss(&stage, id);
    }
    while tasks.join_next().await.is_some() {}
}

fn dismiss(stage: &Stage, id: &str) {
    if let Err(error) = stage.roster.order(id, Order::Gone) {
        tracing::debug!(%id, %error, "dismissing");
    }
}
