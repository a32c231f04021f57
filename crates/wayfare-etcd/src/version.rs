//! Versions of etcd, and the oldest supported one.

use std::fmt;

/// The oldest supported etcd: its behaviour was tested from this version on. Debian 12 has it.
pub const VERSION_MIN: Version = Version(3, 4, 23);

/// A version of etcd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl Version {
    /// Parses etcd's own version text, such as `3.5.21` or `3.6.0-rc.4`. A pre-release counts as
    /// its release.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let release = text.split(['-', '+']).next()?;
        let mut numbers = release.split('.').map(str::parse);
        let mut next = || numbers.next()?.ok();
        Some(Self(next()?, next()?, next()?))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_number() {
        let check = |text: &str, good: bool| {
            let version = Version::parse(text).unwrap();
            assert_eq!(version >= VERSION_MIN, good, "{text}");
        };
        check("3.4.23", true);
        check("3.4.22", false);
        check("3.4.9", false);
        check("3.3.27", false);
        check("3.5.0", true);
        check("3.6.0-rc.4", true);
        check("4.0.0+build", true);
    }

    #[test]
    fn an_invalid_version_is_refused() {
        for text in ["", "3", "3.4", "3.x.1", "v3.4.23"] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }
}
