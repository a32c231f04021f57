//! Tests of the splitting into messages: any partition of a stream gives the same events, memory
//! follows the bytes received, and violations are found.

use proptest::prelude::*;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::*;
use crate::framing;

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const MESSAGE_BYTES_MAX: usize = 1000;

const BINARY: OpCode = OpCode::Data(Data::Binary);
const CONTINUATION: OpCode = OpCode::Data(Data::Continue);
const PING: OpCode = OpCode::Control(Control::Ping);
const PONG: OpCode = OpCode::Control(Control::Pong);
const CLOSE: OpCode = OpCode::Control(Control::Close);

/// An event that owns its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
enum RefEvent {
    Message(Vec<u8>),
    Fragment,
    Ping(Vec<u8>),
    Pong,
    Close(Option<u16>),
}

impl From<Event<'_>> for RefEvent {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::Message(payload) => Self::Message(payload.to_vec()),
            Event::Fragment => Self::Fragment,
            Event::Ping(payload) => Self::Ping(payload.to_vec()),
            Event::Pong => Self::Pong,
            Event::Close { code } => Self::Close(code),
        }
    }
}

fn server() -> Inbound {
    Inbound::new(MESSAGE_BYTES_MAX, true)
}

fn masked(opcode: OpCode, payload: &[u8]) -> Vec<u8> {
    framing::encode(opcode, payload, Some(KEY))
}

fn unfinished(mut frame: Vec<u8>) -> Vec<u8> {
    frame[0] &= 0x7f;
    frame
}

fn feed(inbound: &mut Inbound, bytes: &[u8]) -> (Vec<RefEvent>, Option<Violation>) {
    let mut bytes = bytes.to_vec();
    let mut input = &mut bytes[..];
    let mut events = Vec::new();
    loop {
        match inbound.next(&mut input) {
            Ok(Some(event)) => events.push(event.into()),
            Ok(None) => return (events, None),
            Err(violation) => return (events, Some(violation)),
        }
    }
}

fn feed_in_chunks(inbound: &mut Inbound, bytes: &[u8], cuts: &[usize]) -> Vec<RefEvent> {
    let mut events = Vec::new();
    let mut rest = bytes;
    for cut in cuts.iter().cycle() {
        let (chunk, after) = rest.split_at(rest.len().min(*cut));
        let (seen, violation) = feed(inbound, chunk);
        assert_eq!(violation, None);
        events.extend(seen);
        rest = after;
        if rest.is_empty() {
            return events;
        }
    }
    unreachable!("cuts are not empty")
}

#[track_caller]
fn check_violation(bytes: &[u8], expect: Violation) {
    assert_eq!(feed(&mut server(), bytes).1, Some(expect), "{bytes:02x?}");
}

#[test]
fn frames_that_violate_a_rule_are_refused() {
    check_violation(&[0xc2, 0x80, 0, 0, 0, 0], Violation::ReservedBit);
    check_violation(&[0xa2, 0x80, 0, 0, 0, 0], Violation::ReservedBit);
    check_violation(&[0x92, 0x80, 0, 0, 0, 0], Violation::ReservedBit);
    for opcode in [3, 7, 11, 15] {
        check_violation(
            &[0x80 | opcode, 0x80, 0, 0, 0, 0],
            Violation::ReservedOpcode,
        );
    }
    check_violation(&[0x82, 0], Violation::Unmasked);
    check_violation(&[0x82, 0xfe, 0, 125, 0, 0, 0, 0], Violation::LengthForm);
    check_violation(
        &[0x82, 0xff, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0],
        Violation::LengthForm,
    );
    check_violation(&[0x09, 0x80, 0, 0, 0, 0], Violation::ControlFragmented);
    check_violation(&[0x89, 0xfe, 0, 126, 0, 0, 0, 0], Violation::ControlTooLong);
    check_violation(&masked(OpCode::Data(Data::Text), b"hello"), Violation::Text);
    check_violation(
        &masked(CONTINUATION, b"of what"),
        Violation::ContinuationUnexpected,
    );
    let interleaved = [unfinished(masked(BINARY, b"a")), masked(BINARY, b"b")].concat();
    check_violation(&interleaved, Violation::MessageInterleaved);
    let continued = [masked(BINARY, b"a"), masked(CONTINUATION, b"b")].concat();
    check_violation(&continued, Violation::ContinuationUnexpected);
    let unmasked = framing::encode(BINARY, b"x", None);
    let mut client = Inbound::new(MESSAGE_BYTES_MAX, false);
    assert_eq!(
        feed(&mut client, &unmasked).0,
        [RefEvent::Message(b"x".to_vec())]
    );
    assert_eq!(
        feed(&mut client, &masked(BINARY, b"x")).1,
        Some(Violation::Masked)
    );
}

