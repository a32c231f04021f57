//! Messages between shards, the same within a node and between nodes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::wire::{JoinMode, LeaveReason, ListedRoom};
use wayfare_protocol::{
    Address, EntityId, Epoch, Handle, Instant, Membership, PlayerId, Sequence, SessionId,
};

use crate::game::SessionRef;
use crate::game::{Caller, Player, Refusal};
use crate::peer::Step;

/// A message on its way from one shard to another.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// Whom it is for.
    pub to: Address,
    /// The message.
    pub message: Message,
}

/// A message from one shard to another, by its receiver.
#[derive(Clone, Debug)]
pub enum Message {
    /// For the gateway of a shard.
    Gateway(ToGateway),
    /// For one entity of a shard.
    Entity(ToEntity),
    /// Gateway to shard: the next rooms that a client may list.
    List(Box<ListSlice>),
    /// For the directory of a shard: the owner of an entity, as a record told.
    Owner(Box<Owner>),
}

/// A message for the gateway of a shard.
#[derive(Clone, Debug)]
pub enum ToGateway {
    /// From an owner: the effects of one turn of a room, for the sessions here.
    Step(Arc<Step>),
    /// From a shard that does not own the room: the join comes back with the owner.
    NotOwner(Box<NotOwner>),
    /// From an owner: the join is refused.
    JoinRefused(Box<JoinRefused>),
    /// From an owner: the room or the membership does not exist.
    NotAMember(NotAMember),
    /// From any shard: a room of this session cannot be reached now.
    Unreachable(Unreachable),
    /// From another gateway: the session lives there now.
    SessionTaken(SessionTaken),
    /// From another gateway: a second login asks whether the first session is connected.
    FirstSessionQuery(FirstSessionQuery),
    /// From the gateway of a first session: the answer.
    FirstSession(FirstSession),
    /// From a shard: a slice of a list.
    Listed(Box<Listed>),
}

/// A message for one entity.
#[derive(Clone, Debug)]
pub enum ToEntity {
    /// From a gateway: a player asks to join.
    Join(Box<Join>),
    /// From a gateway: a request about one membership.
    Member(Member),
    /// From a gateway: a member comes back to a room that may be in storage only.
    Return(Box<Return>),
    /// From another entity: a request.
    Request(Box<Request>),
    /// From another entity: the reply to a request.
    Reply(Box<Reply>),
    /// From the node: a future has ended.
    Ran(Box<Ran>),
}

impl From<ToGateway> for Message {
    fn from(message: ToGateway) -> Self {
        Message::Gateway(message)
    }
}

impl From<ToEntity> for Message {
    fn from(message: ToEntity) -> Self {
        Message::Entity(message)
    }
}

/// See [`Message::Owner`].
#[derive(Clone, Debug)]
pub struct Owner {
    /// The entity.
    pub entity: EntityId,
    /// The shard that owns it.
    pub owner: Address,
}

/// See [`ToEntity::Return`].
#[derive(Clone, Debug)]
pub struct Return {
    /// The room.
    pub entity: EntityId,
    /// The member, and the position of its client.
    pub member: Member,
    /// Shards that passed it on already.
    pub hops: u8,
}

/// See [`ToEntity::Request`].
#[derive(Clone, Debug)]
pub struct Request {
    /// The entity that is asked.
    pub entity: EntityId,
    /// The entity that asks, with the number of its request.
    pub caller: Caller,
    /// The request.
    pub payload: Bytes,
    /// When the caller will have given up, by the clock of the node.
    pub due: Instant,
    /// Shards that passed it on already.
    pub hops: u8,
}

/// See [`ToEntity::Reply`].
#[derive(Clone, Debug)]
pub struct Reply {
    /// The entity that asked.
    pub caller: Caller,
    /// The reply, or the refusal.
    pub result: Result<Bytes, Refusal>,
    /// Shards that passed it on already.
    pub hops: u8,
}

/// See [`ToEntity::Ran`].
#[derive(Clone, Debug)]
pub struct Ran {
    /// Whose future.
    pub entity: EntityId,
    /// Which.
    pub run: u64,
    /// The note that it brings, if it ended well.
    pub note: Option<Bytes>,
}

