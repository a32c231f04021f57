//! The view of the nodes that a run has: which other runs are certainly over.

use std::collections::BTreeMap;
use std::sync::Arc;

use wayfare_protocol::{Address, Incarnation, NodeId};

/// The runs that are certainly over, beside the earlier runs of the own node. Cheap to clone.
///
/// What such a run owned may be claimed. A name is certified by whoever knows that none of its runs
/// goes on: [`Startup`](super::Startup) does so for every name in a store that one process holds
/// alone, since those are former names of the same node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeView {
    over: Arc<BTreeMap<NodeId, Incarnation>>,
}

impl NodeView {
    /// Adds that every run of `node` up to `last` is over, except the run that has this view.
    pub fn certify(&mut self, node: NodeId, last: Incarnation) {
        let known = Arc::make_mut(&mut self.over).entry(node).or_insert(last);
        *known = last.max(*known);
    }

    /// Checks whether the run of `address` is over, as the run of `own` sees it.
    pub(crate) fn is_over(&self, address: &Address, own: &Address) -> bool {
        if address.node == own.node && address.incarnation <= own.incarnation {
            return address.incarnation < own.incarnation;
        }
        let last = self.over.get(&address.node);
        last.is_some_and(|last| address.incarnation <= *last)
    }
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::ShardIndex;

    use super::*;

    fn address(node: &str, incarnation: u64) -> Address {
        Address {
            node: NodeId::new(node).unwrap(),
            incarnation: Incarnation(incarnation),
            shard: ShardIndex(0),
        }
    }

    #[test]
    fn earlier_runs_of_the_own_node_are_over() {
        let view = NodeView::default();
        let check = |node, incarnation, expect| {
            let is_over = view.is_over(&address(node, incarnation), &address("one", 5));
            assert_eq!(is_over, expect, "{node} {incarnation}");
        };
        check("one", 4, true);
        check("one", 5, false);
        check("one", 6, false);
        check("two", 4, false);
    }

    #[test]
    fn certified_runs_are_over_but_for_the_own() {
        let mut view = NodeView::default();
        view.certify(NodeId::new("two").unwrap(), Incarnation(7));
        view.certify(NodeId::new("two").unwrap(), Incarnation(3));
        view.certify(NodeId::new("one").unwrap(), Incarnation(u64::MAX));
        let check = |node, incarnation, expect| {
            let is_over = view.is_over(&address(node, incarnation), &address("one", 5));
            assert_eq!(is_over, expect, "{node} {incarnation}");
        };
        check("two", 7, true);
        check("two", 8, false);
        check("three", 1, false);
        check("one", 5, false);
        check("one", 6, true);
    }
}
