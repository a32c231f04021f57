//! Promise 1, one owner: all accepted actions form one lineage, and nobody acts beside the owner.

use std::collections::BTreeMap;

use super::register::Deed;
use crate::Violation;

/// All actions so far.
#[derive(Debug, Default)]
pub(super) struct OneOwner {
    owners: BTreeMap<u64, u64>,
    heard: BTreeMap<(usize, u64), Deed>,
}

impl OneOwner {
    /// Checks an action of a node, while these other nodes could act as well.
    pub(super) fn acts(&mut self, deed: Deed, others: &[usize]) -> Result<(), Violation> {
        if !others.is_empty() {
            return violation(deed, &format!("acts beside node {others:?}"));
        }
        let owner = *self.owners.entry(deed.epoch).or_insert(deed.owner);
        if owner != deed.owner {
            return violation(deed, &format!("acts in the epoch of {owner}"));
        }
        Ok(())
    }

    /// Checks an action that a run of a node accepts.
    pub(super) fn hears(&mut self, node: usize, run: u64, deed: Deed) -> Result<(), Violation> {
        let before = self.heard.insert((node, run), deed);
        match before {
            Some(before) if before >= deed => {
                violation(deed, &format!("is heard by node {node} behind {before:?}"))
            }
            _ => Ok(()),
        }
    }
}

fn violation(deed: Deed, what: &str) -> Result<(), Violation> {
    let what = format!("{deed:?} {what}");
    Err(Violation::new(
        "one owner",
        vec![format!("owner{}", deed.owner)],
        what,
    ))
}
