//! The write in flight.

use wayfare_protocol::records::room::Append;
use wayfare_protocol::storage::{Position, Request};

use super::member_records::MemberChanges;
use crate::entities::room::backlog::Rerun;

/// A write that was not answered yet.
#[derive(Debug)]
pub(in crate::entities::room) struct InFlightWrite {
    pub(super) request: Request,
    pub(in crate::entities::room) position: Position,
    /// Effects up to here in the gate are released by it.
    pub(in crate::entities::room) releases: u64,
    pub(super) bytes: usize,
    pub(super) is_base: bool,
    pub(super) appends: Vec<Append>,
    /// The inputs that it is the outcome of, to be executed again if it never applied.
    pub(in crate::entities::room) inputs: Vec<Rerun>,
    pub(super) input_bytes: usize,
    pub(in crate::entities::room) members: MemberChanges,
    /// A request for it is in flight.
    pub(super) asked: bool,
}
