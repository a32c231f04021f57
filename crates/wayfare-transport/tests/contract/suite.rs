//! The contract, one function per promise. Each case gets a new rig.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use wayfare_transport::{Closed, Flush, Read, Violation};

use crate::rig::{MESSAGE_BYTES_MAX, Rig};

type NewRig = fn() -> Rig;

pub(crate) fn messages_of_any_size_arrive_in_order_once(rig: NewRig) {
    let edge = prop::sample::select(vec![0_usize, 1, 125, 126, 127, 65_535, 65_536]);
    let length = prop_oneof![edge, 0..300_usize, 0..70_000_usize];
    let lengths = prop::collection::vec(length, 0..12);
    let config = Config {
        cases: 24,
        failure_persistence: None,
        ..Config::default()
    };
    let run = |(up, down): (Vec<usize>, Vec<usize>)| {
        let mut rig = rig();
        let (up, down) = (messages(&up), messages(&down));
        up.iter().for_each(|message| rig.client.send(message));
        down.iter()
            .for_each(|message| rig.server.queue(framed(message)));
        let seen = rig.run_until(|seen| {
            seen.by_server.len() >= up.len() && seen.by_client.len() >= down.len()
        });
        prop_assert!(seen.by_server == up && seen.by_client == down);
        prop_assert_eq!(
            (rig.server.queued_bytes(), rig.server.is_dirty()),
            (0, false)
        );
        Ok(())
    };
    TestRunner::new(config)
        .run(&(lengths.clone(), lengths), run)
        .unwrap();
}

pub(crate) fn many_small_pieces_arrive_in_order(rig: NewRig) {
    let mut rig = rig();
    let pieces = messages(&(0..1000).map(|index| index % 20).collect::<Vec<_>>());
    pieces
        .iter()
        .for_each(|piece| rig.server.queue(framed(piece)));
    let seen = rig.run_until(|seen| seen.by_client.len() >= pieces.len());
    assert!(seen.by_client == pieces);
}

pub(crate) fn several_frames_in_one_piece_are_several_messages(rig: NewRig) {
    let mut rig = rig();
    let expect = messages(&[3, 0, 200, 0, 1]);
    let piece: BytesMut = expect.iter().flat_map(|message| framed(message)).collect();
    rig.server.queue(Bytes::new());
    rig.server.queue(piece.freeze());
    let seen = rig.run_until(|seen| seen.by_client.len() >= expect.len());
    assert_eq!(seen.by_client, expect);
}

pub(crate) fn the_server_waits_for_a_client_that_does_not_read(rig: NewRig) {
    let mut rig = rig();
    let message = vec![7; 60_000];
    let piece = framed(&message);
    let mut queued = 0;
    // More than the system buffers for a socket, even after it grows the buffers.
    while rig.server.queued_bytes() < 10 * piece.len() {
        rig.server.queue(piece.clone());
        queued += 1;
        if rig.server.flush() == Flush::Blocked {
            rig.server.queue(piece.clone());
            queued += 1;
        }
    }
    assert!(rig.server.is_dirty());
    let behind = rig.server.queued_bytes();
    rig.server.queue(piece.clone());
    assert_eq!(rig.server.queued_bytes(), behind + piece.len());
    let seen = rig.run_until(|seen| seen.by_client.len() > queued);
    assert!(seen.by_client.iter().all(|received| *received == message));
    assert_eq!(seen.by_client.len(), queued + 1);
    assert_eq!(
        (seen.server_flush, rig.server.queued_bytes()),
        (Some(Flush::Drained), 0)
    );
}

pub(crate) fn the_client_waits_for_a_server_that_does_not_read(rig: NewRig) {
    let mut rig = rig();
    let expect = messages(&vec![60_000; 300]);
    for message in &expect {
        rig.client.send(message);
        rig.client.flush();
    }
    let seen = rig.run_until(|seen| seen.by_server.len() >= expect.len());
    assert!(seen.by_server == expect);
}

pub(crate) fn written_bytes_are_freed(rig: NewRig) {
    let mut rig = rig();
    let alive = Arc::new(AtomicUsize::new(0));
    for message in messages(&[10, 3000, 0, 70_000]) {
        rig.server.queue(Tracked::bytes(&message, &alive));
    }
    assert_eq!(alive.load(Ordering::Relaxed), 4);
    rig.run_until(|seen| seen.by_client.len() == 4);
    assert_eq!(rig.server.queued_bytes(), 0);
    // A memory client may hold the last piece until it asks for the next.
    assert!(rig.client.read(&mut Vec::new()).is_ok());
    assert_eq!(alive.load(Ordering::Relaxed), 0);
}

pub(crate) fn bytes_for_many_clients_are_shared(rig: NewRig) {
    let alive = Arc::new(AtomicUsize::new(0));
    let message = vec![3; 40_000];
    let piece = Tracked::bytes(&message, &alive);
    let mut rigs: Vec<Rig> = (0..3).map(|_| rig()).collect();
    rigs.iter_mut()
        .for_each(|rig| rig.server.queue(piece.clone()));
    drop(piece);
    for (done, rig) in rigs.iter_mut().enumerate() {
        assert_eq!(
            alive.load(Ordering::Relaxed),
            1,
            "lost after {done} recipients"
        );
        let seen = rig.run_until(|seen| !seen.by_client.is_empty());
        assert!(seen.by_client == [&message[..]]);
    }
    rigs.clear();
    assert_eq!(alive.load(Ordering::Relaxed), 0);
}

