//! Reading connections: each once per turn, and all that are readable before a timer is judged.

use std::time::Duration;

use mio::Events;
use wayfare_core::ConnectionId;
use wayfare_protocol::Instant;
use wayfare_transport::{Closed, Flush, Read};

use super::event_loop::{EVENTS_MAX, EventLoop, LINGER};
use super::mailbox::MAIL;

impl EventLoop {
    pub(super) fn take_events(&mut self, events: &Events, now: Instant) {
        for event in events {
            if event.token() == MAIL {
                continue;
            }
            let Some(id) = self.connections.of_token(event.token()) else {
                continue;
            };
            if event.is_writable() {
                self.writable(id);
            }
            if event.is_readable() || event.is_read_closed() || event.is_error() {
                self.read(id, now);
            }
        }
    }

    /// Reads every connection that was readable at `now`, so that no timer judges a client silent
    /// whose frames wait in its socket. The events of this turn may be fewer: the system returns a
    /// limited number, and none after this process was stopped and continued.
    pub(super) fn catch_up(&mut self, events: &mut Events, now: Instant) {
        for _ in 0..=self.connections.len() / EVENTS_MAX {
            match self.poll.poll(events, Some(Duration::ZERO)) {
                Ok(()) => self.take_events(events, now),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return tracing::error!(%error, "the event queue failed"),
            }
            if events.iter().count() < EVENTS_MAX {
                return;
            }
        }
    }

    /// Reads a connection once per turn. What it has beyond that waits for the next turn.
    pub(super) fn read(&mut self, id: ConnectionId, now: Instant) {
        let Some(entry) = self.connections.get_mut(id) else {
            return;
        };
        entry.more = true;
        if entry.paused && !entry.closing {
            return;
        }
        if entry.read_in == self.turns {
            return self.mark_unread(id);
        }
        entry.read_in = self.turns;
        let (shard, tally) = (&mut self.shard, &mut self.tally);
        let outcome = entry.connection.read(&mut self.scratch, |message| {
            tally.received();
            shard.handle_frame(id, message, now);
        });
        entry.more = outcome == Read::More;
        let overhead = entry.connection.take_overhead_frames();
        if overhead > 0 {
            self.shard.handle_overhead(id, overhead, now);
        }
        match outcome {
            Read::Drained => {}
            Read::More => self.mark_unread(id),
            Read::Closed(closed) => return self.ended(id, closed, now),
        }
        let Some(entry) = self.connections.get_mut(id) else {
            return;
        };
        if entry.connection.is_dirty() {
            self.mark_dirty(id);
        }
    }

    /// Handles the end of the peer's side. What is still queued, at most a close frame, is written
    /// first.
    pub(super) fn ended(&mut self, id: ConnectionId, closed: Closed, now: Instant) {
        let Some(entry) = self.connections.get_mut(id) else {
            return;
        };
        let was_closing = std::mem::replace(&mut entry.closing, true);
        if !was_closing {
            self.shard.handle_disconnected(id, now);
        }
        let Some(entry) = self.connections.get_mut(id) else {
            return;
        };
        let lost = matches!(closed, Closed::Reset(_));
        if lost || was_closing || entry.connection.flush() != Flush::Blocked {
            // The close frame of a violation was handed to the system, but the socket may discard
            // it if bytes of the peer are unread, so such a connection lingers.
            if matches!(closed, Closed::Violation(_)) && !was_closing {
                entry.more = true;
                self.mark_unread(id);
                return self.lingering.push_back((now + LINGER, id));
            }
            return self.drop_connection(id);
        }
        if let Some(entry) = self.connections.get_mut(id) {
            entry.blocked = true;
        }
        self.lingering.push_back((now + LINGER, id));
    }

    pub(super) fn writable(&mut self, id: ConnectionId) {
        if let Some(entry) = self.connections.get_mut(id)
            && std::mem::replace(&mut entry.blocked, false)
        {
            self.mark_dirty(id);
        }
    }

    pub(super) fn mark_unread(&mut self, id: ConnectionId) {
        if let Some(entry) = self.connections.get_mut(id)
            && !std::mem::replace(&mut entry.unread, true)
        {
            self.unread.push(id);
        }
    }
}
