//! A player beside others that flood its shard.

use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::player::Player;
use crate::running::Running;

/// The pings of one measurement. Two of them stay within the burst that a session has.
const PINGS: u64 = 90;
const FLOODERS: usize = 4;
/// The bytes after which a flood has surely begun.
const BEGUN_BYTES: usize = 1 << 20;

/// An empty masked frame of a client.
const fn empty(first: u8) -> [u8; 6] {
    [first, 0x80, 1, 2, 3, 4]
}

/// A flood: what is sent once, and what again and again.
struct Flood {
    name: &'static str,
    first: &'static [u8],
    rest: [u8; 6],
}

const FLOODS: [Flood; 3] = [
    Flood {
        name: "pings",
        first: &[],
        rest: empty(0x89),
    },
    Flood {
        name: "pongs",
        first: &[],
        rest: empty(0x8a),
    },
    Flood {
        name: "empty fragments",
        first: &empty(0x02),
        rest: empty(0x00),
    },
];

#[test]
fn a_flood_of_control_frames_costs_a_bystander_little() {
    for flood in &FLOODS {
        for logged_in in [true, false] {
            let running = Running::new("--shards 1");
            let mut bystander = Player::guest(running.ready.listen);
            let before = p99(&mut bystander);
            let during = beside(running.ready.listen, flood, logged_in, || {
                p99(&mut bystander)
            });
            let limit = 10 * before + Duration::from_millis(100);
            let what = format!("{}, logged in: {logged_in}", flood.name);
            assert!(during <= limit, "{what}: {during:?} after {before:?}");
        }
    }
}

/// Returns the slowest but one percent of the answers to pings, one after another.
fn p99(player: &mut Player) -> Duration {
    let mut times: Vec<Duration> = (0..PINGS)
        .map(|nonce| {
            let sent = Instant::now();
            player.ping(nonce);
            player.until_pong(nonce);
            sent.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() * 99 / 100]
}

/// Measures while several connections send a flood.
fn beside<T>(listen: SocketAddr, flood: &Flood, logged_in: bool, measure: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    let (begun, begins): (SyncSender<()>, Receiver<()>) = sync_channel(FLOODERS);
    thread::scope(|scope| {
        for _ in 0..FLOODERS {
            let (over, begun) = (&over, begun.clone());
            scope.spawn(move || {
                let player = match logged_in {
                    true => Player::guest(listen),
                    false => Player::connect_to(listen, "/ws"),
                };
                send_until(over, &begun, flood, player.into_stream());
            });
        }
        (0..FLOODERS).for_each(|_| begins.recv().unwrap());
        let measured = measure();
        over.store(true, Ordering::Relaxed);
        measured
    })
}

/// Sends a flood as fast as the server reads it, until it is over or the server closes.
fn send_until(over: &AtomicBool, begun: &SyncSender<()>, flood: &Flood, mut stream: TcpStream) {
    stream
        .set_write_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    let batch = flood.rest.repeat(10_000);
    stream.write_all(flood.first).unwrap();
    let (mut sent, mut told) = (0, false);
    while !over.load(Ordering::Relaxed) {
        let written = stream.write(&batch[sent % batch.len()..]);
        sent += *written.as_ref().unwrap_or(&0);
        if (written.is_err() || sent >= BEGUN_BYTES) && !std::mem::replace(&mut told, true) {
            begun.send(()).unwrap();
        }
        match written {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