pub(crate) fn a_close_arrives_after_queued_bytes(rig: NewRig) {
    for code in [1000, 1013, 4001] {
        let mut rig = rig();
        let expect = messages(&[100, 50_000]);
        expect
            .iter()
            .for_each(|message| rig.server.queue(framed(message)));
        rig.server.begin_close(code, "the room is closing");
        rig.server
            .begin_close(4999, "the second time counts for nothing");
        assert!(rig.server.is_dirty());
        let seen = rig.run_until(|seen| seen.server_end.is_some() && seen.client_end.is_some());
        assert_eq!(seen.by_client, expect);
        assert_eq!(seen.client_end, Some(Closed::PeerClosed { code }));
        assert_eq!(seen.server_end, Some(Closed::PeerClosed { code }));
        assert!(!rig.server.is_dirty());
    }
}

pub(crate) fn nothing_is_sent_or_received_after_a_close(rig: NewRig) {
    let mut rig = rig();
    messages(&[10, 40_000, 0])
        .iter()
        .for_each(|message| rig.client.send(message));
    rig.server.begin_close(4000, "");
    rig.server.queue(framed(b"too late"));
    let seen = rig.run_until(|seen| seen.server_end.is_some() && seen.client_end.is_some());
    assert!(seen.by_server.is_empty() && seen.by_client.is_empty());
}

pub(crate) fn a_close_of_the_client_is_answered(rig: NewRig) {
    let mut rig = rig();
    let expect = messages(&[10, 2000]);
    expect.iter().for_each(|message| rig.client.send(message));
    rig.client.begin_close(1001);
    let seen = rig.run_until(|seen| seen.server_end.is_some() && seen.client_end.is_some());
    assert_eq!(seen.by_server, expect);
    assert_eq!(seen.server_end, Some(Closed::PeerClosed { code: 1001 }));
    assert_eq!(seen.client_end, Some(Closed::PeerClosed { code: 1001 }));
    assert_eq!(seen.server_flush, Some(Flush::Drained));
}

pub(crate) fn a_message_over_the_limit_ends_the_connection(rig: NewRig) {
    let mut rig = rig();
    let expect = messages(&[MESSAGE_BYTES_MAX]);
    rig.client.send(&expect[0]);
    rig.client.send(&vec![0; MESSAGE_BYTES_MAX + 1]);
    rig.client.send(b"never read");
    let seen = rig.run_until(|seen| seen.server_end.is_some());
    assert!(seen.by_server == expect);
    assert_eq!(
        seen.server_end,
        Some(Closed::Violation(Violation::MessageTooBig))
    );
    // The server keeps reading, so that its close frame is not discarded.
    let mut lingering = rig.run_until(|seen| seen.client_end.is_some());
    assert_eq!(
        lingering.client_end,
        Some(Closed::PeerClosed { code: 1009 })
    );
    if lingering.server_end.is_none() {
        lingering = rig.run_until(|seen| seen.server_end.is_some());
    }
    assert_eq!(
        lingering.server_end,
        Some(Closed::Violation(Violation::MessageTooBig))
    );
    assert!(lingering.by_server.is_empty());
}

pub(crate) fn a_lost_client_is_reported_after_its_messages(rig: NewRig) {
    let Rig {
        mut server,
        mut client,
        mut wait,
    } = rig();
    client.send(b"last words");
    while !client.flush() {}
    drop(client);
    let mut received = Vec::new();
    let end = loop {
        match server.read(&mut received) {
            Read::Closed(closed) => break closed,
            Read::More => {}
            Read::Drained => wait(),
        }
    };
    assert_eq!(received, [b"last words"]);
    assert_eq!(end, Closed::Reset(ErrorKind::UnexpectedEof));
    server.queue(framed(&[0; 100_000]));
    while server.is_dirty() {
        match server.flush() {
            Flush::Closed(closed) => assert_eq!(closed, end),
            Flush::Blocked | Flush::Drained => {}
        }
    }
    assert_eq!(server.queued_bytes(), 0);
}

pub(crate) fn a_lost_server_is_reported_after_its_messages(rig: NewRig) {
    let Rig {
        mut server,
        mut client,
        mut wait,
    } = rig();
    server.queue(framed(b"last words"));
    while server.flush() != Flush::Drained {}
    drop(server);
    let mut received = Vec::new();
    let end = loop {
        if let Err(closed) = client.read(&mut received) {
            break closed;
        }
        wait();
    };
    assert_eq!(received, [b"last words"]);
    assert_eq!(end, Closed::Reset(ErrorKind::UnexpectedEof));
}

/// Returns messages that differ in every byte position, so that a mix-up is found.
fn messages(lengths: &[usize]) -> Vec<Vec<u8>> {
    let message = |(index, length): (usize, &usize)| {
        (0..*length)
            .map(|place| (place * 31 + place / 251 + index * 7) as u8)
            .collect()
    };
    lengths.iter().enumerate().map(message).collect()
}

/// Encodes a server's frame by the rules of RFC 6455, section 5.2.
fn framed(payload: &[u8]) -> Bytes {
    let mut frame = vec![0x82];
    match payload.len() {
        length @ 0..=125 => frame.push(length as u8),
        length @ 126..=0xffff => {
            frame.push(126);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            frame.push(127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame.into()
}

/// Bytes that count their living owners.
struct Tracked {
    bytes: Bytes,
    alive: Arc<AtomicUsize>,
}

impl Tracked {
    fn bytes(payload: &[u8], alive: &Arc<AtomicUsize>) -> Bytes {
        alive.fetch_add(1, Ordering::Relaxed);
        Bytes::from_owner(Self {
            bytes: framed(payload),
            alive: alive.clone(),
        })
    }
}

impl AsRef<[u8]> for Tracked {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}
