//! The limits of the protocol, with their reasons. Limits that an operator may change have their
//! defaults here. Their relations are asserted below, at compile time.

use std::time::Duration;

/// The lowest protocol version of this build.
pub const VERSION_MIN: u32 = 1;
/// The highest protocol version of this build.
pub const VERSION_MAX: u32 = 1;

/// The length of a kind's name, which is part of every record key and log line.
pub const KIND_BYTES_MAX: usize = 32;
/// The length of a room's key: enough for a UUID with a path around it.
pub const KEY_BYTES_MAX: usize = 128;
/// The length of a player's id, the `sub` of a token: OpenID Connect allows 255 ASCII characters
/// (Core 1.0, section 2).
pub const PLAYER_BYTES_MAX: usize = 255;
/// The length of a node's name: that of a DNS label.
pub const NODE_BYTES_MAX: usize = 63;
/// The length of a display name.
pub const NAME_BYTES_MAX: usize = 64;

/// The size of a frame from a client, with its payload: the memory that a client can make a node
/// use before the frame is decoded.
pub const FRAME_BYTES_MAX: usize = 64 * 1024;
/// The size of a frame to a client. A view is the largest; larger worlds are sent in events.
pub const VIEW_BYTES_MAX: usize = 1024 * 1024;
/// The size of a token or ticket in a Hello: eight times the usual size of a signed token.
pub const CREDENTIAL_BYTES_MAX: usize = 8 * 1024;

/// The number of rooms that a session may be in.
pub const ROOMS_PER_SESSION_MAX: usize = 16;
/// The number of unanswered joins of a session.
pub const JOINS_PENDING_MAX: usize = ROOMS_PER_SESSION_MAX;
/// The number of unanswered lists of a session: as many as a client has.
pub const LISTS_PENDING_MAX: usize = 16;
/// The rooms that a shard looks at for a list at once: some ten microseconds of its time.
pub const LIST_SLICE_ROOMS_MAX: usize = 256;
/// The slices of lists that a shard takes in one turn: a tenth of a millisecond, however many ask.
pub const LIST_SLICES_TURN_MAX: usize = 4;
/// The rooms of one shard that a list looks at. A list that finds too few among them is truncated.
pub const LIST_ROOMS_MAX: usize = 10_000;
/// The rooms that a list looks at for the cost of one more frame: together about the work of a
/// command.
pub const LIST_ROOMS_PER_FRAME: usize = 64;
/// The number of rooms in an answer to a List.
pub const LISTING_ROOMS_MAX: usize = 100;
/// The number of properties that a room may show, and that a List may ask for.
pub const PROPERTIES_MAX: usize = 16;
/// The length of a property's name, and of its value.
pub const PROPERTY_BYTES_MAX: usize = 128;

/// The time limit from the connection to a complete, accepted Hello.
pub const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);
/// The interval at which an idle client sends pings.
pub const HEARTBEAT: Duration = Duration::from_secs(10);
/// The time without a message after which a connection is lost: two heartbeats may be missing.
pub const SILENCE_MAX: Duration = Duration::from_secs(25);
/// The time for which a session outlives its connection.
pub const SESSION_GRACE: Duration = Duration::from_secs(60);
/// The default time for which a detached member stays in a room.
pub const MEMBER_GRACE: Duration = Duration::from_secs(30);
/// The default time for which an empty room stays.
pub const EMPTY_GRACE: Duration = Duration::from_secs(30);

/// The sustained rate of frames of a session: five times that of a 20 Hz game.
pub const FRAMES_PER_SECOND: u32 = 100;
/// The number of frames that a session may send at once before the rate applies: those that a
/// client repeats after a resume.
pub const FRAMES_BURST: u32 = 200;
/// The number of requests that a client has in flight to one room. The rest waits for
/// acknowledgements, so that a resume repeats few frames, even where a room changes its owner while
/// they are in flight.
pub const REQUESTS_IN_FLIGHT_MAX: u64 = 64;
/// The cost of a join, a list or an attach, in frames: each may read a record. A list also pays for
/// the rooms that it looks at.
pub const JOIN_COST: u32 = 5;
/// The bytes of frames that are held back by the rate. Beyond it the session is disconnected.
pub const FRAMES_HELD_BYTES_MAX: usize = 2 * FRAME_BYTES_MAX;

