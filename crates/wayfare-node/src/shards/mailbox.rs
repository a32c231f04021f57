//! How everything but sockets reaches a shard's thread.

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

/// The waker's place among the connections' tokens.
pub(crate) const MAIL: Token = Token(usize::MAX);

/// Something that is not a socket event.
pub(crate) enum Mail {
    /// A WebSocket, and what was read of it already.
    Connect(TcpStream, Bytes),
    /// A connection within this process, under its name.
    ConnectMemory(u64, ShardEnd),
    /// The named connection can be read or written again.
    MemoryReady(u64),
    /// What another shard said in one of its turns.
    Peers(Vec<Envelope>),
    /// All shards of the node have been started.
    Began,
    /// A future of this entity ended, under this name, with this note.
    Ran(EntityId, u64, Option<Vec<u8>>),
    /// An operator's question.
    Ask(Query, oneshot::Sender<Report>),
    /// The node stops; at the latest then.
    Stop(Instant),
}

/// A shard's mail: many write, its thread reads. One lock a turn, not one a message.
pub(crate) struct Mailbox {
    /// None once the shard has ended: what is posted then is dropped, and whoever waits learns it.
    mail: Mutex<Option<Vec<Mail>>>,
    waker: Waker,
    /// The shard's connections, those in the mail included.
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

    /// Posts a new connection, and counts it from now on.
    pub(crate) fn connect(&self, mail: Mail) {
        self.load.fetch_add(1, Ordering::Relaxed);
        self.post(mail);
    }

    /// A connection is no more.
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
        // Whoever finds it empty wakes the reader; the others' mail is read by the same turn.
        if first {
            self.ring();
        }
    }

    /// Wakes the reader, or keeps it from going to sleep.
    pub(crate) fn ring(&self) {
        if let Err(error) = self.waker.wake() {
            tracing::error!(%error, "a shard could not be woken");
        }
    }

    /// Takes all mail; `into` is empty, and its buffer is used for what comes next.
    pub(crate) fn take(&self, into: &mut Vec<Mail>) {
        let mut waiting = self.mail.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = waiting.as_mut() {
            std::mem::swap(waiting, into);
        }
    }

    /// The shard has ended: there is no more mail, and what waits is dropped.
    pub(crate) fn close(&self) {
        let mut waiting = self.mail.lock().unwrap_or_else(PoisonError::into_inner);
        drop(waiting.take());
    }
}

/// The shard of the run of `own` that the address names, if it names that run.
pub(super) fn shard_of(own: &Address, to: &Address) -> Option<usize> {
    let is_own = to.node == own.node && to.incarnation == own.incarnation;
    is_own.then(|| usize::from(to.shard.0))
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::{Incarnation, NodeId, ShardIndex};

    use super::*;

    #[test]
    fn mail_for_another_run_is_for_no_shard_of_this_one() {
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
