//! The records of a room for storage: everything, or the changes.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::limits::{PARTS_TURN_BYTES_MAX, STATE_BYTES_MAX};
use wayfare_protocol::records::room::{
    self as stored, Append, Base, Event, Part, Reign, RoomRecord, Surroundings, Timer, call,
};
use wayfare_protocol::{Instant, Membership, Sequence};

use crate::context::Context;
use crate::game::Recipients;
use crate::game::TimerId;
use crate::game::members::Member;
use crate::game::{Form, Refusal};

use super::super::handlers::Fault;
use super::super::{Pending, Room};
use super::StateFingerprint;

/// A record of a turn, before it is sent.
pub(in crate::entities::room) struct Written {
    pub(in crate::entities::room) record: RoomRecord,
    /// True if there is anything in it.
    pub(in crate::entities::room) any: bool,
    /// The state it has, if it has one.
    pub(in crate::entities::room) fingerprint: Option<StateFingerprint>,
}

impl Room {
    /// Makes the record to be written: everything, or the changes.
    pub(in crate::entities::room) fn record(
        &mut self,
        base: bool,
        context: &mut Context,
    ) -> Result<Written, Refusal> {
        let form = self.kind.form();
        let handled = self
            .persistence
            .as_ref()
            .is_some_and(|it| it.unwritten.handled);
        let mut state = None;
        let mut fingerprint = None;
        if base || (handled && form != Form::Changes) {
            let bytes = self.encode_state(context)?;
            let now = StateFingerprint::of(&bytes);
            if base
                || self
                    .persistence
                    .as_ref()
                    .is_none_or(|it| it.fingerprint != now)
            {
                (state, fingerprint) = (Some(bytes), Some(now));
            }
        }
        let mut record = RoomRecord {
            epoch: self.epoch.0,
            base: base.then(|| self.base()),
            sequence: self.sequence.0,
            position_announced: self.position_announced.0,
            age_ns: nanos(self.age(context.now)),
            unix_ms: u64::try_from(context.unix().as_millis()).unwrap_or(u64::MAX),
            state,
            history_behind: self.history.dropped().0,
            ..RoomRecord::default()
        };
        self.put_appends(&mut record);
        let Some(persistence) = &self.persistence else {
            return Ok(Written {
                record,
                any: true,
                fingerprint,
            });
        };
        if !base {
            record.changes.clone_from(&persistence.unwritten.changes);
        }
        let from = if base {
            Sequence(0)
        } else {
            persistence.written
        };
        // What only lives on without a promise is not replayed after a fall back.
        if persistence.durable {
            record.events = self.history.since(from).map(event).collect();
        } else {
            record.history_behind = self.sequence.0;
        }
        if base {
            self.put_everything(&mut record);
        } else {
            self.put_news(&mut record);
        }
        let any = base || has_any(&record);
        Ok(Written {
            record,
            any,
            fingerprint,
        })
    }

    /// Adds the records for the logs of the game; a whole record also has those that still wait. They
    /// stay among the unwritten changes until the record is sent, for it may turn out to be too large.
    fn put_appends(&self, record: &mut RoomRecord) {
        let Some(persistence) = &self.persistence else {
            return;
        };
        if record.base.is_some() {
            record.appends.extend(persistence.appends.iter().cloned());
        }
        let (epoch, position) = (record.epoch, persistence.next.0);
        for (log, bytes) in persistence.unwritten.appends.clone() {
            let own = record.appends.iter_mut().find(|append| {
                append.log == log && append.position == position && append.epoch == epoch
            });
            match own {
                Some(append) => append.records.push(bytes),
                None => record.appends.push(Append {
                    log,
                    records: vec![bytes],
                    epoch,
                    position,
                }),
            }
        }
    }

    fn base(&self) -> Base {
        Base {
            handle: self.handle.0,
            open: self.open.clone(),
            lineage: self
                .lineage
                .reigns()
                .map(|(epoch, first)| Reign {
                    epoch: epoch.0,
                    first: first.0,
                })
                .collect(),
            valid_from_epoch: self.valid_from_epoch.0,
        }
    }

    fn put_everything(&self, record: &mut RoomRecord) {
        record.members = self.members.iter().map(member).collect();
        record.timers = self
            .timers
            .iter()
            .map(|(key, note)| self.timer(*key, note))
            .collect();
        record.surroundings = Some(self.surroundings());
        record.calls = self
            .calls
            .iter()
            .map(|(id, call)| self.stored_call(*id, call))
            .collect();
    }

