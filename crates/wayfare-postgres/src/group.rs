//! Groups of writes: encoded as the arguments of one statement, with the decoding of its answer.

use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};
use wayfare_engine::refusal;
use wayfare_engine::storage::{Failure, PartId, Position, QUARANTINED_MAX};
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::{Commit, Revision};

use crate::session::Session;
use crate::value::{Place, Value};
use crate::write::{Answer, Change, Effect, Write};

/// The maximum number of writes: enough to share the cost of a commit, few enough to be answered
/// within milliseconds.
const WRITES_MAX: usize = 1024;
/// The maximum size of a group, not counting a single large write.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// A group of at least one write.
#[derive(Debug)]
pub(crate) struct Group {
    /// The writes in the order of sending: sorted by name, so that groups cannot deadlock, and in
    /// the order of requests for the same name.
    writes: Vec<Write>,
}

/// The answers of a group that was executed.
pub(crate) struct Answered {
    pub(crate) settled: Vec<(Write, Answer)>,
    /// Writes whose first records exist already. They are sent again without those records.
    pub(crate) rest: Vec<Write>,
}

impl Group {
    /// Takes as many writes as fit, from the front.
    pub(crate) fn take(waiting: &mut VecDeque<Write>) -> Self {
        let mut bytes = 0;
        let mut count = 0;
        for write in waiting.iter().take(WRITES_MAX) {
            bytes += write.length();
            if count > 0 && bytes > BYTES_MAX {
                break;
            }
            count += 1;
        }
        let mut writes: Vec<Write> = waiting.drain(..count).collect();
        writes.sort_by(|a, b| place(a).cmp(&place(b)));
        Self { writes }
    }

    pub(crate) fn len(&self) -> usize {
        self.writes.len()
    }

    /// Makes a group of one write.
    pub(crate) fn of(write: Write) -> Self {
        Self {
            writes: vec![write],
        }
    }

    /// Returns true if no write's deadline has passed.
    pub(crate) fn is_young(&self, deadline: Duration) -> bool {
        self.writes.iter().all(|it| it.since.elapsed() < deadline)
    }

    /// Removes and returns the writes whose deadline has passed.
    pub(crate) fn take_old(&mut self, deadline: Duration) -> Vec<Write> {
        let writes = mem::take(&mut self.writes).into_iter();
        let (young, old) = writes.partition(|it| it.since.elapsed() < deadline);
        self.writes = young;
        old
    }

    pub(crate) fn names(&self) -> Vec<&[u8]> {
        self.writes.iter().map(|it| it.name.as_bytes()).collect()
    }

    pub(crate) fn into_writes(self) -> Vec<Write> {
        self.writes
    }

    /// Splits the group. Send the first half first: writes of one name may be in both.
    pub(crate) fn halves(mut self) -> [Self; 2] {
        let writes = self.writes.split_off(self.writes.len() / 2);
        [self, Self { writes }]
    }

    /// Sends the group and waits for its commit.
    ///
    /// The rows of a statement arrive before the end of its transaction. They count only when the
    /// server is ready for the next statement, which the end of the rows signals.
    pub(crate) async fn send(&self, session: &Session) -> Result<Vec<Row>, Error> {
        let columns = Columns::of(&self.writes);
        let client = &session.client;
        let arguments: [&(dyn ToSql + Sync); 11] = [
            &columns.kinds,
            &columns.names,
            &columns.epochs,
            &columns.numbers[0],
            &columns.numbers[1],
            &columns.numbers[2],
            &columns.numbers[3],
            &columns.numbers[4],
            &columns.values,
            &columns.targets,
            &columns.texts,
        ];
        client.query(&session.statements.write, &arguments).await
    }

    /// Decodes the rows. A write without a row is done.
    pub(crate) fn answered(self, rows: &[Row]) -> Result<Answered, (Self, Error)> {
        let mut said: Vec<Option<Said>> = self.writes.iter().map(|_| None).collect();
        for row in rows {
            let read = row
                .try_get::<_, i64>(4)
                .and_then(|place| Ok((place, Said::read(row)?)));
            match read {
                Ok((place, it)) => {
                    // Places are counted from 1.
                    if let Some(slot) = said.get_mut(place as usize - 1) {
                        *slot = Some(it);
                    }
                }
                Err(error) => return Err((self, error)),
            }
        }
        let mut answered = Answered {
            settled: Vec::with_capacity(said.len()),
            rest: Vec::new(),
        };
        for (write, said) in self.writes.into_iter().zip(said) {
            answered.add(write, said);
        }
        Ok(answered)
    }
}

