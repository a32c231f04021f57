//! Error codes: the numbers of errors on the wire.

/// The code of an `Error` on the wire. Each has a page `docs/errors/<code>.md`.
///
/// The range tells a client the meaning of a code that it does not know. 1000: the client violated
/// the protocol. 1100: authentication. 1200: the session. 1300: joining. 1400: the room's answer.
/// 1500: the server's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
#[non_exhaustive]
pub enum ErrorCode {
    /// A frame cannot be decoded or is not allowed here.
    BadFrame = 1000,
    /// Client and server have no protocol version in common.
    VersionUnsupported = 1001,
    /// A frame or payload exceeds its limit.
    TooLarge = 1002,
    /// A sequence number leaves a gap.
    SequenceGap = 1003,
    /// No complete Hello arrived in time.
    HandshakeTimeout = 1004,

    /// The token is invalid: signature, form or claims.
    TokenInvalid = 1100,
    /// The token has expired.
    TokenExpired = 1101,
    /// This server does not let guests in.
    GuestsRefused = 1102,

    /// The ticket was not issued here, or was changed.
    TicketInvalid = 1200,
    /// The ticket's session has ended.
    TicketExpired = 1201,
    /// A newer ticket of the session was already used or acknowledged.
    TicketSuperseded = 1202,
    /// Another login of the same player replaced the session.
    SessionReplaced = 1203,
    /// The player has a session already, and the policy keeps the first.
    AlreadyConnected = 1204,
    /// An operator ended the session.
    SessionKicked = 1205,
    /// The session was resumed over another connection.
    SessionResumed = 1206,

    /// The kind of room does not exist.
    KindUnknown = 1300,
    /// The room does not exist.
    RoomNotFound = 1301,
    /// The room exists, but the join asked for a new one.
    RoomExists = 1302,
    /// The room has as many members as allowed.
    RoomFull = 1303,
    /// The room is locked.
    RoomLocked = 1304,
    /// The kind does not allow clients to do this.
    NotAllowed = 1305,
    /// The session is in as many rooms as allowed.
    RoomsPerSession = 1306,
    /// The room's name is not `kind/key`.
    RoomNameInvalid = 1307,
    /// The session is in that room already.
    AlreadyJoined = 1308,
    /// The room closed while the join was in flight.
    RoomClosed = 1309,

    /// The room refused; `detail` is the application's number.
    Refused = 1400,
    /// The payload cannot be decoded as the room's type.
    PayloadInvalid = 1401,
    /// The room's handler failed on this command.
    HandlerFailed = 1402,

    /// The server is stopping.
    ShuttingDown = 1500,
    /// A temporary problem: try again later.
    Unavailable = 1501,
    /// The client did not read fast enough; it may resume.
    SlowReader = 1502,
    /// The client sent faster than the limit for too long.
    RateLimited = 1503,
    /// The server has as many rooms or sessions as allowed.
    Full = 1504,
    /// The connection was silent for too long; the client may resume.
    Silent = 1505,
    /// A defect of the server.
    Internal = 1506,
}

impl ErrorCode {
    /// Every code, in order.
    pub const ALL: [ErrorCode; 35] = {
        use ErrorCode::*;
        [
            BadFrame,
            VersionUnsupported,
            TooLarge,
            SequenceGap,
            HandshakeTimeout,
            TokenInvalid,
            TokenExpired,
            GuestsRefused,
            TicketInvalid,
            TicketExpired,
            TicketSuperseded,
            SessionReplaced,
            AlreadyConnected,
            SessionKicked,
            SessionResumed,
            KindUnknown,
            RoomNotFound,
            RoomExists,
            RoomFull,
            RoomLocked,
            NotAllowed,
            RoomsPerSession,
            RoomNameInvalid,
            AlreadyJoined,
            RoomClosed,
            Refused,
            PayloadInvalid,
            HandlerFailed,
            ShuttingDown,
            Unavailable,
            SlowReader,
            RateLimited,
            Full,
            Silent,
            Internal,
        ]
    };

    /// Returns the number on the wire.
    #[must_use]
    pub const fn code(self) -> u32 {
        self as u32
    }

    /// Returns the code with this number; `None` if this build does not know it.
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.code() == code)
    }

    /// Returns true if the same request may succeed later without a change by anybody.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        use ErrorCode::*;
        match self {
            RoomFull | RoomLocked | RoomClosed | ShuttingDown | Unavailable | SlowReader
            | RateLimited | Full | Silent | AlreadyConnected | HandshakeTimeout => true,
            BadFrame | VersionUnsupported | TooLarge | SequenceGap | TokenInvalid
            | TokenExpired | GuestsRefused | TicketInvalid | TicketExpired | TicketSuperseded
            | SessionReplaced | SessionKicked | SessionResumed | KindUnknown | RoomNotFound
            | RoomExists | NotAllowed | RoomsPerSession | RoomNameInvalid | AlreadyJoined
            | Refused | PayloadInvalid | HandlerFailed | Internal => false,
        }
    }

    /// Returns a client's reaction to an `Ended` with this code.
    #[must_use]
    pub const fn should_reconnect(self) -> Reconnect {
        use ErrorCode::*;
        match self {
            ShuttingDown | Unavailable | SlowReader | Silent | HandshakeTimeout | Full
            | RateLimited | SequenceGap => Reconnect::Resume,
            TicketInvalid | TicketExpired | TicketSuperseded => Reconnect::Afresh,
            BadFrame | VersionUnsupported | TooLarge | TokenInvalid | TokenExpired
            | GuestsRefused | SessionReplaced | AlreadyConnected | SessionKicked
            | SessionResumed | KindUnknown | RoomNotFound | RoomExists | RoomFull | RoomLocked
            | NotAllowed | RoomsPerSession | RoomNameInvalid | AlreadyJoined | RoomClosed
            | Refused | PayloadInvalid | HandlerFailed | Internal => Reconnect::Never,
        }
    }
}

/// The reaction of a client to the end of its connection: see [`ErrorCode::should_reconnect`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reconnect {
    /// Reconnect and present the ticket.
    Resume,
    /// The session is lost: reconnect with the token, and notify the application.
    Afresh,
    /// An automatic reconnect would not help.
    Never,
}

impl Reconnect {
    /// Returns the reaction to a number from the wire. For an unknown code the range decides.
    #[must_use]
    pub fn of_code(code: u32) -> Self {
        match (ErrorCode::from_code(code), code) {
            (Some(known), _) => known.should_reconnect(),
            (None, 1500..=1599) => Reconnect::Resume,
            (None, _) => Reconnect::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_back_from_their_numbers() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_code(code.code()), Some(code));
        }
        assert!(ErrorCode::ALL.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(ErrorCode::from_code(1), None);
    }

    #[test]
    fn the_range_of_an_unknown_code_decides() {
        assert_eq!(Reconnect::of_code(1599), Reconnect::Resume);
        assert_eq!(Reconnect::of_code(1099), Reconnect::Never);
    }
}
