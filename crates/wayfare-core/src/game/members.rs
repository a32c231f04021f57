//! The members of one room.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use wayfare_protocol::{Address, Epoch, Instant, Membership, PlayerId, Sequence, SessionId};

use crate::game::Player;

/// Whose connection a member's frames go to, as the gateway stated it last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRef {
    /// The session.
    pub id: SessionId,
    /// Its epoch; messages under a lower one are void.
    pub epoch: Epoch,
    /// The shard that holds it.
    pub gateway: Address,
}

/// A command that the room failed on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Failed {
    /// Its number; 0 is none.
    pub(crate) sequence: Sequence,
    /// The epoch in which it failed: the number may be another command's since.
    pub(crate) under: Epoch,
}

impl Failed {
    /// As a client is told that knows the room's epochs up to `known`; 0 is nothing.
    pub(crate) fn told_to(self, known: Epoch) -> u64 {
        if known <= self.under {
            self.sequence.0
        } else {
            0
        }
    }
}

/// A stay of a player.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) player: Arc<Player>,
    pub(crate) session: SessionRef,
    /// The last of the pair's sequence that was applied.
    pub(crate) applied: Sequence,
    /// Events up to here were before its time.
    pub(crate) joined_at: Sequence,
    pub(crate) attached: bool,
    /// When it was detached, as long as it is.
    pub(crate) detached_at: Instant,
    /// The last command that the room failed on, until a later one is applied.
    pub(crate) failed: Failed,
    /// A command was answered with nothing, and `Applied` has not been sent yet.
    pub(crate) ack_pending: bool,
}

#[derive(Clone, Debug)]
struct Detached {
    at: Instant,
    membership: Membership,
}

/// All members, by membership number and by player, never two of one player.
#[derive(Debug)]
pub(crate) struct Members {
    /// The number of the next stay.
    pub(crate) next: Membership,
    /// Numbers from here on that were given under an epoch below the stream's `valid_from_epoch` are
    /// void: another stay may have them now.
    pub(crate) valid_from: Membership,
    /// `None` if there are none: most rooms that nobody closes are empty, and pay for a pointer.
    stays: Option<Box<Stays>>,
}

#[derive(Debug, Default)]
struct Stays {
    // Boxed: a node of the tree has place for eleven, and most rooms have few.
    by_number: BTreeMap<Membership, Box<Member>>,
    by_player: BTreeMap<PlayerId, Membership>,
    /// The number of attached members of each gateway.
    gateways: Vec<(Address, u32)>,
    /// Those that were detached, oldest first; an entry is void if the member was attached since.
    detached: VecDeque<Detached>,
}

/// The stays of a room without members.
static NOBODY: Stays = Stays {
    by_number: BTreeMap::new(),
    by_player: BTreeMap::new(),
    gateways: Vec::new(),
    detached: VecDeque::new(),
};

impl Default for Members {
    fn default() -> Self {
        Self::numbered_from(Membership(1))
    }
}

impl Members {
    /// No members; the next one gets this number.
    pub(crate) fn numbered_from(next: Membership) -> Self {
        Self {
            next,
            valid_from: Membership(1),
            stays: None,
        }
    }

    fn stays(&self) -> &Stays {
        self.stays.as_deref().unwrap_or(&NOBODY)
    }

    /// The number of a new stay.
    pub(crate) fn take_number(&mut self) -> Membership {
        let number = self.next;
        self.next = Membership(number.0 + 1);
        number
    }

    pub(crate) fn len(&self) -> usize {
        self.stays().by_number.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.stays().by_number.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Membership, &Member)> {
        self.stays()
            .by_number
            .iter()
            .map(|(number, member)| (*number, &**member))
    }

    pub(crate) fn of_player(&self, id: &PlayerId) -> Option<(Membership, &Member)> {
        let number = *self.stays().by_player.get(id)?;
        Some((number, &**self.stays().by_number.get(&number)?))
    }

    pub(crate) fn get(&self, membership: Membership) -> Option<&Member> {
        self.stays()
            .by_number
            .get(&membership)
            .map(|member| &**member)
    }

    pub(crate) fn get_mut(&mut self, membership: Membership) -> Option<&mut Member> {
        let member = self.stays.as_mut()?.by_number.get_mut(&membership)?;
        Some(member)
    }

    /// The gateways that have at least one attached member.
    pub(crate) fn gateways(&self) -> impl Iterator<Item = &Address> {
        self.stays().gateways.iter().map(|(gateway, _)| gateway)
    }

    pub(crate) fn insert(&mut self, membership: Membership, member: Member) {
        let stays = self.stays.get_or_insert_default();
        if member.attached {
            stays.hold_gateway(&member.session.gateway);
        }
        stays.by_player.insert(member.player.id.clone(), membership);
        stays.by_number.insert(membership, Box::new(member));
    }

    /// Detaches all members: their connections were lost with an earlier owner. The grace of each
    /// runs from now. Returns those that were attached.
    pub(crate) fn detach_all(&mut self, now: Instant) -> Vec<Membership> {
        let Some(stays) = self.stays.as_deref_mut() else {
            return Vec::new();
        };
        stays.gateways.clear();
        stays.detached.clear();
        let mut attached = Vec::new();
        for (number, member) in &mut stays.by_number {
            if std::mem::replace(&mut member.attached, false) {
                attached.push(*number);
            }
            member.detached_at = now;
            stays.detached.push_back(Detached {
                at: now,
                membership: *number,
            });
        }
        attached
    }