#[test]
fn close_frames_must_have_a_code_that_may_be_sent() {
    let close = |payload: &[u8]| feed(&mut server(), &masked(CLOSE, payload));
    assert_eq!(close(b""), (vec![RefEvent::Close(None)], None));
    assert_eq!(
        close(&4001_u16.to_be_bytes()),
        (vec![RefEvent::Close(Some(4001))], None)
    );
    assert_eq!(close(b"\x03\xe8bye").0, [RefEvent::Close(Some(1000))]);
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000_u16] {
        assert_eq!(
            close(&code.to_be_bytes()).1,
            Some(Violation::CloseMalformed),
            "{code}"
        );
    }
    assert_eq!(close(b"\x03").1, Some(Violation::CloseMalformed));
    assert_eq!(close(b"\x03\xe8\xff").1, Some(Violation::CloseReason));
}

#[test]
fn a_message_over_the_limit_is_refused_at_its_header() {
    for announced in [MESSAGE_BYTES_MAX + 1, 0xffff, 1 << 20] {
        let mut inbound = server();
        let frame = masked(BINARY, &vec![0; announced]);
        let header_bytes = frame.len() - announced;
        let (events, violation) = feed(&mut inbound, &frame[..header_bytes]);
        assert_eq!(
            (events, violation),
            (vec![], Some(Violation::MessageTooBig))
        );
        assert_eq!(inbound.partial.capacity(), 0);
    }
    let endless = [
        0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
    ];
    check_violation(&endless, Violation::MessageTooBig);
    let largest = masked(BINARY, &[1; MESSAGE_BYTES_MAX]);
    assert_eq!(feed(&mut server(), &largest).0.len(), 1);
}

#[test]
fn the_limit_counts_all_fragments() {
    let mut inbound = server();
    let begin = unfinished(masked(BINARY, &[0; MESSAGE_BYTES_MAX - 10]));
    assert_eq!(feed(&mut inbound, &begin), (vec![RefEvent::Fragment], None));
    let more = unfinished(masked(CONTINUATION, &[0; 10]));
    assert_eq!(feed(&mut inbound, &more), (vec![RefEvent::Fragment], None));
    let over = masked(CONTINUATION, &[0; 1]);
    assert_eq!(
        feed(&mut inbound, &over[..6]).1,
        Some(Violation::MessageTooBig)
    );
    assert!(inbound.partial.capacity() <= MESSAGE_BYTES_MAX);
}

#[test]
fn memory_follows_received_not_announced_bytes() {
    let mut inbound = Inbound::new(1 << 30, true);
    let mut frame = vec![0x82, 0xff];
    frame.extend_from_slice(&(1_u64 << 30).to_be_bytes());
    frame.extend_from_slice(&KEY);
    feed(&mut inbound, &frame);
    assert_eq!(inbound.partial.capacity(), 0);
    let mut received = 0;
    for chunk in [1, 10, 100, 1000, 1, 1, 5000] {
        feed(&mut inbound, &vec![0; chunk]);
        received += chunk;
        assert_eq!(inbound.partial.len(), received);
        assert!(inbound.partial.capacity() <= 2 * received);
    }
}

