//! What a Welcome gave.

use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::limits::{FRAME_BYTES_MAX, HEARTBEAT, ROOMS_PER_SESSION_MAX};
use wayfare_protocol::{SessionId, wire};

/// A server that asks for more than ten pings a second is mistaken.
const HEARTBEAT_MIN: Duration = Duration::from_millis(100);

/// All of a command, a join or an unreliable message that is neither payload nor name: at most six
/// keys with a varint each, and a handle.
const FRAME_OVERHEAD_MAX: usize = 80;

pub(crate) struct Session {
    pub(crate) id: SessionId,
    /// Empty if the server gave none: then the session cannot be resumed.
    pub(crate) ticket: Bytes,
}

/// The server's limits, the protocol's own before it has stated any.
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

    /// A zero is an unset field.
    pub(crate) fn stated(welcome: &wire::Welcome) -> Self {
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

    /// The size of a frame around this much, if it is too large. On the safe side by a few bytes,
    /// so that the answer does not depend on a sequence number's length.
    pub(crate) const fn excess(&self, content_bytes: usize) -> Option<usize> {
        let bytes = content_bytes.saturating_add(FRAME_OVERHEAD_MAX);
        if bytes > self.frame_bytes_max {
            Some(bytes)
        } else {
            None
        }
    }
}
