//! Errands: what leaves a room beside frames, once its step is released.

use bytes::Bytes;
use wayfare_protocol::{EntityId, Instant};

use crate::game::Work;
use crate::peer::Reply;

/// An effect of a room beside frames, carried out once its step is released.
#[derive(Debug)]
pub(crate) enum Errand {
    /// A future begins.
    Run { run: u64, work: Work },
    /// Another entity is asked.
    Ask {
        ask: u64,
        entity: EntityId,
        request: Bytes,
        due: Instant,
    },
    /// Another entity is answered.
    Answer(Reply),
}

impl Errand {
    /// The memory that it takes, in bytes: an estimate.
    pub(crate) fn bytes(&self) -> usize {
        let payload = match self {
            Errand::Run { .. } => 0,
            Errand::Ask { request, .. } => request.len(),
            Errand::Answer(answer) => answer.result.as_ref().map_or(0, Bytes::len),
        };
        payload + ERRAND_BYTES
    }
}

/// The memory of an errand beside its payload, in bytes: an estimate.
const ERRAND_BYTES: usize = 256;
