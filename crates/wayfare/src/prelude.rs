//! What a file with a room in it wants: `use wayfare::prelude::*;`.

pub use crate::Durability::{Durable, Volatile};
pub use crate::{
    Answer, Answered, AskError, Audience, Caller, Changes, Codec, Context, Durability, Entity,
    EntityContext, EntityKind, Everyone, Kind, LeaveReason, OnLoss, OnPanic, PartMap, Parts,
    Player, PlayerId, Players, Raw, Refusal, Room, SimpleRoom, Snapshot, TimerId, Who, hz,
};
pub use rand::seq::{IndexedRandom, IteratorRandom, SliceRandom};
pub use rand::{Rng, RngExt};
// What the derive writes begins with `schemars::`, and so no game has to depend on it.
pub use schemars::{self, JsonSchema};
