//! The tables of the file.
//!
//! Tables use names where the key is a name, and an entity's number for all data of one entity. A
//! name that is used again gets another number, so no old data can reappear.

use redb::{Error, Table, TableDefinition, WriteTransaction};

use super::checked::{Damage, Decoder, Encoder};

/// The format of the file. Increase it for a change of a table that older servers cannot read.
pub(super) const FORMAT: u32 = 1;

pub(super) type Bytes = &'static [u8];

pub(super) const META: TableDefinition<'_, &str, Bytes> = TableDefinition::new("meta");
/// Coordination's records.
pub(super) const RECORDS: TableDefinition<'_, &str, Bytes> = TableDefinition::new("records");
/// The head of each entity, by name.
pub(super) const ENTITIES: TableDefinition<'_, &str, Bytes> = TableDefinition::new("entities");
/// The name and head of each entity in quarantine, by number.
pub(super) const QUARANTINE: TableDefinition<'_, u64, Bytes> = TableDefinition::new("quarantine");
pub(super) const SNAPSHOTS: TableDefinition<'_, u64, Bytes> = TableDefinition::new("snapshots");
/// Parts of states, by entity, number and version.
pub(super) const PARTS: TableDefinition<'_, (u64, u32, u64), Bytes> = TableDefinition::new("parts");
/// Blocks of frames, see [`super::block`].
pub(super) const JOURNAL: TableDefinition<'_, u64, Bytes> = TableDefinition::new("journal");
/// The last position of each log.
pub(super) const LOGS: TableDefinition<'_, &str, Bytes> = TableDefinition::new("logs");
pub(super) const LOG_RECORDS: TableDefinition<'_, (&str, u64), Bytes> =
    TableDefinition::new("log_records");
/// Log, writer, epoch and step of each append that has a stored record.
pub(super) const APPENDS: TableDefinition<'_, (&str, &str, u64, u64), ()> =
    TableDefinition::new("appends");
/// The newest trimmed append, by log and writer.
pub(super) const TRIMMED: TableDefinition<'_, (&str, &str), Bytes> =
    TableDefinition::new("trimmed");
pub(super) const DOCUMENTS: TableDefinition<'_, &str, Bytes> = TableDefinition::new("documents");

/// All tables in one transaction.
pub(super) struct Tables<'t> {
    /// True if there is something to commit. Set it with every change of a table.
    pub(super) is_changed: bool,
    pub(super) meta: Table<'t, &'static str, Bytes>,
    pub(super) records: Table<'t, &'static str, Bytes>,
    pub(super) entities: Table<'t, &'static str, Bytes>,
    pub(super) quarantine: Table<'t, u64, Bytes>,
    pub(super) snapshots: Table<'t, u64, Bytes>,
    pub(super) parts: Table<'t, (u64, u32, u64), Bytes>,
    pub(super) journal: Table<'t, u64, Bytes>,
    pub(super) logs: Table<'t, &'static str, Bytes>,
    pub(super) log_records: Table<'t, (&'static str, u64), Bytes>,
    pub(super) appends: Table<'t, (&'static str, &'static str, u64, u64), ()>,
    pub(super) trimmed: Table<'t, (&'static str, &'static str), Bytes>,
    pub(super) documents: Table<'t, &'static str, Bytes>,
}

impl<'t> Tables<'t> {
    /// Opens the tables, and creates missing ones.
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, Error> {
        Ok(Self {
            is_changed: false,
            meta: transaction.open_table(META)?,
            records: transaction.open_table(RECORDS)?,
            entities: transaction.open_table(ENTITIES)?,
            quarantine: transaction.open_table(QUARANTINE)?,
            snapshots: transaction.open_table(SNAPSHOTS)?,
            parts: transaction.open_table(PARTS)?,
            journal: transaction.open_table(JOURNAL)?,
            logs: transaction.open_table(LOGS)?,
            log_records: transaction.open_table(LOG_RECORDS)?,
            appends: transaction.open_table(APPENDS)?,
            trimmed: transaction.open_table(TRIMMED)?,
            documents: transaction.open_table(DOCUMENTS)?,
        })
    }
}

/// The counters of the whole file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meta {
    pub(super) format: u32,
    /// The upper bound of all issued revisions of coordination.
    pub(super) ceiling: u64,
    /// The number for the next new entity.
    pub(super) next_id: u64,
    /// The last revision of any document.
    pub(super) documents: u64,
}

impl Meta {
    pub(super) const KEY: &'static str = "meta";

    pub(super) const fn new() -> Self {
        Self {
            format: FORMAT,
            ceiling: 0,
            next_id: 1,
            documents: 0,
        }
    }

    pub(super) fn encode(self) -> Vec<u8> {
        Encoder::default()
            .u32(self.format)
            .u64(self.ceiling)
            .u64(self.next_id)
            .u64(self.documents)
            .seal(&[Self::KEY.as_bytes()])
    }

    /// Decodes the counters. The format always comes first; of a newer format nothing else is read.
    pub(super) fn decode(value: &[u8]) -> Result<Self, Damage> {
        let mut decoder = Decoder::open(&[Self::KEY.as_bytes()], value)?;
        let format = decoder.u32()?;
        if format > FORMAT {
            return Ok(Self {
                format,
                ..Self::new()
            });
        }
        Ok(Self {
            format,
            ceiling: decoder.u64()?,
            next_id: decoder.u64()?,
            documents: decoder.u64()?,
        })
    }
}
