//! A future of a room as the shard carries it.

use serde::Serialize;
use wayfare_core::game;

use crate::codec::write_named;

/// Brings the future's note, encoded. One that panics brings none; who runs it notices.
pub(crate) fn new<N: Serialize>(future: impl Future<Output = N> + Send + 'static) -> game::Work {
    game::Work(Box::pin(async move {
        let note = future.await;
        let mut bytes = Vec::new();
        match write_named(&note, &mut bytes) {
            Ok(()) => bytes,
            Err(error) => panic!("the note of a future does not encode: {error}"),
        }
    }))
}
