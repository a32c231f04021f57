//! The room's entry in listings: the listed properties, and some of the room's own.

use std::collections::{BTreeMap, BTreeSet};

use wayfare::prelude::*;

use super::limits::{LISTED_BYTES_MAX, LISTED_MAX, OWN_PREFIX};
use super::{Detail, Properties, Relay, Value, properties};

/// `yes` if a new player who knows the password (if there is one) could join.
const OPEN: &str = "relay.open";
/// `yes` if there is a password.
const PASSWORD: &str = "relay.password";
/// The maximum of members and seats.
const MEMBERS_MAX: &str = "relay.members_max";

impl Relay {
    /// Updates the listing. Every handler that may change it ends with this call.
    pub(super) fn show(&mut self, cx: &Context<'_, Self>) {
        let wanted = self.wanted();
        for name in self.shown.keys().filter(|name| !wanted.contains_key(*name)) {
            cx.remove_property(name);
        }
        for (name, value) in &wanted {
            if self.shown.get(name) != Some(value) {
                cx.set_property(name, value);
            }
        }
        self.shown = wanted;
    }

    fn wanted(&self) -> BTreeMap<String, String> {
        let settings = &self.picture.settings;
        let word = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
        let mut wanted = BTreeMap::from([
            (OPEN.to_owned(), word(!settings.locked && !self.is_full())),
            (PASSWORD.to_owned(), word(settings.password)),
            (MEMBERS_MAX.to_owned(), settings.members_max.to_string()),
        ]);
        for name in &settings.listed {
            let value = self.picture.properties.get(name).and_then(Value::shown);
            wanted.extend(value.map(|value| (name.clone(), value)));
        }
        wanted
    }
}

/// Checks that these properties can be listed together.
pub(super) fn check_all(listed: &BTreeSet<String>, known: &Properties) -> Result<(), Refusal> {
    if listed.len() > LISTED_MAX {
        let message = format!("listings show at most {LISTED_MAX} properties");
        return Err(Detail::TooMany.refusal(message));
    }
    for name in listed {
        properties::check_name(name)?;
        if name.starts_with(OWN_PREFIX) {
            let message = format!("names in listings that begin with {OWN_PREFIX:?} are taken");
            return Err(Detail::NameInvalid.refusal(message));
        }
        check(name, known.get(name))?;
    }
    Ok(())
}

/// Checks that a listed property can have this value.
pub(super) fn check(name: &str, value: Option<&Value>) -> Result<(), Refusal> {
    let Some(value) = value.filter(|value| **value != Value::Nil) else {
        return Ok(());
    };
    match value.shown() {
        Some(shown) if shown.len() <= LISTED_BYTES_MAX => Ok(()),
        _ => {
            let message = format!(
                "property {name:?} is listed: it is a text, a number or a bool of at most \
                 {LISTED_BYTES_MAX} bytes"
            );
            Err(Detail::NotListable.refusal(message))
        }
    }
}
