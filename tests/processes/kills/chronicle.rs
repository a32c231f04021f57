//! The chat lines of a room that still stand, according to one bot.

use std::collections::{BTreeMap, BTreeSet};

use plaza::messages::CHAT_LINES_MAX;

/// Lines in order. All are different, because every command has its own text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chronicle {
    lines: Vec<String>,
    places: BTreeMap<String, usize>,
    /// The places before which there may be lines that the bot did not receive.
    gaps: BTreeSet<usize>,
}

impl Chronicle {
    /// Adds the next line, unless it is there already.
    ///
    /// # Errors
    /// If it is there already.
    pub(crate) fn hear(&mut self, text: &str) -> Result<(), String> {
        if let Some(at) = self.places.insert(text.to_owned(), self.lines.len()) {
            let later = self.lines.len() - at - 1;
            return Err(format!("heard {text:?} again, {later} lines later"));
        }
        self.lines.push(text.to_owned());
        Ok(())
    }

    /// Continues from the lines in a view, and returns the lines that it undoes. If a view has
    /// fewer lines than it can hold, they are all lines of the room. If none of them is known, the
    /// first `kept` of the earlier lines are assumed to stand.
    pub(crate) fn resync(&mut self, view: &[String], kept: usize) -> Vec<String> {
        let place = |(index, text): (usize, &String)| Some((index, *self.places.get(text)?));
        let known = view.iter().enumerate().find_map(place);
        let (first, keep, gap) = match known {
            _ if view.len() < CHAT_LINES_MAX => (0, 0, false),
            Some((first, at)) => (first, at, first > 0),
            None => (0, kept.min(self.lines.len()), true),
        };
        let mut undone = self.lines.split_off(keep);
        for line in &undone {
            self.places.remove(line);
        }
        self.gaps.retain(|at| *at <= keep && keep > 0);
        if gap {
            self.gaps.insert(keep);
        }
        for line in view {
            self.places.insert(line.clone(), self.lines.len());
            self.lines.push(line.clone());
        }
        let stands = undone.iter().zip(&view[first..]);
        let stands = stands.take_while(|(before, now)| before == now).count();
        undone.drain(..stands);
        undone
    }

    pub(crate) fn has(&self, text: &str) -> bool {
        self.places.contains_key(text)
    }

    pub(crate) fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Describes a line that is here and missing there, or there in another order.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        let mut next = 0;
        let mut missing: Option<&String> = None;
        for line in &self.lines {
            match other.places.get(line) {
                Some(at) if *at < next => return Some(format!("{line:?} comes earlier there")),
                Some(at) => {
                    if let Some(missing) = missing.take()
                        && other.gaps.range(next..=*at).next().is_none()
                    {
                        return Some(format!("{missing:?} is missing there"));
                    }
                    next = at + 1;
                }
                None => missing = missing.or(Some(line)),
            }
        }
        missing.map(|missing| format!("{missing:?} is missing at its end"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(numbers: std::ops::Range<usize>) -> Vec<String> {
        numbers.map(|number| format!("ada {number}")).collect()
    }

    fn heard(numbers: std::ops::Range<usize>) -> Chronicle {
        let mut chronicle = Chronicle::default();
        for line in words(numbers) {
            chronicle.hear(&line).unwrap();
        }
        chronicle
    }

    #[test]
    fn a_view_further_on_undoes_nothing() {
        let mut chronicle = heard(0..30);
        assert!(chronicle.resync(&words(15..35), 30).is_empty());
        assert_eq!(chronicle.lines(), words(0..35));
        assert_eq!(chronicle.difference(&heard(0..35)), None);
        assert!(chronicle.hear("ada 34").is_err());
    }

    #[test]
    fn a_view_further_back_undoes_what_came_after_it() {
        let mut chronicle = heard(0..30);
        assert_eq!(chronicle.resync(&words(5..25), 0), words(25..30));
        assert_eq!(chronicle.lines(), words(0..25));
        chronicle.hear("ada 27").unwrap();
        let there = heard(0..25).difference(&chronicle);
        assert_eq!(there, None);
        let there = chronicle.difference(&heard(0..25));
        assert!(there.unwrap().contains("\"ada 27\" is missing"));
    }

    #[test]
    fn a_short_view_is_all_there_is() {
        let mut chronicle = heard(0..30);
        assert_eq!(chronicle.resync(&words(40..43), 30), words(0..30));
        assert_eq!(chronicle.lines(), words(40..43));
    }

    #[test]
    fn only_missed_lines_may_differ() {
        let mut chronicle = heard(0..10);
        assert!(chronicle.resync(&words(50..70), 10).is_empty());
        assert_eq!(heard(0..70).difference(&chronicle), None);
        let mut undone = heard(0..10);
        assert_eq!(undone.resync(&words(50..70), 4), words(4..10));
        assert_eq!(heard(0..70).difference(&undone), None);
        let mut other = heard(0..69);
        other.hear("eve 1").unwrap();
        other.hear("ada 69").unwrap();
        let there = other.difference(&chronicle);
        assert!(there.unwrap().contains("\"eve 1\" is missing"));
    }
}
