//! Reasons for the end of a connection: the peer, the network, or a protocol violation by the peer.

use std::io;

use tungstenite::protocol::frame::coding::CloseCode;

/// The reason why nothing more can be read from a connection. Four bytes, `Copy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// The peer sent a close frame, by itself or as the answer to ours.
    #[error("the peer closed with code {code}")]
    PeerClosed {
        /// The code from the peer; 1005 if it sent none (RFC 6455, section 7.1.5).
        code: u16,
    },
    /// The stream ended without a close frame (`UnexpectedEof`) or failed.
    #[error("the connection was lost: {0}")]
    Reset(io::ErrorKind),
    /// The peer violated the protocol or a limit. A close frame with [`Violation::code`] is queued.
    #[error(transparent)]
    Violation(#[from] Violation),
}

impl Closed {
    /// Returns the code that an endpoint of RFC 6455 would report to its application: 1006 for a
    /// lost connection (section 7.1.5).
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::PeerClosed { code } => code,
            Self::Reset(_) => CloseCode::Abnormal.into(),
            Self::Violation(violation) => violation.code(),
        }
    }
}

/// A rule of RFC 6455, or a limit of this server, that a peer violated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A reserved bit is set, but no extension was negotiated that would use it (section 5.2).
    #[error("a reserved bit is set")]
    ReservedBit,
    /// The opcode is reserved (section 5.2).
    #[error("the opcode is reserved")]
    ReservedOpcode,
    /// The length is not in its shortest form (section 5.2).
    #[error("the length is not in its shortest form")]
    LengthForm,
    /// A client's frame is not masked (section 5.1).
    #[error("a frame of a client is not masked")]
    Unmasked,
    /// A server's frame is masked (section 5.1).
    #[error("a frame of a server is masked")]
    Masked,
    /// A control frame is fragmented (section 5.5).
    #[error("a control frame is fragmented")]
    ControlFragmented,
    /// A control frame has more than 125 bytes (section 5.5).
    #[error("a control frame is too long")]
    ControlTooLong,
    /// A continuation frame does not follow a fragment (section 5.4).
    #[error("a continuation of nothing")]
    ContinuationUnexpected,
    /// A new message begins before the previous one is complete (section 5.4).
    #[error("a message begins inside another")]
    MessageInterleaved,
    /// A close frame has one byte, or a code that must not be sent (section 5.5.1).
    #[error("a close frame is malformed")]
    CloseMalformed,
    /// The reason of a close frame is not UTF-8 (section 5.5.1).
    #[error("the reason of a close frame is not text")]
    CloseReason,
    /// The message is text, but every message of this protocol is binary.
    #[error("text is not accepted")]
    Text,
    /// The message exceeds the size that this connection accepts.
    #[error("the message is too big")]
    MessageTooBig,
    /// The bytes must consist of whole messages but contain another frame.
    #[error("a frame is not a whole binary message")]
    NotAMessage,
    /// The bytes must consist of whole messages but end inside one.
    #[error("a frame is cut short")]
    Truncated,
}

impl Violation {
    /// Returns the close code for this violation (RFC 6455, section 7.4.1).
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::Text => CloseCode::Unsupported,
            Self::CloseReason => CloseCode::Invalid,
            Self::MessageTooBig => CloseCode::Size,
            Self::ReservedBit
            | Self::ReservedOpcode
            | Self::LengthForm
            | Self::Unmasked
            | Self::Masked
            | Self::ControlFragmented
            | Self::ControlTooLong
            | Self::ContinuationUnexpected
            | Self::MessageInterleaved
            | Self::CloseMalformed
            | Self::NotAMessage
            | Self::Truncated => CloseCode::Protocol,
        }
        .into()
    }
}
