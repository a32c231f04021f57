//! The client's end of a memory connection, for any thread.

use std::fmt;
use std::io::ErrorKind;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::pipe::{Shared, State};
use crate::{Closed, Frames, frames};

/// The client's end of a [`pair`](super::pair). Dropping it loses the connection.
pub struct PeerEnd {
    shared: Arc<Shared>,
    /// The remaining frames of the piece received last.
    frames: Frames,
    closed: Option<Closed>,
}

/// The reason why a message was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// The shard has not yet read enough of the earlier messages. No notification follows when it
    /// has.
    #[error("the pipe is full")]
    Full,
    /// This end has closed, or the shard has dropped its end.
    #[error("the connection is closed")]
    Closed,
}

impl PeerEnd {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            frames: Frames::default(),
            closed: None,
        }
    }

    /// Sends one message, and wakes the shard if it waits for one.
    ///
    /// # Errors
    /// If the pipe is full or closed. The message is dropped then, so keep a clone to try again.
    pub fn try_send(&mut self, message: Bytes) -> Result<(), NotSent> {
        let mut state = self.shared.lock();
        if state.to_shard.end.is_some() || state.to_shard.reader_gone {
            return Err(NotSent::Closed);
        }
        if state.to_shard.is_full(self.shared.capacity_bytes) {
            return Err(NotSent::Full);
        }
        state.to_shard.push(message);
        self.shared.wake_shard(state);
        Ok(())
    }

    /// Returns the next message of the shard, as a slice of the queued bytes, or `None` if there is
    /// none.
    ///
    /// # Errors
    /// If the shard has closed or dropped its end and all earlier messages were received; a close
    /// is answered. If the shard queued bytes that are not frames.
    pub fn try_recv(&mut self) -> Result<Option<Bytes>, Closed> {
        self.recv_timeout(Duration::ZERO)
    }

    /// Like [`try_recv`](Self::try_recv), but blocks up to `timeout` if there is no message.
    ///
    /// # Errors
    /// The same as [`try_recv`](Self::try_recv).
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<Option<Bytes>, Closed> {
        if let Some(closed) = self.closed {
            return Err(closed);
        }
        loop {
            match self.frames.next() {
                Some(Ok(message)) => return Ok(Some(message)),
                Some(Err(violation)) => {
                    self.begin_close(violation.code());
                    return Err(*self.closed.insert(violation.into()));
                }
                None => {}
            }
            match self.take(timeout) {
                Ok(Some(piece)) => self.frames = frames(piece),
                Ok(None) => return Ok(None),
                Err(closed) => {
                    if let Closed::PeerClosed { code } = closed {
                        self.begin_close(code);
                    }
                    return Err(*self.closed.insert(closed));
                }
            }
        }
    }

    /// Closes after all sent messages; a later receive returns the shard's answer as an error. A
    /// second call has no effect.
    pub fn begin_close(&mut self, code: u16) {
        let mut state = self.shared.lock();
        state
            .to_shard
            .end
            .get_or_insert(Closed::PeerClosed { code });
        self.shared.wake_shard(state);
    }

    fn take(&self, timeout: Duration) -> Result<Option<Bytes>, Closed> {
        let mut state = self.wait(timeout);
        match (state.to_peer.pop(), state.to_peer.end) {
            (Some(piece), _) => {
                self.shared.wake_shard(state);
                Ok(Some(piece))
            }
            (None, Some(end)) => Err(end),
            (None, None) => Ok(None),
        }
    }

    fn wait(&self, timeout: Duration) -> MutexGuard<'_, State> {
        let state = self.shared.lock();
        if timeout.is_zero() {
            return state;
        }
        let idle = |state: &mut State| state.to_peer.is_empty() && state.to_peer.end.is_none();
        let waited = self
            .shared
            .to_peer_changed
            .wait_timeout_while(state, timeout, idle);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Drop for PeerEnd {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.to_peer.abandon();
        state
            .to_shard
            .end
            .get_or_insert(Closed::Reset(ErrorKind::UnexpectedEof));
        self.shared.wake_shard(state);
    }
}

impl fmt::Debug for PeerEnd {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PeerEnd")
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}
