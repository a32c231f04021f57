//! Both services in memory: plain state machines for a simulator, and the traits over them.
//!
//! [`ModelCoordination`] and [`ModelStorage`] are synchronous and deterministic: each request has
//! one outcome. [`MemoryCoordination`] and [`MemoryStorage`] share a model between threads; their
//! futures are ready at once. Dropping them loses all data.

mod coordination_model;
mod entity_model;
pub mod faults;
mod log;
mod memory;
mod storage_model;
mod watched;

pub use coordination_model::{CHANGES_MAX, ModelCoordination};
pub use memory::{MemoryCoordination, MemoryStorage};
pub use storage_model::ModelStorage;

pub(crate) use coordination_model::{Decision, decide};
pub(crate) use watched::Watched;

use std::collections::BTreeMap;
use std::ops::Bound;

use bytes::Bytes;
use wayfare_protocol::coordination::{Expect, Key, Revision};

/// Returns the entries behind `after` whose keys begin with `prefix`, in order.
fn scan<'a, T>(
    entries: &'a BTreeMap<Key, T>,
    prefix: &'a str,
    after: Bound<&'a str>,
) -> impl Iterator<Item = (&'a Key, &'a T)> {
    entries
        .range::<str, _>((after, Bound::Unbounded))
        .take_while(move |(key, _)| key.starts_with(prefix))
}

pub(crate) fn holds(found: Option<Revision>, expect: Expect) -> bool {
    match expect {
        Expect::Absent => found.is_none(),
        Expect::Revision(revision) => found == Some(revision),
    }
}

/// Copies the bytes, because a received slice would keep a much larger buffer alive.
fn own(bytes: &Bytes) -> Bytes {
    Bytes::copy_from_slice(bytes)
}
