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
//! A lost connection, a server that stops and a room that moves are the client's business: it
//! comes back by itself, and the application sees neither a gap nor a repeat. What cannot be kept
//! is told: [`RoomEvent::Resync`], [`CommandError::ReplyLost`]. A room that was lost with its server
//! and can be had anew is joined again with what was brought before, and told by a resync too;
//! [`CommandError::RoomLost`] answers the commands that went with it.
//!
//! A client is a handle to one task that owns the `wayfare_client_core::Client`; a [`Room`] is a
//! handle too. When the last of them is dropped, the session ends politely.
//!
//! Read [`Client`], then [`Room`]. Inside, `driver` is the task, `connection` its socket, `rooms`
//! what it owes to the application.

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
    ListError as ListNotAsked, ListedRoom, Listing, SendError, ServerError,
};
pub use wayfare_protocol::{EntityId, ErrorCode, InvalidId, PlayerId, SessionId};
