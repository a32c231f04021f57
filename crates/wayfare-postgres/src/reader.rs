//! Reads: each at one point in time, with large values read in chunks.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, RowStream, Statement};
use wayfare_engine::storage::{
    AppendKey, Failure, LIST_DOCUMENTS_MAX, Loaded, LogRecord, PartId, Position, READ_RECORDS_MAX,
    Snapshot,
};
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::{Key, Record, Revision};

use crate::failure::of_read;
use crate::session::Session;
use crate::slot::Slot;
use crate::statements::Statements;
use crate::value::{Damage, Place, matches, records};

/// Reasons why a read failed.
#[derive(Debug)]
pub(crate) enum ReadError {
    Failed(Failure),
    /// An entity's data is damaged. The number of the entity is given, if known.
    Damaged(Option<i64>, Damage),
    /// The connection was lost or timed out. Another one may succeed.
    Lost(Failure),
}

impl From<tokio_postgres::Error> for ReadError {
    fn from(error: tokio_postgres::Error) -> Self {
        if error.is_closed() || error.as_db_error().is_none() {
            return Self::Lost(of_read(&error));
        }
        Self::Failed(of_read(&error))
    }
}

/// A reader on one of the reading connections.
pub(crate) struct Reader {
    pub(crate) slot: Arc<Slot>,
    pub(crate) deadline: Duration,
}

impl Reader {
    /// Loads the data of an entity that `epoch` has sealed.
    pub(crate) async fn load(
        &self,
        name: &str,
        entity: i64,
        epoch: Epoch,
    ) -> Result<Loaded, ReadError> {
        let session = self.session().await?;
        let rows = self.ask(&session, |it| &it.load, &[&entity]).await?;
        let mut rows = pin!(rows);
        let mut load = None;
        while let Some(row) = self.next(&session, rows.as_mut().try_next()).await? {
            match &mut load {
                None => load = Some(Load::begin(name, &row, entity, epoch)?),
                Some(load) => {
                    let added = load.add(&row)?;
                    added.map_err(|damage| ReadError::Damaged(Some(entity), damage))?;
                }
            }
        }
        // The entity was sealed a moment ago, so a newer owner has deleted it since.
        let gone = || ReadError::Failed(Failure::NotDone("the entity was forgotten".into()));
        let load = load.ok_or_else(gone)?;
        let loaded = load.end();
        loaded.map_err(|damage| ReadError::Damaged(Some(entity), damage))
    }

    pub(crate) async fn part(&self, name: &str, part: PartId) -> Result<Option<Bytes>, ReadError> {
        let session = self.session().await?;
        let (number, version) = (i64::from(part.number), part.version as i64);
        let arguments: [&(dyn ToSql + Sync); 3] = [&name.as_bytes(), &number, &version];
        let rows = self.ask(&session, |it| &it.part, &arguments).await?;
        let mut rows = pin!(rows);
        let mut head: Option<(i64, Assembly)> = None;
        while let Some(row) = self.next(&session, rows.as_mut().try_next()).await? {
            match &mut head {
                None => {
                    let entity = row.try_get(6)?;
                    if let Some(damage) = row.try_get::<_, Option<String>>(5)? {
                        return Err(ReadError::Failed(Failure::Corrupt(damage)));
                    }
                    let (length, sum) = (row.try_get(2)?, row.try_get(3)?);
                    let inline = row.try_get(4)?;
                    head = Some((entity, Assembly::new(length, sum, inline)));
                }
                Some((_, assembly)) => assembly.add(row.try_get(1)?, row.try_get(4)?),
            }
        }
        let Some((entity, assembly)) = head else {
            return Ok(None);
        };
        let bytes = assembly.end(Place::Part(name, part));
        bytes
            .map(Some)
            .map_err(|damage| ReadError::Damaged(Some(entity), damage))
    }

    pub(crate) async fn log(&self, log: &Key, from: Position) -> Result<Vec<LogRecord>, ReadError> {
        let from = i64::try_from(from.0).unwrap_or(i64::MAX);
        let limit = READ_RECORDS_MAX as i64;
        let rows = self
            .rows(|it| &it.log, &[&log.as_bytes(), &from, &limit])
            .await?;
        let mut found = Vec::new();
        for row in &rows {
            let start: i64 = row.try_get(5)?;
            let position: i64 = row.try_get(0)?;
            let key = AppendKey {
                epoch: Epoch(row.try_get::<_, i64>(1)? as u64),
                step: Position(row.try_get::<_, i64>(2)? as u64),
                writer: text(row.try_get(3)?).map_err(damaged)?,
            };
            let records = records(Place::Append(log, &key), row.try_get(4)?);
            let places = (position as u64..).map(Position);
            for (position, bytes) in places.zip(records.map_err(damaged)?) {
                if position.0 >= start as u64 && found.len() < READ_RECORDS_MAX {
                    let key = key.clone();
                    found.push(LogRecord {
                        position,
                        key,
                        bytes,
                    });
                }
            }
        }
        Ok(found)
    }

