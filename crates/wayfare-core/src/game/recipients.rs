//! An audience in membership numbers: kept in history, and sent along with the frames.

use wayfare_protocol::Membership;
use wayfare_protocol::records::room::Audience as StoredAudience;

use crate::game::Audience;
use crate::game::members::Members;

/// Whom a frame is for, among those who were members when it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipients {
    /// All.
    Everyone,
    /// All but one: the commonest exception, kept without an allocation.
    ExceptOne(Membership),
    /// Just one.
    One(Membership),
    /// All but these, in rising order.
    Except(Box<[Membership]>),
    /// These, in rising order.
    Only(Box<[Membership]>),
}

impl Recipients {
    pub(crate) fn resolve(audience: Audience<'_>, members: &Members) -> Self {
        let (ids, only) = match audience {
            Audience::Everyone => return Recipients::Everyone,
            Audience::Except(ids) => (ids, false),
            Audience::Only(ids) => (ids, true),
        };
        if let [id] = ids {
            return match (members.of_player(id), only) {
                (Some((membership, _)), true) => Recipients::One(membership),
                (Some((membership, _)), false) => Recipients::ExceptOne(membership),
                (None, true) => Recipients::Only(Box::default()),
                (None, false) => Recipients::Everyone,
            };
        }
        let mut numbers: Vec<Membership> = ids
            .iter()
            .filter_map(|id| Some(members.of_player(id)?.0))
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        match (numbers.is_empty(), only) {
            (true, false) => Recipients::Everyone,
            (_, false) => Recipients::Except(numbers.into()),
            (_, true) => Recipients::Only(numbers.into()),
        }
    }

    /// As storage keeps it.
    pub(crate) fn stored(&self) -> (StoredAudience, Vec<u32>) {
        let numbers = |all: &[Membership]| all.iter().map(|number| number.0).collect();
        match self {
            Recipients::Everyone => (StoredAudience::Everyone, Vec::new()),
            Recipients::ExceptOne(one) => (StoredAudience::Except, vec![one.0]),
            Recipients::Except(all) => (StoredAudience::Except, numbers(all)),
            Recipients::One(one) => (StoredAudience::Only, vec![one.0]),
            Recipients::Only(all) => (StoredAudience::Only, numbers(all)),
        }
    }

    /// From what storage kept.
    pub(crate) fn of_stored(audience: StoredAudience, members: &[u32]) -> Self {
        let numbers = || members.iter().map(|number| Membership(*number)).collect();
        match (audience, members) {
            (StoredAudience::Everyone, _) => Recipients::Everyone,
            (StoredAudience::Except, [one]) => Recipients::ExceptOne(Membership(*one)),
            (StoredAudience::Except, _) => Recipients::Except(numbers()),
            (StoredAudience::Only, [one]) => Recipients::One(Membership(*one)),
            (StoredAudience::Only, _) => Recipients::Only(numbers()),
        }
    }

    pub(crate) fn is_nobody(&self) -> bool {
        matches!(self, Recipients::Only(numbers) if numbers.is_empty())
    }

    /// Checks whether this member is among them.
    #[must_use]
    pub fn include(&self, membership: Membership) -> bool {
        match self {
            Recipients::Everyone => true,
            Recipients::ExceptOne(one) => *one != membership,
            Recipients::One(one) => *one == membership,
            Recipients::Except(numbers) => numbers.binary_search(&membership).is_err(),
            Recipients::Only(numbers) => numbers.binary_search(&membership).is_ok(),
        }
    }
}
