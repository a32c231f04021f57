//! Promise 8, nothing grows without a bound: when everybody has left, there are no sessions,
//! members, timers, tickets or records.

use wayfare_core::operator::Counts;

use super::Violation;

/// Checks that an unused shard has nothing.
pub(crate) fn check_counts(shard: String, counts: Counts) -> Result<(), Violation> {
    if counts == Counts::default() {
        return Ok(());
    }
    let what = format!("everybody left, and there is {counts:?}");
    Err(Violation::new("no leak", vec![shard], what))
}

/// Checks that there are no owners and no sessions in the records.
pub(crate) fn check_records(node: String, records: &[String]) -> Result<(), Violation> {
    if records.is_empty() {
        return Ok(());
    }
    let what = format!("everybody left, and there is {}", records.join(" "));
    Err(Violation::new("no leak", vec![node], what))
}
