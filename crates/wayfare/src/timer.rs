//! The id of a timer, in the form that a room stores.

use serde::{Deserialize, Serialize};

/// The id of a timer of a room, for [`cancel`](crate::HandlerApi::cancel).
///
/// It may be stored in the room's state: a room that restarts from a snapshot finds its timers
/// under the same ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TimerId(u64);

impl TimerId {
    pub(crate) const fn of_turn(timer: wayfare_core::TimerId) -> Self {
        Self(timer.0)
    }

    pub(crate) const fn for_turn(self) -> wayfare_core::TimerId {
        wayfare_core::TimerId(self.0)
    }
}
