//! Tests of ticks, notes and randomness.

use std::time::Duration;

use wayfare::hz;
use wayfare::testing::Table;

use crate::probe::{Ask, Probe, text, three_players};

#[test]
fn ticks_and_notes_come_at_their_exact_times_in_order() {
    let mut table = Table::<Probe>::setup()
        .kind(|kind| kind.tick(hz(2)))
        .open(text(""));
    table.join("ada", text("")).unwrap();
    for (millis, note) in [(700, "late"), (200, "early"), (700, "later")] {
        table
            .command("ada", Ask::After(Duration::from_millis(millis), text(note)))
            .unwrap();
    }
    table.advance(Duration::from_millis(1000));
    assert_eq!(
        table.state().log[1..],
        [
            "early at 200ms",
            "tick at 500ms",
            "late at 700ms",
            "later at 700ms",
            "tick at 1s"
        ]
    );
    table.advance(Duration::from_millis(499));
    assert_eq!(table.state().log.len(), 6);
}

#[test]
fn a_cancelled_note_does_not_come() {
    let mut table = three_players();
    for note in ["first", "second"] {
        table
            .command("ada", Ask::After(Duration::from_secs(1), text(note)))
            .unwrap();
    }
    table.command("ada", Ask::Cancel(0)).unwrap();
    table.advance(Duration::from_secs(2));
    table.command("ada", Ask::Cancel(1)).unwrap();
    assert_eq!(table.state().log[3..], ["second at 1s"]);
}

#[test]
fn a_room_may_set_a_timer_as_it_opens() {
    let mut table = Table::<Probe>::open(text("with a timer"));
    table.join("ada", text("")).unwrap();
    table.advance(Duration::from_secs(1));
    assert_eq!(table.state().log, ["ada joined", "opened at 1s"]);
}

#[test]
fn the_clock_of_a_room_begins_when_it_opens() {
    let mut table = Table::<Probe>::open(text("with a timer"));
    table.advance(Duration::from_secs(100));
    table.join("ada", text("")).unwrap();
    table.advance(Duration::from_secs(1));
    assert_eq!(table.state().log, ["ada joined", "opened at 1s"]);
}

#[test]
fn connected_players_stay_so_however_long_nothing_happens() {
    let mut table = three_players();
    table.advance(Duration::from_secs(3600));
    assert_eq!(table.command("ada", Ask::Say(text("hi"))), Ok(0));
    assert_eq!(table.events("cleo"), ["hi"]);
    assert_eq!(table.state().log.len(), 3);
}

#[test]
fn randomness_repeats_with_the_seed() {
    let draws = |seed| {
        let mut table = Table::<Probe>::setup().seed(seed).open(text(""));
        table.join("ada", text("")).unwrap();
        let draws: Vec<_> = (0..4)
            .map(|_| table.command("ada", Ask::Draw).unwrap())
            .collect();
        draws
    };
    assert_eq!(draws(1), draws(1));
    assert_ne!(draws(1), draws(2));
    assert_ne!(draws(1)[0], draws(1)[1]);
}
