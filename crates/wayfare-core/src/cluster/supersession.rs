//! The end of a run that a later run of its node supersedes.

use std::collections::VecDeque;
use std::time::Duration;

use wayfare_protocol::coordination::{Key, Outcome, Reply, Request, Revision};
use wayfare_protocol::records::NodeRecord;
use wayfare_protocol::{Incarnation, Instant, NodeId};

use super::Report;
use crate::timers::Wake;

/// Between two readings while coordination is away, which is no reason to stop.
const PAUSE: Duration = Duration::from_secs(1);

/// A later run of this node has started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "another process has started as the node `{node}` of this cluster, and this one gives way to it: \
     of one node only the latest run goes on. If they were meant to be two, give each a cluster of \
     its own: another name behind the members in `coordination`"
)]
pub struct Superseded {
    /// The node.
    pub node: NodeId,
}

/// A hint of a watch: to read the record, and nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchHint {
    /// The record may have changed.
    Changed,
    /// The watch has ended: what changed since is not known.
    Ended,
}

/// An effect that the machine asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SupersessionOutput {
    /// Watch the records whose name begins with `prefix`, behind `after`, instead of what was
    /// watched before.
    Watch {
        /// The record's name.
        prefix: Key,
        /// The revision up to which everything is known.
        after: Revision,
    },
    /// Ask coordination, and answer with [`Supersession::handle_coordination`].
    Coordinate(Request),
    /// Something to log.
    Report(Report),
    /// The run is over; no output follows.
    Ended(Superseded),
}

/// The machine. It watches the node's record, reads it after every hint, and ends once the record
/// holds a later incarnation. A record that is gone or does not decode supersedes nobody.
#[derive(Debug)]
pub struct Supersession {
    node: NodeId,
    incarnation: Incarnation,
    /// The revision up to which this run is known to be the latest.
    known: Revision,
    /// The watch goes on.
    watches: bool,
    state: State,
    outputs: VecDeque<SupersessionOutput>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing is in flight: the next hint is waited for.
    Waiting,
    /// The record is being read; `again` if a hint came meanwhile.
    Reading {
        again: bool,
    },
    /// Coordination failed, or the watch ended.
    Pausing {
        until: Instant,
        read: bool,
    },
    Ended,
}

impl Supersession {
    /// Looks out for a later run than this one, which was written down at `began_at`.
    #[must_use]
    pub fn new(node: NodeId, incarnation: Incarnation, began_at: Revision) -> Self {
        let mut machine = Self {
            node,
            incarnation,
            known: began_at,
            watches: false,
            state: State::Waiting,
            outputs: VecDeque::new(),
        };
        machine.watch();
        machine
    }

    /// The watch told something.
    pub fn handle_watch(&mut self, hint: WatchHint) {
        if hint == WatchHint::Ended {
            self.watches = false;
        }
        match self.state {
            State::Waiting => self.read(),
            State::Reading { .. } => self.state = State::Reading { again: true },
            State::Pausing { until, .. } => self.state = State::Pausing { until, read: true },
            State::Ended => {}
        }
    }

    /// The answer to a request.
    pub fn handle_coordination(&mut self, outcome: Outcome, now: Instant) {
        let State::Reading { again } = self.state else {
            return;
        };
        let until = now + PAUSE;
        let (record, store) = match outcome {
            Ok(Reply::Got { record, store }) => (record, store),
            Ok(_) => {
                self.state = State::Pausing { until, read: true };
                return;
            }
            Err(failure) => {
                self.state = State::Pausing { until, read: true };
                return self.report(Report::LatestUnknown(failure));
            }
        };
        self.known = self.known.max(store);
        let key = NodeRecord::key(&self.node);
        let found = record.map(|record| NodeRecord::decode(&key, &record.value));
        match found {
            Some(Ok(found)) if found.incarnation > self.incarnation => {
                self.state = State::Ended;
                let node = self.node.clone();
                let ended = SupersessionOutput::Ended(Superseded { node });
                return self.outputs.push_back(ended);
            }
            Some(Ok(_)) => {}
            Some(Err(corrupt)) => self.report(Report::RecordUnreadable(corrupt)),
            None => self.report(Report::RecordGone(key)),
        }
        self.state = State::Waiting;
        if again {
            self.read();
        } else if !self.watches {
            self.state = State::Pausing { until, read: false };
        }
    }

    /// Goes on after a pause, if it is over.
    pub fn handle_timeout(&mut self, now: Instant) {
        match self.state {
            State::Pausing { until, read } if until <= now => match read {
                true => self.read(),
                false => self.watch(),
            },
            State::Pausing { .. } | State::Waiting | State::Reading { .. } | State::Ended => {}
        }
    }

    /// When to call [`Supersession::handle_timeout`], and why. Valid once outputs have been taken.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Wake> {
        match self.state {
            State::Pausing { until, .. } => Some((until, "the node's record is looked at again")),
            State::Waiting | State::Reading { .. } | State::Ended => None,
        }
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<SupersessionOutput> {
        self.outputs.pop_front()
    }

