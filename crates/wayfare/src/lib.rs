//! Game servers whose rooms, and the players in them, move between machines while the game runs.
//!
//! A game is a type that implements [`Room`]: its state can be serialized, and its handlers take
//! the players' commands and send events. [`serve()`] makes a server of it, which is the whole
//! `main`. The smallest room is a [`SimpleRoom`]:
//!
//! ```no_run
//! use serde::{Deserialize, Serialize};
//! use wayfare::prelude::*;
//!
//! #[derive(Clone, Default, Serialize, Deserialize)]
//! struct Counter(i64);
//!
//! impl SimpleRoom for Counter {
//!     type Command = i64;
//!     type Event = i64;
//!
//!     fn command(&mut self, _: &Player, by: i64, cx: &Context<Self>) -> Result<(), Refusal> {
//!         self.0 += by;
//!         cx.send(Everyone, &self.0);
//!         Ok(())
//!     }
//! }
//!
//! fn main() -> wayfare::Result<()> {
//!     wayfare::serve().room::<Counter>("counter", |kind| kind).run()
//! }
//! ```
//!
//! `cargo run` serves it on this machine. A test needs no server: a [`Table`](testing::Table) runs
//! the room with the code of production, without threads or waiting.
//!
//! ```
//! # use serde::{Deserialize, Serialize};
//! # use wayfare::prelude::*;
//! # #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
//! # struct Counter(i64);
//! # impl SimpleRoom for Counter {
//! #     type Command = i64;
//! #     type Event = i64;
//! #     fn command(&mut self, _: &Player, by: i64, cx: &Context<Self>) -> Result<(), Refusal> {
//! #         self.0 += by;
//! #         cx.send(Everyone, &self.0);
//! #         Ok(())
//! #     }
//! # }
//! use wayfare::testing::Table;
//!
//! let mut table = Table::<Counter>::open(());
//! table.join("ada", ())?;
//! table.command("ada", 3)?;
//! assert_eq!(table.join("bob", ())?, Counter(3));
//! table.command("bob", 4)?;
//! assert_eq!(table.events("ada"), [3, 7]);
//! # Ok::<(), Refusal>(())
//! ```
//!
//! Read [`Room`] next for all that a room can do, [`Context`] for the interface of its handlers,
//! and [`Kind`] for the settings; then [`Entity`] for the things that rooms ask, and [`Documents`]
//! for data that outlives both. The pages under `docs/guide` explain the rest.

mod asking;
mod audience;
mod by_name;
mod changes;
mod codec;
mod command;
mod command_line;
mod context;
mod document_error;
mod documents;
mod entity;
mod entity_context;
mod entity_kind;
mod game;
#[cfg(doctest)]
mod guide;
mod handler_api;
mod hosted;
mod hosted_entity;
mod kind;
mod parts;
mod player;
pub mod prelude;
mod read_back;
mod room;
mod serve;
mod simple_room;
mod snapshot;
mod state_form;
pub mod testing;
mod timer;
mod types;
mod view_context;
mod work;

pub use asking::{Addressee, Answered, AskError, Caller};
pub use audience::{Audience, Everyone, EveryoneExcept, Players};
pub use changes::Changes;
pub use codec::{Codec, CodecError, Decode, Encode, Raw};
pub use command::{Command, Tool};
pub use command_line::{arguments, exit_code};
pub use context::Context;
pub use document_error::DocumentError;
pub use documents::{Document, Documents, Expect, Logged, Revision};
pub use entity::{Answer, Entity};
pub use entity_context::EntityContext;
pub use entity_kind::EntityKind;
pub use game::{InvalidGame, Problem};
pub use handler_api::HandlerApi;
pub use kind::{Kind, hz};
pub use parts::{PartMap, Parts};
pub use player::{LeaveReason, Player, PlayerId};
pub use rand;
pub use room::Room;
pub use schemars;
pub use serve::{Error, Result, Serve, serve};
pub use simple_room::{NoNotes, SimpleRoom};
pub use snapshot::Snapshot;
pub use timer::TimerId;
pub use types::NoTypes;
pub use view_context::ViewContext;
pub use wayfare_core::game::{Durability, HistoryBounds, OnLoss, OnPanic, Refusal, Who};
pub use wayfare_node::{Ready, SettingFlags};
pub use wayfare_protocol::{EntityId, ErrorCode, InvalidId};
