//! What makes a room, and what a joiner brings: [`Open`] and [`Join`].

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use wayfare::schemars::{self, JsonSchema};
use wayfare::{PlayerId, Refusal};

use super::limits::{
    MEMBERS_MAX, OWNER_GRACE_SECONDS, PASSWORD_BYTES_MAX, RETURN_SECONDS, SEAT_SECONDS,
};
use super::{Changes, Detail, Properties, Secret, Settings, listing, properties, seats};

/// What a room is made of; nothing has to be said.
///
/// Of two players who join at the same time, each with an `Open`, one makes the room and owns it,
/// and the other's is passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Open {
    /// Members and seats at most: 1 to 250.
    pub members_max: u32,
    /// Takes no new members but who makes the room, and those with a seat.
    pub locked: bool,
    /// Is left out of listings.
    pub private: bool,
    /// What joiners without a seat have to know, who makes the room included; the empty text for
    /// nothing.
    pub password: Secret,
    /// The room's properties.
    pub properties: Changes,
    /// The properties that listings show, and can be filtered by.
    pub listed: BTreeSet<String>,
    /// Only the owner changes the room's properties.
    pub owner_only_properties: bool,
    /// How long the owner may be away before another member is. The kind's grace ends a stay
    /// earlier if it is shorter.
    pub owner_grace_seconds: u32,
    /// Those for whom a seat is held.
    pub seats: BTreeSet<PlayerId>,
    /// For how long.
    pub seat_seconds: u32,
    /// How long a seat is held for a member whose connection was lost for longer than the kind's
    /// grace, or who logged in again; 0 for none.
    pub return_seconds: u32,
}

impl Default for Open {
    fn default() -> Self {
        Self {
            members_max: MEMBERS_MAX,
            locked: false,
            private: false,
            password: Secret::default(),
            properties: Changes::new(),
            listed: BTreeSet::new(),
            owner_only_properties: false,
            owner_grace_seconds: OWNER_GRACE_SECONDS,
            seats: BTreeSet::new(),
            seat_seconds: SEAT_SECONDS,
            return_seconds: RETURN_SECONDS,
        }
    }
}

impl Open {
    /// The room's first settings and properties.
    pub(super) fn check(&self) -> Result<(Settings, Properties), Refusal> {
        check_members_max(self.members_max, self.seats.len())?;
        check_password(&self.password)?;
        seats::check_seconds(self.seat_seconds)?;
        seats::check_seconds(self.owner_grace_seconds.max(1))?;
        seats::check_seconds(self.return_seconds.max(1))?;
        let properties = properties::of_changes(properties::OF_ROOM, &self.properties)?;
        listing::check_all(&self.listed, &properties)?;
        let settings = Settings {
            members_max: self.members_max,
            locked: self.locked,
            private: self.private,
            password: !self.password.is_empty(),
            owner_only_properties: self.owner_only_properties,
            listed: self.listed.clone(),
            owner_grace_seconds: self.owner_grace_seconds,
            return_seconds: self.return_seconds,
        };
        Ok((settings, properties))
    }
}

/// What a joiner brings; nothing has to be said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Join {
    /// The member's first properties.
    pub properties: Changes,
    /// The room's password, if it has one.
    pub password: Secret,
}

pub(super) fn check_members_max(members_max: u32, taken: usize) -> Result<(), Refusal> {
    if !(1..=MEMBERS_MAX).contains(&members_max) {
        let message = format!("a room has 1 to {MEMBERS_MAX} places");
        return Err(Detail::OutOfRange.refusal(message));
    }
    if taken > members_max as usize {
        let message = format!("{taken} places are taken or reserved already");
        return Err(Detail::NoPlace.refusal(message));
    }
    Ok(())
}

pub(super) fn check_password(password: &Secret) -> Result<(), Refusal> {
    if password.len() > PASSWORD_BYTES_MAX {
        let message = format!("a password has at most {PASSWORD_BYTES_MAX} bytes");
        return Err(Detail::TooLarge.refusal(message));
    }
    Ok(())
}
