//! Gathers reads of single objects into calls for many.

use std::any::Any;
use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::oneshot;
use weir_provider::Fault;

use crate::Client;

/// A batch is closed when nobody joined it for this long…
const QUIET: Duration = Duration::from_millis(3);
/// … or after this many such periods.
const PATIENCE: usize = 15;

type Answer<V> = Result<Option<V>, Fault>;

struct Pending<K, V> {
    waiting: Vec<(K, oneshot::Sender<Answer<V>>)>,
    scheduled: bool,
}

/// The open batches, by kind.
#[derive(Default)]
pub(crate) struct Batches(Mutex<HashMap<&'static str, Arc<dyn Any + Send + Sync>>>);

impl Batches {
    fn pending<K: Send + 'static, V: Send + 'static>(&self, kind: &'static str) -> Option<Arc<Mutex<Pending<K, V>>>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = all.entry(kind).or_insert_with(|| Arc::new(Mutex::new(Pending::<K, V> { waiting: Vec::new(), scheduled: false })));
        entry.clone().downcast().ok()
    }
}

impl Client {
    /// What `fetch` finds for `key`, asked for together with everybody else who asks for something of the same `kind` within a few
    /// milliseconds; `None` when the answer leaves the key out.
    ///
    /// `fetch` gets up to `limit` different keys. When it fails with `not_found` (an API that refuses the whole call for one missing object) the keys
    /// are asked for in halves. All callers of a kind must give the same `fetch`. Nothing is cached: who joins is answered by a call made afterwards.
    /// A key may also be a parent whose children are listed: then one listing serves all that ask for the same parent.
    pub(crate) async fn batch<K, V, F, R>(&self, kind: &'static str, limit: usize, key: K, fetch: F) -> Answer<V>
    where
        K: Clone + Eq + Hash + Send + Sync + 'static,
        V: Clone + Send + 'static,
        F: Fn(Client, Vec<K>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<HashMap<K, V>, Fault>> + Send + 'static,
    {
        let lost = || Fault::error("Request was dropped", format!("The gathered request for {kind} ended without an answer."));
        let pending = self.batches().pending::<K, V>(kind).ok_or_else(lost)?;
        let (sender, receiver) = oneshot::channel();
        let first = {
            let mut pending = pending.lock().unwrap_or_else(PoisonError::into_inner);
            pending.waiting.push((key, sender));
            !std::mem::replace(&mut pending.scheduled, true)
        };
        if first {
            // A task of its own: the caller who came first may be cancelled.
            tokio::spawn(run(self.clone(), pending, limit, fetch));
        }
        receiver.await.unwrap_or_else(|_| Err(lost()))
    }
}

async fn run<K, V, F, R>(client: Client, pending: Arc<Mutex<Pending<K, V>>>, limit: usize, fetch: F)
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + 'static,
    F: Fn(Client, Vec<K>) -> R + Send + Sync + 'static,
    R: Future<Output = Result<HashMap<K, V>, Fault>> + Send + 'static,
{
    let mut seen = 0;
    for _ in 0..PATIENCE {
        tokio::time::sleep(QUIET).await;
        let now = pending.lock().unwrap_or_else(PoisonError::into_inner).waiting.len();
        if now == seen || now >= limit {
            break;
        }
        seen = now;
    }
    let mut waiting: HashMap<K, Vec<oneshot::Sender<Answer<V>>>> = HashMap::new();
    {
        let mut pending = pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.scheduled = false;
        for (key, sender) in pending.waiting.drain(..) {
            waiting.entry(key).or_default().push(sender);
        }
    }
    let keys: Vec<K> = waiting.keys().cloned().collect();
    let answers = join_all(keys.chunks(limit.max(1)).map(|chunk| ask(&client, chunk.to_vec(), &fetch))).await;
    for (key, answer) in answers.into_iter().flatten() {
        for sender in waiting.remove(&key).unwrap_or_default() {
            // Who does not wait any more needs no answer.
            let _ = sender.send(answer.clone());
        }
    }
}

async fn ask<K, V, F, R>(client: &Client, keys: Vec<K>, fetch: &F) -> Vec<(K, Answer<V>)>
where
    K: Clone + Eq + Hash,
    V: Clone,
    F: Fn(Client, Vec<K>) -> R,
    R: Future<Output = Result<HashMap<K, V>, Fault>>,
{
    let mut answers = Vec::new();
    let mut groups = vec![keys];
    while let Some(mut group) = groups.pop() {
        match fetch(client.clone(), group.clone()).await {
            Ok(mut found) => answers.extend(group.into_iter().map(|key| {
                let value = found.remove(&key);
                (key, Ok(value))
            })),
            Err(fault) if fault.not_found && group.len() > 1 => {
                let half = group.split_off(group.len() / 2);
                groups.extend([group, half]);
            }
            Err(fault) if fault.not_found => answers.extend(group.into_iter().map(|key| (key, Ok(None)))),
            Err(fault) => answers.extend(group.into_iter().map(|key| (key, Err(fault.clone())))),
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness;

    #[tokio::test]
    async fn gathers_and_splits() {
        let client = harness::client().await;
        let calls: Arc<Mutex<Vec<usize>>> = Arc::default();
        let read = |key: u32| {
            let (client, calls) = (client.clone(), calls.clone());
            async move {
                client
                    .batch("test numbers", 10, key, move |_, keys: Vec<u32>| {
                        calls.lock().expect("lock").push(keys.len());
                        async move {
                            if keys.contains(&13) {
                                return Err(Fault::not_found("thirteen"));
                            }
                            Ok(keys.into_iter().map(|key| (key, key * 2)).collect())
                        }
                    })
                    .await
            }
        };
        let answers = join_all((0..12).map(read)).await;
        assert_eq!(answers[11], Ok(Some(22)));
        let mut sizes = std::mem::take(&mut *calls.lock().expect("lock"));
        sizes.sort_unstable();
        assert_eq!(sizes, [2, 10]);
        assert_eq!(join_all([13, 14, 14].map(read)).await, [Ok(None), Ok(Some(28)), Ok(Some(28))]);
        assert_eq!(*calls.lock().expect("lock"), [2, 1, 1]);
    }
}
