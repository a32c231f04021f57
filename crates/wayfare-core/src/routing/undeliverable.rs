//! The table of what becomes of a message that its entity cannot receive, and why.

use wayfare_protocol::ErrorCode;

use crate::game::{LeaveReason, Refusal, SessionRef};
use crate::peer::{
    Join, JoinRefused, Member, MemberRequest, NotAMember, Reply, Request, ToEntity, ToGateway,
    Unreachable,
};
use crate::way_out::WayOut;

/// The reason why an entity does not receive a message.
#[derive(Clone, Debug)]
pub(crate) enum Undeliverable {
    /// The entity cannot be reached now; the same message may arrive later.
    Unavailable(&'static str),
    /// The room closed for good.
    Closed,
    /// This version of the game cannot restore the room. Storage keeps it for another version.
    Unreadable,
    /// The shard that would own the entity refuses to open it.
    NotOpened(Refusal),
}

impl Undeliverable {
    /// The answer for who waits for one.
    fn refusal(self) -> Refusal {
        match self {
            Undeliverable::Unavailable(why) => Refusal::with_code(ErrorCode::Unavailable, why),
            Undeliverable::Closed => Refusal::with_code(ErrorCode::RoomClosed, "the room closed"),
            Undeliverable::Unreadable => Refusal::with_code(
                ErrorCode::Internal,
                "this version of the game cannot read the room's state",
            ),
            Undeliverable::NotOpened(refusal) => refusal,
        }
    }

    /// The reason for which a member's stay is over; `None` where it may go on, so that the client
    /// attaches again.
    fn ends_stay(&self) -> Option<LeaveReason> {
        match self {
            Undeliverable::Closed => Some(LeaveReason::LeaveNotAMember),
            Undeliverable::Unreadable => Some(LeaveReason::LeaveRoomGone),
            Undeliverable::Unavailable(_) | Undeliverable::NotOpened(_) => None,
        }
    }
}

/// Answers the sender of a message that cannot be delivered.
///
/// | message | answer |
/// |---|---|
/// | join, request of an entity | a refusal |
/// | member, return | the stay is over, or the client attaches again |
/// | reply, end of a future | none: nobody waits for it any more |
pub(crate) fn bounce(message: ToEntity, why: Undeliverable, out: &mut WayOut) {
    match message {
        ToEntity::Join(join) => refuse_join(&join, why.refusal(), out),
        ToEntity::Request(request) => refuse_request(&request, why.refusal(), out),
        ToEntity::Member(member) => bounce_member(member, &why, out),
        ToEntity::Return(back) => bounce_member(back.member, &why, out),
        ToEntity::Reply(_) | ToEntity::Ran(_) => {}
    }
}

fn bounce_member(member: Member, why: &Undeliverable, out: &mut WayOut) {
    match why.ends_stay() {
        Some(reason) => end_stay(&member, reason, out),
        None => ask_to_attach_again(member.session, out),
    }
}

/// Refuses a join.
pub(crate) fn refuse_join(join: &Join, refusal: Refusal, out: &mut WayOut) {
    let refused = JoinRefused {
        session: join.session.clone(),
        entity: join.entity.clone(),
        sequence: join.sequence,
        refusal,
    };
    let refused = ToGateway::JoinRefused(Box::new(refused));
    out.post(&join.session.gateway, refused);
}

/// Replies to an entity's request with a refusal.
pub(crate) fn refuse_request(request: &Request, refusal: Refusal, out: &mut WayOut) {
    let reply = Reply {
        caller: request.caller.clone(),
        result: Err(refusal),
        hops: 0,
    };
    out.post_here(ToEntity::Reply(Box::new(reply)));
}

/// Tells a session that its membership does not exist. A request that expects no answer gets none.
pub(crate) fn end_stay(member: &Member, reason: LeaveReason, out: &mut WayOut) {
    match member.request {
        MemberRequest::Detach | MemberRequest::End(_) | MemberRequest::Unreliable(_) => return,
        MemberRequest::Command(..) | MemberRequest::Leave(_) | MemberRequest::Attach { .. } => {}
    }
    let unknown = NotAMember {
        handle: member.handle,
        session: member.session.clone(),
        membership: member.membership,
        reason,
    };
    out.post(&member.session.gateway, ToGateway::NotAMember(unknown));
}

/// Cuts a session's connection, so that its client reconnects and attaches again.
pub(crate) fn ask_to_attach_again(session: SessionRef, out: &mut WayOut) {
    let gateway = session.gateway.clone();
    out.post(&gateway, ToGateway::Unreachable(Unreachable { session }));
}
