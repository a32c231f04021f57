//! Writes that are blocked by another session's lock, sent on a connection of their own.

use std::sync::Arc;

use tokio::sync::Semaphore;
use wayfare_engine::storage::Failure;

use crate::failure::{Verdict, judge};
use crate::group::Group;
use crate::queue::{Item, Queue};
use crate::session::{Connector, Duty, Session};
use crate::write::Write;

/// The maximum number of such connections. Locks are normally held for milliseconds; longer ones
/// belong to a backend or an owner that hangs.
const CONNECTIONS_MAX: usize = 4;

static CONNECTIONS: Semaphore = Semaphore::const_new(CONNECTIONS_MAX);

/// Answers the write, then lets later writes of the same name continue.
pub(crate) async fn run(connector: Connector, queue: Arc<Queue>, write: Write) {
    let name = write.name.clone();
    let left = connector
        .config
        .deadline
        .saturating_sub(write.since.elapsed());
    let opened = async {
        let permit = CONNECTIONS.acquire().await.ok()?;
        Some((permit, connector.session(Duty::Write).await.ok()?))
    };
    match tokio::time::timeout(left, opened).await {
        Ok(Some((_permit, session))) => send(&connector, &session, write).await,
        _ => write.settle(Err(held_up())),
    }
    queue.give_back(Item::GivenUp(name));
}

/// Repeats until the write ends in something other than a lock timeout.
async fn send(connector: &Connector, session: &Session, write: Write) {
    let mut group = Group::of(write);
    loop {
        let deadline = connector.config.deadline;
        connector.counters.groups.add(1);
        let answer = match tokio::time::timeout(deadline, group.send(session)).await {
            Err(_) => Err(Failure::Unknown("no answer within the deadline".into())),
            Ok(Ok(rows)) => match group.answered(&rows) {
                Ok(answered) => {
                    connector.counters.writes.add(answered.settled.len());
                    for (write, answer) in answered.settled {
                        write.settle(answer);
                    }
                    let Some(rest) = answered.rest.into_iter().next() else {
                        return;
                    };
                    group = Group::of(rest);
                    continue;
                }
                Err((same, error)) => {
                    group = same;
                    Err(Failure::Unknown(error.to_string()))
                }
            },
            Ok(Err(error)) => match judge(&error) {
                Verdict::Again(_) if group.is_young(deadline) => continue,
                Verdict::Again(_) => Err(held_up()),
                Verdict::Lost(why) => Err(Failure::Unknown(why)),
                Verdict::Elsewhere(why) => Err(Failure::NotDone(why)),
                Verdict::Apart(failure) | Verdict::Refused(failure) => Err(failure),
            },
        };
        for write in group.into_writes() {
            write.settle(answer.clone());
        }
        return;
    }
}

fn held_up() -> Failure {
    Failure::NotDone("another connection held its lock until the deadline".into())
}
