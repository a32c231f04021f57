//! The admission of a node: which other names are in its coordination, and what they mean for it.

use std::collections::VecDeque;

use wayfare_protocol::coordination::{Failure, Key, Outcome, Record, Reply, Request, Revision};
use wayfare_protocol::records::NodeRecord;
use wayfare_protocol::{Incarnation, NodeId};

use super::rewrite::ATTEMPTS_MAX;
use super::{NodeView, Output, Report};
use crate::records::settle::{End, Next, Retry, Settle, Terms, Want};

/// The terms of a withdrawal. Whatever fails, the record that stays keeps other nodes away.
const WITHDRAWAL: Terms = Terms {
    reads_max: ATTEMPTS_MAX,
    retry: Retry::Everything,
    is_value_unique: false,
    is_lazy: false,
};

/// The other processes that can have this coordination open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Nobody: it is held by this process alone, and was while its former runs used it. Other names
    /// in it are former names of this node. A failure of it does not pass.
    Exclusive,
    /// Other nodes, at the same time. A failure of it is waited out.
    Shared,
}

/// Why a node may not join.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdmissionError {
    /// The nodes cannot be listed.
    #[error("the nodes of this cluster cannot be listed: {0}")]
    Failed(Failure),
    /// Another node is there. Nodes do not form clusters yet.
    #[error(
        "this cluster has the node `{other}` already, and `{own}` cannot join it: nodes do not form \
         clusters yet. For a game of its own, give it a cluster of its own: another name behind the \
         members in `coordination` (etcd://…/another-name), and another schema in `storage` \
         (?schema=another_name). To go on where `{other}` was, once that is stopped for good, start \
         with --node {other}"
    )]
    Taken {
        /// The node that was refused.
        own: NodeId,
        /// The name that was found.
        other: String,
    },
}

/// The machine. It ends with the view of the nodes that is learnt from their records, or with the
/// reason why this node must go; then it has removed the record that this node had written.
#[derive(Debug)]
pub struct Admission {
    own: NodeId,
    sharing: Sharing,
    /// The revision of the own record, once it is written.
    written: Option<Revision>,
    state: State,
    outputs: VecDeque<Output<Result<NodeView, AdmissionError>>>,
}

#[derive(Debug)]
enum State {
    Listing,
    /// The own record is being removed, since this other name was there before.
    Withdrawing {
        other: String,
        settle: Settle<()>,
    },
    Ended,
}

impl Admission {
    /// The admission of a node that has written nothing yet: any other name refuses it.
    #[must_use]
    pub fn new(own: NodeId, sharing: Sharing) -> Self {
        Self::begin(own, sharing, None)
    }

    /// The admission of a node whose record is written, at this revision: a name that was there
    /// before refuses it, so that of two nodes that start at once one goes on.
    #[must_use]
    pub fn confirm(own: NodeId, sharing: Sharing, written: Revision) -> Self {
        Self::begin(own, sharing, Some(written))
    }

    fn begin(own: NodeId, sharing: Sharing, written: Option<Revision>) -> Self {
        let list = Output::Coordinate(Request::List(NodeRecord::PREFIX.into()));
        Self {
            own,
            sharing,
            written,
            state: State::Listing,
            outputs: VecDeque::from([list]),
        }
    }

    /// The answer to the latest request.
    pub fn handle_coordination(&mut self, outcome: Outcome) {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Listing => self.listed(outcome),
            State::Withdrawing { other, settle } => self.withdraw(settle, outcome, other),
            State::Ended => {}
        }
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output<Result<NodeView, AdmissionError>>> {
        self.outputs.pop_front()
    }

    fn listed(&mut self, outcome: Outcome) {
        let records = match outcome {
            Ok(Reply::Listed { records, .. }) => records,
            Ok(_) => {
                self.state = State::Listing;
                return self.ask(Request::List(NodeRecord::PREFIX.into()));
            }
            Err(failure) => return self.end(Err(AdmissionError::Failed(failure))),
        };
        match self.sharing {
            Sharing::Exclusive => self.end(Ok(self.former_names(&records))),
            Sharing::Shared => match self.first_other(&records) {
                None => self.end(Ok(NodeView::default())),
                Some(other) => self.refuse(other),
            },
        }
    }

