//! RFC 6455 byte by byte: a server's end with a peer that sends raw bytes.

mod stub_stream;

use std::io::ErrorKind;

use bytes::Bytes;
use stub_stream::{SharedHalf, StubStream, half};
use wayfare_transport::{Closed, Flush, READ_FRAMES_MAX, Read, Violation, WebSocket};

const MESSAGE_BYTES_MAX: usize = 1000;
const KEY: [u8; 4] = [1, 2, 3, 4];

const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

struct Bench {
    server: WebSocket<StubStream>,
    to_server: SharedHalf,
    from_server: SharedHalf,
    messages: Vec<Vec<u8>>,
}

impl Bench {
    fn new() -> Self {
        Self::with_early(b"")
    }

    fn with_early(early: &'static [u8]) -> Self {
        let (to_server, from_server) = (half(usize::MAX), half(usize::MAX));
        let stream = StubStream::new(&to_server, &from_server, None);
        let server = WebSocket::server(stream, Bytes::from_static(early), MESSAGE_BYTES_MAX);
        Self {
            server,
            to_server,
            from_server,
            messages: Vec::new(),
        }
    }

    fn send(&self, bytes: &[u8]) {
        self.to_server.borrow_mut().bytes.extend(bytes);
    }

    fn read(&mut self) -> Read {
        self.server.read(&mut [0; 4096], |message| {
            self.messages.push(message.to_vec());
        })
    }

    fn written(&self) -> Vec<u8> {
        self.from_server.borrow_mut().bytes.drain(..).collect()
    }

    fn has_ended(&self) -> bool {
        self.from_server.borrow().ended
    }
}

/// Encodes a client's frame of less than 126 bytes.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let masked = payload
        .iter()
        .zip(KEY.iter().cycle())
        .map(|(byte, key)| byte ^ key);
    let header = [first, 0x80 | payload.len() as u8].into_iter().chain(KEY);
    header.chain(masked).collect()
}

fn plain(first: u8, payload: &[u8]) -> Vec<u8> {
    [&[first, payload.len() as u8], payload].concat()
}

#[test]
fn a_ping_is_answered_with_its_payload_and_a_pong_is_not() {
    let mut bench = Bench::new();
    bench.send(&[masked(PONG, b"unasked"), masked(PING, b"are you there")].concat());
    assert_eq!(bench.read(), Read::Drained);
    assert!(bench.server.is_dirty());
    assert_eq!(bench.server.queued_bytes(), 15);
    assert_eq!(bench.server.flush(), Flush::Drained);
    assert_eq!(bench.written(), plain(PONG, b"are you there"));
    assert!(!bench.server.is_dirty());
}

#[test]
fn a_peer_that_does_not_read_gets_two_pongs_at_most() {
    let mut bench = Bench::new();
    bench.from_server.borrow_mut().room = 10;
    for index in 0..100_u8 {
        bench.send(&masked(PING, &[index; 125]));
        assert_eq!(bench.read(), Read::Drained);
        assert_eq!(bench.server.flush(), Flush::Blocked);
        assert!(bench.server.queued_bytes() <= 2 * 127);
    }
    bench.from_server.borrow_mut().room = usize::MAX;
    assert_eq!(bench.server.flush(), Flush::Drained);
    assert_eq!(
        bench.written(),
        [plain(PONG, &[0; 125]), plain(PONG, &[99; 125])].concat()
    );
}

#[test]
fn pings_are_answered_while_the_queue_never_drains() {
    let mut bench = Bench::new();
    bench.from_server.borrow_mut().room = 102;
    bench.server.queue(plain(BINARY, &[0; 100]).into());
    for index in 0..10 {
        bench.server.queue(plain(BINARY, &[0; 97]).into());
        bench.send(&masked(PING, &[index]));
        assert_eq!(bench.read(), Read::Drained);
        assert_eq!(bench.server.flush(), Flush::Blocked);
        let written = bench.written();
        assert_eq!(
            index > 0,
            written.ends_with(&plain(PONG, &[index.wrapping_sub(1)]))
        );
    }
}

#[test]
fn nothing_follows_a_close_frame() {
    let mut bench = Bench::new();
    bench.send(&masked(PING, b"just before"));
    assert_eq!(bench.read(), Read::Drained);
    bench.server.begin_close(1000, "");
    assert_eq!(bench.server.queued_bytes(), 4);
    assert_eq!(bench.server.flush(), Flush::Drained);
    assert_eq!(bench.written(), plain(CLOSE, b"\x03\xe8"));
}

