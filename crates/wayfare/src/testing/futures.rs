//! The futures of a table's rooms: they run when the test lets them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, Waker};

use wayfare_core::game::Work;
use wayfare_protocol::EntityId;

/// Those under way, in the order in which they were started.
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

    /// The next one that is done, and what it brings, which is nothing if it panicked; `None` if
    /// all others still wait.
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

    /// All of them, which will never be done.
    pub(super) fn lose(&mut self) -> Vec<(EntityId, u64)> {
        let lost = self.0.drain(..);
        lost.map(|running| (running.entity, running.run)).collect()
    }
}

/// What a future brings that has nothing to wait for but a table's storage.
pub(super) fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut cx = Context::from_waker(Waker::noop());
    match std::pin::pin!(future).poll(&mut cx) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("storage at a table answers at once"),
    }
}