#[test]
fn a_complete_message_frees_its_memory() {
    let mut inbound = server();
    let frame = masked(BINARY, &[5; 900]);
    feed(&mut inbound, &frame[..500]);
    assert!(inbound.partial.capacity() >= 400);
    assert_eq!(
        feed(&mut inbound, &frame[500..]).0,
        [RefEvent::Message(vec![5; 900])]
    );
    assert_eq!(inbound.partial.capacity(), 0);
    let ping = masked(PING, &[6; 100]);
    feed(&mut inbound, &ping[..50]);
    assert_eq!(
        feed(&mut inbound, &ping[50..]).0,
        [RefEvent::Ping(vec![6; 100])]
    );
    assert_eq!(inbound.partial.capacity(), 0);
}

#[test]
fn a_message_that_arrives_whole_is_not_copied() {
    let mut bytes = masked(BINARY, b"where it lies");
    let payload_at = bytes[6..].as_ptr();
    let mut inbound = server();
    let mut input = &mut bytes[..];
    match inbound.next(&mut input) {
        Ok(Some(Event::Message(payload))) => assert_eq!(payload.as_ptr(), payload_at),
        other => panic!("{other:?}"),
    }
}

/// A message in fragments, each followed by control frames.
fn arb_message() -> impl Strategy<Value = (Vec<u8>, Vec<RefEvent>)> {
    let length = prop_oneof![0..10_usize, Just(125), Just(126), 0..300_usize];
    let fragment = length.prop_flat_map(|length| prop::collection::vec(any::<u8>(), length));
    let control = (any::<bool>(), prop::collection::vec(any::<u8>(), 0..=125));
    let fragments = prop::collection::vec((fragment, prop::option::of(control)), 1..4);
    fragments.prop_map(|fragments| {
        let (mut bytes, mut message, mut events) = (Vec::new(), Vec::new(), Vec::new());
        let last = fragments.len() - 1;
        for (index, (fragment, control)) in fragments.into_iter().enumerate() {
            let frame = masked(if index == 0 { BINARY } else { CONTINUATION }, &fragment);
            bytes.extend(if index == last {
                frame
            } else {
                unfinished(frame)
            });
            message.extend(fragment);
            events.push(if index == last {
                RefEvent::Message(std::mem::take(&mut message))
            } else {
                RefEvent::Fragment
            });
            if let Some((is_ping, payload)) = control {
                bytes.extend(masked(if is_ping { PING } else { PONG }, &payload));
                events.push(if is_ping {
                    RefEvent::Ping(payload)
                } else {
                    RefEvent::Pong
                });
            }
        }
        (bytes, events)
    })
}

proptest! {
    #[test]
    fn every_partition_of_a_stream_gives_the_same_events(
        messages in prop::collection::vec(arb_message(), 0..6),
        cuts in prop::collection::vec(1..200_usize, 1..20),
    ) {
        let (bytes, events): (Vec<_>, Vec<_>) = messages.into_iter().unzip();
        let (bytes, events) = (bytes.concat(), events.concat());
        for cuts in [&cuts[..], &[1], &[usize::MAX]] {
            let mut inbound = server();
            prop_assert_eq!(&feed_in_chunks(&mut inbound, &bytes, cuts), &events);
            prop_assert_eq!(inbound.partial.capacity(), 0);
        }
    }

    #[test]
    fn garbage_never_panics(
        garbage in prop::collection::vec(any::<u8>(), 0..300),
        opcode in 0..16_u8,
        cut in 1..20_usize,
        peer_masks: bool,
    ) {
        let mut inbound = Inbound::new(MESSAGE_BYTES_MAX, peer_masks);
        let bytes = [vec![0x80 | opcode], garbage].concat();
        for chunk in bytes.chunks(cut) {
            if feed(&mut inbound, chunk).1.is_some() {
                break;
            }
            prop_assert!(inbound.partial.capacity() <= MESSAGE_BYTES_MAX + 125);
        }
    }
}
