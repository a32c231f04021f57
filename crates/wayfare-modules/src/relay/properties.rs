//! Properties of the room and its members: limits and changes.

use std::collections::BTreeMap;

use wayfare::prelude::*;

use super::limits::{
    MEMBER_PROPERTIES_MAX, MEMBER_PROPERTIES_SIZE_MAX, NAME_BYTES_MAX, ROOM_PROPERTIES_MAX,
    ROOM_PROPERTIES_SIZE_MAX,
};
use super::{Detail, Event, Relay, Set, SetMember, Value, listing};

/// Values by name. None of them is [`Value::Nil`].
pub type Properties = BTreeMap<String, Value>;

/// New values by name; `None` means absent, which is MessagePack's nil on the wire.
pub type Changes = BTreeMap<String, Option<Value>>;

/// The limits of a set of properties: number and size.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    count_max: usize,
    size_max: usize,
}

pub(super) const OF_ROOM: Bounds = Bounds {
    count_max: ROOM_PROPERTIES_MAX,
    size_max: ROOM_PROPERTIES_SIZE_MAX,
};

pub(super) const OF_MEMBER: Bounds = Bounds {
    count_max: MEMBER_PROPERTIES_MAX,
    size_max: MEMBER_PROPERTIES_SIZE_MAX,
};

impl Relay {
    pub(super) fn set(
        &mut self,
        player: &Player,
        set: Set,
        cx: &Context<'_, Self>,
    ) -> Result<(), Refusal> {
        if self.picture.settings.owner_only_properties {
            self.check_owner(player, "change the room's properties")?;
        }
        let current = &self.picture.properties;
        check_expected(current, &set.expect)?;
        check(OF_ROOM, current, &set.properties)?;
        let listed = &self.picture.settings.listed;
        for (name, value) in set
            .properties
            .iter()
            .filter(|(name, _)| listed.contains(*name))
        {
            listing::check(name, value.as_ref())?;
        }
        let event = Event::Properties {
            by: player.id().clone(),
            changes: set.properties,
        };
        self.tell(&event, cx);
        self.show(cx);
        Ok(())
    }

    pub(super) fn set_member(
        &mut self,
        player: &Player,
        set: SetMember,
        cx: &Context<'_, Self>,
    ) -> Result<(), Refusal> {
        let member = set.member.unwrap_or_else(|| player.id().clone());
        if member != *player.id() {
            self.check_owner(player, "change the properties of others")?;
        }
        let Some(current) = self.picture.member(&member) else {
            return Err(no_such_member(&member));
        };
        check_expected(&current.properties, &set.expect)?;
        check(OF_MEMBER, &current.properties, &set.properties)?;
        let event = Event::MemberProperties {
            member,
            by: player.id().clone(),
            changes: set.properties,
        };
        self.tell(&event, cx);
        Ok(())
    }
}

pub(super) fn no_such_member(id: &PlayerId) -> Refusal {
    Detail::NoSuchMember.refusal(format!("{id} is not in the room"))
}

/// Applies the changes.
pub(super) fn apply(properties: &mut Properties, changes: &Changes) {
    for (name, value) in changes {
        match value {
            None | Some(Value::Nil) => properties.remove(name),
            Some(value) => properties.insert(name.clone(), value.clone()),
        };
    }
}

/// Makes properties from these changes, if they are within the limits.
pub(super) fn of_changes(bounds: Bounds, changes: &Changes) -> Result<Properties, Refusal> {
    let mut properties = Properties::new();
    check(bounds, &properties, changes)?;
    apply(&mut properties, changes);
    Ok(properties)
}

fn check_expected(current: &Properties, expect: &Changes) -> Result<(), Refusal> {
    let differs = expect
        .iter()
        .find(|(name, value)| current.get(*name) != value.as_ref());
    match differs {
        None => Ok(()),
        Some((name, _)) => {
            let message = format!("property {name:?} is not as expected");
            Err(Detail::NotAsExpected.refusal(message))
        }
    }
}

/// Checks that the changed properties are within the limits.
fn check(bounds: Bounds, current: &Properties, changes: &Changes) -> Result<(), Refusal> {
    for name in changes.keys() {
        check_name(name)?;
    }
    let kept = current
        .iter()
        .filter(|(name, _)| !changes.contains_key(*name));
    let new = changes
        .iter()
        .filter_map(|(name, value)| Some((name, value.as_ref()?)))
        .filter(|(_, value)| **value != Value::Nil);
    let (mut count, mut size) = (0, 0);
    for (name, value) in kept.chain(new) {
        count += 1;
        size += Value::Nil.size() + name.len() + value.size();
    }
    if count > bounds.count_max {
        let message = format!(
            "{count} properties are too many: at most {}",
            bounds.count_max
        );
        return Err(Detail::TooMany.refusal(message));
    }
    if size > bounds.size_max {
        let message = format!(
            "properties of size {size} are too large: at most {}",
            bounds.size_max
        );
        return Err(Detail::TooLarge.refusal(message));
    }
    Ok(())
}

/// Checks that this can be the name of a property.
pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    if (1..=NAME_BYTES_MAX).contains(&name.len()) {
        return Ok(());
    }
    let message = format!("a name has 1 to {NAME_BYTES_MAX} bytes");
    Err(Detail::NameInvalid.refusal(message))
}
