//! The numbers of the room's refusals: [`Detail`].

use wayfare::{ErrorCode, Refusal};

/// The reason of a refusal, sent as its `detail`. The numbers never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
#[non_exhaustive]
pub enum Detail {
    /// Only the owner may do this.
    OwnerOnly = 1,
    /// The member does not exist.
    NoSuchMember = 2,
    /// A property does not have the value in `expect`. Nothing was changed.
    NotAsExpected = 3,
    /// A count exceeds its limit.
    TooMany = 4,
    /// A size exceeds its limit.
    TooLarge = 5,
    /// A name is empty, too long, or reserved for the room.
    NameInvalid = 6,
    /// A property in listings is not a text, number or bool, or is too long.
    NotListable = 7,
    /// All places are taken or reserved.
    Full = 8,
    /// The room is locked.
    Locked = 9,
    /// The password is missing or wrong.
    PasswordWrong = 10,
    /// A number is out of its range.
    OutOfRange = 11,
    /// There are not enough free places.
    NoPlace = 12,
    /// A message that is not for everybody, or unreliable, cannot be kept.
    NotKeepable = 13,
    /// A player is a member already.
    AlreadyMember = 14,
    /// The command cannot be applied to its author.
    Oneself = 15,
}

impl Detail {
    /// All reasons, in the order of their numbers.
    pub const ALL: [Self; 15] = [
        Self::OwnerOnly,
        Self::NoSuchMember,
        Self::NotAsExpected,
        Self::TooMany,
        Self::TooLarge,
        Self::NameInvalid,
        Self::NotListable,
        Self::Full,
        Self::Locked,
        Self::PasswordWrong,
        Self::OutOfRange,
        Self::NoPlace,
        Self::NotKeepable,
        Self::AlreadyMember,
        Self::Oneself,
    ];

    /// Returns the number on the wire.
    #[must_use]
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// Returns the reason with this number, if it is known.
    #[must_use]
    pub fn of(number: u32) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|detail| detail.number() == number)
    }

    /// Makes a refusal with this reason. Full and locked rooms use the general error codes of all
    /// rooms.
    pub(super) fn refusal(self, message: impl Into<String>) -> Refusal {
        let code = match self {
            Self::Full => ErrorCode::RoomFull,
            Self::Locked => ErrorCode::RoomLocked,
            _ => ErrorCode::Refused,
        };
        Refusal::with_code(code, message).detail(self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_stable_and_found_again() {
        for (index, detail) in Detail::ALL.into_iter().enumerate() {
            assert_eq!(detail.number() as usize, index + 1);
            assert_eq!(Detail::of(detail.number()), Some(detail));
        }
        assert_eq!(Detail::of(0), None);
        assert_eq!(Detail::of(16), None);
    }
}
