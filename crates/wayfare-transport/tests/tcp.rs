//! Behaviour of real sockets only: resets, half-closes, and edges that are reported once.

use std::io::{ErrorKind, Read as _, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use bytes::Bytes;
use mio::{Events, Poll, Token};
use wayfare_transport::{Closed, Connection, Flush, Read, WebSocket};

const TIME_MAX: Duration = Duration::from_secs(30);
const FRAME: &[u8] = b"\x82\x85\0\0\0\0hello";

struct Shard {
    poll: Poll,
    events: Events,
    connection: Connection,
    messages: usize,
}

fn connect() -> (Shard, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    client.set_read_timeout(Some(TIME_MAX)).unwrap();
    let (stream, _) = listener.accept().unwrap();
    stream.set_nonblocking(true).unwrap();
    let stream = mio::net::TcpStream::from_std(stream);
    let mut connection = Connection::from(WebSocket::server(stream, Bytes::new(), 1000));
    let poll = Poll::new().unwrap();
    connection.register(poll.registry(), Token(7)).unwrap();
    (
        Shard {
            poll,
            events: Events::with_capacity(4),
            connection,
            messages: 0,
        },
        client,
    )
}

impl Shard {
    fn wait(&mut self) {
        self.poll.poll(&mut self.events, Some(TIME_MAX)).unwrap();
        assert!(
            self.events.iter().any(|event| event.token() == Token(7)),
            "no event before the time limit"
        );
    }

    fn read(&mut self) -> Read {
        self.connection.read(&mut [0; 64], |_| self.messages += 1)
    }

    fn read_until_closed(&mut self) -> Closed {
        loop {
            match self.read() {
                Read::Closed(closed) => return closed,
                Read::More => {}
                Read::Drained => self.wait(),
            }
        }
    }
}

#[test]
fn an_end_together_with_the_last_bytes_is_reported() {
    let (mut shard, mut client) = connect();
    client.write_all(FRAME).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(
        shard.read_until_closed(),
        Closed::Reset(ErrorKind::UnexpectedEof)
    );
    assert_eq!(shard.messages, 1);
}

#[test]
fn a_half_closed_client_still_gets_queued_bytes() {
    let (mut shard, mut client) = connect();
    client.write_all(b"\x88\x80\0\0\0\0").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    shard.connection.queue(Bytes::from_static(b"\x82\x02hi"));
    assert_eq!(shard.read_until_closed(), Closed::PeerClosed { code: 1005 });
    assert_eq!(shard.connection.flush(), Flush::Drained);
    let mut received = Vec::new();
    client.read_to_end(&mut received).unwrap();
    assert_eq!(received, b"\x82\x02hi\x88\x00");
}

#[test]
fn a_reset_is_reported_as_a_lost_connection() {
    let (mut shard, client) = connect();
    shard.connection.queue(Bytes::from_static(b"\x82\x02hi"));
    assert_eq!(shard.connection.flush(), Flush::Drained);
    client.peek(&mut [0]).unwrap();
    // A socket that is closed with unread bytes resets its connection (RFC 2525, section 2.17).
    drop(client);
    assert_eq!(
        shard.read_until_closed(),
        Closed::Reset(ErrorKind::ConnectionReset)
    );
    shard.connection.queue(Bytes::from_static(b"\x82\x02hi"));
    assert!(matches!(
        shard.connection.flush(),
        Flush::Closed(Closed::Reset(_))
    ));
}

#[test]
fn more_than_the_scratch_is_read_without_an_event() {
    let (mut shard, mut client) = connect();
    client.write_all(&FRAME.repeat(1000)).unwrap();
    while shard.messages < 1000 {
        match shard.read() {
            Read::More => {}
            Read::Drained => shard.wait(),
            Read::Closed(closed) => panic!("{closed}"),
        }
    }
    assert_eq!(shard.read(), Read::Drained);
}

#[test]
fn a_deregistered_connection_has_no_events() {
    let (mut shard, mut client) = connect();
    shard.connection.deregister(shard.poll.registry()).unwrap();
    client.write_all(FRAME).unwrap();
    shard
        .poll
        .poll(&mut shard.events, Some(Duration::ZERO))
        .unwrap();
    assert!(shard.events.is_empty());
    shard
        .connection
        .register(shard.poll.registry(), Token(7))
        .unwrap();
    while shard.messages == 0 {
        shard.wait();
        assert_eq!(shard.read(), Read::Drained);
    }
}
