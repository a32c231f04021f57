//! Splits the incoming bytes of a peer into messages (RFC 6455, section 5).

use std::mem;

use tungstenite::protocol::frame::coding::CloseCode;

use crate::header::{HEADER_BYTES_MAX, Header, Kind};
use crate::{Violation, mask};

/// An event in the incoming bytes. Payloads borrow from the input or from the stored partial
/// message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    Message(&'a [u8]),
    /// A fragment that does not complete its message.
    Fragment,
    Ping(&'a [u8]),
    Pong,
    Close {
        code: Option<u16>,
    },
}

/// The state between two reads. It allocates only while a message or a control frame is incomplete.
#[derive(Debug)]
pub(crate) struct Inbound {
    /// The partial message, followed by the partial control frame.
    partial: Vec<u8>,
    /// The start of the control frame in `partial`, which is the end of the complete fragments.
    message_bytes: u32,
    message_bytes_max: u32,
    frame: Option<Frame>,
    in_message: bool,
    peer_masks: bool,
    head_bytes: u8,
    head: [u8; HEADER_BYTES_MAX],
}

/// A frame whose header was accepted and whose payload is arriving.
#[derive(Clone, Copy, Debug)]
struct Frame {
    to_come: u32,
    key: Option<[u8; 4]>,
    kind: Kind,
    is_final: bool,
}

impl Inbound {
    pub(crate) fn new(message_bytes_max: usize, peer_masks: bool) -> Self {
        Self {
            partial: Vec::new(),
            message_bytes: 0,
            message_bytes_max: u32::try_from(message_bytes_max).unwrap_or(u32::MAX),
            frame: None,
            in_message: false,
            peer_masks,
            head_bytes: 0,
            head: [0; HEADER_BYTES_MAX],
        }
    }

    /// Returns the event of the next whole frame in `input`, and advances `input` past the consumed
    /// bytes, which are unmasked in place.
    ///
    /// Returns `None` when `input` is used up. Call until then, because the next call frees the
    /// memory of the previous event. Do not pass in more bytes after a violation.
    pub(crate) fn next<'s, 'i: 's>(
        &'s mut self,
        input: &mut &'i mut [u8],
    ) -> Result<Option<Event<'s>>, Violation> {
        if self.frame.is_none() {
            self.release();
            self.frame = self.take_header(input)?;
        }
        let Some(frame) = &mut self.frame else {
            return Ok(None);
        };
        let chunk = frame.take_payload(input);
        let Frame {
            to_come,
            kind,
            is_final,
            ..
        } = *frame;
        let begin = if kind.is_control() {
            self.message_bytes as usize
        } else {
            0
        };
        let is_whole = to_come == 0 && is_final && self.partial.len() == begin;
        if !is_whole {
            self.keep(chunk, to_come as usize);
        }
        if to_come > 0 {
            return Ok(None);
        }
        self.frame = None;
        if !kind.is_control() {
            self.in_message = !is_final;
            self.message_bytes = if is_final {
                0
            } else {
                self.partial.len() as u32
            };
        }
        let payload = if is_whole {
            chunk
        } else {
            &self.partial[begin..]
        };
        Ok(Some(match kind {
            Kind::Ping => Event::Ping(payload),
            Kind::Pong => Event::Pong,
            Kind::Close => Event::Close {
                code: close_code(payload)?,
            },
            Kind::Binary | Kind::Continuation if is_final => Event::Message(payload),
            Kind::Binary | Kind::Continuation => Event::Fragment,
        }))
    }

    /// Frees the partial message of a connection that discards its input.
    pub(crate) fn clear(&mut self) {
        self.partial = Vec::new();
        self.message_bytes = 0;
    }

    fn release(&mut self) {
        if self.message_bytes == 0 {
            self.partial = Vec::new();
        } else {
            self.partial.truncate(self.message_bytes as usize);
        }
    }

    fn take_header(&mut self, input: &mut &mut [u8]) -> Result<Option<Frame>, Violation> {
        let kept = usize::from(self.head_bytes);
        let end = HEADER_BYTES_MAX.min(kept + input.len());
        self.head[kept..end].copy_from_slice(&input[..end - kept]);
        let Some((header, header_bytes)) = Header::parse(&self.head[..end])? else {
            take(input, end - kept);
            self.head_bytes = end as u8;
            return Ok(None);
        };
        take(input, header_bytes - kept);
        self.head_bytes = 0;
        self.check(header).map(Some)
    }

    fn check(&self, header: Header) -> Result<Frame, Violation> {
        match (header.mask.is_some(), self.peer_masks) {
            (false, true) => return Err(Violation::Unmasked),
            (true, false) => return Err(Violation::Masked),
            (true, true) | (false, false) => {}
        }
        match header.kind {
            Kind::Binary if self.in_message => return Err(Violation::MessageInterleaved),
            Kind::Continuation if !self.in_message => {
                return Err(Violation::ContinuationUnexpected);
            }
            _ => {}
        }
        let room = self.message_bytes_max - self.message_bytes;
        if !header.kind.is_control() && header.payload_bytes > u64::from(room) {
            return Err(Violation::MessageTooBig);
        }
        Ok(Frame {
            to_come: header.payload_bytes as u32,
            key: header.mask,
            kind: header.kind,
            is_final: header.is_final,
        })
    }

    /// Stores a chunk. Memory follows the bytes received, not the announced length: at most twice
    /// as much is reserved, and never more than the rest of the frame.
    fn keep(&mut self, chunk: &[u8], to_come: usize) {
        let filled = self.partial.len() + chunk.len();
        if filled > self.partial.capacity() {
            let capacity = filled.max(2 * self.partial.len()).min(filled + to_come);
            self.partial.reserve_exact(capacity - self.partial.len());
        }
        self.partial.extend_from_slice(chunk);
    }
}

impl Frame {
    fn take_payload<'i>(&mut self, input: &mut &'i mut [u8]) -> &'i mut [u8] {
        let length = input.len().min(self.to_come as usize);
        let chunk = take(input, length);
        self.to_come -= length as u32;
        if let Some(key) = &mut self.key {
            mask::apply(chunk, *key);
            key.rotate_left(length % 4);
        }
        chunk
    }
}

fn take<'i>(input: &mut &'i mut [u8], length: usize) -> &'i mut [u8] {
    let (taken, rest) = mem::take(input).split_at_mut(length);
    *input = rest;
    taken
}

fn close_code(payload: &[u8]) -> Result<Option<u16>, Violation> {
    match payload {
        [] => Ok(None),
        [_] => Err(Violation::CloseMalformed),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            if !CloseCode::from(code).is_allowed() {
                return Err(Violation::CloseMalformed);
            }
            std::str::from_utf8(reason).map_err(|_| Violation::CloseReason)?;
            Ok(Some(code))
        }
    }
}

#[cfg(test)]
mod tests;
