//! A text that is compared but never shown: [`Secret`].

use std::fmt;

use serde::{Deserialize, Serialize};
use wayfare::schemars::{self, JsonSchema};

/// The password of a room. It is in no view, event or log. Whoever can read the server's memory or
/// snapshots can read it.
///
/// The time of a comparison depends only on the lengths.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Returns true if there is no password.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.0.as_bytes(), other.0.as_bytes());
        let difference = ours.iter().zip(theirs).fold(0, |sum, (a, b)| sum | (a ^ b));
        ours.len() == theirs.len() && std::hint::black_box(difference) == 0
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_equal_to_itself_only_and_is_not_printed() {
        let secret = Secret::from("sesame");
        assert_eq!(secret, Secret::from("sesame"));
        for other in ["", "sesam", "sesamf", "sesames"] {
            assert_ne!(secret, Secret::from(other));
        }
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
