//! Fencing: a message names the run that it is for. As long as nodes are not linked, every message is
//! for the run that sent it.

use wayfare_protocol::Address;

use super::Violation;

/// A shard got a message for another one, or for another run.
pub(crate) fn found_misdirected(shard: String, to: &Address) -> Violation {
    let what = format!("it got a message for {to}");
    Violation::new("no misdirection", vec![shard], what)
}
