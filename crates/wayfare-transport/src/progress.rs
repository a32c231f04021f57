//! Results of a read and of a flush.

use crate::Closed;

/// The frames that a read takes from one connection, whatever they are: enough that a busy client
/// costs no more reads than turns, and so few that a thousand connections that send nothing but
/// headers hold up a turn for milliseconds.
pub const READ_FRAMES_MAX: usize = 64;

/// The result of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Read {
    /// Everything was read: the next readiness event reports new data.
    Drained,
    /// More data may be available, and no event reports it. Read again in the next turn at the
    /// latest.
    More,
    /// The connection is over. [`Connection::read`](crate::Connection::read) states the remaining
    /// duties.
    Closed(Closed),
}

/// The result of a flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Flush {
    /// Everything in the queue was written.
    Drained,
    /// The peer accepts no more for now: flush again on the next writable event.
    Blocked,
    /// Writing failed and the queue is lost: drop the connection.
    Closed(Closed),
}
