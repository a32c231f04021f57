//! A game as a shard sees it: rooms as objects that take bytes and leave effects.
//!
//! The façade turns a typed room into these traits; everything here is in payload bytes.

mod audience;
mod caller;
pub(crate) mod effects;
mod handler;
mod hook;
mod kind;
mod logic;
pub(crate) mod members;
mod player;
mod recipients;
pub(crate) mod refusal;
mod stored_state;
mod work;

pub use audience::Audience;
pub use caller::{Answered, AskError, Caller};
pub use handler::{HandlerContext, TimerId};
pub use hook::HandlerHook;
pub use kind::{Durability, HistoryBounds, Kind, KindSettings, Kinds, OnLoss, OnPanic};
pub use logic::{Form, RoomKind, RoomLogic};
pub use members::SessionRef;
pub use player::{Player, Who};
pub use recipients::Recipients;
pub use refusal::Refusal;
pub use stored_state::StoredState;
pub use wayfare_protocol::wire::LeaveReason;
pub use work::{DocumentStore, Documents, Work};
