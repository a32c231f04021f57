//! The header of a frame (RFC 6455, section 5.2), checked before its payload is read.

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::Violation;

/// The longest header: opcode, 64-bit length, mask.
pub(crate) const HEADER_BYTES_MAX: usize = 14;

/// The longest payload of a control frame (section 5.5).
pub(crate) const CONTROL_BYTES_MAX: usize = 125;

/// The kinds of frame that are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Binary,
    Continuation,
    Ping,
    Pong,
    Close,
}

impl Kind {
    pub(crate) fn is_control(self) -> bool {
        matches!(self, Self::Ping | Self::Pong | Self::Close)
    }
}

/// A header that passed every check that needs no earlier frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) kind: Kind,
    pub(crate) is_final: bool,
    pub(crate) mask: Option<[u8; 4]>,
    pub(crate) payload_bytes: u64,
}

impl Header {
    /// Parses the header at the start of `bytes` and returns it with its length, or `None` if it is
    /// incomplete.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Violation> {
        let mut cursor = std::io::Cursor::new(bytes);
        // Reading from memory cannot fail, so the only error is an unknown opcode.
        let parsed = FrameHeader::parse(&mut cursor).map_err(|_| Violation::ReservedOpcode)?;
        let Some((parsed, payload_bytes)) = parsed else {
            return Ok(None);
        };
        let header_bytes = cursor.position() as usize;
        if parsed.rsv1 || parsed.rsv2 || parsed.rsv3 {
            return Err(Violation::ReservedBit);
        }
        if header_bytes != parsed.len(payload_bytes) {
            return Err(Violation::LengthForm);
        }
        let kind = kind(parsed.opcode)?;
        if kind.is_control() {
            if !parsed.is_final {
                return Err(Violation::ControlFragmented);
            }
            if payload_bytes > CONTROL_BYTES_MAX as u64 {
                return Err(Violation::ControlTooLong);
            }
        }
        let header = Self {
            kind,
            is_final: parsed.is_final,
            mask: parsed.mask,
            payload_bytes,
        };
        Ok(Some((header, header_bytes)))
    }
}

fn kind(opcode: OpCode) -> Result<Kind, Violation> {
    match opcode {
        OpCode::Data(Data::Binary) => Ok(Kind::Binary),
        OpCode::Data(Data::Continue) => Ok(Kind::Continuation),
        OpCode::Data(Data::Text) => Err(Violation::Text),
        OpCode::Control(Control::Ping) => Ok(Kind::Ping),
        OpCode::Control(Control::Pong) => Ok(Kind::Pong),
        OpCode::Control(Control::Close) => Ok(Kind::Close),
        OpCode::Data(Data::Reserved(_)) | OpCode::Control(Control::Reserved(_)) => {
            Err(Violation::ReservedOpcode)
        }
    }
}
