//! The config of a shard in the tests of machines.

use wayfare_protocol::coordination::Revision;
use wayfare_protocol::{Incarnation, NodeId};

use crate::cluster::{NodeView, Run};
use crate::config::ShardConfig;

/// The shard of this index among so many, in this run of the node `n1`.
pub(crate) fn stub_config(incarnation: u64, place: (u16, u16)) -> ShardConfig {
    let run = Run {
        incarnation: Incarnation(incarnation),
        ticket_key: [0; 32],
        began_at: Revision::default(),
        view: NodeView::default(),
    };
    ShardConfig::of_run(&NodeId::new("n1").unwrap(), &run, place)
}
