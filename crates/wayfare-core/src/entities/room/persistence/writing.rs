//! Writing down what a room did, and releasing it once storage has it.

use bytes::Bytes;
use wayfare_protocol::records::room::Record;
use wayfare_protocol::storage::{Failure, Outcome, Position, Request, Snapshot};

use crate::context::Context;
use crate::game::{Form, Refusal};
use crate::in_flight::{Asker, Wants};
use crate::report::Report;
use crate::stream::gate::Holder;

use super::super::{End, Room};
use super::parts::Shipping;
use super::record::Written;
use super::{InFlightWrite, Unwritten};

impl Room {
    /// Ends a turn of a kept room. Of a `Durable` one what happened is written, or waits for the
    /// write before it; of another a snapshot is, if it is time.
    pub(crate) fn keep(&mut self, context: &mut Context) {
        let Some(persistence) = &mut self.persistence else {
            return;
        };
        let last_words = match self.ending {
            None | Some(End::Idle) if self.failed.is_none() => false,
            Some(End::Failed) if persistence.durable => false,
            Some(End::Idle | End::Closed) if !persistence.unwritten.appends.is_empty() => true,
            None | Some(End::Idle | End::Closed | End::Failed | End::Lost) => return,
        };
        persistence.snapshot_due |= last_words;
        if persistence.durable {
            if let Err(refusal) = self.write_news(context) {
                self.undo(refusal, context);
            }
        } else if (persistence.snapshot_due || persistence.shipping.is_some())
            && let Err(refusal) = self.write_snapshot(context)
        {
            if let Some(persistence) = &mut self.persistence {
                persistence.snapshot_due = false;
                persistence.changed = true;
                persistence.abandon_shipping();
            }
            context.report(Report::SnapshotFailed {
                entity: self.entity.clone(),
                reason: refusal.message,
            });
        }
    }

    fn write_snapshot(&mut self, context: &mut Context) -> Result<(), Refusal> {
        self.collect_parts(context)?;
        let Some(persistence) = &mut self.persistence else {
            return Ok(());
        };
        if persistence.way.is_some() {
            return Ok(());
        }
        if self.kind.form() == Form::Parts {
            let stale = &persistence.stale_parts;
            let shipping = persistence
                .shipping
                .get_or_insert_with(|| Shipping::of(stale.clone(), false));
            if !shipping.is_done() {
                self.ship(context)?;
            }
            if !self
                .persistence
                .as_ref()
                .and_then(|it| it.shipping.as_ref())
                .is_some_and(Shipping::is_done)
            {
                return Ok(());
            }
        }
        self.write_base(context)
    }

    /// Undoes the changes since the last write, because they cannot be stored.
    fn undo(&mut self, refusal: Refusal, context: &mut Context) {
        self.failed = Some("state");
        // That it closes is undone as well.
        self.ending = None;
        if let Some(persistence) = &mut self.persistence {
            persistence.abandon_shipping();
            // What failed is known if it was alone.
            persistence.unwritten.during_input = persistence.unwritten.inputs.len() == 1;
            if !persistence.unwritten.inputs.is_empty() {
                // They come due again, and are found out if they are to blame.
                persistence.unwritten.fired.clear();
            }
        }
        context.report(Report::NotKept {
            entity: self.entity.clone(),
            reason: refusal.message,
        });
    }

    fn write_news(&mut self, context: &mut Context) -> Result<(), Refusal> {
        self.collect_parts(context)?;
        if self.is_shipping() {
            self.ship(context)?;
            let Some(persistence) = &self.persistence else {
                return Ok(());
            };
            let done = persistence.shipping.as_ref().is_some_and(Shipping::is_done);
            if done && persistence.way.is_none() {
                return self.write_base(context);
            }
            if persistence.shipping.as_ref().is_some_and(|it| it.holds) {
                return Ok(());
            }
        }
        let Some(persistence) = &mut self.persistence else {
            return Ok(());
        };
        if persistence.way.is_some() {
            return Ok(());
        }
        let wants_base = persistence.wants_base
            || persistence.snapshot_due
            || persistence.journal_is_long(self.handle);
        if self.kind.form() == Form::Parts {
            if wants_base && persistence.shipping.is_none() {
                let holds = persistence.wants_base;
                persistence.shipping = Some(Shipping::of(persistence.stale_parts.clone(), holds));
                return self.write_news(context);
            }
        } else if wants_base {
            return self.write_base(context);
        }
        self.write_step(context)
    }

