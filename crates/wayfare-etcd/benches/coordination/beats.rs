//! Benchmark of the heartbeats of a hundred nodes: each renews its record every 500 ms and checks
//! that its node's record still exists.

use std::fs;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::time::{self, MissedTickBehavior};
use wayfare_engine::Coordination;
use wayfare_etcd::Etcd;
use wayfare_protocol::coordination::{Commit, Expect, Revision, Write};

use crate::cluster::Cluster;

const NODES: usize = 100;
const RENEWAL: Duration = Duration::from_millis(500);
const TIME: Duration = Duration::from_secs(30);
/// The approximate size of a heartbeat: an incarnation, and the time of each shard's last turn.
const BEAT_BYTES: usize = 48;

pub(crate) async fn run() {
    for members in [1, 3] {
        one(members).await;
    }
}

async fn one(members: usize) {
    let cluster = Cluster::start(members);
    let etcd = Etcd::connect(cluster.config()).await.unwrap();
    let store = |etcd: Etcd| async move { etcd.get("x".into()).await.unwrap().store.0 };
    let (from, start) = (store(etcd.clone()).await, Instant::now());
    let written = cluster[0].bytes_written();
    let processor = cluster[0].processor_time();
    let size = cluster[0].database_bytes();
    let nodes = (0..NODES).map(|index| tokio::spawn(renew(etcd.through(index), index)));
    let mut times = Vec::new();
    let mut missed = 0;
    for node in nodes.collect::<Vec<_>>() {
        let (done, not) = node.await.unwrap();
        times.extend(done);
        missed += not;
    }
    let seconds = start.elapsed().as_secs_f64();
    let revisions = store(etcd.clone()).await - from;
    let written = cluster[0].bytes_written() - written;
    let processor = cluster[0].processor_time() - processor;
    let size = cluster[0].database_bytes() - size;
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    let per_day = |bytes: u64| bytes as f64 / seconds * 86400.0 / 1e9;
    let per_revision = size as f64 / revisions as f64;
    println!();
    println!("beats of {NODES} nodes, {members} members, {seconds:.0} s:");
    println!(
        "  {:.0} revisions/s, {missed} beats not done",
        revisions as f64 / seconds
    );
    println!("  p50 {:.1} ms, p99 {:.1} ms", ms(at(50)), ms(at(99)));
    println!(
        "  {:.0} % of one processor at member 0",
        processor.as_secs_f64() / seconds * 100.0
    );
    println!("  {per_revision:.0} bytes of database per revision before compaction");
    let kept = per_revision * revisions as f64 / seconds * 3600.0 / 1e6;
    println!("  {kept:.0} MB of database for what an hour of history holds");
    println!(
        "  {:.1} GB written to the disk of member 0 per day",
        per_day(written)
    );
}

/// Renews a heartbeat. Returns the times of the successes, and the number of failures.
async fn renew(etcd: Etcd, index: usize) -> (Vec<Duration>, usize) {
    let node = put(&etcd, &format!("node/{index}"), Expect::Absent, Vec::new()).await;
    let node = node.unwrap();
    let check = Write::Check {
        key: format!("node/{index}").into(),
        expect: Expect::Revision(node),
    };
    let beat = format!("beat/{index}");
    let mut last = put(&etcd, &beat, Expect::Absent, Vec::new()).await.unwrap();
    let mut ticks = time::interval(RENEWAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut times, mut missed) = (Vec::new(), 0);
    let start = Instant::now();
    while start.elapsed() < TIME {
        ticks.tick().await;
        let sent = Instant::now();
        match put(&etcd, &beat, Expect::Revision(last), vec![check.clone()]).await {
            Some(revision) => {
                last = revision;
                times.push(sent.elapsed());
            }
            None => {
                missed += 1;
                let read = etcd.get(beat.as_str().into()).await;
                last = read.unwrap().record.unwrap().revision;
            }
        }
    }
    (times, missed)
}

async fn put(etcd: &Etcd, key: &str, expect: Expect, mut more: Vec<Write>) -> Option<Revision> {
    more.push(Write::Put {
        key: key.into(),
        expect,
        value: Bytes::from(vec![7; BEAT_BYTES]),
    });
    match etcd.commit(more).await {
        Ok(Commit::Done(revision)) => Some(revision),
        _ => None,
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

impl crate::etcd_process::Member {
    /// The bytes that this process has written to the disk since it started.
    fn bytes_written(&self) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/io", self.id())).unwrap();
        let line = text.lines().find_map(|it| it.strip_prefix("write_bytes: "));
        line.unwrap().parse().unwrap()
    }

    /// The processor time, user and system.
    fn processor_time(&self) -> Duration {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.id())).unwrap();
        let behind_name = text.rsplit(')').next().unwrap();
        let fields: Vec<_> = behind_name.split_whitespace().collect();
        let ticks: u64 = [fields[11], fields[12]]
            .map(|it| it.parse::<u64>().unwrap())
            .iter()
            .sum();
        // Linux counts in hundredths of a second on all usual systems.
        Duration::from_millis(ticks * 10)
    }
}
