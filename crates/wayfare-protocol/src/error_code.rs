//! What can go wrong, as one number on the wire.

/// The code of an `Error` on the wire. Each has a page `docs/errors/<code>.md`.
///
/// The ranges carry the meaning for a client that does not know a code: 1000 the client broke the
/// protocol · 1100 who it is · 1200 its session · 1300 joining · 1400 the room's answer · 1500 the
/// server's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
#[non_exhaustive]
pub enum ErrorCode {
    /// A frame that does not decode or does not belong here.
    BadFrame = 1000,
    /// No protocol version in common.
    VersionUnsupported = 1001,
    /// A frame or payload larger than the limit.
    TooLarge = 1002,
    /// A sequence number that leaves a gap.
    SequenceGap = 1003,
    /// No complete Hello in time.
    HandshakeTimeout = 1004,

    /// The token is not valid: signature, form or claims.
    TokenInvalid = 1100,
    /// The token was valid once.
    TokenExpired = 1101,
    /// Guests are not let in here.
    GuestsRefused = 1102,

    /// The ticket was not made here, or was changed.
    TicketInvalid = 1200,
    /// The ticket's session has ended.
    TicketExpired = 1201,
    /// A newer ticket of the session was already used or acknowledged.
    TicketSuperseded = 1202,
    /// Another login of the same player took over.
    SessionReplaced = 1203,
    /// The player is already here, and the policy keeps the first.
    AlreadyConnected = 1204,
    /// An operator ended the session.
    SessionKicked = 1205,
    /// The session was resumed over another connection.
    SessionResumed = 1206,

    /// No such kind of room.
    KindUnknown = 1300,
    /// No such room.
    RoomNotFound = 1301,
    /// The room exists, and the join asked for a new one.
    RoomExists = 1302,
    /// `members_max` reached.
    RoomFull = 1303,
    /// The room takes no new members.
    RoomLocked = 1304,
    /// The kind does not allow clients to do this.
    NotAllowed = 1305,
    /// The session is in as many rooms as it may be.
    RoomsPerSession = 1306,
    /// The room's name is not `kind/key`.
    RoomNameInvalid = 1307,
    /// The session is in that room already.
    AlreadyJoined = 1308,
    /// The room closed while the join was under way.
    RoomClosed = 1309,

    /// The room's own refusal; `detail` is the application's number.
    Refused = 1400,
    /// The payload does not decode as what the room takes.
    PayloadInvalid = 1401,
    /// The room's handler failed on this command.
    HandlerFailed = 1402,

    /// The server is stopping.
    ShuttingDown = 1500,
    /// Something that may pass: try again later.
    Unavailable = 1501,
    /// The client did not read fast enough; it may resume.
    SlowReader = 1502,
    /// The client sent faster than the limit for too long.
    RateLimited = 1503,
    /// The server holds as many rooms or sessions as it may.
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

    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> u32 {
        self as u32
    }

    /// The code of a number from the wire; `None` if this build does not know it.
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.code() == code)
    }

    /// Whether the same request may succeed later without anybody changing anything.
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

    /// What a client does with its connection after an `Ended` with this code.
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

/// See [`ErrorCode::should_reconnect`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reconnect {
    /// Connect again and present the ticket.
    Resume,
    /// The session is gone: connect again with the token, tell the application.
    Afresh,
    /// Coming back by itself would not help.
    Never,
}

impl Reconnect {
    /// What to do on a code from the wire, known or not: the range decides for a later one.
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
