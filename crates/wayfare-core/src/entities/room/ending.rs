//! The end of a room: closed, put away, given up.

use wayfare_protocol::storage::{Outcome, Request};

use super::Room;
use super::rerun::reachable;
use crate::context::Context;
use crate::in_flight::Wants;
use crate::routing::undeliverable::Undeliverable;
use crate::routing::undeliverable::ask_to_attach_again;
use crate::stream::gate::Holder;

/// Why a room is about to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// Nobody needs it now. If it is `Durable` it is put away, and comes back for who wants it;
    /// otherwise it closes.
    Idle,
    /// For good: nothing of it is kept.
    Closed,
    /// It fails again and again, or once too often for its kind. What storage has is kept, but for
    /// its members: they are told, and nothing they said comes to the room any more.
    Failed,
    /// It is another's now, or cannot be had back yet.
    Lost,
}

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

impl Room {
    /// It goes at the end of this turn. The graver reason holds.
    pub(crate) fn end(&mut self, end: End) {
        self.ending = self.ending.max(Some(end));
    }

    /// Tells whoever is there, once, before the turn's effects go to the gate.
    pub(crate) fn say_farewell(&mut self, context: &mut Context) {
        let Some(end) = self.ending else {
            return;
        };
        match end {
            End::Idle if self.is_durable() => {}
            End::Idle | End::Closed | End::Failed => self.dismiss_all(context),
            End::Lost if self.persistence.is_some() => {
                if self.is_durable() {
                    self.give_up_held();
                }
                self.send_members_elsewhere(context);
            }
            End::Lost => self.dismiss_all(context),
        }
    }

    /// Drops effects that storage has not confirmed.
    pub(super) fn give_up_held(&mut self) {
        self.builder = None;
        self.gate.discard();
        self.held_bytes = 0;
    }

    /// Their connections are cut, so that they come back to whoever has it then.
    fn send_members_elsewhere(&mut self, context: &mut Context) {
        self.failed.get_or_insert("lost");
        for (_, member) in self.members.iter().filter(|(_, member)| member.attached) {
            ask_to_attach_again(member.session.clone(), context);
        }
        // Who went by what was not kept is a member still, and its gateway does not know otherwise.
        if let Some(persistence) = &mut self.persistence {
            let gone = persistence
                .way
                .as_mut()
                .map(|way| std::mem::take(&mut way.gone));
            let gone = gone
                .into_iter()
                .chain([std::mem::take(&mut persistence.unwritten.gone)]);
            for (_, session) in gone.flat_map(reachable) {
                ask_to_attach_again(session, context);
            }
        }
    }

    /// Behind the turn's effects: whether it can go now.
    pub(crate) fn farewell(&mut self, context: &mut Context) -> Option<Farewell> {
        let end = self.ending?;
        let Some(persistence) = &self.persistence else {
            return Some(Farewell::Over(end));
        };
        let busy = persistence.is_busy();
        match end {
            End::Lost => Some(Farewell::Over(end)),
            End::Idle | End::Failed if persistence.durable && busy => Some(Farewell::Waits),
            End::Idle if persistence.durable => Some(Farewell::Over(end)),
            End::Failed => Some(Farewell::Over(end)),
            End::Idle | End::Closed if persistence.forgotten => Some(Farewell::Over(End::Closed)),
            End::Idle | End::Closed => {
                self.ask_forget(context);
                Some(Farewell::Waits)
            }
        }
    }

    /// Asks storage to forget the room, once nothing else is on its way there.
    pub(super) fn ask_forget(&mut self, context: &mut Context) {
        let closes = match self.ending {
            Some(End::Closed) => true,
            Some(End::Idle) => !self.is_durable(),
            Some(End::Failed | End::Lost) | None => false,
        };
        let Some(persistence) = &mut self.persistence else {
            return;
        };
        // What it said to the logs of the game has to get there first.
        let said = persistence.appends.is_empty() && persistence.unwritten.appends.is_empty();
        let free = said && persistence.way.is_none() && persistence.retry.at.is_none();
        if !closes || !free || persistence.forgetting {
            return;
        }
        persistence.forgetting = true;
        persistence.forget_failed = false;
        let request = Request::Forget {
            entity: self.entity.as_key(),
            epoch: self.epoch,
        };
        self.store(Wants::Forget, request, context);
    }

    /// The answer to [`Room::ask_forget`]: the farewells may leave.
    pub(super) fn forgotten(&mut self, outcome: Outcome, context: &mut Context) {
        let Some(persistence) = &mut self.persistence else {
            return;
        };
        persistence.forgetting = false;
        persistence.forget_failed = outcome.is_err();
        match outcome {
            Ok(_) => {
                persistence.forgotten = true;
                let pushed = self.gate.pushed();
                self.gate.confirm(Holder::Storage, pushed);
            }
            Err(failure) => {
                persistence.retry.failed(context.now);
                self.storage_failed(failure, context);
            }
        }
    }
}
