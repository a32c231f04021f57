//! Tests of the delivery of events, replies and views.

use std::time::Duration;

use wayfare::testing::{Resumed, Table};
use wayfare::{HistoryBounds, LeaveReason};

use crate::probe::{Ask, Probe, text, three_players};

#[test]
fn events_to_a_joining_player_follow_its_view() {
    let mut table = Table::<Probe>::open(String::new());
    table.join("ada", text("")).unwrap();
    let view = table.join("bob", text("greet me")).unwrap();
    assert_eq!(view, ["for bob", "ada joined", "bob joined"]);
    assert_eq!(table.events("bob"), ["welcome, bob"]);
    assert!(table.events("ada").is_empty());

    table.join("cleo", text("tell all")).unwrap();
    assert_eq!(table.events("ada"), ["cleo is here"]);
    assert!(table.events("cleo").is_empty(), "the view shows it");
}

#[test]
fn unreliable_events_are_separate() {
    let mut table = three_players();
    table.command("ada", Ask::Murmur(text("psst"))).unwrap();
    table.command_unreliable("ada", Ask::Say(text("loud")));
    assert_eq!(table.unreliable_events("bob"), ["psst"]);
    assert_eq!(table.events("bob"), ["loud"]);
}

#[test]
fn a_client_that_is_back_gets_exactly_what_it_missed() {
    let mut table = three_players();
    table.command("ada", Ask::Say(text("one"))).unwrap();
    table.drop_connection("bob");
    table.command("ada", Ask::Say(text("two"))).unwrap();
    table.command("ada", Ask::Murmur(text("psst"))).unwrap();
    table.command("ada", Ask::Say(text("three"))).unwrap();
    table.advance(Duration::from_secs(10));
    assert_eq!(
        table.resume("bob"),
        Resumed::Replayed(vec![text("two"), text("three")])
    );
    assert_eq!(table.events("bob"), ["one"]);
    assert!(table.unreliable_events("bob").is_empty());
    assert_eq!(table.command("bob", Ask::Nothing), Ok(0));
}

#[test]
fn a_client_that_missed_too_much_gets_a_view() {
    let bounds = HistoryBounds {
        events_max: 1,
        bytes_max: 1024,
        age_max: Duration::from_secs(60),
    };
    let mut table = Table::<Probe>::setup()
        .kind(|kind| kind.history(bounds))
        .open(text(""));
    table.join("ada", text("")).unwrap();
    table.join("bob", text("")).unwrap();
    table.drop_connection("bob");
    for number in 0..8 {
        table.command("ada", Ask::Say(number.to_string())).unwrap();
    }
    let view = ["for bob", "ada joined", "bob joined", "bob away"].map(text);
    assert_eq!(table.resume("bob"), Resumed::Resynced(view.to_vec()));
    assert!(table.events("bob").is_empty());
    assert_eq!(table.command("bob", Ask::Nothing), Ok(0));
}

#[test]
fn a_client_that_returns_too_late_is_not_a_member() {
    let mut table = three_players();
    table.drop_connection("bob");
    table.advance(Duration::from_secs(31));
    assert_eq!(table.resume("bob"), Resumed::Left(LeaveReason::NotAMember));
    table.drop_connection("cleo");
    table.advance(Duration::from_secs(61));
    assert_eq!(table.resume("cleo"), Resumed::Left(LeaveReason::Ended));
    assert_eq!(
        table.state().log[3..],
        [
            "bob away",
            "bob left: Expired",
            "cleo away",
            "cleo left: Expired"
        ]
    );
    table.join("bob", text("")).unwrap();
    table.join("cleo", text("")).unwrap();
}
