//! The futures of a test's rooms, which run when the test lets them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, Waker};

use wayfare_core::game::Work;
use wayfare_protocol::EntityId;

/// The futures in flight, in the order of their starts.
#[derive(Debug, Default)]
pub(super) struct Futures(Vec<Running>);

#[derive(Debug)]
struct Running {
    entity: EntityId,
    run: u64,
    work: Work,
}

impl Futures {
    pub(super) fn add(&mut self, entity: EntityId, run: u64, work: Work) {
        self.0.push(Running { entity, run, work });
    }

    /// Polls, and returns the next future that is done, with its result (`None` if it panicked);
    /// `None` if all wait.
    pub(super) fn poll(&mut self) -> Option<(EntityId, u64, Option<Vec<u8>>)> {
        let mut cx = Context::from_waker(Waker::noop());
        for (index, running) in self.0.iter_mut().enumerate() {
            let future = running.work.0.as_mut();
            let note = match catch_unwind(AssertUnwindSafe(|| future.poll(&mut cx))) {
                Ok(Poll::Ready(note)) => Some(note),
                Ok(Poll::Pending) => continue,
                Err(_) => None,
            };
            let done = self.0.remove(index);
            return Some((done.entity, done.run, note));
        }
        None
    }

    /// Removes all futures without a result.
    pub(super) fn lose(&mut self) -> Vec<(EntityId, u64)> {
        let lost = self.0.drain(..);
        lost.map(|running| (running.entity, running.run)).collect()
    }
}

/// Runs a future that waits only for the test's storage, and returns its result.
pub(super) fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut cx = Context::from_waker(Waker::noop());
    match std::pin::pin!(future).poll(&mut cx) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("storage at a table answers at once"),
    }
}
