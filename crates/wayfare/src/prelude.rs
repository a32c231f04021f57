//! The names that a file with a room needs: `use wayfare::prelude::*;`.

pub use crate::Durability::{Durable, Volatile};
pub use crate::{
    Answer, Answered, AskError, Audience, Caller, Changes, Codec, Context, Durability, Entity,
    EntityContext, EntityKind, Everyone, Kind, LeaveReason, OnLoss, OnPanic, PartMap, Parts,
    Player, PlayerId, Players, Raw, Refusal, Room, SimpleRoom, Snapshot, TimerId, ViewContext, Who,
    hz,
};
pub use rand::seq::{IndexedRandom, IteratorRandom, SliceRandom};
pub use rand::{Rng, RngExt};
// The derived code begins with `schemars::`. The export saves games a dependency.
pub use schemars::{self, JsonSchema};
