//! Every bound of a relay room, with its reason; that a view always fits is asserted below.
//!
//! Sizes of values are in the unit of [`Value::size`](super::Value::size), which is never less
//! than the bytes on the wire and bounds the memory too.

/// Members and seats together, whatever the room was opened with: beyond it, a room that sends
/// everything to everybody is the wrong shape of game.
pub const MEMBERS_MAX: u32 = 250;

/// The name of a property, and a topic that is a text.
pub const NAME_BYTES_MAX: usize = 64;
/// What a joiner may have to know. It is compared, never shown.
pub const PASSWORD_BYTES_MAX: usize = 64;
/// The words to somebody who is kicked.
pub const KICK_MESSAGE_BYTES_MAX: usize = 256;

/// Lists and maps inside each other in one value. Whatever takes a value apart may do so by
/// recursion.
pub const VALUE_DEPTH_MAX: usize = 16;

/// Properties of a room.
pub const ROOM_PROPERTIES_MAX: usize = 128;
/// Names and values of all properties of a room.
pub const ROOM_PROPERTIES_SIZE_MAX: usize = 64 * 1024;
/// Properties of one member.
pub const MEMBER_PROPERTIES_MAX: usize = 32;
/// Names and values of all properties of one member.
pub const MEMBER_PROPERTIES_SIZE_MAX: usize = 2 * 1024;

/// Properties that are shown in listings: the server shows 16, four are for the room's own words.
pub const LISTED_MAX: usize = 12;
/// Name and value of one property in a listing, each. The server's bound.
pub const LISTED_BYTES_MAX: usize = 128;
/// Names in listings that begin so are the room's own.
pub const OWN_PREFIX: &str = "relay.";

/// Messages kept for those who come later.
pub const KEPT_MAX: usize = 256;
/// Messages kept of one author: nobody takes all the space at once.
pub const KEPT_OF_ONE_MAX: usize = 64;
/// All kept messages, with their topics and authors.
pub const KEPT_SIZE_MAX: usize = 256 * 1024;
/// What a kept message costs beside its payload, topic and author.
pub const KEPT_SIZE: usize = 64;

/// How long a seat is held unless said otherwise.
pub const SEAT_SECONDS: u32 = 30;
/// How long a seat can be held: a seat is a promise to somebody who is on the way.
pub const SEAT_SECONDS_MAX: u32 = 3600;
/// How long an owner may be away unless said otherwise: a lost connection is mostly back by then.
pub const OWNER_GRACE_SECONDS: u32 = 5;
/// How long a seat is held for a member whose connection was lost for too long, or who logged in
/// again, unless said otherwise: the time to start the client again.
pub const RETURN_SECONDS: u32 = 10;

/// The largest view the server sends.
const VIEW_BYTES_MAX: usize = 1024 * 1024;
/// A member's id and name, 255 bytes each at most, and the fields around them.
const MEMBER_BYTES_MAX: usize = 2 * 255 + 90;
/// The settings and the names of all fields.
const FRAME_BYTES: usize = 4 * 1024;

const _: () = {
    let members = MEMBERS_MAX as usize * (MEMBER_BYTES_MAX + MEMBER_PROPERTIES_SIZE_MAX);
    let view = members + ROOM_PROPERTIES_SIZE_MAX + KEPT_SIZE_MAX + FRAME_BYTES;
    assert!(view <= VIEW_BYTES_MAX);
    assert!(LISTED_MAX + 4 <= 16);
    assert!(NAME_BYTES_MAX <= LISTED_BYTES_MAX);
};
