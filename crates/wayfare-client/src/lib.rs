//! The Rust client of Wayfare.
//!
//! ```no_run
//! use serde::{Deserialize, Serialize};
//! use wayfare_client::{Client, Credential, RoomEvent};
//!
//! #[derive(Serialize)]
//! struct Step { x: i32, y: i32 }
//! #[derive(Debug, Deserialize)]
//! struct Moved { player: String, x: i32, y: i32 }
//!
//! # async fn play() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::connect("ws://127.0.0.1:7777", Credential::guest()).await?;
//! let mut room = client.join("plaza/main", &"red hat").await?;
//! let () = room.send(&Step { x: 1, y: 0 }).await?;
//! while let Some(event) = room.next::<Moved>().await {
//!     if let RoomEvent::Event(moved) = event {
//!         println!("{moved:?}");
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The client handles lost connections, stopping servers and moving rooms by itself: it reconnects,
//! and the application sees no gap and no repetition. Losses that cannot be avoided are reported as
//! [`RoomEvent::Resync`] or [`CommandError::ReplyLost`]. If a room was lost with its server and can
//! be joined again, the client joins it with the payload of the first join and reports a resync.
//! Commands lost with the room fail with [`CommandError::RoomLost`].
//!
//! A [`Client`] and a [`Room`] are handles to one task that owns the `wayfare_client_core::Client`.
//! When the last handle is dropped, the client ends the session and notifies the server.
//!
//! Read [`Client`], then [`Room`]. Inside, `driver` is the task, `connection` its socket, and
//! `rooms` the queues of events for the application.

mod builder;
mod client;
mod connection;
mod driver;
mod endpoint;
mod error;
mod event;
mod join;
mod payload;
mod request;
mod room;
mod rooms;

pub use builder::Builder;
pub use client::Client;
pub use error::{CommandError, ConnectError, JoinError, ListError};
pub use event::{Resync, RoomEvent, State, View};
pub use join::JoinBuilder;
pub use payload::PayloadError;
pub use room::{Room, RoomSender};
pub use wayfare_client_core::{
    Credential, End, Interruption, JoinError as JoinNotTried, JoinMode, LeaveReason,
    ListError as ListNotAsked, ListedRoom, Listing, SendError, ServerError, Ticket,
};
pub use wayfare_protocol::{EntityId, ErrorCode, InvalidId, PlayerId, SessionId};
