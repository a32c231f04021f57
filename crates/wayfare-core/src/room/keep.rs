//! Writing down what a room did, and releasing it once storage has it.

use bytes::Bytes;
use wayfare_protocol::records::room::Record;
use wayfare_protocol::storage::{Failure, Outcome, Position, Request, Snapshot};

use crate::calls::{Asker, Wants};
use crate::environment::{Environment, Report};
use crate::game::{Form, Refusal};
use crate::gate::Holder;

use super::keeper::{News, OnItsWay};
use super::record::Written;
use super::shipping::Shipping;
use super::{End, Room};

impl Room {
    /// Ends a turn of a kept room. Of a `Durable` one what happened is written, or waits for the
    /// write before it; of another a snapshot is, if it is time.
    pub(crate) fn keep(&mut self, environment: &mut Environment) {
        let Some(keeper) = &mut self.keeper else {
            return;
        };
        let last_words = match self.ending {
            None | Some(End::Idle) if self.failed.is_none() => false,
            Some(End::Failed) if keeper.durable => false,
            Some(End::Idle | End::Closed) if !keeper.news.appends.is_empty() => true,
            _ => return,
        };
        keeper.snapshot_due |= last_words;
        if keeper.durable {
            if let Err(refusal) = self.write_news(environment) {
                self.undo(refusal, environment);
            }
        } else if (keeper.snapshot_due || keeper.shipping.is_some())
            && let Err(refusal) = self.write_snapshot(environment)
        {
            if let Some(keeper) = &mut self.keeper {
                keeper.snapshot_due = false;
                keeper.changed = true;
                keeper.abandon_shipping();
            }
            environment.report(Report::SnapshotFailed {
                entity: self.entity.clone(),
                reason: refusal.message,
            });
        }
    }

    fn write_snapshot(&mut self, environment: &mut Environment) -> Result<(), Refusal> {
        self.collect_parts(environment)?;
        let Some(keeper) = &mut self.keeper else {
            return Ok(());
        };
        if keeper.way.is_some() {
            return Ok(());
        }
        if self.kind.form() == Form::Parts {
            let stale = &keeper.stale_parts;
            let shipping = keeper
                .shipping
                .get_or_insert_with(|| Shipping::of(stale.clone(), false));
            if !shipping.is_done() {
                self.ship(environment)?;
            }
            if !self
                .keeper
                .as_ref()
                .and_then(|it| it.shipping.as_ref())
                .is_some_and(Shipping::is_done)
            {
                return Ok(());
            }
        }
        self.write_base(environment)
    }

    /// What happened since the last write cannot be kept: it is undone.
    fn undo(&mut self, refusal: Refusal, environment: &mut Environment) {
        self.failed = Some("state");
        // That it closes is undone as well.
        self.ending = None;
        if let Some(keeper) = &mut self.keeper {
            keeper.abandon_shipping();
            // What failed is known if it was alone.
            keeper.news.during_input = keeper.news.inputs.len() == 1;
            if !keeper.news.inputs.is_empty() {
                // They come due again, and are found out if they are to blame.
                keeper.news.fired.clear();
            }
        }
        environment.report(Report::NotKept {
            entity: self.entity.clone(),
            reason: refusal.message,
        });
    }

    fn write_news(&mut self, environment: &mut Environment) -> Result<(), Refusal> {
        self.collect_parts(environment)?;
        if self.is_shipping() {
            self.ship(environment)?;
            let Some(keeper) = &self.keeper else {
                return Ok(());
            };
            let done = keeper.shipping.as_ref().is_some_and(Shipping::is_done);
            if done && keeper.way.is_none() {
                return self.write_base(environment);
            }
            if keeper.shipping.as_ref().is_some_and(|it| it.holds) {
                return Ok(());
            }
        }
        let Some(keeper) = &mut self.keeper else {
            return Ok(());
        };
        if keeper.way.is_some() {
            return Ok(());
        }
        let wants_base =
            keeper.wants_base || keeper.snapshot_due || keeper.journal_is_long(self.handle);
        if self.kind.form() == Form::Parts {
            if wants_base && keeper.shipping.is_none() {
                let holds = keeper.wants_base;
                keeper.shipping = Some(Shipping::of(keeper.stale_parts.clone(), holds));
                return self.write_news(environment);
            }
        } else if wants_base {
            return self.write_base(environment);
        }
        self.write_step(environment)
    }

