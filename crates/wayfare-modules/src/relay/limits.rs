//! The limits of a relay room, with their reasons. Assertions below prove that a view always fits.
//!
//! Sizes of values are in the unit of [`Value::size`](super::Value::size), which is never less than
//! the bytes on the wire, and also bounds the memory.

/// The maximum of members and seats, whatever the room was opened with. Beyond it, a room that
/// sends everything to everybody is the wrong design for a game.
pub const MEMBERS_MAX: u32 = 250;

/// The length of a property's name, or of a topic that is a text.
pub const NAME_BYTES_MAX: usize = 64;
/// The length of the password. It is compared, never shown.
pub const PASSWORD_BYTES_MAX: usize = 64;
/// The length of the message to a kicked member.
pub const KICK_MESSAGE_BYTES_MAX: usize = 256;

/// The nesting of lists and maps in a value, so that code may process values recursively.
pub const VALUE_DEPTH_MAX: usize = 16;

/// The number of a room's properties.
pub const ROOM_PROPERTIES_MAX: usize = 128;
/// The size of the names and values of all properties of a room.
pub const ROOM_PROPERTIES_SIZE_MAX: usize = 64 * 1024;
/// The number of a member's properties.
pub const MEMBER_PROPERTIES_MAX: usize = 32;
/// The size of the names and values of all properties of a member.
pub const MEMBER_PROPERTIES_SIZE_MAX: usize = 2 * 1024;

/// The number of properties in listings: the server shows 16, four of which are the room's own.
pub const LISTED_MAX: usize = 12;
/// The length of a name, and of a value, in a listing. This is the server's limit.
pub const LISTED_BYTES_MAX: usize = 128;
/// The prefix of the room's own names in listings.
pub const OWN_PREFIX: &str = "relay.";

/// The number of messages kept for later members.
pub const KEPT_MAX: usize = 256;
/// The number of kept messages of one author, so that nobody can use all the space.
pub const KEPT_OF_ONE_MAX: usize = 64;
/// The size of all kept messages, with their topics and authors.
pub const KEPT_SIZE_MAX: usize = 256 * 1024;
/// The size of a kept message without its payload, topic and author.
pub const KEPT_SIZE: usize = 64;

/// The default time for which a seat is reserved.
pub const SEAT_SECONDS: u32 = 30;
/// The maximum time for which a seat can be reserved. Seats are for players who will join soon.
pub const SEAT_SECONDS_MAX: u32 = 3600;
/// The default time for which an owner may be detached. A lost connection is mostly restored by
/// then.
pub const OWNER_GRACE_SECONDS: u32 = 5;
/// The default time for which a seat is reserved for a member whose grace ended, or who logged in
/// again: long enough to restart the client.
pub const RETURN_SECONDS: u32 = 10;

/// The size of the largest view that the server sends.
const VIEW_BYTES_MAX: usize = 1024 * 1024;
/// The size of a member: id and name of at most 255 bytes each, and the fields around them.
const MEMBER_BYTES_MAX: usize = 2 * 255 + 90;
/// The size of the settings and the names of all fields.
const FRAME_BYTES: usize = 4 * 1024;

const _: () = {
    let members = MEMBERS_MAX as usize * (MEMBER_BYTES_MAX + MEMBER_PROPERTIES_SIZE_MAX);
    let view = members + ROOM_PROPERTIES_SIZE_MAX + KEPT_SIZE_MAX + FRAME_BYTES;
    assert!(view <= VIEW_BYTES_MAX);
    assert!(LISTED_MAX + 4 <= 16);
    assert!(NAME_BYTES_MAX <= LISTED_BYTES_MAX);
};
