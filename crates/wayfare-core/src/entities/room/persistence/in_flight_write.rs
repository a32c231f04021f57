//! The write in flight.

use wayfare_protocol::records::room::Append;
use wayfare_protocol::storage::{Position, Request};

use super::member_records::MemberChanges;
use crate::entities::room::machines::backlog::Rerun;

/// A write that was not answered yet.
#[derive(Debug)]
pub(in crate::entities::room) struct InFlightWrite {
    pub(in crate::entities::room) request: Request,
    pub(in crate::entities::room) position: Position,
    /// Effects up to here in the gate are released by it.
    pub(in crate::entities::room) releases: u64,
    pub(in crate::entities::room) bytes: usize,
    pub(in crate::entities::room) is_base: bool,
    pub(in crate::entities::room) appends: Vec<Append>,
    /// The inputs that it is the outcome of, to be executed again if it never applied.
    pub(in crate::entities::room) inputs: Vec<Rerun>,
    pub(in crate::entities::room) input_bytes: usize,
    pub(in crate::entities::room) members: MemberChanges,
    /// A request for it is in flight.
    pub(in crate::entities::room) asked: bool,
}
