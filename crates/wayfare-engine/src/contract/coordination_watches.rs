//! Cases of coordination: a watch reports all changes in order, or reports that it cannot.

use bytes::Bytes;
use wayfare_protocol::coordination::{Expect, Key, Revision, Write};

use super::{Breach, Case, Verdict, cases, done, same};
use crate::watch::{Change, Changes};
use crate::{Coordination, Watch};

pub(super) fn cases() -> Vec<Case<dyn Coordination>> {
    cases![
        a_watch_tells_changes_in_order,
        a_watch_tells_what_happened_before_it_was_opened,
        a_watch_tells_a_commit_as_a_whole,
        a_watch_tells_nothing_of_others,
        a_watch_outlives_another,
    ]
}

/// Checks an engine that forgets changes after `changes` later ones. It must report the gap to a
/// reader that fell behind and to one that starts too late. A listing with a watch behind it must
/// then miss nothing.
///
/// This is not part of [`super::coordination`], because each engine forgets for reasons of its own.
///
/// # Errors
/// If the engine behaves otherwise. The error describes how.
pub async fn fall_behind(engine: &dyn Coordination, namespace: &str, changes: usize) -> Verdict {
    let records = Records::new(engine, namespace);
    let start = engine.get(records.key("a")).await?.store;
    let mut slow = records.watch(start);
    let mut last = records.put("a", Expect::Absent).await?;
    for _ in 0..changes {
        last = records.put("a", Expect::Revision(last)).await?;
    }
    for watch in [&mut slow, &mut records.watch(start)] {
        let at = loop {
            match watch.next().await {
                Some(Ok(_)) => {}
                Some(Err(compacted)) => break compacted.at,
                None => return ended(),
            }
        };
        same(
            "what is forgotten lies between",
            &(start < at && at <= last),
            &true,
        )?;
        same("the watch then ends", &watch.next().await, &None)?;
    }

    let listing = engine.list(records.key("")).await?;
    let mut watch = records.watch(listing.store);
    let next = records.put("a", Expect::Revision(last)).await?;
    expect_next(&mut watch, &records.written(next, &["a"])).await
}

async fn a_watch_tells_changes_in_order(engine: &dyn Coordination, namespace: &str) -> Verdict {
    let records = Records::new(engine, namespace);
    let start = engine.get(records.key("a")).await?.store;
    let mut watch = records.watch(start);
    let first = records.put("a", Expect::Absent).await?;
    let second = records.put("b", Expect::Absent).await?;
    let third = records.put("a", Expect::Revision(first)).await?;
    let gone = engine.delete(records.key("b"), second).await?;
    let gone = done("a delete", gone)?;
    let again = records.put("b", Expect::Absent).await?;

    expect_next(&mut watch, &records.written(first, &["a"])).await?;
    expect_next(&mut watch, &records.written(second, &["b"])).await?;
    expect_next(&mut watch, &records.written(third, &["a"])).await?;
    let removal = Change {
        key: records.key("b"),
        value: None,
    };
    let removed = Changes {
        revision: gone,
        changes: vec![removal],
    };
    expect_next(&mut watch, &removed).await?;
    expect_next(&mut watch, &records.written(again, &["b"])).await
}

async fn a_watch_tells_what_happened_before_it_was_opened(
    engine: &dyn Coordination,
    namespace: &str,
) -> Verdict {
    let records = Records::new(engine, namespace);
    let start = engine.list(records.key("")).await?.store;
    let mut revisions = Vec::new();
    for name in ["a", "b", "c"] {
        revisions.push(records.put(name, Expect::Absent).await?);
    }
    let written = |at: usize| records.written(revisions[at], &[["a", "b", "c"][at]]);

    let mut from_the_start = records.watch(start);
    for at in 0..3 {
        expect_next(&mut from_the_start, &written(at)).await?;
    }
    // Continues behind the changes already seen, without repeating them.
    drop(from_the_start);
    let mut resumed = records.watch(revisions[1]);
    expect_next(&mut resumed, &written(2)).await?;

    let mut at_the_end = records.watch(revisions[2]);
    let last = records.put("d", Expect::Absent).await?;
    expect_next(&mut at_the_end, &records.written(last, &["d"])).await?;
    expect_next(&mut resumed, &records.written(last, &["d"])).await
}