    /// Graces that run in `former` run on here, and do not begin again.
    pub(crate) fn keep_graces(&mut self, former: &Members) {
        let Some(stays) = self.stays.as_deref_mut() else {
            return;
        };
        for entry in &mut stays.detached {
            let mut known = former.stays().detached.iter().rev();
            let known = known.find(|known| known.membership == entry.membership);
            let is_detached = |member: &Member| !member.attached;
            if let Some(known) = known
                && former.get(entry.membership).is_some_and(is_detached)
            {
                entry.at = known.at;
                if let Some(member) = stays.by_number.get_mut(&entry.membership) {
                    member.detached_at = known.at;
                }
            }
        }
        stays
            .detached
            .make_contiguous()
            .sort_by_key(|entry| (entry.at, entry.membership));
    }

    pub(crate) fn remove(&mut self, membership: Membership) -> Option<Member> {
        let stays = self.stays.as_mut()?;
        let member = stays.by_number.remove(&membership)?;
        stays.by_player.remove(&member.player.id);
        if member.attached {
            stays.release_gateway(&member.session.gateway);
        }
        if stays.by_number.is_empty() {
            self.stays = None;
        }
        Some(*member)
    }

    /// The member's frames go to this session from now on. Says whether it was detached before.
    pub(crate) fn attach(&mut self, membership: Membership, session: &SessionRef) -> bool {
        let Some(stays) = self.stays.as_deref_mut() else {
            return false;
        };
        let Some(member) = stays.by_number.get_mut(&membership) else {
            return false;
        };
        let was_attached = std::mem::replace(&mut member.attached, true);
        let former = std::mem::replace(&mut member.session, session.clone());
        stays.hold_gateway(&session.gateway);
        if was_attached {
            stays.release_gateway(&former.gateway);
        }
        !was_attached
    }

    /// The member's connection is gone. Says whether it was attached before.
    pub(crate) fn detach(&mut self, membership: Membership, now: Instant) -> bool {
        let Some(stays) = self.stays.as_deref_mut() else {
            return false;
        };
        let Some(member) = stays.by_number.get_mut(&membership) else {
            return false;
        };
        if !std::mem::replace(&mut member.attached, false) {
            return false;
        }
        let gateway = member.session.gateway.clone();
        member.detached_at = now;
        stays.release_gateway(&gateway);
        stays.detached.push_back(Detached {
            at: now,
            membership,
        });
        true
    }

    /// When the first detached member will have been so for `grace`.
    pub(crate) fn expires_at(&self, grace: Duration) -> Option<Instant> {
        self.stays()
            .detached
            .front()
            .map(|detached| detached.at + grace)
    }

    /// Takes out one member that has been detached for `grace`.
    pub(crate) fn pop_expired(&mut self, grace: Duration, now: Instant) -> Option<Membership> {
        while self.expires_at(grace)? <= now {
            let stays = self.stays.as_mut()?;
            let entry = stays.detached.pop_front()?;
            let member = stays.by_number.get(&entry.membership);
            let still = member.is_some_and(|it| !it.attached && it.detached_at == entry.at);
            if still {
                return Some(entry.membership);
            }
        }
        None
    }
}

impl Stays {
    fn hold_gateway(&mut self, gateway: &Address) {
        match self.gateways.iter_mut().find(|(known, _)| known == gateway) {
            Some((_, count)) => *count += 1,
            None => self.gateways.push((gateway.clone(), 1)),
        }
    }

    fn release_gateway(&mut self, gateway: &Address) {
        let Some(index) = self.gateways.iter().position(|(known, _)| known == gateway) else {
            return;
        };
        self.gateways[index].1 -= 1;
        if self.gateways[index].1 == 0 {
            // In order of arrival: steps go out in the same order in every run.
            self.gateways.remove(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::{Incarnation, NodeId, ShardIndex};

    use super::*;

    const GRACE: Duration = Duration::from_secs(10);

    #[test]
    fn a_grace_begins_again_with_each_detachment_under_one_session() {
        let gateway = Address {
            node: NodeId::new("n1").unwrap(),
            incarnation: Incarnation(1),
            shard: ShardIndex(0),
        };
        let session = SessionRef {
            id: SessionId(1),
            epoch: Epoch(1),
            gateway,
        };
        let player = Player {
            id: PlayerId::new("ada").unwrap(),
            name: "ada".into(),
            guest: false,
        };
        let mut members = Members::default();
        let membership = members.take_number();
        let member = Member {
            player: Arc::new(player),
            session: session.clone(),
            applied: Sequence(0),
            joined_at: Sequence(0),
            attached: true,
            detached_at: Instant::ORIGIN,
            failed: Failed::default(),
            ack_pending: false,
        };
        members.insert(membership, member);
        let at = |seconds| Instant::ORIGIN + Duration::from_secs(seconds);
        assert!(members.detach(membership, at(1)));
        assert!(members.attach(membership, &session));
        assert!(members.detach(membership, at(5)));
        assert_eq!(members.pop_expired(GRACE, at(14)), None);
        assert_eq!(members.pop_expired(GRACE, at(15)), Some(membership));
    }
}
