//! Writing of what a room did at the end of its turn.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::limits::{PARTS_TURN_BYTES_MAX, STATE_BYTES_MAX};
use wayfare_protocol::records::room::Part;
use wayfare_protocol::storage::{Failure, Outcome};

use super::handlers::Fault;
use super::machines::phase::{End, Handlers, Phase};
use super::persistence::{InProgress, Shipping, Unwritten, Written};
use super::record::{base_record, has_any, step_record};
use super::turn::RoomTurn;
use crate::game::{Form, Refusal};
use crate::in_flight::RoomCall;
use crate::report::Report;
use crate::stream::gate::Holder;

/// The time for which ticks are folded into one step.
const TICKS_FOLDED_FOR: Duration = Duration::from_secs(1);

impl RoomTurn<'_> {
    /// Ends a turn of a kept room. The changes of a `Durable` one are written, or wait for the write
    /// before them; of another a snapshot is written, if it is time.
    pub(crate) fn keep(&mut self) {
        let Some(persistence) = &mut self.room.persistence else {
            return;
        };
        let is_durable = persistence.is_durable();
        let writes = match self.room.phase {
            // The load decides what is undone.
            Phase::Ending(_, Handlers::Restarting(_)) => false,
            Phase::Running | Phase::Rerunning | Phase::Ending(End::Idle, Handlers::Run) => true,
            // That its members have left.
            Phase::Ending(End::Failed, _) => is_durable,
            Phase::Ending(End::Idle | End::Closed, _) if persistence.has_unwritten_appends() => {
                persistence.snapshot_due = true;
                true
            }
            Phase::Ending(..) | Phase::Failed(_) | Phase::Restarting(_) => false,
        };
        if !writes {
            return;
        }
        if is_durable {
            if let Err(refusal) = self.write_changes() {
                self.undo(refusal);
            }
        } else if (persistence.snapshot_due || persistence.shipping.is_some())
            && let Err(refusal) = self.write_snapshot()
        {
            if let Some(persistence) = &mut self.room.persistence {
                persistence.snapshot_due = false;
                persistence.changed = true;
                persistence.abandon_shipping();
            }
            self.context.out.report(Report::SnapshotFailed {
                entity: self.room.id.entity.clone(),
                reason: refusal.message,
            });
        }
    }

    fn write_snapshot(&mut self) -> Result<(), Refusal> {
        self.collect_parts()?;
        let Some(persistence) = &mut self.room.persistence else {
            return Ok(());
        };
        if persistence.in_flight.is_some() {
            return Ok(());
        }
        if self.room.kind.form() == Form::Parts {
            let stale = &persistence.stale_parts;
            let shipping = persistence
                .shipping
                .get_or_insert_with(|| Shipping::of(stale.clone(), false));
            if !shipping.is_done() {
                self.ship()?;
            }
            if !self.shipping().is_some_and(Shipping::is_done) {
                return Ok(());
            }
        }
        self.write_base()
    }

    fn shipping(&self) -> Option<&Shipping> {
        self.room.persistence.as_ref()?.shipping.as_ref()
    }

    /// Undoes the changes since the last write, because they cannot be stored.
    fn undo(&mut self, refusal: Refusal) {
        self.room.phase.handle_unstorable();
        if let Some(persistence) = &mut self.room.persistence {
            persistence.abandon_shipping();
            let unwritten = &mut persistence.unwritten;
            // What failed is known if it was alone.
            unwritten.in_progress = match unwritten.inputs.len() {
                1 => InProgress::Input,
                _ => InProgress::Nothing,
            };
            if !unwritten.inputs.is_empty() {
                // They come due again, and are found out if they are to blame.
                unwritten.fired.clear();
            }
        }
        self.context.out.report(Report::NotKept {
            entity: self.room.id.entity.clone(),
            reason: refusal.message,
        });
    }

    fn write_changes(&mut self) -> Result<(), Refusal> {
        self.collect_parts()?;
        if self.shipping().is_some() {
            self.ship()?;
            let Some(persistence) = &self.room.persistence else {
                return Ok(());
            };
            let shipping = persistence.shipping.as_ref();
            if shipping.is_some_and(Shipping::is_done) && persistence.in_flight.is_none() {
                return self.write_base();
            }
            if shipping.is_some_and(|it| it.holds) {
                return Ok(());
            }
        }
        let handle = self.room.handle();
        let Some(persistence) = &mut self.room.persistence else {
            return Ok(());
        };
        if persistence.in_flight.is_some() {
            return Ok(());
        }
        let wants_base = persistence.wants_base
            || persistence.snapshot_due
            || persistence.journal_is_long(handle);
        if self.room.kind.form() == Form::Parts {
            if wants_base && persistence.shipping.is_none() {
                let holds = persistence.wants_base;
                persistence.shipping = Some(Shipping::of(persistence.stale_parts.clone(), holds));
                return self.write_changes();
            }
        } else if wants_base {
            return self.write_base();
        }
        if self.waits_for_more_ticks() {
            return Ok(());
        }
        self.write_step()
    }

    /// Ticks that nobody could notice wait for the next step, at most for [`TICKS_FOLDED_FOR`]: they
    /// sent nothing, and who comes or looks makes a step.
    fn waits_for_more_ticks(&mut self) -> bool {
        let goes_on = self.room.phase == Phase::Running && self.room.stream.gate.is_empty();
        let Some(persistence) = &mut self.room.persistence else {
            return false;
        };
        if !goes_on || !persistence.unwritten.is_of_ticks() {
            persistence.ticks_due = None;
            return false;
        }
        let now = self.context.now;
        let due = *persistence.ticks_due.get_or_insert(now + TICKS_FOLDED_FOR);
        if due <= now {
            persistence.ticks_due = None;
        }
        now < due
    }

    /// Notes which parts changed. More than a turn may encode cannot be logged, and is shipped.
    fn collect_parts(&mut self) -> Result<(), Refusal> {
        if self.room.kind.form() != Form::Parts {
            return Ok(());
        }
        let dirty = self.call_quietly("part", |logic| Ok(logic.take_dirty_parts()))?;
        if let Some(persistence) = &mut self.room.persistence {
            persistence.stale_parts.extend(&dirty);
            persistence.unwritten.parts.extend(&dirty);
            if let Some(shipping) = &mut persistence.shipping {
                shipping.queue_again(dirty);
            }
        }
        Ok(())
    }

    /// Logs what changed.
    fn write_step(&mut self) -> Result<(), Refusal> {
        let form = self.room.kind.form();
        let Some(persistence) = &self.room.persistence else {
            return Ok(());
        };
        let state = match persistence.unwritten.handled && form != Form::Changes {
            true => Some(self.encode_state()?),
            false => None,
        };
        let times = self.times();
        let Some(persistence) = &self.room.persistence else {
            return Ok(());
        };
        let record = step_record(self.room, persistence, times);
        let mut written = Written::with_state(record, state, persistence);
        if form == Form::Parts {
            let numbers = persistence.unwritten.parts.clone();
            let Some(parts) = self.encode_parts(numbers)? else {
                // Too much for one record.
                if let Some(persistence) = &mut self.room.persistence {
                    let stale = persistence.stale_parts.clone();
                    match &mut persistence.shipping {
                        // What it has sent already still counts.
                        Some(shipping) => shipping.hold(stale),
                        None => persistence.shipping = Some(Shipping::of(stale, true)),
                    }
                }
                return self.ship();
            };
            written.record.parts = parts;
        }
        let position = self.room.stream.position();
        let Some((persistence, mut storage)) = self.storage() else {
            return Ok(());
        };
        if persistence.unwritten.clock || has_any(&written.record) {
            persistence.send_step(written, position, &mut storage);
        } else {
            persistence.unwritten = Unwritten::default();
            self.room.stream.gate.confirm(Holder::Storage, position.1);
        }
        Ok(())
    }

    /// Replaces the journal by everything.
    fn write_base(&mut self) -> Result<(), Refusal> {
        let state = self.encode_state()?;
        let times = self.times();
        let Some(persistence) = &self.room.persistence else {
            return Ok(());
        };
        let record = base_record(self.room, persistence, times);
        let mut written = Written::with_state(record, Some(state), persistence);
        let mut names = Vec::new();
        if self.room.kind.form() == Form::Parts {
            let stale = persistence.stale_parts.clone();
            if let Some(shipping) = &persistence.shipping {
                names = shipping.names(&persistence.stored_parts);
            }
            let Some(parts) = self.encode_parts(stale.clone())? else {
                // So much changed meanwhile that it has to be shipped as well.
                let persistence = self.room.persistence.as_mut();
                if let Some(shipping) = persistence.and_then(|it| it.shipping.as_mut()) {
                    shipping.queue_again(stale);
                }
                return self.ship();
            };
            written.record.parts = parts;
        }
        let position = self.room.stream.position();
        if let Some((persistence, mut storage)) = self.storage() {
            persistence.send_base(written, names, position, &mut storage);
        }
        Ok(())
    }

    // ---- encoding

    fn encode_state(&mut self) -> Result<Bytes, Refusal> {
        let state = self.call_quietly("snapshot", |logic| {
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

    /// Encodes some parts, a turn's worth, and sends them.
    ///
    /// # Errors
    /// If a part cannot be encoded or is too large.
    fn ship(&mut self) -> Result<(), Refusal> {
        let (mut encoded, mut parts) = (0, Vec::new());
        while let Some(persistence) = &mut self.room.persistence
            && let Some(shipping) = &mut persistence.shipping
            && let Some(number) = shipping.next_to_encode(encoded)
        {
            let part = self.encode_part(number)?;
            encoded += part.as_ref().map_or(0, Vec::len);
            parts.push((number, part));
        }
        if let Some((persistence, mut storage)) = self.storage() {
            for (number, part) in parts {
                persistence.send_part(number, part, &mut storage);
            }
        }
        Ok(())
    }

    /// These parts, unless they are more than a turn may encode.
    fn encode_parts(&mut self, numbers: BTreeSet<u32>) -> Result<Option<Vec<Part>>, Refusal> {
        let (mut parts, mut total) = (Vec::new(), 0);
        for number in numbers {
            let part = self.encode_part(number)?;
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

    /// Encodes a part; `None` if the part no longer exists.
    fn encode_part(&mut self, number: u32) -> Result<Option<Vec<u8>>, Refusal> {
        let part = self.call_quietly("part", |logic| {
            let mut bytes = Vec::new();
            logic
                .part(number, &mut bytes)
                .map(|there| there.then_some(bytes))
        });
        let part = part.map_err(|fault| match fault {
            Fault::Refused(refusal) => refusal,
            Fault::Panicked => Refusal::new("a part panicked when it was encoded"),
        })?;
        match &part {
            Some(bytes) if bytes.len() > PARTS_TURN_BYTES_MAX => Err(Refusal::new(format!(
                "part {number} is {} bytes long; at most {PARTS_TURN_BYTES_MAX}: make smaller parts",
                bytes.len()
            ))),
            _ => Ok(part),
        }
    }

    // ---- answers

    /// Accepts an answer of storage, to a request of this epoch.
    pub(crate) fn handle_storage(&mut self, call: RoomCall, outcome: Outcome) {
        let now = self.context.now;
        let Some(persistence) = &mut self.room.persistence else {
            return;
        };
        let result = match call {
            RoomCall::Write(position) => {
                let written = persistence.handle_written(position, outcome, now);
                written.map(|releases| {
                    if let Some(releases) = releases {
                        self.room.stream.gate.confirm(Holder::Storage, releases);
                    }
                })
            }
            RoomCall::Part(part) => persistence.handle_part(part, outcome, now),
            RoomCall::Append => persistence.handle_appended(outcome, now).map(|dropped| {
                if let Some((append, reason)) = dropped {
                    self.context.out.report(Report::NotLogged {
                        entity: self.room.id.entity.clone(),
                        log: append.log,
                        records: append.records.len(),
                        reason,
                    });
                }
            }),
            RoomCall::Seal => persistence.handle_sealed(outcome, now),
            RoomCall::Forget => persistence.handle_forgotten(outcome, now).map(|()| {
                // The farewells may leave.
                let (_, pushed) = self.room.stream.position();
                self.room.stream.gate.confirm(Holder::Storage, pushed);
            }),
        };
        match (result, call) {
            (Ok(()), RoomCall::Seal) => self.forget_if_closed(),
            (Err(failure), _) => self.handle_storage_failure(failure),
            (Ok(()), RoomCall::Write(_) | RoomCall::Append) => self.append(),
            (Ok(()), RoomCall::Part(_) | RoomCall::Forget) => {}
        }
    }

    /// Sends the next records to a log of the game.
    pub(crate) fn append(&mut self) {
        if let Some((persistence, mut storage)) = self.storage() {
            persistence.append(&mut storage);
        }
    }

    /// Storage did not do something, and is asked again later, unless the room is another's now.
    fn handle_storage_failure(&mut self, failure: Failure) {
        let entity = self.room.id.entity.clone();
        let is_restarting = matches!(self.room.phase, Phase::Restarting(_));
        if is_restarting && matches!(failure, Failure::Sealed { .. }) {
            // By this shard itself, under the next epoch, or by another: the load tells.
            return;
        }
        if let Failure::Sealed { by } = failure {
            self.context.out.report(Report::Fenced { entity, by });
            self.room.end(End::Lost);
        } else {
            self.context
                .out
                .report(Report::StorageFailed { entity, failure });
        }
    }

    /// Asks again what storage did not do, if it is time.
    pub(super) fn retry_storage(&mut self) {
        // The load of a room that restarts tells what became of its requests.
        if self.room.phase.is_restarting() {
            return;
        }
        let now = self.context.now;
        let is_due = self.storage().is_some_and(|(persistence, mut storage)| {
            persistence.handle_timeout(now, &mut storage)
        });
        // While handlers run, what they do has to be stored first.
        if is_due && !self.room.phase.runs_handlers() {
            self.forget_if_closed();
        }
    }
}
