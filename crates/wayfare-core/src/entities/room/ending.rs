//! The end of a room: closed, put away, given up.

use super::machines::phase::End;
use super::turn::RoomTurn;
use crate::routing::undeliverable::{Undeliverable, ask_to_attach_again};

impl End {
    /// The reason for which a message no longer reaches the room.
    pub(crate) fn undeliverable(self) -> Undeliverable {
        match self {
            End::Closed => Undeliverable::Closed,
            End::Idle | End::Failed | End::Lost => {
                Undeliverable::Unavailable("the room is not there now")
            }
        }
    }
}

/// The work left for a room that ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// Storage has not answered yet.
    Waits,
    /// It is over, and its record is given up.
    Over(End),
}

impl RoomTurn<'_> {
    /// Tells the members, once, before the turn's effects go to the gate.
    pub(crate) fn say_farewell(&mut self) {
        match self.room.phase.end() {
            None => {}
            Some(End::Idle) if self.room.is_durable() => {}
            Some(End::Lost) if self.room.persistence.is_some() => {
                if self.room.is_durable() {
                    // Storage has confirmed these in this very turn.
                    self.release();
                    self.room.stream.discard_unconfirmed();
                }
                self.send_members_elsewhere();
            }
            Some(End::Idle | End::Closed | End::Failed | End::Lost) => self.dismiss_all(),
        }
    }

    /// Cuts the connections of members, so that they come back to the next owner of the room.
    fn send_members_elsewhere(&mut self) {
        self.room.phase.stop_handlers();
        for (_, member) in self.room.members.iter() {
            if member.attached {
                ask_to_attach_again(member.session.clone(), &mut self.context.out);
            }
        }
        // A member that left by what was not stored is a member still, and its gateway does not know
        // otherwise.
        let Some(persistence) = &mut self.room.persistence else {
            return;
        };
        let in_flight = persistence.in_flight.as_mut();
        let gone = in_flight.map(|write| write.members.take_gone());
        let unwritten = persistence.unwritten.members.take_gone();
        for (_, session) in gone.into_iter().flatten().chain(unwritten) {
            ask_to_attach_again(session, &mut self.context.out);
        }
    }

    /// After the turn's effects: what is left of a room that ends.
    pub(crate) fn farewell(&mut self) -> Option<Farewell> {
        let end = self.room.phase.end()?;
        let Some(persistence) = &self.room.persistence else {
            return Some(Farewell::Over(end));
        };
        let (is_durable, is_busy) = (persistence.is_durable(), persistence.is_busy());
        Some(match end {
            End::Idle | End::Failed if is_durable && is_busy => Farewell::Waits,
            End::Idle if is_durable => Farewell::Over(end),
            End::Failed | End::Lost => Farewell::Over(end),
            End::Idle | End::Closed if persistence.is_forgotten() => Farewell::Over(End::Closed),
            End::Idle | End::Closed => {
                self.forget_if_closed();
                Farewell::Waits
            }
        })
    }

    /// Asks storage to forget a room that closes, once nothing else is in flight.
    pub(super) fn forget_if_closed(&mut self) {
        let closes = match self.room.phase.end() {
            Some(End::Closed) => true,
            Some(End::Idle) => !self.room.is_durable(),
            Some(End::Failed | End::Lost) | None => false,
        };
        if closes && let Some((persistence, mut storage)) = self.storage() {
            persistence.forget(&mut storage);
        }
    }
}
