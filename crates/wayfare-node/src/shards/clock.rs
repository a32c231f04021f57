//! The clock of shards, nanoseconds since boot including time suspended, and the wall clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};
use wayfare_protocol::Instant;

/// Reads `CLOCK_BOOTTIME`. It never goes back, and unlike `CLOCK_MONOTONIC` it advances while the
/// machine is suspended, so that a lease expires during the suspension.
pub(crate) fn now() -> Instant {
    let time = clock_gettime(ClockId::Boottime);
    // Seconds since boot and their fraction are never negative.
    let nanos = u128::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000
        + u128::try_from(time.tv_nsec).unwrap_or(0);
    Instant::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// The time between two readings of the wall clock: if it is set, rooms that are kept learn it at
/// most this late.
pub(crate) const WALL_CLOCK_EVERY: Duration = Duration::from_secs(5);

/// Reads the wall clock: the time since 1970. An earlier time counts as 1970.
pub(crate) fn unix() -> Duration {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH);
    wall.unwrap_or_default()
}
