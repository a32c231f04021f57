//! Frames of a session over its rate, until there is room for them.

use std::collections::VecDeque;

use bytes::Bytes;
use wayfare_protocol::Instant;

/// The memory of a held frame besides its payload: its place in the queue, and the header of its
/// allocation.
const FRAME_OVERHEAD_BYTES: usize = size_of::<Bytes>() + 16;

/// The frames that wait, in order, and the time at which the rate has room for the next. While
/// there is such a time, nothing is read from the client.
#[derive(Debug, Default)]
pub(super) struct Held {
    frames: VecDeque<Bytes>,
    bytes: usize,
    pub(super) until: Option<Instant>,
}

impl Held {
    /// The memory that the frames take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn push(&mut self, payload: &[u8]) {
        self.bytes += payload.len() + FRAME_OVERHEAD_BYTES;
        self.frames.push_back(Bytes::copy_from_slice(payload));
    }

    pub(super) fn first(&self) -> Option<Bytes> {
        self.frames.front().cloned()
    }

    pub(super) fn drop_first(&mut self) {
        if let Some(payload) = self.frames.pop_front() {
            self.bytes -= payload.len() + FRAME_OVERHEAD_BYTES;
        }
        if self.frames.is_empty() {
            self.frames = VecDeque::new();
        }
    }
}
