//! A set of mostly consecutive numbers.

use std::fmt;
use std::str::FromStr;

/// A set of numbers, stored as sorted ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges(Vec<(u32, u32)>);

impl Ranges {
    /// Inserts a number. Returns true if it was not in the set.
    pub fn insert(&mut self, number: u32) -> bool {
        let at = self.0.partition_point(|(_, last)| *last < number);
        if self.0.get(at).is_some_and(|(first, _)| *first <= number) {
            return false;
        }
        let behind = at > 0 && self.0[at - 1].1 + 1 == number;
        let before = self
            .0
            .get(at)
            .is_some_and(|(first, _)| *first == number + 1);
        match (behind, before) {
            (true, true) => {
                self.0[at - 1].1 = self.0[at].1;
                self.0.remove(at);
            }
            (true, false) => self.0[at - 1].1 = number,
            (false, true) => self.0[at].0 = number,
            (false, false) => self.0.insert(at, (number, number)),
        }
        true
    }

    /// Returns true if the number is in the set.
    #[must_use]
    pub fn contains(&self, number: u32) -> bool {
        let at = self.0.partition_point(|(_, last)| *last < number);
        self.0.get(at).is_some_and(|(first, _)| *first <= number)
    }

    /// Returns the highest number.
    #[must_use]
    pub fn last(&self) -> Option<u32> {
        self.0.last().map(|(_, last)| *last)
    }

    /// Returns the lowest number that is not in `other`.
    #[must_use]
    pub fn missing_from(&self, other: &Self) -> Option<u32> {
        self.iter().find(|number| !other.contains(*number))
    }

    /// Returns the lowest number that is also in `other`.
    #[must_use]
    pub fn shared_with(&self, other: &Self) -> Option<u32> {
        self.iter().find(|number| other.contains(*number))
    }

    /// Removes all numbers that are not in `other`.
    pub fn retain(&mut self, other: &Self) {
        let kept: Vec<u32> = self.iter().filter(|it| other.contains(*it)).collect();
        self.0.clear();
        for number in kept {
            self.insert(number);
        }
    }

    /// Returns all numbers.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        self.0.iter().flat_map(|(first, last)| *first..=*last)
    }
}

impl fmt::Display for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (first, last)) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(f, "{comma}{first}-{last}")?;
        }
        Ok(())
    }
}

impl FromStr for Ranges {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let range = |text: &str| {
            let (first, last) = text.split_once('-')?;
            Some((first.parse().ok()?, last.parse().ok()?))
        };
        let pieces = text.split(',').filter(|piece| !piece.is_empty());
        let ranges: Option<Vec<(u32, u32)>> = pieces.map(range).collect();
        ranges.map(Self).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_behaves_like_a_set() {
        let mut ranges = Ranges::default();
        for number in [5, 7, 6, 1, 3, 2, 9] {
            assert!(ranges.insert(number));
            assert!(!ranges.insert(number));
        }
        assert_eq!(ranges.to_string(), "1-3,5-7,9-9");
        assert_eq!("1-3,5-7,9-9".parse(), Ok(ranges.clone()));
        assert_eq!(ranges.last(), Some(9));
        assert!(ranges.contains(6) && !ranges.contains(4));
        let other: Ranges = "1-3,6-6".parse().unwrap();
        assert_eq!(ranges.missing_from(&other), Some(5));
        assert_eq!(ranges.shared_with(&other), Some(1));
        ranges.retain(&other);
        assert_eq!(ranges, other);
    }
}
