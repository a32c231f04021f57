//! The encoding of messages as frames: a length header, then the message in protobuf.
//!
//! The header is that of an unmasked WebSocket binary frame (RFC 6455, section 5.2), on every
//! transport. A frame is therefore encoded once, and the same bytes are sent to all recipients,
//! whatever their transport.

use bytes::{BufMut, Bytes, BytesMut};
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};

use crate::wire::{ClientFrame, ServerFrame, client_frame, server_frame};
use crate::{Handle, Sequence};

/// The first byte of a frame: final fragment, binary.
pub const BINARY: u8 = 0x82;

/// Returns the length of the header for a payload of `length` bytes.
#[must_use]
pub const fn header_len(length: usize) -> usize {
    match length {
        0..=125 => 2,
        126..=0xffff => 4,
        _ => 10,
    }
}

fn put_header(buffer: &mut impl BufMut, length: usize) {
    buffer.put_u8(BINARY);
    match length {
        0..=125 => buffer.put_u8(length as u8),
        126..=0xffff => {
            buffer.put_u8(126);
            buffer.put_u16(length as u16);
        }
        _ => {
            buffer.put_u8(127);
            buffer.put_u64(length as u64);
        }
    }
}

/// Appends a frame to the client, with its header.
pub fn put_server_frame(buffer: &mut BytesMut, body: server_frame::Body) {
    let frame = ServerFrame { body: Some(body) };
    let length = frame.encoded_len();
    buffer.reserve(header_len(length) + length);
    put_header(buffer, length);
    frame.encode_raw(buffer);
}

/// Makes a frame to the client, with its header.
#[must_use]
pub fn server_frame(body: server_frame::Body) -> Bytes {
    let mut buffer = BytesMut::new();
    put_server_frame(&mut buffer, body);
    buffer.freeze()
}

/// Makes a frame to the server without a header: the client's transport masks and frames it.
#[must_use]
pub fn client_payload(body: client_frame::Body) -> Bytes {
    ClientFrame { body: Some(body) }.encode_to_vec().into()
}

/// Appends an `Event` frame without building a message. This is the one frame that is written per
/// event, from a payload in a scratch buffer.
pub fn put_event(buffer: &mut BytesMut, handle: Handle, sequence: Sequence, payload: &[u8]) {
    let event =
        9 + if sequence.0 == 0 {
            0
        } else {
            1 + encoded_len_varint(sequence.0)
        } + bytes_len(payload);
    put_body(buffer, TAG_EVENT, event);
    put_handle(buffer, handle);
    if sequence.0 != 0 {
        encode_key(2, WireType::Varint, buffer);
        encode_varint(sequence.0, buffer);
    }
    put_bytes(buffer, payload);
}

/// Appends an `Unreliable` frame to the client, like [`put_event`].
pub fn put_unreliable(buffer: &mut BytesMut, handle: Handle, payload: &[u8]) {
    put_body(buffer, TAG_UNRELIABLE, 9 + bytes_len(payload));
    put_handle(buffer, handle);
    put_bytes(buffer, payload);
}

const TAG_EVENT: u32 = 5;
const TAG_UNRELIABLE: u32 = 12;
const TAG_PAYLOAD: u32 = 3;

fn put_body(buffer: &mut BytesMut, tag: u32, length: usize) {
    let frame = key_len(tag) + encoded_len_varint(length as u64) + length;
    buffer.reserve(header_len(frame) + frame);
    put_header(buffer, frame);
    encode_key(tag, WireType::LengthDelimited, buffer);
    encode_varint(length as u64, buffer);
}

fn put_handle(buffer: &mut BytesMut, handle: Handle) {
    encode_key(1, WireType::SixtyFourBit, buffer);
    buffer.put_u64_le(handle.0);
}

fn bytes_len(payload: &[u8]) -> usize {
    match payload.len() {
        0 => 0,
        length => 1 + encoded_len_varint(length as u64) + length,
    }
}

