//! The stored form of the members of a room.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use wayfare_protocol::records::room::{self as stored, RoomRecord};
use wayfare_protocol::{Address, Epoch, Instant, Membership, PlayerId, Sequence, SessionId};

use crate::game::members::{Failed, Member, Members, SessionRef};
use crate::game::{Durability, Player};

use super::image::Image;

/// The members that changed since the last write.
#[derive(Debug, Default)]
pub(in crate::entities::room) struct MemberChanges {
    touched: BTreeSet<Membership>,
    /// Former members, with the sessions of those that were attached.
    gone: BTreeMap<Membership, Option<SessionRef>>,
}

impl MemberChanges {
    pub(in crate::entities::room) fn is_empty(&self) -> bool {
        self.touched.is_empty() && self.gone.is_empty()
    }

    pub(in crate::entities::room) fn touch(&mut self, membership: Membership) {
        self.touched.insert(membership);
    }

    /// A stay is over; `session` says how its player is reached, if it was attached.
    pub(in crate::entities::room) fn remove(
        &mut self,
        membership: Membership,
        session: Option<SessionRef>,
    ) {
        self.touched.remove(&membership);
        self.gone.insert(membership, session);
    }

    /// Takes the former members that were attached, and how they are reached.
    pub(in crate::entities::room) fn take_gone(
        &mut self,
    ) -> impl Iterator<Item = (Membership, SessionRef)> + use<> {
        let gone = std::mem::take(&mut self.gone);
        gone.into_iter()
            .filter_map(|(membership, session)| Some((membership, session?)))
    }
}

/// Writes all members.
pub(in crate::entities::room) fn put_all(members: &Members, record: &mut RoomRecord) {
    record.members = members.iter().map(encode).collect();
}

/// Writes those that changed.
pub(in crate::entities::room) fn put_changes(
    members: &Members,
    changes: &MemberChanges,
    record: &mut RoomRecord,
) {
    let known = |number: &Membership| Some((*number, members.get(*number)?));
    let touched = changes.touched.iter().filter_map(known);
    record.members = touched.map(encode).collect();
    record.members_gone = changes.gone.keys().map(|number| number.0).collect();
}

/// Applies a record.
pub(in crate::entities::room) fn apply(
    members: &mut BTreeMap<u32, stored::Member>,
    record: &mut RoomRecord,
) {
    for gone in record.members_gone.drain(..) {
        members.remove(&gone);
    }
    for member in record.members.drain(..) {
        members.insert(member.membership, member);
    }
}

/// The members of an image, those included that were attached. Where their connections are is not
/// stored: `gateway` stands for it.
///
/// # Errors
/// If a member is none.
pub(in crate::entities::room) fn restore(
    image: &Image,
    durability: Durability,
    gateway: &Address,
) -> Result<Members, String> {
    let next = Membership(image.metadata.next_membership);
    let mut members = Members::numbered_from(next);
    for member in image.members.values() {
        let number = Membership(member.membership);
        members.insert(number, decode(member, gateway)?);
    }
    members.valid_from = match durability {
        Durability::Durable => Membership(1),
        // Stays that began behind the snapshot are void, and their numbers are given again.
        Durability::Volatile => next,
    };
    Ok(members)
}

fn encode((number, member): (Membership, &Member)) -> stored::Member {
    stored::Member {
        membership: number.0,
        player: member.player.id.to_string(),
        name: member.player.name.to_string(),
        guest: member.player.guest,
        session: Bytes::copy_from_slice(&member.session.id.to_bytes()),
        session_epoch: member.session.epoch.0,
        applied: member.applied.0,
        joined_at: member.joined_at.0,
        failed: member.failed.sequence.0,
        failed_under: member.failed.under.0,
        attached: member.attached,
    }
}

fn decode(member: &stored::Member, gateway: &Address) -> Result<Member, String> {
    let session = SessionId::from_slice(&member.session).ok_or("a session is not 16 bytes")?;
    let player = Player {
        id: PlayerId::new(&member.player).map_err(|error| error.to_string())?,
        name: member.name.as_str().into(),
        guest: member.guest,
    };
    Ok(Member {
        player: Arc::new(player),
        session: SessionRef {
            id: session,
            epoch: Epoch(member.session_epoch),
            gateway: gateway.clone(),
        },
        applied: Sequence(member.applied),
        joined_at: Sequence(member.joined_at),
        attached: member.attached,
        // Its owner detaches all, and counts from then.
        detached_at: Instant::ORIGIN,
        failed: Failed {
            sequence: Sequence(member.failed),
            under: Epoch(member.failed_under),
        },
        ack_pending: false,
    })
}