    fn watch(&mut self) {
        self.state = State::Waiting;
        self.watches = true;
        self.outputs.push_back(SupersessionOutput::Watch {
            prefix: NodeRecord::key(&self.node),
            after: self.known,
        });
    }

    fn read(&mut self) {
        self.state = State::Reading { again: false };
        let request = Request::Get(NodeRecord::key(&self.node));
        self.outputs
            .push_back(SupersessionOutput::Coordinate(request));
    }

    fn report(&mut self, report: Report) {
        self.outputs.push_back(SupersessionOutput::Report(report));
    }
}

#[cfg(test)]
mod tests {
    use wayfare_engine::model::ModelCoordination;
    use wayfare_protocol::coordination::Failure;

    use super::super::testing::put;
    use super::*;

    fn machine() -> Supersession {
        let node = NodeId::new("one").unwrap();
        let mut machine = Supersession::new(node, Incarnation(5), Revision(3));
        let watch = SupersessionOutput::Watch {
            prefix: "node/one".into(),
            after: Revision(3),
        };
        assert_eq!(machine.poll_output(), Some(watch));
        assert_eq!(machine.poll_output(), None);
        machine
    }

    fn record(incarnation: u64) -> Vec<u8> {
        let record = NodeRecord {
            incarnation: Incarnation(incarnation),
            version: String::new(),
        };
        record.encode().into()
    }

    /// Answers the reading that is asked for, and takes what comes of it.
    fn answer(machine: &mut Supersession, store: &mut ModelCoordination) -> SupersessionOutput {
        match machine.poll_output() {
            Some(SupersessionOutput::Coordinate(request)) => {
                machine.handle_coordination(store.apply(request), Instant::ORIGIN);
            }
            other => panic!("{other:?}"),
        }
        machine.poll_output().unwrap_or(SupersessionOutput::Watch {
            prefix: "nothing".into(),
            after: Revision(0),
        })
    }

    #[test]
    fn only_a_later_run_supersedes() {
        let mut store = ModelCoordination::default();
        let mut check = |value: Option<&[u8]>, expect: fn(&SupersessionOutput) -> bool| {
            let mut machine = machine();
            if let Some(value) = value {
                put(&mut store, "node/one", value);
            }
            machine.handle_watch(WatchHint::Changed);
            let output = answer(&mut machine, &mut store);
            assert!(expect(&output), "{output:?}");
        };
        use SupersessionOutput::{Ended, Report as Reported, Watch};
        check(None, |it| matches!(it, Reported(Report::RecordGone(_))));
        check(Some(&record(4)), |it| matches!(it, Watch { .. }));
        check(Some(&record(5)), |it| matches!(it, Watch { .. }));
        let unreadable =
            |it: &SupersessionOutput| matches!(it, Reported(Report::RecordUnreadable(_)));
        check(Some(b"\xff"), unreadable);
        check(
            Some(&record(6)),
            |it| matches!(it, Ended(by) if by.to_string().contains("`one`")),
        );
    }

    #[test]
    fn a_watch_that_ended_is_read_and_begun_anew() {
        let mut store = ModelCoordination::default();
        let latest = put(&mut store, "node/one", &record(5)).max(Revision(3));
        let mut machine = machine();
        machine.handle_watch(WatchHint::Ended);
        answer(&mut machine, &mut store);
        let (at, _) = machine.poll_timeout().unwrap();
        machine.handle_timeout(at);
        let watch = SupersessionOutput::Watch {
            prefix: "node/one".into(),
            after: latest,
        };
        assert_eq!(machine.poll_output(), Some(watch));
        assert_eq!(machine.poll_timeout(), None);
    }

    #[test]
    fn coordination_that_is_away_is_asked_again() {
        let mut store = ModelCoordination::default();
        put(&mut store, "node/one", &record(6));
        let mut machine = machine();
        machine.handle_watch(WatchHint::Changed);
        machine.poll_output();
        machine.handle_coordination(Err(Failure::Unknown("a test".into())), Instant::ORIGIN);
        let reported = machine.poll_output();
        assert!(
            matches!(
                reported,
                Some(SupersessionOutput::Report(Report::LatestUnknown(_)))
            ),
            "{reported:?}"
        );
        machine.handle_timeout(Instant::ORIGIN);
        assert_eq!(machine.poll_output(), None);
        machine.handle_timeout(Instant::ORIGIN + PAUSE);
        let output = answer(&mut machine, &mut store);
        assert!(matches!(output, SupersessionOutput::Ended(_)), "{output:?}");
    }

    #[test]
    fn a_hint_during_a_reading_is_read_as_well() {
        let mut store = ModelCoordination::default();
        put(&mut store, "node/one", &record(5));
        let mut machine = machine();
        machine.handle_watch(WatchHint::Changed);
        machine.handle_watch(WatchHint::Changed);
        let Some(SupersessionOutput::Coordinate(request)) = machine.poll_output() else {
            panic!("a hint is read");
        };
        let before = store.apply(request);
        put(&mut store, "node/one", &record(6));
        machine.handle_coordination(before, Instant::ORIGIN);
        let output = answer(&mut machine, &mut store);
        assert!(matches!(output, SupersessionOutput::Ended(_)), "{output:?}");
    }
}
