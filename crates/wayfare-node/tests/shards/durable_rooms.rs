//! Tests of durable rooms and their futures on real shards.

use std::sync::Arc;
use std::time::Duration;

use wayfare_node::Engines;
use wayfare_protocol::coordination::Request;

use crate::seat::{Node, Seat, again, playing};
use crate::stub_engine::StubSlowEngine;
use crate::stub_ledger::ledger;

fn node(engines: Engines) -> Node {
    playing(ledger(), 1, engines, Duration::from_secs(1))
}

#[test]
fn an_effect_waits_for_storage_and_delays_nobody() {
    let engine = StubSlowEngine::default();
    let node = node(engine.engines());
    let mut ada = Seat::joined(&node, "ledger/a");
    assert_eq!(ada.view(), b"0");
    engine.hold_storage();
    ada.say(b"add");
    ada.say(b"add");
    // A login needs no storage. It is answered some turns after the commands arrived.
    Seat::hello_sent(&node).welcomed();
    Seat::hello_sent(&node).welcomed();
    assert!(!ada.has_event(), "an event before its step is stored");
    engine.release_storage();
    assert_eq!(ada.next_event(), b"1");
    assert_eq!(ada.next_event(), b"2");
    node.stop();
}

#[test]
fn many_late_answers_are_all_received() {
    let engine = StubSlowEngine::default();
    let node = node(engine.engines());
    let rooms = (0..100).map(|number| format!("ledger/{number}"));
    let mut seats: Vec<Seat> = rooms.map(|room| Seat::joined(&node, &room)).collect();
    for round in 1..=5_u64 {
        engine.hold_storage();
        seats.iter_mut().for_each(|seat| seat.say(b"add"));
        engine.release_storage();
        for seat in &mut seats {
            assert_eq!(seat.next_event(), round.to_string().as_bytes());
        }
    }
    node.stop();
}

#[test]
fn a_room_is_restored_by_the_next_run() {
    let engines = Engines::in_memory();
    let node = node(engines.clone());
    let mut ada = Seat::joined(&node, "ledger/a");
    ada.say(b"add");
    assert_eq!(ada.next_event(), b"1");
    node.stop();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let read = runtime.block_on(engines.coordination.call(Request::Get("x".into())));
    let Ok(wayfare_protocol::coordination::Reply::Got { store, .. }) = read else {
        panic!("{read:?}");
    };
    let node = again(ledger(), engines, store);
    let mut bo = Seat::joined(&node, "ledger/a");
    assert_eq!(bo.view(), b"1");
    bo.say(b"add");
    assert_eq!(bo.next_event(), b"2");
    node.stop();
}

#[test]
fn a_future_reaches_documents_and_brings_a_note() {
    let node = node(StubSlowEngine::default().engines());
    let mut ada = Seat::joined(&node, "ledger/a");
    ada.say(b"fetch");
    assert_eq!(ada.next_event(), b"a saved game");
    node.stop();
}

#[test]
fn a_panicking_future_is_lost_and_harms_nobody() {
    let node = node(Engines::in_memory());
    let mut ada = Seat::joined(&node, "ledger/a");
    ada.say(b"fail");
    assert_eq!(ada.next_event(), b"lost");
    ada.say(b"fetch");
    assert_eq!(ada.next_event(), b"a saved game");
    node.stop();
}

#[test]
fn a_stopped_node_releases_its_engines() {
    let engines = Engines::in_memory();
    let node = node(engines.clone());
    let mut ada = Seat::joined(&node, "ledger/a");
    ada.say(b"fetch");
    assert_eq!(ada.next_event(), b"a saved game");
    node.stop();
    // The holder of the last reference closes the file.
    assert_eq!(Arc::strong_count(&engines.storage), 1);
    assert_eq!(Arc::strong_count(&engines.coordination), 1);
}
