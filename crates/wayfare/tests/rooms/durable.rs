//! Tests of what a room survives, by its durability.

use std::time::Duration;

use wayfare::testing::{Resumed, Table};
use wayfare::{Durability, Kind, LeaveReason, OnLoss, OnPanic};

use crate::probe::{Ask, Probe, text};

fn laid(settings: impl FnOnce(Kind<Probe>) -> Kind<Probe>) -> Table<Probe> {
    let mut table = Table::setup().kind(settings).open(text("kept"));
    for player in ["ada", "bob"] {
        table.join(player, text("")).unwrap();
    }
    table
}

fn durable() -> Table<Probe> {
    laid(|kind| kind.durability(Durability::Durable))
}

#[test]
fn a_durable_room_loses_nothing_in_a_crash() {
    let mut table = durable();
    table.command("ada", Ask::Log(text("one"))).unwrap();
    let before = table.state();
    table.crash();
    assert_eq!(table.resume("ada"), Resumed::Replayed(vec![]));
    assert_eq!(table.resume("bob"), Resumed::Replayed(vec![]));
    assert_eq!(table.state().log[..3], before.log);
    assert_eq!(table.state().opened_with, "kept");
    table.command("bob", Ask::Say(text("still here"))).unwrap();
    assert_eq!(table.events("ada"), ["still here"]);
}

#[test]
fn events_that_were_missed_before_a_crash_come_after_it() {
    let mut table = durable();
    table.drop_connection("bob");
    table.command("ada", Ask::Say(text("one"))).unwrap();
    table.command("ada", Ask::Say(text("two"))).unwrap();
    table.crash();
    let missed = vec![text("one"), text("two")];
    assert_eq!(table.resume("bob"), Resumed::Replayed(missed));
}

#[test]
fn a_durable_room_survives_one_crash_after_the_other() {
    let mut table = durable();
    for round in 0..5 {
        table.command("ada", Ask::Log(round.to_string())).unwrap();
        table.crash();
        assert_eq!(table.resume("ada"), Resumed::Replayed(vec![]));
    }
    let log = table.state().log;
    let rounds: Vec<_> = log.iter().filter(|line| line.len() == 1).collect();
    assert_eq!(rounds, ["0", "1", "2", "3", "4"]);
}

#[test]
fn timers_of_a_durable_room_ring_after_a_crash() {
    let mut table = durable();
    let after = Ask::After(Duration::from_secs(20), text("rang"));
    table.command("ada", after).unwrap();
    table.crash();
    table.resume("ada");
    table.advance(Duration::from_secs(20));
    let log = table.state().log;
    assert!(
        log.iter().any(|line| line.starts_with("rang at")),
        "{log:?}"
    );
}

#[test]
fn a_panic_in_a_durable_room_undoes_only_its_step() {
    let mut table = durable();
    table.command("ada", Ask::Log(text("one"))).unwrap();
    table.command("ada", Ask::Panic(text("never"))).unwrap_err();
    assert_eq!(table.left("bob"), None);
    assert!(table.state().log.contains(&text("one")));
    table.command("ada", Ask::Say(text("still here"))).unwrap();
    assert_eq!(table.events("bob"), ["still here"]);
}

#[test]
fn a_durable_room_that_closed_stays_closed() {
    let mut table = durable();
    table.command("ada", Ask::Log(text("old"))).unwrap();
    table.command("ada", Ask::Close).unwrap();
    table.crash();
    assert!(table.room().is_none());
    table.join("ada", text("")).unwrap();
    assert_eq!(table.state().log, ["ada joined"]);
}

#[test]
fn an_empty_durable_room_is_put_away_and_comes_back() {
    let mut table = durable();
    table.command("ada", Ask::Log(text("old"))).unwrap();
    table.leave("ada");
    table.leave("bob");
    table.advance(Duration::from_secs(31));
    assert!(table.room().is_none());
    let view = table.join("ada", text("")).unwrap();
    assert!(view.contains(&text("old")), "{view:?}");
    assert_eq!(table.state().opened_with, "kept");
}

#[test]
fn a_member_that_does_not_come_back_after_a_crash_expires() {
    let mut table = durable();
    table.crash();
    table.resume("ada");
    table.advance(Duration::from_secs(61));
    let log = table.state().log;
    assert!(log.contains(&text("bob left: Expired")), "{log:?}");
    assert!(matches!(table.resume("bob"), Resumed::Left(_)));
}

#[test]
fn a_crash_rolls_a_room_back_to_its_last_snapshot() {
    let mut table = laid(|kind| kind.snapshots_every(Duration::from_secs(5)));
    table.command("ada", Ask::Log(text("early"))).unwrap();
    let after = Ask::After(Duration::from_secs(20), text("rang"));
    table.command("ada", after).unwrap();
    table.advance(Duration::from_secs(6));
    table.command("ada", Ask::Log(text("late"))).unwrap();
    table.crash();
    let Resumed::Resynced(view) = table.resume("ada") else {
        panic!("the room fell back and did not say so");
    };
    assert!(view.contains(&text("early")), "{view:?}");
    assert!(!view.contains(&text("late")), "{view:?}");
    assert_eq!(table.state().opened_with, "kept");
    table.command("ada", Ask::Say(text("again"))).unwrap();
    assert_eq!(table.events("ada"), ["again"]);
    table.advance(Duration::from_secs(20));
    let log = table.state().log;
    assert!(
        log.iter().any(|line| line.starts_with("rang at")),
        "{log:?}"
    );
}

