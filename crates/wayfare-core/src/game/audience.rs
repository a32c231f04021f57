//! The audience of an event, as a room names it.

use wayfare_protocol::PlayerId;

/// Whom an event is for, as a room says it.
#[derive(Clone, Copy, Debug)]
pub enum Audience<'a> {
    /// All members.
    Everyone,
    /// All members but these.
    Except(&'a [PlayerId]),
    /// Those of these that are members.
    Only(&'a [PlayerId]),
}
