//! The client half of the Wayfare protocol as one state machine: it owns no socket, reads no clock
//! and draws no randomness of its own.
//!
//! Read [`Client`] for the verbs and the duties of whoever drives it, [`Output`] and [`Event`] for
//! what comes out, [`Settings`] for what may be set. Inside, `link` and `route` keep a connection,
//! `rooms` holds one `stay` for each room, and a `ledger` remembers what a room has yet to
//! acknowledge.

mod backoff;
mod client;
mod error;
mod event;
mod ledger;
mod link;
mod lists;
mod outbox;
mod random;
mod rooms;
mod route;
mod session;
mod settings;
mod stay;

pub use client::Client;
pub use error::{
    CommandError, JoinError, JoinRefusal, ListError, NotAMember, SendError, ServerError,
};
pub use event::{
    CommandId, End, Event, Interruption, LeaveReason, ListId, ListedRoom, Listing, Output, RoomKey,
};
pub use settings::{Credential, Join, JoinMode, Settings};
