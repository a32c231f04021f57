//! Every bound that is part of the protocol, with its reason; what an operator may set has its
//! default here. The relations between them are asserted below, at compile time.

use std::time::Duration;

/// The protocol versions this build speaks.
pub const VERSION_MIN: u32 = 1;
/// See [`VERSION_MIN`].
pub const VERSION_MAX: u32 = 1;

/// A kind's name is part of every record key and log line.
pub const KIND_BYTES_MAX: usize = 32;
/// A room's key: long enough for a UUID with a path around it.
pub const KEY_BYTES_MAX: usize = 128;
/// The `sub` of a token: OpenID Connect allows 255 ASCII characters (Core 1.0, section 2).
pub const PLAYER_BYTES_MAX: usize = 255;
/// A node's name: the length of a DNS label.
pub const NODE_BYTES_MAX: usize = 63;
/// A name shown to others.
pub const NAME_BYTES_MAX: usize = 64;

/// One frame from a client, payload and all: what one client may make a node hold before the
/// frame is even understood.
pub const FRAME_BYTES_MAX: usize = 64 * 1024;
/// One frame to a client. A view is the largest; larger worlds are sent in events.
pub const VIEW_BYTES_MAX: usize = 1024 * 1024;
/// A token or ticket in a Hello: eight times the usual size of a signed token.
pub const CREDENTIAL_BYTES_MAX: usize = 8 * 1024;

/// Rooms one session may be in at once.
pub const ROOMS_PER_SESSION_MAX: usize = 16;
/// Joins of one session that wait for their answer.
pub const JOINS_PENDING_MAX: usize = ROOMS_PER_SESSION_MAX;
/// Rooms one answer to a List may hold.
pub const LISTING_ROOMS_MAX: usize = 100;
/// Properties a room may show, and a List may ask for.
pub const PROPERTIES_MAX: usize = 16;
/// A property's name, and its value.
pub const PROPERTY_BYTES_MAX: usize = 128;

/// From the connection to a complete, accepted Hello.
pub const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);
/// A client that has nothing to say pings this often.
pub const HEARTBEAT: Duration = Duration::from_secs(10);
/// A connection silent for this long is lost: two heartbeats may go missing.
pub const SILENCE_MAX: Duration = Duration::from_secs(25);
/// How long a session outlives its connection.
pub const SESSION_GRACE: Duration = Duration::from_secs(60);
/// How long a detached member stays in a room, unless its kind says otherwise.
pub const MEMBER_GRACE: Duration = Duration::from_secs(30);
/// How long an empty room stays, unless its kind says otherwise.
pub const EMPTY_GRACE: Duration = Duration::from_secs(30);

/// Frames per second of one session, sustained: five times what a 20 Hz game sends.
pub const FRAMES_PER_SECOND: u32 = 100;
/// Frames a session may send at once before the rate holds it back: what a client has to say
/// again after a resume.
pub const FRAMES_BURST: u32 = 200;
/// A join, a list or an attach is charged as this many frames: each may cost a record read.
pub const JOIN_COST: u32 = 5;
/// Frames of a session that is held back and kept until their turn; beyond, it is cut.
pub const FRAMES_HELD_BYTES_MAX: usize = 2 * FRAME_BYTES_MAX;

/// Bytes queued for a slow reader beyond which unreliable frames are dropped.
pub const BACKLOG_BYTES_SOFT: usize = 64 * 1024;
/// Bytes queued for a slow reader beyond which its connection is cut; it may resume.
pub const BACKLOG_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Events a room keeps for replay.
pub const HISTORY_EVENTS_MAX: usize = 1024;
/// Bytes of events a room keeps for replay.
pub const HISTORY_BYTES_MAX: usize = 256 * 1024;
/// The age beyond which an event is not replayed.
pub const HISTORY_AGE_MAX: Duration = Duration::from_secs(60);

/// Members of one room, unless its kind says otherwise.
pub const MEMBERS_MAX: u32 = 1000;
/// Timers one room may have running.
pub const TIMERS_MAX: usize = 1024;
/// Futures and asks of one entity under way at once: more is a loop that never waits.
pub const CALLS_MAX: usize = 256;
/// An entity's state as one piece: more belongs into parts, for a turn encodes it all.
pub const STATE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of parts that one turn encodes: a few milliseconds of a shard's time.
pub const PARTS_TURN_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of parts on their way to or from storage at once, per entity: enough to keep storage
/// busy, little enough that many large entities fit into memory.
pub const PARTS_WAY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// A journal is replaced by a snapshot once it is this long, or four times as long as that, up to
/// twice as much: so at most a quarter is written on top, and a recovery reads little more than
/// the state.
pub const JOURNAL_BYTES_MIN: usize = 64 * 1024;
/// Bytes of effects that wait for storage before a room takes no more commands: a few seconds
/// of a busy room.
pub const HELD_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes one handler call may send in all; beyond, the call fails like a panic.
pub const STEP_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Rooms of one shard.
pub const ROOMS_PER_SHARD_MAX: usize = 250_000;
/// Sessions of one shard, detached ones included.
pub const SESSIONS_PER_SHARD_MAX: usize = 250_000;

/// Keys in one atomic commit to coordination (etcd's own default bound is 128).
pub const COMMIT_KEYS_MAX: usize = 100;

const _: () = {
    assert!(SILENCE_MAX.as_millis() > 2 * HEARTBEAT.as_millis());
    // A client that reads nothing for a moment must not lose its place in a lively room.
    assert!(BACKLOG_BYTES_MAX >= 4 * HISTORY_BYTES_MAX);
    // The view and a whole replay fit into an empty queue: a resume never cuts itself.
    assert!(BACKLOG_BYTES_MAX > VIEW_BYTES_MAX + HISTORY_BYTES_MAX);
    assert!(BACKLOG_BYTES_SOFT < BACKLOG_BYTES_MAX);
    assert!(CREDENTIAL_BYTES_MAX + 1024 < FRAME_BYTES_MAX);
    // A lost connection is noticed and resumed within the session's life.
    assert!(SESSION_GRACE.as_millis() > SILENCE_MAX.as_millis());
    // A session never ends before its memberships do.
    assert!(SESSION_GRACE.as_millis() >= MEMBER_GRACE.as_millis());
    assert!(STEP_BYTES_MAX > VIEW_BYTES_MAX);
    assert!(JOIN_COST <= FRAMES_BURST);
    assert!(KIND_BYTES_MAX <= u8::MAX as usize);
};
