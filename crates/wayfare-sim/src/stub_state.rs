//! The state of a simulated room: named entries, which can be stored in any form.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Bound;

use wayfare_core::HandlerContext;
use wayfare_core::game::Form;

use crate::ranges::Ranges;

/// The number of parts of a state that is stored in parts.
const PARTS: u32 = 5;

/// The state; see the module's documentation.
#[derive(Debug)]
pub(crate) struct StubState {
    form: Form,
    entries: BTreeMap<String, String>,
    /// The changes of this handler, one per line.
    changed: Vec<String>,
    dirty: BTreeSet<u32>,
}

impl StubState {
    pub(crate) fn new(form: Form) -> Self {
        Self {
            form,
            entries: BTreeMap::new(),
            changed: Vec::new(),
            dirty: BTreeSet::new(),
        }
    }

    pub(crate) fn restored(form: Form, snapshot: &[u8]) -> Self {
        let mut state = Self::new(form);
        for line in String::from_utf8_lossy(snapshot).lines() {
            state.put(line);
        }
        state
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.entries.get(name).map_or("", String::as_str)
    }

    pub(crate) fn number(&self, name: &str) -> u64 {
        self.text(name).parse().unwrap_or(0)
    }

    pub(crate) fn ranges(&self, name: &str) -> Ranges {
        self.text(name).parse().unwrap_or_default()
    }

    /// Returns the entries whose names begin with this prefix, without the prefix.
    pub(crate) fn named<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let from = self
            .entries
            .range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
        let named = from.map_while(move |(name, value)| Some((name.strip_prefix(prefix)?, value)));
        named.map(|(name, value)| (name, value.as_str()))
    }

    pub(crate) fn set(&mut self, name: &str, value: impl std::fmt::Display) {
        let line = format!("{name} {value}");
        self.put(&line);
        self.dirty.insert(part_of(name));
        self.changed.push(line);
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.put(name);
        self.dirty.insert(part_of(name));
        self.changed.push(name.to_owned());
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// Removes an entry, if there is one.
    pub(crate) fn forget(&mut self, name: &str) {
        if self.has(name) {
            self.remove(name);
        }
    }

    /// Increments a counter.
    pub(crate) fn count(&mut self, name: &str) -> u64 {
        let number = self.number(name) + 1;
        self.set(name, number);
        number
    }

    /// Records a defect in the room's input.
    pub(crate) fn defect(&mut self, what: &str) {
        if self.count("defects") == 1 {
            self.set("defect", what);
        }
    }

    /// Logs the changes at the end of a handler.
    pub(crate) fn log_changes(&mut self, cx: &HandlerContext<'_>) {
        let changed = std::mem::take(&mut self.changed);
        if self.form == Form::Changes {
            for line in &changed {
                cx.change(|into| into.extend_from_slice(line.as_bytes()));
            }
        }
    }

    pub(crate) fn snapshot(&self, into: &mut Vec<u8>) {
        if self.form != Form::Parts {
            self.write(into, |_| true);
        }
    }

    pub(crate) fn apply(&mut self, change: &[u8]) {
        self.put(&String::from_utf8_lossy(change));
    }

    pub(crate) fn take_dirty_parts(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.dirty).into_iter().collect()
    }

    pub(crate) fn part(&self, number: u32, into: &mut Vec<u8>) -> bool {
        let before = into.len();
        self.write(into, |name| part_of(name) == number);
        into.len() > before
    }

    pub(crate) fn set_part(&mut self, number: u32, part: Option<&[u8]>) {
        self.entries.retain(|name, _| part_of(name) != number);
        for line in String::from_utf8_lossy(part.unwrap_or_default()).lines() {
            self.put(line);
        }
    }

    fn write(&self, into: &mut Vec<u8>, wanted: impl Fn(&str) -> bool) {
        let mut text = String::new();
        for (name, value) in self.entries.iter().filter(|(name, _)| wanted(name)) {
            writeln!(text, "{name} {value}").expect("a string takes it");
        }
        into.extend_from_slice(text.as_bytes());
    }

    fn put(&mut self, line: &str) {
        match line.split_once(' ') {
            Some((name, value)) => self.entries.insert(name.to_owned(), value.to_owned()),
            None => self.entries.remove(line),
        };
    }
}

fn part_of(name: &str) -> u32 {
    match name.split_once(':') {
        Some(("done", seat)) => 1 + seat.len() as u32 % 2,
        Some(("one", _)) => 3,
        Some(("due", _)) => 4,
        _ => 0,
    }
    .min(PARTS - 1)
}
