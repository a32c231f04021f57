//! Why a connection ended: by its peer, by its network, or by the peer breaking the protocol.

use std::io;

use tungstenite::protocol::frame::coding::CloseCode;

/// Why nothing more will be read from a connection. Four bytes, `Copy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// The peer sent a close frame, be it of its own accord or as the answer to ours.
    #[error("the peer closed with code {code}")]
    PeerClosed {
        /// As sent by the peer; 1005 if it sent none (RFC 6455, section 7.1.5).
        code: u16,
    },
    /// The stream ended without a close frame (`UnexpectedEof`) or failed.
    #[error("the connection was lost: {0}")]
    Reset(io::ErrorKind),
    /// The peer broke the protocol or a limit. A close frame with [`Violation::code`] is queued.
    #[error(transparent)]
    Violation(#[from] Violation),
}

impl Closed {
    /// The code that describes this end, as an endpoint of RFC 6455 would tell its application:
    /// 1006 for a connection that was lost (section 7.1.5).
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::PeerClosed { code } => code,
            Self::Reset(_) => CloseCode::Abnormal.into(),
            Self::Violation(violation) => violation.code(),
        }
    }
}

/// A rule of RFC 6455, or a limit of ours, that a peer broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Section 5.2: no extension was negotiated that would give them a meaning.
    #[error("a reserved bit is set")]
    ReservedBit,
    /// Section 5.2.
    #[error("the opcode is reserved")]
    ReservedOpcode,
    /// Section 5.2: the shortest form that holds the length must be used.
    #[error("the length is not in its shortest form")]
    LengthForm,
    /// Section 5.1: a client masks every frame.
    #[error("a frame of a client is not masked")]
    Unmasked,
    /// Section 5.1: a server masks none.
    #[error("a frame of a server is masked")]
    Masked,
    /// Section 5.5.
    #[error("a control frame is fragmented")]
    ControlFragmented,
    /// Section 5.5: 125 bytes are the most.
    #[error("a control frame is too long")]
    ControlTooLong,
    /// Section 5.4.
    #[error("a continuation of nothing")]
    ContinuationUnexpected,
    /// Section 5.4.
    #[error("a message begins inside another")]
    MessageInterleaved,
    /// Section 5.5.1: a close frame of one byte, or with a code that must not be sent.
    #[error("a close frame is malformed")]
    CloseMalformed,
    /// Section 5.5.1: the reason of a close frame is UTF-8.
    #[error("the reason of a close frame is not text")]
    CloseReason,
    /// Every message of ours is binary.
    #[error("text is not accepted")]
    Text,
    /// Larger than the connection was told to accept.
    #[error("the message is too big")]
    MessageTooBig,
    /// Bytes that were to hold whole messages hold another frame.
    #[error("a frame is not a whole binary message")]
    NotAMessage,
    /// Bytes that were to hold whole messages end inside one.
    #[error("a frame is cut short")]
    Truncated,
}

impl Violation {
    /// The close code that tells the peer (RFC 6455, section 7.4.1).
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