/// See [`ToEntity::Join`].
#[derive(Clone, Debug)]
pub struct Join {
    /// The room.
    pub entity: EntityId,
    /// The player.
    pub player: Arc<Player>,
    /// Over which session.
    pub session: SessionRef,
    /// The join's place in the pair's sequence.
    pub sequence: Sequence,
    /// The client's wish: to find a room, to create one, or either.
    pub mode: JoinMode,
    /// The payload for creating the room.
    pub open: Bytes,
    /// The payload of the joiner.
    pub payload: Bytes,
    /// Shards that passed it on already.
    pub hops: u8,
}

/// See [`ToGateway::NotOwner`].
#[derive(Clone, Debug)]
pub struct NotOwner {
    /// The join, unchanged.
    pub join: Join,
    /// The owner of the room, as far as the asked shard knows.
    pub owner: Address,
}

/// See [`ToGateway::JoinRefused`].
#[derive(Clone, Debug)]
pub struct JoinRefused {
    /// Whose join.
    pub session: SessionRef,
    /// Into which room.
    pub entity: EntityId,
    /// The join's sequence.
    pub sequence: Sequence,
    /// Why.
    pub refusal: Refusal,
}

/// See [`ToEntity::Member`].
#[derive(Clone, Debug)]
pub struct Member {
    /// The room.
    pub handle: Handle,
    /// Over which session.
    pub session: SessionRef,
    /// Which stay.
    pub membership: Membership,
    /// The request.
    pub request: MemberRequest,
}

/// A place in the sequence of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// The place.
    pub sequence: Sequence,
    /// The epoch under which the client gave that number.
    pub epoch: Epoch,
}

/// A request that a gateway sends for a member.
#[derive(Clone, Debug)]
pub enum MemberRequest {
    /// A command, in sequence, under the epoch that its client knew.
    Command(Numbered, Bytes),
    /// A command without a promise.
    Unreliable(Bytes),
    /// The member leaves, in sequence.
    Leave(Numbered),
    /// The session is connected; its client has seen everything up to here.
    Attach {
        /// The epoch it was seen under.
        epoch: Epoch,
        /// The last event seen.
        sequence: Sequence,
    },
    /// The session has no connection any more.
    Detach,
    /// The session is over.
    End(LeaveReason),
}

impl MemberRequest {
    /// Checks whether it makes the room do more for its member, rather than less.
    pub(crate) const fn is_work(&self) -> bool {
        match self {
            MemberRequest::Command(..)
            | MemberRequest::Unreliable(_)
            | MemberRequest::Attach { .. } => true,
            MemberRequest::Leave(_) | MemberRequest::Detach | MemberRequest::End(_) => false,
        }
    }

    fn payload_bytes(&self) -> usize {
        match self {
            MemberRequest::Command(_, payload) | MemberRequest::Unreliable(payload) => {
                payload.len()
            }
            MemberRequest::Leave(_)
            | MemberRequest::Attach { .. }
            | MemberRequest::Detach
            | MemberRequest::End(_) => 0,
        }
    }
}

/// The memory of a message beside its payload, in bytes: an estimate.
const MESSAGE_BYTES: usize = 256;

impl ToEntity {
    /// The entity that it has to be routed to, and the count of shards that passed it on. `None` for
    /// a message whose sender knows the shard.
    pub(crate) fn route(&mut self) -> Option<(&EntityId, &mut u8)> {
        match self {
            ToEntity::Join(join) => Some((&join.entity, &mut join.hops)),
            ToEntity::Return(back) => Some((&back.entity, &mut back.hops)),
            ToEntity::Request(request) => Some((&request.entity, &mut request.hops)),
            ToEntity::Reply(reply) => Some((&reply.caller.entity, &mut reply.hops)),
            ToEntity::Member(_) | ToEntity::Ran(_) => None,
        }
    }