    /// Every run in these records is over. Of a record that does not decode any run is, even one of
    /// the own name: this run's number may be below that of an earlier one.
    fn former_names(&self, records: &[(Key, Record)]) -> NodeView {
        let mut view = NodeView::default();
        for (key, record) in records {
            let name = key.strip_prefix(NodeRecord::PREFIX).map(NodeId::new);
            let Some(Ok(name)) = name else { continue };
            match NodeRecord::decode(key, &record.value) {
                Ok(_) if name == self.own => {}
                Ok(found) => view.certify(name, found.incarnation),
                Err(_) => view.certify(name, Incarnation(u64::MAX)),
            }
        }
        view
    }

    /// The other name that was there first, of those before the own record.
    fn first_other(&self, records: &[(Key, Record)]) -> Option<String> {
        let name = |key: &Key| key.trim_start_matches(NodeRecord::PREFIX).to_owned();
        let others = records.iter().filter(|(key, record)| {
            let is_before = self.written.is_none_or(|written| record.revision < written);
            is_before && name(key) != self.own.as_str()
        });
        let first = others.min_by_key(|(_, record)| record.revision);
        first.map(|(key, _)| name(key))
    }

    fn refuse(&mut self, other: String) {
        match self.written {
            Some(written) => {
                let key = NodeRecord::key(&self.own);
                let (settle, request) = Settle::remove_first(key, WITHDRAWAL, written, ());
                self.state = State::Withdrawing { other, settle };
                self.ask(request);
            }
            None => self.end_taken(other),
        }
    }

    fn withdraw(&mut self, mut settle: Settle<()>, outcome: Outcome, other: String) {
        let written = self.written;
        let next = settle.handle_coordination(outcome, |found, _| match found {
            Some(found) if Some(found.revision) == written => Want::Absent(()),
            // Gone, or a later run's.
            Some(_) | None => Want::Leave(()),
        });
        match next {
            Next::Ask(request) => {
                self.state = State::Withdrawing { other, settle };
                return self.ask(request);
            }
            Next::Ended(End::GivenUp(_)) => {
                let report = Report::NotWithdrawn(NodeRecord::key(&self.own));
                self.outputs.push_back(Output::Report(report));
            }
            Next::Ended(End::Settled(..) | End::Others(()) | End::Gone(())) => {}
        }
        self.end_taken(other);
    }

    fn ask(&mut self, request: Request) {
        self.outputs.push_back(Output::Coordinate(request));
    }

    fn end_taken(&mut self, other: String) {
        let own = self.own.clone();
        self.end(Err(AdmissionError::Taken { own, other }));
    }

    fn end(&mut self, outcome: Result<NodeView, AdmissionError>) {
        self.outputs.push_back(Output::Ended(outcome));
    }
}

#[cfg(test)]
mod tests {
    use wayfare_engine::model::ModelCoordination;
    use wayfare_protocol::{Address, ShardIndex};

    use super::super::testing::put;
    use super::*;

    type Ended = Result<NodeView, AdmissionError>;

    fn node(name: &str) -> NodeId {
        NodeId::new(name).unwrap()
    }

    fn record(incarnation: u64) -> Vec<u8> {
        let record = NodeRecord {
            incarnation: Incarnation(incarnation),
            version: "0.1.0".into(),
        };
        record.encode().into()
    }

    /// Drives it to its end; `answer` may change what is answered.
    fn ended(
        mut admission: Admission,
        store: &mut ModelCoordination,
        mut answer: impl FnMut(&Request, Outcome) -> Outcome,
    ) -> (Ended, Vec<Report>) {
        let mut reports = Vec::new();
        loop {
            match admission.poll_output().expect("no end") {
                Output::Coordinate(request) => {
                    let outcome = store.apply(request.clone());
                    admission.handle_coordination(answer(&request, outcome));
                }
                Output::Report(report) => reports.push(report),
                Output::Ended(outcome) => return (outcome, reports),
            }
        }
    }

