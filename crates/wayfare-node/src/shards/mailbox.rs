//! The mailbox of a shard's thread, for everything but socket events.

use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use mio::{Poll, Token, Waker};
use tokio::sync::oneshot;
use wayfare_core::operator::{Query, Report};
use wayfare_core::peer::Envelope;
use wayfare_protocol::{Address, EntityId};
use wayfare_transport::memory::ShardEnd;

/// The waker's token, which no connection has.
pub(crate) const MAIL: Token = Token(usize::MAX);

/// An item of mail.
pub(crate) enum Mail {
    /// A new WebSocket, with the bytes already read from it.
    Connect(TcpStream, Bytes),
    /// A new connection within this process, with its number.
    ConnectMemory(u64, ShardEnd),
    /// The connection with this number can be read or written again.
    MemoryReady(u64),
    /// The messages of another shard's turn.
    Peers(Vec<Envelope>),
    /// All shards of the node have started.
    Began,
    /// A future of this entity ended. The number names the future; the bytes are its note.
    Ran(EntityId, u64, Option<Vec<u8>>),
    /// A query of an operator.
    Ask(Query, oneshot::Sender<Report>),
    /// The node stops, by this deadline.
    Stop(Instant),
}

/// The mail of a shard: many threads write, the shard's thread reads. Takes one lock per turn, not
/// per message.
pub(crate) struct Mailbox {
    /// `None` once the shard has ended. Later mail is dropped, which its senders notice.
    mail: Mutex<Option<Vec<Mail>>>,
    waker: Waker,
    /// The number of the shard's connections, including those in the mail.
    load: AtomicUsize,
}

impl Mailbox {
    pub(crate) fn new(poll: &Poll) -> std::io::Result<Self> {
        let waker = Waker::new(poll.registry(), MAIL)?;
        Ok(Self {
            mail: Mutex::new(Some(Vec::new())),
            waker,
            load: AtomicUsize::new(0),
        })
    }

    pub(crate) fn load(&self) -> usize {
        self.load.load(Ordering::Relaxed)
    }

    /// Posts a new connection and counts it.
    pub(crate) fn connect(&self, mail: Mail) {
        self.load.fetch_add(1, Ordering::Relaxed);
        self.post(mail);
    }

    /// Counts a connection that ended.
    pub(crate) fn disconnected(&self) {
        self.load.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn post(&self, mail: Mail) {
        let mut guard = self.mail.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(waiting) = guard.as_mut() else {
            return;
        };
        let first = waiting.is_empty();
        waiting.push(mail);
        drop(guard);
        // The writer that finds the mailbox empty wakes the reader. The same turn reads the mail of
        // the others.
        if first {
            self.ring();
        }
    }

    /// Wakes the reader, or keeps it from its next sleep.
    pub(crate) fn ring(&self) {
        if let Err(error) = self.waker.wake() {
            tracing::error!(%error, "a shard could not be woken");
        }
    }

    /// Takes all mail. `into` must be empty; its buffer is reused for later mail.
    pub(crate) fn take(&self, into: &mut Vec<Mail>) {
        let mut waiting = self.mail.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = waiting.as_mut() {
            std::mem::swap(waiting, into);
        }
    }

    /// Closes the mailbox when the shard has ended, and drops the mail in it.
    pub(crate) fn close(&self) {
        let mut waiting = self.mail.lock().unwrap_or_else(PoisonError::into_inner);
        drop(waiting.take());
    }
}

/// Returns the index of the shard at this address, if the address names the run of `own`.
pub(super) fn shard_of(own: &Address, to: &Address) -> Option<usize> {
    let is_own = to.node == own.node && to.incarnation == own.incarnation;
    is_own.then(|| usize::from(to.shard.0))
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::{Incarnation, NodeId, ShardIndex};

    use super::*;

    #[test]
    fn mail_for_another_run_is_not_delivered() {
        let address = |node: &str, incarnation, shard| Address {
            node: NodeId::new(node).unwrap(),
            incarnation: Incarnation(incarnation),
            shard: ShardIndex(shard),
        };
        let own = address("one", 5, 0);
        assert_eq!(shard_of(&own, &address("one", 5, 3)), Some(3));
        assert_eq!(shard_of(&own, &address("one", 4, 3)), None);
        assert_eq!(shard_of(&own, &address("one", 6, 3)), None);
        assert_eq!(shard_of(&own, &address("two", 5, 3)), None);
    }
}
