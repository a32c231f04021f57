//! Fencing: a message names the run that it is for. While there are no links between nodes, every
//! message is for the run that sent it.

use wayfare_protocol::Address;

use super::Violation;

/// Reports a message that a shard got for another shard or run.
pub(crate) fn found_misdirected(shard: String, to: &Address) -> Violation {
    let what = format!("it got a message for {to}");
    Violation::new("no misdirection", vec![shard], what)
}
