//! Cases of coordination: if several writers expect one revision, exactly one wins.

use bytes::Bytes;
use wayfare_protocol::coordination::{Commit, Expect, Key};

use super::{Breach, Case, Verdict, cases, done, join, same};
use crate::{Coordination, Pending};

/// The counters that the contenders of a [`race`] increment.
pub const RACE_COUNTERS: u32 = 32;

/// The number of contenders: enough that some overlap on every engine.
const CONTENDERS: usize = 8;

pub(super) fn cases() -> Vec<Case<dyn Coordination>> {
    cases![
        one_of_several_writers_wins_an_absent_record,
        one_of_several_writers_wins_a_revision,
        a_race_loses_no_change,
    ]
}

/// Runs a contender of a race: it tries three times on each counter to increment it at the revision
/// read. Returns the number of successes.
///
/// Any number of contenders may run in a namespace, anywhere. When all have finished, the sum of
/// their successes equals [`race_total`]. If it is larger, two writers won at one revision.
///
/// # Errors
/// If the engine fails. After an unknown outcome the count proves nothing: run another race in
/// another namespace.
pub async fn race(engine: &dyn Coordination, namespace: &str) -> Result<u32, Breach> {
    let mut wins = 0;
    for counter in 0..RACE_COUNTERS {
        let key: Key = format!("{namespace}/{counter}").into();
        for _ in 0..3 {
            let (count, expect) = match engine.get(key.clone()).await?.record {
                Some(record) => (count_of(&record.value)?, Expect::Revision(record.revision)),
                None => (0, Expect::Absent),
            };
            let value = Bytes::copy_from_slice(&(count + 1).to_be_bytes());
            if let Commit::Done(_) = engine.put(key.clone(), value, expect).await? {
                wins += 1;
            }
        }
    }
    Ok(wins)
}

/// Returns the sum of the counters after a race.
///
/// # Errors
/// If the engine fails, or no contender wrote a counter.
pub async fn race_total(engine: &dyn Coordination, namespace: &str) -> Result<u32, Breach> {
    let listing = engine.list(format!("{namespace}/").into()).await?;
    let records = listing.records.iter();
    records.map(|(_, record)| count_of(&record.value)).sum()
}

fn count_of(value: &Bytes) -> Result<u32, Breach> {
    let count = value[..].try_into().map(u32::from_be_bytes);
    count.map_err(|_| Breach::Contract {
        what: "a counter",
        found: format!("{value:?}"),
        expected: "4 bytes".into(),
    })
}

async fn one_of_several_writers_wins_an_absent_record(
    engine: &dyn Coordination,
    namespace: &str,
) -> Verdict {
    one_wins(engine, format!("{namespace}/a").into(), Expect::Absent).await
}

async fn one_of_several_writers_wins_a_revision(
    engine: &dyn Coordination,
    namespace: &str,
) -> Verdict {
    let key: Key = format!("{namespace}/a").into();
    let put = engine
        .put(key.clone(), Bytes::new(), Expect::Absent)
        .await?;
    let revision = done("a put of a new record", put)?;
    one_wins(engine, key, Expect::Revision(revision)).await
}

async fn one_wins(engine: &dyn Coordination, key: Key, expect: Expect) -> Verdict {
    let put = |writer: usize| engine.put(key.clone(), writer.to_string().into(), expect);
    let mut winners = Vec::new();
    for (writer, outcome) in join((0..CONTENDERS).map(put).collect())
        .await
        .into_iter()
        .enumerate()
    {
        if let Commit::Done(revision) = outcome? {
            winners.push((revision, Bytes::from(writer.to_string())));
        }
    }
    same("the number of winners", &winners.len(), &1)?;
    let record = engine.get(key).await?.record;
    let found = record.map(|it| (it.revision, it.value));
    same("what was written, by the winner", &found, &winners.pop())
}

async fn a_race_loses_no_change(engine: &dyn Coordination, namespace: &str) -> Verdict {
    let contender = |_| -> Pending<'_, _> { Box::pin(race(engine, namespace)) };
    let mut wins = 0;
    for won in join((0..CONTENDERS).map(contender).collect()).await {
        wins += won?;
    }
    same("all wins", &wins, &race_total(engine, namespace).await?)?;
    // Of all puts at a revision one succeeds, so every counter was incremented.
    same("each counter was raised", &(wins >= RACE_COUNTERS), &true)
}