#[test]
fn a_violation_is_sent_to_the_peer_with_its_code() {
    let cases = [
        (masked(0x81, b"text"), Violation::Text, 1003),
        (masked(0x01, b"text"), Violation::Text, 1003),
        (masked(0xc2, b""), Violation::ReservedBit, 1002),
        (masked(0x83, b""), Violation::ReservedOpcode, 1002),
        (plain(BINARY, b"bare"), Violation::Unmasked, 1002),
        (masked(0x80, b""), Violation::ContinuationUnexpected, 1002),
        (masked(CLOSE, b"\x03"), Violation::CloseMalformed, 1002),
        (masked(CLOSE, b"\x03\xe8\xff"), Violation::CloseReason, 1007),
        (
            vec![BINARY, 0xfe, 0xff, 0xff, 0, 0, 0, 0],
            Violation::MessageTooBig,
            1009,
        ),
    ];
    for (bytes, violation, code) in cases {
        let mut bench = Bench::new();
        bench.send(&masked(BINARY, b"before"));
        bench.send(&bytes);
        bench.send(&masked(BINARY, b"after"));
        assert_eq!(bench.read(), Read::Closed(Closed::Violation(violation)));
        assert_eq!(bench.messages, [b"before"]);
        assert_eq!(bench.server.flush(), Flush::Drained);
        let close = [&u16::to_be_bytes(code), violation.to_string().as_bytes()].concat();
        assert_eq!(bench.written(), plain(CLOSE, &close));
        assert!(bench.has_ended());
    }
}

#[test]
fn after_a_violation_input_is_discarded() {
    let mut bench = Bench::new();
    bench.send(&masked(0x81, b"text"));
    let closed = Read::Closed(Closed::Violation(Violation::Text));
    assert_eq!(bench.read(), closed);
    bench.send(&[masked(BINARY, b"too late"), vec![0xff; 100]].concat());
    assert_eq!(bench.read(), Read::Drained);
    bench.to_server.borrow_mut().ended = true;
    assert_eq!(bench.read(), closed);
    assert!(bench.messages.is_empty());
}

#[test]
fn a_close_is_answered_with_the_same_code() {
    for (payload, code) in [(&b"\x0f\xa1moved"[..], 4001), (b"", 1005)] {
        let mut bench = Bench::new();
        bench.server.queue(plain(BINARY, b"queued before").into());
        bench.send(&[masked(CLOSE, payload), masked(BINARY, b"after")].concat());
        assert_eq!(bench.read(), Read::Closed(Closed::PeerClosed { code }));
        bench.server.queue(plain(BINARY, b"queued after").into());
        assert_eq!(bench.server.flush(), Flush::Drained);
        let answer = plain(CLOSE, &payload[..payload.len().min(2)]);
        assert_eq!(
            bench.written(),
            [plain(BINARY, b"queued before"), answer].concat()
        );
        assert!(bench.has_ended() && bench.messages.is_empty());
    }
}

#[test]
fn the_answer_to_our_close_is_not_answered() {
    let mut bench = Bench::new();
    bench.server.begin_close(4000, "enough");
    bench.send(&masked(PING, b"crossing"));
    assert_eq!(bench.read(), Read::Drained);
    assert_eq!(bench.server.flush(), Flush::Drained);
    assert_eq!(bench.written(), plain(CLOSE, b"\x0f\xa0enough"));
    bench.send(&masked(CLOSE, b"\x0f\xa0"));
    assert_eq!(
        bench.read(),
        Read::Closed(Closed::PeerClosed { code: 4000 })
    );
    assert!(!bench.server.is_dirty());
    assert_eq!(bench.server.flush(), Flush::Drained);
    assert!(bench.written().is_empty());
}

#[test]
fn bytes_read_with_the_handshake_are_read_first() {
    let mut bench = Bench::with_early(b"\x82\x83\0\0\0\0one\x82\x83\0\0");
    bench.send(b"\0\0two");
    assert_eq!(bench.read(), Read::Drained);
    assert_eq!(bench.messages, [b"one", b"two"]);
}

#[test]
fn a_read_is_bounded_by_the_scratch_buffer() {
    let mut bench = Bench::new();
    (0..10).for_each(|index| bench.send(&masked(BINARY, &[index; 4])));
    let mut scratch = [0; 25];
    let mut reads = Vec::new();
    loop {
        let mut messages = 0;
        let read = bench.server.read(&mut scratch, |_| messages += 1);
        reads.push(messages);
        if read == Read::Drained {
            break;
        }
    }
    assert_eq!(reads, [2, 3, 2, 3, 0]);
}

