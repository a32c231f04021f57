//! Encoding and decoding of whole frames.

use std::iter::FusedIterator;

use bytes::Bytes;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

use crate::Violation;
use crate::header::{CONTROL_BYTES_MAX, HEADER_BYTES_MAX, Header, Kind};
use crate::mask;

/// Returns the payloads of the frames in `bytes`, each as a slice without a copy.
///
/// A server queues only whole, unmasked, binary and unfragmented frames. The iterator ends after
/// the first frame that is different.
#[must_use]
pub fn frames(bytes: Bytes) -> Frames {
    Frames { rest: bytes }
}

/// Iterates over the payloads of server frames; created by [`frames`].
#[derive(Clone, Debug, Default)]
pub struct Frames {
    rest: Bytes,
}

impl Frames {
    fn take(&mut self) -> Result<Bytes, Violation> {
        let head = &self.rest[..self.rest.len().min(HEADER_BYTES_MAX)];
        let (header, header_bytes) = Header::parse(head)?.ok_or(Violation::Truncated)?;
        if header.mask.is_some() {
            return Err(Violation::Masked);
        }
        if header.kind != Kind::Binary || !header.is_final {
            return Err(Violation::NotAMessage);
        }
        let payload_bytes = usize::try_from(header.payload_bytes).unwrap_or(usize::MAX);
        if payload_bytes > self.rest.len() - header_bytes {
            return Err(Violation::Truncated);
        }
        let mut frame = self.rest.split_to(header_bytes + payload_bytes);
        Ok(frame.split_off(header_bytes))
    }
}

impl Iterator for Frames {
    type Item = Result<Bytes, Violation>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let frame = self.take();
        if frame.is_err() {
            self.rest = Bytes::new();
        }
        Some(frame)
    }
}

impl FusedIterator for Frames {}

/// Encodes a final frame. Copies `payload`, and masks it if there is a key.
pub(crate) fn encode(opcode: OpCode, payload: &[u8], key: Option<[u8; 4]>) -> Vec<u8> {
    let header = FrameHeader {
        is_final: true,
        opcode,
        mask: key,
        ..FrameHeader::default()
    };
    let payload_bytes = payload.len() as u64;
    let mut frame = Vec::with_capacity(header.len(payload_bytes) + payload.len());
    header
        .format(payload_bytes, &mut frame)
        .expect("a Vec takes every write");
    let header_bytes = frame.len();
    frame.extend_from_slice(payload);
    if let Some(key) = key {
        mask::apply(&mut frame[header_bytes..], key);
    }
    frame
}

pub(crate) fn masked_binary(payload: &[u8], key: [u8; 4]) -> Bytes {
    encode(OpCode::Data(Data::Binary), payload, Some(key)).into()
}

pub(crate) fn pong(payload: &[u8], key: Option<[u8; 4]>) -> Box<[u8]> {
    encode(OpCode::Control(Control::Pong), payload, key).into_boxed_slice()
}

/// Encodes a close frame. For a code that must not be sent, such as 1005, the frame is empty. A
/// reason that is too long is cut after its last whole character.
pub(crate) fn close(code: u16, reason: &str, key: Option<[u8; 4]>) -> Bytes {
    let mut payload = Vec::new();
    if CloseCode::from(code).is_allowed() {
        payload.extend_from_slice(&code.to_be_bytes());
        let reason_bytes = reason.floor_char_boundary(CONTROL_BYTES_MAX - payload.len());
        payload.extend_from_slice(&reason.as_bytes()[..reason_bytes]);
    }
    encode(OpCode::Control(Control::Close), &payload, key).into()
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use proptest::prelude::*;
    use wayfare_protocol::{Handle, Sequence, frame};

    use super::*;

    fn binary(payload: &[u8]) -> Vec<u8> {
        encode(OpCode::Data(Data::Binary), payload, None)
    }

    #[test]
    fn headers_match_those_of_the_protocol_crate() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let framed = binary(&vec![7; length]);
            assert_eq!(framed.len(), frame::header_len(length) + length);
            assert_eq!(framed[0], frame::BINARY);
        }
        let mut events = BytesMut::new();
        for (sequence, length) in [(1, 0), (2, 100), (3, 70_000)] {
            frame::put_event(&mut events, Handle(9), Sequence(sequence), &vec![5; length]);
        }
        let events = events.freeze();
        let payloads: Result<Vec<Bytes>, Violation> = frames(events.clone()).collect();
        assert_eq!(payloads.unwrap(), frame::split(events).collect::<Vec<_>>());
    }

    #[test]
    fn frames_share_the_memory_of_their_input() {
        let framed = Bytes::from([binary(b"one"), binary(b"")].concat());
        let payloads: Vec<Bytes> = frames(framed.clone()).map(Result::unwrap).collect();
        assert_eq!(payloads, [&b"one"[..], b""]);
        assert_eq!(payloads[0].as_ptr(), framed[2..].as_ptr());
    }

    #[test]
    fn iteration_ends_at_the_first_invalid_server_frame() {
        let good = binary(b"good");
        let cases = [
            (
                encode(OpCode::Data(Data::Binary), b"x", Some([1; 4])),
                Violation::Masked,
            ),
            (
                encode(OpCode::Data(Data::Text), b"x", None),
                Violation::Text,
            ),
            (pong(b"", None).into_vec(), Violation::NotAMessage),
            (good[..5].to_vec(), Violation::Truncated),
            (good[..1].to_vec(), Violation::Truncated),
            (
                vec![0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255],
                Violation::Truncated,
            ),
        ];
        for (bad, violation) in cases {
            let mut frames = frames([good.clone(), bad].concat().into());
            assert_eq!(frames.next(), Some(Ok(Bytes::from_static(b"good"))));
            assert_eq!(frames.next(), Some(Err(violation)));
            assert_eq!(frames.next(), None);
        }
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let framed = close(1000, &"ü".repeat(100), None);
        assert_eq!(framed[1], 124);
        assert!(std::str::from_utf8(&framed[4..]).is_ok());
        assert_eq!(&close(1005, "never sent", None)[..], [0x88, 0]);
    }

    proptest! {
        #[test]
        fn garbage_never_panics(garbage in prop::collection::vec(any::<u8>(), 0..200)) {
            frames(garbage.into()).count();
        }
    }
}
