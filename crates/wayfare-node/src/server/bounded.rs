//! A bound on tasks that nobody has to wait for: over it the oldest gives way.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;

/// Tasks of one sort, at most so many.
///
/// A client in earnest needs a round trip or two, so the oldest of many is the one that only
/// wants to hold a place: turning newcomers away instead would let it.
#[derive(Clone)]
pub(super) struct Bounded {
    running: Arc<Mutex<Running>>,
    tasks_max: usize,
}

#[derive(Default)]
struct Running {
    /// By age.
    tasks: BTreeMap<u64, AbortHandle>,
    next: u64,
}

impl Bounded {
    pub(super) fn new(tasks_max: usize) -> Self {
        Self {
            running: Arc::default(),
            tasks_max,
        }
    }

    /// Starts `task`, ending the oldest if there are too many. Whether one had to end.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> bool {
        let mut running = self.running();
        let number = running.next;
        running.next += 1;
        let all = self.clone();
        // The task cannot be over before it is noted: its end waits for the lock.
        let started = tokio::spawn(async move {
            task.await;
            all.running().tasks.remove(&number);
        });
        running.tasks.insert(number, started.abort_handle());
        let over = running.tasks.len() > self.tasks_max;
        if over && let Some((_, oldest)) = running.tasks.pop_first() {
            oldest.abort();
        }
        over
    }

    /// Ends all of them.
    pub(super) fn end_all(&self) {
        for (_, task) in std::mem::take(&mut self.running().tasks) {
            task.abort();
        }
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