impl Answered {
    fn add(&mut self, mut write: Write, said: Option<Said>) {
        let Some(said) = said else {
            self.settled.push((write, Ok(Effect::Done)));
            return;
        };
        if said.code == HELD
            && let Change::Journal { from, records } = &mut write.change
        {
            let held = Position(said.number as u64);
            records.drain(..((held.0 - from.0) as usize).min(records.len()));
            *from = held;
            self.rest.push(write);
            return;
        }
        // Behind a write of the same name whose rest is not sent yet, a gap is only temporary.
        if said.code == GAP && self.rest.last().is_some_and(|it| it.name == write.name) {
            self.rest.push(write);
            return;
        }
        let answer = said.answer(&write);
        self.settled.push((write, answer));
    }
}

/// Sorts entities before logs and documents.
fn place(write: &Write) -> (bool, &str) {
    let is_entity = !matches!(
        write.change,
        Change::Trim { .. } | Change::Put { .. } | Change::Delete { .. }
    );
    (!is_entity, &write.name)
}

/// The statement's answer for one write.
pub(crate) struct Said {
    code: i32,
    number: i64,
    other: i64,
    detail: Option<String>,
}

const GAP: i32 = 4;
const HELD: i32 = 6;

impl Said {
    /// Reads a row of four columns.
    pub(crate) fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            code: row.try_get(0)?,
            number: row.try_get::<_, Option<i64>>(1)?.unwrap_or_default(),
            other: row.try_get::<_, Option<i64>>(2)?.unwrap_or_default(),
            detail: row.try_get(3)?,
        })
    }

    pub(crate) fn answer(self, write: &Write) -> Answer {
        let number = self.number as u64;
        let from = || match &write.change {
            Change::Journal { from, .. } => *from,
            Change::Snapshot { snapshot, .. } => snapshot.position,
            _ => Position(0),
        };
        Err(match self.code {
            0 => return Ok(Effect::Done),
            1 => Failure::Sealed { by: Epoch(number) },
            2 => refusal::not_sealed(write.epoch),
            3 => Failure::Corrupt(self.detail.unwrap_or_default()),
            4 => refusal::gap(from(), Position(number)),
            5 => refusal::of_an_earlier_owner(from(), Position(number)),
            7 => refusal::undoes(from(), Position(number)),
            8 => refusal::missing(PartId {
                number: self.number as u32,
                version: self.other as u64,
            }),
            9 => match &write.change {
                Change::Part { part, .. } => refusal::found(*part),
                _ => Failure::NotDone("a part belongs to what was loaded".into()),
            },
            10 => match &write.change {
                Change::Append { key, .. } => refusal::of_the_future(key.epoch, write.epoch),
                _ => refusal::not_sealed(write.epoch),
            },
            11 => return Ok(Effect::Committed(Commit::Done(Revision(number)))),
            12 => return Ok(Effect::Committed(Commit::Refused)),
            13 => {
                return Ok(Effect::Sealed {
                    entity: self.number,
                    is_empty: self.other == 0,
                    is_large: self.other == 2,
                });
            }
            14 => Failure::NotDone("the chunks of its value are gone: write it again".into()),
            code => Failure::NotDone(format!("the server's answer {code} is not known")),
        })
    }
}

/// The writes as columns.
struct Columns<'a> {
    kinds: Vec<i16>,
    names: Vec<&'a [u8]>,
    epochs: Vec<i64>,
    numbers: [Vec<i64>; 5],
    values: Vec<Value<'a>>,
    targets: Vec<Option<&'a [u8]>>,
    texts: Vec<Option<String>>,
}

/// The fields of a write besides name and epoch; most writes have few.
struct Line<'a> {
    kind: i16,
    numbers: [i64; 5],
    value: Value<'a>,
    target: Option<&'a str>,
    text: Option<String>,
}

impl<'a> Columns<'a> {
    fn of(writes: &'a [Write]) -> Self {
        let count = writes.len();
        let mut columns = Self {
            kinds: Vec::with_capacity(count),
            names: Vec::with_capacity(count),
            epochs: Vec::with_capacity(count),
            numbers: [(); 5].map(|()| Vec::with_capacity(count)),
            values: Vec::with_capacity(count),
            targets: Vec::with_capacity(count),
            texts: Vec::with_capacity(count),
        };
        for (index, write) in writes.iter().enumerate() {
            let has_neighbour = |other: Option<usize>| {
                let other = other.and_then(|it| writes.get(it));
                other.is_some_and(|it| it.name == write.name)
            };
            let is_alone = !has_neighbour(index.checked_sub(1)) && !has_neighbour(Some(index + 1));
            columns.add(write, Line::of(write, is_alone));
        }
        columns
    }

