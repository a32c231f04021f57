//! Cases of coordination: reads return exactly the records that were written, in order.

use bytes::Bytes;
use wayfare_protocol::coordination::{Commit, Expect, Key, Record, Reply, Request, Write};

use super::{Breach, Case, Verdict, above, cases, done, same};
use crate::Coordination;

pub(super) fn cases() -> Vec<Case<dyn Coordination>> {
    cases![
        a_record_is_read_as_written,
        a_list_is_ordered_and_ends_with_its_prefix,
        a_request_is_answered_in_its_kind,
    ]
}

async fn a_record_is_read_as_written(
    engine: &dyn Coordination,
    namespace: &str,
) -> Result<(), Breach> {
    let key: Key = format!("{namespace}/a").into();
    let before = engine.get(key.clone()).await?;
    same("a record nobody wrote", &before.record, &None)?;

    for value in [Bytes::new(), Bytes::from_static(&[0, 255, 10])] {
        let now = engine.get(key.clone()).await?;
        let expect = now
            .record
            .map_or(Expect::Absent, |record| Expect::Revision(record.revision));
        let put = engine.put(key.clone(), value.clone(), expect).await?;
        let revision = done("a put that holds", put)?;
        above("its revision, above the read before", revision, now.store)?;
        let read = engine.get(key.clone()).await?;
        same(
            "the record",
            &read.record,
            &Some(Record { value, revision }),
        )?;
        same(
            "the store is not below it",
            &(read.store >= revision),
            &true,
        )?;
    }
    Ok(())
}

async fn a_list_is_ordered_and_ends_with_its_prefix(
    engine: &dyn Coordination,
    namespace: &str,
) -> Verdict {
    // '.' and '0' are the neighbours of '/'; the last name is not ASCII.
    let names = ["a/2", "a0", "a/10", "a", "a/", "a.", "b/1", "a/é", "A/1"];
    let mut last = Default::default();
    for name in names {
        let key = format!("{namespace}/{name}").into();
        let put = engine.put(key, Bytes::from(name), Expect::Absent).await?;
        last = done("a put of a new record", put)?;
    }
    let mut all = names;
    all.sort_unstable();
    for (prefix, expected) in [
        ("a/", vec!["a/", "a/10", "a/2", "a/é"]),
        ("a/1", vec!["a/10"]),
        ("a", vec!["a", "a.", "a/", "a/10", "a/2", "a/é", "a0"]),
        ("a/é", vec!["a/é"]),
        ("c", vec![]),
        ("", all.to_vec()),
    ] {
        let listing = engine.list(format!("{namespace}/{prefix}").into()).await?;
        let start = namespace.len() + 1;
        let found: Vec<_> = listing
            .records
            .iter()
            .map(|(key, _)| &key[start..])
            .collect();
        same("the names of a list", &found, &expected)?;
        let values_fit = listing
            .records
            .iter()
            .all(|(key, record)| record.value == key[start..].as_bytes());
        same("each name with its own value", &values_fit, &true)?;
        same(
            "the list is not older than the last put",
            &(listing.store >= last),
            &true,
        )?;
    }
    Ok(())
}

async fn a_request_is_answered_in_its_kind(engine: &dyn Coordination, namespace: &str) -> Verdict {
    let key: Key = format!("{namespace}/a").into();
    let put = |expect| {
        vec![Write::Put {
            key: key.clone(),
            expect,
            value: Bytes::from_static(b"1"),
        }]
    };
    let reply = engine.call(Request::Commit(put(Expect::Absent))).await?;
    let Reply::Committed(Commit::Done(revision)) = reply else {
        return wrong("a commit", &reply);
    };
    let batch = vec![put(Expect::Revision(revision)), Vec::new()];
    let reply = engine.call(Request::Batch(batch)).await?;
    let Reply::Batched(outcomes) = &reply else {
        return wrong("a batch", &reply);
    };
    let all_done = outcomes.iter().all(|it| matches!(it, Ok(Commit::Done(_))));
    same(
        "both parts of the batch",
        &(outcomes.len(), all_done),
        &(2, true),
    )?;

    let reply = engine.call(Request::Get(key.clone())).await?;
    let Reply::Got {
        record: Some(record),
        ..
    } = &reply
    else {
        return wrong("a get", &reply);
    };
    let listed = engine.call(Request::List(namespace.into())).await?;
    let Reply::Listed { records, .. } = &listed else {
        return wrong("a list", &listed);
    };
    same("the list", records, &vec![(key, record.clone())])
}

fn wrong(what: &'static str, reply: &Reply) -> Verdict {
    Err(Breach::Contract {
        what,
        found: format!("{reply:?}"),
        expected: "a reply of the same kind".into(),
    })
}
