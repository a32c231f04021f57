//! The client half of the Wayfare protocol as one state machine. It owns no socket, reads no clock
//! and draws no randomness of its own.
//!
//! Read [`Client`] for the methods and the duties of the driver, [`Output`] and [`Event`] for its
//! outputs, [`Settings`] for its settings. Inside, `link` and `route` manage the connection,
//! `rooms` holds one `stay` per room, and `ledger` keeps the requests that a room has not
//! acknowledged.

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
mod server_clock;
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
pub use server_clock::ServerClock;
pub use settings::{Credential, Join, JoinMode, Settings, Ticket};
