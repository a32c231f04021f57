//! The name of a timer, as a room keeps it.

use serde::{Deserialize, Serialize};

/// Names one timer of one room, for [`cancel`](crate::Surroundings::cancel).
///
/// It may be kept in the room's state: a room that starts again from a snapshot finds its timers
/// under the same names.
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
