//! The queue of outputs, and the time at which a frame was last sent.

use std::collections::VecDeque;

use wayfare_protocol::wire::client_frame;
use wayfare_protocol::{Instant, frame};

use crate::{Event, Output};

pub(crate) struct Outbox {
    queue: VecDeque<Output>,
    pub(crate) last_sent: Instant,
}

impl Outbox {
    pub(crate) const fn new() -> Self {
        Self {
            queue: VecDeque::new(),
            last_sent: Instant::ORIGIN,
        }
    }

    pub(crate) fn send(&mut self, body: client_frame::Body, now: Instant) {
        self.last_sent = now;
        self.queue
            .push_back(Output::Send(frame::client_payload(body)));
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.queue.push_back(Output::Event(event));
    }

    pub(crate) fn connect(&mut self, endpoint: usize) {
        self.queue.push_back(Output::Connect { endpoint });
    }

    pub(crate) fn disconnect(&mut self) {
        self.queue.push_back(Output::Disconnect);
    }

    pub(crate) fn poll(&mut self) -> Option<Output> {
        self.queue.pop_front()
    }
}
