//! Errands: what leaves a room beside frames, once its step is released.

use bytes::Bytes;
use wayfare_protocol::{EntityId, Instant};

use crate::game::Work;
use crate::peer::Reply;

/// What leaves a room beside frames, once its step is released.
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
    /// What it takes to hold it.
    pub(crate) fn bytes(&self) -> usize {
        let payload = match self {
            Errand::Run { .. } => 0,
            Errand::Ask { request, .. } => request.len(),
            Errand::Answer(answer) => answer.result.as_ref().map_or(0, Bytes::len),
        };
        payload + ERRAND_BYTES
    }
}

/// What an errand takes beside its payload, roughly.
const ERRAND_BYTES: usize = 256;
