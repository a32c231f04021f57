//! Promise 1, one owner: the effects of a room that anybody accepts form one lineage.

use super::{Violation, Watched};
use crate::ref_room::RefRoom;
use crate::saying::{Life, Origin};

/// A durable room lives on unless somebody ended it.
pub(super) fn check_life(
    who: &Watched<'_>,
    room: &mut RefRoom,
    life: Life,
) -> Result<(), Violation> {
    if room.admits(life) {
        return Ok(());
    }
    who.violation(
        "one lineage",
        format!("life {life} of a room that nobody ended"),
    )
}

/// Whoever hears a number of a room hears the same.
pub(super) fn check_word(
    who: &Watched<'_>,
    room: &mut RefRoom,
    (origin, number): (Origin, u64),
    text: &str,
) -> Result<(), Violation> {
    // Who was told that the others were told heard the same, in other words; and an event that was
    // not released before its room was brought back may be said by the next branch.
    let body = text.splitn(6, ' ').nth(5).unwrap_or_default();
    let digest = body
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |digest, byte| {
            (digest ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
    match room.hears(origin, number, digest) {
        None => Ok(()),
        Some(_) => {
            let what = format!(
                "another has heard {number} of life {} otherwise",
                origin.life
            );
            who.violation("one lineage", what)
        }
    }
}
