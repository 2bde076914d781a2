//! One `fdatasync` for all who wait for one.

use std::fs::File;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Who comes first makes the call for all that are there by then; who comes while it runs waits and takes part in the next.
#[derive(Default)]
pub(super) struct GroupSync {
    progress: Mutex<Progress>,
    changed: Condvar,
}

#[derive(Default)]
struct Progress {
    /// Records up to here are on disk.
    reached: u64,
    running: bool,
    /// After a failed `fdatasync` nobody knows what is on disk.
    failed: Option<String>,
}

impl GroupSync {
    /// Returns when record `wanted` is on disk. `current` gives the file and how many records were written to it.
    pub(super) fn wait(&self, wanted: u64, current: impl Fn() -> (Arc<File>, u64)) -> Result<(), String> {
        let mut progress = self.lock();
        loop {
            if progress.reached >= wanted {
                return Ok(());
            }
            if let Some(message) = &progress.failed {
                return Err(message.clone());
            }
            if progress.running {
                progress = self.changed.wait(progress).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            progress.running = true;
            drop(progress);
            let (file, written) = current();
            let outcome = file.sync_data();
            progress = self.lock();
            progress.running = false;
            match outcome {
                Ok(()) => progress.reached = progress.reached.max(written),
                Err(error) => progress.failed = Some(error.to_string()),
            }
            self.changed.notify_all();
        }
    }

    /// Records up to here are on disk by other means.
    pub(super) fn reached(&self, record: u64) {
        let mut progress = self.lock();
        progress.reached = progress.reached.max(record);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn many_share_one() {
        let (sync, file) = (GroupSync::default(), Arc::new(tempfile::tempfile().unwrap()));
        let (written, calls) = (AtomicU64::new(0), AtomicU64::new(0));
        let all_there = std::sync::Barrier::new(16);
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let wanted = written.fetch_add(1, Ordering::SeqCst) + 1;
                    all_there.wait();
                    let current = || {
                        calls.fetch_add(1, Ordering::SeqCst);
                        (file.clone(), written.load(Ordering::SeqCst))
                    };
                    sync.wait(wanted, current).unwrap();
                });
            }
        });
        assert_eq!(calls.load(Ordering::SeqCst), 1);
    }
}
