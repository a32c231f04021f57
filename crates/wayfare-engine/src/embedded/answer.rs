//! One answer from the writer to whoever asked: a future of no particular runtime.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// The end that gives the answer; dropped without, the other end learns that there will be none.
#[derive(Debug)]
pub(super) struct Answer<T>(Arc<Mutex<State<T>>>);

/// The end that waits. `None` if there will be no answer.
#[derive(Debug)]
pub(super) struct Awaited<T>(Arc<Mutex<State<T>>>);

#[derive(Debug)]
enum State<T> {
    Asked(Option<Waker>),
    Given(T),
    Over,
}

pub(super) fn ask<T>() -> (Answer<T>, Awaited<T>) {
    let state = Arc::new(Mutex::new(State::Asked(None)));
    (Answer(state.clone()), Awaited(state))
}

impl<T> Answer<T> {
    pub(super) fn give(self, answer: T) {
        self.settle(State::Given(answer));
    }

    fn settle(&self, to: State<T>) {
        let mut state = lock(&self.0);
        let State::Asked(reader) = &mut *state else {
            return;
        };
        let reader = reader.take();
        *state = to;
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        self.settle(State::Over);
    }
}

impl<T> Future for Awaited<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = lock(&self.0);
        if let State::Asked(reader) = &mut *state {
            *reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        match mem::replace(&mut *state, State::Over) {
            State::Given(answer) => Poll::Ready(Some(answer)),
            State::Asked(_) | State::Over => Poll::Ready(None),
        }
    }
}

fn lock<T>(state: &Mutex<State<T>>) -> MutexGuard<'_, State<T>> {
    // Nothing under this lock can panic half-way.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
