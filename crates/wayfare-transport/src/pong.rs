//! Answers to a peer's pings: only the latest, and one at a time (RFC 6455, section 5.5.3).

use crate::outbound::Outbound;

/// The waiting pong of a connection. However many pings a peer sends without reading, at most two
/// pongs are stored.
#[derive(Debug, Default)]
pub(crate) struct Pong {
    /// The frame that answers the latest ping.
    waiting: Option<Box<[u8]>>,
    /// The bytes to write until the previous pong has left the queue.
    ahead_bytes: usize,
}

impl Pong {
    pub(crate) fn bytes(&self) -> usize {
        self.waiting.as_ref().map_or(0, |frame| frame.len())
    }

    pub(crate) fn replace(&mut self, frame: Box<[u8]>) {
        self.waiting = Some(frame);
    }

    /// Moves the waiting pong to the end of the queue, unless another pong is still in the queue.
    pub(crate) fn enqueue(&mut self, outbound: &mut Outbound) {
        if self.ahead_bytes == 0
            && let Some(frame) = self.waiting.take()
        {
            outbound.push(frame.into());
            self.ahead_bytes = outbound.bytes();
        }
    }

    pub(crate) fn handle_written(&mut self, bytes: usize) {
        self.ahead_bytes = self.ahead_bytes.saturating_sub(bytes);
    }

    pub(crate) fn clear(&mut self) {
        self.waiting = None;
    }
}