    fn is_shipping(&self) -> bool {
        self.persistence
            .as_ref()
            .is_some_and(|it| it.shipping.is_some())
    }

    /// Notes which parts changed. More than a turn may encode cannot be logged, and is shipped.
    fn collect_parts(&mut self, context: &mut Context) -> Result<(), Refusal> {
        if self.kind.form() != Form::Parts {
            return Ok(());
        }
        let dirty = self.call_quietly("part", context, |logic| Ok(logic.take_dirty_parts()));
        let dirty = dirty.map_err(Refusal::from)?;
        if let Some(persistence) = &mut self.persistence {
            persistence.stale_parts.extend(&dirty);
            persistence.unwritten.parts.extend(&dirty);
            if let Some(shipping) = &mut persistence.shipping {
                shipping.again(dirty);
            }
        }
        Ok(())
    }

    /// Logs what changed.
    fn write_step(&mut self, context: &mut Context) -> Result<(), Refusal> {
        let mut written = self.record(false, context)?;
        if self.kind.form() == Form::Parts {
            let numbers = self
                .persistence
                .as_ref()
                .map(|it| it.unwritten.parts.clone());
            let parts = self.encode_parts(numbers.unwrap_or_default(), context)?;
            let Some(parts) = parts else {
                // Too much for one record.
                if let Some(persistence) = &mut self.persistence {
                    let stale = persistence.stale_parts.clone();
                    match &mut persistence.shipping {
                        // What it has sent already still counts.
                        Some(shipping) => shipping.hold(stale),
                        None => persistence.shipping = Some(Shipping::of(stale, true)),
                    }
                }
                return self.ship(context);
            };
            written.any |= !parts.is_empty();
            written.record.parts = parts;
        }
        let pushed = self.gate.pushed();
        let Some(persistence) = &mut self.persistence else {
            return Ok(());
        };
        if !written.any {
            self.gate.confirm(Holder::Storage, pushed);
            persistence.unwritten = Unwritten::default();
            return Ok(());
        }
        let bytes: Bytes = written.record.encode_to_vec().into();
        let request = Request::Journal {
            entity: self.entity.as_key(),
            epoch: self.epoch,
            from: persistence.next,
            records: vec![bytes.clone()],
        };
        self.send_write(request, written, bytes.len(), context);
        Ok(())
    }

    /// Replaces the journal by everything.
    pub(in crate::entities::room) fn write_base(
        &mut self,
        context: &mut Context,
    ) -> Result<(), Refusal> {
        let mut written = self.record(true, context)?;
        let mut names = Vec::new();
        if self.kind.form() == Form::Parts {
            let Some(persistence) = &self.persistence else {
                return Ok(());
            };
            let stale = persistence.stale_parts.clone();
            if let Some(shipping) = &persistence.shipping {
                names = shipping
                    .names(&persistence.stored_parts)
                    .into_values()
                    .collect();
            }
            let Some(parts) = self.encode_parts(stale.clone(), context)? else {
                // So much changed meanwhile that it has to be shipped as well.
                if let Some(shipping) = self
                    .persistence
                    .as_mut()
                    .and_then(|it| it.shipping.as_mut())
                {
                    shipping.again(stale);
                }
                return self.ship(context);
            };
            written.record.parts = parts;
        }
        let bytes: Bytes = written.record.encode_to_vec().into();
        let Some(persistence) = &mut self.persistence else {
            return Ok(());
        };
        let request = Request::Snapshot {
            entity: self.entity.as_key(),
            epoch: self.epoch,
            snapshot: Snapshot {
                position: persistence.next,
                bytes: bytes.clone(),
                parts: names,
            },
        };
        persistence.shipping = None;
        self.send_write(request, written, bytes.len(), context);
        Ok(())
    }

