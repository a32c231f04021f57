//! The effects that a handler left in the outbox, turned into frames and changes of the room.

use std::ops::Range;

use bytes::Bytes;
use wayfare_protocol::{Instant, Membership, PlayerId};

use super::End;
use super::machines::metadata::PropertiesFull;
use super::turn::RoomTurn;
use crate::game::effects::Effect;
use crate::game::{Form, LeaveReason, Recipients, TimerId};
use crate::report::Report;

/// Effects that follow what the shard itself has to say about a handler's call.
#[derive(Debug, Default)]
#[must_use]
pub(super) struct Deferred {
    /// Events for a joiner itself: they follow its view.
    events: Vec<(Recipients, Vec<u8>)>,
    /// Members to remove: the reply to the command that did it comes first.
    kicked: Vec<(PlayerId, String)>,
}

impl RoomTurn<'_> {
    /// Turns the outbox into frames and changes. Some of it waits for [`RoomTurn::apply_deferred`].
    pub(super) fn apply_effects(&mut self, joiner: Option<Membership>) -> Deferred {
        let mut deferred = Deferred::default();
        let mut outbox = self.context.outbox.take();
        self.room.clock.timers_made = outbox.timers_made;
        let bytes = &outbox.bytes;
        let own = |range: Range<usize>| Bytes::copy_from_slice(&bytes[range]);
        for effect in outbox.effects.drain(..) {
            match effect {
                Effect::Send {
                    recipients,
                    payload,
                    unreliable: true,
                } => self.room.stream.unreliable(recipients, &bytes[payload]),
                Effect::Send {
                    recipients,
                    payload,
                    unreliable: false,
                } => {
                    if joiner.is_some_and(|joiner| is_for(&recipients, joiner)) {
                        deferred.events.push((recipients, bytes[payload].to_vec()));
                    } else {
                        self.send_event(recipients, &bytes[payload]);
                    }
                }
                Effect::Kick { player, message } => deferred.kicked.push((player, message)),
                Effect::Close => self.room.end(End::Closed),
                Effect::Change(change) => self.keep_change(&bytes[change]),
                Effect::Log { log, record } => self.keep_log_record(log, &bytes[record]),
                Effect::Run { work, lost } => self.begin_run(work, own(lost)),
                Effect::Ask {
                    entity,
                    request,
                    deadline,
                    tag,
                } => self.begin_ask(entity, own(request), (deadline, own(tag))),
                Effect::Reply { caller, result } => {
                    self.answer(caller, result.map(own));
                }
                Effect::After { timer, delay, note } => {
                    self.start_timer((self.context.now + delay, timer), &bytes[note]);
                }
                Effect::Cancel(timer) => self.cancel_timer(timer),
                Effect::Lock(locked) => {
                    self.room.metadata.locked = locked;
                    self.room.metadata_changed();
                }
                Effect::Private(private) => {
                    self.room.metadata.private = private;
                    self.room.metadata_changed();
                }
                Effect::Property { name, value } => {
                    self.set_property(name, value);
                    self.room.metadata_changed();
                }
            }
        }
        self.context.outbox.replace(outbox);
        deferred
    }

    /// Keeps a change of the state for the next record, where the form of the kind logs changes.
    fn keep_change(&mut self, change: &[u8]) {
        if self.room.kind.form() != Form::Changes {
            return;
        }
        if let Some(unwritten) = self.room.unwritten() {
            unwritten.changes.push(Bytes::copy_from_slice(change));
        }
    }

    /// Keeps a record for a log of the game until the step that it belongs to is written.
    fn keep_log_record(&mut self, log: String, record: &[u8]) {
        if let Some(persistence) = &mut self.room.persistence {
            let record = Bytes::copy_from_slice(record);
            persistence.unwritten.appends.push((log, record));
        }
    }

    fn start_timer(&mut self, (at, timer): (Instant, TimerId), note: &[u8]) {
        self.room.clock.start_timer(at, timer, note);
        if let Some(unwritten) = self.room.unwritten() {
            unwritten.timers.start(timer);
            unwritten.metadata = true;
        }
    }

    fn cancel_timer(&mut self, timer: TimerId) {
        self.room.clock.cancel_timer(timer);
        if let Some(unwritten) = self.room.unwritten() {
            unwritten.timers.remove(timer);
        }
    }

    pub(super) fn apply_deferred(&mut self, deferred: Deferred) {
        for (recipients, payload) in deferred.events {
            self.send_event(recipients, &payload);
        }
        for (player, message) in deferred.kicked {
            self.kick(&player, &message);
        }
    }

    /// All effects of a handler whose caller has nothing to say in between.
    pub(super) fn apply_all_effects(&mut self) {
        let deferred = self.apply_effects(None);
        self.apply_deferred(deferred);
    }

    fn kick(&mut self, player: &PlayerId, message: &str) {
        if let Some((membership, _)) = self.room.members.of_player(player) {
            self.remove(membership, LeaveReason::LeaveKicked, message);
        }
    }

    fn set_property(&mut self, name: String, value: Option<String>) {
        if let Err(PropertiesFull) = self.room.metadata.set_property(name, value) {
            let entity = self.room.id.entity.clone();
            self.context.out.report(Report::PropertiesFull { entity });
        }
    }

    /// Sends an event of the room.
    fn send_event(&mut self, recipients: Recipients, payload: &[u8]) {
        let bounds = &self.room.kind.settings.history;
        self.room.stream.event(recipients, payload, bounds);
    }
}

fn is_for(recipients: &Recipients, joiner: Membership) -> bool {
    matches!(recipients, Recipients::One(_) | Recipients::Only(_)) && recipients.include(joiner)
}