/// The bytes queued for a slow reader, beyond which unreliable frames are dropped.
pub const BACKLOG_BYTES_SOFT: usize = 64 * 1024;
/// The bytes queued for a slow reader, beyond which its connection is closed. It may resume.
pub const BACKLOG_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The number of events that a room keeps for replay.
pub const HISTORY_EVENTS_MAX: usize = 1024;
/// The bytes of events that a room keeps for replay.
pub const HISTORY_BYTES_MAX: usize = 256 * 1024;
/// The age beyond which an event is not replayed.
pub const HISTORY_AGE_MAX: Duration = Duration::from_secs(60);

/// The default number of members of a room.
pub const MEMBERS_MAX: u32 = 1000;
/// The number of running timers of a room.
pub const TIMERS_MAX: usize = 1024;
/// The number of futures and asks of an entity in flight. More means a loop that never waits.
pub const CALLS_MAX: usize = 256;
/// The size of an entity's state as one piece. A larger one needs parts, because a turn encodes all
/// of it.
pub const STATE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The bytes of parts that a turn encodes: a few milliseconds of a shard's time.
pub const PARTS_TURN_BYTES_MAX: usize = 1024 * 1024;
/// The bytes of parts in flight to or from storage per entity: enough to keep storage busy, and
/// small enough that many large entities fit into memory.
pub const PARTS_WAY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The lower limit for the length of a journal that a snapshot replaces. The limit is four times
/// the length of the state, but at least this, plus up to as much again: so snapshots add at most a
/// quarter to the bytes written, and a recovery reads little more than the state.
pub const JOURNAL_BYTES_MIN: usize = 64 * 1024;
/// The bytes of effects that wait for storage, beyond which a room accepts no more commands: a few
/// seconds of a busy room.
pub const HELD_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The bytes that a handler call may send. Beyond it the call fails like a panic.
pub const STEP_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The number of rooms of a shard.
pub const ROOMS_PER_SHARD_MAX: usize = 250_000;
/// The number of sessions of a shard, including detached ones.
pub const SESSIONS_PER_SHARD_MAX: usize = 250_000;

/// The number of keys in an atomic commit to coordination (etcd's own default limit is 128).
pub const COMMIT_KEYS_MAX: usize = 100;

const _: () = {
    assert!(SILENCE_MAX.as_millis() > 2 * HEARTBEAT.as_millis());
    // A client that reads nothing for a moment must not be disconnected from a busy room.
    assert!(BACKLOG_BYTES_MAX >= 4 * HISTORY_BYTES_MAX);
    // The view and a whole replay fit into an empty queue, so that a resume never closes its own
    // connection.
    assert!(BACKLOG_BYTES_MAX > VIEW_BYTES_MAX + HISTORY_BYTES_MAX);
    assert!(BACKLOG_BYTES_SOFT < BACKLOG_BYTES_MAX);
    assert!(CREDENTIAL_BYTES_MAX + 1024 < FRAME_BYTES_MAX);
    // A lost connection is noticed and can be resumed before the session ends.
    assert!(SESSION_GRACE.as_millis() > SILENCE_MAX.as_millis());
    // A session does not end before its memberships.
    assert!(SESSION_GRACE.as_millis() >= MEMBER_GRACE.as_millis());
    assert!(STEP_BYTES_MAX > VIEW_BYTES_MAX);
    assert!(JOIN_COST <= FRAMES_BURST);
    // A resume and a change of the room's owner are one burst.
    assert!(2 * REQUESTS_IN_FLIGHT_MAX <= FRAMES_BURST as u64);
    assert!(LIST_SLICE_ROOMS_MAX.is_multiple_of(LIST_ROOMS_PER_FRAME));
    assert!(KIND_BYTES_MAX <= u8::MAX as usize);
};
