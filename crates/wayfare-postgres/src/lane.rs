//! A writing connection: waiting writes are grouped, one transaction after the other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_postgres::{Error, Row};
use tracing::{info, warn};
use wayfare_engine::storage::Failure;
use wayfare_protocol::coordination::Key;

use crate::aside;
use crate::counters::Counters;
use crate::failure::{Verdict, judge};
use crate::group::Group;
use crate::queue::{Item, Queue};
use crate::session::{Connector, Duty, Session};
use crate::slot::Slot;
use crate::upload::{self, INLINE_BYTES_MAX};
use crate::write::Write;

/// The maximum number of writes behind a large value of the same name. A room has one write in
/// flight, and a few that it does not wait for.
const PARKED_MAX: usize = 1024;
/// The pauses between two connection attempts, doubled from the first up to the second.
const PAUSES: [Duration; 2] = [Duration::from_millis(20), Duration::from_secs(1)];
/// The interval at which an unchanged reason is logged again.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// The sender's end of a lane.
pub(crate) struct Lane {
    pub(crate) queue: Arc<Queue>,
}

impl Lane {
    pub(crate) fn start(connector: Connector, session: Session, bulk: Arc<Slot>) -> Self {
        let queue = Arc::new(Queue::default());
        let worker = Worker {
            counters: connector.counters.clone(),
            deadline: connector.config.deadline,
            connector,
            session: Some(session),
            bulk,
            queue: queue.clone(),
            waiting: VecDeque::new(),
            parked: BTreeMap::new(),
            told: None,
        };
        tokio::spawn(worker.run());
        Self { queue }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.queue.end();
    }
}

struct Worker {
    connector: Connector,
    counters: Arc<Counters>,
    deadline: Duration,
    session: Option<Session>,
    /// The connection for values that are too large for this one.
    bulk: Arc<Slot>,
    queue: Arc<Queue>,
    waiting: VecDeque<Write>,
    /// Writes that wait behind an upload of the same name.
    parked: BTreeMap<Key, VecDeque<Write>>,
    /// The reason why there is no connection, and when it was logged.
    told: Option<(String, Instant)>,
}

/// The answer to a group.
enum Sent {
    Rows(Vec<Row>),
    Error(Error),
    Nothing,
}

impl Worker {
    async fn run(mut self) {
        while let Some(items) = self.queue.wait(!self.parked.is_empty()).await {
            self.accept(items);
            while !self.waiting.is_empty() {
                self.write().await;
                // Newer writes are sent together with the rest of the group.
                let items = self.queue.take();
                self.accept(items);
            }
        }
    }

    fn accept(&mut self, items: Vec<Item>) {
        for item in items {
            match item {
                Item::Asked(write) => self.order(write),
                Item::Uploaded(write) => {
                    let name = write.name.clone();
                    self.waiting.push_back(write);
                    self.unpark(&name);
                }
                Item::GivenUp(name) => self.unpark(&name),
            }
        }
    }

    /// Queues a write behind earlier ones of the same name.
    fn order(&mut self, write: Write) {
        if let Some(parked) = self.parked.get_mut(&write.name) {
            if parked.len() < PARKED_MAX {
                parked.push_back(write);
            } else {
                write.settle(Err(Failure::NotDone("too many writes wait".into())));
            }
        } else if write.length() > INLINE_BYTES_MAX && !write.value().is_empty() {
            self.parked.insert(write.name.clone(), VecDeque::new());
            let (bulk, queue) = (self.bulk.clone(), self.queue.clone());
            tokio::spawn(upload::run(bulk, queue, write, self.deadline));
        } else {
            self.waiting.push_back(write);
        }
    }

    fn unpark(&mut self, name: &str) {
        for write in self.parked.remove(name).unwrap_or_default() {
            self.order(write);
        }
    }

    /// Sends a group, and answers the writes whose outcome is known.
    async fn write(&mut self) {
        let Some(session) = self.session().await else {
            return;
        };
        self.expire();
        if self.waiting.is_empty() {
            self.session = Some(session);
            return;
        }
        let group = Group::take(&mut self.waiting);
        if self.settle(&session, group).await {
            self.session = Some(session);
        } else {
            self.counters.lost.add(1);
        }
    }

    /// Handles the answer. Returns true if the session can still be used.
    async fn settle(&mut self, session: &Session, group: Group) -> bool {
        let mut open = vec![group];
        while let Some(mut group) = open.pop() {
            // A write that is repeated to a server that is too slow ends here.
            for write in group.take_old(self.deadline) {
                let why = "the server did not carry it out within the deadline";
                write.settle(Err(Failure::NotDone(why.into())));
            }
            if group.len() == 0 {
                continue;
            }
            self.counters.groups.add(1);
            let verdict = match self.send(session, &group).await {
                Sent::Rows(rows) => match group.answered(&rows) {
                    Ok(answered) => {
                        self.counters.writes.add(answered.settled.len());
                        for (write, answer) in answered.settled {
                            write.settle(answer);
                        }
                        self.put_back(answered.rest);
                        continue;
                    }
                    Err((group, error)) => {
                        self.unknown(group, &error.to_string());
                        continue;
                    }
                },
                Sent::Error(error) => judge(&error),
                Sent::Nothing => Verdict::Lost("no answer within the deadline".into()),
            };
            match verdict {
                Verdict::Lost(why) => {
                    warn!(%why, writes = group.len(), "storage: a connection was lost");
                    self.unknown(group, &why);
                    self.put_groups_back(open);
                    return false;
                }
                Verdict::Elsewhere(why) => {
                    info!(%why, "storage: this server takes no writes any more");
                    open.push(group);
                    self.put_groups_back(open);
                    return false;
                }
                Verdict::Refused(failure) => refuse(group, &failure),
                Verdict::Apart(failure) if group.len() == 1 => refuse(group, &failure),
                Verdict::Again(_) => {
                    self.counters.regrouped.add(1);
                    open.extend(self.without_locked(session, group).await);
                }
                Verdict::Apart(_) => {
                    self.counters.regrouped.add(1);
                    let [first, second] = group.halves();
                    open.extend([second, first]);
                }
            }
        }
        true
    }

