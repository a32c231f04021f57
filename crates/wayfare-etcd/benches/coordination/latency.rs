//! Benchmark of the time of a compare-and-set, and of the time until a watch reports it.

use std::time::{Duration, Instant};

use bytes::Bytes;
use wayfare_engine::Coordination;
use wayfare_etcd::Etcd;
use wayfare_protocol::coordination::{Commit, Expect, Revision};

use crate::bare::Bare;
use crate::cluster::Cluster;

const TIMES: usize = 1000;
const WARM_UP: usize = 50;

pub(crate) async fn run() {
    println!("compare-and-set and watch, {TIMES} times one after the other, 64 bytes");
    println!(
        "members  client   cas p50   cas p99  watch p50  watch p99   (ms; watch since the put was sent)"
    );
    for members in [1, 3] {
        let cluster = Cluster::start(members);
        let [ours, bare] = measure(&cluster).await;
        for (client, times) in [("wayfare", ours), ("bare", bare)] {
            let [cas, watch] = times;
            println!(
                "{members:>7}  {client:<7} {:>8.2}  {:>8.2}  {:>9.2}  {:>9.2}",
                percentile(&cas, 50),
                percentile(&cas, 99),
                percentile(&watch, 50),
                percentile(&watch, 99),
            );
        }
    }
}

/// Measures the times of changes and watches of both clients, which take turns at the same member.
async fn measure(cluster: &Cluster) -> [[Vec<Duration>; 2]; 2] {
    let config = cluster.config();
    let etcd = Etcd::connect(config.clone()).await.unwrap().through(0);
    let mut bare = Bare::connect(&config.endpoints[0]).await.unwrap();
    let store = etcd.get("ours".into()).await.unwrap().store;
    let mut our_watch = etcd.watch("ours".into(), store);
    let mut bare_watch = bare.watch("bare").await;
    let value = Bytes::from(vec![7; 64]);
    let mut times: [[Vec<Duration>; 2]; 2] = Default::default();
    let (mut expect, mut revision) = (Expect::Absent, 0);
    for round in 0..TIMES + WARM_UP {
        let start = Instant::now();
        let put = etcd.put("ours".into(), value.clone(), expect);
        let watched = async {
            our_watch.next().await.unwrap().unwrap();
            start.elapsed()
        };
        let put = async { (put.await, start.elapsed()) };
        let ((commit, put_time), watch_time) = tokio::join!(put, watched);
        let Ok(Commit::Done(Revision(done))) = commit else {
            panic!("{commit:?}")
        };
        expect = Expect::Revision(Revision(done));
        note(&mut times[0], round, put_time, watch_time);

        let start = Instant::now();
        let put = bare.compare_and_set("bare", revision, &value);
        let watched = async {
            bare_watch.message().await.unwrap().unwrap();
            start.elapsed()
        };
        let put = async { (put.await, start.elapsed()) };
        let ((done, put_time), watch_time) = tokio::join!(put, watched);
        revision = done.unwrap().unwrap();
        note(&mut times[1], round, put_time, watch_time);
    }
    times
}

fn note(times: &mut [Vec<Duration>; 2], round: usize, put: Duration, watch: Duration) {
    if round >= WARM_UP {
        times[0].push(put);
        times[1].push(watch);
    }
}

fn percentile(times: &[Duration], percent: usize) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let index = (sorted.len() * percent / 100).min(sorted.len() - 1);
    sorted[index].as_secs_f64() * 1000.0
}