    fn send_write(
        &mut self,
        request: Request,
        written: Written,
        bytes: usize,
        context: &mut Context,
    ) {
        let Some(persistence) = &mut self.persistence else {
            return;
        };
        persistence.written = self.sequence;
        if let Some(fingerprint) = written.fingerprint {
            persistence.fingerprint = fingerprint;
        }
        let unwritten = std::mem::take(&mut persistence.unwritten);
        let is_base = written.record.base.is_some();
        let mut appends = written.record.appends;
        if is_base {
            // Those that are waiting for their logs are in it, and wait on.
            appends.drain(..persistence.appends.len().min(appends.len()));
        }
        persistence.way = Some(InFlightWrite {
            request,
            position: persistence.next,
            releases: self.gate.pushed(),
            bytes,
            is_base,
            appends,
            inputs: unwritten.inputs,
            input_bytes: unwritten.input_bytes,
            gone: unwritten.gone,
            asked: false,
        });
        self.ask_write(context);
    }

    fn ask_write(&mut self, context: &mut Context) {
        let way = self.persistence.as_mut().and_then(|it| it.way.as_mut());
        if let Some(way) = way
            && !std::mem::replace(&mut way.asked, true)
        {
            let (wants, request) = (Wants::Write(way.position), way.request.clone());
            self.store(wants, request, context);
        }
    }

    pub(in crate::entities::room) fn store(
        &self,
        wants: Wants,
        request: Request,
        context: &mut Context,
    ) {
        let asker = Asker::Room {
            handle: self.handle,
            epoch: self.epoch,
            wants,
        };
        context.store(asker, request);
    }

    /// An answer of storage, to what was asked under this epoch.
    pub(crate) fn stored(&mut self, wants: Wants, outcome: Outcome, context: &mut Context) {
        match wants {
            Wants::Write(position) => self.write_kept(position, outcome, context),
            Wants::Part(part) => self.part_kept(part, outcome, context),
            Wants::Append => self.appended(outcome, context),
            Wants::Forget => self.forgotten(outcome, context),
        }
    }

    /// The answer to a write.
    fn write_kept(&mut self, position: Position, outcome: Outcome, context: &mut Context) {
        let Some(persistence) = &mut self.persistence else {
            return;
        };
        let Some(way) = persistence.way.take_if(|way| way.position == position) else {
            return;
        };
        match outcome {
            Ok(_) => {
                persistence.storage_did();
                self.settle_write(way, context);
            }
            Err(failure) => {
                persistence.retry.failed(context.now);
                persistence.way = Some(InFlightWrite {
                    asked: false,
                    ..way
                });
                self.storage_failed(failure, context);
            }
        }
    }

    /// A write is in storage for certain.
    pub(in crate::entities::room) fn settle_write(
        &mut self,
        way: InFlightWrite,
        context: &mut Context,
    ) {
        let Some(persistence) = &mut self.persistence else {
            return;
        };
        persistence.next = way.position.next();
        if way.is_base {
            persistence.wants_base = false;
            persistence.snapshot_due = false;
            persistence.base_bytes = way.bytes;
            persistence.journal_bytes = 0;
            if let Request::Snapshot { snapshot, .. } = &way.request {
                let names = snapshot.parts.iter().map(|part| (part.number, *part));
                persistence.stored_parts = names.collect();
            }
        } else {
            persistence.journal_bytes += way.bytes;
        }
        persistence.appends.extend(way.appends);
        self.gate.confirm(Holder::Storage, way.releases);
        self.append(context);
    }

    /// Storage did not do something, and is asked again later, unless the room is another's now.
    pub(in crate::entities::room) fn storage_failed(
        &mut self,
        failure: Failure,
        context: &mut Context,
    ) {
        let entity = self.entity.clone();
        if let Failure::Sealed { by } = failure {
            context.report(Report::Fenced { entity, by });
            self.end(End::Lost);
        } else {
            context.report(Report::StorageFailed { entity, failure });
        }
    }

    /// Asks again what storage did not do, if it is time.
    pub(in crate::entities::room) fn retry_storage(&mut self, context: &mut Context) {
        let Some(persistence) = &mut self.persistence else {
            return;
        };
        // Of a room that starts again, the load says what became of it.
        if self.restarting || persistence.retry.at.is_none_or(|at| at > context.now) {
            return;
        }
        persistence.retry.at = None;
        self.ask_write(context);
        self.ship_again(context);
        self.append(context);
        self.ask_forget(context);
    }
}