    fn put_news(&self, record: &mut RoomRecord) {
        let Some(persistence) = &self.persistence else {
            return;
        };
        let unwritten = &persistence.unwritten;
        let known = |number: &Membership| Some((*number, self.members.get(*number)?));
        record.members = unwritten
            .members
            .iter()
            .filter_map(known)
            .map(member)
            .collect();
        record.members_gone = unwritten.gone.keys().map(|number| number.0).collect();
        if !unwritten.timers.is_empty() {
            let timers = self
                .timers
                .iter()
                .filter(|((_, id), _)| unwritten.timers.contains(id));
            record.timers = timers.map(|(key, note)| self.timer(*key, note)).collect();
        }
        record.timers_gone = unwritten.timers_gone.iter().map(|id| id.0).collect();
        record.calls_gone = unwritten.calls_gone.iter().copied().collect();
        let calls = unwritten
            .calls
            .iter()
            .filter_map(|id| Some((id, self.calls.get(id)?)));
        record.calls = calls
            .map(|(id, call)| self.stored_call(*id, call))
            .collect();
        let made = !record.calls.is_empty() || !record.timers.is_empty();
        if unwritten.surroundings || made {
            record.surroundings = Some(self.surroundings());
        }
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings {
            properties: self.properties.clone().into_iter().collect(),
            locked: self.locked,
            private: self.private,
            next_membership: self.next_membership.0,
            timers_made: self.timers_made,
            calls_made: self.calls_made,
        }
    }

    fn timer(&self, (at, id): (Instant, TimerId), note: &[u8]) -> Timer {
        Timer {
            id: id.0,
            due_ns: nanos(self.age(at)),
            note: note.to_vec().into(),
        }
    }

    fn stored_call(&self, id: u64, pending: &Pending) -> stored::Call {
        let sort = match pending {
            Pending::Run { lost } => call::Sort::Lost(lost.clone()),
            Pending::Ask { tag, due } => call::Sort::Ask(stored::Ask {
                tag: tag.clone(),
                deadline_ns: nanos(self.age(*due)),
            }),
        };
        stored::Call {
            id,
            sort: Some(sort),
        }
    }

    fn encode_state(&mut self, context: &mut Context) -> Result<Bytes, Refusal> {
        let state = self.call_quietly("snapshot", context, |logic| {
            let mut state = Vec::new();
            logic.snapshot(&mut state).map(|()| state)
        });
        let state = state.map_err(|fault| match fault {
            Fault::Refused(refusal) => refusal,
            Fault::Panicked => Refusal::new("the state panicked when it was encoded"),
        })?;
        if state.len() > STATE_BYTES_MAX {
            return Err(Refusal::new(format!(
                "the state is {} bytes long; at most {STATE_BYTES_MAX} in one piece: \
                 a larger one belongs into parts",
                state.len()
            )));
        }
        // It may be kept for long: exactly as long as it is.
        Ok(state.into_boxed_slice().into())
    }

    /// These parts, unless they are more than a turn may encode.
    pub(in crate::entities::room) fn encode_parts(
        &mut self,
        numbers: BTreeSet<u32>,
        context: &mut Context,
    ) -> Result<Option<Vec<Part>>, Refusal> {
        let (mut parts, mut total) = (Vec::new(), 0);
        for number in numbers {
            let part = self.encode_part(number, context)?;
            total += part.as_ref().map_or(0, Vec::len);
            if total > PARTS_TURN_BYTES_MAX {
                return Ok(None);
            }
            parts.push(Part {
                number,
                bytes: part.map(Bytes::from),
            });
        }
        Ok(Some(parts))
    }
}

fn event((sequence, recipients, frame): (Sequence, &Recipients, &Bytes)) -> Event {
    let (audience, members) = recipients.stored();
    Event {
        sequence: sequence.0,
        audience: audience.into(),
        members,
        frame: frame.clone(),
    }
}

fn member((number, member): (Membership, &Member)) -> stored::Member {
    stored::Member {
        membership: number.0,
        player: member.player.id.to_string(),
        name: member.player.name.to_string(),
        guest: member.player.guest,
        session: Bytes::copy_from_slice(&member.session.id.to_bytes()),
        session_epoch: member.session.epoch.0,
        applied: member.applied.0,
        joined_at: member.joined_at.0,
        failed: member.failed.sequence.0,
        failed_under: member.failed.under.0,
        attached: member.attached,
    }
}

fn has_any(record: &RoomRecord) -> bool {
    record.state.is_some()
        || !record.changes.is_empty()
        || !record.events.is_empty()
        || !record.members.is_empty()
        || !record.members_gone.is_empty()
        || !record.timers.is_empty()
        || !record.timers_gone.is_empty()
        || record.surroundings.is_some()
        || !record.appends.is_empty()
        || !record.calls.is_empty()
        || !record.calls_gone.is_empty()
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
