//! A room for games without server code: it stores properties, distributes messages, and has an
//! owner.
//!
//! The game logic is in the clients. The room knows its members and the order in which they joined,
//! stores properties of the room and of each member, and sends messages to all in one order. One
//! member is the owner, who decides who may join. The room does not interpret properties and
//! messages.
//!
//! ```
//! use wayfare::testing::Table;
//! use wayfare_modules::relay::{self, Command, Event, Join, Open, Post, Relay};
//!
//! let mut table = Table::<Relay>::setup().kind(relay::settings).open(Open::default());
//! table.join("ada", Join::default())?;
//! let picture = table.join("bob", Join::default())?;
//! assert_eq!(picture.owner, Some("ada".parse()?));
//!
//! let post = Post { topic: 7.into(), payload: "hello".into(), ..Post::default() };
//! table.command("bob", Command::Post(post))?;
//! let heard = table.events("ada").pop();
//! assert!(matches!(heard, Some(Event::Message(message)) if message.payload == "hello".into()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The wire format is MessagePack with field names. `docs/relay.md` describes it for clients in any
//! language. A client keeps a [`Picture`]: the view it gets on joining, changed by
//! [`Picture::apply`] with each event.
//!
//! Read [`Command`] and [`Event`], then [`Picture`]. [`Relay`] is the room, [`limits`] its limits,
//! [`Detail`] the numbers of its refusals.

mod commands;
mod detail;
mod election;
mod entry;
mod events;
pub mod limits;
mod listing;
mod open;
mod picture;
mod post;
mod properties;
mod rights;
mod room;
mod seats;
mod secret;
mod topic;
mod value;

pub use commands::{Clear, Command, Configure, Keep, Post, Set, SetMember, Target};
pub use detail::Detail;
pub use events::{Event, OwnerCause};
pub use open::{Join, Open};
pub use picture::{Member, Message, Picture, Settings};
pub use properties::{Changes, Properties};
pub use room::{Note, Relay, settings};
pub use secret::Secret;
pub use topic::Topic;
pub use value::{Value, ValueError};
