//! What a node writes down before it takes part: its run, and the key of its tickets.

use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use wayfare_engine::Coordination;
use wayfare_protocol::coordination::{Commit, Expect, Failure, Key, Record, Revision};
use wayfare_protocol::{Incarnation, NodeId};

const TICKETS: &str = "cluster/tickets";
/// Somebody else writes the same record each time it was read: not in earnest.
const ATTEMPTS_MAX: u32 = 10;

/// A run of a node, as it is written down.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// Above that of every earlier run.
    pub(crate) incarnation: Incarnation,
    /// The same for every run since the store was made.
    pub(crate) ticket_key: [u8; 32],
    /// The store's revision behind all this.
    pub(crate) began_at: Revision,
}

/// Who begins, and when.
pub(crate) struct Beginner<'a> {
    pub(crate) node: &'a NodeId,
    /// Of Wayfare.
    pub(crate) version: &'a str,
    /// Since 1970, by a clock that may be wrong.
    pub(crate) wall: Duration,
    /// The key of tickets if there is none yet; random.
    pub(crate) fresh_key: [u8; 32],
}

/// `node/<id>`
#[derive(Clone, PartialEq, Message)]
struct NodeRecord {
    #[prost(uint64, tag = "1")]
    incarnation: u64,
    #[prost(string, tag = "2")]
    version: String,
}

/// `cluster/tickets`
#[derive(Clone, PartialEq, Message)]
struct TicketsRecord {
    #[prost(bytes = "bytes", tag = "1")]
    key: Bytes,
}

/// Which run a node's record is of.
pub(super) fn incarnation_in(record: &Record) -> Result<u64, prost::DecodeError> {
    Ok(NodeRecord::decode(record.value.clone())?.incarnation)
}

/// Why a node cannot begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BeginError {
    /// The engine.
    #[error("the record {key} cannot be read or written: {failure}")]
    Failed {
        /// Which.
        key: Key,
        /// What the engine says.
        failure: Failure,
    },
    /// Others write it.
    #[error(
        "the record {key} was changed by somebody else {ATTEMPTS_MAX} times in a row: do two nodes have one name?"
    )]
    Contended {
        /// Which.
        key: Key,
    },
    /// No run can be above it.
    #[error("the record {key} holds the highest incarnation there is, so that no run can follow")]
    Exhausted {
        /// Which.
        key: Key,
    },
}

/// Writes the beginning down. A wall clock that stepped back does no harm: what is stored counts.
///
/// # Errors
/// If the engine does not let us.
pub(crate) async fn begin(
    coordination: &dyn Coordination,
    beginner: &Beginner<'_>,
) -> Result<Run, BeginError> {
    let (ticket_key, _) = change(coordination, TICKETS.into(), |found| {
        Ok(tickets(found, beginner))
    })
    .await?;
    let key: Key = format!("node/{}", beginner.node).into();
    let (incarnation, began_at) = change(coordination, key.clone(), |found| {
        let incarnation = next_incarnation(&key, found, beginner)?;
        let version = beginner.version.to_owned();
        let record = NodeRecord {
            incarnation,
            version,
        };
        Ok((incarnation, Some(record.encode_to_vec().into())))
    })
    .await?;
    Ok(Run {
        incarnation: Incarnation(incarnation),
        ticket_key,
        began_at,
    })
}

/// What is there stays; what cannot be read is replaced, which costs players a new login.
fn tickets(found: Option<&Record>, beginner: &Beginner<'_>) -> ([u8; 32], Option<Bytes>) {
    let record = found.map(|record| TicketsRecord::decode(record.value.clone()));
    let kept = match &record {
        Some(Ok(record)) => record.key.as_ref().try_into().ok(),
        _ => None,
    };
    if let Some(key) = kept {
        return (key, None);
    }
    if record.is_some() {
        tracing::error!(
            key = TICKETS,
            "the record does not decode and is replaced: players log in anew"
        );
    }
    let key = Bytes::copy_from_slice(&beginner.fresh_key);
    let record = TicketsRecord { key };
    (beginner.fresh_key, Some(record.encode_to_vec().into()))
}

fn next_incarnation(
    key: &Key,
    found: Option<&Record>,
    beginner: &Beginner<'_>,
) -> Result<u64, BeginError> {
    // A clock beyond the year 2554 counts as none.
    let wall = u64::try_from(beginner.wall.as_nanos()).unwrap_or(0);
    let stored = match found.map(incarnation_in) {
        None => 0,
        Some(Ok(incarnation)) => incarnation,
        Some(Err(error)) => {
            tracing::error!(%key, %error, "the record does not decode: only the clock numbers this run");
            0
        }
    };
    let next = stored.checked_add(1);
    let next = next.ok_or_else(|| BeginError::Exhausted { key: key.clone() })?;
    Ok(next.max(wall))
}

