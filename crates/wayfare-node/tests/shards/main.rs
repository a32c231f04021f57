//! Tests of a node's threads, over memory connections: the parts that the loop adds to the core.

mod durable_rooms;
mod seat;
mod stub_echo;
mod stub_engine;
mod stub_ledger;

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wayfare_node::Engines;
use wayfare_protocol::ErrorCode;
use wayfare_protocol::wire::server_frame::Body;

use seat::{Seat, node, playing};
use stub_echo::echo;
use stub_engine::StubSlowEngine;

#[test]
fn players_on_two_threads_talk_in_one_room() {
    let node = node(2, Engines::in_memory());
    let mut ada = Seat::joined(&node, "echo/a");
    let mut bo = Seat::joined(&node, "echo/a");
    ada.say(b"hello");
    assert_eq!(bo.next_event(), b"hello");
    bo.say(b"hello yourself");
    assert_eq!(ada.next_event(), b"hello");
    assert_eq!(ada.next_event(), b"hello yourself");
    node.stop();
}

#[test]
fn a_slow_engine_delays_nobody_else() {
    let engine = StubSlowEngine::default();
    let node = node(1, engine.engines());
    let mut ada = Seat::joined(&node, "echo/a");
    engine.hold();
    let mut late = Seat::hello_sent(&node);
    // Its login waits for the engine. Ada is served meanwhile.
    ada.say(b"still here");
    assert_eq!(ada.next_event(), b"still here");
    engine.release();
    assert!(matches!(late.next(), Body::Welcome(_)));
    node.stop();
}

#[test]
fn a_client_that_does_not_read_is_disconnected() {
    let node = node(1, Engines::in_memory());
    let mut slow = Seat::joined(&node, "echo/a");
    let mut ada = Seat::joined(&node, "echo/a");
    let words = vec![b'x'; 60_000];
    // More than the pipe and the limit of a backlog hold together.
    for _ in 0..160 {
        ada.say(&words);
        assert_eq!(ada.next_event(), words);
    }
    assert!(slow.is_cut(), "the slow reader is still connected");
    ada.say(b"still here");
    assert_eq!(ada.next_event(), b"still here");
    node.stop();
}

#[test]
fn a_stopping_node_notifies_everybody_first() {
    let node = node(2, Engines::in_memory());
    let mut seats = [Seat::joined(&node, "echo/a"), Seat::joined(&node, "echo/b")];
    node.stop();
    for seat in &mut seats {
        let Body::Ended(ended) = seat.next() else {
            panic!("the stop was not told");
        };
        let code = ended.error.map(|error| error.code);
        assert_eq!(code, Some(ErrorCode::ShuttingDown.code()));
    }
}

/// A buffer that collects the log of this process.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_slow_handler_is_logged_with_its_room() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone());
    subscriber.with_ansi(false).init();
    // A limit of zero makes every handler too slow.
    let node = playing(echo(), 1, Engines::in_memory(), Duration::ZERO);
    let mut ada = Seat::joined(&node, "echo/slow");
    ada.say(b"hello");
    assert_eq!(ada.next_event(), b"hello");
    node.stop();
    let log = log.0.lock().unwrap_or_else(PoisonError::into_inner);
    let log = String::from_utf8_lossy(&log);
    let named = |handler: &str| {
        let mut lines = log.lines();
        lines.any(|line| line.contains("echo/slow") && line.contains(handler))
    };
    assert!(
        named("handler=\"join\"") && named("handler=\"command\""),
        "{log}"
    );
}
