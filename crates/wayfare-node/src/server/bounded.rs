//! A bounded set of tasks. Over the bound, the oldest task is ended.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;

/// A bounded set of tasks of one sort.
///
/// A real client needs a round trip or two. The oldest of many tasks belongs to a client that only
/// occupies a place, so it is ended; refusing new clients instead would let it.
#[derive(Clone)]
pub(super) struct Bounded {
    running: Arc<Mutex<Running>>,
    tasks_max: usize,
}

#[derive(Default)]
struct Running {
    /// The tasks, oldest first.
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

    /// Starts `task`, and ends the oldest if there are too many. Returns true if one was ended.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> bool {
        let mut running = self.running();
        let number = running.next;
        running.next += 1;
        let all = self.clone();
        // The task cannot finish before it is registered, because its end waits for the lock.
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