    /// The memory that it takes to keep it, in bytes: an estimate.
    pub(crate) fn bytes(&self) -> usize {
        let payload = match self {
            ToEntity::Join(join) => join.open.len() + join.payload.len(),
            ToEntity::Member(member) => member.request.payload_bytes(),
            ToEntity::Return(back) => back.member.request.payload_bytes(),
            ToEntity::Request(request) => request.payload.len(),
            ToEntity::Reply(reply) => reply.result.as_ref().map_or(0, Bytes::len),
            ToEntity::Ran(ran) => ran.note.as_ref().map_or(0, Bytes::len),
        };
        payload + MESSAGE_BYTES
    }

    /// Checks whether it makes an entity do more for its sender, rather than less.
    pub(crate) const fn is_work(&self) -> bool {
        match self {
            ToEntity::Member(member) => member.request.is_work(),
            ToEntity::Return(back) => back.member.request.is_work(),
            ToEntity::Join(_) | ToEntity::Request(_) => true,
            ToEntity::Reply(_) | ToEntity::Ran(_) => false,
        }
    }
}

/// See [`ToGateway::NotAMember`].
#[derive(Clone, Debug)]
pub struct NotAMember {
    /// The room that was meant.
    pub handle: Handle,
    /// The session that meant it.
    pub session: SessionRef,
    /// The stay that was meant.
    pub membership: Membership,
    /// Why it is not there.
    pub reason: LeaveReason,
}

/// See [`ToGateway::Unreachable`].
#[derive(Clone, Debug)]
pub struct Unreachable {
    /// Whose attach it was.
    pub session: SessionRef,
}

/// See [`ToGateway::SessionTaken`].
#[derive(Clone, Debug)]
pub struct SessionTaken {
    /// The session as the former gateway knew it.
    pub session: SessionId,
    /// Whose.
    pub player: PlayerId,
    /// The epoch under which it was taken.
    pub epoch: Epoch,
    /// Another login took the player's place; otherwise the same session went on elsewhere.
    pub replaced: bool,
}

/// See [`ToGateway::FirstSessionQuery`].
#[derive(Clone, Debug)]
pub struct FirstSessionQuery {
    /// Names the login at its gateway.
    pub login: u64,
    /// The gateway that asks.
    pub gateway: Address,
    /// The player who logs in.
    pub player: PlayerId,
    /// The first session.
    pub session: SessionId,
    /// Its epoch, as the record says.
    pub epoch: Epoch,
}

/// See [`ToGateway::FirstSession`].
#[derive(Clone, Copy, Debug)]
pub struct FirstSession {
    /// The login's name.
    pub login: u64,
    /// The time until the connection counts as dead, if nothing more is heard; `None` if there is
    /// no connection, or no such session.
    pub connected_for: Option<Duration>,
}

/// A client's list, as its gateway asks for it.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// Names the list at its gateway.
    pub number: u64,
    /// The gateway that asks.
    pub gateway: Address,
    /// Rooms of this kind.
    pub kind: String,
    /// With all of these properties.
    pub properties: BTreeMap<String, String>,
    /// The number of rooms that are enough.
    pub limit: usize,
}

/// See [`Message::List`]. A shard looks at a bounded number of rooms for it and answers where the
/// next slice begins.
#[derive(Clone, Debug)]
pub struct ListSlice {
    /// The list.
    pub query: Arc<ListQuery>,
    /// The slice begins behind this room.
    pub after: Option<EntityId>,
    /// The rooms of this shard that earlier slices looked at.
    pub looked_at: usize,
}

/// See [`ToGateway::Listed`].
#[derive(Clone, Debug)]
pub struct Listed {
    /// The list's number at its gateway.
    pub number: u64,
    /// The shard that answers.
    pub shard: Address,
    /// The rooms of one slice, in order of their names.
    pub rooms: Vec<ListedRoom>,
    /// The rooms that the slice looked at.
    pub looked_at: usize,
    /// The next slice of this shard, if there are more rooms to look at.
    pub next: Option<Box<ListSlice>>,
    /// The shard has more rooms than a list may look at.
    pub truncated: bool,
}
