//! The frames of the measured path, decoded in place. It gives the results of
//! `frame::decode_server` without allocations, so that the generator costs less than the server it
//! measures.

use wayfare_protocol::frame;

/// Tag and wire type of `ServerFrame.event`.
const EVENT: u8 = 5 << 3 | 2;
/// Tag and wire type of `ServerFrame.applied`.
const APPLIED: u8 = 7 << 3 | 2;
const HANDLE: u8 = 1 << 3 | 1;
const SEQUENCE: u8 = 2 << 3;
const PAYLOAD: u8 = 3 << 3 | 2;

/// The first byte of a close frame (RFC 6455, section 5.5.1).
pub(crate) const CLOSE: u8 = 0x88;

/// An event in the read buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event<'a> {
    pub(crate) handle: u64,
    pub(crate) sequence: u64,
    pub(crate) payload: &'a [u8],
}

/// A WebSocket frame of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Framed<'a> {
    /// The first byte: final bit and opcode.
    pub(crate) opcode: u8,
    pub(crate) payload: &'a [u8],
    /// The length of header and payload.
    pub(crate) length: usize,
}

/// Finds the first frame in `bytes`; `None` if it is incomplete.
pub(crate) fn first_frame(bytes: &[u8]) -> Option<Framed<'_>> {
    let (header, length): (usize, usize) = match *bytes.get(1)? {
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
    let end = header.checked_add(length)?;
    Some(Framed {
        opcode: bytes[0],
        payload: bytes.get(header..end)?,
        length: end,
    })
}

/// Decodes the event in a frame, if it has the form that `frame::put_event` writes. `None` means
/// only that the slow path must decode the frame.
#[inline]
pub(crate) fn event(frame: &[u8]) -> Option<Event<'_>> {
    let (tag, rest) = frame.split_first()?;
    let (length, rest) = varint(rest)?;
    if *tag != EVENT || length != rest.len() as u64 {
        return None;
    }
    let (tag, rest) = rest.split_first()?;
    let (handle, rest) = rest.split_first_chunk::<8>()?;
    if *tag != HANDLE {
        return None;
    }
    let handle = u64::from_le_bytes(*handle);
    let (sequence, rest) = match rest.split_first() {
        Some((&SEQUENCE, rest)) => varint(rest)?,
        _ => (0, rest),
    };
    let payload = match rest.split_first() {
        None => rest,
        Some((&PAYLOAD, rest)) => {
            let (length, payload) = varint(rest)?;
            (length == payload.len() as u64).then_some(payload)?
        }
        Some(_) => return None,
    };
    Some(Event {
        handle,
        sequence,
        payload,
    })
}

/// Returns true if this frame only reports how many of the member's commands were applied.
#[inline]
pub(crate) fn is_applied(frame: &[u8]) -> bool {
    frame.first() == Some(&APPLIED)
}

/// Decodes a varint of at most nine bytes, which is enough for the measured path.
#[inline]
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(9).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

/// Appends a masked binary frame (RFC 6455, section 5.3).
pub(crate) fn put_masked(buffer: &mut Vec<u8>, payload: &[u8], key: [u8; 4]) {
    let start = buffer.len();
    buffer.push(frame::BINARY);
    match payload.len() {
        length @ 0..=125 => buffer.push(0x80 | length as u8),
        length @ 126..=0xffff => {
            buffer.push(0x80 | 126);
            buffer.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            buffer.push(0x80 | 127);
            buffer.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    debug_assert_eq!(buffer.len() - start, frame::header_len(payload.len()));
    buffer.extend_from_slice(&key);
    let masked = payload.iter().zip(key.iter().cycle());
    buffer.extend(masked.map(|(byte, key)| byte ^ key));
}

/// Returns a number without a pattern, the same in every run: Steele, Lea and Flood, "Fast
/// splittable pseudorandom number generators" (OOPSLA 2014).
pub(crate) fn scramble(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use bytes::{Bytes, BytesMut};
    use proptest::prelude::*;
    use wayfare_protocol::wire::server_frame::Body;
    use wayfare_protocol::{Handle, Sequence, wire};

    use super::*;

    fn ref_event(frame: &[u8]) -> Option<Body> {
        frame::decode_server(Bytes::copy_from_slice(frame)).ok()
    }

    fn check_against_prost(frame: &[u8]) {
        if let Some(event) = event(frame) {
            let expected = wire::Event {
                handle: event.handle,
                sequence: event.sequence,
                payload: Bytes::copy_from_slice(event.payload),
            };
            assert_eq!(ref_event(frame), Some(Body::Event(expected)));
        }
    }

    proptest! {
        #[test]
        fn the_fast_path_reads_every_event_like_prost(
            handle: u64, sequence in 0_u64..1 << 62,
            payload in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let mut bytes = BytesMut::new();
            frame::put_event(&mut bytes, Handle(handle), Sequence(sequence), &payload);
            let framed = first_frame(&bytes).unwrap();
            prop_assert_eq!((framed.opcode, framed.length), (frame::BINARY, bytes.len()));
            prop_assert!(event(framed.payload).is_some());
            check_against_prost(framed.payload);
        }

        #[test]
        fn damaged_events_are_read_like_prost_does(
            sequence in 0_u64..1 << 20, payload in prop::collection::vec(any::<u8>(), 0..80),
            at: prop::sample::Index, byte: u8, cut: prop::sample::Index,
        ) {
            let mut bytes = BytesMut::new();
            frame::put_event(&mut bytes, Handle(7), Sequence(sequence), &payload);
            let mut damaged = first_frame(&bytes).unwrap().payload.to_vec();
            let at = at.index(damaged.len());
            damaged[at] = byte;
            check_against_prost(&damaged);
            check_against_prost(&damaged[..cut.index(damaged.len())]);
        }

        #[test]
        fn a_masked_frame_unmasks_to_what_was_put(
            payload in prop::collection::vec(any::<u8>(), 0..70_000), key: [u8; 4],
        ) {
            let mut bytes = Vec::new();
            put_masked(&mut bytes, &payload, key);
            bytes[1] &= 0x7f;
            let header = frame::header_len(payload.len());
            let unmasked: Vec<u8> =
                bytes[header + 4..].iter().zip(key.iter().cycle()).map(|(b, k)| b ^ k).collect();
            prop_assert_eq!(&bytes[header..header + 4], &key);
            prop_assert_eq!(unmasked, payload);
        }
    }

    #[test]
    fn a_frame_is_cut_only_when_it_is_whole() {
        let mut bytes = BytesMut::new();
        frame::put_event(&mut bytes, Handle(1), Sequence(1), &[7; 200]);
        for end in 0..bytes.len() {
            assert_eq!(first_frame(&bytes[..end]), None);
        }
        assert!(first_frame(&bytes).is_some());
    }

    #[test]
    fn an_applied_is_told_apart() {
        let body = Body::Applied(wire::Applied {
            handle: 1,
            applied: 2,
        });
        let bytes = frame::server_frame(body);
        assert!(is_applied(first_frame(&bytes).unwrap().payload));
    }
}
