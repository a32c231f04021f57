//! Lists of all records under a prefix, page by page, at one revision.

use wayfare_engine::coordination::Listing;
use wayfare_protocol::coordination::{Failure, Revision};

use crate::calls::{CallError, Core, Kind};
use crate::etcd;
use crate::keys;
use crate::members::Preference;
use crate::wire::RangeRequest;

/// The number of times that a list may start again because its revision was compacted. A compaction
/// leaves minutes of history, and a list takes seconds.
const STARTS_MAX: u32 = 3;

pub(crate) async fn list(
    core: &Core,
    preference: &Preference,
    prefix: &str,
) -> Result<Listing, Failure> {
    let mut page = core.config.list_page.max(1);
    let mut starts = 0;
    loop {
        match all_pages(core, preference, prefix, page).await {
            Ok(listing) => return Ok(listing),
            Err(CallError::Compacted) if starts < STARTS_MAX => starts += 1,
            Err(CallError::TooLarge) if page > 1 => page = (page / 8).max(1),
            Err(error) => return Err(error.into()),
        }
    }
}

async fn all_pages(
    core: &Core,
    preference: &Preference,
    prefix: &str,
    page: i64,
) -> Result<Listing, CallError> {
    let (start, end) = core.prefix.range(prefix);
    let mut question = RangeRequest {
        key: start.into(),
        range_end: end.into(),
        limit: page,
        ..RangeRequest::default()
    };
    let mut records = Vec::new();
    let mut store = None;
    loop {
        let answer = core.call(preference, Kind::Read, &question).await?;
        let revision = core.revision_of(answer.header.as_ref());
        let last = answer.kvs.last().map(|it| keys::next(&it.key));
        records.extend(answer.kvs.iter().filter_map(|found| {
            // A key that is not text does not belong to coordination.
            let key = core.prefix.bare(&found.key)?;
            Some((key, etcd::record(found)))
        }));
        let Revision(store) = *store.get_or_insert(revision);
        let (true, Some(next)) = (answer.more, last) else {
            let store = Revision(store);
            return Ok(Listing { records, store });
        };
        question.key = next.into();
        // The later pages use the revision of the first.
        question.revision = i64::try_from(store).unwrap_or(0);
    }
}
