//! A future of a room that brings a note whatever becomes of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use serde::Serialize;
use wayfare_core::game;

use crate::codec::write_named;

/// Brings the future's note, or `lost` if it panics: a room that waits for a note gets one.
pub(crate) fn new<N: Serialize>(
    future: impl Future<Output = N> + Send + 'static,
    lost: Vec<u8>,
) -> game::Work {
    let encoded = async move {
        let note = future.await;
        let mut bytes = Vec::new();
        match write_named(&note, &mut bytes) {
            Ok(()) => bytes,
            Err(error) => panic!("the note of a future does not encode: {error}"),
        }
    };
    game::Work(Box::pin(Guarded {
        future: Box::pin(encoded),
        lost,
    }))
}

struct Guarded {
    future: Pin<Box<dyn Future<Output = Vec<u8>> + Send>>,
    lost: Vec<u8>,
}

impl Future for Guarded {
    type Output = Vec<u8>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Vec<u8>> {
        // A future that panicked is not polled again: this one is done by that.
        let polled = catch_unwind(AssertUnwindSafe(|| self.future.as_mut().poll(cx)));
        polled.unwrap_or_else(|_| Poll::Ready(std::mem::take(&mut self.lost)))
    }
}
