//! Execution of log requests on the tables.

use redb::{ReadTransaction, ReadableTable};
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::Key;

use super::checked::{Damage, Decoder, Encoder};
use super::fault::Fault;
use super::layout::{LOG_RECORDS, Tables};
use crate::storage::{AppendKey, LogRecord, Position, READ_RECORDS_MAX};

/// Appends records. The caller has checked the writer's seal.
pub(super) fn append(
    tables: &mut Tables<'_>,
    log: &str,
    key: &AppendKey,
    records: &[bytes::Bytes],
) -> Result<(), Fault> {
    if records.is_empty() || is_done(tables, log, key)? {
        return Ok(());
    }
    let mut last = last(tables, log)?;
    for bytes in records {
        last += 1;
        let value = Encoder::default()
            .text(&key.writer)
            .u64(key.epoch.0)
            .u64(key.step.0)
            .rest(bytes)
            .seal(&[log.as_bytes(), &last.to_le_bytes()]);
        tables.log_records.insert((log, last), value.as_slice())?;
    }
    let value = Encoder::default().u64(last).seal(&[log.as_bytes()]);
    tables.logs.insert(log, value.as_slice())?;
    let append = (log, &*key.writer, key.epoch.0, key.step.0);
    tables.appends.insert(append, ())?;
    tables.is_changed = true;
    Ok(())
}

pub(super) fn trim(tables: &mut Tables<'_>, log: &str, before: Position) -> Result<(), Fault> {
    let mut trimmed = Vec::new();
    for entry in tables.log_records.range((log, 0)..(log, before.0))? {
        let (key, value) = entry?;
        let (_, position) = key.value();
        trimmed.push((position, decode(log, position, value.value())));
    }
    for (position, record) in trimmed {
        tables.is_changed = true;
        tables.log_records.remove((log, position))?;
        // Of a damaged record only the append's own row remains. The append still counts as done.
        let Ok(LogRecord { key, .. }) = record else {
            continue;
        };
        let append = (log, &*key.writer, key.epoch.0, key.step.0);
        tables.appends.remove(append)?;
        if !is_trimmed(tables, log, &key)? {
            let value = Encoder::default()
                .u64(key.epoch.0)
                .u64(key.step.0)
                .seal(&[log.as_bytes(), key.writer.as_bytes()]);
            tables
                .trimmed
                .insert((log, &*key.writer), value.as_slice())?;
        }
    }
    Ok(())
}

pub(super) fn read(
    transaction: &ReadTransaction,
    log: &Key,
    from: Position,
) -> Result<Vec<LogRecord>, Fault> {
    let table = transaction.open_table(LOG_RECORDS)?;
    let range = table.range((&**log, from.0)..=(&**log, u64::MAX))?;
    let mut records = Vec::new();
    for entry in range.take(READ_RECORDS_MAX) {
        let (key, value) = entry?;
        records.push(decode(log, key.value().1, value.value())?);
    }
    Ok(records)
}

fn is_done(tables: &Tables<'_>, log: &str, key: &AppendKey) -> Result<bool, Fault> {
    let append = (log, &*key.writer, key.epoch.0, key.step.0);
    Ok(tables.appends.get(append)?.is_some() || is_trimmed(tables, log, key)?)
}

fn is_trimmed(tables: &Tables<'_>, log: &str, key: &AppendKey) -> Result<bool, Fault> {
    let Some(value) = tables.trimmed.get((log, &*key.writer))? else {
        return Ok(false);
    };
    let sealed_as = [log.as_bytes(), key.writer.as_bytes()];
    let mut decoder = Decoder::open(&sealed_as, value.value())?;
    let newest = (decoder.u64()?, decoder.u64()?);
    Ok((key.epoch.0, key.step.0) <= newest)
}

fn last(tables: &Tables<'_>, log: &str) -> Result<u64, Fault> {
    let Some(value) = tables.logs.get(log)? else {
        return Ok(0);
    };
    let counted = Decoder::open(&[log.as_bytes()], value.value()).and_then(|mut row| row.u64());
    match (
        counted,
        tables
            .log_records
            .range((log, 0)..=(log, u64::MAX))?
            .next_back(),
    ) {
        (Ok(last), _) => Ok(last),
        // The row is damaged, but the records contain the same information.
        (Err(_), Some(record)) => Ok(record?.0.value().1),
        (Err(damage), None) => Err(damage.into()),
    }
}

fn decode(log: &str, position: u64, value: &[u8]) -> Result<LogRecord, Damage> {
    let at = |damage| Damage(format!("record {position} of log {log}: {damage}"));
    let sealed_as = [log.as_bytes(), &position.to_le_bytes()];
    let mut decoder = Decoder::open(&sealed_as, value).map_err(at)?;
    let key = AppendKey {
        writer: decoder.text()?.into(),
        epoch: Epoch(decoder.u64()?),
        step: Position(decoder.u64()?),
    };
    Ok(LogRecord {
        position: Position(position),
        key,
        bytes: decoder.rest(),
    })
}
