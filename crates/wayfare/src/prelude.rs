//! What a file with a room in it wants: `use wayfare::prelude::*;`.

pub use crate::{
    Audience, Codec, Context, Everyone, Kind, LeaveReason, OnPanic, Player, PlayerId, Players, Raw,
    Refusal, Room, SimpleRoom, Snapshot, TimerId, Who, hz,
};
pub use rand::seq::{IndexedRandom, IteratorRandom, SliceRandom};
pub use rand::{Rng, RngExt};
