//! Benchmark of the outage that clients see when the leader dies or stops.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::task::JoinHandle;
use tokio::time;
use wayfare_engine::Coordination;
use wayfare_etcd::Etcd;
use wayfare_protocol::coordination::{Commit, Expect};

use crate::bare::Bare;
use crate::cluster::Cluster;

const TIMES: usize = 5;
/// The longest gap that is measured: a bare client waits for a stopped member without a limit.
const TIME_MAX: Duration = Duration::from_secs(8);

/// The longest time between two successful changes.
#[derive(Default)]
struct Gap {
    longest_ms: AtomicU64,
    is_over: AtomicBool,
}

impl Gap {
    fn note(&self, last: &mut Instant) {
        let now = Instant::now();
        let gap = now.duration_since(*last).as_millis() as u64;
        self.longest_ms.fetch_max(gap, Ordering::Relaxed);
        *last = now;
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }
}

pub(crate) async fn run() {
    println!();
    println!("longest time without a change, ms; `leader` and `follower` are whom the client asks");
    println!(
        "fault    time  election  wayfare@leader  wayfare@follower  bare@leader  bare@follower"
    );
    let mut cluster = Cluster::start(3);
    for fault in ["kill -9", "SIGSTOP"] {
        for time in 1..=TIMES {
            let (election, gaps) = once(&mut cluster, fault).await;
            let gaps = gaps.map(|gap| match gap {
                gap if gap >= TIME_MAX.as_millis() as u64 => format!(">{}", TIME_MAX.as_millis()),
                gap => gap.to_string(),
            });
            println!(
                "{fault:<7}  {time:>4}  {election:>8}  {:>14}  {:>16}  {:>11}  {:>13}",
                gaps[0], gaps[1], gaps[2], gaps[3]
            );
        }
    }
}

/// Runs once. Returns the time until there was another leader, and the longest gap of each client.
async fn once(cluster: &mut Cluster, fault: &str) -> (u128, [u64; 4]) {
    let leader = cluster.leader();
    let follower = (leader + 1) % 3;
    let mut clients = Vec::new();
    for first in [leader, follower] {
        let etcd = Etcd::connect(cluster.config())
            .await
            .unwrap()
            .through(first);
        clients.push(start(|gap| ours(etcd, first, gap)));
    }
    for first in [leader, follower] {
        let endpoints = cluster.config().endpoints;
        clients.push(start(|gap| bare(endpoints, first, gap)));
    }
    settle(Duration::from_secs(1)).await;
    for (gap, _) in &clients {
        gap.longest_ms.store(0, Ordering::Relaxed);
    }
    let start = Instant::now();
    if fault == "kill -9" {
        cluster[leader].kill();
    } else {
        cluster[leader].stop();
    }
    let mut election = None;
    while start.elapsed() < TIME_MAX {
        settle(Duration::from_millis(10)).await;
        let others = (0..3).filter(|it| *it != leader);
        if election.is_none() && others.clone().any(|it| cluster[it].is_leader()) {
            election = Some(start.elapsed());
        }
    }
    let elapsed = start.elapsed().as_millis() as u64;
    let mut gaps = [0; 4];
    for (index, (gap, task)) in clients.into_iter().enumerate() {
        gap.is_over.store(true, Ordering::Relaxed);
        // A client that still waits has waited since its last change.
        let ended = time::timeout(Duration::from_millis(500), task)
            .await
            .is_ok();
        let longest = gap.longest_ms.load(Ordering::Relaxed);
        gaps[index] = if ended { longest } else { longest.max(elapsed) };
    }
    if fault == "kill -9" {
        cluster.start_all();
    } else {
        cluster[leader].go_on();
        cluster[leader].wait_until_healthy();
    }
    (election.map_or(0, |it| it.as_millis()), gaps)
}

fn start<F>(client: impl FnOnce(Arc<Gap>) -> F) -> (Arc<Gap>, JoinHandle<()>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let gap = Arc::new(Gap::default());
    let task = tokio::spawn(client(Arc::clone(&gap)));
    (gap, task)
}

/// Makes changes, and reads after an unknown outcome, as the rules of ownership require.
async fn ours(etcd: Etcd, index: usize, gap: Arc<Gap>) {
    let key = format!("ours/{index}");
    let mut last = Instant::now();
    let mut known = None;
    while !gap.is_over() {
        let expect = match known {
            Some(revision) => Expect::Revision(revision),
            None => match etcd.get(key.as_str().into()).await {
                Ok(read) => read
                    .record
                    .map_or(Expect::Absent, |it| Expect::Revision(it.revision)),
                Err(_) => continue,
            },
        };
        let put = etcd
            .put(key.as_str().into(), Bytes::from_static(b"x"), expect)
            .await;
        known = match put {
            Ok(Commit::Done(revision)) => {
                gap.note(&mut last);
                Some(revision)
            }
            _ => None,
        };
    }
}

/// Makes changes. After a failure it goes to the next member and another record, because it cannot
/// know the outcome.
async fn bare(endpoints: Vec<String>, first: usize, gap: Arc<Gap>) {
    let mut last = Instant::now();
    for turn in first.. {
        let endpoint = &endpoints[turn % endpoints.len()];
        let Some(mut client) = Bare::connect(endpoint).await else {
            settle(Duration::from_millis(10)).await;
            continue;
        };
        let key = format!("bare/{first}/{turn}/{:?}", Instant::now());
        let mut revision = 0;
        while let Ok(Some(done)) = client
            .compare_and_set(&key, revision, &Bytes::from_static(b"x"))
            .await
        {
            gap.note(&mut last);
            revision = done;
            if gap.is_over() {
                return;
            }
        }
        if gap.is_over() {
            return;
        }
    }
}

async fn settle(time: Duration) {
    // This future never completes, so only the time passes.
    let _ = time::timeout(time, std::future::pending::<()>()).await;
}