    pub(crate) async fn document(&self, name: &str) -> Result<Option<Record>, ReadError> {
        let rows = self.rows(|it| &it.document, &[&name.as_bytes()]).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        Ok(Some(document(
            name,
            row.try_get(0)?,
            row.try_get(1)?,
            row.try_get(2)?,
        )?))
    }

    pub(crate) async fn documents(
        &self,
        prefix: &str,
        after: &str,
    ) -> Result<Vec<(Key, Record)>, ReadError> {
        let past = past_prefix(prefix);
        let limit = LIST_DOCUMENTS_MAX as i64;
        let arguments: [&(dyn ToSql + Sync); 4] =
            [&prefix.as_bytes(), &past, &after.as_bytes(), &limit];
        let mut found = Vec::new();
        for row in &self.rows(|it| &it.documents, &arguments).await? {
            let name = text(row.try_get(0)?).map_err(damaged)?;
            let record = document(&name, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?)?;
            found.push((name, record));
        }
        Ok(found)
    }

    async fn session(&self) -> Result<Arc<Session>, ReadError> {
        let session = self.slot.session().await;
        session.map_err(|error| ReadError::Failed(Failure::NotDone(error.to_string())))
    }

    async fn rows(
        &self,
        which: fn(&Statements) -> &Statement,
        arguments: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, ReadError> {
        let session = self.session().await?;
        let asked = session.client.query(which(&session.statements), arguments);
        self.next(&session, asked).await
    }

    async fn ask(
        &self,
        session: &Arc<Session>,
        which: fn(&Statements) -> &Statement,
        arguments: &[&(dyn ToSql + Sync)],
    ) -> Result<RowStream, ReadError> {
        let arguments = arguments.iter().copied();
        let asked = session
            .client
            .query_raw(which(&session.statements), arguments);
        self.next(session, asked).await
    }

    /// Returns the next row, or the end of the connection.
    async fn next<T>(
        &self,
        session: &Arc<Session>,
        asked: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, ReadError> {
        let answer = match tokio::time::timeout(self.deadline, asked).await {
            Ok(answer) => answer.map_err(ReadError::from),
            Err(_) => Err(ReadError::Lost(Failure::NotDone(
                "no answer within the deadline".into(),
            ))),
        };
        if let Err(ReadError::Lost(_)) = answer {
            self.slot.discard(session);
        }
        answer
    }
}

/// An entity that is being loaded.
struct Load<'a> {
    name: &'a str,
    snapshot: Option<Snapshot>,
    state: Option<Assembly>,
    journal: Vec<Bytes>,
    /// The expected position of the next record, and the position behind the last.
    next: u64,
    end: u64,
}

impl<'a> Load<'a> {
    fn begin(name: &'a str, row: &Row, entity: i64, epoch: Epoch) -> Result<Self, ReadError> {
        let sealed = Epoch(row.try_get::<_, i64>(1)? as u64);
        if sealed > epoch {
            return Err(ReadError::Failed(Failure::Sealed { by: sealed }));
        }
        if let Some(damage) = row.try_get::<_, Option<String>>(8)? {
            return Err(ReadError::Failed(Failure::Corrupt(damage)));
        }
        let position = row.try_get::<_, Option<i64>>(3)?;
        let mut load = Self {
            name,
            snapshot: None,
            state: None,
            journal: Vec::new(),
            next: position.map_or(1, |it| it as u64 + 1),
            end: row.try_get::<_, i64>(2)? as u64,
        };
        if let Some(position) = position {
            let parts = parts(&row.try_get::<_, Vec<i64>>(7)?)
                .map_err(|damage| ReadError::Damaged(Some(entity), damage))?;
            load.snapshot = Some(Snapshot {
                position: Position(position as u64),
                bytes: Bytes::new(),
                parts,
            });
            let (length, sum) = (row.try_get(4)?, row.try_get(5)?);
            load.state = Some(Assembly::new(length, sum, row.try_get(6)?));
        }
        Ok(load)
    }

