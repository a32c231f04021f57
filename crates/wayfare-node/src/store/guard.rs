//! One node to a cluster, for as long as several cannot be one: who is there already is not joined,
//! and who is replaced gives way.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use wayfare_engine::Coordination;
use wayfare_protocol::coordination::{Commit, Failure, Key, Revision};
use wayfare_protocol::{Incarnation, NodeId};

use super::begin::{Run, incarnation_in};

const NODES: &str = "node/";
/// Between two readings while coordination is away, which is no reason to stop.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a node does not begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdmitError {
    /// The list of nodes.
    #[error("the nodes of this cluster cannot be listed: {0}")]
    Failed(Failure),
    /// Nodes do not form a cluster yet.
    #[error(
        "this cluster has the node `{other}` already, and `{own}` cannot join it: nodes do not form \
         clusters yet. For a game of its own, give it a cluster of its own: another name behind the \
         members in `coordination` (etcd://…/another-name), and another schema in `storage` \
         (?schema=another_name). To go on where `{other}` was, once that is stopped for good, start \
         with --node {other}"
    )]
    Taken { own: NodeId, other: String },
}

/// Whether no other node is there.
///
/// # Errors
/// The other's name, or why nobody knows.
pub(crate) async fn admit(coordination: &dyn Coordination, own: &NodeId) -> Result<(), AdmitError> {
    refuse_others(coordination, own, Revision(u64::MAX)).await
}

/// The same once this node is written down, so that of two that begin at the same time one begins:
/// the later one goes, and removes what it wrote.
///
/// # Errors
/// As for [`admit`].
pub(crate) async fn withdraw_from_others(
    coordination: &dyn Coordination,
    own: &NodeId,
    beginning: &Run,
) -> Result<(), AdmitError> {
    let refused = refuse_others(coordination, own, beginning.began_at).await;
    if let Err(AdmitError::Taken { .. }) = &refused {
        let left = coordination.delete(key(own), beginning.began_at).await;
        if !matches!(left, Ok(Commit::Done(_))) {
            tracing::error!(
                key = %key(own), ?left,
                "the record of this node stays, and keeps others away until it is removed"
            );
        }
    }
    refused
}

/// Of those written down before `before`.
async fn refuse_others(
    coordination: &dyn Coordination,
    own: &NodeId,
    before: Revision,
) -> Result<(), AdmitError> {
    let listing = coordination.list(NODES.into()).await;
    let listing = listing.map_err(AdmitError::Failed)?;
    let others = listing.records.iter().filter(|(key, record)| {
        key.strip_prefix(NODES) != Some(own.as_str()) && record.revision < before
    });
    match others.min_by_key(|(_, record)| record.revision) {
        None => Ok(()),
        Some((key, _)) => Err(AdmitError::Taken {
            own: own.clone(),
            other: key.trim_start_matches(NODES).to_owned(),
        }),
    }
}

/// Looks out for a later run of this node, somewhere else.
pub(crate) struct Supersession {
    pub(crate) coordination: Arc<dyn Coordination>,
    pub(crate) node: NodeId,
    pub(crate) incarnation: Incarnation,
    pub(crate) began_at: Revision,
}

/// Somebody else runs as this node.
#[derive(Debug, thiserror::Error)]
#[error(
    "another process has started as the node `{node}` of this cluster, and this one gives way to it: \
     of one node only the latest run goes on. If they were meant to be two, give each a cluster of \
     its own: another name behind the members in `coordination`"
)]
pub(crate) struct Superseded {
    node: NodeId,
}

impl Supersession {
    /// Waits for it, for ever. What a watch tells is a hint to read.
    pub(crate) async fn come(self) -> Superseded {
        let key = key(&self.node);
        let mut after = self.began_at;
        loop {
            let mut watch = self.coordination.watch(key.clone(), after);
            let mut goes_on = true;
            while goes_on {
                // Of one that ended nothing is known either: it is read, and watched anew.
                goes_on = matches!(watch.next().await, Some(Ok(_)));
                let (later, store) = self.read(&key).await;
                if later {
                    return Superseded { node: self.node };
                }
                after = after.max(store);
            }
            sleep(PAUSE).await;
        }
    }

    /// Whether there is a later run, and the revision that this is known of.
    async fn read(&self, key: &Key) -> (bool, Revision) {
        loop {
            match self.coordination.get(key.clone()).await {
                Ok(read) => {
                    let found = read.record.as_ref().map(incarnation_in);
                    match found {
                        Some(Ok(found)) => return (found > self.incarnation.0, read.store),
                        None => tracing::error!(%key, "the record of this node is gone"),
                        Some(Err(error)) => {
                            tracing::error!(%key, %error, "the record of this node does not decode");
                        }
                    }
                    return (false, read.store);
                }
                Err(failure) => {
                    tracing::debug!(%failure, "whether this node is the latest is not known now");
                    sleep(PAUSE).await;
                }
            }
        }
    }
}

fn key(node: &NodeId) -> Key {
    format!("{NODES}{node}").into()
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use wayfare_engine::model::MemoryCoordination;

    use super::super::begin::{Beginner, begin};
    use super::*;

    async fn run(engine: &dyn Coordination, node: &str) -> (NodeId, Run) {
        let node = NodeId::new(node).unwrap();
        let beginner = Beginner {
            node: &node,
            version: "0.1.0",
            wall: Duration::from_secs(1),
            fresh_key: [1; 32],
        };
        let beginning = begin(engine, &beginner).await.unwrap();
        (node, beginning)
    }

    #[tokio::test]
    async fn a_second_node_is_sent_away_and_the_first_comes_back() {
        let engine = MemoryCoordination::default();
        let own = NodeId::new("one").unwrap();
        admit(&engine, &own).await.unwrap();
        run(&engine, "one").await;
        admit(&engine, &own).await.unwrap();
        let other = NodeId::new("two").unwrap();
        let refused = admit(&engine, &other).await.unwrap_err().to_string();
        assert!(refused.contains("--node one"), "{refused}");
    }

    #[tokio::test]
    async fn of_two_that_begin_at_once_the_first_stays() {
        let engine = MemoryCoordination::default();
        let (one, first) = run(&engine, "one").await;
        let (two, second) = run(&engine, "two").await;
        let refused = withdraw_from_others(&engine, &two, &second).await;
        assert!(matches!(refused, Err(AdmitError::Taken { other, .. }) if other == "one"));
        withdraw_from_others(&engine, &one, &first).await.unwrap();
        let left = engine.list(NODES.into()).await.unwrap().records;
        assert_eq!(left.len(), 1);
        admit(&engine, &one).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_later_run_supersedes() {
        let engine = Arc::new(MemoryCoordination::default());
        let (node, beginning) = run(&*engine, "one").await;
        let supersession = Supersession {
            coordination: engine.clone(),
            node: node.clone(),
            incarnation: beginning.incarnation,
            began_at: beginning.began_at,
        };
        let mut coming = std::pin::pin!(supersession.come());
        // Another name that begins alike, and a record that is gone.
        run(&*engine, "one-more").await;
        let removed = engine.delete(key(&node), beginning.began_at).await;
        assert!(matches!(removed, Ok(Commit::Done(_))));
        let polled = poll_fn(|cx| Poll::Ready(coming.as_mut().poll(cx))).await;
        assert!(polled.is_pending());
        run(&*engine, "one").await;
        // A run anew counts from the clock, which is as it was; the next is above it.
        run(&*engine, "one").await;
        let told = coming.await.to_string();
        assert!(told.contains("`one`"), "{told}");
    }
}
