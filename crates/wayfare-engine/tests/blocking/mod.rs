//! A test runner for futures, and for cases of a contract, on the test's own thread.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use wayfare_engine::contract::Case;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

/// Returns the cases that an engine fails, with reasons.
pub(crate) fn broken<E: ?Sized + Sync>(
    cases: Vec<Case<E>>,
    engine: &E,
    namespace: &str,
) -> Vec<String> {
    let mut broken = Vec::new();
    for case in cases {
        if let Err(breach) = block_on(case.run(engine, namespace)) {
            broken.push(format!("{}: {breach}", case.name));
        }
    }
    broken
}
