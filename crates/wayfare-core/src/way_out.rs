//! The way out of a shard: its outputs, and the messages that it sends to itself.

use std::collections::VecDeque;

use bytes::Bytes;
use wayfare_protocol::{Address, ErrorCode};

use crate::output::{ConnectionId, Output};
use crate::peer::{Envelope, Message};
use crate::report::Report;

/// The effects of a turn, in order. A function that only answers or reports takes this, and can
/// touch nothing else of its shard.
pub(crate) struct WayOut {
    here: Address,
    pub(crate) outputs: VecDeque<Output>,
    /// Messages of this shard to itself.
    pub(crate) local: VecDeque<Message>,
}

impl WayOut {
    pub(crate) fn new(here: Address) -> Self {
        Self {
            here,
            outputs: VecDeque::new(),
            local: VecDeque::new(),
        }
    }

    /// Sends a message to a shard, this one included.
    pub(crate) fn post(&mut self, to: &Address, message: impl Into<Message>) {
        let message = message.into();
        if *to == self.here {
            self.local.push_back(message);
        } else {
            let to = to.clone();
            let envelope = Box::new(Envelope { to, message });
            self.outputs.push_back(Output::Peer(envelope));
        }
    }

    /// Sends a message to this shard.
    pub(crate) fn post_here(&mut self, message: impl Into<Message>) {
        self.local.push_back(message.into());
    }

    /// Sends frames over a connection.
    pub(crate) fn send(&mut self, connection: ConnectionId, bytes: Bytes) {
        self.outputs.push_back(Output::Send { connection, bytes });
    }

    /// Closes a connection, at once if `abort` is set, and otherwise once all was sent.
    pub(crate) fn close(&mut self, connection: ConnectionId, code: Option<ErrorCode>, abort: bool) {
        self.outputs.push_back(Output::Close {
            connection,
            code,
            abort,
        });
    }

    pub(crate) fn report(&mut self, report: Report) {
        self.outputs.push_back(Output::Report(report));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.outputs.is_empty() && self.local.is_empty()
    }
}
