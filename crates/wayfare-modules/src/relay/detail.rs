//! The numbers of the room's refusals: [`Detail`].

use wayfare::{ErrorCode, Refusal};

/// Why the room refused something: the `detail` of its refusals. The numbers never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
#[non_exhaustive]
pub enum Detail {
    /// Only the owner may do this.
    OwnerOnly = 1,
    /// There is no such member.
    NoSuchMember = 2,
    /// A property is not what `expect` says; nothing was changed.
    NotAsExpected = 3,
    /// More of something than there may be.
    TooMany = 4,
    /// Something is larger than it may be.
    TooLarge = 5,
    /// A name is empty or too long, or is kept for the room.
    NameInvalid = 6,
    /// A property that listings show is no text, number or bool, or too long for it.
    NotListable = 7,
    /// All places are taken or reserved.
    Full = 8,
    /// The room takes no new members.
    Locked = 9,
    /// The password is missing or wrong.
    PasswordWrong = 10,
    /// A number is out of its range.
    OutOfRange = 11,
    /// There are fewer places than that.
    NoPlace = 12,
    /// A message that is not for everybody, or unreliable, cannot be kept.
    NotKeepable = 13,
    /// Somebody is a member already.
    AlreadyMember = 14,
    /// One cannot do this to oneself.
    Oneself = 15,
}

impl Detail {
    /// Every one, in the order of the numbers.
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

    /// Its number on the wire.
    #[must_use]
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// The one of this number, if it is one of ours.
    #[must_use]
    pub fn of(number: u32) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|detail| detail.number() == number)
    }

    /// A refusal for this reason. A room that is full or locked has codes of its own, as they are
    /// those of any room.
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