#[test]
fn a_volatile_room_reopens_after_a_crash() {
    let mut table = laid(|kind| kind);
    table.command("ada", Ask::Log(text("lost"))).unwrap();
    table.crash();
    let view = ["for ada", "ada joined"].map(text).to_vec();
    assert_eq!(table.resume("ada"), Resumed::Resynced(view));
    table.resume("bob");
    table.command("bob", Ask::Say(text("again"))).unwrap();
    assert_eq!(table.events("ada"), ["again"]);
}

#[test]
fn a_volatile_room_is_gone_after_a_crash_if_its_kind_says_so() {
    let mut table = laid(|kind| kind.on_loss(OnLoss::Gone));
    table.crash();
    assert_eq!(table.resume("ada"), Resumed::Left(LeaveReason::RoomGone));
    assert!(table.room().is_none());
}

#[test]
fn properties_and_lock_survive_a_crash() {
    let mut table = durable();
    let property = Ask::Property(text("map"), Some(text("dust")));
    for ask in [property, Ask::Hide(true), Ask::Lock(true)] {
        table.command("ada", ask).unwrap();
    }
    let before = table.room().unwrap();
    table.crash();
    let after = table.room().unwrap();
    assert_eq!(after.properties, before.properties);
    assert!(after.summary.private && after.summary.locked);
    table.join("zoe", text("")).unwrap_err();
}

#[test]
fn the_clock_of_a_durable_room_does_not_go_back() {
    let mut table = laid(|kind| kind.durability(Durability::Durable).tick(wayfare::hz(1)));
    table.advance(Duration::from_millis(5500));
    table.crash();
    table.resume("ada");
    table.advance(Duration::from_secs(2));
    let log = table.state().log;
    let ticks = log.iter().filter_map(|line| line.strip_prefix("tick at "));
    let seconds: Vec<f64> = ticks
        .map(|at| at.trim_end_matches('s').parse().unwrap())
        .collect();
    assert!(seconds.is_sorted(), "{seconds:?}");
    assert!(seconds.last().unwrap() >= &6.0, "{seconds:?}");
}

#[test]
fn a_guest_comes_back_after_a_crash() {
    let mut table = durable();
    table.join_as_guest("eve", text("")).unwrap();
    table.drop_connection("eve");
    table.command("ada", Ask::Say(text("eve?"))).unwrap();
    table.crash();
    let missed = Resumed::Replayed(vec![text("eve?")]);
    assert_eq!(table.resume("eve"), missed);
    assert_eq!(table.command("eve", Ask::Nothing), Ok(0));
}

#[test]
fn former_members_stay_out_after_a_crash() {
    let mut table = durable();
    table.join("cleo", text("")).unwrap();
    table.leave("bob");
    let kick = Ask::Kick("cleo".parse().unwrap(), text("too loud"));
    table.command("ada", kick).unwrap();
    table.crash();
    let members = table.room().unwrap().members;
    assert_eq!(members.len(), 1, "{members:?}");
    table.join("bob", text("")).unwrap();
}

#[test]
fn a_durable_room_closed_by_a_panic_is_restored_by_a_join() {
    let close = |kind: Kind<Probe>| kind.on_panic(OnPanic::Close);
    let mut table = laid(|kind| close(kind.durability(Durability::Durable)));
    table.command("ada", Ask::Log(text("old"))).unwrap();
    table.command("ada", Ask::Panic(text("never"))).unwrap_err();
    assert_eq!(table.left("bob").unwrap().reason, LeaveReason::Closed);
    assert!(table.room().is_none());
    let view = table.join("zoe", text("")).unwrap();
    assert!(view.contains(&text("old")), "{view:?}");
}

#[test]
fn members_agree_with_a_room_that_is_rolled_back_often() {
    for pause in [0, 50, 120, 350, 900] {
        let mut table = laid(|kind| kind.snapshots_every(Duration::from_millis(300)));
        for round in 0..12 {
            table.command("ada", Ask::Log(round.to_string())).unwrap();
            table.command("bob", Ask::Say(round.to_string())).unwrap();
            table.advance(Duration::from_millis(pause));
            if round % 3 == 2 {
                table.crash();
                for player in ["ada", "bob"] {
                    let resumed = table.resume(player);
                    let log = table.state().log;
                    match resumed {
                        Resumed::Resynced(view) => assert_eq!(view[1..], log[..view.len() - 1]),
                        // The last snapshot contained everything that it had received.
                        Resumed::Replayed(missed) => {
                            assert!(missed.is_empty() && log.contains(&round.to_string()));
                        }
                        other => panic!("{player} after {pause} ms: {other:?}"),
                    }
                    table.events(player);
                }
            } else {
                assert_eq!(table.events("ada"), [round.to_string()]);
            }
        }
    }
}

#[test]
fn a_member_of_a_closed_durable_room_may_join_again() {
    let mut table = laid(|kind| {
        kind.durability(Durability::Durable)
            .on_panic(OnPanic::Close)
    });
    table.command("ada", Ask::Panic(text("never"))).unwrap_err();
    table.join("ada", text("")).unwrap();
}
