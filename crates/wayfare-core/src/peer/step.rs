//! A step: the effects of one turn of one room, for the gateways of its members. Frames are encoded
//! once.

use bytes::Bytes;
use wayfare_protocol::{Address, EntityId, Epoch, ErrorCode, Handle, Membership};

use crate::game::{Recipients, SessionRef};

/// The effects of one turn of one room: released together or not at all.
#[derive(Debug)]
pub struct Step {
    /// The room.
    pub handle: Handle,
    /// Its id.
    pub entity: EntityId,
    /// The epoch under which this was done; gateways drop what is below the highest they saw.
    pub epoch: Epoch,
    /// The shard that did it.
    pub owner: Address,
    /// In order.
    pub items: Vec<Item>,
}

/// A part of a step.
#[derive(Debug)]
pub enum Item {
    /// Frames for those members that are attached.
    Frames {
        /// Whom for.
        recipients: Recipients,
        /// Whole frames with their headers, at least one.
        bytes: Bytes,
        /// May be dropped under pressure.
        unreliable: bool,
    },
    /// Frames for one session, whether it is attached or not.
    Session {
        /// Which.
        session: SessionRef,
        /// A whole frame with its header, or nothing.
        bytes: Bytes,
        /// The change of the session's attachment to this room.
        change: Change,
    },
}

/// A change of a session's attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is attached as this member, before the frame is sent.
    Attach(Membership),
    /// It is no longer attached as this member.
    Detach(Membership),
    /// It broke the protocol: its connection is cut with this code.
    Cut(ErrorCode),
    /// Nothing.
    Nothing,
}
