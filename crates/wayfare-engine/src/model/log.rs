//! The model of a stored log.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::Key;

use super::own;
use crate::storage::{AppendKey, LogRecord, Position, READ_RECORDS_MAX};

/// Records in order, and the appends that they came with.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    records: VecDeque<LogRecord>,
    last: Position,
    kept: BTreeSet<AppendKey>,
    /// The newest trimmed append of each writer.
    trimmed: BTreeMap<Key, (Epoch, Position)>,
}

impl Log {
    pub(super) fn append(&mut self, key: &AppendKey, records: &[Bytes]) {
        if records.is_empty() || self.is_done(key) {
            return;
        }
        self.kept.insert(key.clone());
        for bytes in records {
            self.last = self.last.next();
            self.records.push_back(LogRecord {
                position: self.last,
                key: key.clone(),
                bytes: own(bytes),
            });
        }
    }

    pub(super) fn read(&self, from: Position) -> Vec<LogRecord> {
        let start = self.records.partition_point(|it| it.position < from);
        let records = self.records.range(start..);
        records.take(READ_RECORDS_MAX).cloned().collect()
    }

    pub(super) fn trim(&mut self, before: Position) {
        while let Some(LogRecord { key, .. }) = self.records.pop_front_if(|it| it.position < before)
        {
            self.kept.remove(&key);
            let newest = self.trimmed.entry(key.writer).or_default();
            *newest = (*newest).max((key.epoch, key.step));
        }
    }

    fn is_done(&self, key: &AppendKey) -> bool {
        let trimmed = self.trimmed.get(&key.writer);
        trimmed.is_some_and(|newest| (key.epoch, key.step) <= *newest) || self.kept.contains(key)
    }
}