/// Reads a record and writes what `decide` makes of it, if that is something, until nobody else was
/// faster. What was decided, and the revision of the record then.
async fn change<T>(
    coordination: &dyn Coordination,
    key: Key,
    mut decide: impl FnMut(Option<&Record>) -> Result<(T, Option<Bytes>), BeginError>,
) -> Result<(T, Revision), BeginError> {
    let failed = |failure| BeginError::Failed {
        key: key.clone(),
        failure,
    };
    let mut latest = None;
    for _ in 0..ATTEMPTS_MAX {
        let read = coordination.get(key.clone()).await.map_err(failed)?;
        let (decided, value) = decide(read.record.as_ref())?;
        let Some(value) = value else {
            return Ok((decided, read.store));
        };
        let expect = match read.record {
            Some(record) => Expect::Revision(record.revision),
            None => Expect::Absent,
        };
        match coordination.put(key.clone(), value, expect).await {
            Ok(Commit::Done(revision)) => return Ok((decided, revision)),
            // Settled by reading again.
            Ok(Commit::Refused) => latest = None,
            Err(failure @ Failure::Unknown(_)) => latest = Some(failure),
            Err(failure) => return Err(failed(failure)),
        }
    }
    // What is never known is the engine's doing, and nobody else's.
    Err(match latest {
        Some(failure) => BeginError::Failed { key, failure },
        None => BeginError::Contended { key },
    })
}

#[cfg(test)]
mod tests {
    use wayfare_engine::model::MemoryCoordination;

    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    async fn run(store: &MemoryCoordination, wall: Duration, key: u8) -> Run {
        let node = NodeId::new("n1").unwrap();
        let beginner = Beginner {
            node: &node,
            version: "0.1.0",
            wall,
            fresh_key: [key; 32],
        };
        begin(store, &beginner).await.unwrap()
    }

    async fn put(store: &MemoryCoordination, key: &str, value: &'static [u8]) {
        let read = store.get(key.into()).await.unwrap();
        let expect = read
            .record
            .map_or(Expect::Absent, |it| Expect::Revision(it.revision));
        let put = store.put(key.into(), Bytes::from_static(value), expect);
        assert!(matches!(put.await, Ok(Commit::Done(_))));
    }

    #[tokio::test]
    async fn each_run_is_above_the_one_before_whatever_the_clock_says() {
        let store = MemoryCoordination::default();
        let first = run(&store, 10 * DAY, 1).await;
        assert_eq!(u128::from(first.incarnation.0), (10 * DAY).as_nanos());
        let later = run(&store, 20 * DAY, 2).await;
        assert_eq!(u128::from(later.incarnation.0), (20 * DAY).as_nanos());
        for wall in [DAY, Duration::ZERO, Duration::MAX, 20 * DAY] {
            let before = store.get("node/n1".into()).await.unwrap().store;
            let back = run(&store, wall, 3).await;
            assert!(back.incarnation > later.incarnation);
            assert!(back.began_at > before);
            assert_eq!(back.ticket_key, [1; 32]);
        }
        let last = run(&store, DAY, 4).await;
        assert_eq!(last.incarnation.0, later.incarnation.0 + 5);
    }

    #[tokio::test]
    async fn what_does_not_decode_keeps_nobody_from_starting() {
        let store = MemoryCoordination::default();
        let first = run(&store, DAY, 1).await;
        put(&store, TICKETS, b"\x0a\x03abc").await;
        put(&store, "node/n1", b"\xff").await;
        let second = run(&store, 2 * DAY, 2).await;
        assert!(second.incarnation > first.incarnation);
        assert_eq!(second.ticket_key, [2; 32]);
        assert_eq!(run(&store, DAY, 3).await.ticket_key, [2; 32]);
    }

    #[tokio::test]
    async fn the_highest_incarnation_is_the_end() {
        let store = MemoryCoordination::default();
        put(
            &store,
            "node/n1",
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        )
        .await;
        let node = NodeId::new("n1").unwrap();
        let beginner = Beginner {
            node: &node,
            version: "0.1.0",
            wall: DAY,
            fresh_key: [1; 32],
        };
        let refused = begin(&store, &beginner).await.unwrap_err();
        assert!(matches!(refused, BeginError::Exhausted { .. }), "{refused}");
    }
}
