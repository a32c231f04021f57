//! How far a read or a flush came, and what that leaves to the loop.

use crate::Closed;

/// What a read left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Read {
    /// Nothing: the next readiness event tells of more.
    Drained,
    /// Perhaps more: no event will tell of it, so read again, next turn at the latest.
    More,
    /// The connection is over. See [`Connection::read`](crate::Connection::read) for what is owed.
    Closed(Closed),
}

/// What a flush left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Flush {
    /// Nothing: all that was queued has been written.
    Drained,
    /// The peer takes no more for now: flush again on the next writable event.
    Blocked,
    /// Writing failed and what was queued is gone: drop the connection.
    Closed(Closed),
}
