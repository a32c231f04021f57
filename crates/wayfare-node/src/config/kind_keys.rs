//! The table of settings of a kind of room, which override the game's code.

use wayfare_core::game::KindSettings;

use super::value::{Size, TickRate, Value};

/// A setting of a kind.
pub(crate) struct KindKey {
    /// The name in the file, in the section `[kind.<name>]`.
    pub(crate) name: &'static str,
    /// The expected form; continues "is not …".
    pub(crate) expected: &'static str,
    /// Sets the value, or returns `None` if the text is not a valid value.
    pub(crate) set: fn(&mut KindSettings, &str) -> Option<()>,
    /// Returns the value as `config show` prints it.
    pub(crate) show: fn(&KindSettings) -> serde_json::Value,
}

impl KindKey {
    /// The name as a variable: `WAYFARE_KIND_PLAZA_TICK_HZ`.
    pub(crate) fn variable(&self, kind: &str) -> String {
        let kind = kind.replace('-', "_");
        format!("WAYFARE_KIND_{kind}_{}", self.name).to_uppercase()
    }

    /// Finds the setting with this name.
    pub(crate) fn named(name: &str) -> Option<&'static KindKey> {
        KIND_KEYS.iter().find(|key| key.name == name)
    }
}

const fn expected<T: Value>(_: fn(&KindSettings) -> &T) -> &'static str {
    T::EXPECTED
}

macro_rules! key {
    ($name:literal, $($field:ident).+) => {
        KindKey {
            name: $name,
            expected: expected(|settings| &settings.$($field).+),
            set: |settings, text| {
                settings.$($field).+ = Value::parse(text)?;
                Some(())
            },
            show: |settings| Value::show(&settings.$($field).+),
        }
    };
}

/// Every setting of a kind, in the order of `config show`.
pub(crate) const KIND_KEYS: &[KindKey] = &[
    KindKey {
        name: "tick_hz",
        expected: TickRate::EXPECTED,
        set: |settings, text| {
            settings.tick = TickRate::parse(text)?.0;
            Some(())
        },
        show: |settings| TickRate(settings.tick).show(),
    },
    key!("members_max", members_max),
    key!("grace", member_grace),
    key!("empty_after", empty_grace),
    key!("history_events", history.events_max),
    KindKey {
        name: "history_bytes",
        expected: Size::EXPECTED,
        set: |settings, text| {
            settings.history.bytes_max = Size::parse(text)?.0;
            Some(())
        },
        show: |settings| Size(settings.history.bytes_max).show(),
    },
    key!("history_age", history.age_max),
    key!("create", create),
    key!("join", join),
    key!("list", list),
    key!("on_panic", on_panic),
    key!("durability", durability),
    key!("snapshots_every", snapshot_every),
    key!("on_loss", on_loss),
];
