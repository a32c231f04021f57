//! Benchmark of a durable room's cost: journal writes of many entities at once on the embedded
//! engine.
//!
//! `cargo bench -p wayfare-engine --bench journal -- [seconds] [folder]`

use std::future::poll_fn;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use bytes::Bytes;
use wayfare_engine::storage::{Failure, Position, Snapshot};
use wayfare_engine::{Embedded, Pending, Storage};
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::Key;

const RECORD_BYTES: usize = 1300;
const SNAPSHOT_BYTES: usize = 8 * 1024;
/// The number of writes between snapshots: a room with twenty turns a second takes one every few
/// seconds.
const SNAPSHOT_EVERY: u64 = 64;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

struct Room {
    name: Key,
    next: u64,
    write: Option<(Instant, Pending<'static, Result<(), Failure>>)>,
}

#[derive(Clone, Copy)]
enum Load {
    /// All rooms write together, and again once all are answered, like shards whose turns coincide.
    Together,
    /// Each room writes again as soon as it is answered.
    Alone,
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|it| it != "--bench");
    let seconds = arguments
        .next()
        .map_or(3, |it| it.parse().expect("seconds"));
    let folder = arguments
        .next()
        .map_or_else(std::env::temp_dir, PathBuf::from);
    for (load, name) in [(Load::Together, "together"), (Load::Alone, "alone")] {
        for rooms in [1, 20, 200, 1000] {
            run(load, name, rooms, Duration::from_secs(seconds), &folder);
        }
    }
}

fn run(load: Load, name: &str, count: usize, duration: Duration, folder: &std::path::Path) {
    let place = tempfile::tempdir_in(folder).expect("a folder");
    let engine = Embedded::open(&place.path().join("store")).expect("a store");
    // The engine is never freed: its futures are kept beside it, and the process ends with it.
    let engine: &'static Embedded = Box::leak(Box::new(engine));
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut rooms: Vec<Room> = (0..count).map(|i| open(engine, i, &waker)).collect();
    let record = Bytes::from(vec![7; RECORD_BYTES]);
    let (before, cpu, start) = (engine.counters(), cpu_time(), Instant::now());
    let mut latencies = Vec::new();
    while start.elapsed() < duration {
        if matches!(load, Load::Alone) || rooms.iter().all(|it| it.write.is_none()) {
            for room in rooms.iter_mut().filter(|it| it.write.is_none()) {
                room.start(engine, &record);
            }
        }
        for room in &mut rooms {
            room.poll(&waker, &mut latencies);
        }
        if rooms.iter().all(|it| it.write.is_some()) {
            thread::park_timeout(Duration::from_millis(100));
        }
    }
    let (counts, cpu, took) = (engine.counters(), cpu_time() - cpu, start.elapsed());
    latencies.sort_unstable();
    let writes = latencies.len().max(1);
    let per_second = |number: u64| number as f64 / took.as_secs_f64();
    println!(
        "{name:9} {count:5} rooms: {:8.0} journal writes/s, {:6.0} syncs/s, {:5.1} writes/group, {:6.0} bytes/write, {:6.1} us of the writer/write, p50 {:?}, p99 {:?}",
        per_second(writes as u64),
        per_second(counts.syncs - before.syncs),
        writes as f64 / (counts.groups - before.groups).max(1) as f64,
        (counts.bytes_written - before.bytes_written) as f64 / writes as f64,
        cpu.as_secs_f64() * 1e6 / writes as f64,
        latencies.get(writes / 2).copied().unwrap_or_default(),
        latencies
            .get(writes * 99 / 100)
            .copied()
            .unwrap_or_default(),
    );
}

fn open(engine: &'static Embedded, number: usize, waker: &Waker) -> Room {
    let name: Key = format!("room/{number}").into();
    wait(engine.load(name.clone(), Epoch(1)), waker).expect("a seal");
    Room {
        name,
        next: 1,
        write: None,
    }
}

impl Room {
    fn start(&mut self, engine: &'static Embedded, record: &Bytes) {
        let position = Position(self.next);
        let write = engine.journal(self.name.clone(), Epoch(1), position, vec![record.clone()]);
        self.write = Some((Instant::now(), write));
        if self.next.is_multiple_of(SNAPSHOT_EVERY) {
            let snapshot = Snapshot {
                position,
                bytes: Bytes::from(vec![1; SNAPSHOT_BYTES]),
                parts: Vec::new(),
            };
            // The caller does not wait for the snapshot, as in a room. Its cost shows in the
            // processor time.
            drop(engine.snapshot(self.name.clone(), Epoch(1), snapshot));
        }
        self.next += 1;
    }

    fn poll(&mut self, waker: &Waker, latencies: &mut Vec<Duration>) {
        let Some((start, write)) = &mut self.write else {
            return;
        };
        if let Poll::Ready(outcome) = write.as_mut().poll(&mut Context::from_waker(waker)) {
            outcome.expect("a journal write");
            latencies.push(start.elapsed());
            self.write = None;
        }
    }
}

fn wait<T>(mut pending: Pending<'_, T>, waker: &Waker) -> T {
    let mut future = std::pin::pin!(poll_fn(|cx| pending.as_mut().poll(cx)));
    loop {
        let polled = future.as_mut().poll(&mut Context::from_waker(waker));
        if let Poll::Ready(value) = polled {
            return value;
        }
        thread::park();
    }
}

/// The processor time of the threads that write the file.
fn cpu_time() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let spent = tasks.flatten().filter_map(|task| {
        let name = std::fs::read_to_string(task.path().join("comm")).ok()?;
        if name.trim() != "store-writer" {
            return None;
        }
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(spent.sum())
}
