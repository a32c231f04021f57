//! A future of a room, in the core's form.

use serde::Serialize;
use wayfare_core::game;

use crate::codec::write_named;

/// Makes a future that returns the encoded note. The runner notices a panic.
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
