//! The data for opening and joining a room: [`Open`] and [`Join`].

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use wayfare::schemars::{self, JsonSchema};
use wayfare::{PlayerId, Refusal};

use super::limits::{
    MEMBERS_MAX, OWNER_GRACE_SECONDS, PASSWORD_BYTES_MAX, RETURN_SECONDS, SEAT_SECONDS,
};
use super::{Changes, Detail, Properties, Secret, Settings, listing, properties, seats};

/// The settings of a new room. All fields have defaults.
///
/// If two players join at the same time, each with an `Open`, one of them creates and owns the
/// room, and the other's `Open` is ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Open {
    /// The maximum of members and seats: 1 to 250.
    pub members_max: u32,
    /// Locks the room: only its creator and players with a seat can join.
    pub locked: bool,
    /// Hides the room from listings.
    pub private: bool,
    /// The password for players without a seat, including the room's creator; the empty text for
    /// none.
    pub password: Secret,
    /// The room's properties.
    pub properties: Changes,
    /// The properties that listings show and filters can use.
    pub listed: BTreeSet<String>,
    /// Lets only the owner change the room's properties.
    pub owner_only_properties: bool,
    /// The time for which the owner may be detached before another member becomes the owner. If the
    /// kind's grace is shorter, it applies.
    pub owner_grace_seconds: u32,
    /// The players with reserved seats.
    pub seats: BTreeSet<PlayerId>,
    /// The time for which the seats are reserved.
    pub seat_seconds: u32,
    /// The time for which a seat is reserved for a member whose grace ended, or who logged in
    /// again; 0 for none.
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
    /// Checks and returns the room's first settings and properties.
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

/// The data of a join. All fields have defaults.
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