async fn a_watch_tells_a_commit_as_a_whole(engine: &dyn Coordination, namespace: &str) -> Verdict {
    let records = Records::new(engine, namespace);
    let start = engine.get(records.key("a")).await?.store;
    let mut open = records.watch(start);
    let commit = engine.commit(records.puts(&["b", "a", "c"])).await?;
    let revision = done("a commit of three", commit)?;
    let expected = records.written(revision, &["b", "a", "c"]);
    expect_next(&mut open, &expected).await?;
    expect_next(&mut records.watch(start), &expected).await
}

async fn a_watch_tells_nothing_of_others(engine: &dyn Coordination, namespace: &str) -> Verdict {
    let records = Records::new(engine, namespace);
    let start = engine.get(records.key("a")).await?.store;
    let mut open = engine.watch(records.key("a/"), start);
    for name in ["a0", "a", "a.", "b", "A/"] {
        records.put(name, Expect::Absent).await?;
    }
    let refused = engine.commit(records.puts(&["a/1", "a0"])).await?;
    super::refused("a commit of which one part fails", refused)?;
    let mixed = engine.commit(records.puts(&["c", "a/2", "d"])).await?;
    let expected = records.written(done("a commit of three", mixed)?, &["a/2"]);
    expect_next(&mut open, &expected).await?;
    let mut late = engine.watch(records.key("a/"), start);
    expect_next(&mut late, &expected).await
}

async fn a_watch_outlives_another(engine: &dyn Coordination, namespace: &str) -> Verdict {
    let records = Records::new(engine, namespace);
    let start = engine.get(records.key("a")).await?.store;
    let dropped = records.watch(start);
    let mut kept = records.watch(start);
    drop(dropped);
    let first = records.put("a", Expect::Absent).await?;
    expect_next(&mut kept, &records.written(first, &["a"])).await
}

async fn expect_next(watch: &mut Watch, expected: &Changes) -> Verdict {
    same(
        "the next of a watch",
        &watch.next().await,
        &Some(Ok(expected.clone())),
    )
}

fn ended() -> Verdict {
    Err(Breach::Contract {
        what: "a watch of what is forgotten",
        found: "its end".into(),
        expected: "compacted".into(),
    })
}

/// The records of a case. Each value is the record's own name.
struct Records<'a> {
    engine: &'a dyn Coordination,
    namespace: &'a str,
}

impl<'a> Records<'a> {
    fn new(engine: &'a dyn Coordination, namespace: &'a str) -> Self {
        Self { engine, namespace }
    }

    fn key(&self, name: &str) -> Key {
        format!("{}/{name}", self.namespace).into()
    }

    fn watch(&self, after: Revision) -> Watch {
        self.engine.watch(self.key(""), after)
    }

    async fn put(&self, name: &'static str, expect: Expect) -> Result<Revision, Breach> {
        let value = Bytes::from(name);
        done(
            "a put",
            self.engine.put(self.key(name), value, expect).await?,
        )
    }

    fn puts(&self, names: &[&'static str]) -> Vec<Write> {
        let put = |name: &&'static str| Write::Put {
            key: self.key(name),
            expect: Expect::Absent,
            value: Bytes::from(*name),
        };
        names.iter().map(put).collect()
    }

    fn written(&self, revision: Revision, names: &[&'static str]) -> Changes {
        let change = |name: &&'static str| Change {
            key: self.key(name),
            value: Some(Bytes::from(*name)),
        };
        Changes {
            revision,
            changes: names.iter().map(change).collect(),
        }
    }
}
