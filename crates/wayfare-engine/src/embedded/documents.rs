//! Execution of document requests on the tables.

use std::ops::Bound;

use bytes::Bytes;
use redb::{ReadTransaction, ReadableTable};
use wayfare_protocol::coordination::{Commit, Expect, Key, Record, Revision};

use super::checked::{Damage, Decoder, Encoder};
use super::fault::Fault;
use super::layout::{DOCUMENTS, Tables};
use crate::model::holds;
use crate::storage::LIST_DOCUMENTS_MAX;

/// Writes a document. `last` is the last revision of any document.
pub(super) fn put(
    tables: &mut Tables<'_>,
    last: &mut u64,
    name: &str,
    value: &Bytes,
    expect: Expect,
) -> Result<Commit, Fault> {
    if !holds(revision_of(tables, name)?, expect) {
        return Ok(Commit::Refused);
    }
    *last += 1;
    let sealed = encode(name, value, Revision(*last));
    tables.documents.insert(name, sealed.as_slice())?;
    tables.is_changed = true;
    Ok(Commit::Done(Revision(*last)))
}

pub(super) fn delete(
    tables: &mut Tables<'_>,
    last: &mut u64,
    name: &str,
    expect: Revision,
) -> Result<Commit, Fault> {
    if revision_of(tables, name)? != Some(expect) {
        return Ok(Commit::Refused);
    }
    *last += 1;
    tables.documents.remove(name)?;
    tables.is_changed = true;
    Ok(Commit::Done(Revision(*last)))
}

pub(super) fn get(transaction: &ReadTransaction, name: &str) -> Result<Option<Record>, Fault> {
    let table = transaction.open_table(DOCUMENTS)?;
    let Some(value) = table.get(name)? else {
        return Ok(None);
    };
    Ok(Some(decode(name, value.value())?))
}

pub(super) fn list(
    transaction: &ReadTransaction,
    prefix: &str,
    after: &str,
) -> Result<Vec<(Key, Record)>, Fault> {
    let table = transaction.open_table(DOCUMENTS)?;
    let start = if after < prefix {
        Bound::Included(prefix)
    } else {
        Bound::Excluded(after)
    };
    let mut documents = Vec::new();
    for entry in table.range::<&str>((start, Bound::Unbounded))? {
        let (name, value) = entry?;
        let name = name.value();
        if documents.len() == LIST_DOCUMENTS_MAX || !name.starts_with(prefix) {
            break;
        }
        documents.push((name.into(), decode(name, value.value())?));
    }
    Ok(documents)
}

fn revision_of(tables: &Tables<'_>, name: &str) -> Result<Option<Revision>, Fault> {
    let Some(value) = tables.documents.get(name)? else {
        return Ok(None);
    };
    Ok(Some(decode(name, value.value())?.revision))
}

/// Encodes a value with its revision. Also used for records of coordination.
pub(super) fn encode(name: &str, value: &[u8], revision: Revision) -> Vec<u8> {
    let encoder = Encoder::default().u64(revision.0).rest(value);
    encoder.seal(&[name.as_bytes()])
}

pub(super) fn decode(name: &str, value: &[u8]) -> Result<Record, Damage> {
    let at = |damage| Damage(format!("{name}: {damage}"));
    let mut decoder = Decoder::open(&[name.as_bytes()], value).map_err(at)?;
    Ok(Record {
        revision: Revision(decoder.u64()?),
        value: decoder.rest(),
    })
}
