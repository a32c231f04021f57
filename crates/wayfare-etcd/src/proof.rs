//! The check at a node's start: several writers race at one revision, exactly one must win,
//! otherwise the service is refused.

use bytes::Bytes;
use futures_util::future::join_all;
use wayfare_engine::Coordination;
use wayfare_engine::contract::{self, Breach};
use wayfare_protocol::coordination::{Commit, Expect, Failure, Key, Write};
use wayfare_protocol::limits::COMMIT_KEYS_MAX;

use crate::etcd::Etcd;

/// The prefix for races. They delete their records.
const NAMESPACE: &str = "proof";

/// The number of contenders, spread over the members.
const CONTENDERS: usize = 6;

/// The number of races that may end without a proof because an outcome is unknown.
const RACES_MAX: u32 = 3;

/// Reasons why a service cannot be trusted, or could not be checked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Disproof {
    /// The number of reported wins differs from the number of changes.
    #[error("{wins} writers were told that they won, and {total} changes are there")]
    Lost {
        /// The number of reported wins.
        wins: u32,
        /// The number of changes found.
        total: u32,
    },
    /// The service violated its contract in another way.
    #[error("coordination broke its contract")]
    Breach(#[source] Breach),
    /// The check could not be run, so nothing is proven.
    #[error("the race could not be run")]
    NotRun(#[source] Failure),
}

/// Runs a race of writers through every member. Takes about a second. Run it at each start of a
/// node, and do not use a service that fails it.
///
/// # Errors
/// If the race fails. After [`Disproof::NotRun`] it may be tried again.
pub async fn prove(etcd: &Etcd) -> Result<(), Disproof> {
    let contenders: Vec<Etcd> = (0..CONTENDERS).map(|it| etcd.through(it)).collect();
    let contenders: Vec<&dyn Coordination> = contenders.iter().map(|it| it as _).collect();
    let mut races = 1;
    loop {
        match race_once(&contenders).await {
            Err(Disproof::NotRun(Failure::Unknown(_))) if races < RACES_MAX => races += 1,
            verdict => return verdict,
        }
    }
}

async fn race_once(contenders: &[&dyn Coordination]) -> Result<(), Disproof> {
    let Some(first) = contenders.first() else {
        return Ok(());
    };
    let namespace = namespace(*first).await?;
    let races = contenders.iter().map(|it| contract::race(*it, &namespace));
    let mut wins = 0;
    for won in join_all(races).await {
        wins += won.map_err(disproof)?;
    }
    let total = contract::race_total(*first, &namespace).await;
    let total = total.map_err(disproof)?;
    clean_up(*first, &namespace).await;
    if wins == total {
        return Ok(());
    }
    Err(Disproof::Lost { wins, total })
}

/// Claims an unused namespace, named by the revision of its own first record.
async fn namespace(engine: &dyn Coordination) -> Result<String, Disproof> {
    loop {
        let store = engine
            .get(NAMESPACE.into())
            .await
            .map_err(Disproof::NotRun)?;
        let key: Key = format!("{NAMESPACE}/claim/{}", store.store.0).into();
        let put = engine.put(key.clone(), Bytes::new(), Expect::Absent);
        if let Commit::Done(revision) = put.await.map_err(Disproof::NotRun)? {
            // The claim is not needed any more. A leftover does no harm.
            drop(engine.delete(key, revision).await);
            return Ok(format!("{NAMESPACE}/race/{}", revision.0));
        }
    }
}

/// Deletes the records. Leftovers do no harm.
async fn clean_up(engine: &dyn Coordination, namespace: &str) {
    let Ok(listing) = engine.list(format!("{namespace}/").into()).await else {
        return;
    };
    for records in listing.records.chunks(COMMIT_KEYS_MAX) {
        let delete = |(key, record): &(Key, _)| delete(key, record);
        drop(engine.commit(records.iter().map(delete).collect()).await);
    }
}

fn delete(key: &Key, record: &wayfare_protocol::coordination::Record) -> Write {
    Write::Delete {
        key: key.clone(),
        expect: record.revision,
    }
}

fn disproof(breach: Breach) -> Disproof {
    match breach {
        Breach::Coordination(failure) => Disproof::NotRun(failure),
        other => Disproof::Breach(other),
    }
}

#[cfg(test)]
mod tests {
    use wayfare_engine::model::MemoryCoordination;
    use wayfare_engine::{Pending, Watch};
    use wayfare_protocol::coordination::{Outcome, Request, Revision};

    use super::*;

    /// An engine that answers late, so that contenders overlap. With `lets_all_win` it accepts
    /// every put, whatever it expects.
    #[derive(Default)]
    struct StubCoordination {
        model: MemoryCoordination,
        lets_all_win: bool,
    }

    impl Coordination for StubCoordination {
        fn call(&self, mut request: Request) -> Pending<'_, Outcome> {
            Box::pin(async move {
                if let Request::Commit(writes) = &mut request
                    && let [Write::Put { key, expect, .. }] = &mut writes[..]
                    && self.lets_all_win
                {
                    let record = self.model.get(key.clone()).await?.record;
                    *expect = record.map_or(Expect::Absent, |it| Expect::Revision(it.revision));
                }
                let is_read = matches!(request, Request::Get(_));
                let outcome = self.model.call(request).await;
                if is_read {
                    tokio::task::yield_now().await;
                }
                outcome
            })
        }

        fn watch(&self, prefix: Key, after: Revision) -> Watch {
            self.model.watch(prefix, after)
        }
    }

    #[tokio::test]
    async fn a_service_where_two_win_is_refused() {
        let good = StubCoordination::default();
        assert_eq!(race_once(&[&good, &good, &good]).await, Ok(()));
        let bad = StubCoordination {
            lets_all_win: true,
            ..StubCoordination::default()
        };
        let verdict = race_once(&[&bad, &bad, &bad]).await;
        assert!(matches!(verdict, Err(Disproof::Lost { .. })), "{verdict:?}");
    }

    #[tokio::test]
    async fn a_race_leaves_nothing_behind() {
        let engine = StubCoordination::default();
        race_once(&[&engine, &engine]).await.unwrap();
        assert!(engine.list("".into()).await.unwrap().records.is_empty());
    }
}
