//! The engine: it checks requests and passes them to a lane or a reader.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use wayfare_engine::storage::{Failure, Loaded, Outcome, PartId, Position, Reply, Request};
use wayfare_engine::{Pending, Storage};
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::{Expect, Key, Revision};

use crate::config::Config;
use crate::counters::{Counters, Counts};
use crate::error::OpenError;
use crate::lane::Lane;
use crate::lookout::Lookout;
use crate::migrations::migrate;
use crate::reader::{ReadError, Reader};
use crate::session::{Connector, Duty};
use crate::slot::Slot;
use crate::write::{Answer, Change, Effect, Write};

/// The longest name that fits into an index of the server.
const NAME_BYTES_MAX: usize = 1024;
/// The largest record, document, state or part: half of a message of the server.
const VALUE_BYTES_MAX: usize = 512 * 1024 * 1024;

/// The time limit for the connection and the schema, which another node may be migrating.
const MIGRATE_TIME_MAX: Duration = Duration::from_secs(30);

/// Storage in a PostgreSQL database, version 13 or newer.
///
/// The engine uses the tokio runtime in which it was opened. Its futures may be awaited anywhere. A
/// request is sent when the method is called, even if the future is not polled. Requests of one
/// name are executed in the order of the calls. When dropped, the engine finishes the pending
/// requests.
pub struct Postgres {
    _lookout: Option<Lookout>,
    lanes: Vec<Lane>,
    readers: Vec<Reader>,
    next_reader: AtomicUsize,
    /// The reader for large values, so that a state of 100 MB delays nobody.
    bulk: Reader,
    counters: Arc<Counters>,
}

/// The connection for a read.
#[derive(Clone, Copy)]
enum How {
    Small,
    Large,
}

impl Postgres {
    /// Connects, creates the schema if it does not exist, and migrates it to this version.
    ///
    /// # Errors
    /// [`OpenError`]. Each variant says what to do.
    pub async fn open(config: Config) -> Result<Self, OpenError> {
        let config = Arc::new(config);
        let counters = Arc::new(Counters::default());
        let connector = Connector {
            config: config.clone(),
            counters: counters.clone(),
        };
        {
            let migrating = async {
                let (mut client, _open) = connector.client().await?;
                migrate(&mut client, &connector).await
            };
            connector.within(MIGRATE_TIME_MAX, migrating).await?;
        }
        let slot = |duty| Arc::new(Slot::new(connector.clone(), duty));
        let bulk = slot(Duty::Read);
        let mut lanes = Vec::new();
        for _ in 0..config.lanes {
            let session = connector.session(Duty::Write).await?;
            lanes.push(Lane::start(connector.clone(), session, bulk.clone()));
        }
        let deadline = config.deadline;
        let reader = |slot| Reader { slot, deadline };
        let slots: Vec<_> = (0..config.readers).map(|_| slot(Duty::Read)).collect();
        let lookout = slots.first().map(|slot| Lookout::start(slot.clone()));
        Ok(Self {
            _lookout: lookout,
            lanes,
            readers: slots.into_iter().map(reader).collect(),
            next_reader: AtomicUsize::new(0),
            bulk: reader(bulk),
            counters,
        })
    }

    /// Returns the counters since it was opened.
    #[must_use]
    pub fn counters(&self) -> Counts {
        self.counters.read()
    }

    fn reply(&self, name: Key, epoch: Epoch, change: Change) -> Pending<'static, Outcome> {
        let answer = self.write(name, epoch, change);
        Box::pin(async {
            Ok(match answer.await? {
                Effect::Done | Effect::Sealed { .. } => Reply::Done,
                Effect::Committed(commit) => Reply::Committed(commit),
            })
        })
    }

    /// Queues a write before it returns, so that the order of calls is the order of writes.
    fn write(
        &self,
        name: Key,
        epoch: Epoch,
        change: Change,
    ) -> impl Future<Output = Answer> + Send + use<> {
        let checked = check(&name, epoch, &change).map(|()| {
            let lane = crc32fast::hash(name.as_bytes()) as usize % self.lanes.len();
            let (write, answer) = Write::new(name, epoch, change, &self.counters);
            self.lanes[lane].queue.push(write);
            answer
        });
        async {
            let over = |_| Err(Failure::Unknown("storage was closed".into()));
            checked?.await.unwrap_or_else(over)
        }
    }

    /// Loads an entity once its seal is durable.
    fn load(&self, entity: Key, epoch: Epoch) -> Pending<'_, Outcome> {
        let sealed = self.write(entity.clone(), epoch, Change::Seal);
        Box::pin(async move {
            match sealed.await? {
                Effect::Sealed { is_empty: true, .. } => Ok(Reply::Loaded(Loaded::default())),
                Effect::Sealed {
                    entity: number,
                    is_large,
                    ..
                } => {
                    let how = if is_large { How::Large } else { How::Small };
                    self.read(&entity, how, |it| Box::pin(it.load(&entity, number, epoch)))
                        .await
                        .map(Reply::Loaded)
                }
                Effect::Done | Effect::Committed(_) => Err(Failure::Unknown(
                    "the server did not say what it has".into(),
                )),
            }
        })
    }

    fn load_part(&self, entity: Key, part: PartId) -> Pending<'_, Outcome> {
        Box::pin(async move {
            self.read(&entity, How::Small, |it| Box::pin(it.part(&entity, part)))
                .await
                .map(Reply::Part)
        })
    }

    fn load_log(&self, log: Key, from: Position) -> Pending<'_, Outcome> {
        Box::pin(async move {
            self.read(&log, How::Small, |it| Box::pin(it.log(&log, from)))
                .await
                .map(Reply::Read)
        })
    }

    fn load_document(&self, name: Key) -> Pending<'_, Outcome> {
        Box::pin(async move {
            self.read(&name, How::Small, |it| Box::pin(it.document(&name)))
                .await
                .map(Reply::Document)
        })
    }

    fn load_documents(&self, prefix: Key, after: Key) -> Pending<'_, Outcome> {
        Box::pin(async move {
            self.read(&prefix, How::Small, |it| {
                Box::pin(it.documents(&prefix, &after))
            })
            .await
            .map(Reply::Documents)
        })
    }

    fn reader(&self, how: How) -> &Reader {
        if matches!(how, How::Large) {
            return &self.bulk;
        }
        let next = self.next_reader.fetch_add(1, Ordering::Relaxed);
        &self.readers[next % self.readers.len()]
    }

    /// Reads, and repeats once if the connection was lost. It may have been closed long before.
    async fn read<'a, T>(
        &'a self,
        name: &'a Key,
        how: How,
        ask: impl Fn(&'a Reader) -> Pending<'a, Result<T, ReadError>> + Send,
    ) -> Result<T, Failure> {
        let first = ask(self.reader(how)).await;
        let read = match first {
            Err(ReadError::Lost(_)) => ask(self.reader(how)).await,
            other => other,
        };
        match read {
            Ok(read) => Ok(read),
            Err(ReadError::Failed(failure) | ReadError::Lost(failure)) => Err(failure),
            Err(ReadError::Damaged(None, damage)) => Err(Failure::Corrupt(damage.to_string())),
            Err(ReadError::Damaged(Some(entity), damage)) => {
                let what = damage.to_string();
                let noted = Change::Damaged {
                    entity,
                    what: what.clone(),
                };
                // If the damage cannot be recorded now, the next reader finds it again.
                if let Err(error) = self.write(name.clone(), Epoch(0), noted).await {
                    tracing::warn!(%error, "storage: damage cannot be noted");
                }
                Err(Failure::Corrupt(what))
            }
        }
    }
}

