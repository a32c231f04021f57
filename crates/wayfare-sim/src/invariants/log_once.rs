//! DESIGN §8, the game log: a record that a durable step appended is there exactly once.

use std::collections::BTreeSet;

use super::Violation;

/// Checks the log. `wanted` are the records of acknowledged commands; `refused` are those of
/// commands that were never executed.
pub(crate) fn check(
    found: &[String],
    wanted: &BTreeSet<String>,
    refused: &BTreeSet<String>,
) -> Result<(), Violation> {
    let violation = |what| Err(Violation::new("log once", vec!["log".into()], what));
    let mut seen = BTreeSet::new();
    for record in found {
        if !seen.insert(record) {
            return violation(format!("`{record}` twice"));
        }
        if refused.contains(record) {
            return violation(format!("`{record}`, which never was done"));
        }
    }
    match wanted.iter().find(|record| !seen.contains(record)) {
        Some(record) => violation(format!("`{record}` is not there, and was acknowledged")),
        None => Ok(()),
    }
}