    fn add(&mut self, write: &'a Write, line: Line<'a>) {
        self.kinds.push(line.kind);
        self.names.push(write.name.as_bytes());
        self.epochs.push(write.epoch.0 as i64);
        for (column, number) in self.numbers.iter_mut().zip(line.numbers) {
            column.push(number);
        }
        self.values.push(line.value);
        self.targets.push(line.target.map(str::as_bytes));
        self.texts.push(line.text);
    }
}

impl<'a> Line<'a> {
    fn of(write: &'a Write, is_alone: bool) -> Self {
        let name = &*write.name;
        match &write.change {
            Change::Journal { from, records } => {
                let past = from.0 + records.len() as u64;
                let value = Value::Records(Place::Journal(name, *from), records);
                // An empty write is not stored, only checked.
                let kind = if is_alone && !records.is_empty() {
                    0
                } else {
                    1
                };
                Self::new(kind, [from.0 as i64, past as i64, 0, 0, 0], value)
            }
            Change::Seal => Self::new(2, [0; 5], Value::Absent),
            Change::Snapshot { snapshot, .. } => {
                let place = Place::Snapshot(name, snapshot.position);
                let line = Self::large(3, write, [snapshot.position.0 as i64, 0], place);
                line.text(parts_literal(&snapshot.parts))
            }
            Change::Part { part, .. } => {
                let numbers = [i64::from(part.number), part.version as i64];
                Self::large(4, write, numbers, Place::Part(name, *part))
            }
            Change::Forget => Self::new(5, [0; 5], Value::Absent),
            Change::Quarantine => Self::new(6, [QUARANTINED_MAX as i64, 0, 0, 0, 0], Value::Absent),
            Change::Damaged { entity, what } => {
                Self::new(7, [*entity, 0, 0, 0, 0], Value::Absent).text(Some(what.clone()))
            }
            Change::Append { log, key, records } => {
                let count = records.len() as i64;
                let numbers = [key.epoch.0 as i64, key.step.0 as i64, count, 0, 0];
                let value = Value::Records(Place::Append(log, key), records);
                Self {
                    target: Some(log),
                    ..Self::new(8, numbers, value)
                }
            }
            Change::Trim { before } => Self::new(9, [before.0 as i64, 0, 0, 0, 0], Value::Absent),
            Change::Put { value, expect } => {
                let expect = expect.map_or(-1, |it| it.0 as i64);
                let sum = Place::Document(name).checksum(value);
                Self::new(10, [expect, 0, 0, i64::from(sum), 0], Value::Raw(value))
            }
            Change::Delete { expect } => {
                Self::new(11, [expect.0 as i64, 0, 0, 0, 0], Value::Absent)
            }
        }
    }

    fn new(kind: i16, numbers: [i64; 5], value: Value<'a>) -> Self {
        Self {
            kind,
            numbers,
            value,
            target: None,
            text: None,
        }
    }

    /// Encodes a write with a value that may be stored in chunks.
    fn large(kind: i16, write: &'a Write, [a, b]: [i64; 2], place: Place<'_>) -> Self {
        let bytes = write.value();
        let (chunks, value) = match write.change {
            Change::Snapshot {
                chunks: Some(it), ..
            }
            | Change::Part {
                chunks: Some(it), ..
            } => (it.0, Value::Absent),
            _ => (0, Value::Raw(bytes)),
        };
        let sum = i64::from(place.checksum(bytes));
        Self::new(kind, [a, b, bytes.len() as i64, sum, chunks], value)
    }

    fn text(self, text: Option<String>) -> Self {
        Self { text, ..self }
    }
}

/// Formats parts as a PostgreSQL array of two rows; `None` for no parts.
fn parts_literal(parts: &[PartId]) -> Option<String> {
    if parts.is_empty() {
        return None;
    }
    let row = |number: &dyn Fn(&PartId) -> i64| {
        let numbers: Vec<String> = parts.iter().map(|it| number(it).to_string()).collect();
        numbers.join(",")
    };
    let numbers = row(&|it| i64::from(it.number));
    let versions = row(&|it| it.version as i64);
    Some(format!("{{{{{numbers}}},{{{versions}}}}}"))
}
