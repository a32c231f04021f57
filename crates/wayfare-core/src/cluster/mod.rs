//! The nodes of a cluster: the run of a node, its admission, its end when a later run supersedes it,
//! and the placement of entities.
//!
//! [`Startup`] takes a node from its name to a [`Run`]; [`Supersession`] ends that run; [`NodeView`]
//! names the runs that are over. They ask one request of coordination at a time.

mod admission;
mod incarnation;
pub(crate) mod placement;
mod rewrite;
mod startup;
mod supersession;
#[cfg(test)]
mod testing;
mod tickets;
mod view;

pub use admission::{Admission, AdmissionError, Sharing};
pub use rewrite::RecordError;
pub use startup::{Run, Startup, StartupError, StartupPlan};
pub use supersession::{Superseded, Supersession, SupersessionOutput, WatchHint};
pub use view::NodeView;

use wayfare_protocol::coordination::{Failure, Key, Request};
use wayfare_protocol::records::CorruptRecord;

/// An effect of a machine that comes to an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output<T> {
    /// Ask coordination, and answer with the machine's `handle_coordination`.
    Coordinate(Request),
    /// Something to log.
    Report(Report),
    /// The end; no output follows.
    Ended(T),
}

/// Something an operator wants to know; nothing depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// The ticket key does not decode and is replaced: players log in anew.
    TicketsReplaced(CorruptRecord),
    /// The node's record does not decode: only the wall clock numbers this run.
    IncarnationUnreadable(CorruptRecord),
    /// Coordination did not do what the start needs; it is asked again.
    Waiting(Failure),
    /// The node was refused, and its record could not be removed: it keeps other nodes away.
    NotWithdrawn(Key),
    /// The record of this running node is gone.
    RecordGone(Key),
    /// The record of this running node does not decode.
    RecordUnreadable(CorruptRecord),
    /// It is not known now whether this run is the latest of its node.
    LatestUnknown(Failure),
}
