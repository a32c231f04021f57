//! Promise 8, nothing grows without bound: sessions, members, timers, tickets and records are back to
//! zero when everybody has left.

use wayfare_core::operator::Counts;

use super::Violation;

/// A shard that nobody uses has nothing.
pub(crate) fn check_counts(shard: String, counts: Counts) -> Result<(), Violation> {
    if counts == Counts::default() {
        return Ok(());
    }
    let what = format!("everybody left, and there is {counts:?}");
    Err(Violation::new("no leak", vec![shard], what))
}

/// Nobody owns anything, and no player has a session.
pub(crate) fn check_records(node: String, records: &[String]) -> Result<(), Violation> {
    if records.is_empty() {
        return Ok(());
    }
    let what = format!("everybody left, and there is {}", records.join(" "));
    Err(Violation::new("no leak", vec![node], what))
}