fn put_bytes(buffer: &mut BytesMut, payload: &[u8]) {
    if !payload.is_empty() {
        encode_key(TAG_PAYLOAD, WireType::LengthDelimited, buffer);
        encode_varint(payload.len() as u64, buffer);
        buffer.put_slice(payload);
    }
}

/// The error for a frame that cannot be decoded or is unknown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFrame {
    /// The bytes are not protobuf, or not of this schema.
    #[error("the frame does not decode: {0}")]
    Malformed(String),
    /// The message is unknown: a later version wrote it.
    #[error("the frame is of a sort this version does not know")]
    Unknown,
}

/// Decodes a frame from a client. Copies payloads, so the result borrows nothing.
///
/// # Errors
/// If it is not a frame, or is unknown to this build.
pub fn decode_client(payload: &[u8]) -> Result<client_frame::Body, BadFrame> {
    let frame =
        ClientFrame::decode(payload).map_err(|error| BadFrame::Malformed(error.to_string()))?;
    frame.body.ok_or(BadFrame::Unknown)
}

/// Decodes a frame from a server. Payloads are slices of `payload`.
///
/// # Errors
/// If it is not a frame, or is unknown to this build.
pub fn decode_server(payload: Bytes) -> Result<server_frame::Body, BadFrame> {
    let frame =
        ServerFrame::decode(payload).map_err(|error| BadFrame::Malformed(error.to_string()))?;
    frame.body.ok_or(BadFrame::Unknown)
}

/// Splits bytes written by this module into the payloads of their frames, without copying.
///
/// Use it only for bytes of this module. Iteration ends at the first incomplete frame.
pub fn split(mut bytes: Bytes) -> impl Iterator<Item = Bytes> {
    std::iter::from_fn(move || {
        let (header, length) = match *bytes.get(1)? {
            126 => (
                4,
                usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)),
            ),
            127 => {
                let length = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
                (10, usize::try_from(length).ok()?)
            }
            length => (2, usize::from(length)),
        };
        if bytes.len() < header + length {
            return None;
        }
        let payload = bytes.slice(header..header + length);
        bytes = bytes.slice(header + length..);
        Some(payload)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire;

    #[test]
    fn headers_grow_with_the_payload() {
        for length in [0, 1, 125, 126, 0xffff, 0x1_0000] {
            let mut buffer = BytesMut::new();
            put_header(&mut buffer, length);
            assert_eq!(buffer.len(), header_len(length));
            buffer.extend_from_slice(&vec![7; length]);
            let payloads: Vec<Bytes> = split(buffer.freeze()).collect();
            assert_eq!(
                payloads.iter().map(Bytes::len).collect::<Vec<_>>(),
                [length]
            );
        }
    }

    proptest! {
        #[test]
        fn events_are_written_as_protobuf_would(
            handle: u64, sequence: u64, payload in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let mut ours = BytesMut::new();
            put_event(&mut ours, Handle(handle), Sequence(sequence), &payload);
            put_unreliable(&mut ours, Handle(handle), &payload);
            let event = wire::Event { handle, sequence, payload: payload.clone().into() };
            let unreliable = wire::Unreliable { handle, membership: 0, payload: payload.into() };
            let bodies: Vec<_> = split(ours.freeze()).map(|p| decode_server(p).unwrap()).collect();
            prop_assert_eq!(
                bodies,
                [server_frame::Body::Event(event), server_frame::Body::Unreliable(unreliable)]
            );
        }

        #[test]
        fn garbage_is_refused_without_a_panic(
            garbage in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let _ = decode_client(&garbage);
            let _ = split(garbage.clone().into()).count();
            let _ = decode_server(garbage.into());
        }
    }

    #[test]
    fn a_frame_of_a_later_version_is_told_apart_from_garbage() {
        assert_eq!(decode_client(&[0xfa, 0x07, 0x00]), Err(BadFrame::Unknown));
        assert!(matches!(
            decode_client(&[0x0a, 0x7f]),
            Err(BadFrame::Malformed(_))
        ));
    }
}