    fn is_shipping(&self) -> bool {
        self.keeper.as_ref().is_some_and(|it| it.shipping.is_some())
    }

    /// Notes which parts changed. More than a turn may encode cannot be logged, and is shipped.
    fn collect_parts(&mut self, environment: &mut Environment) -> Result<(), Refusal> {
        if self.kind.form() != Form::Parts {
            return Ok(());
        }
        let dirty = self.call_quietly("part", environment, |logic| Ok(logic.take_dirty_parts()));
        let dirty = dirty.map_err(Refusal::from)?;
        if let Some(keeper) = &mut self.keeper {
            keeper.stale_parts.extend(&dirty);
            keeper.news.parts.extend(&dirty);
            if let Some(shipping) = &mut keeper.shipping {
                shipping.again(dirty);
            }
        }
        Ok(())
    }

    /// Logs what changed.
    fn write_step(&mut self, environment: &mut Environment) -> Result<(), Refusal> {
        let mut written = self.record(false, environment)?;
        if self.kind.form() == Form::Parts {
            let numbers = self.keeper.as_ref().map(|it| it.news.parts.clone());
            let parts = self.encode_parts(numbers.unwrap_or_default(), environment)?;
            let Some(parts) = parts else {
                // Too much for one record.
                if let Some(keeper) = &mut self.keeper {
                    let stale = keeper.stale_parts.clone();
                    match &mut keeper.shipping {
                        // What it has sent already still counts.
                        Some(shipping) => shipping.hold(stale),
                        None => keeper.shipping = Some(Shipping::of(stale, true)),
                    }
                }
                return self.ship(environment);
            };
            written.any |= !parts.is_empty();
            written.record.parts = parts;
        }
        let pushed = self.gate.pushed();
        let Some(keeper) = &mut self.keeper else {
            return Ok(());
        };
        if !written.any {
            self.gate.confirm(Holder::Storage, pushed);
            keeper.news = News::default();
            return Ok(());
        }
        let bytes: Bytes = written.record.encode_to_vec().into();
        let request = Request::Journal {
            entity: self.entity.as_key(),
            epoch: self.epoch,
            from: keeper.next,
            records: vec![bytes.clone()],
        };
        self.send_write(request, written, bytes.len(), environment);
        Ok(())
    }

    /// Replaces the journal by everything.
    pub(super) fn write_base(&mut self, environment: &mut Environment) -> Result<(), Refusal> {
        let mut written = self.record(true, environment)?;
        let mut names = Vec::new();
        if self.kind.form() == Form::Parts {
            let Some(keeper) = &self.keeper else {
                return Ok(());
            };
            let stale = keeper.stale_parts.clone();
            if let Some(shipping) = &keeper.shipping {
                names = shipping.names(&keeper.stored_parts).into_values().collect();
            }
            let Some(parts) = self.encode_parts(stale.clone(), environment)? else {
                // So much changed meanwhile that it has to be shipped as well.
                if let Some(shipping) = self.keeper.as_mut().and_then(|it| it.shipping.as_mut()) {
                    shipping.again(stale);
                }
                return self.ship(environment);
            };
            written.record.parts = parts;
        }
        let bytes: Bytes = written.record.encode_to_vec().into();
        let Some(keeper) = &mut self.keeper else {
            return Ok(());
        };
        let request = Request::Snapshot {
            entity: self.entity.as_key(),
            epoch: self.epoch,
            snapshot: Snapshot {
                position: keeper.next,
                bytes: bytes.clone(),
                parts: names,
            },
        };
        keeper.shipping = None;
        self.send_write(request, written, bytes.len(), environment);
        Ok(())
    }

