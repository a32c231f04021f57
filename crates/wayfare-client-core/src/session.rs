//! The session and the limits that a Welcome states.

use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::limits::{FRAME_BYTES_MAX, HEARTBEAT, ROOMS_PER_SESSION_MAX};
use wayfare_protocol::{SessionId, wire};

/// The shortest heartbeat that a server may ask for; more than ten pings a second is an error of
/// the server.
const HEARTBEAT_MIN: Duration = Duration::from_millis(100);

/// The largest size of a command, join or unreliable message without payload and name: at most six
/// keys with a varint each, and a handle.
const FRAME_OVERHEAD_MAX: usize = 80;

pub(crate) struct Session {
    /// Unknown if the ticket was kept by an earlier client.
    pub(crate) id: Option<SessionId>,
    /// The resume ticket. Empty if the server gave none: then the session cannot be resumed.
    pub(crate) ticket: Bytes,
}

/// The server's limits. The protocol's defaults apply until the server states its own.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) heartbeat: Duration,
    pub(crate) frame_bytes_max: usize,
    pub(crate) rooms_max: usize,
}

impl Limits {
    pub(crate) const DEFAULT: Self = Self {
        heartbeat: HEARTBEAT,
        frame_bytes_max: FRAME_BYTES_MAX,
        rooms_max: ROOMS_PER_SESSION_MAX,
    };

    /// Reads the limits of a Welcome. Zero stands for an unset field.
    pub(crate) fn from_welcome(welcome: &wire::Welcome) -> Self {
        let stated = welcome.limits.unwrap_or_default();
        let or = |stated: u32, default: usize| match usize::try_from(stated) {
            Ok(0) | Err(_) => default,
            Ok(stated) => stated,
        };
        Self {
            heartbeat: match welcome.heartbeat_ms {
                0 => HEARTBEAT,
                millis => Duration::from_millis(millis.into()).max(HEARTBEAT_MIN),
            },
            frame_bytes_max: or(stated.frame_bytes_max, FRAME_BYTES_MAX),
            rooms_max: or(stated.rooms_max, ROOMS_PER_SESSION_MAX),
        }
    }

    /// Returns the size of a frame with this much content, if it exceeds the limit. The estimate is
    /// a few bytes high, so that the answer does not depend on the length of a sequence number.
    pub(crate) const fn oversize(&self, content_bytes: usize) -> Option<usize> {
        let bytes = content_bytes.saturating_add(FRAME_OVERHEAD_MAX);
        if bytes > self.frame_bytes_max {
            Some(bytes)
        } else {
            None
        }
    }
}