impl Storage for Postgres {
    fn call(&self, request: Request) -> Pending<'_, Outcome> {
        match request {
            Request::Snapshot {
                entity,
                epoch,
                snapshot,
            } => {
                let chunks = None;
                self.reply(entity, epoch, Change::Snapshot { snapshot, chunks })
            }
            Request::Part {
                entity,
                epoch,
                part,
                bytes,
            } => {
                let chunks = None;
                let change = Change::Part {
                    part,
                    bytes,
                    chunks,
                };
                self.reply(entity, epoch, change)
            }
            Request::Forget { entity, epoch } => self.reply(entity, epoch, Change::Forget),
            Request::Quarantine { entity, epoch } => self.reply(entity, epoch, Change::Quarantine),
            Request::Journal {
                entity,
                epoch,
                from,
                records,
            } => self.reply(entity, epoch, Change::Journal { from, records }),
            Request::Load { entity, epoch } => self.load(entity, epoch),
            Request::Append {
                log,
                epoch,
                key,
                records,
            } => {
                let writer = key.writer.clone();
                self.reply(writer, epoch, Change::Append { log, key, records })
            }
            Request::Trim { log, before } => {
                // No position is larger than the largest number of the server.
                let before = Position(before.0.min(i64::MAX as u64));
                self.reply(log, Epoch(0), Change::Trim { before })
            }
            Request::PutDocument {
                name,
                value,
                expect,
            } => {
                let expect = match expect {
                    Expect::Absent => None,
                    Expect::Revision(it) => Some(known(it)),
                };
                self.reply(name, Epoch(0), Change::Put { value, expect })
            }
            Request::DeleteDocument { name, expect } => {
                let expect = known(expect);
                self.reply(name, Epoch(0), Change::Delete { expect })
            }
            Request::ReadPart { entity, part } => self.load_part(entity, part),
            Request::Read { log, from } => self.load_log(log, from),
            Request::Document(name) => self.load_document(name),
            Request::Documents { prefix, after } => self.load_documents(prefix, after),
        }
    }
}

/// Returns the revision in the server's type. For a revision that no document can have, any other
/// such number is equivalent.
fn known(revision: Revision) -> Revision {
    Revision(revision.0.min(i64::MAX as u64))
}

/// Checks that a write fits into a row; otherwise its whole group would fail.
fn check(name: &str, epoch: Epoch, change: &Change) -> Result<(), Failure> {
    let too_long = |what: &str| Err(Failure::NotDone(format!("{what} is too long to be kept")));
    if name.len() > NAME_BYTES_MAX {
        return too_long("the name");
    }
    let (largest, records) = match change {
        Change::Journal { from, records } => (from.0, &records[..]),
        Change::Snapshot { snapshot, .. } => {
            (snapshot.position.0, std::slice::from_ref(&snapshot.bytes))
        }
        Change::Part { bytes, .. } => (0, std::slice::from_ref(bytes)),
        Change::Append { log, key, records } => {
            if log.len() > NAME_BYTES_MAX {
                return too_long("the name of the log");
            }
            (key.step.0.max(key.epoch.0), &records[..])
        }
        Change::Put { value, .. } => (0, std::slice::from_ref(value)),
        _ => (0, &[][..]),
    };
    let length: usize = records.iter().map(|it| it.len() + size_of::<u32>()).sum();
    if length > VALUE_BYTES_MAX {
        return too_long("the value");
    }
    // Half of the range, so that additions cannot overflow.
    let number_max = i64::MAX as u64 / 2;
    if epoch.0 > number_max || largest > number_max {
        return Err(Failure::NotDone("a number is too large to be kept".into()));
    }
    Ok(())
}