    fn send_write(
        &mut self,
        request: Request,
        written: Written,
        bytes: usize,
        environment: &mut Environment,
    ) {
        let Some(keeper) = &mut self.keeper else {
            return;
        };
        keeper.written = self.sequence;
        if let Some(mark) = written.mark {
            keeper.mark = mark;
        }
        let news = std::mem::take(&mut keeper.news);
        let is_base = written.record.base.is_some();
        let mut appends = written.record.appends;
        if is_base {
            // Those that are waiting for their logs are in it, and wait on.
            appends.drain(..keeper.appends.len().min(appends.len()));
        }
        keeper.way = Some(OnItsWay {
            request,
            position: keeper.next,
            releases: self.gate.pushed(),
            bytes,
            is_base,
            appends,
            inputs: news.inputs,
            input_bytes: news.input_bytes,
            gone: news.gone,
            asked: false,
        });
        self.ask_write(environment);
    }

    fn ask_write(&mut self, environment: &mut Environment) {
        let way = self.keeper.as_mut().and_then(|it| it.way.as_mut());
        if let Some(way) = way
            && !std::mem::replace(&mut way.asked, true)
        {
            let (wants, request) = (Wants::Write(way.position), way.request.clone());
            self.store(wants, request, environment);
        }
    }

    pub(super) fn store(&self, wants: Wants, request: Request, environment: &mut Environment) {
        let asker = Asker::Room {
            handle: self.handle,
            epoch: self.epoch,
            wants,
        };
        environment.store(asker, request);
    }

    /// An answer of storage, to what was asked under this epoch.
    pub(crate) fn stored(&mut self, wants: Wants, outcome: Outcome, environment: &mut Environment) {
        match wants {
            Wants::Write(position) => self.write_kept(position, outcome, environment),
            Wants::Part(part) => self.part_kept(part, outcome, environment),
            Wants::Append => self.appended(outcome, environment),
            Wants::Forget => self.forgotten(outcome, environment),
        }
    }

    /// The answer to a write.
    fn write_kept(&mut self, position: Position, outcome: Outcome, environment: &mut Environment) {
        let Some(keeper) = &mut self.keeper else {
            return;
        };
        let Some(way) = keeper.way.take_if(|way| way.position == position) else {
            return;
        };
        match outcome {
            Ok(_) => {
                keeper.storage_did();
                self.settle_write(way, environment);
            }
            Err(failure) => {
                keeper.retry.failed(environment.now);
                keeper.way = Some(OnItsWay {
                    asked: false,
                    ..way
                });
                self.storage_failed(failure, environment);
            }
        }
    }

    /// A write is in storage for certain.
    pub(super) fn settle_write(&mut self, way: OnItsWay, environment: &mut Environment) {
        let Some(keeper) = &mut self.keeper else {
            return;
        };
        keeper.next = way.position.next();
        if way.is_base {
            keeper.wants_base = false;
            keeper.snapshot_due = false;
            keeper.base_bytes = way.bytes;
            keeper.journal_bytes = 0;
            if let Request::Snapshot { snapshot, .. } = &way.request {
                let names = snapshot.parts.iter().map(|part| (part.number, *part));
                keeper.stored_parts = names.collect();
            }
        } else {
            keeper.journal_bytes += way.bytes;
        }
        keeper.appends.extend(way.appends);
        self.gate.confirm(Holder::Storage, way.releases);
        self.append(environment);
    }

    /// Storage did not do something, and is asked again later, unless the room is another's now.
    pub(super) fn storage_failed(&mut self, failure: Failure, environment: &mut Environment) {
        let entity = self.entity.clone();
        if let Failure::Sealed { by } = failure {
            environment.report(Report::Fenced { entity, by });
            self.end(End::Lost);
        } else {
            environment.report(Report::StorageFailed { entity, failure });
        }
    }

    /// Asks again what storage did not do, if it is time.
    pub(super) fn retry_storage(&mut self, environment: &mut Environment) {
        let Some(keeper) = &mut self.keeper else {
            return;
        };
        // Of a room that starts again, the load says what became of it.
        if self.restarting || keeper.retry.at.is_none_or(|at| at > environment.now) {
            return;
        }
        keeper.retry.at = None;
        self.ask_write(environment);
        self.ship_again(environment);
        self.append(environment);
        self.ask_forget(environment);
    }
}