#[test]
fn a_stream_that_ends_or_fails_is_reported_as_lost() {
    let mut half_closed = Bench::new();
    half_closed.send(&masked(BINARY, b"whole"));
    half_closed.send(&masked(BINARY, b"cut short")[..8]);
    half_closed.to_server.borrow_mut().ended = true;
    let lost = Closed::Reset(ErrorKind::UnexpectedEof);
    assert_eq!(half_closed.read(), Read::Closed(lost));
    assert_eq!(half_closed.messages, [b"whole"]);
    assert_eq!(half_closed.read(), Read::Closed(lost));

    let mut reset = Bench::new();
    reset.to_server.borrow_mut().failure = Some(ErrorKind::ConnectionReset);
    assert_eq!(
        reset.read(),
        Read::Closed(Closed::Reset(ErrorKind::ConnectionReset))
    );

    let mut broken = Bench::new();
    broken.from_server.borrow_mut().failure = Some(ErrorKind::BrokenPipe);
    broken.server.queue(plain(BINARY, b"never arrives").into());
    let lost = Closed::Reset(ErrorKind::BrokenPipe);
    assert_eq!(broken.server.flush(), Flush::Closed(lost));
    assert_eq!(
        (broken.server.queued_bytes(), broken.server.is_dirty()),
        (0, false)
    );
}

#[test]
fn a_client_refuses_masked_frames() {
    let (up, down) = (half(usize::MAX), half(usize::MAX));
    let stream = StubStream::new(&down, &up, None);
    let mut client = WebSocket::client(stream, Bytes::new(), MESSAGE_BYTES_MAX, KEY);
    down.borrow_mut().bytes.extend(masked(BINARY, b"x"));
    let read = client.read(&mut [0; 100], |_| {});
    assert_eq!(read, Read::Closed(Closed::Violation(Violation::Masked)));
    assert_eq!(client.flush(), Flush::Drained);
    let close = [
        &1002_u16.to_be_bytes(),
        Violation::Masked.to_string().as_bytes(),
    ]
    .concat();
    assert_eq!(
        up.borrow_mut().bytes.drain(..).collect::<Vec<_>>(),
        masked(CLOSE, &close)
    );
}

#[test]
fn a_read_takes_a_bounded_number_of_frames() {
    let fragment = |index: usize| masked(if index == 0 { 0x02 } else { 0x00 }, b"");
    let floods: [&dyn Fn(usize) -> Vec<u8>; 4] = [
        &|_| masked(PING, b"now"),
        &|_| masked(PONG, b""),
        &|_| masked(BINARY, b""),
        &fragment,
    ];
    for flood in floods {
        let mut bench = Bench::new();
        (0..10 * READ_FRAMES_MAX).for_each(|index| bench.send(&flood(index)));
        for reads in 1..=10 {
            assert_eq!(bench.read(), Read::More);
            let overhead = bench.server.take_overhead_frames() as usize;
            let messages = bench.messages.len() / reads;
            assert_eq!(overhead + messages, READ_FRAMES_MAX);
        }
        assert_eq!(bench.read(), Read::Drained);
    }
}

#[test]
fn bytes_behind_a_batch_are_read_in_order() {
    let mut bench = Bench::new();
    let count = 3 * READ_FRAMES_MAX as u8 + 1;
    (0..count).for_each(|index| bench.send(&masked(BINARY, &[index])));
    bench.send(&masked(BINARY, b"cut in two")[..9]);
    while bench.read() == Read::More {}
    bench.send(&masked(BINARY, b"cut in two")[9..]);
    assert_eq!(bench.read(), Read::Drained);
    let mut expect: Vec<Vec<u8>> = (0..count).map(|index| vec![index]).collect();
    expect.push(b"cut in two".to_vec());
    assert_eq!(bench.messages, expect);
    assert_eq!(bench.server.take_overhead_frames(), 0);
}

#[test]
fn the_last_ping_of_a_batch_is_answered() {
    let mut bench = Bench::new();
    (0..10).for_each(|index| bench.send(&masked(PING, &[index])));
    assert_eq!(bench.read(), Read::Drained);
    assert_eq!(bench.server.flush(), Flush::Drained);
    assert_eq!(bench.written(), plain(PONG, &[9]));
}
