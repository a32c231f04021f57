//! The answer to a peer's pings: the latest one, and one at a time (RFC 6455, section 5.5.3).

use crate::outbound::Outbound;

/// However many pings a peer sends without reading, two pongs are the most it makes us hold.
#[derive(Debug, Default)]
pub(crate) struct Pong {
    /// The frame that answers the latest ping.
    waiting: Option<Box<[u8]>>,
    /// Bytes to be written until the pong before it has left the queue.
    ahead_bytes: usize,
}

impl Pong {
    pub(crate) fn bytes(&self) -> usize {
        self.waiting.as_ref().map_or(0, |frame| frame.len())
    }

    pub(crate) fn replace(&mut self, frame: Box<[u8]>) {
        self.waiting = Some(frame);
    }

    /// Moves the waiting pong to the end of the queue, unless another is on its way.
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
