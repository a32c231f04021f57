//! Promise 1, one owner: all accepted effects of a room form one lineage.

use super::{Violation, Watched};
use crate::ref_room::RefRoom;
use crate::saying::{Life, Origin};

/// Checks that a durable room lives on unless somebody closed it.
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

/// Checks that all who receive a number of a room receive the same.
pub(super) fn check_word(
    who: &Watched<'_>,
    room: &mut RefRoom,
    (origin, number): (Origin, u64),
    text: &str,
) -> Result<(), Violation> {
    // The report to one player about the others has the same number in other words. An event that
    // was not released before its room was restored may be sent by the next branch.
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