    fn add(&mut self, row: &Row) -> Result<Result<(), Damage>, tokio_postgres::Error> {
        let place: i64 = row.try_get(1)?;
        if row.try_get::<_, i32>(0)? == 1 {
            if let Some(state) = &mut self.state {
                state.add(place, row.try_get(6)?);
            }
            return Ok(Ok(()));
        }
        Ok(self.write(place as u64, row.try_get(6)?))
    }

    /// Adds a journal write. A snapshot may cover the beginning of the first one.
    fn write(&mut self, from: u64, value: &[u8]) -> Result<(), Damage> {
        let records = records(Place::Journal(self.name, Position(from)), value)?;
        let past = from + records.len() as u64;
        if from > self.next || past < self.next {
            return Err(Damage(format!(
                "records {} to {} are missing",
                self.next,
                from.saturating_sub(1)
            )));
        }
        let covered = (self.next - from) as usize;
        self.journal.extend(records.into_iter().skip(covered));
        self.next = past;
        Ok(())
    }

    fn end(self) -> Result<Loaded, Damage> {
        if self.next != self.end {
            let (next, last) = (self.next, self.end.saturating_sub(1));
            return Err(Damage(format!("records {next} to {last} are missing")));
        }
        let mut snapshot = self.snapshot;
        if let (Some(snapshot), Some(state)) = (&mut snapshot, self.state) {
            snapshot.bytes = state.end(Place::Snapshot(self.name, snapshot.position))?;
        }
        Ok(Loaded {
            snapshot,
            journal: self.journal,
        })
    }
}

/// A value that is being read: at once, or in chunks into a buffer of its final size.
struct Assembly {
    bytes: BytesMut,
    length: usize,
    checksum: i64,
    chunks: i64,
    is_gapless: bool,
}

impl Assembly {
    fn new(length: i64, checksum: i64, inline: Option<&[u8]>) -> Self {
        let length = length as usize;
        let mut bytes = BytesMut::with_capacity(length);
        bytes.extend_from_slice(inline.unwrap_or_default());
        Self {
            bytes,
            length,
            checksum,
            chunks: 0,
            is_gapless: true,
        }
    }

    fn add(&mut self, place: i64, chunk: &[u8]) {
        self.is_gapless &= place == self.chunks && self.bytes.len() + chunk.len() <= self.length;
        self.chunks += 1;
        if self.is_gapless {
            self.bytes.extend_from_slice(chunk);
        }
    }

    fn end(self, place: Place<'_>) -> Result<Bytes, Damage> {
        if !self.is_gapless || self.bytes.len() != self.length {
            return Err(Damage("a value is not whole".into()));
        }
        let expected = u32::try_from(self.checksum).unwrap_or_default();
        matches(place.checksum(&self.bytes), expected)?;
        Ok(self.bytes.freeze())
    }
}

/// Decodes an array of all numbers, then all versions.
fn parts(flat: &[i64]) -> Result<Vec<PartId>, Damage> {
    if !flat.len().is_multiple_of(2) {
        return Err(Damage("the list of parts is not whole".into()));
    }
    let (numbers, versions) = flat.split_at(flat.len() / 2);
    let pairs = numbers.iter().zip(versions);
    Ok(pairs
        .map(|(number, version)| PartId {
            number: *number as u32,
            version: *version as u64,
        })
        .collect())
}

fn document(name: &str, revision: i64, checksum: i64, value: &[u8]) -> Result<Record, ReadError> {
    let expected = u32::try_from(checksum).unwrap_or_default();
    matches(Place::Document(name).checksum(value), expected).map_err(damaged)?;
    Ok(Record {
        value: Bytes::copy_from_slice(value),
        revision: Revision(revision as u64),
    })
}

/// Returns a bound above all names that begin with `prefix`: no byte of UTF-8 is 255.
fn past_prefix(prefix: &str) -> Vec<u8> {
    let mut past = prefix.as_bytes().to_vec();
    match past.last_mut() {
        Some(last) => *last += 1,
        None => past.push(u8::MAX),
    }
    past
}

fn text(bytes: &[u8]) -> Result<Key, Damage> {
    let text = str::from_utf8(bytes).map_err(|error| Damage(error.to_string()))?;
    Ok(text.into())
}

fn damaged(damage: Damage) -> ReadError {
    ReadError::Damaged(None, damage)
}