    async fn send(&self, session: &Session, group: &Group) -> Sent {
        match tokio::time::timeout(self.deadline, group.send(session)).await {
            Ok(Ok(rows)) => Sent::Rows(rows),
            Ok(Err(error)) => Sent::Error(error),
            Err(_) => Sent::Nothing,
        }
    }

    /// Handles a lock timeout. Blocked writes get connections of their own, so that they delay no
    /// others. The rest is queued again, the last first.
    async fn without_locked(&mut self, session: &Session, group: Group) -> Vec<Group> {
        if group.len() == 1 {
            self.set_aside(group.into_writes());
            return Vec::new();
        }
        let locked = locked(session, &group).await;
        if locked.is_empty() {
            // The lock was on a log or a document, or is free again.
            let [first, second] = group.halves();
            return vec![second, first];
        }
        let writes = group.into_writes().into_iter();
        let (held_up, free): (Vec<_>, Vec<_>) =
            writes.partition(|it| locked.contains(it.name.as_bytes()));
        self.set_aside(held_up);
        let mut free = VecDeque::from(free);
        if free.is_empty() {
            return Vec::new();
        }
        vec![Group::take(&mut free)]
    }

    fn set_aside(&mut self, mut writes: Vec<Write>) {
        let names: BTreeSet<Key> = writes.iter().map(|it| it.name.clone()).collect();
        let waiting = mem::take(&mut self.waiting).into_iter();
        let (behind, others): (Vec<_>, Vec<_>) = waiting.partition(|it| names.contains(&it.name));
        self.waiting = others.into();
        writes.extend(behind);
        for write in writes {
            match self.parked.get_mut(&write.name) {
                Some(parked) => parked.push_back(write),
                None => {
                    self.parked.insert(write.name.clone(), VecDeque::new());
                    let (connector, queue) = (self.connector.clone(), self.queue.clone());
                    tokio::spawn(aside::run(connector, queue, write));
                }
            }
        }
    }

    fn unknown(&self, group: Group, why: &str) {
        self.counters.unknown.add(group.len());
        for write in group.into_writes() {
            write.settle(Err(Failure::Unknown(why.to_owned())));
        }
    }

    /// Puts writes back, in front of newer ones.
    fn put_back(&mut self, writes: Vec<Write>) {
        for write in writes.into_iter().rev() {
            self.waiting.push_front(write);
        }
    }

    fn put_groups_back(&mut self, groups: Vec<Group>) {
        // The last group is sent next.
        for group in groups {
            self.put_back(group.into_writes());
        }
    }

    /// Returns the session, or opens one; `None` if no write waits for it any more.
    async fn session(&mut self) -> Option<Session> {
        if let Some(session) = self.session.take()
            && !session.client.is_closed()
        {
            return Some(session);
        }
        let mut pause = PAUSES[0];
        loop {
            let error = match self.connector.session(Duty::Write).await {
                Ok(session) => {
                    self.told = None;
                    return Some(session);
                }
                Err(error) => error.to_string(),
            };
            let is_told = self
                .told
                .as_ref()
                .is_some_and(|(before, at)| *before == error && at.elapsed() < TELL_EVERY);
            if !is_told {
                warn!(%error, "storage: cannot be written");
                self.told = Some((error, Instant::now()));
            }
            self.expire();
            if self.waiting.is_empty() {
                return None;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSES[1]);
        }
    }

    /// Answers the writes that waited beyond their deadline without being sent.
    fn expire(&mut self) {
        let now = Instant::now();
        while let Some(write) = self.waiting.front() {
            if now.duration_since(write.since) < self.deadline {
                return;
            }
            let why = "no server that takes writes was reached within the deadline";
            if let Some(write) = self.waiting.pop_front() {
                write.settle(Err(Failure::NotDone(why.into())));
            }
        }
    }
}

async fn locked(session: &Session, group: &Group) -> BTreeSet<Vec<u8>> {
    let names = group.names();
    let statement = &session.statements.locked;
    let rows = session.client.query(statement, &[&names]).await;
    let rows = rows.unwrap_or_default();
    let names = rows.iter().filter_map(|row| row.try_get(0).ok());
    names.collect()
}

fn refuse(group: Group, failure: &Failure) {
    for write in group.into_writes() {
        write.settle(Err(failure.clone()));
    }
}
