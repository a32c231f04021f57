//! Memory connections: the shard is woken at edges, and the peer may block.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use wayfare_transport::memory::{self, NotSent, PeerEnd};
use wayfare_transport::{Closed, Connection, Flush, Read, Violation};

const CAPACITY_BYTES: usize = 1000;
const TIME_MAX: Duration = Duration::from_secs(30);

fn pair() -> (Connection, PeerEnd, Arc<AtomicUsize>) {
    let wakes = Arc::new(AtomicUsize::new(0));
    let counter = wakes.clone();
    let wake = Arc::new(move || {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    let (shard_end, peer) = memory::pair(CAPACITY_BYTES, CAPACITY_BYTES, wake);
    (shard_end.into(), peer, wakes)
}

fn read(connection: &mut Connection) -> (usize, Read) {
    let mut messages = 0;
    let read = connection.read(&mut [0; 1 << 16], |_| messages += 1);
    (messages, read)
}

#[test]
fn a_shard_is_woken_once_until_it_reads() {
    let (mut connection, mut peer, wakes) = pair();
    for expect in 1..4 {
        (0..5).for_each(|_| peer.try_send(Bytes::from_static(b"hello")).unwrap());
        assert_eq!(wakes.load(Ordering::Relaxed), expect);
        assert_eq!(read(&mut connection), (5, Read::Drained));
    }
    drop(peer);
    assert_eq!(wakes.load(Ordering::Relaxed), 4);
}

#[test]
fn a_blocked_shard_is_woken_when_space_is_free() {
    let (mut connection, mut peer, wakes) = pair();
    let frame = Bytes::from([&[0x82, 98][..], &[0; 98]].concat());
    (0..20).for_each(|_| connection.queue(frame.clone()));
    assert_eq!(connection.flush(), Flush::Blocked);
    let behind = connection.queued_bytes();
    assert!(behind > 0 && behind < 20 * frame.len());
    peer.try_recv().unwrap();
    assert_eq!(wakes.load(Ordering::Relaxed), 0);
    while peer.try_recv().unwrap().is_some() {}
    assert_eq!(wakes.load(Ordering::Relaxed), 1);
    connection.queue(Bytes::new());
    while connection.flush() == Flush::Blocked {
        while peer.try_recv().unwrap().is_some() {}
    }
    assert_eq!(connection.queued_bytes(), 0);
}

#[test]
fn each_direction_is_bounded_for_empty_messages_too() {
    let (mut connection, mut peer, _) = pair();
    let sent = (0..)
        .find(|_| peer.try_send(Bytes::new()) == Err(NotSent::Full))
        .unwrap();
    assert!((1..=CAPACITY_BYTES).contains(&sent));
    assert_eq!(read(&mut connection), (sent, Read::Drained));
    peer.try_send(Bytes::from(vec![0; CAPACITY_BYTES])).unwrap();
    assert_eq!(peer.try_send(Bytes::new()), Err(NotSent::Full));
}

#[test]
fn a_read_is_bounded_by_the_scratch_buffer() {
    let (mut connection, mut peer, _) = pair();
    (0..10).for_each(|_| peer.try_send(Bytes::new()).unwrap());
    let mut messages = 0;
    assert_eq!(connection.read(&mut [0; 8], |_| messages += 1), Read::More);
    assert_eq!(messages, 8);
    assert_eq!(read(&mut connection), (2, Read::Drained));
}

#[test]
fn a_peer_may_block_until_the_shard_sends_or_drops() {
    let (mut connection, mut peer, _) = pair();
    let (received, heard) = mpsc::sync_channel(2);
    let client = thread::spawn(move || {
        loop {
            match peer.recv_timeout(TIME_MAX) {
                Ok(message) => received.send(message.expect("not in time")).unwrap(),
                Err(closed) => return closed,
            }
        }
    });
    connection.queue(Bytes::from_static(b"\x82\x02hi\x82\x00"));
    assert_eq!(connection.flush(), Flush::Drained);
    assert_eq!(heard.recv_timeout(TIME_MAX).unwrap(), "hi");
    assert_eq!(heard.recv_timeout(TIME_MAX).unwrap(), "");
    connection.begin_close(4000, "");
    assert_eq!(connection.flush(), Flush::Drained);
    assert_eq!(client.join().unwrap(), Closed::PeerClosed { code: 4000 });
}

#[test]
fn a_peer_whose_wait_times_out_gets_nothing() {
    let (_connection, mut peer, _) = pair();
    assert_eq!(peer.recv_timeout(Duration::from_millis(1)), Ok(None));
}

#[test]
fn sending_to_a_dropped_shard_end_is_refused() {
    let (connection, mut peer, _) = pair();
    peer.try_send(Bytes::from_static(b"never read")).unwrap();
    drop(connection);
    assert_eq!(peer.try_send(Bytes::new()), Err(NotSent::Closed));
    let (_connection, mut peer, _) = pair();
    peer.begin_close(1000);
    assert_eq!(peer.try_send(Bytes::new()), Err(NotSent::Closed));
}

#[test]
fn queued_bytes_that_are_not_frames_are_detected() {
    let (mut connection, mut peer, _) = pair();
    connection.queue(Bytes::from_static(b"\x82\x02hi\x82\x09short"));
    assert_eq!(connection.flush(), Flush::Drained);
    assert_eq!(peer.try_recv(), Ok(Some(Bytes::from_static(b"hi"))));
    let closed = Closed::Violation(Violation::Truncated);
    assert_eq!(peer.try_recv(), Err(closed));
    assert_eq!(peer.try_recv(), Err(closed));
    assert_eq!(
        read(&mut connection),
        (0, Read::Closed(Closed::PeerClosed { code: 1002 }))
    );
}