    fn well(_: &Request, outcome: Outcome) -> Outcome {
        outcome
    }

    #[test]
    fn another_name_is_not_joined() {
        let mut store = ModelCoordination::default();
        let mut check = |name, expect: Option<&str>| {
            let admission = Admission::new(node(name), Sharing::Shared);
            let (outcome, _) = ended(admission, &mut store, well);
            let refused = outcome.err().map(|error| error.to_string());
            match expect {
                None => assert_eq!(refused, None),
                Some(part) => assert!(refused.as_ref().unwrap().contains(part), "{refused:?}"),
            }
            if name == "one" {
                put(&mut store, "node/one", &record(1));
            }
        };
        check("one", None);
        check("one", None);
        check("two", Some("--node one"));
        // A name that begins alike is another.
        check("one-more", Some("--node one"));
    }

    #[test]
    fn of_two_that_start_at_once_the_first_stays() {
        let mut store = ModelCoordination::default();
        let first = put(&mut store, "node/one", &record(1));
        let second = put(&mut store, "node/two", &record(1));
        let admission = Admission::confirm(node("two"), Sharing::Shared, second);
        let (outcome, reports) = ended(admission, &mut store, well);
        assert!(matches!(outcome, Err(AdmissionError::Taken { other, .. }) if other == "one"));
        assert_eq!(reports, []);
        let admission = Admission::confirm(node("one"), Sharing::Shared, first);
        assert_eq!(
            ended(admission, &mut store, well).0,
            Ok(NodeView::default())
        );
        assert_eq!(store.list(NodeRecord::PREFIX).records.len(), 1);
    }

    #[test]
    fn a_withdrawal_is_settled_by_reading() {
        let unknown = || Err(Failure::Unknown("a test".into()));
        let check = |applied: bool, failures: u32, reported: usize| {
            let mut store = ModelCoordination::default();
            put(&mut store, "node/one", &record(1));
            let second = put(&mut store, "node/two", &record(1));
            let admission = Admission::confirm(node("two"), Sharing::Shared, second);
            let mut left = failures;
            let mut tried = store.clone();
            let answer = |request: &Request, outcome: Outcome| match request {
                Request::Commit(_) if left > 0 => {
                    left -= 1;
                    unknown()
                }
                Request::Get(_) if left > 0 && !applied => tried.apply(request.clone()),
                _ => outcome,
            };
            let (outcome, reports) = ended(admission, &mut store, answer);
            assert!(matches!(outcome, Err(AdmissionError::Taken { .. })));
            assert_eq!(reports.len(), reported, "{reports:?}");
        };
        check(true, 1, 0);
        check(false, 2, 0);
        check(false, u32::MAX, 1);
    }

    #[test]
    fn a_name_that_only_this_process_had_is_a_former_one() {
        let mut store = ModelCoordination::default();
        put(&mut store, "node/one", &record(7));
        put(&mut store, "node/two", b"\xff");
        put(&mut store, "node/three", &record(9));
        let admission = Admission::new(node("three"), Sharing::Exclusive);
        let view = ended(admission, &mut store, well).0.unwrap();
        let address = |name, incarnation| Address {
            node: node(name),
            incarnation: Incarnation(incarnation),
            shard: ShardIndex(0),
        };
        let check = |name, incarnation, expect| {
            let is_over = view.is_over(&address(name, incarnation), &address("three", 10));
            assert_eq!(is_over, expect, "{name} {incarnation}");
        };
        check("one", 7, true);
        check("one", 8, false);
        check("two", u64::MAX, true);
        check("three", 9, true);
        check("three", 10, false);
        check("three", 11, false);
        check("four", 1, false);
    }
}
