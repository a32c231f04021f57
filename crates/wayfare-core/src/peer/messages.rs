//! What shards say to each other: the same messages within a node and between nodes.

use std::collections::BTreeMap;
use std::sync::Arc;

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
    /// Who sent it.
    pub from: Address,
    /// What it says.
    pub message: Message,
}

/// What one shard tells another.
#[derive(Clone, Debug)]
pub enum Message {
    /// Gateway to owner: a player wants to come in.
    Join(Box<Join>),
    /// Gateway to owner: something about one membership.
    Member(Member),
    /// Owner to gateway: what a room did, for the sessions there.
    Step(Arc<Step>),
    /// Owner to gateway: the join was not taken here.
    NotOwner(Box<NotOwner>),
    /// Owner to gateway: no room, no membership.
    JoinRefused(Box<JoinRefused>),
    /// Owner to gateway: the room or the membership is not there.
    NotAMember(NotAMember),
    /// Gateway to itself: where a room lives cannot be learnt now.
    Unreachable(Unreachable),
    /// Gateway to gateway: this session is no longer yours.
    SessionTaken(SessionTaken),
    /// Gateway to shard: which rooms may be listed?
    List(Arc<ListQuery>),
    /// Shard to gateway: these.
    Listed(Listed),
    /// Gateway to owner: a member comes back to a room that storage may have.
    Return(Box<Return>),
    /// Entity to entity: a request.
    Ask(Box<Ask>),
    /// Entity to entity: what came of it.
    Answer(Box<Answer>),
    /// Node to entity: a future has ended.
    Ran(Box<Ran>),
}

/// See [`Message::Return`].
#[derive(Clone, Debug)]
pub struct Return {
    /// The room.
    pub entity: EntityId,
    /// Who, and where its client stands.
    pub member: Member,
}

/// See [`Message::Ask`].
#[derive(Clone, Debug)]
pub struct Ask {
    /// Who is asked.
    pub entity: EntityId,
    /// Who asks, and which of its asks this is.
    pub caller: Caller,
    /// The request.
    pub payload: Bytes,
    /// When the caller will have given up, by the clock of the node.
    pub due: Instant,
    /// Shards that passed it on already.
    pub hops: u8,
}

/// See [`Message::Answer`].
#[derive(Clone, Debug)]
pub struct Answer {
    /// Who asked.
    pub caller: Caller,
    /// What it gets.
    pub result: Result<Bytes, Refusal>,
    /// Shards that passed it on already.
    pub hops: u8,
}

/// See [`Message::Ran`].
#[derive(Clone, Debug)]
pub struct Ran {
    /// Whose future.
    pub entity: EntityId,
    /// Which.
    pub run: u64,
    /// What it brings, if it ended well.
    pub note: Option<Bytes>,
}

/// See [`Message::Join`].
#[derive(Clone, Debug)]
pub struct Join {
    /// The room.
    pub entity: EntityId,
    /// Who.
    pub player: Arc<Player>,
    /// Over which session.
    pub session: SessionRef,
    /// The join's place in the pair's sequence.
    pub sequence: Sequence,
    /// What the client wants to find.
    pub mode: JoinMode,
    /// What creating takes.
    pub open: Bytes,
    /// What the joiner brings.
    pub payload: Bytes,
    /// Shards that passed it on already.
    pub hops: u8,
}

/// See [`Message::NotOwner`].
#[derive(Clone, Debug)]
pub struct NotOwner {
    /// The join, unchanged.
    pub join: Join,
    /// Who owns the room, as far as the asked shard knows.
    pub owner: Address,
}

/// See [`Message::JoinRefused`].
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

/// See [`Message::Member`].
#[derive(Clone, Debug)]
pub struct Member {
    /// The room.
    pub handle: Handle,
    /// Over which session.
    pub session: SessionRef,
    /// Which stay.
    pub membership: Membership,
    /// What about it.
    pub request: Request,
}

/// A place in the sequence of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// The place.
    pub sequence: Sequence,
    /// The epoch under which the client gave that number.
    pub epoch: Epoch,
}

/// What a gateway asks for a member.
#[derive(Clone, Debug)]
pub enum Request {
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

impl Request {
    /// Whether it makes the room do or say something for its member, rather than less.
    pub(crate) const fn is_work(&self) -> bool {
        match self {
            Request::Command(..) | Request::Unreliable(_) | Request::Attach { .. } => true,
            Request::Leave(_) | Request::Detach | Request::End(_) => false,
        }
    }
}

/// What a message takes beside its payload, roughly.
const MESSAGE_BYTES: usize = 256;

impl Message {
    /// What it takes to keep it.
    pub(crate) fn bytes(&self) -> usize {
        let payload = match self {
            Message::Join(join) => join.open.len() + join.payload.len(),
            Message::Member(member) => match &member.request {
                Request::Command(_, payload) | Request::Unreliable(payload) => payload.len(),
                _ => 0,
            },
            Message::Ask(ask) => ask.payload.len(),
            Message::Answer(answer) => answer.result.as_ref().map_or(0, Bytes::len),
            Message::Ran(ran) => ran.note.as_ref().map_or(0, Bytes::len),
            _ => 0,
        };
        payload + MESSAGE_BYTES
    }
}

/// See [`Message::NotAMember`].
#[derive(Clone, Debug)]
pub struct NotAMember {
    /// The room that was meant.
    pub handle: Handle,
    /// Who meant it.
    pub session: SessionRef,
    /// The stay that was meant.
    pub membership: Membership,
    /// Why it is not there.
    pub reason: LeaveReason,
}

/// See [`Message::Unreachable`].
#[derive(Clone, Debug)]
pub struct Unreachable {
    /// Whose attach it was.
    pub session: SessionRef,
}

/// See [`Message::SessionTaken`].
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

/// See [`Message::List`].
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// Names the query at its gateway.
    pub query: u64,
    /// Who asks.
    pub gateway: Address,
    /// Rooms of this kind.
    pub kind: String,
    /// With all of these properties.
    pub properties: BTreeMap<String, String>,
    /// At most so many.
    pub limit: usize,
}

/// See [`Message::Listed`].
#[derive(Clone, Debug)]
pub struct Listed {
    /// The query's name.
    pub query: u64,
    /// The rooms of one shard.
    pub rooms: Vec<ListedRoom>,
    /// There were more.
    pub truncated: bool,
}
