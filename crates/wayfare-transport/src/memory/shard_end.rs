//! The shard's end of a memory connection.

use std::fmt;
use std::io::ErrorKind;
use std::sync::Arc;

use bytes::Bytes;

use super::pipe::Shared;
use crate::outbound::Outbound;
use crate::{Closed, Flush, READ_FRAMES_MAX, Read, Violation};

/// The shard's end of a [`pair`](super::pair), used through [`Connection`](crate::Connection).
pub struct ShardEnd {
    shared: Arc<Shared>,
    outbound: Outbound,
    message_bytes_max: usize,
    closed: Option<Closed>,
    writing: Writing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writing {
    Open,
    Closing { code: u16 },
    Shut,
}

impl ShardEnd {
    pub(super) fn new(shared: Arc<Shared>, message_bytes_max: usize) -> Self {
        let outbound = Outbound::default();
        Self {
            shared,
            outbound,
            message_bytes_max,
            closed: None,
            writing: Writing::Open,
        }
    }

    pub(crate) fn read(&mut self, scratch: &[u8], mut message: impl FnMut(&[u8])) -> Read {
        assert!(
            !scratch.is_empty(),
            "nothing can be read into an empty scratch buffer"
        );
        let mut room = scratch.len();
        for _ in 0..READ_FRAMES_MAX {
            if room == 0 {
                break;
            }
            let piece = match self.take() {
                Ok(Some(piece)) => piece,
                Ok(None) => return Read::Drained,
                Err(end) => {
                    if let Closed::PeerClosed { code } = end {
                        self.begin_close(code);
                    }
                    return Read::Closed(*self.closed.get_or_insert(end));
                }
            };
            // An empty message counts as one byte, so that a flood of them is bounded too.
            room = room.saturating_sub(piece.len().max(1));
            if self.writing != Writing::Open {
                continue;
            }
            if piece.len() > self.message_bytes_max {
                self.begin_close(Violation::MessageTooBig.code());
                return Read::Closed(*self.closed.insert(Violation::MessageTooBig.into()));
            }
            message(&piece);
        }
        Read::More
    }

    pub(crate) fn queue(&mut self, frames: Bytes) {
        if self.writing == Writing::Open {
            self.outbound.push(frames);
        }
    }

    pub(crate) fn queued_bytes(&self) -> usize {
        self.outbound.bytes()
    }

    pub(crate) fn is_dirty(&self) -> bool {
        !self.outbound.is_empty() || matches!(self.writing, Writing::Closing { .. })
    }

    pub(crate) fn flush(&mut self) -> Flush {
        let mut state = self.shared.lock();
        if state.to_peer.reader_gone {
            drop(state);
            self.outbound.clear();
            self.writing = Writing::Shut;
            let reset = Closed::Reset(ErrorKind::BrokenPipe);
            return Flush::Closed(*self.closed.get_or_insert(reset));
        }
        while !state.to_peer.is_full(self.shared.capacity_bytes)
            && let Some(piece) = self.outbound.pop()
        {
            state.to_peer.push(piece);
        }
        let drained = self.outbound.is_empty();
        if !drained {
            state.shard_writes = true;
        } else if let Writing::Closing { code } = self.writing {
            state.to_peer.end = Some(Closed::PeerClosed { code });
            self.writing = Writing::Shut;
        }
        drop(state);
        self.shared.to_peer_changed.notify_all();
        if drained {
            Flush::Drained
        } else {
            Flush::Blocked
        }
    }

    pub(crate) fn begin_close(&mut self, code: u16) {
        if self.writing == Writing::Open {
            self.writing = Writing::Closing { code };
        }
    }

    fn take(&self) -> Result<Option<Bytes>, Closed> {
        let mut state = self.shared.lock();
        if let Some(piece) = state.to_shard.pop() {
            return Ok(Some(piece));
        }
        if let Some(end) = state.to_shard.end {
            return Err(end);
        }
        state.shard_reads = true;
        Ok(None)
    }
}

impl Drop for ShardEnd {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.to_shard.abandon();
        state
            .to_peer
            .end
            .get_or_insert(Closed::Reset(ErrorKind::UnexpectedEof));
        drop(state);
        self.shared.to_peer_changed.notify_all();
    }
}

impl fmt::Debug for ShardEnd {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ShardEnd")
            .field("queued_bytes", &self.queued_bytes())
            .field("closed", &self.closed)
            .field("writing", &self.writing)
            .finish_non_exhaustive()
    }
}
