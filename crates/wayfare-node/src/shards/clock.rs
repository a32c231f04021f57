//! The time that shards are told: nanoseconds since boot, suspend included.

use rustix::time::{ClockId, clock_gettime};
use wayfare_protocol::Instant;

/// `CLOCK_BOOTTIME`: it never goes back, and unlike `CLOCK_MONOTONIC` goes on while the machine is
/// suspended, so that a lease does not outlive a closed laptop.
pub(crate) fn now() -> Instant {
    let time = clock_gettime(ClockId::Boottime);
    // Both are non-negative: seconds since boot, and their fraction.
    let nanos = u128::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000
        + u128::try_from(time.tv_nsec).unwrap_or(0);
    Instant::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
