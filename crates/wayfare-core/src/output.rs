//! The effects a shard asks its driver for.

use bytes::Bytes;
use wayfare_protocol::{EntityId, ErrorCode};
use wayfare_protocol::{coordination, storage};

use crate::game::Work;
use crate::in_flight::CallId;
use crate::peer::{Envelope, operator};
use crate::report::Report;

/// A transport connection of this shard; the number is the driver's, and never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnectionId {
    /// Where the driver keeps it: small, used again after it closed.
    pub slot: u32,
    /// Tells apart connections that used the same slot.
    pub generation: u32,
}

/// An effect that a shard asks of its driver.
#[derive(Debug)]
pub enum Output {
    /// Queue these whole frames on a connection.
    Send {
        /// Which.
        connection: ConnectionId,
        /// Frames with their headers.
        bytes: Bytes,
    },
    /// Close a connection. Frames queued before go out first, unless `abort`.
    Close {
        /// Which.
        connection: ConnectionId,
        /// Why; `None` if the client asked.
        code: Option<ErrorCode>,
        /// At once, dropping what is queued.
        abort: bool,
    },
    /// Read no more from a connection: its client is over its rate.
    Pause(ConnectionId),
    /// Read on.
    Resume(ConnectionId),
    /// Check a token, and answer with [`crate::Shard::handle_authenticated`].
    Authenticate {
        /// Whose.
        connection: ConnectionId,
        /// The token as the client sent it.
        token: String,
    },
    /// Ask coordination, and answer with [`crate::Shard::handle_coordination`].
    Coordinate {
        /// Names the answer.
        call: CallId,
        /// The request to coordination.
        request: coordination::Request,
    },
    /// Ask storage, and answer with [`crate::Shard::handle_storage`].
    Store {
        /// Names the answer.
        call: CallId,
        /// The request to storage.
        request: storage::Request,
    },
    /// Run a future to its end, and bring what it brings with [`crate::Shard::handle_ran`]. It
    /// begins on this node and stays there, however its entity moves.
    Run {
        /// Whose.
        entity: EntityId,
        /// Names its end, among those of this entity.
        run: u64,
        /// The future.
        work: Work,
    },
    /// Bring this to another shard. Boxed: nearly all outputs are sends, and are moved by value.
    Peer(Box<Envelope>),
    /// The answer to an operator.
    Operator {
        /// Whose question.
        question: u64,
        /// The answer.
        answer: Box<operator::Report>,
    },
    /// Something to log.
    Report(Report),
}
